"""What the services write: JSON, one object a line, to standard error. What may hold data of a voter is never written (PR-15, SV-19).

A line has members of a short list, and no others get through: a mistake elsewhere loses a member, it does not publish one. An exception
is written as its type and the places in the code it passed; its message, arguments and variables are not, for they may hold what a voter
sent. Of a library's line only the place it comes from is written, unless its words are known to hold nothing.
"""

import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator, MutableMapping
from contextvars import ContextVar
from pathlib import Path
from traceback import walk_tb
from types import TracebackType
from typing import Any, TextIO, cast

import structlog

__all__ = ["MEMBERS", "REQUEST", "configure", "exception_members", "logger"]

REQUEST: ContextVar[str | None] = ContextVar("request", default=None)
"""A random name of the request that is being answered: it joins the lines of one request and is told to nobody."""
MEMBERS = (
    "time", "level", "service", "event", "request", "method", "route", "status", "ms", "count", "sha256", "exception", "places", "from",
)  # fmt: skip
"""All that a line may have."""
_KNOWN_WORDS = ("uvicorn.error", "uvicorn")
"""Loggers of others whose fixed texts are written, without their arguments."""
_LONGEST = 300
_PLACES = 12

Event = MutableMapping[str, Any]


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger for a module. Its events are fixed texts, and their members are among `MEMBERS`."""
    wrapped = structlog.wrap_logger(
        logging.getLogger(name),
        processors=[structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    return cast(structlog.stdlib.BoundLogger, wrapped)


def configure(service: str, stream: TextIO | None = None) -> None:
    """Makes all that this process writes such lines: own events, those of libraries, warnings, and what nobody has caught."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Formatter(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("api").setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):  # which have handlers of their own
        logging.getLogger(name).handlers[:] = []
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn.access").disabled = True  # who asked for what, and when, is not written down (T3)
    logging.raiseExceptions = False  # a line that cannot be written is not written in another way
    own = logger("api.logs")

    def warned(
        message: Warning | str, category: type[Warning], filename: str, lineno: int, file: TextIO | None = None, line: str | None = None
    ) -> None:
        del message, file, line
        own.warning("a warning of Python", exception=_name(category), places=[f"{Path(filename).name}:{lineno}"])

    def uncaught(kind: type[BaseException], _: BaseException, traceback: TracebackType | None) -> None:
        own.critical("the process ends by an exception", exception=_name(kind), places=_places(traceback))

    def uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
        own.error("a thread has ended by an exception", exception=_name(arguments.exc_type), places=_places(arguments.exc_traceback))

    def unraisable(arguments: Any) -> None:
        own.error("an exception could not be raised", exception=_name(arguments.exc_type), places=_places(arguments.exc_traceback))

    warnings.showwarning = warned
    sys.excepthook, threading.excepthook, sys.unraisablehook = uncaught, uncaught_in_thread, unraisable


def exception_members(error: BaseException) -> dict[str, object]:
    """An exception as a line may show it: types of it and what it came from, and places in the code, the innermost last."""
    names = " from ".join(_name(type(each)) for each in _chain(error))
    return {"exception": names, "places": _places(error.__traceback__)}


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    for _ in range(4):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)


def _name(kind: type[BaseException] | None) -> str:
    return f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.") if kind else "unknown"


def _places(traceback: TracebackType | None) -> list[str]:
    """Modules and lines. A function's name adds nothing, and a file's path would show the machine."""
    places = [f"{frame.f_globals.get('__name__', '?')}:{line}" for frame, line in walk_tb(traceback)]
    return places[-_PLACES:]


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Own events and those of others, as lines."""

    def __init__(self, service: str) -> None:
        self._service = service
        super().__init__(
            processors=[self._only_known, structlog.processors.JSONRenderer(serializer=_line)],
            foreign_pre_chain=[_of_others],
            use_get_message=False,
        )

    def _only_known(self, _: object, __: str, event: Event) -> Event:
        record: logging.LogRecord = event["_record"]
        moment = structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%SZ", utc=True, key="time")(None, "", {})["time"]
        members = dict(event) | {"time": moment, "level": record.levelname.lower(), "service": self._service, "request": REQUEST.get()}
        return {name: _plain(members[name]) for name in MEMBERS if members.get(name) is not None}


def _of_others(_: object, __: str, event: Event) -> Event:
    """A line of a library: its place; its words only if they are fixed. Arguments of a line may hold anything."""
    record: logging.LogRecord = event["_record"]
    first = str(record.msg).strip().partition("\n")[0]  # what follows may be a traceback, with its message
    words = first if record.name in _KNOWN_WORDS else "a line of a library"
    raised = exception_members(record.exc_info[1]) if record.exc_info and record.exc_info[1] else {}
    return {"_record": record, "event": words, "from": f"{record.name}:{record.lineno}", **raised}


def _plain(value: object) -> object:
    """Numbers, short texts and lists of them; of anything else, its type."""
    if isinstance(value, bool | int):
        return value
    if isinstance(value, list):
        return [_plain(each) for each in value[:_PLACES]]
    return value[:_LONGEST] if isinstance(value, str) else f"<{type(value).__name__}>"


def _line(event: Event, **_: object) -> str:
    """ASCII alone: no character of a line can end it, or move a terminal's cursor."""
    return json.dumps(event, ensure_ascii=True).replace("\x7f", "\\u007f")
