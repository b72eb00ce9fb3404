"""Shows how far a verification has come: a bar on a terminal, a line now and then elsewhere."""

import time
from typing import TextIO

__all__ = ["Display"]

_BAR = 20
_TERMINAL, _LINES = 0.1, 5.0
_TITLES = {"reading": "reading the files", "ballots": "checking ballots", "comparing": "looking for values that occur twice"}


class Display:
    """A `Progress` that writes to `stream`: over the same line on a terminal, else a line every few seconds."""

    def __init__(self, stream: TextIO, terminal: bool) -> None:
        self._stream, self._terminal = stream, terminal
        self._phase = ""
        self._shown = self._started = 0.0
        self._first = 0

    def __call__(self, phase: str, done: int, total: int) -> None:
        """Shows it, but not too often. The rate is that of this run: what was done when a phase began does not count."""
        now = time.monotonic()
        if phase != self._phase:
            self._phase, self._started, self._first, self._shown = phase, now, done, 0.0
        if done < total and now - self._shown < (_TERMINAL if self._terminal else _LINES):
            return
        self._shown = now
        line = self._line(done, total, now - self._started)
        if self._terminal:
            self._stream.write(f"\r{line:<79}" + ("\n" if done >= total else ""))
        else:
            self._stream.write(line + "\n")
        self._stream.flush()

    def _line(self, done: int, total: int, seconds: float) -> str:
        title = _TITLES.get(self._phase, self._phase)
        filled = _BAR * done // max(total, 1)
        bar = f"[{'#' * filled}{'.' * (_BAR - filled)}]"
        rate = (done - self._first) / seconds if seconds > 0 else 0.0
        left = _duration((total - done) / rate) if rate > 0 else "?"
        if self._phase == "reading":
            return f"{bar} {title}: {done / 1e6:.0f}/{total / 1e6:.0f} MB, {left} left"
        if self._phase == "ballots":
            return f"{bar} {title}: {done}/{total}, {rate:.{0 if rate >= 10 else 1}f}/s, {left} left"
        return f"{bar} {title}, {left} left"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
