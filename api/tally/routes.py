"""The scrutineer's tally API: count, ask trustees, see whose answer is awaited, read the result. Trustees get what they check."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse
from pydantic import Field

from api.auth import Principal, Role
from api.authorising import Requires
from api.elections.routes import Elections
from api.elections.states import State
from api.errors import NotFound
from api.idempotency import IdempotentRoute, once
from api.messages import ElectionId, Message
from api.problems import documented
from api.tally.awaited import Awaited
from api.tally.closing import OPENINGS
from api.tally.counting import Count, Work
from api.tally.service import TallyService
from engine.ballot import CAST, CHALLENGED, DISCOUNTED
from engine.encoding import to_json
from engine.record import digest as file_digest

__all__ = ["TheTally", "router"]

router = APIRouter(prefix="/api/v1/ballots/{election_id}", tags=["tally"], route_class=IdempotentRoute)

Scrutineer = Annotated[Principal, Depends(Requires(Role.SCRUTINEER))]
Reader = Annotated[Principal, Depends(Requires(Role.SCRUTINEER, Role.AUDITOR))]
Witness = Annotated[Principal, Depends(Requires(Role.TRUSTEE, Role.SCRUTINEER, Role.AUDITOR))]
_FILE: dict[int | str, dict[str, Any]] = {200: {"content": {"application/x-ndjson": {}}}}
_COUNTED = (State.EXCLUDED, State.TALLIED, State.RELEASED, State.ARCHIVED)


class SmallUnits(Message):
    """A question or ballot style with few counted ballots."""

    what: str
    label: str
    counted: int


class CountState(Message):
    """How far the count is. While it is made only `doing`, `done` and `total` say something; `failed` says why it has stopped."""

    state: str = Field(description="running, done or failed")
    doing: str = ""
    done: int = 0
    total: int = 0
    failed: str = ""
    counted: int | None = None
    discounted: int | None = None
    challenged: int | None = None
    small_units: list[SmallUnits] = []
    ballots_sha256: str | None = None


class WhoDecrypts(Message):
    """The guardians that are asked, from 1; `again` after a bad answer."""

    guardians: list[Annotated[int, Field(ge=1, le=20)]] = Field(min_length=1, max_length=20)
    again: bool = False


class AwaitedAnswers(Message):
    """The newest request, and whose answers are missing."""

    request: int
    guardians: list[int]
    missing: list[int]
    wrong: str


def tally_of(request: Request) -> TallyService:
    """The service of this app."""
    tally: TallyService = request.app.state.tally
    return tally


TheTally = Annotated[TallyService, Depends(tally_of)]


@router.post("/count", status_code=202, dependencies=[Depends(once)], responses=documented(400, 404, 409, 415, 421, 422, 503))
def start_count(tally: TheTally, _: Scrutineer, election_id: ElectionId) -> CountState:
    """Check and multiply the closed ballots, in the background. Never before the close; again changes nothing."""
    return _state(tally.counting.start(election_id))


@router.get("/count", responses=documented(404, 409, 421, 422, 503))
def count(tally: TheTally, _: Reader, election_id: ElectionId) -> CountState:
    """How far the count is, and what it found."""
    return _state(tally.counting.started(election_id))


@router.get("/closed-ballots", response_class=FileResponse, responses={**_FILE, **documented(404, 409, 421, 422, 503)})
def closed_ballots(tally: TheTally, elections: Elections, _: Witness, election_id: ElectionId) -> FileResponse:
    """The closed ballots with their states, ascending by confirmation code, for whoever checks and multiplies for themselves."""
    _must_be_counted(elections, election_id)
    path, digest = tally.counting.closed_ballots(election_id), tally.counting.count(election_id).digest
    return _file(path, digest)


@router.get("/challenged-openings", response_class=FileResponse, responses={**_FILE, **documented(404, 409, 421, 422, 503)})
def challenged_openings(tally: TheTally, elections: Elections, _: Witness, election_id: ElectionId) -> FileResponse:
    """What opens the challenged ballots, as their makers handed it in."""
    _must_be_counted(elections, election_id)
    path = tally.counting.closed_ballots(election_id).with_name(OPENINGS)
    return _file(path, file_digest(path))


@router.post("/requests", status_code=201, dependencies=[Depends(once)], responses=documented(400, 404, 409, 413, 415, 421, 422, 503))
def ask_trustees(tally: TheTally, principal: Scrutineer, election_id: ElectionId, body: WhoDecrypts) -> AwaitedAnswers:
    """Ask trustees to decrypt the one aggregate, once another person has asked for the step tally (T5)."""
    return _awaited(tally.request(election_id, tuple(sorted(set(body.guardians))), principal.account_id, again=body.again))


@router.get("/requests", responses=documented(404, 409, 421, 422, 503))
def awaited(tally: TheTally, _: Witness, election_id: ElectionId) -> AwaitedAnswers:
    """Whose answers are missing."""
    return _awaited(tally.awaited(election_id))


@router.get("/result", responses={200: {"content": {"application/json": {}}}, **documented(404, 421, 422, 503)}, response_class=Response)
def result(tally: TheTally, _: Reader, election_id: ElectionId) -> Response:
    """The decrypted tally with its proofs, as it will stand in the record (record-format.md, 2.9)."""
    return Response(to_json(tally.result(election_id)), media_type="application/json")


def _must_be_counted(elections: Elections, election_id: str) -> None:
    if elections.ballot(election_id).state not in _COUNTED:
        raise NotFound("there are no closed ballots yet")


def _file(path: Path, digest: bytes) -> FileResponse:
    """A file with its SHA-256 as ETag."""
    return FileResponse(path, media_type="application/x-ndjson", headers={"ETag": f'"{digest.hex()}"'})


def _state(found: Work | Count) -> CountState:
    if isinstance(found, Work):
        return CountState(
            state="failed" if found.failed else "running", doing=found.doing, done=found.done, total=found.total, failed=found.failed
        )
    small = [SmallUnits(what=each.what, label=each.label, counted=each.counted) for each in found.small_units]
    return CountState(
        state="done", counted=found.number(CAST), discounted=found.number(DISCOUNTED), challenged=found.number(CHALLENGED),
        small_units=small, ballots_sha256=found.digest.hex(),
    )  # fmt: skip


def _awaited(found: Awaited) -> AwaitedAnswers:
    return AwaitedAnswers(request=found.request, guardians=list(found.guardians), missing=list(found.missing), wrong=found.wrong)
