"""The closed ballots as this machine checked them, with a bar for whoever waits (specs/decisions/0008-own-cache.md)."""

import os
from pathlib import Path

from api.tally import checked
from api.tally.checked import Own
from cli.progress import ballots_bar
from engine.parameters import Election
from engine.tally import BallotSet

__all__ = ["Own", "check_file", "own_cache"]


def own_cache(election: Election) -> Own:
    """For whoever has no folder of his own: this user's cache."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Own(Path(home).expanduser() / "psephos" / election.extended_base_hash.hex(), with_hints=True)


def check_file(path: Path, election: Election, processes: int, own: Own | None) -> tuple[BallotSet, bytes]:
    """See `api.tally.checked.check_file`. Raises EngineError."""
    return checked.check_file(path, election, processes, own, ballots_bar)
