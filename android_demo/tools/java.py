"""Programs in jars: the Kotlin compiler, R8, apksigner, JUnit."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path

from mobile_inpaint.errors import ToolchainMissing
from tools import pieces
from tools.pieces import BuildError

CORE = Path(__file__).parents[1] / "core/src"
GOLDEN = Path(__file__).parents[2] / "golden"
_COMPILER = (
    "kotlin-compiler",
    "kotlin-stdlib",
    "kotlin-script-runtime",
    "kotlin-reflect",
    "kotlinx-coroutines-core-jvm",
    "annotations-13.0",
)
_NO_JAVA = "the Android app is built by Java 17, which is not installed: apt-get install openjdk-17-jdk-headless"
_SHORT_LIVED = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xss4m")
"""A compiler that runs for seconds loses more by optimizing itself than it gains."""


def home() -> Path:
    """Where the JDK is installed; R8 reads Java's own classes from there."""
    compiler = shutil.which("javac")
    if compiler is None:
        raise ToolchainMissing(_NO_JAVA)
    return Path(compiler).resolve().parents[1]


def run(step: str, classpath: Sequence[Path], main: str, *arguments: str | Path, properties: Sequence[str] = ()) -> str:
    """What a Java program printed.

    Raises:
        ToolchainMissing: there is no Java.
        BuildError: it failed; with all that it printed.
    """
    home()
    command = ["java", *_SHORT_LIVED, *properties, "-cp", ":".join(map(str, classpath)), main, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    said = (done.stdout + done.stderr).strip()
    if done.returncode != 0:
        raise BuildError(f"{step} failed:\n{said}")
    return said


def kotlin(name: str) -> Path:
    """A jar of the Kotlin distribution."""
    return pieces.file("kotlin", f"{name}.jar")


def compile_kotlin(sources: Sequence[Path], classpath: Sequence[Path], out: Path, *, friend: Path | None = None) -> Path:
    """The jar that the sources make; a warning is an error.

    Args:
        sources: folders and files, of Kotlin or of Java that is only looked at.
        classpath: jars beside Kotlin's own library.
        out: the jar to write.
        friend: a jar of the classpath whose internals may be used, as its tests do.
    """
    paths = ":".join(map(str, [kotlin("kotlin-stdlib"), *classpath]))
    plain: list[str | Path] = [
        "-no-stdlib",
        "-no-reflect",
        "-Werror",
        "-Xjdk-release=8",
        "-jvm-target",
        "1.8",
        "-cp",
        paths,
        "-d",
        out,
    ]
    friends = [f"-Xfriend-paths={friend}"] if friend else []
    compiler = [kotlin(name) for name in _COMPILER]
    run(f"compiling {out.name}", compiler, "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler", *plain, *friends, *sources)
    return out


def compile_core(out: Path) -> Path:
    """The pure Kotlin core as a jar."""
    return compile_kotlin([CORE / "main/kotlin"], [], out / "core.jar")


def test_core(core: Path, out: Path) -> str:
    """JUnit's words after the core's tests on the golden vectors.

    Raises:
        BuildError: one failed.
    """
    junit = [pieces.file("junit", "junit4.jar"), pieces.file("hamcrest", "hamcrest-2.2.jar")]
    classpath = [core, *junit, kotlin("kotlin-test"), kotlin("kotlin-test-junit")]
    tests = compile_kotlin([CORE / "test/kotlin"], classpath, out / "core-tests.jar", friend=core)
    with zipfile.ZipFile(tests) as jar:
        names = [name[:-6].replace("/", ".") for name in jar.namelist() if name.endswith("Test.class")]
    golden = [f"-Dgolden={GOLDEN}"]
    return run(
        "the core's tests",
        [tests, kotlin("kotlin-stdlib"), *classpath],
        "org.junit.runner.JUnitCore",
        *names,
        properties=golden,
    )
