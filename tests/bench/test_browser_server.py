from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mobile_inpaint.bench.browser import certificate
from mobile_inpaint.bench.browser.messages import Failure, PageReport, Progress, parse
from mobile_inpaint.bench.browser.server import LARGEST_MESSAGE, PageServer
from mobile_inpaint.errors import BenchError

FILES: dict[str, Path | bytes] = {"/": b"<!doctype html>", "/job.json": b"{}", "/bench.js": Path(__file__)}
REPORT = {
    "user_agent": "A browser",
    "cores": 2,
    "memory_gb": None,
    "gpu": None,
    "isolated": True,
    "was_hidden": False,
    "files": [
        {
            "threads": 1,
            "whole": True,
            "warmup_ms": [2],
            "times_ms": [1.5, 2],
            "dispatch_ms": [],
            "changed": True,
            "psnr_db": 140.0,
            "max_abs_error": 0,
            "cold_starts": [{"load_ms": 1.0, "first_ms": 2.0, "heap_bytes": 0}],
        }
    ],
}


@pytest.fixture
def server() -> Iterator[PageServer]:
    with PageServer(FILES) as running:
        yield running


def ask(
    server: PageServer, path: str, cookie: str = "", method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    connection.request(method, path, body, {"Cookie": cookie, **headers})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer.headers, content


def visit(server: PageServer) -> str:
    """Opens the link; the cookie."""
    code, headers, _ = ask(server, "/" + server.link.rpartition("/")[2])
    assert (code, headers["Location"]) == (303, "/")
    assert "HttpOnly" in headers["Set-Cookie"] and "SameSite=Lax" in headers["Set-Cookie"]
    return headers["Set-Cookie"].partition(";")[0]


def test_who_opened_the_link_gets_the_page_isolated_and_uncached(server: PageServer) -> None:
    cookie = visit(server)
    code, headers, content = ask(server, "/", cookie)
    assert (code, content) == (200, b"<!doctype html>")
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert headers["Cache-Control"] == "no-store"
    code, headers, content = ask(server, "/bench.js", cookie)
    assert code == 200 and headers["Content-Type"].startswith("text/javascript") and content == Path(__file__).read_bytes()


@pytest.mark.parametrize("path", ["/", "/job.json", "/bench.js", "/nothing"])
@pytest.mark.parametrize("cookie", ["", "session=guess", "session=", "session", 'session="', "other=1"])
def test_a_stranger_gets_nothing_and_learns_nothing(server: PageServer, path: str, cookie: str) -> None:
    for method, body in (("GET", None), ("POST", b"{}")):
        code, headers, content = ask(server, path, cookie, method, body)
        assert (code, content) == (404, b"") and "Python" not in headers["Server"]
    assert ask(server, "/report", cookie, "POST", json.dumps(REPORT).encode())[0] == 404
    assert ask(server, "/failure", cookie, "POST", b'{"message": "ha"}')[0] == 404
    assert server.messages.empty()


def test_the_link_is_good_for_one_visit(server: PageServer) -> None:
    path = "/" + server.link.rpartition("/")[2]
    assert ask(server, path + "x")[0] == 404  # a wrong token does not spend the right one
    visit(server)
    assert ask(server, path)[0] == 404
    with PageServer(FILES) as another:
        assert another.link.rpartition("/")[2] != path[1:]


@pytest.mark.parametrize(
    "path",
    ["/../test_browser_server.py", "/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd",
     "/bench.js/../job.json", "/bench.js%00", "/./", "/bench.js?x", "http://127.0.0.1/etc/passwd", "*"],
)  # fmt: skip
def test_a_path_leads_to_nothing_but_what_is_in_the_table(server: PageServer, path: str) -> None:
    assert ask(server, path, visit(server))[::2] == (404, b"")


def test_other_methods_are_refused_without_a_word(server: PageServer) -> None:
    assert ask(server, "/", visit(server), "DELETE")[::2] == (501, b"")


def test_messages_of_the_page_arrive(server: PageServer) -> None:
    cookie = visit(server)
    assert ask(server, "/progress", cookie, "POST", b'{"done": 3}', Origin=server.link.rpartition("/")[0])[0] == 204
    assert server.messages.get(timeout=1) == Progress(3)
    assert ask(server, "/report", cookie, "POST", json.dumps(REPORT).encode())[0] == 204
    report = server.messages.get(timeout=1)
    assert isinstance(report, PageReport) and report.files[0].times_ms == (1.5, 2.0)


@pytest.mark.parametrize("origin", ["http://127.0.0.1:1", "https://evil.example", "null"])
def test_another_page_of_the_same_browser_is_a_stranger(server: PageServer, origin: str) -> None:
    assert ask(server, "/progress", visit(server), "POST", b'{"done": 3}', Origin=origin)[0] == 404
    assert server.messages.empty()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not JSON",
        b"\xff\xfe",
        b"[" * 100_000,
        b"[" * 400 + b"1" + b"]" * 400,
        b"9" * 100_000,
        b'{"message": "\\ud800"}',
        json.dumps(REPORT).replace("1.5", "NaN").encode(),
        json.dumps(REPORT).replace("1.5", "1e999").encode(),
        json.dumps({**REPORT, "more": 1}).encode(),
        json.dumps({**REPORT, "cores": "two"}).encode(),
        json.dumps({key: REPORT[key] for key in REPORT if key != "files"}).encode(),
        json.dumps({**REPORT, "files": [1]}).encode(),
    ],
    ids=lambda body: f"{len(body)} bytes",
)
def test_a_malformed_report_is_refused(server: PageServer, body: bytes) -> None:
    code, _, why = ask(server, "/report", visit(server), "POST", body)
    assert code == 400 and b"/report" in why and server.messages.empty()


def test_an_oversized_report_is_refused_unread(server: PageServer) -> None:
    cookie = visit(server)
    for length in (str(LARGEST_MESSAGE + 1), "9" * 5000, "-1", "1e3", "²"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw:
            raw.sendall(f"POST /report HTTP/1.0\r\nCookie: {cookie}\r\nContent-Length: {length}\r\n\r\n".encode())
            assert raw.recv(100).split()[1] in (b"411", b"413")
    assert server.messages.empty()


def test_text_of_the_page_is_one_short_line(server: PageServer) -> None:
    message = parse("/failure", json.dumps({"message": "\x1b[31mred\nline" + "x" * 10_000}).encode())
    assert isinstance(message, Failure) and message.message.isprintable() and len(message.message) == 400
    with pytest.raises(BenchError, match="message"):
        parse("/failure", b"{}")


def test_the_server_is_gone_afterwards() -> None:
    with PageServer(FILES) as server:
        assert ask(server, "/")[0] == 404
    with pytest.raises(ConnectionRefusedError):
        ask(server, "/")
    assert not [thread for thread in threading.enumerate() if "serve_forever" in thread.name]


def test_https_with_a_certificate_of_its_own_and_a_stranger_who_says_nothing() -> None:
    tls, fingerprint = certificate.make("127.0.0.1")
    assert len(fingerprint.split(":")) == 32
    with PageServer(FILES, tls=tls) as server, socket.create_connection(("127.0.0.1", server.port)):  # which stays silent
        assert server.link.startswith(f"https://127.0.0.1:{server.port}/")
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=5, context=trusting)
        connection.request("GET", "/" + server.link.rpartition("/")[2])
        answer = connection.getresponse()
        assert answer.status == 303 and "Secure" in answer.headers["Set-Cookie"]
        connection.close()
        with pytest.raises((http.client.HTTPException, OSError)):  # plain http is not answered
            ask(server, "/")
