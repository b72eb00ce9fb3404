"""The closed ballots as this machine checked them: what a request to decrypt has to be about (§3.6)."""

from pathlib import Path

from api.ceremony.requests import check_challenged
from cli.checked import Own, check_file
from cli.errors import PsephosError
from cli.exchange import CLOSED, ElectionFolder
from engine.ballot import Opening
from engine.parameters import Election
from engine.tally import BallotSet


def check_closed(board: ElectionFolder, election: Election, processes: int, own: Own | None = None) -> tuple[BallotSet, bytes]:
    """Reads, checks and multiplies the closed ballots: this machine's own view, and the digest of exactly what it read.

    It goes on from what it has checked before and kept in `own`. Raises EngineError.
    """
    board.bring_closed()
    if not (board.path / CLOSED).exists():
        raise PsephosError(f"{board.path / CLOSED} is not there yet; first, after the closing time: psephos scrutineer close {board.path}")
    return check_ballots(board, election, board.path / CLOSED, processes, own)


def check_ballots(
    board: ElectionFolder, election: Election, file: Path, processes: int, own: Own | None = None
) -> tuple[BallotSet, bytes]:
    """The same for the ballots, with their states, in any file."""
    found, digest = check_file(file, election, processes, own)
    check_challenged(found, election, lambda code: board.read(Opening, f"challenged/{code}.json"))
    return found, digest
