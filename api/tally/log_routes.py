"""The witnessed log, for trustees alone: signed checkpoints while votes are taken, all leaves after the close (X11, CR-37).

The order in which votes came is told to nobody else, and stands in no record.
"""

import threading
from datetime import datetime, timedelta
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import APIRouter, Depends, Query, Request, Response

from api.auth import Principal, Role
from api.authorising import Requires
from api.ceremony.log_key import LogKey
from api.clock import Clock
from api.elections.routes import Elections
from api.elections.service import Ballot
from api.elections.states import State
from api.errors import Conflict, Denied
from api.messages import ElectionId, Message
from api.problems import documented
from api.voters import log
from api.voters.ballot_box import BallotBox
from api.voters.database import VoterDatabase
from api.voters.window import window_of
from engine.group import Group
from engine.merkle import Checkpoint, consistency_proof, root_of

__all__ = ["WitnessedLog", "router"]

router = APIRouter(prefix="/api/v1/ballots/{election_id}/log", tags=["witnesses"])
Trustee = Annotated[Principal, Depends(Requires(Role.TRUSTEE))]


class WitnessedLog:
    """The logs of one voter database. Checkpoints are signed with `key` and called `origin`/<election id>. While votes are taken everybody
    gets the same one for as long as `every`, so that nobody learns from them when a vote came."""

    def __init__(
        self, voters: VoterDatabase, clock: Clock, group: Group, key: Ed25519PrivateKey, origin: str, every: timedelta
    ) -> None:
        self._voters, self._box, self._clock, self._group = voters, BallotBox(voters, clock), clock, group
        self._key, self._origin, self._every = key, origin, every
        self._lock = threading.Lock()
        self._shown: dict[str, tuple[datetime, list[bytes]]] = {}

    def public(self, election_id: str) -> LogKey:
        """What trustees know the log by."""
        return LogKey(f"{self._origin}/{election_id}", self._key.public_key().public_bytes_raw())

    def checkpoint(self, election_id: str, after: int) -> tuple[bytes, tuple[bytes, ...]]:
        """A signed checkpoint of the log as it stood a while ago, after the close as it is, and the proof that it extends the one of size
        `after`. Raises NotFound; Conflict if the log is shorter than that."""
        leaves = self._shown_leaves(election_id)
        if after > len(leaves):
            raise Conflict(f"the log has {len(leaves)} leaves, fewer than {after}: it has been cut off, or you have kept another ballot's")
        checkpoint = Checkpoint(f"{self._origin}/{election_id}", len(leaves), root_of(leaves))
        proof = consistency_proof(leaves, after) if 0 < after < len(leaves) else ()
        return checkpoint.sign(self._key), proof

    def leaves(self, election_id: str) -> list[bytes]:
        """The hashes of all leaves, in the order of acceptance. Raises Conflict before the close."""
        self._box.must_be_closed(window_of(self._voters, election_id, self._group))
        return self._leaves(election_id)

    def _shown_leaves(self, election_id: str) -> list[bytes]:
        now, window = self._clock.now(), window_of(self._voters, election_id, self._group)
        with self._lock:
            shown = self._shown.get(election_id)
            if shown is None or not shown[0] <= now < shown[0] + self._every or (shown[0] < window.closes <= now):
                shown = self._shown[election_id] = (now, self._leaves(election_id))
            return shown[1]

    def _leaves(self, election_id: str) -> list[bytes]:
        window = window_of(self._voters, election_id, self._group)
        with self._voters.store.reading() as session:
            return log.leaves(session, election_id, window.key)


class SignedCheckpoint(Message):
    """A checkpoint as a C2SP signed note, and the hashes that prove that it extends the one that was asked about."""

    checkpoint: str
    consistency: list[str]


def log_of_app(request: Request) -> WitnessedLog:
    """The log of this app."""
    found: WitnessedLog = request.app.state.log
    return found


TheLog = Annotated[WitnessedLog, Depends(log_of_app)]


@router.get("", responses=documented(404, 409, 421, 422, 503))
def checkpoint(
    witnessed: TheLog, elections: Elections, principal: Trustee, election_id: ElectionId, after: Annotated[int, Query(ge=0, le=2**40)] = 0
) -> SignedCheckpoint:
    """A signed checkpoint, and that it extends the one of size `after`. Keep each: together they show whatever is changed later. There is a
    new one now and then, the same for everybody, so that none tells when a vote came."""
    _must_be_witness(elections.ballot(election_id), principal)
    note, proof = witnessed.checkpoint(election_id, after)
    return SignedCheckpoint(checkpoint=note.decode(), consistency=[each.hex() for each in proof])


@router.get(
    "/leaves", response_class=Response, responses={200: {"content": {"text/plain": {}}}, **documented(404, 409, 421, 422, 503)}
)
def leaves(witnessed: TheLog, elections: Elections, principal: Trustee, election_id: ElectionId) -> Response:
    """After the close, until the tally: the hash of each leaf, in the order of acceptance, one a line."""
    ballot = elections.ballot(election_id)
    _must_be_witness(ballot, principal)
    if ballot.state not in (State.CLOSED, State.EXCLUDED):
        raise Conflict(f"the ballot is {ballot.state}: the leaves are shown between the close and the tally")
    return Response("".join(f"{each.hex()}\n" for each in witnessed.leaves(election_id)), media_type="text/plain")


def _must_be_witness(ballot: Ballot, principal: Principal) -> None:
    if ballot.guardian_of(principal.account_id) is None:
        raise Denied("this account is not one of the ballot's trustees")
