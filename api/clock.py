"""The time that decides. It runs steadily from when the service started, so that a jump of the machine's clock opens or closes nothing."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

__all__ = ["JUMP", "Clock"]

JUMP = timedelta(seconds=2)
"""By so much the machine's clock may differ from the steady one before it is called a jump. Slow corrections go into both."""


class Clock:
    """UTC, whole microseconds. `wall` and `steady` are the machine's clock and one that only goes on, in seconds."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._steady = wall, steady
        self._offset = wall() - steady()

    def now(self) -> datetime:
        """The time; it never goes back while the service runs."""
        return datetime.fromtimestamp(self._steady() + self._offset, UTC)

    def jump(self) -> timedelta:
        """How far the machine's clock is ahead of this one; beyond `JUMP` somebody has moved it, and an alarm is due."""
        return datetime.fromtimestamp(self._wall(), UTC) - self.now()
