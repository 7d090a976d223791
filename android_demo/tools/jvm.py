"""The app's engine on this machine's Java, over the very library that the package carries for x86-64 phones.

That library is linked against Android's C library. Its references by version are blotted out, so that the GNU C library serves
them; what that one lacks is in ``jvm/bionic.c``.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

from mobile_inpaint.errors import ToolchainMissing
from tools import apk, java, pieces
from tools.pieces import BuildError

SOURCES = Path(__file__).parents[1] / "jvm"
_LIBRARIES = ("libonnxruntime.so", "libonnxruntime4j_jni.so")
_OF_ANDROID = ("libc.so", "libm.so", "libdl.so", "liblog.so", "libandroid.so")
_PT_DYNAMIC = 2
_VERSIONS = (0x6FFFFFF0, 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF)
_IGNORED = 0x60000FFF
"""A tag that means nothing to anybody."""


def libraries(out: Path) -> Path:
    """The folder of the native libraries, made to run here.

    Raises:
        ToolchainMissing: there is no C compiler.
    """
    if shutil.which("gcc") is None:
        raise ToolchainMissing(
            "the engine's library is made to run here by gcc, which is not installed: apt-get install gcc libc6-dev"
        )
    folder = out / "native"
    folder.mkdir(exist_ok=True)
    for name in _LIBRARIES:
        library = bytearray(pieces.file("onnxruntime", f"jni/x86_64/{name}").read_bytes())
        _blot_versions(library)
        (folder / name).write_bytes(library)
    for name in _OF_ANDROID:
        options = ["-shared", "-fPIC", "-D_GNU_SOURCE", f"-Wl,-soname,{name}", "-o", str(folder / name)]
        done = subprocess.run(
            ["gcc", *options, str(SOURCES / "bionic.c"), "-lm", "-ldl"], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise BuildError(f"compiling {name} failed:\n{done.stderr.strip()}")
    return folder


def compile_engine(core: Path, out: Path) -> Path:
    """The app's engine, and the programs round it."""
    engine = apk.APP / f"src/{apk.ENGINE}/kotlin"
    programs = sorted(SOURCES.glob("*.kt"))
    return java.compile_kotlin([engine, *programs], [core, pieces.file("onnxruntime", "classes.jar")], out / "engine.jar")


def run(jars: list[Path], native: Path, program: str, *arguments: Path | str | int, heap_mb: int = 256) -> str:
    """What one of ``jvm/`` said, with as much memory for Java as Android gives an app, or less."""
    classpath = [*jars, java.kotlin("kotlin-stdlib"), pieces.file("onnxruntime", "classes.jar")]
    options = [f"-Xmx{heap_mb}m", f"-Donnxruntime.native.path={native}", "-cp", ":".join(map(str, classpath))]
    command = ["java", *options, f"mobileinpaint.jvm.{program}", *map(str, arguments)]
    environment = {**os.environ, "LD_LIBRARY_PATH": str(native), "LD_PRELOAD": str(native / "libc.so")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=native, check=False)
    if done.returncode != 0:
        raise BuildError(f"the engine failed (exit status {done.returncode}):\n{(done.stdout + done.stderr).strip()}")
    return done.stdout.strip()


def _blot_versions(library: bytearray) -> None:
    (table,), (size, count) = struct.unpack_from("<Q", library, 32), struct.unpack_from("<HH", library, 54)
    for at in range(table, table + size * count, size):
        kind, _, offset, _, _, length = struct.unpack_from("<IIQQQQ", library, at)
        if kind == _PT_DYNAMIC:
            for entry in range(offset, offset + length, 16):
                if struct.unpack_from("<Q", library, entry)[0] in _VERSIONS:
                    struct.pack_into("<Q", library, entry, _IGNORED)
