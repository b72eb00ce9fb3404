"""What becomes of access codes that voters present, for the audit log (COP-105b-ix): numbers beside each code, and no times.

A form that is opened is counted before it is answered. A code that opens nothing is first counted in memory, whatever is wrong with it, so
that all such answers take the same time and a guesser writes nothing (SV-02, SV-19); once a minute what was counted is written. Who
presented a code is handed to the audit log after the close, in an order that says nothing (decision 15).
"""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlmodel import Session, col, select, update

from api.audit.entry import Entry
from api.clock import Clock
from api.voters.access_code import AccessCode
from api.voters.database import VoterDatabase
from api.voters.models import AccessMethod, Voter, VotingWindow
from api.voters.places import voter_place
from api.voters.window import Window

__all__ = ["Refusals", "Use", "count_opened", "uses"]

MOST = 1000
"""So many different codes that opened nothing are told apart in a minute; of more only how many there were."""


@dataclass(frozen=True, slots=True)
class Use:
    """How often one voter's access code opened the form, and how often it was refused."""

    code_hash: bytes
    unique_identifier: str = field(repr=False)
    opened: int
    refused: int


@dataclass
class _Waiting:
    """Refusals of one ballot that are not written yet: all of them, and those of codes that are told apart."""

    total: int = 0
    codes: Counter[bytes] = field(default_factory=Counter)

    def add(self, code_hash: bytes, count: int) -> None:
        """So many more with this code, as long as there is room for it."""
        if code_hash in self.codes or len(self.codes) < MOST:
            self.codes[code_hash] += count


class Refusals:
    """Counts codes that opened nothing, for one process. At most a minute's are lost if it dies."""

    def __init__(self, database: VoterDatabase, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._waiting: dict[str, _Waiting] = {}

    def note(self, window: Window, code: AccessCode) -> None:
        """One more. Nothing is written or looked for here."""
        code_hash = self._database.index.access_code(code.number)
        with self._lock:
            waiting = self._waiting.setdefault(window.election_id, _Waiting())
            waiting.total += 1
            waiting.add(code_hash, 1)

    def write(self) -> None:
        """Writes what was counted: beside the codes that there are, and how many it were in all as an entry. Once a minute, and at the end.
        Raises Overloaded, StoreError; what is not written then stays."""
        with self._writing:
            with self._lock:
                taken, self._waiting = self._waiting, {}
            try:
                for election_id, waiting in list(taken.items()):
                    self._write(election_id, waiting)
                    del taken[election_id]
            finally:
                with self._lock:
                    for election_id, waiting in taken.items():  # what could not be written
                        newer = self._waiting.setdefault(election_id, _Waiting())
                        newer.total += waiting.total
                        for code_hash, count in waiting.codes.items():
                            newer.add(code_hash, count)

    def _write(self, election_id: str, waiting: _Waiting) -> None:
        store, now = self._database.store, self._clock.now()
        with store.reading() as session:
            known = session.exec(select(AccessMethod.code_hash).where(col(AccessMethod.code_hash).in_(waiting.codes))).all()
        for code_hash in sorted(known):  # each by itself: no vote waits for more than one, and none in a circle
            with store.transaction() as session:
                if not _is_closed(session, election_id):
                    its_own = update(AccessMethod).where(col(AccessMethod.code_hash) == code_hash)
                    of_ballot = its_own.where(col(AccessMethod.election_id) == election_id)
                    session.exec(of_ballot.values(refused=AccessMethod.refused + waiting.codes[code_hash]))
            del waiting.codes[code_hash]
        with store.transaction() as session:
            self._database.note(session, Entry(election_id, "unauthorised_access_attempted", now, {
                "what": "access_method", "count": waiting.total, "minute": now.replace(second=0, microsecond=0),
            }))  # fmt: skip


def count_opened(session: Session, code_hash: bytes) -> None:
    """Counts, within a transaction that has locked the ballot open, that a code opened the form."""
    session.exec(update(AccessMethod).where(col(AccessMethod.code_hash) == code_hash).values(opened=AccessMethod.opened + 1))


def uses(database: VoterDatabase, window: Window) -> Iterator[Use]:
    """Of a closed ballot, whose numbers do not change any more: every code that was presented, in the order of keyed hashes."""
    query = (
        select(AccessMethod, Voter)
        .join(Voter, col(Voter.voter_index) == col(AccessMethod.voter_index))
        .where(AccessMethod.election_id == window.election_id, AccessMethod.opened + AccessMethod.refused > 0)
        .order_by(col(AccessMethod.code_hash))
    )
    with database.store.reading() as session:
        for method, voter in session.exec(query.execution_options(yield_per=500)):
            content = json.loads(window.key.open(voter.sealed, voter_place(voter.voter_index)))
            yield Use(method.code_hash, content["unique_identifier"], method.opened, method.refused)


def _is_closed(session: Session, election_id: str) -> bool:
    """From here on the ballot is not closed before the transaction ends."""
    query = select(VotingWindow.closed).where(VotingWindow.election_id == election_id)
    return session.exec(query.with_for_update(read=True)).one()
