"""The particulars of ballots as they are told, version by version, and the check before a ballot opens."""

import json
from collections.abc import Callable, Mapping

from sqlmodel import Session, col, func, select

from api.audit.entry import Given
from api.clock import Clock
from api.elections.models import Election, ParticularsVersion, RollNumbers
from api.elections.service import Ballot, ElectionService
from api.elections.states import State
from api.errors import Conflict, NotFound
from api.law.findings import Finding, Severity
from api.law.particulars import Particulars, RollFacts, check_opening
from api.store import Store
from engine.statutory import Method

__all__ = ["OpeningRefused", "ParticularsService"]

_BEFORE_OPENING = (State.DRAFT, State.CEREMONY, State.TRIAL)

Note = Callable[[str, str, Mapping[str, Given], str], None]
"""Writes to a ballot's audit log, once for each act: election id, kind, members, act."""


class OpeningRefused(Conflict):
    """A ballot that does not open. `findings` are all that were found, what blocks first."""

    title = "The opening check found something missing"

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        blocking = [each for each in findings if each.severity is Severity.BLOCKING]
        first = "; ".join(map(str, blocking[:3]))
        super().__init__(f"{len(blocking)} items are missing before the ballot can open: {first}{' …' if len(blocking) > 3 else ''}")
        self.findings = findings


class ParticularsService:
    """The particulars in a database called elections. `voters` answers how many voters of a ballot there are now."""

    def __init__(self, store: Store, elections: ElectionService, clock: Clock, note: Note, voters: Callable[[str], int]) -> None:
        self._store, self._elections, self._clock, self._note, self._voters = store, elections, clock, note, voters

    def read(self, election_id: str) -> tuple[int, Particulars]:
        """The particulars with their version, which is 0 before anything was told. Raises NotFound."""
        self._elections.ballot(election_id)
        with self._store.reading() as session:
            version = self._version(session, election_id)
            row = session.get(ParticularsVersion, (election_id, version)) if version else None
        return (0, Particulars()) if row is None else (version, Particulars.model_validate_json(row.content))

    def tell(self, election_id: str, version: int, told: Particulars, account_id: str) -> int:
        """Records particulars in place of those of `version`, and answers the new one; what did not change is no new version. Every section
        that changed is an entry of the audit log. Raises NotFound, or Conflict if the ballot was opened, or they were changed meanwhile."""
        before = self.read(election_id)[1]
        with self._store.transaction() as session:
            row = session.exec(select(Election).where(Election.election_id == election_id).with_for_update()).first()
            if row is None:
                raise NotFound("there is no such ballot")
            if State(row.state) not in _BEFORE_OPENING:
                raise Conflict(f"the ballot is {row.state}: its particulars are what they were when it opened")
            if self._version(session, election_id) != version:
                raise Conflict("the particulars were changed meanwhile; look at them again")
            if told == before:
                return version
            if _assigns(told) != _assigns(before) and self._voters(election_id):
                raise Conflict("the roll was taken under this determination: its methods, backup and moves cannot be changed any more")
            content = told.model_dump_json().encode()
            session.add(ParticularsVersion(
                election_id=election_id, version=version + 1, content=content, account_id=account_id, told=self._clock.now()
            ))  # fmt: skip
            session.flush()
            for section in type(told).model_fields:
                if getattr(told, section) != getattr(before, section):
                    text = told.model_dump_json(include={section}, indent=1)
                    members: dict[str, Given] = {"by": account_id, "section": section, "version": version + 1, "text": text}
                    self._note(election_id, "particulars_recorded", members, f"particulars {version + 1}: {section}")
        return version + 1

    def check(self, election_id: str) -> tuple[Finding, ...]:
        """Everything that is missing or wrong before the ballot opens, what blocks first. Raises NotFound."""
        ballot = self._elections.ballot(election_id)
        return check_opening(ballot.manifest, self.read(election_id)[1], self.roll(election_id))

    def roll(self, election_id: str) -> RollFacts | None:
        """What is known of the roll: None before there are voters. It is checked if as many people were told of as there are voters, and by
        the determination as it is now."""
        people = self._voters(election_id)
        if not people:
            return None
        with self._store.reading() as session:
            query = select(RollNumbers).where(RollNumbers.election_id == election_id).order_by(col(RollNumbers.version).desc())
            told = session.exec(query).first()
            then = session.get(ParticularsVersion, (election_id, told.particulars)) if told else None
        by = Particulars.model_validate_json(then.content) if then else Particulars()
        if told is None or told.people != people or _assigns(by) != _assigns(self.read(election_id)[1]):
            return RollFacts(people, 0, 0, checked=False, named={})
        named = {Method(method): number for method, number in json.loads(told.named).items()}
        return RollFacts(
            people, told.without_method, told.exceptions, checked=True, named=named, unranked=told.unranked, particulars=told.particulars
        )

    def note_roll(self, election_id: str, told: RollFacts) -> None:
        """Notes what the service for rolls tells. Raises NotFound."""
        self._elections.ballot(election_id)
        named = json.dumps({method.value: number for method, number in sorted(told.named.items())})
        with self._store.transaction() as session:
            query = select(func.max(col(RollNumbers.version))).where(RollNumbers.election_id == election_id)
            session.add(RollNumbers(
                election_id=election_id, version=(session.exec(query).one() or 0) + 1, people=told.people,
                without_method=told.without_method, unranked=told.unranked, exceptions=told.exceptions, named=named,
                particulars=told.particulars,
            ))  # fmt: skip

    def must_open(self, ballot: Ballot) -> tuple[Finding, ...]:
        """The warnings with which a ballot may open. Raises OpeningRefused if something blocks."""
        findings = self.check(ballot.election_id)
        if any(each.severity is Severity.BLOCKING for each in findings):
            raise OpeningRefused(findings)
        return findings

    def _version(self, session: Session, election_id: str) -> int:
        query = select(func.max(col(ParticularsVersion.version))).where(ParticularsVersion.election_id == election_id)
        return session.exec(query).one() or 0


def _assigns(told: Particulars) -> list[tuple[object, ...]]:
    """What of the determinations the roll depends on."""
    return [(each.union, each.assignments, each.backup, each.movement) for each in told.determinations]
