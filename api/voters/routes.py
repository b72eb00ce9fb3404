"""What voters' browsers ask for over HTTP: which ballots there are, a ballot's public parts, the form, to
cast a vote, to check one.

The access code stands in the header Access-Code and never in an address. Everybody who may vote gets the same answers, whatever the choice;
a code that opens nothing gets one answer, whatever the reason (SV-02). Nothing here answers a question about a vote (T1).
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.authorising import anybody, voter
from api.errors import Invalid
from api.problems import documented
from api.voters.access_code import AccessCode
from api.voters.ballot_box import LARGEST_BALLOT
from api.voters.service import VotingService
from api.voters.window import Window
from engine.statutory import Route, ranked

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/elections", tags=["voting"])

_JSON = {"application/json": {"schema": {"type": "object"}}}
_BALLOT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": f"An encrypted ballot in its canonical form (record-format.md, 2.7), at most {LARGEST_BALLOT} bytes.",
        "content": _JSON,
    }
}


class ListedElection(BaseModel):
    """A ballot that is prepared here."""

    model_config = ConfigDict(from_attributes=True)

    election_id: str
    label: str
    union: str
    opens: str = Field(description="The first instant of voting, as the manifest has it.")
    closes: str = Field(description="The end of voting, as the manifest has it.")
    opened: bool = Field(description="Whether two persons have opened it; votes are taken in the period between `opens` and `closes`.")
    closed: bool = Field(description="Whether it was closed, after the end of voting.")


class BaseHashes(BaseModel):
    """H_P (4), H_B (5) and H_E (30), each 64 hexadecimal digits."""

    h_p: str
    h_b: str
    h_e: str


class Form(BaseModel):
    """What an access code opens."""

    ballot_style: int = Field(description="The index of the ballot style in the manifest, from 1.", examples=[1])
    routes: list[Route] = Field(
        description="The routes by which the voter's vote may come back, if several, in the order of the manifest's hierarchy (73(d)).",
        examples=[["hybrid electronic", "hybrid postal"]],
    )  # fmt: skip
    support: str = Field(description="How voters get help from the scrutineer (51, 110).", examples=["020 7946 0000"])


class Received(BaseModel):
    """The one answer to a vote that was taken. It holds nothing about the vote (paragraph 74)."""

    received: bool = Field(default=True)


class ChallengedBallot(BaseModel):
    """A ballot whose encryption is to be checked, with what opens it: both in their canonical form, as text. It is published and never
    counted."""

    model_config = ConfigDict(extra="forbid", strict=True)

    ballot: str = Field(max_length=LARGEST_BALLOT)
    opening: str = Field(max_length=LARGEST_BALLOT)


def voting_service(request: Request) -> VotingService:
    """The service of this app."""
    service: VotingService = request.app.state.voting
    return service


Service = Annotated[VotingService, Depends(voting_service)]


async def a_window(service: Service, election_id: Annotated[str, Path(pattern="^[0-9a-f]{64}$", examples=["ab" * 32])]) -> Window:
    """The ballot that the address names."""
    return await run_in_threadpool(service.window, election_id)


def an_access_code(
    access_code: Annotated[str, Header(max_length=100, description="The voter's access code, as typed.", examples=["7M4K-Q2XD-…"])],
) -> AccessCode:
    """The access code in the header. A header may arrive as Latin-1 text: `read` refuses what is no code."""
    return AccessCode.read(access_code)


TheWindow = Annotated[Window, Depends(a_window)]
Code = Annotated[AccessCode, Depends(an_access_code)]


@router.get("", dependencies=[Depends(anybody)], responses=documented(421, 503))
async def elections(service: Service) -> list[ListedElection]:
    """The ballots that are prepared here, and not abandoned: what each is called, and when voting is."""
    found = await run_in_threadpool(service.listed)
    return [ListedElection.model_validate(each) for each in found]


@router.get(
    "/{election_id}", dependencies=[Depends(anybody)], responses={200: {"content": _JSON}, **documented(404, 421, 422, 503)},
    response_class=Response,
)  # fmt: skip
async def election(window: TheWindow) -> Response:
    """The public parts: the manifest's bytes in hexadecimal, n, k, and both joint keys. From these a browser computes all base hashes
    itself."""
    return Response(window.public, media_type="application/json")


@router.get("/{election_id}/hashes", dependencies=[Depends(anybody)], responses=documented(404, 421, 422, 503))
async def base_hashes(window: TheWindow) -> BaseHashes:
    """The base hashes as the service computes them, for a browser to compare with its own."""
    election = window.election
    parameters = election.parameters
    own = (parameters.parameter_base_hash, parameters.election_base_hash, election.extended_base_hash)
    h_p, h_b, h_e = (each.hex().upper() for each in own)
    return BaseHashes(h_p=h_p, h_b=h_b, h_e=h_e)


@router.post("/{election_id}/form", dependencies=[Depends(voter)], responses=documented(400, 403, 404, 409, 413, 415, 421, 422, 429, 503))
async def open_form(request: Request, service: Service, window: TheWindow, code: Code) -> Form:
    """Which ballot style the access code opens. Uses nothing up, however often it is asked (CL-08)."""
    access = await service.open_form(window, code, request)
    routes = list(ranked(window.election.manifest.statutory, access.methods))
    return Form(ballot_style=access.style, routes=routes, support=request.app.state.support)


@router.post(
    "/{election_id}/votes", status_code=201, dependencies=[Depends(voter)], openapi_extra=_BALLOT,
    responses=documented(400, 403, 404, 409, 413, 415, 421, 422, 429, 503),
)  # fmt: skip
async def cast(request: Request, service: Service, window: TheWindow, code: Code) -> Received:
    """Cast a vote: the body is the encrypted ballot. 201 only when it is stored for good. The same bytes with the same code get the same
    answer, at any time; any other ballot gets 409 from then on."""
    await service.cast(window, code, await request.body(), request)
    return Received()


@router.post(
    "/{election_id}/challenged", status_code=201, dependencies=[Depends(voter)],
    responses=documented(400, 403, 404, 409, 413, 415, 421, 422, 429, 503),
)  # fmt: skip
async def challenge(request: Request, service: Service, window: TheWindow, code: Code, challenged: ChallengedBallot) -> Received:
    """Hand in a ballot that was opened to check the encryption. It uses nothing up: vote afterwards, with a fresh encryption."""
    try:
        ballot, opening = challenged.ballot.encode(), challenged.opening.encode()
    except UnicodeEncodeError:
        raise Invalid("the ballot or its opening is no text; nothing was stored") from None
    await service.challenge(window, code, ballot, opening, request)
    return Received()
