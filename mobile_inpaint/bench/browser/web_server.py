"""What both servers share: one request a connection, a limit on everything that a client can drag out, foreign names refused.

A page of another site can make a browser send requests to an address of this machine under a name of its own (DNS rebinding).
Only the ``Host`` header tells: it must be one of this server's own names, with its port.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import re
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, BinaryIO

from mobile_inpaint.errors import BenchError
from mobile_inpaint.quoting import shown

LOOPBACK = "127.0.0.1"
_OWN_NAMES = ("localhost", LOOPBACK, "::1")
_ANY_ADDRESS = ("", "0.0.0.0", "::")

_LONGEST_LINE = 8_192
_LARGEST_HEAD = 32_768
_MOST_HEADERS = 100
_BLOCK = 65_536
_TOKEN = r"[-!#$%&'*+.^_`|~0-9A-Za-z]+"
_REQUEST = re.compile(rf"({_TOKEN}) ([!-~\x80-\xff]+) HTTP/([0-9])\.([0-9])")
_HEADER = re.compile(rf"({_TOKEN}):[ \t]*([\t -~\x80-\xff]*?)[ \t]*")
_HEAD_ENDS = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True)
class Limits:
    """How long a client may take, and how many there may be.

    Attributes:
        head_s: from the connection to the end of the request's headers.
        body_s: for what is posted.
        stall_s: during which nothing of the answer is taken.
        slowest_bytes_per_s: the mean rate at which an answer is taken; :attr:`stall_s` comes on top.
        linger_s: for the client to close its side, so that the end of the answer is not lost.
        connections: at the same time; more are refused at once.
    """

    head_s: float = 10.0
    body_s: float = 30.0
    stall_s: float = 30.0
    slowest_bytes_per_s: int = 10_000
    linger_s: float = 1.0
    connections: int = 64


class Refused(Exception):
    """A request that is answered with a status and nothing else."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Answer:
    """What is sent.

    Attributes:
        code: the status.
        headers: beside those of the server.
        content: the body, or a file that holds it, at its start; it is closed afterwards.
        length: of the file, in bytes.
    """

    code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | BinaryIO = b""
    length: int = 0


class WebServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Answers each connection's one request by :meth:`respond`, in a thread of its own. Nothing is printed."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64
    name = "mobile-inpaint"
    """The ``Server`` header."""
    headers: Mapping[str, str] = {}
    """Of every answer."""

    def __init__(
        self, host: str, port: int, limits: Limits, tls: ssl.SSLContext | None = None, shown_as: str | None = None
    ) -> None:
        """Takes the port, or a free one for 0.

        Args:
            host: the address to listen on.
            port: see above.
            limits: of a client.
            tls: for https.
            shown_as: the address that people are told, where ``host`` stands for all of them.

        Raises:
            BenchError: the port is taken, or the address is not this machine's.
        """
        self.limits, self.tls = limits, tls
        self._host, self._shown_as = host, shown_as
        self._free = threading.BoundedSemaphore(limits.connections)
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), socketserver.BaseRequestHandler)
        except (OSError, UnicodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a name of a machine"
            option = "--port" if getattr(error, "errno", None) in (errno.EADDRINUSE, errno.EACCES) else "--host"
            raise BenchError(f"port {port} of {shown(host)}: {reason}; choose another with {option}") from error
        if tls:  # shaking hands is left to each connection's own thread, where nobody else waits for it
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def port(self) -> int:
        """On which it listens."""
        return int(self.server_address[1])

    @property
    def origin(self) -> str:
        """Scheme, address and port, as people are told."""
        host = self._shown_as or ("localhost" if self._host in (LOOPBACK, *_ANY_ADDRESS) else self._host)
        return f"{'https' if self.tls else 'http'}://{_bracketed(host)}:{self.port}"

    def respond(self, request: Request) -> Answer:
        """The answer to a request.

        Raises:
            Refused: there is none.
        """
        raise NotImplementedError

    def process_request(self, request: Any, client_address: Any) -> None:
        """Starts a thread for the connection, or refuses it where there are too many."""
        if not self._free.acquire(blocking=False):
            with contextlib.suppress(OSError):
                if not self.tls:
                    request.setblocking(False)
                    request.send(self._head(Answer(503), 0))
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """One connection, from its first byte to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Reads the request and answers it. What goes wrong with the connection itself is its client's own affair."""
        wire = _Wire(request, self.limits)
        with contextlib.suppress(OSError):
            bodiless = False
            try:
                asked = wire.request()
                bodiless = asked.method == "HEAD"
                if not asked.target.startswith("/"):  # a whole URL, which would count more than its Host header
                    raise Refused(404)
                self._check_host(asked, request.getsockname()[0])
                answer = self.respond(asked)
            except Refused as refusal:
                answer = Answer(refusal.code)
            except OSError:
                raise
            except Exception:  # a fault of ours: the client is told, the terminal stays the user's
                answer = Answer(500)
            with _blocks(answer) as (length, blocks):
                wire.send(self._head(answer, length), iter(()) if bodiless else blocks)
            wire.linger()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a connection that broke off is the client's own affair, and the terminal the user's."""

    def _head(self, answer: Answer, length: int) -> bytes:
        headers = {"Server": self.name, "Date": formatdate(usegmt=True), "Connection": "close"}
        headers |= {**self.headers, "Content-Length": str(length), **answer.headers}
        lines = [f"HTTP/1.1 {answer.code} {HTTPStatus(answer.code).phrase}", *(f"{name}: {headers[name]}" for name in headers)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _check_host(self, request: Request, local_address: str) -> None:
        """An address of ours as the client wrote it is ours as well: no other site's name is an address."""
        hosts = request.headers.get("host", ())
        if not hosts and request.is_old:  # every browser sends it
            return
        if len(hosts) != 1:
            raise Refused(400)
        local = local_address.partition("%")[0].removeprefix("::ffff:")
        names = {_bracketed(name.lower()) for name in (*_OWN_NAMES, self._host, self._shown_as, local) if name}
        said = hosts[0].lower()
        usual = self.port == (443 if self.tls else 80)
        if said not in {f"{name}:{self.port}" for name in names} and not (usual and said in names):
            raise Refused(421)


class Request:
    """What was asked.

    Attributes:
        method: for example ``GET``.
        target: what stands behind it, as it was sent.
        headers: by name in lower case, each with its values in order.
        is_old: HTTP/1.0.
    """

    def __init__(self, head: bytes, wire: _Wire) -> None:
        """Of the lines before the body.

        Raises:
            Refused: they are no request.
        """
        self._wire = wire
        line, *fields = re.split("\r?\n", head.decode("latin-1"))
        found = _REQUEST.fullmatch(line)
        if found is None:
            raise Refused(400)
        self.method, self.target, major, minor = found.groups()
        if major != "1":
            raise Refused(505)
        self.is_old = minor == "0"
        if len(fields) > _MOST_HEADERS:
            raise Refused(431)
        self.headers: dict[str, list[str]] = {}
        for one in fields:
            header = _HEADER.fullmatch(one)
            if header is None:
                raise Refused(400)
            self.headers.setdefault(header[1].lower(), []).append(header[2])

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return self.headers.get(name, [None])[0]

    def body(self, most: int) -> bytes:
        """What was posted.

        Raises:
            Refused: its length is not said in one way, it is longer than ``most``, or it ends early.
        """
        if "transfer-encoding" in self.headers:
            raise Refused(501)
        lengths = set(self.headers.get("content-length", ()))
        if len(lengths) > 1:
            raise Refused(400)
        length = next(iter(lengths), "")
        if not length.isascii() or not length.isdecimal():
            raise Refused(411)
        if len(length) > len(str(most)) or int(length) > most:
            raise Refused(413)
        return self._wire.body(int(length))


class _Wire:
    """A connection, read and written within the limits."""

    def __init__(self, connection: socket.socket, limits: Limits) -> None:
        self._connection, self._limits = connection, limits
        self._ends = time.monotonic() + limits.head_s
        self._read = b""

    def request(self) -> Request:
        """The request's lines.

        Raises:
            Refused: too long, too slow, or none.
            OSError: nothing came.
        """
        while (end := _HEAD_ENDS.search(self._read)) is None:
            if len(self._read) > _LARGEST_HEAD:
                raise Refused(431)
            if len(self._read) > _LONGEST_LINE and b"\n" not in self._read[:_LONGEST_LINE]:
                raise Refused(414)
            self._read = (self._read + self._receive(_LARGEST_HEAD)).lstrip(b"\r\n")
        head, self._read = self._read[: end.start()], self._read[end.end() :]
        if len(head) > _LARGEST_HEAD:
            raise Refused(431)
        if len(head.partition(b"\n")[0]) > _LONGEST_LINE:
            raise Refused(414)
        return Request(head, self)

    def body(self, length: int) -> bytes:
        """``length`` bytes behind the head.

        Raises:
            Refused: they do not come, or not in time.
        """
        self._ends = time.monotonic() + self._limits.body_s
        pieces, missing = [self._read[:length]], length - len(self._read)
        while missing > 0:
            pieces.append(self._receive(min(missing, _BLOCK)))
            missing -= len(pieces[-1])
        return b"".join(pieces)

    def send(self, head: bytes, blocks: Iterator[bytes]) -> None:
        """The answer.

        Raises:
            OSError: the client is gone, or too slow.
        """
        started, sent = time.monotonic(), 0
        for block in itertools.chain((head,), blocks):
            view = memoryview(block)
            while view:
                if time.monotonic() - started > self._limits.stall_s + sent / self._limits.slowest_bytes_per_s:
                    raise TimeoutError("the client is too slow")
                self._connection.settimeout(self._limits.stall_s)
                count = self._connection.send(view)
                view, sent = view[count:], sent + count

    def linger(self) -> None:
        """Says that the answer is over, and reads what still comes: closing before that would cut the answer off."""
        self._connection.shutdown(socket.SHUT_WR)
        ends = time.monotonic() + self._limits.linger_s
        while (left := ends - time.monotonic()) > 0:
            self._connection.settimeout(left)
            if not self._connection.recv(_BLOCK):
                return

    def _receive(self, most: int) -> bytes:
        try:
            self._connection.settimeout(max(self._ends - time.monotonic(), 1e-3))
            block = self._connection.recv(most)
            if time.monotonic() > self._ends:  # a byte now and then does not buy more time
                raise TimeoutError
        except TimeoutError:
            if self._read:
                raise Refused(408) from None
            raise
        if not block:
            if self._read:
                raise Refused(400)
            raise ConnectionError("the client is gone")
        return block


@contextlib.contextmanager
def _blocks(answer: Answer) -> Iterator[tuple[int, Iterator[bytes]]]:
    """Length and content; a file that grew meanwhile is cut there, one that shrank ends early, which the client notices."""
    content = answer.content
    if isinstance(content, bytes):
        yield len(content), iter((content,))
        return
    with content as file:
        yield answer.length, _of_file(file, answer.length)


def _of_file(file: BinaryIO, length: int) -> Iterator[bytes]:
    while length > 0 and (block := file.read(min(length, _BLOCK))):
        length -= len(block)
        yield block


def _bracketed(host: str) -> str:
    """As it stands in a URL."""
    return f"[{host}]" if ":" in host else host
