"""Ballots as events: made, changed while they are drafts, and led from state to state by people who have to agree."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from api.clock import Clock
from api.elections.models import Approval, Election, Transition
from api.elections.states import State, Step, after, persons_for
from api.errors import Conflict, Denied, Invalid, NotFound
from api.store import Store
from engine.errors import EngineError
from engine.group import Group
from engine.manifest import Manifest, read_manifest
from engine.parameters import election_parameters

__all__ = ["Asked", "Ballot", "Done", "ElectionService", "Record"]

Record = Callable[[str, Mapping[str, str]], None]
"""Called with the kind of an event and its details, for the audit log."""


@dataclass(frozen=True, slots=True)
class Ballot:
    """A ballot as it stands."""

    election_id: str
    manifest: Manifest
    guardian_count: int
    quorum: int
    state: State
    version: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking for a step: the state now, and how many persons are still needed."""

    state: State
    missing: int


@dataclass(frozen=True, slots=True)
class Done:
    """A step that was done, by whom and when."""

    step: Step
    before: State
    after: State
    accounts: tuple[str, ...]
    done: datetime


class ElectionService:
    """The ballots of one database called elections. `record` writes to the audit log."""

    def __init__(self, store: Store, clock: Clock, group: Group, record: Record) -> None:
        self._store, self._clock, self._group, self._record = store, clock, group, record

    def create(self, manifest: bytes, guardian_count: int, quorum: int, account_id: str) -> Ballot:
        """A draft. Its id is the manifest's election identifier. Raises Invalid, or Conflict if there is a ballot with that identifier."""
        read = self._check(manifest, guardian_count, quorum)
        election_id = read.voting.election_identifier.hex()
        with self._store.transaction() as session:
            if session.get(Election, election_id) is not None:
                raise Conflict("there is a ballot with this identifier already")
            row = Election(
                election_id=election_id, manifest=manifest, guardian_count=guardian_count, quorum=quorum, state=State.DRAFT.value
            )
            session.add(row)
        self._record("ballot created", {"election": election_id, "account": account_id})
        return self.ballot(election_id)

    def change(self, election_id: str, version: int, manifest: bytes, guardian_count: int, quorum: int, account_id: str) -> Ballot:
        """Changes a draft that is still at `version`. Raises Invalid, NotFound, or Conflict if it is no draft or was changed meanwhile."""
        read = self._check(manifest, guardian_count, quorum)
        if read.voting.election_identifier.hex() != election_id:
            raise Invalid("the manifest has the identifier of another ballot")
        with self._store.transaction() as session:
            row = self._lock(session, election_id)
            if row.state != State.DRAFT:
                raise Conflict(f"the ballot is {row.state}: what it is about cannot be changed any more (T6, T7)")
            if row.version != version:
                raise Conflict("the ballot was changed meanwhile; look at it again")
            row.manifest, row.guardian_count, row.quorum, row.version = manifest, guardian_count, quorum, version + 1
            session.add(row)
        self._record("ballot changed", {"election": election_id, "account": account_id})
        return self.ballot(election_id)

    def ask(self, election_id: str, step: Step, account_id: str, effect: Callable[[Ballot], None]) -> Asked:
        """Asks for a step. It is done when as many different persons have asked as it needs, and then `effect` is carried out first, which
        raises Conflict if something is not ready; it must bear being carried out again. Raises NotFound, Denied if the same person asks
        twice, Conflict if the step leads nowhere from here."""
        with self._store.transaction() as session:
            row = self._lock(session, election_id)
            before = State(row.state)
            following = after(before, step)
            earlier = session.exec(
                select(Approval.account_id)
                .where(Approval.election_id == election_id, Approval.state == before.value, Approval.step == step.value)
                .order_by(col(Approval.account_id))
            ).all()
            if account_id in earlier:
                raise Denied("the same person cannot ask twice: another one has to")
            missing = persons_for(step) - len(earlier) - 1
            if missing <= 0:
                effect(self._read(row))
                self._move(session, row, before, following, step, (*earlier, account_id))
            session.add(Approval(
                election_id=election_id, state=before.value, step=step.value, account_id=account_id, asked=self._clock.now()
            ))  # fmt: skip
        self._record("step asked for", {"election": election_id, "account": account_id, "step": step.value})
        if missing > 0:
            return Asked(before, missing)
        self._record("step done", {"election": election_id, "step": step.value, "state": following.value})
        return Asked(following, 0)

    def ballot(self, election_id: str) -> Ballot:
        """A ballot as it stands. Raises NotFound."""
        with self._store.reading() as session:
            row = session.get(Election, election_id)
        if row is None:
            raise NotFound("there is no such ballot")
        return self._read(row)

    def history(self, election_id: str) -> list[Done]:
        """Every step that was done, in order."""
        with self._store.reading() as session:
            rows = session.exec(select(Transition).where(Transition.election_id == election_id).order_by(col(Transition.position))).all()
        return [
            Done(Step(row.step), State(row.before), State(row.after), tuple(row.accounts.split()), row.done)
            for row in rows
        ]

    def open_ballots(self) -> list[str]:
        """The ids of all ballots that are open: while there is one, nothing is upgraded (OP-11)."""
        with self._store.reading() as session:
            return list(session.exec(select(Election.election_id).where(Election.state == State.OPEN.value)))

    def _move(self, session: Session, row: Election, before: State, following: State, step: Step, accounts: tuple[str, ...]) -> None:
        row.state, row.version = following.value, row.version + 1
        session.add(row)
        done = len(session.exec(select(Transition.position).where(Transition.election_id == row.election_id)).all())
        session.add(Transition(
            election_id=row.election_id, position=done + 1, step=step.value, before=before.value, after=following.value,
            accounts=" ".join(accounts), done=self._clock.now(),
        ))  # fmt: skip

    def _lock(self, session: Session, election_id: str) -> Election:
        row = session.exec(select(Election).where(Election.election_id == election_id).with_for_update()).first()
        if row is None:
            raise NotFound("there is no such ballot")
        return row

    def _check(self, manifest: bytes, guardian_count: int, quorum: int) -> Manifest:
        try:
            read = read_manifest(manifest)
            election_parameters(self._group, read, guardian_count, quorum)
        except EngineError as error:
            raise Invalid(f"the ballot cannot be held as described: {error}") from None
        if quorum >= guardian_count:
            raise Invalid("with as many trustees needed as there are, one lost key loses the result: take more, or ask for fewer (OP-01)")
        return read

    def _read(self, row: Election) -> Ballot:
        return Ballot(
            row.election_id, read_manifest(row.manifest), row.guardian_count, row.quorum, State(row.state), row.version
        )
