"""What the web app's service worker keeps, in a real browser."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import browser_page

from mobile_inpaint.bench.browser.static import StaticServer
from mobile_inpaint.bench.browser.web_server import Answer, Request


class _InAFolder(StaticServer):
    """Also hands out the page of its folder ``web``, as static hosts do."""

    def respond(self, request: Request) -> Answer:
        if request.target == "/web/":
            request.target = "/web/index.html"
        return super().respond(request)


@browser_page.needs_runtimes
@browser_page.needs_chromium
def test_the_service_worker_keeps_nothing_but_its_own_folder(site: Path, tmp_path: Path) -> None:
    shutil.copytree(site, tmp_path / "host/web")
    for name in ("index.html", "other.txt"):
        (tmp_path / "host" / name).write_text("another app of the same host")
    with _InAFolder(tmp_path / "host") as server, browser_page.opened() as page:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        page.open(server.link)
        page.ask("caches.open('another app').then((cache) => cache.put('other.txt', new Response('its own')))")
        page.open(f"{server.link}web/")
        page.wait("document.getElementById('offline')?.textContent.startsWith('yes')")
        ask = """(keep) => new Promise((resolve) => {
          navigator.serviceWorker.addEventListener("message", ({ data }) => resolve(data.kept), { once: true });
          navigator.serviceWorker.ready.then(({ active }) => active.postMessage(keep));
        })"""
        for keep in (["../other.txt"], ["/"], ["/webs/a"], ["index.html", "..%2fother.txt"], ["index.html?x=1"],
                     ["index.html#x"], ["https://evil.example/"], ["data:,x"], ["style.css"] * 17, "../a", None):  # fmt: skip
            assert page.ask(f"({ask})({json.dumps({'keep': keep})})") is False, keep
        assert page.ask(f"({ask})('')") is False
        page.ask("fetch('../other.txt').then((answer) => answer.text())")
        assert page.ask(f"({ask})({json.dumps({'keep': ['style.css']})})") is True
        kept = page.ask("""(async () => Object.fromEntries(await Promise.all((await caches.keys()).map(async (name) =>
          [name, (await (await caches.open(name)).keys()).map(({ url }) => url)]))))()""")
        assert kept.pop("another app") == [f"{server.link}other.txt"]
        ((name, urls),) = kept.items()
        assert name.endswith(f" {server.link}web/") and len(urls) > 30
        assert all(url.startswith(f"{server.link}web/") for url in urls)
        server.shutdown()
