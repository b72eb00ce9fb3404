"""The record's folder: regular files only, no links, bounded sizes, digests (record-format.md, 1.5; X15)."""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from .own_model import FileDigest
from .source import Chunk, Reading, RecordError

__all__ = [
    "MAX_FILE", "MAX_LINE", "check_unchanged", "digest_files", "exists", "line_chunks", "list_files", "read_file", "read_lines",
    "record_digest", "scan_lines", "total_size",
]  # fmt: skip

MAX_FILE = 2**26
MAX_LINE = 2**24
_BLOCK = 2**20
_PIECE = 2**22
_FEWEST, _MOST = 4, 500


def read_file(folder: Path, path: str) -> bytes:
    """The content of a file of at most `MAX_FILE` bytes. Raises RecordError if it is missing, larger, or reached through a link."""
    try:
        with open(_regular(folder, path), "rb") as file:
            content = file.read(MAX_FILE + 1)
    except OSError as error:
        raise _error(path, error) from None
    if len(content) > MAX_FILE:
        raise RecordError(path, 0, "", f"is larger than {MAX_FILE} bytes")
    return content


def exists(folder: Path, path: str) -> bool:
    """Whether there is anything at `path`."""
    return os.path.lexists(folder / path)


def list_files(folder: Path) -> tuple[list[str], list[RecordError]]:
    """Every file below `folder`, sorted bytewise, with `/` as separator; empty folders end in `/`. Links and the like are errors.
    Raises RecordError if a folder cannot be read."""
    files: list[str] = []
    errors: list[RecordError] = []
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        try:
            with os.scandir(folder / prefix) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except (OSError, ValueError) as error:
            raise _error(prefix or ".", error) from None
        if prefix and not found:
            files.append(prefix)
        for entry in found:
            path = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path + "/")
            elif entry.is_file(follow_symlinks=False):
                files.append(path)
            else:
                errors.append(RecordError(_printable(path), 0, "", "is a link or no ordinary file"))
    return sorted(files, key=os.fsencode), errors


def digest_files(folder: Path, paths: list[str], reading: Reading | None = None) -> list[FileDigest]:
    """SHA-256 of each file; an empty folder has an empty digest. Raises RecordError."""
    return [FileDigest(_printable(path), b"" if path.endswith("/") else _digest(folder, path, reading)) for path in paths]


def total_size(folder: Path) -> int:
    """The bytes of all files of a folder; 0 if it cannot be read."""
    try:
        return sum(os.lstat(folder / path).st_size for path in list_files(folder)[0] if not path.endswith("/"))
    except (RecordError, OSError):
        return 0


def record_digest(digests: list[FileDigest]) -> str:
    """One digest for a folder: SHA-256 over lines of digest in upper-case hexadecimal, two blanks, path."""
    lines = "".join(f"{digest.sha256.hex().upper()}  {digest.path}\n" for digest in digests)
    return hashlib.sha256(lines.encode()).hexdigest().upper()


def line_chunks(folder: Path, path: str, device: int) -> list[Chunk]:
    """The pieces of `scan_lines`."""
    return scan_lines(folder, path, device)[0]


def scan_lines(folder: Path, path: str, device: int, reading: Reading | None = None) -> tuple[list[Chunk], bytes]:
    """The lines of a file in pieces, which grow from `_FEWEST` to `_MOST` lines or `_PIECE` bytes, so that short files can be shared out
    too and long ones have few, and the file's SHA-256. A last line without LF counts. Raises RecordError if the file is missing."""
    chunks: list[Chunk] = []
    digest = hashlib.sha256()
    piece = _Piece(path, device)
    tail = False
    try:
        with open(_regular(folder, path), "rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                if reading:
                    reading(len(block))
                start, at = 0, -1
                while (at := block.find(b"\n", at + 1)) >= 0:
                    piece.count += 1
                    if piece.full(at + 1 - start):
                        chunks.append(piece.cut(block[start : at + 1]))
                        start = at + 1
                piece.add(block[start:])
                tail = block[-1:] != b"\n"
    except OSError as error:
        raise _error(path, error) from None
    piece.count += tail
    if piece.count:
        chunks.append(piece.cut(b""))
    return chunks, digest.digest()


class _Piece:
    """What is known of the piece that is being read."""

    def __init__(self, path: str, device: int) -> None:
        self._path, self._device = path, device
        self._offset = self._lines = 0
        self._begin()

    def _begin(self) -> None:
        self.count = self._size = 0
        self._digest = hashlib.sha256()

    def full(self, more: int) -> bool:
        """Whether it ends with the line just counted, `more` bytes after what was added."""
        return self.count == min(_MOST, _FEWEST + self._lines // 64) or self._size + more >= _PIECE

    def add(self, content: bytes) -> None:
        """What follows."""
        self._digest.update(content)
        self._size += len(content)

    def cut(self, content: bytes) -> Chunk:
        """The piece, with `content` as its end; the next one begins there."""
        self.add(content)
        parts = ((self._size, self._digest.digest()),)
        chunk = Chunk(self._path, self._offset, self._lines + 1, self.count, self._device, self._lines + 1, parts)
        self._offset, self._lines = self._offset + self._size, self._lines + self.count
        self._begin()
        return chunk


def check_unchanged(folder: Path, chunk: Chunk) -> None:
    """Raises RecordError unless the chunk is there as it was when it was planned: what is verified is what was digested."""
    comparison = _Comparison(chunk)
    try:
        with open(_regular(folder, chunk.path), "rb") as file:
            file.seek(chunk.offset)
            for length, _ in chunk.parts:
                while length and (block := file.read(min(length, _BLOCK))):
                    comparison.add(block)
                    length -= len(block)
    except OSError as error:
        raise _error(chunk.path, error) from None
    comparison.finish()


def read_lines(folder: Path, chunk: Chunk) -> Iterator[bytes | RecordError]:
    """The lines of a chunk without their LF, each of at most `MAX_LINE` bytes or an error. Raises RecordError, at the end of a piece,
    unless that is as it was when the chunk was planned: what is verified is what was digested."""
    comparison = _Comparison(chunk)
    done = 0
    try:
        with open(_regular(folder, chunk.path), "rb") as file:
            file.seek(chunk.offset)
            for done in range(chunk.count):
                number = chunk.position + done
                line = file.readline(MAX_LINE + 1)
                comparison.add(line)
                if line.endswith(b"\n"):
                    yield line[:-1]
                    continue
                long = len(line) > MAX_LINE
                yield RecordError(chunk.path, number, "", f"is longer than {MAX_LINE} bytes" if long else "does not end in LF")
                while long and not line.endswith(b"\n") and line:
                    line = file.readline(MAX_LINE)
                    comparison.add(line)
            done = chunk.count
    except OSError as error:
        for number in range(chunk.position + done, chunk.position + chunk.count):
            yield RecordError(chunk.path, number, "", f"cannot be read: {error.strerror}")
        return
    comparison.finish()


class _Comparison:
    """Compares what is read of a chunk, which must end where its pieces end, with their digests."""

    def __init__(self, chunk: Chunk) -> None:
        self._chunk = chunk
        self._parts = iter(chunk.parts)
        self._left, self._expected = next(self._parts, (0, b""))
        self._digest = hashlib.sha256()

    def add(self, content: bytes) -> None:
        """What follows. Raises RecordError at the end of a piece that is another one."""
        if not content:  # the file has ended, whether too early `finish` says
            return
        self._digest.update(content)
        self._left -= len(content)
        if self._left <= 0:
            if self._left or self._digest.digest() != self._expected:
                self._refuse()
            self._left, self._expected = next(self._parts, (0, b""))
            self._digest = hashlib.sha256()

    def finish(self) -> None:
        """After the last piece. Raises RecordError if something is missing."""
        if self._left:
            self._refuse()

    def _refuse(self) -> NoReturn:
        raise RecordError(self._chunk.path, self._chunk.line, "", "changed while it was being verified, or is not the same everywhere")


def _regular(folder: Path, path: str) -> Path:
    """The full path; every part of it must be an ordinary folder, the last an ordinary file. Raises RecordError or OSError."""
    full = folder
    parts = path.split("/")
    for i, part in enumerate(parts):
        full = full / part
        mode = os.lstat(full).st_mode
        if not (stat.S_ISREG(mode) if i == len(parts) - 1 else stat.S_ISDIR(mode)):
            raise RecordError(path, 0, "", "is a link or no ordinary file")
    return full


def _digest(folder: Path, path: str, reading: Reading | None) -> bytes:
    digest = hashlib.sha256()
    try:
        with open(_regular(folder, path), "rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                if reading:
                    reading(len(block))
    except OSError as error:
        raise _error(path, error) from None
    return digest.digest()


def _error(path: str, error: OSError | ValueError) -> RecordError:
    reason = "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read: {getattr(error, 'strerror', None) or error}"
    return RecordError(_printable(path), 0, "", reason)


def _printable(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode()
