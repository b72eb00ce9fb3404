"""HTTPS to a service that need not be trusted: no redirects, bounded answers, and tries again when the way there is interrupted.

Plain HTTP goes to this machine alone, for tests. Certificates are checked against the system's; no proxy from the environment is used.
"""

import http.client
import io
import ipaddress
import json
import re
import secrets
import ssl
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from cli.errors import PsephosError

__all__ = ["Connection", "NotSignedIn", "Refused", "Unreachable", "read_url"]

TIMEOUT = 30.0  # seconds without a byte
SMALL = 4 * 2**20  # bytes of an answer, unless it is asked for more
LONGEST_PAUSE = 60.0
PART = 2**20
_RETRY = (429, 502, 503, 504)
_HOST = re.compile(r"[0-9A-Za-z.:\[\]-]{1,255}")


class Unreachable(PsephosError):
    """The service did not answer; it may do so later."""


class Refused(PsephosError):
    """The service's refusal, in its own words; `status` is that of HTTP, `told` all that it says, if that is JSON."""

    def __init__(self, status: int, detail: str, told: Any = None) -> None:
        super().__init__(f"the service refuses: {detail} (status {status})")
        self.status, self.detail, self.told = status, detail, told


class NotSignedIn(Refused):
    """The session has ended, or there was none."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a service is."""

    secure: bool
    host: str
    port: int | None

    @property
    def url(self) -> str:
        """The same as text, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http{'s' if self.secure else ''}://{host}{f':{self.port}' if self.port else ''}"


def read_url(text: str) -> Place:
    """The place that a URL names. Raises PsephosError unless it is https://HOST or, on this machine, http://localhost:PORT."""
    try:
        parts = urlsplit(text.strip())
        place = Place(parts.scheme == "https", parts.hostname or "", parts.port)
    except ValueError:
        raise PsephosError(f"{text!a} is no address; expected https://HOST") from None
    rest = parts.path.removesuffix("/") + parts.query + parts.fragment
    if parts.scheme not in ("https", "http") or not _HOST.fullmatch(parts.netloc) or not place.host or rest:
        raise PsephosError(f"{text!a} is not the address of a service; expected https://HOST, without anything behind it")
    if not place.secure and not _is_this_machine(place.host):
        raise PsephosError(f"{text!a} is not encrypted; expected https://HOST")
    return place


class Connection:
    """Requests to one service, one at a time. `tries` is how often a request is made before `Unreachable` is raised; None: for ever."""

    def __init__(self, url: str, tries: int | None = None) -> None:
        self.place = read_url(url)
        self.tries = tries
        self._open: http.client.HTTPConnection | None = None
        self._tag = ""  # the last answer's ETag

    def get(self, path: str, token: str | None, largest: int = SMALL) -> bytes:
        """The answer to GET; without a token as anybody. Raises Refused, NotSignedIn, Unreachable."""
        return self._call("GET", path, token, None, largest)

    def get_json(self, path: str, token: str) -> Any:
        """The same, read as JSON. Raises PsephosError if it is none."""
        return _json(self.get(path, token), path)

    def post(self, path: str, content: Any, token: str | None = None, once: bool = False) -> Any:
        """POST of JSON; the answer as JSON, None if it is empty. It has to bear being sent twice, unless the service does `once` what comes
        with one key however often it comes."""
        key = secrets.token_hex(16) if once else None
        answer = self._call("POST", path, token, json.dumps(content).encode(), SMALL, key)
        return _json(answer, path) if answer else None

    def get_tagged(self, path: str, token: str) -> tuple[Any, str]:
        """The answer to GET as JSON, and its header ETag, which `put` wants."""
        found = self.get_json(path, token)
        return found, self._tag

    def post_for_bytes(self, path: str, content: Any, token: str, largest: int) -> bytes:
        """POST of JSON whose answer is a file."""
        return self._call("POST", path, token, json.dumps(content).encode(), largest)

    def put(self, path: str, content: Any, token: str, tag: str | None = None) -> Any:
        """PUT of JSON, in place of what had this ETag if one is named; the answer as JSON."""
        return _json(self._call("PUT", path, token, json.dumps(content).encode(), SMALL, tag=tag), path)

    def upload(self, path: str, file: BinaryIO, token: str) -> Any:
        """POST of a file from its beginning; the answer as JSON. It has to bear being sent twice."""
        return _json(self._call("POST", path, token, file, SMALL), path)

    def stream(self, path: str, token: str) -> "_Stream":
        """The answer to GET in parts, for what is too large for the memory: a context that yields the header ETag and the parts."""
        return _Stream(self, path, token)

    def close(self) -> None:
        """Ends the connection; the next request makes a new one."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _call(
        self, method: str, path: str, token: str | None, body: bytes | BinaryIO | None, largest: int, key: str | None = None,
        tag: str | None = None,
    ) -> bytes:  # fmt: skip
        for pause in self.pauses():
            reused = self._open is not None
            try:
                response = self.send(method, path, token, body, key, tag)
                content = response.read(largest + 1)
                if len(content) > largest:
                    self.close()
                    raise PsephosError(f"the answer of {self.place.url} to {method} {path} is longer than {largest} bytes")
                check_whole(response)
                self._done(response)
            except ssl.SSLCertVerificationError as error:
                self.close()
                raise PsephosError(f"{self.place.url} does not prove that it is {self.place.host}: {error.verify_message}") from None
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if not reused or pause is None:  # one that was open for long may have been closed at the other end
                    self.wait(pause, f"{self.place.url} cannot be reached ({_words(error)})")
                continue
            if response.status in _RETRY:
                longer = pause and max(pause, _retry_after(response))
                self.wait(longer, f"{self.place.url} is busy (status {response.status})")
                continue
            if response.status not in (200, 201, 202, 204):
                raise refusal(response.status, content)
            self._tag = response.getheader("ETag") or ""
            return content
        raise AssertionError("the last try returns or raises")

    def send(
        self, method: str, path: str, token: str | None, body: bytes | BinaryIO | None, key: str | None = None, tag: str | None = None
    ) -> http.client.HTTPResponse:
        """One request; raises what the connection raises. Redirects are answers as any other."""
        if self._open is None:
            kind = http.client.HTTPSConnection if self.place.secure else http.client.HTTPConnection
            more: dict[str, Any] = {"context": ssl.create_default_context()} if self.place.secure else {}
            self._open = kind(self.place.host, self.place.port, timeout=TIMEOUT, **more)
        headers = {"Accept": "*/*", "User-Agent": "psephos"}
        if isinstance(body, bytes):
            headers["Content-Type"] = "application/json"
        elif body is not None:
            headers["Content-Type"], headers["Content-Length"] = "application/octet-stream", str(body.seek(0, io.SEEK_END))
            body.seek(0)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if key is not None:
            headers["Idempotency-Key"] = key
        if tag is not None:
            headers["If-Match"] = tag
        self._open.request(method, path, body, headers)
        return self._open.getresponse()

    def _done(self, response: http.client.HTTPResponse) -> None:
        if response.will_close:
            self.close()

    def pauses(self) -> Iterator[float | None]:
        """Seconds to wait after each try that fails; None after the last one."""
        pause, made = 1.0, 0
        while True:
            made += 1
            yield pause if self.tries is None or made < self.tries else None
            pause = min(2 * pause, LONGEST_PAUSE)

    def wait(self, pause: float | None, what: str) -> None:
        """Says on standard error what is awaited, and waits. Raises Unreachable if there is to be no more try."""
        if pause is None:
            raise Unreachable(what)
        line = PsephosError(f"{what}; trying again in {pause:.0f} s (stop with Ctrl-C, nothing is lost)")
        print(line.format_message(), file=sys.stderr, flush=True)
        time.sleep(pause)


@dataclass
class _Stream:
    connection: Connection
    path: str
    token: str

    @contextmanager
    def opened(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """The header ETag without its quotes, and the parts. Raises Refused, NotSignedIn, OSError, http.client.HTTPException."""
        response = self.connection.send("GET", self.path, self.token, None)
        try:
            if response.status in _RETRY:
                raise http.client.HTTPException(f"busy, status {response.status}")
            if response.status != 200:
                raise refusal(response.status, response.read(SMALL))
            yield (response.getheader("ETag") or "").strip('"'), _parts(response)
        finally:
            self.connection.close()


def _parts(response: http.client.HTTPResponse) -> Iterator[bytes]:
    while part := response.read(PART):
        yield part
    check_whole(response)


def check_whole(response: http.client.HTTPResponse) -> None:
    """Raises IncompleteRead if the connection ended before all of the answer was there, which `read` with a bound passes over."""
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)


def refusal(status: int, content: bytes) -> Refused:
    """What a refusal says, if it says anything."""
    told = None
    try:
        told = json.loads(content)
        detail = str(told["detail"])[:500]
    except (ValueError, TypeError, KeyError, RecursionError):
        detail = "it does not say why" if status not in range(300, 400) else "it sends us elsewhere, and we do not go there"
    return NotSignedIn(status, detail) if status == 401 else Refused(status, detail, told)


def _json(content: bytes, path: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise PsephosError(f"the service's answer to {path} is not JSON") from None


def _retry_after(response: http.client.HTTPResponse) -> float:
    text = response.getheader("Retry-After") or ""
    return min(float(text), LONGEST_PAUSE) if text.isascii() and text.isdigit() else 0.0


def _words(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__)[:200]


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
