"""Registers of ballots: told, shown by pages, and closed as unfounded by two persons. All of it is in the audit log alone."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import islice
from typing import Any

from api.audit.entry import Entry
from api.audit.log import AuditLog, Logged
from api.clock import Clock
from api.elections.service import Ballot, ElectionService
from api.elections.states import State
from api.errors import Conflict, Invalid, NotFound
from api.registers.complaints import Complaint, ComplaintCategory
from api.registers.failures import Failure, labels_of, offered
from api.registers.gaps import Course
from api.registers.incidents import INCIDENT, UNFOUNDED, incident_of, rules_out_clean_statement
from api.registers.summary import figures
from api.registers.table import KINDS, Register
from api.registers.told import Told

__all__ = ["Added", "Page", "Registers", "Shown"]

_RELEASED = (State.RELEASED, State.ARCHIVED)
_SEALED = (State.CLOSED, State.EXCLUDED, State.TALLIED, *_RELEASED)
_SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as it is shown, with what it is called besides what it says."""

    logged: Logged
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Added:
    """An entry that was added, and what it is called besides what it says."""

    entry: Entry
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Entries in order, and the position from which to go on; None after the last one."""

    entries: tuple[Shown, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class Registers:
    """The registers of all ballots of a platform. `margin` answers that of a result, None before there is one; `stations` the names of a
    ballot's voting stations."""

    audit: AuditLog
    elections: ElectionService
    clock: Clock
    margin: Callable[[Ballot], int | None]
    stations: Callable[[str], Collection[str]]

    def add(self, election_id: str, register: Register, told: Told, by: str) -> tuple[Added, ...]:
        """Adds what is told to a register, and what follows from it, all or nothing; answers the entries. Raises NotFound for another
        ballot or earlier entry, Invalid for what the audit log does not take or the ballot cannot have, Conflict after the release."""
        ballot = self.elections.ballot(election_id)
        if ballot.state in _RELEASED and register.kind != "note_added":
            raise Conflict(f"the ballot is {ballot.state}: what is still to be said is a note of the scrutineer; nothing was stored")
        for earlier, kind in told.references(register.kind).items():
            self._must_be(election_id, earlier, kind)
        if isinstance(told, Failure) and told.category not in (possible := offered(ballot.manifest.statutory)):
            names = ", ".join(possible) or "none, for no law asks for this ballot"
            raise Invalid(f"category: {told.category} does not belong to this kind of ballot and its methods; offered: {names}")
        entries = [Entry(election_id, register.kind, self.clock.now(), told.members(by))]
        if isinstance(told, Complaint) and self._is_new_false_message(election_id, told):
            complaint = entries[0].id.hex()
            members = {**incident_of(told, complaint).members(by), "complaint": complaint}
            entries.append(Entry(election_id, INCIDENT, self.clock.now(), members))
        self.audit.add(*entries)
        return tuple(Added(each, self._labels(ballot, each)) for each in entries)

    def page(self, election_id: str, register: Register, by: str, authority: str | None, first: int, limit: int) -> Page:
        """At most `limit` entries of a register from position `first` of the log on. That they are read is logged; after the close, on
        whose `authority` (Elections Act 2022, schedule 1, paragraph 27, adopted). Raises NotFound, or Conflict without it."""
        ballot = self.elections.ballot(election_id)
        if ballot.state in _SEALED and authority is None:
            raise Conflict("the registers were sealed at the close: say on whose authority they are read (authority)")
        why = f"register {register.name}" + (f", on this authority: {authority}" if authority else "")
        found = list(islice(self.audit.read(by, why, election_id, first, kinds=register.kinds), limit + 1))
        shown = tuple(Shown(each, self._labels(ballot, each.entry)) for each in found[:limit])
        return Page(shown, shown[-1].logged.position + 1 if len(found) > limit else None)

    def propose_unfounded(self, election_id: str, entry: str, reason: str, by: str) -> int:
        """Proposes that an incident was unfounded, and answers the number that the second person names. Raises NotFound, Conflict."""
        ballot = self._open_to_judgement(election_id, entry)
        members = {"by": by, "setting": "unfounded_proposed", "after": reason}
        proposal = Entry(election_id, "platform_configured", self.clock.now(), members)  # whether it can be logged is seen before
        number = self.elections.propose(election_id, ballot.state, f"unfounded {entry}", by)
        self.audit.add(proposal)
        return number

    def agree_unfounded(self, election_id: str, entry: str, number: int, reason: str, by: str) -> Added:
        """Agrees to what another person has proposed: the incident is closed. Raises NotFound, Denied, Conflict."""
        ballot = self._open_to_judgement(election_id, entry)
        members = {"by": by, "reason": reason, "earlier_entry": entry}
        Entry(election_id, UNFOUNDED, self.clock.now(), {**members, "approved_by": _SERVICE})
        first = self.elections.second(election_id, ballot.state, f"unfounded {entry}", number, by)
        closed = Entry(election_id, UNFOUNDED, self.clock.now(), {**members, "by": first, "approved_by": by})
        self.audit.add(closed)
        return Added(closed)

    def open_or_confirmed(self, election_id: str, by: str = _SERVICE) -> bool:
        """Whether there is unauthorised access, suspected or confirmed, that is not closed as unfounded: then the report cannot say that
        its author is satisfied (97). Raises NotFound."""
        why = "whether the clean statement is ruled out"
        return rules_out_clean_statement([each.entry for each in self.audit.read(by, why, election_id, kinds=(INCIDENT, UNFOUNDED))])

    def figures(self, ballot: Ballot, by: str) -> dict[str, Any] | None:
        """What the report says of the registers; None if there is no log of the ballot, or its data is destroyed."""
        try:
            entries = [each.entry for each in self.audit.read(by, "figures for the report", ballot.election_id, kinds=KINDS)]
        except NotFound:
            return None
        manifest = ballot.manifest
        course = Course(manifest.opens, manifest.closes, self.clock.now(), self.stations(ballot.election_id))
        return figures(entries, course, self.margin(ballot))

    def digest(self, election_id: str) -> tuple[int, bytes]:
        """How many entries all registers have, and one hash over them, as it is logged at the close. Nothing is opened for it."""
        return self.audit.digest(election_id, KINDS)

    def _is_new_false_message(self, election_id: str, told: Complaint) -> bool:
        """Whether a complaint is about a false message, and the one that it takes the place of, if any, was not."""
        if told.category is not ComplaintCategory.FALSE_MESSAGE or told.earlier_entry is None:
            return told.category is ComplaintCategory.FALSE_MESSAGE
        before = self.audit.read(_SERVICE, "whether the incident is there already", election_id, kinds=("complaint_received",))
        return not any(each.entry.id.hex() == told.earlier_entry and each.entry.members.get("category") == told.category for each in before)

    def _labels(self, ballot: Ballot, entry: Entry) -> tuple[str, ...]:
        return labels_of(entry, self.margin(ballot)) if entry.kind == "failure_recorded" else ()

    def _open_to_judgement(self, election_id: str, entry: str) -> Ballot:
        ballot = self.elections.ballot(election_id)
        if ballot.state in _RELEASED:
            raise Conflict(f"the ballot is {ballot.state}: what is still to be said is a note of the scrutineer")
        self._must_be(election_id, entry, INCIDENT)
        return ballot

    def _must_be(self, election_id: str, entry: str, kind: str) -> None:
        """Raises NotFound or Conflict unless the entry is there and of this kind."""
        if self.audit.kind_of(election_id, bytes.fromhex(entry)) != kind:
            raise Conflict("the entry that is named belongs to another register; nothing was stored")
