"""The closed ballots as this machine checked them, each proof once: afterwards from its own cache (specs/decisions/0008-own-cache.md)."""

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from engine.flat import FlatBallot, FlatWriter, open_flat
from engine.hints import HintsWriter
from engine.parameters import Election
from engine.record import read_lines
from engine.tally import BallotSet, Keep, read_stored, verify_and_multiply

__all__ = ["Bar", "Own", "check_file"]


@dataclass(frozen=True, slots=True)
class Own:
    """A folder in which only this machine's own programs write, and whether hints are to be kept there too."""

    folder: Path
    with_hints: bool

    @property
    def flat(self) -> Path:
        """The checked ballots in bytes."""
        return self.folder / "checked.flat"

    @property
    def hints(self) -> Path:
        """The commitments of their proofs, as they are published beside a record."""
        return self.folder / "checked.hints"


Bar = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Shows progress: opened with what is done to how many ballots, called with how many are done."""


def check_file(path: Path, election: Election, processes: int, own: Own | None, bar: Bar) -> tuple[BallotSet, bytes]:
    """What is in the ballots of the file `path`, every proof checked on this machine, and the SHA-256 of exactly what was read.

    What was checked once is kept in `own` and not checked again. Raises EngineError.
    """
    digest, count = _measure(path)
    stored = open_flat(own.flat, election, digest) if own and (own.hints.exists() or not own.with_hints) else None
    with _workers(processes) as pool:
        if stored:
            with bar("multiplying ballots that this machine has checked", count) as advance:
                found = read_stored(stored, election, pool)
                advance(count)
            return found, digest
        read = sha256()
        with bar("checking ballots", count) as advance, ExitStack() as stack:
            flat, keep = _writers(stack, election, own)
            found = verify_and_multiply(_digested(read_lines(path), read), election, pool, advance, keep)
            if flat:
                flat.seal(read.digest())
        return found, read.digest()


def _writers(stack: ExitStack, election: Election, own: Own | None) -> tuple[FlatWriter | None, Keep | None]:
    """Hints are finished before flat ballots: where there are flat ballots, there are the hints of the same pass."""
    if own is None:
        return None, None
    try:
        own.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        own.flat.unlink(missing_ok=True)
        own.hints.unlink(missing_ok=True)
        flat = stack.enter_context(FlatWriter(own.flat, election))
        hints = stack.enter_context(HintsWriter(own.hints, election.extended_base_hash)) if own.with_hints else None
    except OSError as error:
        print(f"{own.folder}: {error.strerror}; nothing is kept there, so ballots will be checked again", file=sys.stderr, flush=True)
        return None, None

    def keep(ballot: FlatBallot, commitments: bytes) -> None:
        flat.add(ballot)
        if hints:
            hints.add(commitments)

    return flat, keep


@contextmanager
def _workers(processes: int) -> Iterator[Executor | None]:
    context = get_context("spawn") if threading.active_count() > 1 else None  # a fork would take the locks of other threads with it
    with ProcessPoolExecutor(processes, context) if processes > 1 else nullcontext() as pool:
        yield pool


def _measure(path: Path) -> tuple[bytes, int]:
    """SHA-256 and number of lines of a file."""
    digest, lines = sha256(), 0
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
            lines += part.count(b"\n")
    return digest.digest(), lines


def _digested(lines: Iterable[bytes], digest: Any) -> Iterator[bytes]:
    for line in lines:
        digest.update(line + b"\n")
        yield line
