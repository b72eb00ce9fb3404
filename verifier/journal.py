"""The journal of a verification: what has been found so far, so that a run that was stopped can go on (`--resume FILE`).

    b"psephos journal 1\\n"
    entries: length in 8 bytes · SHA-256 of the entry before (32 zero bytes for the first) and the content · content

The first entry says which record, seen by which program, the results belong to; each other one is the result of a chunk, in order. A last
entry that was cut off is dropped. Whoever can write a journal can forge a verdict: it belongs to the person who verifies.
"""

import hashlib
import json
import os
import struct
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from .aggregate import ChunkResult, Counts
from .report import Failure, Findings
from .source import Chunk
from .uniqueness import Packed

__all__ = ["Journal", "JournalError", "decode", "encode"]

_MAGIC = b"psephos journal 1\n"
_HEAD = struct.Struct(">Q32s")
_LENGTH = struct.Struct(">I")


class JournalError(Exception):
    """The file cannot serve as the journal of this verification; says why."""


class Journal:
    """A context manager over the file `path`, which is made if it is not there. `belongs` says what the results depend on, `share` how
    the chunks were planned; a journal that exists keeps its own. `stored` results can be read.

    Raises JournalError if the file is no journal, damaged, or of another record or program, OSError if it cannot be read or written.
    """

    def __init__(self, path: Path, belongs: Mapping[str, str], share: int) -> None:
        self.path, self.share = path, share
        self._places: list[tuple[int, int]] = []
        self._last = bytes(32)
        head = {**belongs, "share": share}
        self._file: IO[bytes] = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        try:
            if self._is_new():
                self._file.truncate(0)
                self._file.seek(0)
                self._file.write(_MAGIC)
                self._append(json.dumps(head).encode())
            else:
                self._read_all(belongs)
            self._places.pop(0)
        except BaseException:
            self._file.close()
            raise

    @property
    def stored(self) -> int:
        """How many results are there."""
        return len(self._places)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def read(self, number: int, chunk: Chunk) -> ChunkResult:
        """The result of the chunk with this number, from 0."""
        start, length = self._places[number]
        self._file.seek(start)
        return decode(self._file.read(length), chunk, self.path)

    def add(self, result: ChunkResult) -> None:
        """The result of the next chunk; it is on the disk when this returns."""
        self._append(encode(result))

    def remove(self) -> None:
        """Deletes the file: the verification is complete."""
        with suppress(FileNotFoundError):
            self.path.unlink()

    def _append(self, content: bytes) -> None:
        self._last = hashlib.sha256(self._last + content).digest()
        start = self._file.seek(0, os.SEEK_END) + _HEAD.size
        self._file.write(_HEAD.pack(len(content), self._last) + content)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._places.append((start, len(content)))

    def _is_new(self) -> bool:
        """Whether nothing was written yet, or no more than a part of the beginning."""
        self._file.seek(0)
        begin = self._file.read(len(_MAGIC) + _HEAD.size)
        if not _MAGIC.startswith(begin[: len(_MAGIC)]):
            raise JournalError(f"{self.path}: is not a journal of the verifier; it has not been touched")
        if len(begin) < len(_MAGIC) + _HEAD.size:
            return True
        length, _ = _HEAD.unpack(begin[len(_MAGIC) :])
        return bool(self._file.seek(0, os.SEEK_END) < len(begin) + length)

    def _read_all(self, belongs: Mapping[str, str]) -> None:
        end = self._file.seek(0, os.SEEK_END)
        at = self._file.seek(len(_MAGIC))
        while at + _HEAD.size <= end:
            length, digest = _HEAD.unpack(self._file.read(_HEAD.size))
            if at + _HEAD.size + length > end:
                break
            content = self._file.read(length)
            self._last = hashlib.sha256(self._last + content).digest()
            if digest != self._last:
                raise JournalError(f"{self.path}: is damaged; delete it to begin anew")
            if not self._places:
                self._check(content, belongs)
            self._places.append((at + _HEAD.size, length))
            at += _HEAD.size + length
        self._file.truncate(at)

    def _check(self, content: bytes, belongs: Mapping[str, str]) -> None:
        try:
            head = json.loads(content)
            self.share = int(head.pop("share"))
        except (ValueError, TypeError, KeyError, AttributeError):
            raise JournalError(f"{self.path}: is damaged; delete it to begin anew") from None
        for name, value in belongs.items():
            if head.get(name) != value:
                raise JournalError(f"{self.path}: belongs to another {name}; delete it to begin anew, or name another file")


def encode(result: ChunkResult) -> bytes:
    """A result as bytes."""
    findings, counts = result.findings, result.counts
    value = {
        "chunk": _place(result.chunk),
        "own": findings.own,
        "objects": findings.objects,
        "failed": findings.failed,
        "failures": [(failure.check, failure.where, failure.message) for failure in findings.failures],
        "kept": findings.kept,
        "notes": findings.notes,
        "unreadable": findings.unreadable,
        "products": [(*key, f"{A:x}", f"{B:x}") for key, (A, B) in counts.products.items()],
        "weights": [*counts.weights.items()],
        "counted": [*counts.counted.items()],
        "states": [(*key, number) for key, number in counts.states.items()],
        "lines": [*counts.lines.items()],
        "data": counts.data,
        "seen": sorted(counts.seen),
        "challenged": sorted(result.challenged),
        "first": None if result.first is None else (result.first[0], result.first[1].hex(), result.first[2].hex()),
        "last": None if result.last is None else result.last.hex(),
        "ballots": result.values.ballots,
        "leaves": None if result.leaves is None else result.leaves.hex(),
    }
    text = json.dumps(value).encode()
    return b"".join((_LENGTH.pack(len(text)), text, result.values.ends, result.values.data))


def decode(content: bytes, chunk: Chunk, path: Path) -> ChunkResult:
    """What `encode` made of the result of `chunk`. Raises JournalError."""
    try:
        (length,) = _LENGTH.unpack_from(content)
        end = _LENGTH.size + length
        value: dict[str, Any] = json.loads(content[_LENGTH.size : end])
        if value["chunk"] != _place(chunk):
            raise ValueError("another chunk")
        findings = Findings(
            own=bool(value["own"]),
            objects=_counter(value["objects"].items()),
            failed=_counter(value["failed"].items()),
            failures=[Failure(check, where, message) for check, where, message in value["failures"]],
            kept=_counter(value["kept"].items()),
            notes=_counter(value["notes"].items()),
            unreadable=int(value["unreadable"]),
        )
        counts = Counts(
            products={(contest, option): (int(A, 16), int(B, 16)) for contest, option, A, B in value["products"]},
            weights=_counter(value["weights"]),
            counted=_counter(value["counted"]),
            states=_counter(((state, style), number) for state, style, number in value["states"]),
            lines=_counter(value["lines"]),
            data=_counter(value["data"].items()),
            seen=set(value["seen"]),
        )
        first, last, leaves = value["first"], value["last"], value["leaves"]
        return ChunkResult(
            chunk=chunk,
            findings=findings,
            values=Packed(int(value["ballots"]), content[end : end + 1024], content[end + 1024 :]),
            counts=counts,
            challenged=set(value["challenged"]),
            first=None if first is None else (first[0], bytes.fromhex(first[1]), bytes.fromhex(first[2])),
            last=None if last is None else bytes.fromhex(last),
            leaves=None if leaves is None else bytes.fromhex(leaves),
        )
    except (ValueError, TypeError, KeyError, AttributeError, struct.error):
        raise JournalError(f"{path}: is damaged; delete it to begin anew") from None


def _place(chunk: Chunk) -> Sequence[object]:
    return [chunk.path, chunk.offset, chunk.position, chunk.count, chunk.device, chunk.line, chunk.size]


def _counter(pairs: Iterable[Sequence[Any]]) -> Counter[Any]:
    return Counter({key: int(number) for key, number in pairs})
