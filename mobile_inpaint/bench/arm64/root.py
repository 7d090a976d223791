"""The folder that an emulated ARM64 machine takes for its ``/``, and what qemu runs in it."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from mobile_inpaint import files
from mobile_inpaint.checkout import CHECKOUT
from mobile_inpaint.checkpoints import store
from mobile_inpaint.errors import BenchError, DeviceUnavailable

QEMU = "qemu-aarch64-static"
CPU = "cortex-a76"
"""Of phones of 2019. Left to itself qemu plays one with SVE, on which a run takes twenty times as long."""

_DEBS = ("python3.11-minimal", "libpython3.11-stdlib", "libstdc++6")
_WHEELS = ("numpy", "pillow", "onnx", "onnxruntime", "ai-edge-litert", "flatbuffers", "protobuf", "packaging", "ml-dtypes")
_PURE = ("typing-extensions",)
_PLATFORMS = ("manylinux_2_28_aarch64", "manylinux_2_27_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64", "any")
# ONNX Runtime reads it to know the processor, and crashes where it finds that of another one.
_CPUINFO = """processor\t: 0
BogoMIPS\t: 100.00
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x4
CPU part\t: 0xd0b
CPU revision\t: 1
"""


def folder() -> Path:
    """Where it is kept; it need not be there yet."""
    return store.home() / "cache" / "arm64"


def make() -> Path:
    """The folder, made on first use out of Debian's packages and the wheels of the versions that this machine runs.

    Raises:
        DeviceUnavailable: qemu or apt is not here, or something cannot be fetched.
    """
    programs = {QEMU: "qemu-user-static", "apt-get": "apt", "dpkg-deb": "dpkg"}
    if missing := [package for program, package in programs.items() if shutil.which(program) is None]:
        raise DeviceUnavailable(f"an emulated ARM64 machine needs {QEMU} and Debian: apt install {' '.join(missing)}")
    made = folder()
    if made.exists():
        return made
    made.parent.mkdir(parents=True, exist_ok=True)
    with files.private_folder(made.parent) as staging:
        root = staging / "root"
        for part in ("site", "proc"):
            (root / part).mkdir(parents=True)
        _unpack_debs(staging, root)
        _unpack_wheels(staging, root / "site")
        (root / "proc/cpuinfo").write_text(_CPUINFO)
        root.rename(made)
    return made


def run(root: Path, module: str, arguments: Sequence[str], timeout_s: float) -> None:
    """Runs a module of this package by the emulated Python.

    Raises:
        BenchError: it failed; with its last line.
    """
    path = f"{root / 'site'}:{CHECKOUT}"
    command = [QEMU, "-cpu", CPU, "-L", str(root), "-E", "PYTHONHOME=/usr", "-E", f"PYTHONPATH={path}"]
    command += [str(root / "usr/bin/python3.11"), "-B", "-m", module, *arguments]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=timeout_s, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise BenchError(f"the emulated machine was not done after {timeout_s:.0f} s") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().splitlines() or [f"exit status {error.returncode}"]
        raise BenchError(f"the emulated machine failed: {said[-1]}") from None


def _unpack_debs(staging: Path, root: Path) -> None:
    for part in ("lists/partial", "archives/partial"):
        (staging / part).mkdir(parents=True)
    settings = {
        "APT::Sandbox::User": "root",  # which leaves whoever calls it who they are
        "Acquire::Languages": "none",
        "APT::Architecture": "arm64",
        "APT::Architectures": "arm64",
        "Dir::State::lists": staging / "lists",
        "Dir::State::status": "/dev/null",
        "Dir::Cache": staging,
        "Dir::Cache::archives": staging / "archives",
    }
    apt = ["apt-get", "-q", *(f"-o{key}={value}" for key, value in settings.items())]
    _fetch([*apt, "update"])
    _fetch([*apt, "install", "-y", "--no-install-recommends", "--download-only", "-oDebug::NoLocking=1", *_DEBS])
    for deb in sorted((staging / "archives").glob("*.deb")):
        _fetch(["dpkg-deb", "-x", str(deb), str(root)])


def _unpack_wheels(staging: Path, site: Path) -> None:
    wanted = [f"{name}=={importlib.metadata.version(name)}" for name in (*_WHEELS, *_PURE)]
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "--python-version=3.11"]
    pip += ["--implementation=cp", *(f"--platform={platform}" for platform in _PLATFORMS), f"--dest={staging}"]
    _fetch([*pip, *wanted])
    for wheel in staging.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)


def _fetch(command: Sequence[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().splitlines() or [f"exit status {error.returncode}"]
        raise DeviceUnavailable(f"an emulated ARM64 machine cannot be put together: {command[0]}: {said[-1]}") from None
