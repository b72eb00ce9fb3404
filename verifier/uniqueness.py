"""Finds values that occur twice among all ballots (5.A, 8.B, X6, X11, X17) without holding them all in memory.

Whoever checks a chunk packs, for each value, its digest and the ballot's place into one of `BUCKETS` buckets. What the chunks hand over is
put on disk bucket by bucket, and in the end each bucket is looked at by itself: equal values have equal digests and meet in one bucket.
"""

import hashlib
import struct
import tempfile
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import IO, Self

from .source import Chunk

__all__ = ["BUCKETS", "KINDS", "NOTHING", "Packed", "Packer", "Places", "Uniqueness"]

KINDS = (("5.A", "id_B"), ("8.B X11", "confirmation code"), ("8.B X17", "ballot_id"), ("X6", "encryption nonce"))
"""What is compared, each within its kind: the items that fail if it occurs twice, and its name."""

BUCKETS = 256
_ENDS = struct.Struct(f">{BUCKETS}I")
_PLACE = struct.Struct(">IQ")
_KEY = 32 + 1  # the value's SHA-256 and its kind
_ENTRY = _KEY + _PLACE.size
_HELD = 2**24


@dataclass(frozen=True, slots=True)
class Packed:
    """The values of `ballots` ballots: entries of 45 bytes (digest, kind, device, position), bucket after bucket, and where each ends."""

    ballots: int
    ends: bytes
    data: bytes

    def buckets(self) -> Iterator[bytes]:
        """The entries of each bucket."""
        return (self.data[start:end] for start, end in pairwise((0, *_ENDS.unpack(self.ends))))

    def __post_init__(self) -> None:
        """Raises ValueError if it is not what a `Packer` makes."""
        ends = (0, *_ENDS.unpack(self.ends)) if len(self.ends) == _ENDS.size else ()
        if not ends or ends[-1] != len(self.data) or any(start > end or end % _ENTRY for start, end in pairwise(ends)):
            raise ValueError("malformed entries")


class Packer:
    """Packs the values of ballots of one device."""

    def __init__(self, device: int) -> None:
        self._device = device
        self._ballots = 0
        self._buckets = [bytearray() for _ in range(BUCKETS)]

    def add(self, position: int, id_b: bytes, code: bytes, name: bytes, nonces: Iterable[bytes] = ()) -> None:
        """The ballot at `position`: id_B, confirmation code, ballot_id and, in our own layout, b(g^ξ, l_p) of each of its nonces."""
        place = _PLACE.pack(self._device, position)
        buckets, sha256 = self._buckets, hashlib.sha256
        digest = sha256(id_b).digest()
        buckets[digest[0]] += digest + b"\0" + place
        digest = sha256(code).digest()
        buckets[digest[0]] += digest + b"\1" + place
        digest = sha256(name).digest()
        buckets[digest[0]] += digest + b"\2" + place
        rest = b"\3" + place
        for nonce in nonces:
            digest = sha256(nonce).digest()
            buckets[digest[0]] += digest + rest
        self._ballots += 1

    def packed(self) -> Packed:
        """All that was added."""
        return Packed(self._ballots, _ENDS.pack(*accumulate(map(len, self._buckets))), b"".join(self._buckets))


NOTHING = Packer(0).packed()


class Uniqueness:
    """A context manager; its file is deleted at the end. Memory: `_HELD` bytes, and a bucket at a time in the end."""

    def __init__(self) -> None:
        self._pending: list[Packed] = []
        self._held = 0
        self._file: IO[bytes] | None = None
        self._runs: list[list[int]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, packed: Packed) -> None:
        """The values of one more chunk; chunks come in order."""
        self._pending.append(packed)
        self._held += len(packed.data)
        if self._held > _HELD:
            self._write()

    def repeated(self, progress: Callable[[int], None] | None = None) -> Iterator[tuple[int, tuple[int, int], tuple[int, int]]]:
        """Kind, place and earlier place of every value that was there before; a place is device and position. `progress` is called with
        the number of buckets done."""
        for bucket, data in enumerate(self._buckets()):
            keys = [data[at : at + _KEY] for at in range(0, len(data), _ENTRY)]
            if len(set(keys)) < len(keys):
                yield from _repeated(keys, data)
            if progress:
                progress(bucket + 1)

    def _write(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        run = [self._file.seek(0, 2)]
        for parts in zip(*(packed.buckets() for packed in self._pending), strict=True):
            run.append(run[-1] + self._file.write(b"".join(parts)))
        self._runs.append(run)
        self._pending, self._held = [], 0

    def _buckets(self) -> Iterator[bytes]:
        """The entries of each bucket, in order of the chunks."""
        held = zip(*(packed.buckets() for packed in self._pending), strict=True) if self._pending else iter(((),) * BUCKETS)
        for bucket, last in enumerate(held):
            yield b"".join([*(self._read(run[bucket], run[bucket + 1]) for run in self._runs), *last])

    def _read(self, start: int, end: int) -> bytes:
        if self._file is None:
            return b""
        self._file.seek(start)
        return self._file.read(end - start)


def _repeated(keys: Sequence[bytes], data: bytes) -> Iterator[tuple[int, tuple[int, int], tuple[int, int]]]:
    first: dict[bytes, int] = {}
    for number, key in enumerate(keys):
        earlier = first.setdefault(key, number)
        if earlier != number:
            device, position = _PLACE.unpack_from(data, number * _ENTRY + _KEY)
            before, place = _PLACE.unpack_from(data, earlier * _ENTRY + _KEY)
            yield key[-1], (device, position), (before, place)


class Places:
    """Says where a ballot stands, from its device and position, as its reader would."""

    def __init__(self, chunks: Iterable[Chunk]) -> None:
        self._chunks: dict[int, list[Chunk]] = {}
        for chunk in chunks:
            self._chunks.setdefault(chunk.device, []).append(chunk)

    def where(self, place: tuple[int, int]) -> str:
        """`file, line n`."""
        device, position = place
        chunks = self._chunks[device]
        chunk = chunks[max(bisect_right(chunks, position, key=lambda chunk: chunk.position) - 1, 0)]
        return f"{chunk.path}, line {chunk.line + position - chunk.position}"
