"""Against guessing: wrong passwords and codes are counted for each account, in the database, and too many stop all attempts for a while.

Who is stopped gets the same answer as who is wrong. An attempt is counted before it is looked at, so that many at the same moment are no
more than one after another.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, select

from api.accounts.models import AttemptCount
from api.clock import Clock

__all__ = ["FREE", "LONGEST_PAUSE", "WINDOW", "Attempt", "Attempts", "pause_after"]

FREE = 5
"""So many failures stop attempts."""
WINDOW = timedelta(minutes=15)
"""After so long without a failure, none counts any more."""
_FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)


def pause_after(failures: int) -> timedelta:
    """How long nothing is tried after so many failures: a minute after the fifth, then twice as long after each, up to an hour."""
    if failures < FREE:
        return timedelta()
    return min(_FIRST_PAUSE * (1 << min(failures - FREE, 10)), LONGEST_PAUSE)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One that may be made: at what time, and when the one before it was counted as failed."""

    subject: str
    at: datetime
    before: datetime | None


class Attempts:
    """The counts of one database. `subject` is what `AccountDatabase.find` says, or an account id."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def count(self, session: Session, subject: str) -> Attempt | None:
        """Counts an attempt as failed, and answers it if it may be made; one that may not counts for nothing. No other attempt at this
        account is counted before the transaction ends."""
        row, now = self._lock(session, subject), self._clock.now()
        before, pause = row.last, pause_after(row.failures)
        row.tries += 1
        session.add(row)
        if before is not None and now >= before + pause + WINDOW:
            row.failures = 0
        elif before is not None and row.failures >= FREE and now < before + pause:
            return None
        row.failures, row.last = row.failures + 1, now
        return Attempt(subject, now, before)

    def take_back(self, session: Session, attempt: Attempt) -> None:
        """One that was counted was right, but it is not the last step: what failed before still counts, or whoever knows the password could
        guess codes without end."""
        row = self._lock(session, attempt.subject)
        row.failures = max(0, row.failures - 1)
        if row.last == attempt.at:
            row.last = attempt.before
        session.add(row)

    def forget(self, session: Session, subject: str) -> None:
        """Somebody has signed in: nothing counts any more."""
        row = self._lock(session, subject)
        row.failures, row.last = 0, None
        session.add(row)

    def _lock(self, session: Session, subject: str) -> AttemptCount:
        return session.exec(select(AttemptCount).where(AttemptCount.subject == subject).with_for_update()).one()
