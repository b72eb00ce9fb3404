"""The scrutineer's ballots over HTTP: make one, change a draft, ask for the next step, see where it stands."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import Field

from api.auth import Principal, Role
from api.authorising import Requires
from api.elections.service import Ballot, ElectionService, Terms
from api.elections.states import Step, persons_for, steps_from
from api.errors import ApiError, Conflict, Invalid
from api.idempotency import IdempotentRoute, once
from api.messages import ElectionId, Message
from api.problems import documented

__all__ = ["Elections", "elections_of", "router"]

router = APIRouter(prefix="/api/v1/ballots", tags=["ballots"], route_class=IdempotentRoute)
PAGE = 100

Scrutineer = Annotated[Principal, Depends(Requires(Role.SCRUTINEER))]
Reader = Annotated[Principal, Depends(Requires(Role.SCRUTINEER, Role.AUDITOR, Role.TRUSTEE, Role.SUPPORT))]
Key = Annotated[str, Field(pattern="^[0-9a-fA-F]{64}$", examples=["5f" * 32])]


class PreconditionRequired(ApiError):
    """A change without the version that it changes."""

    status = 428
    title = "Which version?"


class BallotTerms(Message):
    """What a ballot is held with."""

    manifest: str = Field(max_length=1_000_000, description="The manifest, as the very text that is hashed.")
    quorum: int = Field(ge=1, le=20, description="How many trustees the count needs.")
    trustees: list[str] = Field(max_length=20, description="The accounts of guardians 1 … n.")
    audit_key: Key = Field(description="X25519: time and address of votes are sealed to it.")
    signing_key: Key = Field(description="Ed25519: the record will be signed under it.")

    def terms(self) -> Terms:
        """The same for the service. Raises Invalid."""
        try:
            manifest = self.manifest.encode()
        except UnicodeEncodeError:
            raise Invalid("manifest: is no text") from None
        return Terms(manifest, self.quorum, tuple(self.trustees), bytes.fromhex(self.audit_key), bytes.fromhex(self.signing_key))


class BallotState(Message):
    """A ballot as it stands."""

    election: str
    label: str
    state: str
    version: int
    opens: str
    closes: str
    guardian_count: int
    quorum: int
    trustees: list[str]
    audit_key: str
    signing_key: str
    steps: list[str] = Field(description="What may be asked for now.")
    asked: dict[str, list[str]] = Field(description="Who has asked for which step and waits for a second person.")


class BallotPage(Message):
    """Ballots by their identifiers; `next` is what to ask for as `after`, null on the last page."""

    ballots: list[BallotState]
    next: str | None


class AskedStep(Message):
    """A step in the life of a ballot."""

    step: Step = Field(strict=False)


class StepAnswer(Message):
    """The state now, and how many persons have still to ask for the step."""

    state: str
    missing: int


class StepDone(Message):
    """A step that was done."""

    step: str
    before: str
    after: str
    accounts: list[str]
    done: str


def elections_of(request: Request) -> ElectionService:
    """The service of this app."""
    elections: ElectionService = request.app.state.elections
    return elections


Elections = Annotated[ElectionService, Depends(elections_of)]


@router.post("", status_code=201, dependencies=[Depends(once)], responses=documented(400, 409, 413, 415, 421, 422, 503))
def create(request: Request, elections: Elections, principal: Scrutineer, body: BallotTerms, response: Response) -> BallotState:
    """Make a draft. The manifest's election identifier is its id. Accounts of trustees that are not there are named."""
    terms = body.terms()
    request.app.state.conduct.check_terms(terms)
    return _tagged(elections, elections.create(terms, principal.account_id), response)


@router.get("", responses=documented(421, 422, 503))
def list_ballots(
    elections: Elections, _: Reader, after: Annotated[str, Query(max_length=64)] = "", limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE
) -> BallotPage:
    """All ballots, page by page."""
    found = elections.listed(after, limit + 1)
    shown = [_state(elections, each) for each in found[:limit]]
    return BallotPage(ballots=shown, next=shown[-1].election if len(found) > limit else None)


@router.get("/{election_id}", responses=documented(404, 421, 422, 503))
def read(elections: Elections, _: Reader, election_id: ElectionId, response: Response) -> BallotState:
    """A ballot as it stands; its version in the header ETag."""
    return _tagged(elections, elections.ballot(election_id), response)


@router.get("/{election_id}/manifest", responses={200: {"content": {"application/json": {}}}, **documented(404, 421, 422, 503)})
def manifest(elections: Elections, _: Reader, election_id: ElectionId) -> Response:
    """The manifest's bytes."""
    return Response(elections.ballot(election_id).terms.manifest, media_type="application/json")


@router.put("/{election_id}", responses=documented(400, 404, 409, 413, 415, 421, 422, 428, 503))
def change(
    request: Request, elections: Elections, principal: Scrutineer, election_id: ElectionId, body: BallotTerms, response: Response,
    if_match: Annotated[str | None, Header(max_length=40, description="The ETag that was read.")] = None,
) -> BallotState:  # fmt: skip
    """Change a draft that nobody has changed meanwhile. What is no draft any more never changes."""
    if if_match is None:
        raise PreconditionRequired("the header If-Match with the ETag of the draft is needed; nothing was changed")
    version = if_match.strip('"')
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise Conflict("the ballot was changed meanwhile; look at it again")
    terms = body.terms()
    request.app.state.conduct.check_terms(terms)
    return _tagged(elections, elections.change(election_id, int(version), terms, principal.account_id), response)


@router.post("/{election_id}/steps", dependencies=[Depends(once)], responses=documented(400, 404, 409, 413, 415, 421, 422, 503))
def ask(
    request: Request, elections: Elections, principal: Scrutineer, election_id: ElectionId, body: AskedStep
) -> StepAnswer:
    """Ask for a step. One that needs two persons is done when the second one asks (OP-12)."""
    conduct = request.app.state.conduct
    still = partial(conduct.is_scrutineer, election_id)
    asked = elections.ask(election_id, body.step, principal.account_id, conduct.effects(body.step), conduct.ready(body.step), still)
    return StepAnswer(state=asked.state.value, missing=asked.missing)


@router.get("/{election_id}/steps", responses=documented(404, 421, 422, 503))
def history(elections: Elections, _: Reader, election_id: ElectionId) -> list[StepDone]:
    """Every step that was done, in order."""
    elections.ballot(election_id)
    return [
        StepDone(step=each.step, before=each.before, after=each.after, accounts=list(each.accounts), done=each.done.isoformat())
        for each in elections.history(election_id)
    ]


def _tagged(elections: ElectionService, ballot: Ballot, response: Response) -> BallotState:
    response.headers["ETag"] = f'"{ballot.version}"'
    return _state(elections, ballot)


def _state(elections: ElectionService, ballot: Ballot) -> BallotState:
    voting, terms = ballot.manifest.voting, ballot.terms
    return BallotState(
        election=ballot.election_id, label=ballot.manifest.label, state=ballot.state.value, version=ballot.version, opens=voting.opens,
        closes=voting.closes, guardian_count=ballot.guardian_count, quorum=terms.quorum, trustees=list(terms.trustees),
        audit_key=terms.audit_key.hex(), signing_key=terms.signing_key.hex(), steps=[step.value for step in steps_from(ballot.state)],
        asked={
            step.value: list(accounts)
            for step, accounts in elections.asked_for(ballot.election_id).items()
            if len(accounts) < persons_for(step)
        },
    )  # fmt: skip
