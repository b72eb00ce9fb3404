"""The worker that voters' pages start, as it was built, at work inside a real browser: the same file, asked with the same messages."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from playwright.sync_api import Browser
from selenium.webdriver import WebKitGTK

from api.pages import pages_folder, read_pages

_START = """
    const worker = new Worker("/worker.js", { type: "module" });
    const waiting = new Map();
    worker.onmessage = ({ data }) => { waiting.get(data.number)(data); waiting.delete(data.number); };
    worker.onerror = () => { for (const done of waiting.values()) done({ failed: "the worker stopped" }); };
    let number = 0;
    window.asked = (ask) => new Promise((done) => { waiting.set(++number, done); worker.postMessage({ number, ask }); });
"""
_PREPARE = """(parts) => window.asked({ what: "prepare", publicParts: parts })"""
_ENCRYPT = """async ([style, choices]) => {
    const started = performance.now();
    const made = await window.asked({ what: "encrypt", style, choices });
    const ms = performance.now() - started;
    if (made.failed !== undefined) return made;
    return { ballot: made.answer.text, opening: (await window.asked({ what: "open" })).answer, ms };
}"""
_RECOMPUTE = """async ([ballotText, openingText]) => {
    const ballot = JSON.parse(ballotText);
    const opening = JSON.parse(openingText);
    const bytes = (hex) => Uint8Array.from(hex.match(/../g), (each) => parseInt(each, 16));
    const [id_B, ballotNonce] = [bytes(ballot.id_b), bytes(opening.ballot_nonce)];
    const slip = { reference: "ab".repeat(8), style: ballot.ballot_style_ix, id_B, ballotNonce, choices: opening.choices.flat() };
    return await window.asked({ what: "recompute", slip });
}"""


class BrowserEncryptor:
    """What `run` runs in a page, with one argument, is answered."""

    def __init__(self, name: str, run: Callable[[str, Any], dict[str, Any]]) -> None:
        self.name, self._run = name, run

    def prepare(self, parts: str) -> None:
        """For the election with these public parts."""
        assert self._run(_PREPARE, parts).get("answer", "failed") is None

    def encrypt(self, style: int, choices: list[list[int]]) -> tuple[bytes, bytes]:
        """A ballot with its opening."""
        made = self._run(_ENCRYPT, [style, choices])
        return made["ballot"].encode(), made["opening"].encode()

    def recompute(self, ballot: bytes, opening: bytes) -> dict[str, Any]:
        """What a second device shows of what another one has locked."""
        told: dict[str, Any] = self._run(_RECOMPUTE, [ballot.decode(), opening.decode()])["answer"]
        return told


@contextmanager
def worker_site() -> Iterator[str]:
    """An address with an empty page, and the built worker beside it."""
    (worker,) = (file.content for name, file in read_pages(pages_folder()).files.items() if name.startswith("assets/worker-"))
    page = f"<!doctype html><html lang=en><title>Worker</title><script>{_START}</script>".encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content, content_type = (worker, "text/javascript") if self.path == "/worker.js" else (page, "text/html")
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def in_chromium(browser: Browser, address: str) -> BrowserEncryptor:
    page = browser.new_page()
    page.goto(address)
    return BrowserEncryptor("Chromium", page.evaluate)


def in_webkit(browser: WebKitGTK, address: str) -> BrowserEncryptor:
    browser.set_script_timeout(60)
    browser.get(address)

    def run(script: str, argument: Any) -> dict[str, Any]:
        answer = browser.execute_async_script(
            f"const done = arguments[1]; ({script})(arguments[0]).then((told) => done(JSON.stringify(told)));", argument
        )
        told: dict[str, Any] = json.loads(answer)
        return told

    return BrowserEncryptor("WebKit", run)
