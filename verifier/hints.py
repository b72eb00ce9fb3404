"""Reads the file of hints beside a record: the commitments of every ballot's proofs, in the order of the record.

    b"psephos hints 1\\n" · H_E · the ballots' commitments · n + 1 offsets of 8 bytes · n in 8 bytes

Nothing in it is trusted, and nothing in it can make a record fail: where it is damaged, cut off or of another record, ballots are checked
without it.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Hints", "HintsError", "open_hints"]

MAGIC = b"psephos hints 1\n"
_HEAD = len(MAGIC) + 32
_MOST = 2**28
"""So many bytes of hints are read for one chunk; a file that claims more has no hints for it."""


class HintsError(Exception):
    """The file holds no hints for this record; says why."""


@dataclass(frozen=True, slots=True)
class Hints:
    """An opened file. `ballots` is how many it claims to have hints for, `index` where its offsets begin."""

    path: Path
    ballots: int
    index: int

    def read(self, first: int, count: int) -> Sequence[memoryview]:
        """The hints of `count` ballots from the `first` on, counted from 0 in the order of the record; empty where there are none."""
        nothing = [memoryview(b"")] * count
        if first + count > self.ballots:
            return nothing
        try:
            with open(self.path, "rb") as file:
                file.seek(self.index + 8 * first)
                offsets = _numbers(file.read(8 * (count + 1)))
                start, end = offsets[0], offsets[-1]
                inside = start >= _HEAD and end <= self.index and end - start <= _MOST
                if len(offsets) != count + 1 or not inside or offsets != sorted(offsets):
                    return nothing
                file.seek(start)
                content = memoryview(file.read(end - start))
        except (OSError, IndexError):
            return nothing
        return [content[begin - start : stop - start] for begin, stop in zip(offsets, offsets[1:], strict=False)]


def open_hints(path: Path, h_e: bytes) -> Hints:
    """Raises HintsError if the file cannot be read, is no file of hints, or belongs to another election than the one with H_E `h_e`."""
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD)
            size = file.seek(0, os.SEEK_END)
            if head[: len(MAGIC)] != MAGIC or size < _HEAD + 16:
                raise HintsError(f"{path.name} is no file of hints")
            file.seek(size - 8)
            ballots = int.from_bytes(file.read(8), "big")
    except OSError as error:
        raise HintsError(f"{path.name} cannot be read: {error.strerror}") from None
    if head[len(MAGIC) :] != h_e:
        raise HintsError(f"{path.name} belongs to another record")
    index = size - 8 * (ballots + 2)
    if index < _HEAD:
        raise HintsError(f"{path.name} is cut off or damaged")
    return Hints(path, ballots, index)


def _numbers(content: bytes) -> list[int]:
    return [int.from_bytes(content[at : at + 8], "big") for at in range(0, len(content) - 7, 8)]
