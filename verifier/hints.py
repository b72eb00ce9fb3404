"""Reads the file of hints beside a record: the commitments of every ballot's proofs, in the order of the record.

    b"psephos hints 1\\n" · H_E · the ballots' commitments · n + 1 offsets of 8 bytes · n in 8 bytes

Nothing in it is trusted, and nothing in it can make a record fail: where it is damaged, cut off or of another record, ballots are checked
without it.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

__all__ = ["Hints", "HintsError", "Reading", "open_hints"]

MAGIC = b"psephos hints 1\n"
_HEAD = len(MAGIC) + 32


class HintsError(Exception):
    """The file holds no hints for this record; says why."""


@dataclass(frozen=True, slots=True)
class Hints:
    """An opened file. `ballots` is how many it claims to have hints for, `index` where its offsets begin."""

    path: Path
    ballots: int
    index: int

    @contextmanager
    def reading(self, first: int, count: int) -> Iterator["Reading"]:
        """Opens the file for `count` ballots from the `first` on, counted from 0 in the order of the record."""
        if first + count > self.ballots:
            yield Reading(BytesIO(), b"", 0)
            return
        try:
            file: BinaryIO = _regular(self.path)
        except OSError:
            file = BytesIO()
        with file:
            try:
                file.seek(self.index + 8 * first)
                offsets = file.read(8 * (count + 1))
            except OSError:
                offsets = b""
            yield Reading(file, offsets, self.index)


@dataclass(frozen=True, slots=True)
class Reading:
    """An opened file with the offsets of some ballots."""

    file: BinaryIO
    offsets: bytes
    end: int

    def ballot(self, number: int, size: int) -> bytes:
        """The hints of a ballot, counted from 0, if they are `size` bytes long; empty if not."""
        begin, stop = (int.from_bytes(self.offsets[at : at + 8], "big") for at in (8 * number, 8 * number + 8))
        if not _HEAD <= begin <= stop <= self.end or stop - begin != size:
            return b""
        try:
            self.file.seek(begin)
            content = self.file.read(size)
        except OSError:
            return b""
        return content if len(content) == size else b""


def open_hints(path: Path, h_e: bytes) -> Hints:
    """Raises HintsError if the file cannot be read, is no file of hints, or belongs to another election than the one with H_E `h_e`."""
    try:
        with _regular(path) as file:
            head = file.read(_HEAD)
            size = file.seek(0, os.SEEK_END)
            if head[: len(MAGIC)] != MAGIC or size < _HEAD + 16:
                raise HintsError(f"{path.name} is no file of hints")
            file.seek(size - 8)
            ballots = int.from_bytes(file.read(8), "big")
    except (OSError, ValueError) as error:
        raise HintsError(f"{path.name} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if head[len(MAGIC) :] != h_e:
        raise HintsError(f"{path.name} belongs to another record")
    index = size - 8 * (ballots + 2)
    if index < _HEAD:
        raise HintsError(f"{path.name} is cut off or damaged")
    return Hints(path, ballots, index)


def _regular(path: Path) -> BinaryIO:
    """Opens an ordinary file; raises OSError for anything else, a pipe among them, without waiting for it."""
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise OSError(0, "is no ordinary file")
    return open(number, "rb")
