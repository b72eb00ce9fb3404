"""The trial decryption over HTTP: begin another round, see who has not answered. Trustees answer on the board (OP-02)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from api.auth import Principal, Role
from api.authorising import Requires
from api.ceremony import keys, trial
from api.ceremony.board_messages import BoardMessages
from api.ceremony.routes import TheBoard
from api.elections.routes import Elections
from api.elections.service import Ballot
from api.elections.states import State
from api.errors import Conflict
from api.messages import ElectionId, Message
from api.problems import documented

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/ballots/{election_id}/trial", tags=["trustees"])
_WHEN = (State.TRIAL, State.OPEN)

Scrutineer = Annotated[Principal, Depends(Requires(Role.SCRUTINEER))]
Reader = Annotated[Principal, Depends(Requires(Role.SCRUTINEER, Role.TRUSTEE, Role.AUDITOR))]


class NewRound(Message):
    """The number of the round that is wanted, from 1: the one after the newest, or again the newest."""

    round: int = Field(ge=1, le=9999)


class MissingAnswer(Message):
    """An answer that is not there, or that is wrong: then `wrong` says why. `source` is medium or copy."""

    guardian: int
    source: str
    wrong: str


class TrialState(Message):
    """The newest round, 0 if there was none, and which answers are missing in it."""

    round: int
    missing: list[MissingAnswer]


@router.post("", status_code=201, responses=documented(400, 404, 409, 413, 415, 421, 422, 503))
def begin(request: Request, board: TheBoard, elections: Elections, _: Scrutineer, election_id: ElectionId, body: NewRound) -> TrialState:
    """Ask the trustees to try their key shares once more: weekly while voting is open, or after a wrong answer. Again changes nothing."""
    ballot = elections.ballot(election_id)
    if ballot.state not in _WHEN:
        raise Conflict(f"the ballot is {ballot.state}: key shares are tried between the key ceremony and the close")
    trial.begin(BoardMessages(board, election_id, request.app.state.group), body.round)
    return _state(request, board, ballot)


@router.get("", responses=documented(404, 409, 421, 422, 503))
def state(request: Request, board: TheBoard, elections: Elections, _: Reader, election_id: ElectionId) -> TrialState:
    """Who has still to show that medium and copy can be read."""
    return _state(request, board, elections.ballot(election_id))


def _state(request: Request, board: TheBoard, ballot: Ballot) -> TrialState:
    messages = BoardMessages(board, ballot.election_id, request.app.state.group)
    asked = trial.latest_round(messages)
    awaited = trial.missing(messages, keys.held(board, ballot, messages.group).election)
    missing = [MissingAnswer(guardian=each.guardian, source=each.source, wrong=each.wrong) for each in awaited]
    return TrialState(round=asked[0] if asked else 0, missing=missing)
