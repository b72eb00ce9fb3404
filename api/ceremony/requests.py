"""What is to be decrypted: the scrutineer's request, which names one aggregate and the guardians that are asked (§3.6)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from api.ceremony.messages import Messages
from engine.ballot import Opening
from engine.decryption import check_guardians
from engine.encoding import member, to_json
from engine.errors import DecryptionRefused, EngineError, QuorumError
from engine.opening import verify_opening
from engine.parameters import Election
from engine.tally import BallotSet, EncryptedTally

__all__ = [
    "DecryptionRequest", "check_asked", "check_challenged", "latest_request", "next_request", "request_decryption", "request_is_there",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class DecryptionRequest:
    """What the scrutineer asks for: one aggregate, these guardians. `ballots` is the SHA-256 of the closed ballots."""

    guardians: tuple[int, ...] = member()
    ballots: bytes = member(length=32)
    tally: EncryptedTally = member()


def request_decryption(
    board: Messages, election: Election, found: BallotSet, digest: bytes, guardians: tuple[int, ...], now: datetime, again: bool = False
) -> int:
    """Asks `guardians` to decrypt the one aggregate `found` in the closed ballots, whose SHA-256 is `digest`; answers the request's number.

    Raises DecryptionRefused before the close, QuorumError if too few or unknown guardians are named.
    """
    request = DecryptionRequest(check_asked(election, guardians, now), digest, found.tally)
    number, new = next_request(board, request, again)
    if new:
        board.publish(f"decryption/request_{number}.json", to_json(request))
    return number


def latest_request(board: Messages) -> tuple[int, DecryptionRequest] | None:
    """The newest request of the scrutineer and its number, from 1."""
    number = 0
    while request_is_there(board, number + 1):
        number += 1
    request = board.read(DecryptionRequest, f"decryption/request_{number}.json") if number else None
    return (number, request) if request else None


def request_is_there(board: Messages, number: int) -> bool:
    """Whether the scrutineer has made this request."""
    return board.has(f"decryption/request_{number}.json")


def next_request(board: Messages, request: DecryptionRequest, again: bool) -> tuple[int, bool]:
    """The number of `request`, and whether it is a new one. One that was made before keeps its number, unless they start `again`."""
    asked = latest_request(board)
    if asked and asked[1] == request and not again:
        return asked[0], False
    return asked[0] + 1 if asked else 1, True


def check_asked(election: Election, guardians: tuple[int, ...], now: datetime) -> tuple[int, ...]:
    """The guardians to be asked, if it is time and they are enough. Raises DecryptionRefused or QuorumError."""
    if now < election.manifest.closes:
        raise DecryptionRefused(f"voting is open until {election.manifest.voting.closes}: nothing is decrypted before")
    k = election.parameters.quorum
    if len(set(guardians)) < k:
        raise QuorumError(
            f"{k} trustees are needed for the count, only {len(set(guardians))} are named. The ballots stay where they are and nothing is "
            f"lost: the count can be made as soon as {k} trustees, or the backups of their key shares, are there"
        )
    return check_guardians(guardians, election)


def check_challenged(found: BallotSet, election: Election, opening_of: Callable[[str], Opening | None]) -> None:
    """That each ballot marked as challenged was opened by who made it: a mark alone would open anybody's vote. `opening_of` answers what
    was shown for a confirmation code, as in `EncryptedBallot.ballot_id`. Raises DecryptionRefused."""
    for ballot in found.challenged:
        opening = opening_of(ballot.ballot_id)
        if opening is None:
            raise DecryptionRefused(f"ballot {ballot.ballot_id} is marked as challenged, but nobody has shown its opening")
        try:
            verify_opening(ballot, opening, election)
        except EngineError as error:
            message = f"ballot {ballot.ballot_id} is marked as challenged, but what is shown is not its opening: {error}"
            raise DecryptionRefused(message) from None
