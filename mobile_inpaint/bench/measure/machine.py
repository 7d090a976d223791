"""What a measurement on this machine has to say of its circumstances."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path

from mobile_inpaint.bench.report.latency_report import Machine
from mobile_inpaint.checkout import CHECKOUT
from mobile_inpaint.cpu_count import usable_cores
from mobile_inpaint.version import __version__


def this_machine() -> Machine:
    """What a measurement here is one of."""
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return Machine("host", _chip(), usable_cores(), _memory_mb(), system)


def _chip() -> str:
    """The processor's own name, or its architecture where the system does not tell."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    if sys.platform == "darwin":
        name = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(name, capture_output=True, text=True, check=False).stdout.strip() or platform.machine()
    return platform.processor() or platform.machine()


def _memory_mb() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1_000_000
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return None


def load_average() -> float | None:
    """Runnable processes over the last minute; None where the system does not say."""
    try:
        return round(os.getloadavg()[0], 2)
    except (AttributeError, OSError):  # Windows has none
        return None


def packages() -> dict[str, str]:
    """Versions of what a measurement depends on, by distribution, as far as it is installed."""
    found = {"python": platform.python_version(), "mobile-inpaint": __version__}
    for name in ("numpy", "onnxruntime", "ai-edge-litert", "coremltools", "openvino"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def commit() -> str | None:
    """Of the checkout that this package stands in, ``-dirty`` where it has changes; None when installed otherwise."""
    if not (CHECKOUT / ".git").exists():
        return None
    git = ["git", "-C", str(CHECKOUT)]
    try:
        head = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True)
        changed = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", "mobile_inpaint"], check=False).returncode
    except (OSError, subprocess.CalledProcessError):
        return None
    return head.stdout.strip() + ("-dirty" if changed else "")
