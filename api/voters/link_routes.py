"""What the service for rolls asks of this one, between two processes of ours: to take voters, and for access codes. A secret passes.

It tells unique identifiers and ballot styles and no more; it is never told anything about a vote. A proxy in front of this service does
not lead here.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from api.audit.entry import Entry
from api.authorising import OwnService
from api.errors import Denied
from api.messages import ElectionId, Message
from api.problems import documented
from api.voters.access import NewVoter, count_voters, reissue
from api.voters.ballot_box import BallotBox
from api.voters.database import VoterDatabase
from api.voters.handing_over import announce, remove_part, take_part
from api.voters.window import Window, window_of
from engine.statutory import Method

__all__ = ["MOST_AT_ONCE", "router"]

router = APIRouter(prefix="/api/v1/link/{election_id}", tags=["link"])
MOST_AT_ONCE = 20_000
"""Voters of one part of a roll."""
MOST_VOTERS = 10_000_000
_OURS = [Depends(OwnService())]

Identifier = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]


class VoterToTake(Message):
    """Somebody who may vote."""

    unique_identifier: Identifier
    style: int = Field(ge=1, le=10_000)
    methods: list[Annotated[Method, Field(strict=False)]] = Field(
        default=[], max_length=4, description="That the voter has or may be moved to.", examples=[["electronic"]]
    )


class RollSize(Message):
    """How many voters a roll has."""

    voters: int = Field(ge=1, le=MOST_VOTERS)


class Voters(Message):
    """Some voters of a roll."""

    voters: list[VoterToTake] = Field(max_length=MOST_AT_ONCE)


class Removals(Message):
    """Some who stand on the roll no more."""

    unique_identifiers: list[Identifier] = Field(max_length=MOST_AT_ONCE)


class Taken(Message):
    """How many voters: that there are, or of a part."""

    voters: int


class WhoseCode(Message):
    """Whom an access code is for, and how it will be sent."""

    unique_identifier: Identifier
    channel: str = Field(max_length=20, pattern="^[a-z-]+$")


class Reissue(WhoseCode):
    """Who asks for a code in place of all others, and why."""

    by: str = Field(min_length=1, max_length=64)
    reason: str = Field(min_length=1, max_length=300)


class Discount(Reissue):
    """Who asks that a vote not be counted, and who else has agreed; two different persons."""

    approved_by: str = Field(min_length=1, max_length=64)


class NewCode(Message):
    """An access code, 28 characters: to be sent, and forgotten."""

    code: str = Field(repr=False)


def window(request: Request, election_id: ElectionId) -> Window:
    """The ballot that the address names."""
    return window_of(request.app.state.voters, election_id, request.app.state.group)


TheWindow = Annotated[Window, Depends(window)]


def voters_of(request: Request) -> VoterDatabase:
    """The voter database of this app."""
    database: VoterDatabase = request.app.state.voters
    return database


Database = Annotated[VoterDatabase, Depends(voters_of)]


@router.post("/roll", status_code=201, dependencies=_OURS, responses=documented(400, 404, 409, 413, 415, 421, 422, 503))
def announce_roll(database: Database, ballot: TheWindow, body: RollSize) -> Taken:
    """How many voters there have to be: the ballot is not opened before they are there. The same again changes nothing."""
    announce(database, ballot, body.voters)
    return Taken(voters=count_voters(database, ballot))


@router.post("/voters", status_code=201, dependencies=_OURS, responses=documented(400, 404, 409, 413, 415, 421, 422, 503))
def take_voters(database: Database, ballot: TheWindow, body: Voters) -> Taken:
    """Take some voters of a roll, all or none. Those who are there already change nothing. Answers how many came."""
    take_part(database, ballot, [NewVoter(each.unique_identifier, each.style, tuple(each.methods)) for each in body.voters])
    return Taken(voters=len(body.voters))


@router.post("/removals", status_code=201, dependencies=_OURS, responses=documented(400, 404, 409, 413, 415, 421, 422, 503))
def remove_voters(database: Database, ballot: TheWindow, body: Removals) -> Taken:
    """Remove some voters before the opening, all or none, to whom nothing was issued. The same again changes nothing. Answers how many
    were named."""
    remove_part(database, ballot, body.unique_identifiers)
    return Taken(voters=len(body.unique_identifiers))


@router.post("/codes", status_code=201, dependencies=_OURS, responses=documented(400, 404, 409, 413, 415, 421, 422, 503))
def new_code(database: Database, ballot: TheWindow, body: WhoseCode) -> NewCode:
    """A new access code in place of all others of this voter."""
    return NewCode(code=reissue(database, ballot, body.unique_identifier, body.channel).compact())


@router.post("/reissues", status_code=201, dependencies=_OURS, responses=documented(400, 404, 409, 413, 415, 421, 422, 503))
def reissued_code(request: Request, database: Database, ballot: TheWindow, body: Reissue) -> NewCode:
    """A new access code in place of all others of this voter, noted in the audit log."""
    entry = Entry(ballot.election_id, "access_method_reissued", request.app.state.clock.now(), {
        "by": body.by, "reason": body.reason, "unique_identifier": body.unique_identifier, "channel": body.channel,
    })  # fmt: skip
    return NewCode(code=reissue(database, ballot, body.unique_identifier, body.channel, entry).compact())


@router.post("/discounts", status_code=201, dependencies=_OURS, responses=documented(400, 404, 409, 413, 415, 421, 422, 503))
def discount(request: Request, ballot: TheWindow, body: Discount) -> NewCode:
    """The voter's vote, if there is one, is not counted, and a new code takes the place of all others, in one transaction. The answer is
    the same whether or not there was a vote (T4)."""
    if body.by == body.approved_by:
        raise Denied("two different persons decide about a discount (OP-12)")
    box: BallotBox = request.app.state.box
    decision = body.model_dump_json(include={"by", "approved_by", "reason"}).encode()
    entry = Entry(ballot.election_id, "vote_discounted", request.app.state.clock.now(), {
        "by": body.by, "approved_by": body.approved_by, "reason": body.reason, "unique_identifier": body.unique_identifier,
    })  # fmt: skip
    return NewCode(code=box.discount(ballot, body.unique_identifier, decision, body.channel, entry).compact())
