"""A line between browsers and a service that breaks where a test says: a proxy of TCP that counts the bytes of a vote and of its answer."""

import contextlib
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.web.site import Site

__all__ = ["Cut", "How", "Line", "Of", "Part", "the_line"]

Of = Literal["vote", "answer"]
Part = Literal["line", "headers", "body", "whole"]
How = Literal["reset", "closed", "silent"]
_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: a socket that is closed sends a reset, and forgets what was not sent yet


@dataclass(frozen=True)
class Cut:
    """Where a vote's connection breaks: `at` bytes into this part of the vote or of its answer, counted from the part's end if negative, or
    at that share of it if it is a fraction. The parts are the first line, the other headers with the empty line, and the body."""

    of: Of
    part: Part
    at: float
    how: How = "reset"

    def place(self, message: bytes) -> int:
        """How many bytes of the message get through."""
        line = message.index(b"\r\n") + 2
        head = message.index(b"\r\n\r\n") + 4
        first, last = {"line": (0, line), "headers": (line, head), "body": (head, len(message)), "whole": (0, len(message))}[self.part]
        if isinstance(self.at, float):
            return first + int(self.at * (last - first))
        return (first if self.at >= 0 else last) + self.at  # a whole number


@dataclass
class Line:
    """The proxy at `address` to the service `site`. Each of the `cuts` is made to one vote that comes; when none is left, all goes through.
    Answers to votes wait until the `gate` is open. Of the votes that came: their bytes, `votes`, and how many bytes of them went on to the
    service and of their answers to the browser, `through`."""

    address: str
    site: Site
    cuts: list[Cut] = field(default_factory=list)
    votes: list[bytes] = field(default_factory=list)
    through: list[tuple[int, int]] = field(default_factory=list)
    open: list[socket.socket] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    answered: threading.Event = field(default_factory=threading.Event)

    def link(self) -> str:
        """A new voter's link that leads over this line."""
        return self.site.link().replace(self.site.address, self.address)

    def renew(self) -> None:
        """As it was in the beginning."""
        self.cuts.clear()
        self.votes.clear()
        self.through.clear()
        self.gate.set()
        self.answered.clear()

    def cut_off(self, votes: int) -> None:
        """Waits until so many votes have gone as far as they come."""
        until = time.monotonic() + 20
        while len(self.through) < votes:
            assert time.monotonic() < until, "no vote has come"
            time.sleep(0.01)

    def reset(self) -> None:
        """Breaks every connection there is, as a router does that has forgotten them."""
        for each in self.open:
            _break(each, "reset")
        self.open.clear()

    def carry(self, browser: socket.socket, ended: threading.Event) -> None:
        """One connection of a browser: a request, its answer, and the next request. A silent one stays open until all is `ended`."""
        self.open.append(browser)
        while request := _message(browser):
            host, _, port = self.site.address.removeprefix("http://").partition(":")
            with socket.create_connection((host, int(port))) as service:
                if not re.match(rb"POST \S+/votes ", request):
                    service.sendall(request)
                    browser.sendall(_message(service))
                elif (cut := self.vote(request, browser, service)) is not None:
                    if cut.how == "silent":
                        ended.wait()
                    _break(service, cut.how)
                    _break(browser, cut.how)
                    return

    def vote(self, request: bytes, browser: socket.socket, service: socket.socket) -> Cut | None:
        """Carries a vote and its answer as far as they come."""
        self.votes.append(request)
        cut = self.cuts.pop(0) if self.cuts else None
        up, down = cut.place(request) if cut and cut.of == "vote" else len(request), 0
        service.sendall(request[:up])
        if up == len(request):
            answer = _message(service)
            self.answered.set()
            self.gate.wait()
            down = cut.place(answer) if cut else len(answer)
            browser.sendall(answer[:down])
        self.through.append((up, down))
        return cut


def _message(connection: socket.socket) -> bytes:
    """The next request, or answer, as it came; nothing at the end of the connection. All that is sent here has its length in a header."""
    content = b""
    while b"\r\n\r\n" not in content:
        if not (more := connection.recv(65536)):
            return b""
        content += more
    head, _, body = content.partition(b"\r\n\r\n")
    lengths = [line.partition(b":")[2] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    missing = (int(lengths[0]) if lengths else 0) - len(body)
    while missing > 0:
        if not (more := connection.recv(65536)):
            return b""
        content, missing = content + more, missing - len(more)
    return content


def _break(connection: socket.socket, how: How) -> None:
    with contextlib.suppress(OSError):
        if how == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        else:
            connection.shutdown(socket.SHUT_WR)
        connection.close()


@contextlib.contextmanager
def the_line(folder: Path) -> Iterator[Line]:
    """A service, and a line to it."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0), backlog=64)) as bound:
        address = f"127.0.0.1:{bound.getsockname()[1]}"
        with Site(folder, also=address) as site:
            line, ended = Line(f"http://{address}", site), threading.Event()

            def carry(browser: socket.socket) -> None:
                with contextlib.suppress(OSError):
                    line.carry(browser, ended)
                _break(browser, "reset")

            def accept() -> None:
                with contextlib.suppress(OSError):
                    while True:
                        browser, _ = bound.accept()
                        threading.Thread(target=carry, args=[browser], daemon=True).start()

            threading.Thread(target=accept, daemon=True).start()
            yield line
            ended.set()
            bound.shutdown(socket.SHUT_RDWR)
            line.reset()
