"""Ballots as events: made, changed while they are drafts, and led from state to state by people who have to agree."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from api.clock import Clock
from api.elections.models import Approval, Election, Transition
from api.elections.states import State, Step, after, persons_for
from api.errors import Conflict, Denied, Invalid, NotFound
from api.store import Store
from engine.errors import EngineError
from engine.group import Group
from engine.manifest import WITNESSED, Manifest, read_manifest
from engine.parameters import ElectionParameters, election_parameters

__all__ = ["Asked", "Ballot", "Done", "ElectionService", "Record", "Terms"]

_ONE_DAY = timedelta(days=1)
_ACCOUNT = re.compile("[0-9a-zA-Z._-]{1,64}")

Record = Callable[[str, Mapping[str, str]], None]
"""Called with the kind of an event and its details, for the audit log: as the last thing in the transaction that does what it tells; if it
raises, nothing was done. But after the creation of a ballot, whose log may begin later. `version` is that of the ballot before."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a ballot is held with. `trustees` are the accounts of guardians 1 … n; `audit_key` (X25519) is what time and address of votes
    are sealed to, `signing_key` (Ed25519) what the record will be signed under: public keys of 32 bytes, whose secrets are not here."""

    manifest: bytes
    quorum: int
    trustees: tuple[str, ...]
    audit_key: bytes
    signing_key: bytes


@dataclass(frozen=True, slots=True)
class Ballot:
    """A ballot as it stands."""

    election_id: str
    manifest: Manifest
    terms: Terms
    state: State
    version: int

    @property
    def guardian_count(self) -> int:
        """n."""
        return len(self.terms.trustees)

    def guardian_of(self, account_id: str) -> int | None:
        """The guardian, from 1, whose secrets this account's person holds; None for everybody else."""
        return self.terms.trustees.index(account_id) + 1 if account_id in self.terms.trustees else None

    def parameters(self, group: Group) -> ElectionParameters:
        """The election's parameters. They were checked when the ballot was stored."""
        return election_parameters(group, self.manifest, self.guardian_count, self.terms.quorum)


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

    def create(self, terms: Terms, account_id: str) -> Ballot:
        """A draft. Its id is the manifest's election identifier. Raises Invalid, or Conflict if there is a ballot with that identifier."""
        election_id = self.check(terms).voting.election_identifier.hex()
        with self._store.transaction() as session:
            if session.get(Election, election_id) is not None:
                raise Conflict("there is a ballot with this identifier already")
            session.add(Election(election_id=election_id, state=State.DRAFT.value, **_columns(terms)))
        self._record("ballot created", {"election": election_id, "account": account_id})
        return self.ballot(election_id)

    def change(self, election_id: str, version: int, terms: Terms, account_id: str) -> Ballot:
        """Changes a draft that is still at `version`. Raises Invalid, NotFound, or Conflict if it is no draft or was changed meanwhile."""
        if self.check(terms).voting.election_identifier.hex() != election_id:
            raise Invalid("the manifest has the identifier of another ballot")
        with self._store.transaction() as session:
            row = self._lock(session, election_id)
            if row.state != State.DRAFT:
                raise Conflict(f"the ballot is {row.state}: what it is about cannot be changed any more (T6, T7)")
            if row.version != version:
                raise Conflict("the ballot was changed meanwhile; look at it again")
            row.sqlmodel_update(_columns(terms))
            row.version = version + 1
            session.add(row)
            session.flush()
            self._record("ballot changed", {"election": election_id, "account": account_id, "version": str(version)})
        return self.ballot(election_id)

    def check(self, terms: Terms) -> Manifest:
        """The manifest, if a ballot can be held with these terms as far as they say. Raises Invalid."""
        try:
            read = read_manifest(terms.manifest)
            n, k = len(terms.trustees), terms.quorum
            election_parameters(self._group, read, n, k)
        except EngineError as error:
            raise Invalid(f"the ballot cannot be held as described: {error}") from None
        if read.voting.log != WITNESSED:
            raise Invalid('the manifest has no log: "log":"witnessed" in "voting" is what every ballot on a platform has (X13)')
        if k >= n:
            raise Invalid("with as many trustees needed as there are, one lost key loses the result: take more, or ask for fewer (OP-01)")
        if len(set(terms.trustees)) < n or not all(_ACCOUNT.fullmatch(each) for each in terms.trustees):
            raise Invalid("trustees: expected the ids of as many different accounts as the manifest names trustees, in its order")
        for name, key in (("audit_key", terms.audit_key), ("signing_key", terms.signing_key)):
            if len(key) != 32 or not any(key):
                raise Invalid(f"{name}: expected a public key of 32 bytes")
        if terms.audit_key == terms.signing_key:
            raise Invalid("audit_key and signing_key are two keys of two persons, not the same one")
        return read

    def ask(
        self, election_id: str, step: Step, account_id: str, effect: Callable[[Ballot], None],
        ready: Callable[[Ballot], None] = lambda _: None, still: Callable[[str], bool] = lambda _: True,
    ) -> Asked:  # fmt: skip
        """Asks for a step. It is done when as many different persons have asked as it needs, and then `effect` is carried out first, which
        raises Conflict if something is not ready; it must bear being carried out again. Nobody asks for what is not `ready`, and who is
        not `still` authorised has not asked. Raises NotFound, Denied if the same person asks twice, Conflict if the step leads nowhere from
        here."""
        ballot = self.ballot(election_id)
        after(ballot.state, step)
        ready(ballot)
        prepared = None  # the version of the ballot that the effect was carried out for
        while True:
            with self._store.transaction() as session:
                row = self._lock(session, election_id)
                before = State(row.state)
                following = after(before, step)
                earlier = [each for each in self._earlier(session, election_id, before, step) if each == account_id or still(each)]
                if account_id in earlier:
                    raise Denied("the same person cannot ask twice: another one has to")
                missing, version = persons_for(step) - len(earlier) - 1, row.version
                if missing > 0 or prepared == row.version:
                    if missing <= 0:
                        self._move(session, row, before, following, step, (*earlier, account_id))
                    session.add(Approval(
                        election_id=election_id, state=before.value, step=step.value, account_id=account_id, asked=self._clock.now()
                    ))  # fmt: skip
                    session.flush()
                    told = {"election": election_id, "step": step.value, "version": str(version)}
                    self._record("step asked for", {**told, "account": account_id})
                    if missing <= 0:
                        self._record("step done", {**told, "state": following.value})
                    break
                ballot = self._read(row)
            effect(ballot)  # outside of the transaction: it uses this database and others
            prepared = ballot.version
        return Asked(before, missing) if missing > 0 else Asked(following, 0)

    def propose(self, election_id: str, state: State, subject: str, account_id: str) -> int:
        """For what takes two persons and is no step, such as a discount: notes that this person proposes it, and answers its number, from
        1, which the second one names. Again answers the same. Raises NotFound, or Conflict unless the ballot is in this state, or if
        somebody else has proposed it."""
        with self._store.transaction() as session:
            self._lock_in(session, election_id, state)
            number, people = self._proposed(session, election_id, subject)
            if people == [account_id]:
                return number
            if len(people) == 1:
                raise Conflict(f"another person has proposed the same: agree to number {number}")
            self._approve(session, election_id, state, f"{subject} {number + 1}", account_id)
            return number + 1

    def second(self, election_id: str, state: State, subject: str, number: int, account_id: str) -> str:
        """Agrees to what another person has proposed, once, within a day; answers who it was. Raises NotFound, Denied, Conflict."""
        with self._store.transaction() as session:
            self._lock_in(session, election_id, state)
            newest, people = self._proposed(session, election_id, subject)
            if number != newest or len(people) != 1:
                raise Conflict("that was not proposed, was done already, or is too old: propose it anew; nothing was changed")
            if people == [account_id]:
                raise Denied("nobody agrees to what they have proposed themselves")
            self._approve(session, election_id, state, f"{subject} {number}", account_id)
            return people[0]

    def ballot(self, election_id: str) -> Ballot:
        """A ballot as it stands. Raises NotFound."""
        with self._store.reading() as session:
            row = session.get(Election, election_id)
        if row is None:
            raise NotFound("there is no such ballot")
        return self._read(row)

    def listed(self, after: str = "", most: int = 100) -> list[Ballot]:
        """Ballots by their ids, ascending, those after the one named; at most so many."""
        with self._store.reading() as session:
            query = select(Election).where(Election.election_id > after).order_by(col(Election.election_id)).limit(most)
            return [self._read(row) for row in session.exec(query)]

    def in_states(self, states: Collection[State]) -> list[Ballot]:
        """All ballots that are in one of these states, by their ids."""
        with self._store.reading() as session:
            query = select(Election).where(col(Election.state).in_([state.value for state in states]))
            return [self._read(row) for row in session.exec(query.order_by(col(Election.election_id)))]

    def asked_for(self, election_id: str) -> dict[Step, tuple[str, ...]]:
        """Who has asked for which step in the state that the ballot is in. Raises NotFound."""
        with self._store.reading() as session:
            row = session.get(Election, election_id)
            if row is None:
                raise NotFound("there is no such ballot")
            query = select(Approval).where(Approval.election_id == election_id, Approval.state == row.state)
            query = query.where(col(Approval.step).in_([step.value for step in Step]))
            asked: dict[Step, tuple[str, ...]] = {}
            for each in session.exec(query.order_by(col(Approval.step), col(Approval.account_id))):
                asked[Step(each.step)] = (*asked.get(Step(each.step), ()), each.account_id)
            return asked

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

    def _lock_in(self, session: Session, election_id: str, state: State) -> None:
        row = self._lock(session, election_id)
        if row.state != state:
            raise Conflict(f"the ballot is {row.state}, not {state}")

    def _proposed(self, session: Session, election_id: str, subject: str) -> tuple[int, list[str]]:
        """The number of the newest proposal, 0 if there is none, and who has asked for it: nobody any more if it is too old."""
        query = select(Approval).where(Approval.election_id == election_id)
        rows = session.exec(query.where(col(Approval.step).startswith(f"{subject} ", autoescape=True))).all()
        newest = max((int(row.step.rpartition(" ")[2]) for row in rows), default=0)
        own = [row for row in rows if row.step == f"{subject} {newest}"]
        fresh = len(own) == 2 or all(self._clock.now() - row.asked < _ONE_DAY for row in own)
        return newest, [row.account_id for row in own] if fresh else []

    def _approve(self, session: Session, election_id: str, state: State, what: str, account_id: str) -> None:
        asked = self._clock.now()
        session.add(Approval(election_id=election_id, state=state.value, step=what, account_id=account_id, asked=asked))
        session.flush()

    def _earlier(self, session: Session, election_id: str, state: State, step: Step) -> list[str]:
        query = select(Approval.account_id).where(Approval.election_id == election_id)
        query = query.where(Approval.state == state.value, Approval.step == step.value)
        return list(session.exec(query.order_by(col(Approval.account_id))))

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

    def _read(self, row: Election) -> Ballot:
        terms = Terms(row.manifest, row.quorum, tuple(row.trustees.split()), row.audit_key, row.signing_key)
        return Ballot(row.election_id, read_manifest(row.manifest), terms, State(row.state), row.version)


def _columns(terms: Terms) -> dict[str, Any]:
    return {
        "manifest": terms.manifest, "quorum": terms.quorum, "trustees": " ".join(terms.trustees), "audit_key": terms.audit_key,
        "signing_key": terms.signing_key,
    }  # fmt: skip
