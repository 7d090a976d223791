"""The iOS app's core, compiled and tested by SwiftPM where there is one, on Linux or a Mac."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IOS = ROOT / "ios_demo"
UNPACKED = os.environ.get("MOBILE_INPAINT_SWIFT_ROOT")
SWIFT = [str(ROOT / "scripts/swift-in"), UNPACKED] if UNPACKED else [path] if (path := shutil.which("swift")) else []
"""The compiler of the machine, or the one that ``scripts/swift-root`` unpacked."""


@pytest.mark.skipif(
    not SWIFT, reason="no Swift compiler here (scripts/swift-root unpacks one): the iOS core is parsed, not compiled"
)
def test_the_core_compiles_without_a_warning_and_passes_its_tests(tmp_path):
    command = [*SWIFT, "test", "--package-path", str(IOS), "--scratch-path", str(tmp_path), "-Xswiftc", "-warnings-as-errors"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1500, env={**os.environ, "NO_COLOR": "1"})
    told = ran.stdout + ran.stderr
    assert ran.returncode == 0, told[-4000:]
    counts = [int(count) for count in re.findall(r"Executed (\d+) tests?, with 0 failures", told)]
    written = sum(path.read_text().count("    func test") for path in (IOS / "Tests" / "InpaintCoreTests").glob("*.swift"))
    assert counts and max(counts) >= written
