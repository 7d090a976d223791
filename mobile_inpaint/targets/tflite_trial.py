"""A first run of a TFLite file in a process of its own: LiteRT ends the process that it runs in on some damaged files.

The checks of :mod:`~mobile_inpaint.targets.admission.tflite` hold for the file's structure. What an operation does with its
parameters is known once it runs: it can divide by a stride of 0, or compute its own output's size, larger than the file says.
"""

from __future__ import annotations

import functools
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np

from mobile_inpaint.errors import ManifestError
from mobile_inpaint.targets.admission import limits
from mobile_inpaint.targets.admission.tflite import memory_of
from mobile_inpaint.targets.silence import silence
from mobile_inpaint.targets.toolchain import first_line

_ROOM = 256 << 20
"""Bytes that LiteRT may take beside the tensors."""


def try_out(path: Path) -> None:
    """Runs the file at ``path`` once, on inputs of one value, within the memory that its shapes imply.

    Raises:
        ManifestError: the file is damaged, or LiteRT cannot run it.
    """
    status = path.stat()
    _try_out(path, (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns))


@functools.lru_cache(64)
def _try_out(path: Path, _version: tuple[int, ...]) -> None:
    memory = 2 * memory_of(path) + _ROOM
    command = [sys.executable, "-m", __name__, str(path.absolute()), str(memory)]
    try:
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=limits.SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise ManifestError(f"{path.name}: a run takes longer than {limits.SECONDS:.0f} s, which is the limit") from error
    if done.returncode == 0:
        return
    said = done.stdout.decode(errors="replace").strip().rpartition("\n")[2]
    if done.returncode < 0:
        with_what = signal.Signals(-done.returncode).name
        raise ManifestError(f"{path.name}: LiteRT crashes when it runs it ({with_what}); is the file damaged?")
    raise ManifestError(f"{path.name}: LiteRT cannot run it ({said or 'it gives no reason'})")


def _main(path: str, memory: int) -> int:
    with silence():
        from ai_edge_litert.interpreter import Interpreter

        _limit_memory(memory)
        try:
            interpreter = Interpreter(model_path=path, num_threads=1)
            taken = interpreter.get_input_details()
            for one in taken:
                if (one["shape_signature"] <= 0).any():
                    return 0  # whoever runs it settles the free dimensions
            interpreter.allocate_tensors()
            for one in taken:
                if np.dtype(one["dtype"]).kind in "fiub":
                    interpreter.set_tensor(one["index"], np.ones(one["shape"], one["dtype"]))
            interpreter.invoke()
            for one in interpreter.get_output_details():
                interpreter.get_tensor(one["index"])
            return 0
        except MemoryError:
            said = f"it takes more than the {memory >> 20} MiB that its shapes imply"
        except Exception as error:
            said = first_line(error)
    sys.stdout.write(said)
    return 1


def _limit_memory(extra: int) -> None:
    """Lets this process take ``extra`` bytes more than it has now, where the system can limit it."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (ImportError, OSError):
        return
    limit = pages * resource.getpagesize() + extra
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1], int(sys.argv[2])))
