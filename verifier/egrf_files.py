"""Files of an EGRF record in JSON lines (foreign-records.md, section 2): which there may be, their header lines, their items."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .foreign_json import Item, exists, parse, read_file
from .source import RecordError

__all__ = ["PRE_ENCRYPTED", "Line", "check_names", "device_folders", "item", "lines", "numbered", "only", "read_copy", "section"]

CONTAINER = ("derived", "device_attestations.jsonl", "meta.json", "signatures", "toc.jsonl")
"""What belongs to the container and not to the protocol: not read."""

PRE_ENCRYPTED = "contains pre-encrypted ballots, not supported"

_FILES = {
    "setup": ("header.jsonl", "parameters.jsonl", "manifest.jsonl", "manifest.json", "guardians.jsonl", "election_keys.jsonl"),
    "aggregated": ("encrypted_tally.jsonl", "contest_data_requests.jsonl"),
    "final": ("decrypted_tally.jsonl", "challenged_ballot_decryptions", "contest_data_decryptions", "uncast_nonce_releases"),
}
_DEVICE = re.compile(r"(regular|pre-encrypting)-([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Line:
    """One item of a section as bytes; `number` from 1 and `offset` in bytes are its place in the file."""

    file: str
    number: int
    offset: int
    content: bytes


def check_names(folder: Path) -> tuple[str, ...]:
    """The container's files that are there. Raises RecordError for a file or folder that no EGRF record has."""
    found = _names(folder, "")
    for name in found:
        if name not in CONTAINER and name != "devices" and name not in _FILES:
            raise RecordError(name, 0, "", "not a part of an EGRF record in JSON lines")
    for place, known in _FILES.items():
        for name in _names(folder, place):
            if name not in known:
                raise RecordError(f"{place}/{name}", 0, "", "not a part of an EGRF record in JSON lines")
    return tuple(name for name in found if name in CONTAINER)


def device_folders(folder: Path) -> list[tuple[str, bytes]]:
    """The devices' folders with the H_DI in their names, ascending. Raises RecordError, also for pre-encrypting devices."""
    made = []
    for name in _names(folder, "devices"):
        match = _DEVICE.fullmatch(name)
        if match is None:
            raise RecordError(f"devices/{name}", 0, "", "not the name of a device's folder")
        if match[1] != "regular":
            raise RecordError(f"devices/{name}", 0, "", PRE_ENCRYPTED)
        made.append((f"devices/{name}", bytes.fromhex(match[2])))
    return made


def numbered(folder: Path, place: str) -> list[str]:
    """The segments 00000000.jsonl, 00000001.jsonl … of a section that is a folder; none if there is no folder."""
    found = _names(folder, place) if exists(folder, place) else []
    if found != [f"{i:08}.jsonl" for i in range(len(found))]:
        raise RecordError(place, 0, "", "expected files 00000000.jsonl, 00000001.jsonl and so on, without a gap, and nothing else")
    return [f"{place}/{name}" for name in found]


def section(folder: Path, files: list[str], kind: str, key: bytes = b"") -> Iterator[Line]:
    """The items of a section, segment after segment; the header lines are checked and left out. Raises RecordError."""
    count = 0
    for file in files:
        first = True
        for line in lines(folder, file):
            if first:
                _header(line, kind, key, count)
                first = False
            else:
                count += 1
                yield line
        if first:
            raise RecordError(file, 0, "", "expected a header line, the file is empty")


def lines(folder: Path, file: str, offset: int = 0, number: int = 1) -> Iterator[Line]:
    """The lines of a file from a given place on. The last line's line feed may be missing."""
    try:
        with (folder / file).open("rb") as stream:
            stream.seek(offset)
            for content in stream:
                yield Line(file, number, offset, content)
                offset, number = offset + len(content), number + 1
    except (OSError, ValueError) as error:
        raise RecordError(file, 0, "", f"cannot be read: {getattr(error, 'strerror', None) or error}") from None


def item(line: Line) -> tuple[str, Item]:
    """The kind of a line's item, and the item."""
    whole = Item(parse(line.content, line.file, line.number), line.file, line.number)
    if len(whole.members) != 1:
        raise whole.error("", f"expected one member that names the kind of item, got {len(whole.members)}")
    kind = next(iter(whole.members))
    return kind, whole.item(kind)


def only(line: Line, kind: str) -> Item:
    """The item of a line that may only be of one kind."""
    found, made = item(line)
    if found != kind:
        raise RecordError(line.file, line.number, "", f"expected {kind}, got {ascii(found)[1:41]}")
    return made


def _header(line: Line, kind: str, key: bytes, ordinal: int) -> None:
    header = Item(parse(line.content, line.file, line.number), line.file, line.number)
    if header.text("magic") != "EGRF" or header.integer("formatMajor") != 2:
        raise header.error("magic", "expected EGRF, format 2")
    header.choice("sectionType", {f"SECTION_TYPE_{kind}": kind})
    if (header.data("key") if header.has("key") else b"") != key:
        raise header.error("key", "not the key of this section")
    if (header.decimal("firstOrdinal", 1) if header.has("firstOrdinal") else 0) != ordinal:
        raise header.error("firstOrdinal", f"expected {ordinal}, the number of items in the segments before")
    header.done()


def _names(folder: Path, place: str) -> list[str]:
    try:
        return sorted(entry.name for entry in (folder / place).iterdir())
    except OSError as error:
        raise RecordError(place or ".", 0, "", f"cannot be read: {error.strerror}") from None


def read_copy(folder: Path, file: str) -> bytes | None:
    """The bytes of a file that may be missing."""
    return read_file(folder, file) if exists(folder, file) else None
