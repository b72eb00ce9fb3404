"""Finds values that occur twice among all ballots (5.A, 8.B, X11) without holding them all in memory: they go to temporary files, by
digest, and each file is looked at by itself."""

import hashlib
import struct
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO, Self

__all__ = ["Uniqueness"]

_BUCKETS = 64
_HEAD = struct.Struct(">B32sI")


class Uniqueness:
    """A context manager; its files are deleted at the end. `kind` is 0 to 255, values are compared within their kind."""

    def __init__(self) -> None:
        self._files: dict[int, IO[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()

    def add(self, kind: int, value: bytes, where: str) -> None:
        """One value and its place."""
        digest = hashlib.sha256(value).digest()
        place = where.encode("utf-8", "backslashreplace")
        bucket = digest[0] % _BUCKETS
        if bucket not in self._files:
            self._files[bucket] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        self._files[bucket].write(_HEAD.pack(kind, digest, len(place)) + place)

    def repeated(self) -> Iterator[tuple[int, str, str]]:
        """Kind, place and earlier place of every value that was there before."""
        for file in self._files.values():
            seen: dict[tuple[int, bytes], str] = {}
            for kind, digest, where in _entries(file):
                earlier = seen.setdefault((kind, digest), where)
                if earlier is not where:
                    yield kind, where, earlier


def _entries(file: IO[bytes]) -> Iterable[tuple[int, bytes, str]]:
    file.seek(0)
    while head := file.read(_HEAD.size):
        kind, digest, length = _HEAD.unpack(head)
        yield kind, digest, file.read(length).decode()
