"""Sees every request come and go, and nothing of what is in it: writes a line and counts. The outermost part of an app."""

import secrets
import time
from collections.abc import Collection, Hashable, MutableMapping
from http import HTTPStatus
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.counting import STEP, VOTERS, Counts
from api.errors import ApiError, Overloaded, StoreError
from api.logs import REQUEST, exception_members, logger

__all__ = ["GONE", "LINES_A_MINUTE", "Observing", "note"]

LINES_A_MINUTE = 100
"""Of one kind of request. What the service itself got wrong is written always."""

GONE = 499
"""Stands for a status where somebody went away in the middle of a request."""
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_NOTED = "psephos.refusal"
_log = logger(__name__)


def note(scope: MutableMapping[str, Any], error: ApiError) -> None:
    """Tells whoever observes this request why it was refused."""
    scope[_NOTED] = error


class Observing:
    """Wraps an app. Requests by the routes of `voters`, templates, that were granted are written and counted ten at a time, all together: a
    line for each would show when somebody voted, to the second (PR-13)."""

    def __init__(self, app: ASGIApp, counts: Counts, voters: Collection[str] = ()) -> None:
        self._app, self._counts, self._voters, self._flood = app, counts, frozenset(voters), _Flood()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, started = 500, time.monotonic()

        async def answering(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        token = REQUEST.set(secrets.token_hex(8))
        try:
            await self._app(scope, receive, answering)
        except ClientDisconnect:  # nobody is there to be answered
            status = GONE
        except Exception as error:
            self._counts.refusal("mistake")
            _log.error("a mistake of the program", **exception_members(error))
            raise
        finally:
            self._note(scope, status, time.monotonic() - started)
            REQUEST.reset(token)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        path = getattr(scope.get("route"), "path", "none")
        refused = scope.get(_NOTED)
        if isinstance(refused, StoreError):
            self._counts.refusal("database")
            _log.error("a database cannot be used", **exception_members(refused))
        elif isinstance(refused, Overloaded):
            self._counts.refusal("overload")
        elif status == HTTPStatus.TOO_MANY_REQUESTS:
            self._counts.refusal("rate limit")
        if path in self._voters and status < HTTPStatus.BAD_REQUEST:
            if self._counts.request("any", VOTERS, status, seconds) % STEP == 0:
                _log.info("requests", route=VOTERS, count=STEP)
            return
        self._counts.request(method, VOTERS if path in self._voters else path, status, seconds)
        untold = self._flood.untold((method, path, status)) if status < HTTPStatus.INTERNAL_SERVER_ERROR else 0
        if untold:
            _log.warning("requests that were not written one by one", method=method, route=path, status=status, count=untold)
        if untold is not None:
            _log.info("request", method=method, route=path, status=status, ms=_coarse(seconds))


class _Flood:
    """Of each kind of request so many lines a minute are written, so that a flood of one kind hides no other (SV-19). How many there were
    is counted all the same."""

    def __init__(self) -> None:
        self._minutes: dict[Hashable, tuple[int, int]] = {}

    def untold(self, kind: Hashable) -> int | None:
        """None if this one is not to be written; else how many of its kind were not since the last that was. Kinds are few: methods and
        routes come from lists."""
        minute = int(time.monotonic() // 60)
        started, count = self._minutes.get(kind, (minute, 0))
        if started != minute:
            self._minutes[kind] = (minute, 1)
            return max(0, count - LINES_A_MINUTE)
        self._minutes[kind] = (minute, count + 1)
        return 0 if count < LINES_A_MINUTE else None


def _coarse(seconds: float) -> int:
    """Milliseconds, up to the next of 10, 20, 50, 100 …"""
    limit = 10
    while limit < seconds * 1000:
        limit = limit * 5 // 2 if str(limit)[0] == "2" else limit * 2
    return limit
