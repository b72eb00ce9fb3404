"""Looks again and again whether somebody has edited the voter database, and raises an alarm when something new is found (SV-16).

One look after the other, in the background: of a small database twice a minute. A big one is given four times as long a pause as the look
took, so that no more than a fifth of one core is used.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from api.audit.entry import PLATFORM, Entry
from api.clock import Clock
from api.errors import ApiError
from api.logs import exception_members, logger
from api.voters.database import VoterDatabase
from api.voters.integrity import Finding, Integrity, check_integrity

__all__ = ["IntegrityWatch", "entry_of"]

EVERY = 30.0
"""Seconds from the beginning of a look to that of the next, where it is short."""
_PAUSE = 4
_ONE_DAY = timedelta(days=1)
_log = logger(__name__)


class IntegrityWatch:
    """The looks of one process at one voter database. `findings` is what the last one found, `looks` how many there were; `steady` a clock
    in seconds that only goes on."""

    def __init__(self, database: VoterDatabase, clock: Clock, steady: Callable[[], float] = time.monotonic) -> None:
        self._database, self._clock, self._steady = database, clock, steady
        self._one = threading.Lock()
        self._told: Counter[Finding] = Counter()
        self._noted: datetime | None = None
        self.findings = self.looks = 0

    def run(self, ended: threading.Event) -> None:
        """Looks until that is set."""
        while not ended.wait(self.look()):
            pass

    def look(self) -> float:
        """Looks once, unless somebody does already; answers how many seconds to wait before the next look. Nothing is raised: a database
        that does not answer is a line in the service's log."""
        started = self._steady()
        if self._one.acquire(blocking=False):
            try:
                self._tell(self._found())
            except ApiError as error:
                _log.warning("the voter database cannot be looked at", **exception_members(error))
            finally:
                self._one.release()
        taken = self._steady() - started
        return max(EVERY - taken, _PAUSE * taken)

    def _found(self) -> Integrity:
        """Whoever edits rows so that nobody can read them must not end the looks: that is a finding, too."""
        try:
            return check_integrity(self._database)
        except ApiError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was
            _log.error("the voter database holds what cannot be looked at", **exception_members(error))
            found = Integrity()
            found.add("", "voter database", "rows that cannot be read")
            return found

    def _tell(self, found: Integrity) -> None:
        """Once for each finding; and once a day, and after a repair, that there is nothing."""
        now, listed = self._clock.now(), Counter(found.findings)
        is_new, is_repaired = found.count > self.findings or bool(listed - self._told), found.count < self.findings
        if is_new or is_repaired or self._noted is None or now - self._noted >= _ONE_DAY:
            with self._database.store.transaction() as session:
                self._database.note(session, entry_of(found, now))
            self._noted = now
        if is_new:
            _log.critical("somebody has edited the voter database: psephos database check --integrity says where", count=found.count)
        self._told, self.findings, self.looks = listed, found.count, self.looks + 1


def entry_of(found: Integrity, now: datetime) -> Entry:
    """What a look has found, for the audit log (COP-105c-iii-2)."""
    return Entry(PLATFORM, "integrity_checked", now, {
        "outcome": "failed" if found.count else "passed", "findings": found.count, "database": "voters", "rows": found.rows,
    })  # fmt: skip
