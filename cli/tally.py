"""`psephos tally`: the encrypted tally of the closed ballots, recomputed by whoever wants to see it."""

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import click

from cli.checked import own_cache
from cli.exchange import ElectionFolder
from cli.request import check_closed
from engine.ballot import CAST
from engine.encoding import member, to_json
from engine.tally import EncryptedTally


@dataclass(frozen=True, slots=True)
class ClosedTally:
    """The product of the counted ballots, and the SHA-256 of the file of closed ballots that it is made from."""

    ballots: bytes = member(length=32)
    tally: EncryptedTally = member()


@click.command()
@click.argument("election", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--processes", type=click.IntRange(min=1), default=os.cpu_count() or 1, help="Processes that check ballots.")
def tally(election: Path, processes: int) -> None:
    """Recompute the encrypted tally of the closed ballots in the folder ELECTION (§3.5).

    Checks every ballot, multiplies those that count, and prints the product with the SHA-256 of the ballots: the same for everybody.
    Nothing is decrypted. What this machine has checked it keeps for the next time, in the user's cache folder; that may be deleted.
    """
    board = ElectionFolder(election)
    known = board.election()
    found, digest = check_closed(board, known, processes, own_cache(known))
    content = to_json(ClosedTally(digest, found.tally))
    counted = sum(number for (_, state), number in found.states.items() if state == CAST)
    click.echo(content)
    click.echo(f"{counted} of {found.states.total()} ballots are counted; SHA-256 of the ballots: {digest.hex().upper()}", err=True)
    click.echo(f"SHA-256 of this tally: {sha256(content).hexdigest().upper()}", err=True)
