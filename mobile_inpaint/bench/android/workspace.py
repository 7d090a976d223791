"""A folder on a phone that is gone when its user is: whether done, stopped, killed, or cut off."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from mobile_inpaint.bench.android.adb import Link
from mobile_inpaint.errors import BenchError, DeviceUnavailable

FOLDER = "/data/local/tmp/mobile-inpaint"
"""Where the shell's user may write and run programs."""

# Runs on the phone for as long as the folder is needed. Its input ends when we close it, when this process dies, and when the
# cable is pulled: adbd then closes it and sends SIGHUP. What a phone that lost its power left behind is swept away first.
_GUARD = f"""
[ -e {FOLDER}/guard ] && kill -0 "$(cat {FOLDER}/guard)" 2>/dev/null && exit 73
rm -rf {FOLDER} && mkdir {FOLDER} && echo $$ > {FOLDER}/guard || exit 74
trap 'rm -rf {FOLDER}' EXIT
trap 'exit 1' HUP INT TERM PIPE
echo ready
cat > /dev/null
"""
_BUSY = 73
_LEAVE_S = 10.0


@contextmanager
def workspace(link: Link) -> Iterator[str]:
    """An empty folder on the phone, removed with all that is in it at the end, however that comes.

    Raises:
        BenchError: another measurement is going on there, or the folder cannot be made.
        DeviceUnavailable: the phone went away.
    """
    guard = link.start(_GUARD)
    assert guard.stdin and guard.stdout and guard.stderr
    try:
        if guard.stdout.readline().strip() != "ready":
            raise _refused(link, guard)
        yield FOLDER
    finally:
        with suppress(BrokenPipeError):
            guard.stdin.close()
        try:
            left = guard.wait(_LEAVE_S)
        except subprocess.TimeoutExpired:  # Android before 7 does not pass on that the input ended
            guard.kill()
            left = guard.wait()
        guard.stdout.close()
        guard.stderr.close()
        if left not in (0, _BUSY):
            with suppress(DeviceUnavailable):
                link.shell(f"rm -rf {FOLDER}")


def _refused(link: Link, guard: subprocess.Popen[str]) -> BenchError:
    assert guard.stdin and guard.stderr
    guard.stdin.close()
    status, reason = guard.wait(), guard.stderr.read().strip().splitlines()
    if status == _BUSY:
        return BenchError(f"{link.serial}: another measurement is going on there: wait until it is done")
    link.must_be_there()
    return BenchError(f"{link.serial}: {FOLDER} cannot be made there: {reason[-1] if reason else f'exit status {status}'}")
