"""Builds the Android app: ``python android_demo/build.py`` leaves a signed package that installs in ``android_demo/build/``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools import apk, java, pieces
from tools.pieces import BuildError

from mobile_inpaint.apps.bundle import bundled
from mobile_inpaint.errors import MobileInpaintError

BUILD = Path(__file__).parent / "build"
MODEL = apk.APP / "src/main/assets/model/bundle.json"


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fetch", action="store_true", help="only fetch the toolchain")
    parser.add_argument("--test", action="store_true", help="only compile the core and run its tests")
    parser.add_argument("--abi", action="append", choices=["arm64-v8a", "x86_64"], help="which phones; arm64-v8a when not said")
    parser.add_argument("--most-mb", type=float, default=apk.MOST_MB, help="the size above which the package is refused")
    parser.add_argument("--key", type=Path, help="a keystore of yours to sign with")
    parser.add_argument("--key-password", default="android", help="that keystore's password")
    asked = parser.parse_args()
    try:
        for name in pieces.missing():
            print(f"fetching {pieces.PINS[name]['package']} ({pieces.PINS[name]['bytes'] / 1e6:.0f} MB)")
            pieces.fetch(name)
        if not asked.fetch:
            _build(asked)
    except MobileInpaintError as error:
        print(f"build: {error}", file=sys.stderr)
        return 1
    return 0


def _build(asked: argparse.Namespace) -> None:
    BUILD.mkdir(exist_ok=True)
    core = java.compile_core(BUILD)
    if asked.test:
        print(java.test_core(core, BUILD))
        return
    artifact = bundled(MODEL.parent)
    if artifact is None:
        raise BuildError("the app has no network yet; give it one with: mobile-inpaint bundle --app android")
    if artifact.suffix != ".onnx":
        raise BuildError(f"{artifact.name}: this package runs by ONNX Runtime; bundle an artifact of: export --target onnx")
    base, generated = apk.resources(BUILD)
    dex = apk.classes(core, generated, BUILD)
    unsigned = apk.package(base, dex, asked.abi or ["arm64-v8a"], BUILD)
    signed = BUILD / "inpaint.apk"
    apk.sign(unsigned, signed, asked.key, asked.key_password)
    try:
        print("\n".join(apk.check(signed, asked.most_mb)))
    except BuildError:
        signed.unlink()
        raise
    print(f"install it with: adb install -r {signed}")


if __name__ == "__main__":
    sys.exit(main())
