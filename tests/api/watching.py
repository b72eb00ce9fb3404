"""A process's log and its settings, put back afterwards, for tests of what is written."""

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from api import logs


@contextmanager
def configured(service: str = "voting") -> Iterator[io.StringIO]:
    """What the process writes, as `psephos serve` configures it."""
    root = logging.getLogger()
    names = ("api", "uvicorn", "uvicorn.error", "uvicorn.access")
    others = {name: logging.getLogger(name) for name in names}
    before = (root.handlers[:], root.level, logging.raiseExceptions, warnings.showwarning)
    of_others = {name: (each.handlers[:], each.level, each.propagate, each.disabled) for name, each in others.items()}
    hooks = (sys.excepthook, threading.excepthook, sys.unraisablehook)
    silenced = [each for each in logging.root.manager.loggerDict.values() if isinstance(each, logging.Logger) and each.disabled]
    for each in silenced:  # by a test tool that configures logging for itself
        each.disabled = False
    written = io.StringIO()
    logs.configure(service, written)
    try:
        yield written
    finally:
        root.handlers[:], root.level, logging.raiseExceptions, warnings.showwarning = before
        for name, (handlers, level, propagate, disabled) in of_others.items():
            others[name].handlers[:] = handlers
            others[name].setLevel(level)
            others[name].propagate, others[name].disabled = propagate, disabled
        for each in silenced:
            each.disabled = True
        sys.excepthook, threading.excepthook, sys.unraisablehook = hooks


def lines(written: io.StringIO) -> list[dict[str, object]]:
    """Each line, which is one object and holds no control character."""
    content = written.getvalue()
    assert content.isascii()
    assert all(character == "\n" or character.isprintable() for character in content)
    found = [json.loads(line) for line in content.splitlines()]
    for each in found:
        assert set(each) <= set(logs.MEMBERS)
    return found
