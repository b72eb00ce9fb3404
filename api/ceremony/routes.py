"""The trustees' message board over HTTP. Who reads a message checks it: the board is a carrier, and nobody has to trust it."""

from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field

from api.auth import Principal, Role
from api.authorising import Requires
from api.ceremony.board import Board, Listed
from api.ceremony.paths import LARGEST, Author
from api.elections.routes import Elections
from api.errors import Denied, Invalid
from api.messages import ElectionId, Message
from api.problems import documented

__all__ = ["TheBoard", "router"]

router = APIRouter(prefix="/api/v1/ballots/{election_id}/board", tags=["trustees"])
PAGE = 500

Trustee = Annotated[Principal, Depends(Requires(Role.TRUSTEE))]
Reader = Annotated[Principal, Depends(Requires(Role.TRUSTEE, Role.SCRUTINEER, Role.AUDITOR))]


class NewMessage(Message):
    """A message, under the name that it has in an election folder."""

    name: str = Field(max_length=200, examples=["ceremony/1_commitments/guardian_1.json"])
    content: str = Field(max_length=LARGEST)


class ListedMessage(Message):
    """A message that is there: its place in the order of coming, from 1, its name, and its SHA-256."""

    position: int
    name: str
    sha256: str


class BoardPage(Message):
    """Messages after a position, in order; fewer than the limit: there are no more."""

    messages: list[ListedMessage]


def board_of(request: Request) -> Board:
    """The board of this app."""
    board: Board = request.app.state.board
    return board


TheBoard = Annotated[Board, Depends(board_of)]


@router.get("", responses=documented(404, 421, 422, 503))
def listed(
    board: TheBoard, _: Reader, election_id: ElectionId, after: Annotated[int, Query(ge=0, le=10**6)] = 0,
    limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE,
) -> BoardPage:  # fmt: skip
    """What is on the board after the message at this position."""
    return BoardPage(messages=[_listed(each) for each in board.listed(election_id, after, limit)])


@router.post("", status_code=201, responses=documented(400, 404, 409, 413, 415, 421, 422, 503))
def publish(board: TheBoard, elections: Elections, principal: Trustee, election_id: ElectionId, body: NewMessage) -> ListedMessage:
    """Say something, as the guardian whose account this is. The same again changes nothing; other content under the same name: 409."""
    guardian = elections.ballot(election_id).guardian_of(principal.account_id)
    if guardian is None:
        raise Denied("this account is not one of the ballot's trustees")
    try:
        content = body.content.encode()
    except UnicodeEncodeError:
        raise Invalid("content: is no text") from None
    return _listed(board.publish(election_id, Author(guardian), body.name, content))


@router.get(
    "/{name:path}", responses={200: {"content": {"application/octet-stream": {}}}, **documented(404, 421, 422, 503)},
    response_class=Response,
)  # fmt: skip
def message(board: TheBoard, _: Reader, election_id: ElectionId, name: Annotated[str, Path(max_length=200)]) -> Response:
    """A message's bytes; their SHA-256 in the header ETag."""
    content = board.read(election_id, name)
    return Response(content, media_type="application/octet-stream", headers={"ETag": f'"{sha256(content).hexdigest()}"'})


def _listed(each: Listed) -> ListedMessage:
    return ListedMessage(position=each.position, name=each.name, sha256=each.digest.hex())
