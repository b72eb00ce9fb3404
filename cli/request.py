"""What is to be decrypted: the closed ballots as this machine checked them, and the scrutineer's request (§3.6)."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cli.checked import Own, check_file
from cli.errors import PsephosError
from cli.exchange import CLOSED, ElectionFolder
from engine.ballot import Opening
from engine.decryption import check_guardians
from engine.encoding import member
from engine.errors import DecryptionRefused, EngineError, QuorumError
from engine.opening import verify_opening
from engine.parameters import Election
from engine.tally import BallotSet, EncryptedTally


@dataclass(frozen=True, slots=True)
class DecryptionRequest:
    """What the scrutineer asks for: one aggregate, these guardians. `ballots` is the SHA-256 of the closed ballots."""

    guardians: tuple[int, ...] = member()
    ballots: bytes = member(length=32)
    tally: EncryptedTally = member()


def check_closed(board: ElectionFolder, election: Election, processes: int, own: Own | None = None) -> tuple[BallotSet, bytes]:
    """Reads, checks and multiplies the closed ballots: this machine's own view, and the digest of exactly what it read.

    It goes on from what it has checked before and kept in `own`. Raises EngineError.
    """
    if not (board.path / CLOSED).exists():
        raise PsephosError(f"{board.path / CLOSED} is not there yet; first, after the closing time: psephos scrutineer close {board.path}")
    return check_ballots(board, election, board.path / CLOSED, processes, own)


def check_ballots(
    board: ElectionFolder, election: Election, file: Path, processes: int, own: Own | None = None
) -> tuple[BallotSet, bytes]:
    """The same for the ballots, with their states, in any file."""
    found, digest = check_file(file, election, processes, own)
    check_challenged(board, found, election)
    return found, digest


def check_challenged(board: ElectionFolder, found: BallotSet, election: Election) -> None:
    """That each ballot marked as challenged was opened by who made it: a mark alone would open anybody's vote. Raises EngineError."""
    for ballot in found.challenged:
        opening = board.read(Opening, f"challenged/{ballot.ballot_id}.json")
        if opening is None:
            raise DecryptionRefused(f"ballot {ballot.ballot_id} is marked as challenged, but nobody has shown its opening")
        try:
            verify_opening(ballot, opening, election)
        except EngineError as error:
            message = f"ballot {ballot.ballot_id} is marked as challenged, but what is shown is not its opening: {error}"
            raise DecryptionRefused(message) from None


def latest_request(board: ElectionFolder) -> tuple[int, DecryptionRequest] | None:
    """The newest request of the scrutineer and its number, from 1."""
    number = 0
    while request_is_there(board, number + 1):
        number += 1
    request = board.read(DecryptionRequest, f"decryption/request_{number}.json") if number else None
    return (number, request) if request else None


def request_is_there(board: ElectionFolder, number: int) -> bool:
    """Whether the scrutineer has made this request."""
    return (board.path / f"decryption/request_{number}.json").exists()


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


def next_request(board: ElectionFolder, request: DecryptionRequest, again: bool) -> tuple[int, bool]:
    """The number of `request`, and whether it is a new one. One that was made before keeps its number, unless they start `again`."""
    asked = latest_request(board)
    if asked and asked[1] == request and not again:
        return asked[0], False
    return asked[0] + 1 if asked else 1, True
