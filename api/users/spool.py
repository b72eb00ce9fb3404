"""What has to lie on a disk while a roll is read: a file without a name, sealed with a key that only this process has and never writes.

When the process ends, however it ends, nobody can read it any more. A secret passes.
"""

import io
import os
import secrets
import tempfile
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from api.errors import Invalid
from api.sealing import OVERHEAD, DataKey, Place

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["Spool"]

_PART = 2**18  # bytes of content that are sealed together


class Spool:
    """Bytes that are written once, from beginning to end, and then read as often as is wanted. Raises Invalid beyond `most` bytes."""

    def __init__(self, most: int = 2**40) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as this does
        self._close = weakref.finalize(self, self._file.close)
        self._key = DataKey("import", secrets.token_bytes(32))
        self._most, self.size = most, 0
        self._parts = 0
        self._rest = bytearray()

    def write(self, content: bytes) -> None:
        """Puts bytes to the end."""
        self.size += len(content)
        if self.size > self._most:
            raise Invalid(f"the file has more than {self._most} bytes; nothing was stored")
        self._rest += content
        while len(self._rest) >= _PART:
            self._seal(bytes(self._rest[:_PART]))
            del self._rest[:_PART]

    def finish(self) -> None:
        """Nothing is written any more."""
        if self._rest:
            self._seal(bytes(self._rest))
            self._rest.clear()
        self._file.flush()

    def opened(self) -> BinaryIO:
        """The content from its beginning; several may read at once."""
        return io.BufferedReader(_Reader(self), _PART)

    def lines(self) -> Iterator[bytes]:
        """Line by line."""
        with self.opened() as file:
            yield from file

    def close(self) -> None:
        """Lets the space on the disk go."""
        self._close()

    def part(self, number: int) -> bytes:
        """One part, counted from 0; empty after the last."""
        if number >= self._parts:
            return b""
        sealed = os.pread(self._file.fileno(), _PART + OVERHEAD, number * (_PART + OVERHEAD))
        return self._key.open(sealed, _place(number))

    def _seal(self, content: bytes) -> None:
        self._file.write(self._key.seal(content, _place(self._parts)))
        self._parts += 1


class _Reader(io.RawIOBase):
    """A spool as a file. It cannot be sought in."""

    def __init__(self, spool: Spool) -> None:
        self._spool, self._next, self._rest = spool, 0, memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """See io.RawIOBase."""
        if not self._rest:
            self._rest = memoryview(self._spool.part(self._next))
            self._next += 1
        into = memoryview(buffer).cast("B")
        size = min(len(into), len(self._rest))
        into[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def _place(number: int) -> Place:
    return Place("spool", "part", number.to_bytes(8, "big"))
