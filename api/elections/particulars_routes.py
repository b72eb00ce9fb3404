"""The particulars of a ballot and its opening check over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import Field

from api.auth import Principal, Role
from api.authorising import OwnService, Requires
from api.elections.particulars import ParticularsService
from api.elections.routes import PreconditionRequired
from api.errors import Conflict, Invalid
from api.law.findings import Severity
from api.law.particulars import Particulars, RollFacts
from api.messages import ElectionId, Message
from api.problems import documented
from engine.statutory import Method

__all__ = ["link_router", "router"]

router = APIRouter(prefix="/api/v1/ballots/{election_id}", tags=["set-up"])
link_router = APIRouter(prefix="/api/v1/link/{election_id}", tags=["link"], dependencies=[Depends(OwnService())])
"""For the service for rolls alone."""
Scrutineer = Annotated[Principal, Depends(Requires(Role.SCRUTINEER))]
Reader = Annotated[Principal, Depends(Requires(Role.SCRUTINEER, Role.AUDITOR))]


class Finding(Message):
    """Something that is missing or wrong, under the id of the requirement that asks for it."""

    requirement: str = Field(examples=["COP-045.2"])
    severity: str = Field(examples=["blocking"], description="blocking or warning.")
    where: str = Field(examples=["scrutineer"], description="The section of the particulars.")
    message: str = Field(examples=["record on what basis the scrutineer is qualified"])


class OpeningCheck(Message):
    """Everything that is missing or wrong before the ballot opens, what blocks first."""

    can_open: bool = Field(examples=[False])
    findings: list[Finding]


def particulars_of(request: Request) -> ParticularsService:
    """The service of this app."""
    particulars: ParticularsService = request.app.state.particulars
    return particulars


TheParticulars = Annotated[ParticularsService, Depends(particulars_of)]


@router.get("/particulars", responses=documented(404, 421, 422, 503))
def read(particulars: TheParticulars, _: Reader, election_id: ElectionId, response: Response) -> Particulars:
    """What is recorded of the ballot's set-up; its version in the header ETag."""
    version, told = particulars.read(election_id)
    response.headers["ETag"] = f'"{version}"'
    return told


@router.put("/particulars", responses=documented(400, 404, 409, 413, 415, 421, 422, 428, 503))
def tell(
    particulars: TheParticulars, principal: Scrutineer, election_id: ElectionId, body: Particulars, response: Response,
    if_match: Annotated[str | None, Header(max_length=40, description="The ETag that was read.")] = None,
) -> Particulars:  # fmt: skip
    """Record particulars in place of those that nobody has changed meanwhile, before the ballot opens. Everything may be left out; the
    opening check names what is missing."""
    if if_match is None:
        raise PreconditionRequired("the header If-Match with the ETag of the particulars is needed; nothing was changed")
    version = if_match.strip('"')
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise Conflict("the particulars were changed meanwhile; look at them again")
    response.headers["ETag"] = f'"{particulars.tell(election_id, int(version), body, principal.account_id)}"'
    return particulars.read(election_id)[1]


@router.get("/opening-check", responses=documented(404, 421, 422, 503))
def opening_check(particulars: TheParticulars, _: Reader, election_id: ElectionId) -> OpeningCheck:
    """What the Code asks for and is missing or wrong before this ballot opens. A blocking finding keeps it from opening."""
    found = particulars.check(election_id)
    findings = [
        Finding(requirement=each.requirement, severity=each.severity.value, where=each.where, message=each.message) for each in found
    ]
    return OpeningCheck(can_open=all(each.severity is not Severity.BLOCKING for each in found), findings=findings)


class RollTold(Message):
    """A roll in numbers: people, those without a method by which they can vote, those with several routes not ranked, contacts that are
    held back; how many have each method; the version of the particulars whose determination it was done by."""

    people: int = Field(ge=0, examples=[500])
    without_method: int = Field(ge=0, examples=[0])
    unranked: int = Field(ge=0, examples=[0])
    exceptions: int = Field(ge=0, examples=[3])
    particulars: int = Field(ge=0, le=10**6, examples=[2])
    named: dict[str, int] = Field(examples=[{"electronic": 150, "hybrid": 250, "postal": 50, "workplace": 50}])


@link_router.post("/roll-numbers", status_code=201, responses=documented(400, 404, 409, 413, 415, 421, 422, 503))
def note_roll(particulars: TheParticulars, election_id: ElectionId, body: RollTold) -> RollTold:
    """Note what the roll is in numbers, as it was checked. The last word counts."""
    unknown = sorted(set(body.named) - set(Method))
    if unknown or any(number < 0 for number in body.named.values()):
        raise Invalid(f"named: expected numbers of people by method, {', '.join(Method)}")
    named = {Method(name): number for name, number in body.named.items()}
    told = RollFacts(
        body.people, body.without_method, body.exceptions, checked=True, named=named, unranked=body.unranked, particulars=body.particulars
    )
    particulars.note_roll(election_id, told)
    return body
