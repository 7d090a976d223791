"""Both servers over real sockets: what is served, whom they answer, and how long they wait."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mobile_inpaint.bench.browser.server import PageServer
from mobile_inpaint.bench.browser.static import StaticServer
from mobile_inpaint.bench.browser.web_server import Limits, WebServer
from mobile_inpaint.errors import BenchError

SHORT = Limits(head_s=0.4, body_s=0.4, stall_s=0.4, slowest_bytes_per_s=50_000_000, linger_s=0.2, connections=3)
SECRET = "root:x:0:0"
links = pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="this system has no links of the kind")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder to be served, beside a secret."""
    (tmp_path / "secret.txt").write_text(SECRET)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.txt").write_text(SECRET)
    folder = tmp_path / "site"
    (folder / "model").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>")
    (folder / "model/a net.onnx").write_bytes(bytes(range(256)) * 400)
    (folder / ".env").write_text(SECRET)
    (folder / ".git").mkdir()
    (folder / ".git/config").write_text(SECRET)
    return folder


@contextlib.contextmanager
def running(server: WebServer) -> Iterator[WebServer]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def server(site: Path) -> Iterator[WebServer]:
    with running(StaticServer(site)) as one:
        yield one


@pytest.fixture(params=["static", "page"])
def hurried(request: pytest.FixtureRequest, site: Path) -> Iterator[WebServer]:
    """Either server, in a hurry."""
    kinds: dict[str, Callable[[], WebServer]] = {
        "static": lambda: StaticServer(site, limits=SHORT),
        "page": lambda: PageServer({"/": b"page"}, limits=SHORT),
    }
    with running(kinds[request.param]()) as one:
        yield one


def say(server: WebServer, request: bytes, patience_s: float = 5) -> bytes:
    """What the server answers until it closes the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=patience_s) as raw:
        with contextlib.suppress(ConnectionError):
            raw.sendall(request)
        return heard(raw)


def heard(raw: socket.socket) -> bytes:
    answer = b""
    with contextlib.suppress(ConnectionError):
        while block := raw.recv(65_536):
            answer += block
    return answer


def get(server: WebServer, target: str, host: str | None = None, method: str = "GET", rest: str = "") -> tuple[int, bytes]:
    host = f"localhost:{server.port}" if host is None else host
    answer = say(server, f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{rest}\r\n".encode())
    return code(answer), answer.partition(b"\r\n\r\n")[2]


def code(answer: bytes) -> int:
    return int(answer.split()[1])


def test_files_are_served_whole_and_anew(server: WebServer, site: Path) -> None:
    assert get(server, "/") == get(server, "/index.html") == get(server, "/?x=/../..") == (200, b"<!doctype html>")
    assert get(server, "/model/a%20net.onnx?sha256=1") == (200, bytes(range(256)) * 400)
    assert get(server, "/", method="HEAD") == (200, b"")
    (site / "new.js").write_text("1")
    assert get(server, "/new.js") == (200, b"1")
    head = say(server, f"GET / HTTP/1.1\r\nHost: localhost:{server.port}\r\n\r\n".encode())
    for line in (
        b"Cross-Origin-Embedder-Policy: require-corp",
        b"Content-Security-Policy: default-src 'none'",
        b"Connection: close",
    ):
        assert line in head


@pytest.mark.parametrize(
    "target",
    ["/.env", "/.git/config", "/%2eenv", "/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/model/../../secret.txt",
     "/..\\secret.txt", "/..%5csecret.txt", "//etc/passwd", "/%2fetc%2fpasswd", "/model", "/model/", "/index.html/",
     "/index.html%00", "/index.html%00.js", "/%ff", "/%", "/C:/index.html", "*", "http://localhost/index.html", "/./index.html",
     "/nothing", "/" + "a" * 300, "/" + "a/" * 2000],
)  # fmt: skip
def test_nothing_else_is_served(server: WebServer, target: str) -> None:
    assert get(server, target) == (404, b"")


@links
def test_links_that_leave_the_folder_are_not_served(server: WebServer, site: Path) -> None:
    (site / "file.txt").symlink_to(site.parent / "secret.txt")
    (site / "near.txt").symlink_to("../secret.txt")
    (site / "folder").symlink_to(site.parent / "outside")
    (site / "up").symlink_to("..")
    (site / "model/up").symlink_to("../..")
    (site / "hidden.txt").symlink_to(".env")
    (site / "round").symlink_to("round")
    (site / "away").symlink_to("model/up/outside")
    (site / "back.txt").symlink_to("../site/index.html")
    for target in ("file.txt", "near.txt", "folder/secret.txt", "up/secret.txt", "up/site/index.html", "model/up/secret.txt",
                   "hidden.txt", "round", "away/secret.txt", "back.txt"):  # fmt: skip
        assert get(server, f"/{target}") == (404, b""), target


@links
def test_links_that_stay_in_the_folder_are_served(server: WebServer, site: Path) -> None:
    (site / "latest").symlink_to("model")
    (site / "model/home.html").symlink_to("../index.html")
    assert get(server, "/latest/a%20net.onnx")[0] == 200
    assert get(server, "/latest/home.html") == (200, b"<!doctype html>")


@links
def test_a_link_that_is_swapped_in_while_it_runs_is_not_followed(server: WebServer, site: Path) -> None:
    """A file and a folder change between sound and leading out as fast as they can."""
    sound = bytes(range(256)) * 400
    stop = threading.Event()

    def swap() -> None:
        (site / "link").symlink_to(site.parent / "secret.txt")
        (site / "file").write_bytes(sound)
        (site / "folder").symlink_to(site.parent / "outside")
        (site / "dir").mkdir()
        (site / "dir/secret.txt").write_bytes(sound)
        while not stop.is_set():
            for one, other in (("link", "file"), ("folder", "dir")):
                (site / one).rename(site / "third")
                (site / other).rename(site / one)
                (site / "third").rename(site / other)

    swapper = threading.Thread(target=swap, daemon=True)
    swapper.start()
    try:
        found = {
            get(server, target) for _ in range(60) for target in ("/file", "/link", "/dir/secret.txt", "/folder/secret.txt")
        }
    finally:
        stop.set()
        swapper.join()
    assert found <= {(200, sound), (404, b"")} and (200, sound) in found


@links
def test_what_is_no_file_is_not_opened(server: WebServer, site: Path) -> None:
    os.mkfifo(site / "pipe")
    (site / "null").symlink_to("/dev/zero")
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as talking:
        here = os.open(site, os.O_RDONLY)
        try:
            talking.bind(f"/proc/self/fd/{here}/talk" if Path("/proc/self/fd").exists() else str(site / "talk"))
        finally:
            os.close(here)
        for name in ("pipe", "null", "talk"):
            assert get(server, f"/{name}") == (404, b"")


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:PORT", "localhost", "localhost:1", "127.0.0.1.evil.example:PORT", "[::2]:PORT", "",
     "localhost:PORT@evil.example", "192.0.2.1:PORT", ":PORT"],
)  # fmt: skip
def test_a_foreign_name_is_refused(hurried: WebServer, host: str) -> None:
    assert get(hurried, "/", host.replace("PORT", str(hurried.port))) == (421, b"")


def test_its_own_names_are_not(server: WebServer) -> None:
    for host in ("localhost", "127.0.0.1", "[::1]", "LOCALHOST"):
        assert get(server, "/", f"{host}:{server.port}")[0] == 200
    assert code(say(server, b"GET / HTTP/1.1\r\n\r\n")) == 400, "no name"
    assert code(say(server, f"GET / HTTP/1.1\r\nHost: localhost:{server.port}\r\nHost: evil.example\r\n\r\n".encode())) == 400
    assert code(say(server, b"GET / HTTP/1.0\r\n\r\n")) == 200, "before there were names"


def test_on_all_addresses_it_is_the_one_that_was_connected_to(site: Path) -> None:
    with running(StaticServer(site, host="0.0.0.0")) as server:
        assert isinstance(server, StaticServer) and "0.0.0.0" not in server.link
        assert get(server, "/", f"0.0.0.0:{server.port}")[0] == 200
        assert get(server, "/", f"evil.example:{server.port}")[0] == 421
        with socket.create_connection(("127.0.0.2", server.port), timeout=5) as raw:
            raw.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.2:{server.port}\r\n\r\n".encode())
            assert code(heard(raw)) == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "X"])
def test_other_methods_are_refused_without_a_word(server: WebServer, method: str) -> None:
    assert get(server, "/", method=method, rest="Content-Length: 5\r\n") == (501, b"")


HOST = b"Host: localhost:PORT\r\n"
MALFORMED = {
    "no request": (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
    "one word": (b"GET\r\n\r\n", 400),
    "HTTP/0.9": (b"GET /\r\n\r\n", 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "no version": (b"GET / HTTP/x.y\r\n" + HOST + b"\r\n", 400),
    "a blank too many": (b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a header without a colon": (b"GET / HTTP/1.1\r\n" + HOST + b"nothing\r\n\r\n", 400),
    "a blank before the colon": (b"GET / HTTP/1.1\r\n" + HOST + b"A : b\r\n\r\n", 400),
    "a folded header": (b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n c\r\n\r\n", 400),
    "a zero byte": (b"GET / HTTP/1.1\r\n" + HOST + b"A: \x00\r\n\r\n", 400),
    "an IPv6 address that is none": (b"GET //[ HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "a line without end": (b"GET /" + b"a" * 100_000, 414),
    "a long line": (b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    "huge headers": (b"GET / HTTP/1.1\r\n" + HOST + b"A: " + b"b" * 200_000 + b"\r\n\r\n", 431),
    "many headers": (b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n" * 500 + b"\r\n", 431),
    "headers without end": (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 50_000, 431),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_request_is_one_status(server: WebServer, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    request, expected = MALFORMED[name]
    answer = say(server, request.replace(b"PORT", str(server.port).encode()))
    assert (code(answer), answer.partition(b"\r\n\r\n")[2]) == (expected, b"")
    assert get(server, "/")[0] == 200
    assert capfd.readouterr() == ("", "")


def test_one_request_is_answered_a_connection(server: WebServer) -> None:
    one = f"GET / HTTP/1.1\r\nHost: localhost:{server.port}\r\nConnection: keep-alive\r\n"
    assert say(server, f"{one}\r\n{one}\r\n".encode()).count(b"HTTP/1.1 200") == 1
    assert (
        say(server, f"{one}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{one}\r\n".encode()).count(
            b"HTTP/1.1 "
        )
        == 1
    )


POSTS = {
    "chunked": ("Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 501),
    "both": ("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}", 501),
    "two lengths": ("Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
    "a list of lengths": ("Content-Length: 2, 2\r\n\r\n{}", 411),
    "a sign": ("Content-Length: +2\r\n\r\n{}", 411),
    "hexadecimal": ("Content-Length: 0x2\r\n\r\n{}", 411),
    "no length": ("\r\n{}", 411),
    "too much": ("Content-Length: 99999999999\r\n\r\n{}", 413),
    "more than it says": ("Content-Length: 2\r\n\r\n{}POST /alive HTTP/1.1\r\n\r\n", 204),
    "twice the same length": ("Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 204),
    "less than it says": ("Content-Length: 9\r\n\r\n{}", 408),
}


@pytest.mark.parametrize("name", POSTS)
def test_the_length_of_a_message_is_said_in_one_way(name: str) -> None:
    rest, expected = POSTS[name]
    with PageServer({"/": b""}, limits=SHORT) as server:
        opened = say(
            server, f"GET /{server.link.rpartition('/')[2]} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()
        )
        cookie = opened.partition(b"session=")[2].partition(b";")[0].decode()
        head = f"POST /alive HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nCookie: session={cookie}\r\n"
        answer = say(server, (head + rest).encode())
        assert (code(answer), server.messages.qsize()) == (expected, int(expected == 204))


@pytest.mark.parametrize("start", [b"", b"GET / HTTP/1.1\r\nHost: "], ids=["silent", "half a request"])
def test_an_idle_connection_is_closed(hurried: WebServer, start: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    answer = say(hurried, start)
    assert 0.3 < time.monotonic() - began < 3 and (code(answer) == 408 if start else answer == b"")
    assert capfd.readouterr() == ("", "")


def test_a_byte_now_and_then_buys_no_time(hurried: WebServer) -> None:
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", hurried.port), timeout=5) as raw, contextlib.suppress(ConnectionError):
        while time.monotonic() - began < 5:
            raw.sendall(b"G")
            time.sleep(0.02)
    assert time.monotonic() - began < 3


def test_who_does_not_take_the_answer_is_hung_up_on(site: Path) -> None:
    (site / "large").write_bytes(bytes(20_000_000))
    with running(StaticServer(site, limits=SHORT)) as server, socket.create_connection(("127.0.0.1", server.port)) as raw:
        raw.sendall(f"GET /large HTTP/1.1\r\nHost: localhost:{server.port}\r\n\r\n".encode())
        time.sleep(1)
        assert 0 < len(heard(raw)) < 20_000_000


def test_too_many_connections_are_refused_at_once_and_room_comes_back(hurried: WebServer) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(SHORT.connections):
            stack.enter_context(socket.create_connection(("127.0.0.1", hurried.port)))
        began = time.monotonic()
        answer = say(hurried, b"")
        assert time.monotonic() - began < 0.3 and answer.startswith(b"HTTP/1.1 503 ")
        assert sum("process_request_thread" in thread.name for thread in threading.enumerate()) <= SHORT.connections
    ends = time.monotonic() + 5
    while code(say(hurried, f"GET / HTTP/1.1\r\nHost: localhost:{hurried.port}\r\n\r\n".encode())) == 503:
        assert time.monotonic() < ends


def test_a_fault_of_ours_is_a_status_and_nothing_on_the_terminal(site: Path, capfd: pytest.CaptureFixture[str]) -> None:
    class Faulty(StaticServer):
        def respond(self, request: object) -> object:  # type: ignore[override]
            raise ZeroDivisionError

    with running(Faulty(site)) as server:
        assert get(server, "/") == (500, b"")
    assert capfd.readouterr() == ("", "")


def test_a_folder_without_a_page_a_taken_port_and_a_wrong_address_are_one_line(site: Path, server: WebServer) -> None:
    with pytest.raises(BenchError, match=r"has no index\.html"):
        StaticServer(site / "model")
    with pytest.raises(BenchError, match="cannot be read"):
        StaticServer(site / "nowhere")
    with pytest.raises(BenchError, match=rf"port {server.port} of 127\.0\.0\.1: .*; choose another with --port"):
        StaticServer(site, server.port)
    for host in ("192.0.2.1", "a" * 300):
        with pytest.raises(BenchError, match="port 0 of "):
            StaticServer(site, host=host)
