"""From sources and an artifact to a signed package that installs, and what is checked of it."""

from __future__ import annotations

import struct
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path

from mobile_inpaint.checkpoints import store
from tools import java, pieces
from tools.pieces import BuildError

APP = Path(__file__).parents[1] / "app"
ENGINE = "ort"
MIN_SDK, TARGET_SDK = 24, 35
PAGE = 16384
"""What a native library is aligned to, for phones with 16-KB pages map it as it lies."""
MOST_MB = 50.0
"""What a package for one kind of phone may take, in millions of bytes: the runtime 32, an fp16 network 14, all else 1."""
_KEEP = """
-dontobfuscate
-keepattributes SourceFile,LineNumberTable
-keep class ai.onnxruntime.** { *; }
-dontwarn ai.onnxruntime.**
-keep class mobileinpaint.app.*Activity { <init>(); }
-keep class mobileinpaint.app.SharedPhotos { <init>(); }
-keep class mobileinpaint.app.PaintView { <init>(...); }
-dontwarn java.lang.**
-dontwarn org.jetbrains.annotations.**
"""
_ALIGNMENT_FIELD = 0xD935
"""Of a zip's extra fields, Android's own for alignment; apksigner keeps to it."""
_DATE = (1981, 1, 1, 1, 1, 2)


def android_api(out: Path) -> Path:
    """The API of Android without ``java.**``, which the compiler knows itself."""
    api = out / "android-api.jar"
    with zipfile.ZipFile(pieces.file("android", "mockable-android-23.jar")) as source, zipfile.ZipFile(api, "w") as target:
        for name in source.namelist():
            if name.endswith(".class") and not name.startswith("java/"):
                target.writestr(name, source.read(name))
    return api


def resources(out: Path) -> tuple[Path, Path]:
    """The package with nothing but manifest and resources, and the folder of ``R.java``."""
    compiled, base, generated = out / "resources.zip", out / "base.apk", out / "generated"
    aapt2("compile", "-o", compiled, "--dir", APP / "src/main/res")
    manifest = (APP / "src/main/AndroidManifest.xml").read_text(encoding="utf-8")
    named = out / "AndroidManifest.xml"
    named.write_text(manifest.replace("<manifest ", '<manifest package="org.mobileinpaint.demo" ', 1), encoding="utf-8")
    sdk = ["--min-sdk-version", str(MIN_SDK), "--target-sdk-version", str(TARGET_SDK)]
    version = ["--version-code", "1", "--version-name", "0.1.0", "--custom-package", "mobileinpaint.app"]
    framework = pieces.file("framework", "framework-res.apk")
    aapt2("link", "-o", base, "-I", framework, "--manifest", named, "--java", generated, *sdk, *version, compiled)
    return base, generated


def classes(core: Path, generated: Path, out: Path) -> Path:
    """The folder with ``classes.dex``: app, core, Kotlin's library and ONNX Runtime's classes, as far as they are used."""
    runtime, api = pieces.file("onnxruntime", "classes.jar"), android_api(out)
    sources = [APP / "src/main/kotlin", APP / f"src/{ENGINE}/kotlin", generated]
    app = java.compile_kotlin(sources, [core, api, runtime], out / "app.jar")
    rules, dex = out / "rules.pro", out / "dex"
    rules.write_text(_KEEP, encoding="utf-8")
    dex.mkdir(exist_ok=True)
    library = pieces.file("android", "mockable-android-23.jar")
    options: list[str | Path] = [
        "--release",
        "--min-api",
        str(MIN_SDK),
        "--lib",
        library,
        "--lib",
        java.home(),
        "--pg-conf",
        rules,
        "--output",
        dex,
    ]
    jars = [app, core, java.kotlin("kotlin-stdlib"), runtime]
    java.run("making classes.dex", [pieces.file("dex", "d8.jar")], "com.android.tools.r8.R8", *options, *jars)
    return dex


def package(base: Path, dex: Path, abis: Sequence[str], out: Path) -> Path:
    """All parts in one zip: native libraries stored at multiples of :data:`PAGE`, what must not be packed at multiples of 4."""
    unsigned = out / "unsigned.apk"
    with zipfile.ZipFile(base) as resources, zipfile.ZipFile(unsigned, "w") as apk:
        for entry in resources.infolist():
            stored = entry.compress_type == zipfile.ZIP_STORED
            _add(apk, entry.filename, resources.read(entry), 4 if stored else 0)
        for path in sorted(dex.glob("*.dex")):
            _add(apk, path.name, path.read_bytes(), 0)
        for abi in abis:
            for path in sorted(pieces.folder("onnxruntime").glob(f"jni/{abi}/*.so")):
                _add(apk, f"lib/{abi}/{path.name}", path.read_bytes(), PAGE)
        assets = APP / "src/main/assets"
        for path in sorted(path for path in assets.rglob("*") if path.is_file()):
            _add(apk, f"assets/{path.relative_to(assets).as_posix()}", path.read_bytes(), 4)
        for path in (pieces.file("onnxruntime", "LICENSE"), pieces.file("onnxruntime", "ThirdPartyNotices.txt")):
            _add(apk, f"assets/notices/onnxruntime-{path.name}", path.read_bytes(), 0)
    return unsigned


def sign(unsigned: Path, signed: Path, key: Path | None, password: str) -> None:
    """Signs with the user's key, or with one for trying out that is made once and kept in the store."""
    if key is None:
        key = store.home() / "android" / "debug.keystore"
        if not key.exists():
            subject = ["-dname", "CN=Android Debug,O=Android,C=US", "-keyalg", "RSA", "-keysize", "2048", "-validity", "10000"]
            secret = ["-keystore", str(key), "-alias", "debug", "-storepass", password, "-keypass", password]
            _call("making a key", ["keytool", "-genkeypair", *subject, *secret])
    options: list[str | Path] = ["--ks", key, "--ks-pass", f"pass:{password}"]
    options += ["--min-sdk-version", str(MIN_SDK), "--v4-signing-enabled", "false"]
    signer = [pieces.file("apksigner", "apksigner-31.0.2.jar")]
    java.run("signing", signer, "com.android.apksigner.ApkSignerTool", "sign", *options, "--out", signed, unsigned)


def check(apk: Path, most_mb: float = MOST_MB) -> list[str]:
    """What the package says of itself, a line each, and what its size is made of.

    Raises:
        BuildError: its signature, a permission, an alignment or its size is not as it should be, or it is for debugging.
    """
    signer = [pieces.file("apksigner", "apksigner-31.0.2.jar")]
    verified = java.run("checking the signature", signer, "com.android.apksigner.ApkSignerTool", "verify", "--verbose", apk)
    if "WARNING" in verified or "Verified using v2 scheme (APK Signature Scheme v2): true" not in verified:
        raise BuildError(f"{apk.name}: its signature is not in order:\n{verified}")
    badging = aapt2("dump", "badging", apk).splitlines()
    if permissions := [line for line in badging if line.startswith("uses-permission")]:
        raise BuildError(f"{apk.name}: asks for permissions, and needs none: {', '.join(permissions)}")
    if "application-debuggable" in badging:
        raise BuildError(f"{apk.name}: any program on the phone may debug it; take android:debuggable out of its manifest")
    if crooked := misaligned(apk):
        raise BuildError(f"{apk.name}: not at multiples of {PAGE} bytes: {', '.join(crooked)}")
    made_of = sizes(apk)
    told = f"{sum(made_of.values()) / 1e6:.1f} MB: " + ", ".join(f"{name} {size / 1e6:.1f}" for name, size in made_of.items())
    if sum(made_of.values()) > most_mb * 1e6:
        raise BuildError(f"{apk.name}: takes {told}; more than {most_mb:g} MB: bundle a smaller artifact, or say --most-mb")
    said = ("package:", "sdkVersion", "targetSdkVersion", "native-code", "launchable-activity")
    return [*(line for line in badging if line.startswith(said)), told]


def sizes(apk: Path) -> dict[str, int]:
    """Bytes of the package by what they are for; together they are all of it."""
    made_of = dict.fromkeys(["runtime", "network", "code", "rest"], 0)
    homes = {"lib/": "runtime", "assets/model/": "network"}
    with zipfile.ZipFile(apk) as archive:
        for entry in archive.infolist():
            home = next((name for folder, name in homes.items() if entry.filename.startswith(folder)), "rest")
            made_of["code" if entry.filename.endswith(".dex") else home] += entry.compress_size
    made_of["rest"] += apk.stat().st_size - sum(made_of.values())  # names, padding and the signature
    return made_of


def misaligned(apk: Path) -> list[str]:
    """Native libraries that a phone with 16-KB pages cannot map: packed, at another place, or with segments of 4 KB."""
    crooked = []
    with zipfile.ZipFile(apk) as archive, apk.open("rb") as file:
        for entry in (entry for entry in archive.infolist() if entry.filename.endswith(".so")):
            file.seek(entry.header_offset + 26)
            name, extra = struct.unpack("<HH", file.read(4))
            start = entry.header_offset + 30 + name + extra
            if entry.compress_type != zipfile.ZIP_STORED or start % PAGE or _segments(archive.read(entry)) < PAGE:
                crooked.append(entry.filename)
    return crooked


def aapt2(*arguments: str | Path) -> str:
    """What aapt2 printed."""
    program = pieces.file("dex", "prebuilt/linux/aapt2_64")
    program.chmod(0o755)
    return _call(f"aapt2 {arguments[0]}", [str(program), *map(str, arguments)])


def _add(apk: zipfile.ZipFile, name: str, content: bytes, align: int) -> None:
    """Packed where ``align`` is 0, else as it is, at a multiple of it."""
    entry = zipfile.ZipInfo(name, _DATE)
    entry.external_attr = 0o644 << 16
    entry.compress_type = zipfile.ZIP_STORED if align else zipfile.ZIP_DEFLATED
    if align:
        assert apk.fp is not None
        start = apk.fp.tell() + 30 + len(name.encode()) + 6
        padding = -start % align
        entry.extra = struct.pack("<HHH", _ALIGNMENT_FIELD, 2 + padding, align) + bytes(padding)
    apk.writestr(entry, content)


def _segments(library: bytes) -> int:
    """The least alignment of a 64-bit library's loaded segments."""
    (table,), (size, count) = struct.unpack_from("<Q", library, 32), struct.unpack_from("<HH", library, 54)
    headers = (struct.unpack_from("<IIQQQQQQ", library, table + i * size) for i in range(count))
    return min(int(header[7]) for header in headers if header[0] == 1)


def _call(step: str, command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise BuildError(f"{step} failed:\n{(done.stdout + done.stderr).strip()}")
    return done.stdout
