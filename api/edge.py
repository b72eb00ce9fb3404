"""What every request passes before a route sees it, and every answer after it: known host, bounded body, own site, headers.

SV-07, SV-28.
"""

from collections.abc import Collection, Iterable, MutableMapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import answer

__all__ = ["Edge", "Upload", "as_page", "client_address"]

Network = IPv4Network | IPv6Network

_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=63072000; includeSubDomains"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]
_OF_PAGES = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; worker-src blob:; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types psephos"
)
_PAGE_HEADERS = [(name, _OF_PAGES if name == b"content-security-policy" else value) for name, value in _HEADERS]
_CAMERA_HEADERS = [
    (name, b"camera=(self), geolocation=(), microphone=()" if name == b"permissions-policy" else value) for name, value in _PAGE_HEADERS
]
_NAMES = frozenset(name for name, _ in _HEADERS)
_PAGE = "psephos.page"
_READING = ("GET", "HEAD")
_OWN_SITES = ("same-origin", "none")


def as_page(scope: MutableMapping[str, Any], *, camera: bool) -> None:
    """Tells the edge that this request is answered with a page of ours, or with a file that one loads: it may run our scripts, and they may
    ask for the camera, or not. Everything else may do nothing in a browser."""
    scope[_PAGE] = camera


@dataclass(frozen=True, slots=True)
class Upload:
    """Requests that may bring a file as their body: paths with this end, of these types, none of which a form on another site can send;
    at most `largest` bytes."""

    path_end: str
    types: tuple[str, ...]
    largest: int


class Edge:
    """Wraps an app. `hosts` are the names it answers to; a body has at most `largest` bytes; what changes something is JSON, or an
    `upload`, and comes from no other web site."""

    def __init__(self, app: ASGIApp, hosts: Collection[str], largest: int, upload: Upload | None = None) -> None:
        self._app, self._hosts, self._largest, self._upload = app, frozenset(hosts), largest, upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = _HEADERS if _PAGE not in scope else _CAMERA_HEADERS if scope[_PAGE] else _PAGE_HEADERS
                message["headers"] = [pair for pair in message["headers"] if pair[0].lower() not in _NAMES] + own
            await send(message)

        request = Request(scope)
        largest = self._upload.largest if self._upload and self._uploads(request) else self._largest
        refusal = self._refusal(request, largest)
        if refusal is not None:
            await answer(*refusal)(scope, receive, with_headers)
            return
        body = _Bounded(receive, largest)
        try:
            await self._app(scope, body, with_headers)
        except _TooLarge:
            await answer(413, "Too large", f"a request has at most {largest} bytes; nothing was stored")(scope, receive, with_headers)

    def _uploads(self, request: Request) -> bool:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        return self._upload is not None and request.url.path.endswith(self._upload.path_end) and kind in self._upload.types

    def _refusal(self, request: Request, largest: int) -> tuple[int, str, str] | None:
        headers = request.headers
        if len(headers.getlist("host")) != 1 or headers["host"] not in self._hosts:
            return 421, "Not this service", "this service does not answer to that name"
        if request.method in _READING:
            return None
        if headers.get("sec-fetch-site", "same-origin") not in _OWN_SITES:
            return 403, "From another site", "requests that change something come from no other site; nothing was stored"
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] not in self._hosts:
            return 403, "From another site", "requests that change something come from no other site; nothing was stored"
        length = headers.get("content-length", "")
        if length and not (length.isascii() and length.isdigit() and len(length) < 20):
            return 400, "Bad request", "the length of the body is malformed"
        if length and int(length) > largest:
            return 413, "Too large", f"a request has at most {largest} bytes; nothing was stored"
        if self._uploads(request):
            return None
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return 415, "Not JSON", "expected a body of the type application/json; nothing was stored"
        return None


class _TooLarge(Exception):
    """A body longer than it may be, whatever its header said."""


class _Bounded:
    """Counts a body's bytes as they come."""

    def __init__(self, receive: Receive, largest: int) -> None:
        self._receive, self._left = receive, largest

    async def __call__(self) -> Message:
        """The next part."""
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise _TooLarge
        return message


def client_address(request: Request, proxies: Iterable[Network]) -> str:
    """The address a request comes from: of the connection, unless that is one of our own `proxies`; then the last address in
    X-Forwarded-For that is not. What else stands in the header anybody could have written."""
    own = list(proxies)
    reached = request.client.host if request.client else ""
    for claimed in reversed([reached_by for line in request.headers.getlist("x-forwarded-for") for reached_by in line.split(",")]):
        if not _is_in(reached, own):
            break
        reached = claimed.strip()
    return reached if _is_address(reached) else "unknown"


def _is_in(text: str, networks: list[Network]) -> bool:
    return _is_address(text) and any(ip_address(text) in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return len(text) < 46
