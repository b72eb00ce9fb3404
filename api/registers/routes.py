"""Registers over HTTP: a request for each that says what it is told and by whom, and one that shows entries by pages."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import Field

from api.auth import Principal, Role
from api.authorising import Requires
from api.idempotency import IdempotentRoute, once
from api.messages import ElectionId, Message
from api.problems import documented
from api.registers.failures import CATEGORIES, offered
from api.registers.incidents import WhyUnfounded
from api.registers.service import Added, Registers, Shown
from api.registers.table import REGISTERS, Register, register_of
from api.registers.told import Words

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/ballots/{election_id}/registers", tags=["registers"], route_class=IdempotentRoute)
Scrutineer = Annotated[Principal, Depends(Requires(Role.SCRUTINEER))]
Reader = Annotated[Principal, Depends(Requires(Role.SCRUTINEER, Role.AUDITOR))]
EntryId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="The id of the incident's entry.", examples=["9b" * 16])]
PAGE = 100
_NON_RECEIPT = "non-receipt"
_REFUSALS = documented(400, 404, 409, 413, 415, 421, 422, 503)


class RegisterEntry(Message):
    """An entry of a register: where it stands in the audit log, when it was added, what was told, and what it is called besides."""

    entry: str = Field(examples=["9b" * 16])
    position: int = Field(examples=[17])
    time: str = Field(examples=["2027-01-11T09:00:00.000000Z"])
    kind: str = Field(examples=["failure_recorded"])
    told: dict[str, Any] = Field(examples=[{"by": "5d" * 16, "category": "158d", "voters": 12}])
    labels: list[str] = Field(examples=[["cannot be treated as small"]])


class EntryPage(Message):
    """Entries in order. `next` is `first` of the next page, or null after the last one."""

    entries: list[RegisterEntry]
    next: int | None = Field(examples=[18])


class EntryAdded(Message):
    """An entry by its id, its kind, and what it is called besides what it says."""

    entry: str = Field(examples=["9b" * 16])
    kind: str = Field(examples=["failure_recorded"])
    labels: list[str] = Field(examples=[["cannot be treated as small"]])


class Entered(Message):
    """What was added: the entry, and one that follows from it, such as the incident that a reported false message is."""

    entries: list[EntryAdded]


class ReceivedByScrutineer(Message):
    """All that whoever passes on a report of missing materials is told (110, 112)."""

    answer: str = Field(examples=["received by the scrutineer"])


class UnfoundedProposed(Message):
    """What was proposed, by the number that the second person names."""

    proposal: int = Field(examples=[1])


class RegisterDescribed(Message):
    """A register: what an entry of it is, and the members that it must and may have."""

    register_name: str = Field(examples=["failures"])
    about: str = Field(examples=["A failure: of which provision, and how many voters it affected."])
    required: list[str] = Field(examples=[["category", "voters"]])
    optional: list[str] = Field(examples=[["description", "earlier_entry"]])
    writers: list[str] = Field(examples=[["scrutineer"]])


class CategoryOffered(Message):
    """A category of failures that this ballot can have."""

    category: str = Field(examples=["158d"])
    what: str = Field(examples=["electronic voting materials not sent to every electronic voter"])


class RegisterList(Message):
    """All registers, and the categories of failures that belong to this ballot's kind and methods."""

    registers: list[RegisterDescribed]
    failure_categories: list[CategoryOffered]


def registers_of(request: Request) -> Registers:
    """The service of this app."""
    registers: Registers = request.app.state.registers
    return registers


TheRegisters = Annotated[Registers, Depends(registers_of)]


@router.get("", responses=documented(404, 421, 422, 503))
def listed(registers: TheRegisters, _: Reader, election_id: ElectionId) -> RegisterList:
    """The registers that there are, and the categories of failures that this ballot can have. No entry is read."""
    ballot = registers.elections.ballot(election_id)
    described = [
        RegisterDescribed(
            register_name=each.name, about=each.about, required=list(each.required), optional=list(each.optional),
            writers=[role.value for role in each.writers],
        ) for each in REGISTERS
    ]  # fmt: skip
    categories = [CategoryOffered(category=each.value, what=CATEGORIES[each].what) for each in offered(ballot.manifest.statutory)]
    return RegisterList(registers=described, failure_categories=categories)


@router.get("/{register}", responses=documented(404, 409, 421, 422, 503))
def show(
    registers: TheRegisters, principal: Reader, election_id: ElectionId,
    register: Annotated[str, Path(max_length=40, examples=["failures"], description="The register's name.")],
    first: Annotated[int, Query(ge=0, lt=2**53, description="The position in the log to begin at.", examples=[0])] = 0,
    limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE,
    authority: Annotated[
        Words | None, Query(description="After the close: on whose authority the register is read.", examples=["Order of the High Court"])
    ] = None,
) -> EntryPage:  # fmt: skip
    """Entries of a register, in order. That they were read, by whom and why stands in the audit log."""
    found = registers.page(election_id, register_of(register), principal.account_id, authority, first, limit)
    return EntryPage(entries=[_shown(each) for each in found.entries], next=found.next)


@router.post("/incidents/{entry}/unfounded", status_code=201, dependencies=[Depends(once)], responses=_REFUSALS)
def propose_unfounded(
    registers: TheRegisters, principal: Scrutineer, election_id: ElectionId, entry: EntryId, body: WhyUnfounded
) -> UnfoundedProposed:
    """Propose that an incident was unfounded. Nothing is changed before a second person agrees, within a day."""
    return UnfoundedProposed(proposal=registers.propose_unfounded(election_id, entry, body.reason, principal.account_id))


@router.post("/incidents/{entry}/unfounded/{number}", status_code=201, dependencies=[Depends(once)], responses=_REFUSALS)
def agree_unfounded(
    registers: TheRegisters, principal: Scrutineer, election_id: ElectionId, entry: EntryId,
    number: Annotated[int, Path(ge=1, le=10**6)], body: WhyUnfounded,
) -> Entered:  # fmt: skip
    """Agree to what another person has proposed: the incident is closed as unfounded."""
    return _entered(registers.agree_unfounded(election_id, entry, number, body.reason, principal.account_id))


def _adding(register: Register) -> Callable[..., Entered | ReceivedByScrutineer]:
    """The request that tells this register something."""
    principal_of, told_of = Annotated[Principal, Depends(Requires(*register.writers))], register.told
    answers = ReceivedByScrutineer if register.name == _NON_RECEIPT else Entered

    def add(registers: Registers, principal: Principal, election_id: str, body: Any) -> Entered | ReceivedByScrutineer:
        entries = registers.add(election_id, register, body, principal.account_id)
        if register.name == _NON_RECEIPT:
            return ReceivedByScrutineer(answer="received by the scrutineer")
        return _entered(*entries)

    add.__name__ = f"add_to_{register.name.replace('-', '_')}"
    add.__doc__ = register.about
    add.__annotations__ = {
        "registers": TheRegisters, "principal": principal_of, "election_id": ElectionId, "body": told_of, "return": answers,
    }  # fmt: skip
    return add


for _register in REGISTERS:
    router.add_api_route(
        f"/{_register.name}", _adding(_register), methods=["POST"], status_code=201, dependencies=[Depends(once)], responses=_REFUSALS
    )


def _entered(*added: Added) -> Entered:
    return Entered(entries=[EntryAdded(entry=each.entry.id.hex(), kind=each.entry.kind, labels=list(each.labels)) for each in added])


def _shown(shown: Shown) -> RegisterEntry:
    entry = shown.logged.entry
    told = {name: list(value) if isinstance(value, tuple) else value for name, value in entry.members.items()}
    return RegisterEntry(
        entry=entry.id.hex(), position=shown.logged.position, time=shown.logged.time.isoformat(), kind=entry.kind, told=told,
        labels=list(shown.labels),
    )  # fmt: skip
