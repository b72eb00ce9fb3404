"""Plain values of the files that only our own profile has (record-format.md, 2.1, 2.10 to 2.12); see `model.py` for all others."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StateCounts:
    """How many ballots of each state (record-format.md, 2.10)."""

    cast: int
    discounted: int
    challenged: int


@dataclass(frozen=True, slots=True)
class Totals:
    """`totals.json`: all ballots, then pairs of style index and counts as listed; `statement` is "" if absent."""

    ballots: StateCounts
    styles: tuple[tuple[int, StateCounts], ...]
    statement: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """`signature.json`: the date as written and 64 bytes."""

    date: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class LogStatement:
    """A guardian's statement about the log (record-format.md, 2.12): its index, challenge and response."""

    index: int
    c: int
    v: int


@dataclass(frozen=True, slots=True)
class Log:
    """`log.json`: how many ballots, the root over them, and the statements as listed."""

    size: int
    root: bytes
    statements: tuple[LogStatement, ...]


@dataclass(frozen=True, slots=True)
class FileDigest:
    """SHA-256 of a file of the record; `path` relative to the record, with `/`."""

    path: str
    sha256: bytes
