"""What the checks ask of a record, whatever its layout, and the one exception that reading may raise.

A reader (`record.py`, `egrf.py`, `egk.py`) offers `open_record(folder, group) -> RecordSource`. Small parts are read at once; ballots
come in chunks, so that memory does not grow with their number and a chunk can be checked in another process or on another machine.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from .model import Ballot, ContestDataDecryption, Device, Guardian, Manifest, OpenedBallot, OwnParts, Parameters, TallyContest

__all__ = ["Chunk", "Format", "Reading", "RecordError", "RecordSource"]

Reading = Callable[[int], None]
"""Called with a number of bytes that have just been read."""


class RecordError(Exception):
    """Something could not be read. `file` is relative to the record, `line` from 1 or 0 for the whole file, `member` like
    `contests.1.ciphertexts[2].alpha` or empty, `reason` says what was expected and what came. `check` is an item that fails by it too."""

    def __init__(self, file: str, line: int, member: str, reason: str, check: str = "") -> None:
        super().__init__(file, line, member, reason, check)
        self.file, self.line, self.member, self.reason, self.check = file, line, member, reason, check

    @property
    def where(self) -> str:
        """The place, for messages."""
        return self.file + (f", line {self.line}" if self.line else "") + (f", {self.member}" if self.member else "")

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Format:
    """A layout. `edition` is the specification whose rules are checked, `deviations` what is accepted beyond it, `remark` what a reader of
    the report must know, `own` whether it is our profile, `kind` which kind of it (empty before the record is read), and `not_applicable`
    pairs of check id and reason for items that this layout can have no object for. X1 to X18 need not be listed: they are not applicable to
    any layout but ours."""

    name: str
    edition: tuple[int, ...] = (2, 1, 0)
    deviations: tuple[str, ...] = ()
    remark: str = ""
    own: bool = False
    kind: str = ""
    not_applicable: tuple[tuple[str, str], ...] = ()

    @property
    def witnessed(self) -> bool:
        """Whether the record's ballots are those of a log."""
        return self.kind == "witnessed"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive ballots of one device. `path`, `offset` and `line` (from 1) say where they begin; `position` is the first ballot's
    1-based place on its device, `count` how many there are, `device` the device's index. `parts` are length and SHA-256 of what the chunk
    consists of, piece by piece, when it was planned. Chunks are listed device by device, in order of position."""

    path: str
    offset: int
    position: int
    count: int
    device: int
    line: int
    parts: tuple[tuple[int, bytes], ...]

    @property
    def size(self) -> int:
        """How many bytes it is long."""
        return sum(length for length, _ in self.parts)


class RecordSource(Protocol):
    """An opened record. `errors` are reading errors that did not stop the reader; what they concern is then None (a tuple otherwise) and
    the checks that need it are not run. `own` holds the parts of our own profile and is None for every other layout."""

    @property
    def format(self) -> Format: ...
    @property
    def parameters(self) -> Parameters: ...
    @property
    def h_p(self) -> bytes: ...
    @property
    def h_b(self) -> bytes: ...
    @property
    def h_e(self) -> bytes: ...
    @property
    def manifest(self) -> Manifest: ...
    @property
    def guardians(self) -> tuple[Guardian, ...]: ...
    @property
    def K(self) -> int: ...
    @property
    def K_hat(self) -> int: ...
    @property
    def devices(self) -> tuple[Device, ...]: ...
    @property
    def tally(self) -> tuple[TallyContest, ...] | None: ...
    @property
    def openings(self) -> tuple[OpenedBallot, ...] | None: ...
    @property
    def contest_data(self) -> tuple[ContestDataDecryption, ...] | None: ...
    @property
    def errors(self) -> tuple[RecordError, ...]: ...
    @property
    def own(self) -> OwnParts | None: ...

    def chunks(self) -> list[Chunk]:
        """All ballots of all devices, in pieces of a few to some hundreds. Raises RecordError if a ballot file is missing."""
        ...

    def read_chunk(self, chunk: Chunk) -> Iterator[Ballot | RecordError]:
        """The chunk's ballots in order, each either readable or the reason why it is not. Raises nothing."""
        ...
