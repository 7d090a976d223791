"""A phone of our own for the real adb client: adbd's protocol over TCP, its shell and files in a folder of this machine.

Source: adb's docs/dev/protocol and SYNC.TXT for the messages; shell_service.cpp for what happens when a connection is lost
(SIGHUP, and the pipes to the process are closed).
"""

from __future__ import annotations

import os
import queue
import signal
import socket
import struct
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CNXN, AUTH, OPEN, OKAY, CLSE, WRTE = (
    int.from_bytes(name, "little") for name in (b"CNXN", b"AUTH", b"OPEN", b"OKAY", b"CLSE", b"WRTE")
)
VERSION, MOST_BYTES = 0x01000001, 256 * 1024
TOKEN = 1
STDIN, STDOUT, STDERR, EXIT, CLOSE_STDIN = range(5)


@dataclass
class Daemon:
    """A phone that ``adb connect localhost:port`` reaches.

    Attributes:
        root: stands for the phone's ``/``; ``bin`` in it comes first in the shell's path.
        banner: what it calls itself, for example ``ro.product.model=Pixel 8a``.
        authorised: it accepts this computer's key.
        room: bytes that may be pushed before it is full.
    """

    root: Path
    banner: str
    authorised: bool = True
    room: int = 1_000_000_000
    _open: list[_Connection] = field(default_factory=list)

    def __enter__(self) -> Daemon:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.unplug()

    @property
    def serial(self) -> str:
        return f"localhost:{self.port}"

    def unplug(self) -> None:
        """Pulls the cable."""
        if self._listener.fileno() != -1:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._accepting.join()
        for connection in self._open:
            connection.cut()
        self._open.clear()

    def path(self, text: str) -> Path:
        """Where a path of the phone stands here."""
        return self.root / text.lstrip("/")

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(_Connection(self, connected))


class _Connection:
    """One adb server, and the streams that it opened."""

    def __init__(self, phone: Daemon, connected: socket.socket) -> None:
        self.phone, self._socket = phone, connected
        self._sending = threading.Lock()
        self._streams: dict[int, _Stream] = {}
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def cut(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()

    def send(self, command: int, first: int, second: int, data: bytes = b"") -> None:
        head = struct.pack("<6I", command, first, second, len(data), 0, command ^ 0xFFFFFFFF)
        with self._sending:
            self._socket.sendall(head + data)

    def _read(self) -> None:
        with self._socket, self._socket.makefile("rb") as incoming:
            try:
                while len(head := incoming.read(24)) == 24:
                    command, first, second, length = struct.unpack("<4I", head[:16])
                    self._answer(command, first, second, incoming.read(length))
            except OSError:
                pass
            streams = list(self._streams.values())
            for stream in streams:
                stream.hang_up()
        for stream in streams:
            stream.worker.join()

    def _answer(self, command: int, first: int, second: int, data: bytes) -> None:
        if command in (CNXN, AUTH):
            if self.phone.authorised:
                self.send(CNXN, VERSION, MOST_BYTES, f"device::{self.phone.banner};features=shell_v2,cmd".encode())
            elif command == CNXN or first != 3:  # after the public key a phone asks its owner, who does not answer here
                self.send(AUTH, TOKEN, 0, os.urandom(20))
        elif command == OPEN:
            service = data.rstrip(b"\0").decode()
            serve = next((serve for name, serve in SERVICES.items() if service.startswith(name)), None)
            if serve is None:
                self.send(CLSE, 0, first)
                return
            own = len(self._streams) + 1
            self._streams[own] = _Stream(self, own, first, serve, service.partition(":")[2])
            self.send(OKAY, own, first)
            self._streams[own].worker.start()
        elif command == WRTE:
            self._streams[second].incoming.put(data)
            self.send(OKAY, second, first)
        elif command == OKAY:
            self._streams[second].acknowledged.release()
        elif command == CLSE and second in self._streams:
            self._streams[second].hang_up()


class _Stream:
    """One service in use."""

    def __init__(
        self, connection: _Connection, own: int, other: int, serve: Callable[[_Stream, str], None], argument: str
    ) -> None:
        self.connection, self.phone, self._own, self._other = connection, connection.phone, own, other
        self.incoming: queue.Queue[bytes | None] = queue.Queue()
        self.acknowledged = threading.Semaphore(0)
        self._lost = False
        self._buffer = b""
        self.process: subprocess.Popen[bytes] | None = None
        self._writing = threading.Lock()
        self.worker = threading.Thread(target=self._work, args=(serve, argument))

    def _work(self, serve: Callable[[_Stream, str], None], argument: str) -> None:
        try:
            serve(self, argument)
            self.connection.send(CLSE, self._own, self._other)
        except OSError:
            pass

    def hang_up(self) -> None:
        self._lost = True
        self.incoming.put(None)
        self.acknowledged.release()
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGHUP)

    def write(self, data: bytes) -> None:
        with self._writing:
            if not self._lost:
                self.connection.send(WRTE, self._own, self._other, data)
                self.acknowledged.acquire()

    def read(self, length: int) -> bytes:
        while len(self._buffer) < length:
            more = self.incoming.get()
            if more is None:
                raise OSError("the connection is lost")
            self._buffer += more
        data, self._buffer = self._buffer[:length], self._buffer[length:]
        return data


def shell(stream: _Stream, command: str) -> None:
    """A command, its two outputs, its input, and its exit status."""
    root = stream.phone.root
    for known in ("/data/local/tmp", "/proc/meminfo"):
        command = command.replace(known, f"{root}{known}")
    path = {"PATH": f"{root}/bin:/usr/bin:/bin"}
    pipe = subprocess.PIPE
    with subprocess.Popen(["/bin/sh", "-c", command], stdin=pipe, stdout=pipe, stderr=pipe, env=path, cwd=root) as process:
        stream.process = process
        ends = ((STDOUT, process.stdout), (STDERR, process.stderr))
        outputs = [threading.Thread(target=_pump, args=(stream, number, end)) for number, end in ends]
        feeder = threading.Thread(target=_feed, args=(stream, process.stdin))
        for thread in (*outputs, feeder):
            thread.start()
        for thread in outputs:
            thread.join()
        status = process.wait()
        stream.incoming.put(None)
        feeder.join()
    stream.write(struct.pack("<BIB", EXIT, 1, status if status >= 0 else 128 - status))


def _pump(stream: _Stream, number: int, end: Any) -> None:
    while data := end.read1(4096):
        try:
            stream.write(struct.pack("<BI", number, len(data)) + data)
        except OSError:
            return


def _feed(stream: _Stream, end: Any) -> None:
    try:
        while True:
            number, length = struct.unpack("<BI", stream.read(5))
            data = stream.read(length)
            if number == CLOSE_STDIN:
                return
            end.write(data)
            end.flush()
    except OSError:
        pass
    finally:
        end.close()


def sync(stream: _Stream, _: str) -> None:
    """Files to and from the phone."""
    while True:
        word, length = struct.unpack("<4sI", stream.read(8))
        if word == b"QUIT":
            return
        name = stream.read(length).decode()
        if word == b"STAT":
            path = stream.phone.path(name)
            status = path.stat() if path.exists() else None
            stream.write(struct.pack("<4s3I", b"STAT", *((status.st_mode, status.st_size, 0) if status else (0, 0, 0))))
        elif word == b"SEND":
            _receive(stream, stream.phone.path(name.rpartition(",")[0]))
        elif word == b"RECV":
            data = stream.phone.path(name).read_bytes()
            for start in range(0, len(data), 65536):
                chunk = data[start : start + 65536]
                stream.write(struct.pack("<4sI", b"DATA", len(chunk)) + chunk)
            stream.write(struct.pack("<4sI", b"DONE", 0))


def _receive(stream: _Stream, path: Path) -> None:
    data = b""
    while True:
        word, length = struct.unpack("<4sI", stream.read(8))
        if word == b"DONE":
            break
        data += stream.read(length)
    stream.phone.room -= len(data)
    if stream.phone.room < 0:
        failure = b"write failed: No space left on device"
        stream.write(struct.pack("<4sI", b"FAIL", len(failure)) + failure)
        return
    path.write_bytes(data)
    stream.write(struct.pack("<4sI", b"OKAY", 0))


SERVICES: dict[str, Callable[[_Stream, str], None]] = {"shell": shell, "sync:": sync}
