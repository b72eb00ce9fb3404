"""The built pages on a server of the test's own, with the headers that the service sends, and Chromium to look at them."""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, BrowserType, Page
from starlette.responses import Response
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from api.edge import Edge, as_page
from api.pages import pages_folder, read_pages
from tests.web.node import WEB

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-component-update"]
PICTURES = WEB.parent / "artefacts" / "web"
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}


def headers_of_pages() -> dict[str, str]:
    """What the service sends with its pages: what scripts may do is what matters here."""

    async def a_page(scope: Scope, receive: Receive, send: Send) -> None:
        as_page(scope, camera=True)
        await Response()(scope, receive, send)

    sent = TestClient(Edge(a_page, ["testserver"], 1)).get("/").headers
    return {name: value for name, value in sent.items() if name not in ("content-length", "strict-transport-security")}


@dataclass
class Site:
    """`files` are answered by their paths with 200, everything else with 404; `asked` are the requests so far, as they came."""

    files: dict[str, tuple[bytes, str]]
    origin: str = ""
    asked: list[str] = field(default_factory=list)

    def put(self, path: str, content: bytes | str) -> None:
        self.files[path] = (content if isinstance(content, bytes) else content.encode(), "application/json")


@contextlib.contextmanager
def site(folder: str = "") -> Iterator[Site]:
    """The pages at the addresses that the service has; with `folder`, as plain files in that folder of another server."""
    files: dict[str, tuple[bytes, str]] = {}
    for name, file in read_pages(pages_folder()).files.items():
        files[f"{folder}/{name}"] = (file.content, file.content_type)
        if name.endswith(".html") and not folder:
            files["/vote" if name == "index.html" else f"/{name.removesuffix('.html')}"] = (file.content, file.content_type)
    made, headers = Site(files), headers_of_pages()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            path = "/record" if self.path.startswith("/record/") else self.path
            content, content_type = made.files.get(path, (b"", ""))
            self.send_response(200 if content_type else 404)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", content_type or "text/plain")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    made.origin = f"http://127.0.0.1:{server.server_port}"
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@contextlib.contextmanager
def launched(kind: BrowserType, *arguments: str) -> Iterator[Browser]:
    """Another browser of this kind, with arguments of its own."""
    browser = kind.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *arguments])
    yield browser
    browser.close()


@contextlib.contextmanager
def a_page(browser: Browser, *, language: str = "en-GB", narrow: bool = False) -> Iterator[Page]:
    """A page in a browser of its own. What the console complains about, or a script does not catch, fails the test."""
    with a_context(browser, language=language, narrow=narrow) as context:
        page, wrong = context.new_page(), list[str]()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" and "404" not in message.text else None)
        yield page
        assert wrong == []


@contextlib.contextmanager
def a_context(browser: Browser, *, language: str, narrow: bool) -> Iterator[BrowserContext]:
    context = browser.new_context(locale=language, viewport=NARROW if narrow else WIDE, reduced_motion="reduce")  # type: ignore[arg-type]
    context.set_default_timeout(30_000)
    yield context
    context.close()


AXE = (WEB / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page) -> list[str]:
    """What axe finds on the page as it is now."""
    page.evaluate(AXE)
    found = page.evaluate("tags => axe.run(document, {runOnly: tags})", TAGS)
    assert len(found["passes"]) > 10
    return [f"{each['id']}: {json.dumps([node['html'] for node in each['nodes']])[:300]}" for each in found["violations"]]


def picture(page: Page, name: str) -> Path:
    """Keeps what the page looks like, for people to look at: wide and narrow, after axe has found nothing on it."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    before = page.viewport_size
    for size, viewport in (("1280", WIDE), ("360", NARROW)):
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        assert violations(page) == [], f"{name}, {size} px"
        page.screenshot(path=PICTURES / f"{name}-{size}.png", full_page=True)
    assert before is not None
    page.set_viewport_size(before)
    return PICTURES


def tab_to(page: Page, name: str) -> None:
    """Presses the tabulator key until the element with this name has the focus, as somebody without a mouse does."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if name == page.evaluate("(document.activeElement.labels?.[0] ?? document.activeElement).textContent"):
            return
    raise AssertionError(f"the keyboard does not reach {name}")


FAULTS = """() => {
  const faults = [];
  const named = (element) => element.getAttribute('aria-label') || (element.labels && element.labels.length) || element.textContent.trim();
  if (!document.documentElement.lang) faults.push('no language');
  if (!document.title) faults.push('no title');
  if (document.querySelectorAll('h1').length !== 1) faults.push('not one main heading');
  if (document.querySelectorAll('main').length !== 1) faults.push('not one main part');
  for (const each of document.querySelectorAll('input, textarea, button, a, video, progress, svg[role=img]')) {
    if (!named(each)) faults.push('no name: ' + each.outerHTML.slice(0, 80));
  }
  const ids = [...document.querySelectorAll('[id]')].map((each) => each.id);
  if (new Set(ids).size !== ids.length) faults.push('a name twice: ' + ids);
  for (const each of document.querySelectorAll('[aria-describedby]')) {
    const missing = each.getAttribute('aria-describedby').split(' ').filter((id) => !document.getElementById(id));
    if (missing.length) faults.push('described by nothing: ' + missing);
  }
  let level = 0;
  for (const each of document.querySelectorAll('h1, h2, h3')) {
    const now = Number(each.tagName[1]);
    if (now > level + 1) faults.push('a level of headings is left out: ' + each.textContent);
    level = now;
  }
  return faults;
}"""


def check_structure(page: Page) -> None:
    """What can be checked by program of what WCAG asks for: names, headings, language, and no scrolling sideways at 320 pixels."""
    assert page.evaluate(FAULTS) == []
    before = page.viewport_size
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert before is not None
    page.set_viewport_size(before)
