"""Before a trustee decrypts: that the platform's log is the one that was watched and holds just the closed ballots (X11). Secrets pass."""

import sys

from cli.errors import PsephosError
from cli.exchange import CLOSED, ElectionFolder
from cli.mirror import Mirror
from cli.trustee_folder import TrusteeFolder
from cli.watching import LogWatch
from engine.encoding import to_json
from engine.guardian import KeyShares
from engine.manifest import WITNESSED
from engine.parameters import Election
from engine.record import read_lines
from engine.witness import state_log

__all__ = ["statement"]


def statement(board: ElectionFolder, own: TrusteeFolder, share: KeyShares, election: Election) -> bytes | None:
    """This guardian's statement about the log, made and kept once; None for a ballot that has no log. Raises Alarm if the closed log is not
    the one that was watched, or its ballots are not those that are to be counted."""
    if election.manifest.voting.log != WITNESSED:
        return None
    if not isinstance(board, Mirror):
        raise PsephosError(f"{board.path} is no copy of a platform's board, and the manifest says that there is a log: join the platform")
    watch = LogWatch(board, own.path)
    if not watch.has_watched():
        print("warning: nothing of the log was watched here (psephos trustee watch), so it could be any", file=sys.stderr, flush=True)
    checked = watch.check(read_lines(board.path / CLOSED))
    name = f"log_{checked.size}_{checked.root.hex()[:16]}.json"
    return own.keep(name, lambda: to_json(state_log(share, checked, election)))
