"""The import of a roll: in the background, one at a time, while the service goes on answering.

What is read lies on the disk sealed with a key of this process alone, and goes when the next roll of the ballot comes, or the service ends.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from api.errors import ApiError, Conflict, Invalid, NotFound
from api.logs import exception_members, logger
from api.users.findings import Findings
from api.users.people import UserDatabase
from api.users.roll import CheckedRoll, Reading, Tell, check_roll
from api.users.spool import Spool
from api.users.storing import Changes, Stored

__all__ = ["Import", "ImportState", "Importing", "RowsRejected", "Steps", "Wanted"]

_log = logger(__name__)


class ImportState(StrEnum):
    """How an import stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class RowsRejected(Invalid):
    """Rows that cannot be taken, and whoever has sent the roll did not say that so many are left out. Nothing was stored."""

    title = "Roll not taken"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: only to look, or to store without exactly `leave_out` rows that are rejected; how the file is read."""

    reading: Reading
    dry_run: bool
    leave_out: int


@dataclass(frozen=True, slots=True)
class Import:
    """How far an import is: what it does and at how many rows it is; what the roll looked like, once it was checked; what was stored, or
    would be, and what has failed."""

    state: ImportState
    doing: str = "waiting"
    at: int = 0
    checked: CheckedRoll | None = field(default=None, repr=False)
    changes: Changes | None = None
    stored: bool = False
    failed: ApiError | None = None


@dataclass(frozen=True, slots=True)
class Steps:
    """What is done before a roll is stored, and after; see `Importing`."""

    before: Callable[[CheckedRoll], None]
    after: Callable[[Stored, CheckedRoll, Tell], None]


class Importing:
    """The imports of one service. `before` is called with a roll that will be stored, and raises if it is too late for that; `after` with
    what was stored and the roll: it hands voters over and writes to the audit log; if it raises, the same roll again does the rest."""

    def __init__(self, users: UserDatabase) -> None:
        self._users = users
        self._turn = threading.Lock()
        self._now: dict[str, Import] = {}

    def start(
        self, election_id: str, file: Spool, wanted: Wanted, then: Steps, seconds: float
    ) -> Import:
        """Begins to import, and waits so long for the end. The file is closed then. Raises Conflict while another roll is imported."""
        if not self._turn.acquire(blocking=False):
            file.close()
            raise Conflict("another roll is being imported; nothing was stored")
        self._forget(election_id)
        self._now[election_id] = Import(ImportState.RUNNING)
        thread = threading.Thread(target=self._run, args=(election_id, file, wanted, then), name="roll", daemon=True)
        thread.start()
        thread.join(seconds)
        return self.found(election_id)

    def found(self, election_id: str) -> Import:
        """How the last import of this ballot stands. Raises NotFound if there was none since the service runs."""
        found = self._now.get(election_id)
        if found is None:
            raise NotFound("no roll of this ballot was imported since the service runs")
        return found

    def findings(self, election_id: str) -> Findings:
        """What was wrong with the roll that was imported last. Raises NotFound, or Conflict while it is being read."""
        found = self.found(election_id)
        if found.checked is None:
            raise Conflict("the roll is not read to its end; there is no list yet")
        return found.checked.findings

    def _run(self, election_id: str, file: Spool, wanted: Wanted, then: Steps) -> None:
        def tell(doing: str, at: int) -> None:
            self._now[election_id] = replace(self._now[election_id], doing=doing, at=at)

        try:
            checked = check_roll(file.opened, wanted.reading, tell)
            self._now[election_id] = replace(self._now[election_id], checked=checked)
            done = self._finish(election_id, checked, wanted, then, tell)
        except ApiError as error:
            done = replace(self._now[election_id], state=ImportState.FAILED, failed=error)
        except Exception as error:  # noqa: BLE001 - whatever it was, whoever asks has to be told
            _log.error("an import failed", **exception_members(error))
            failed = ApiError(f"the import failed: unexpected {type(error).__name__}; hand the roll in again")
            done = replace(self._now[election_id], state=ImportState.FAILED, failed=failed)
        if done.checked is not None:
            done.checked.forget_people()
        self._now[election_id] = done
        file.close()
        self._turn.release()

    def _finish(
        self, election_id: str, checked: CheckedRoll, wanted: Wanted, then: Steps, tell: Tell
    ) -> Import:
        now = self._now[election_id]
        if wanted.dry_run:
            changes = self._users.changes(election_id, checked)
            return replace(now, state=ImportState.DONE, changes=changes, doing="done", at=checked.rows)
        if wanted.leave_out != checked.rejected:
            raise RowsRejected(
                f"{checked.rejected} of {checked.rows} rows are rejected, nothing was stored; correct them, or say that "
                f"{checked.rejected} are left out"
            )
        if not checked.accepted:
            raise RowsRejected("no row is accepted; nothing was stored")
        then.before(checked)
        stored = self._users.store_roll(election_id, checked, tell)
        then.after(stored, checked, tell)
        return replace(now, state=ImportState.DONE, changes=stored.changes, stored=True, doing="done", at=checked.rows)

    def _forget(self, election_id: str) -> None:
        before = self._now.pop(election_id, None)
        if before is not None and before.checked is not None:
            before.checked.close()
