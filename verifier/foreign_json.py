"""Strict reading of the JSON that other implementations write (foreign-records.md, sections 2 and 3).

An `Item` is one JSON object whose members are asked for one by one; `done` then refuses what nobody asked for. Only RecordError
escapes.
"""

import base64
import binascii
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from .source import RecordError

__all__ = ["Item", "decode_base64", "exists", "parse", "read_file", "split"]

_SMALL = 2**31
_LARGE = 2**63


class _Malformed(ValueError):
    """Why a text is not the JSON that is allowed here."""


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Malformed("a member stands twice in one object")
    return members


def _no_fraction(text: str) -> object:
    raise _Malformed(f"{text[:40]} is not an integer")


def parse(content: bytes, file: str, line: int = 0) -> dict[str, object]:
    """The one JSON object that `content` is: UTF-8, no byte order mark, no member twice, no number but integers."""
    try:
        text = content.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_unique, parse_float=_no_fraction, parse_constant=_no_fraction)
        if not isinstance(value, dict):
            raise _Malformed("expected an object")
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")  # an escaped lone surrogate is no text
    except (ValueError, RecursionError) as error:
        raise RecordError(file, line, "", f"not the JSON expected here: {error}"[:200]) from None
    return value


def read_file(folder: Path, name: str) -> bytes:
    """A file's bytes."""
    try:
        return (folder / name).read_bytes()
    except (OSError, ValueError) as error:
        raise RecordError(name, 0, "", f"cannot be read: {getattr(error, 'strerror', None) or error}") from None


def exists(folder: Path, name: str) -> bool:
    """Whether a file or folder is there; what cannot even be asked for is not."""
    return os.path.exists(folder / name)


def decode_base64(text: str) -> bytes:
    """Standard alphabet, padded, unused bits zero (RFC 4648, section 3.5). Raises ValueError."""
    try:
        content = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("not standard padded base64") from None
    if base64.b64encode(content).decode("ascii") != text:
        raise ValueError("not the canonical base64 of its bytes")
    return content


def split(content: bytes, width: int) -> tuple[int, ...]:
    """Big-endian integers of `width` bytes each, concatenated."""
    return tuple(int.from_bytes(content[i : i + width], "big") for i in range(0, len(content), width))


@dataclass(slots=True)
class Item:
    """A JSON object under examination. `path` is where it stands in its file or line, like `contests[0].`."""

    members: dict[str, object]
    file: str
    line: int = 0
    path: str = ""
    asked: set[str] = field(default_factory=set)

    def error(self, member: str, reason: str) -> RecordError:
        """A RecordError about `member`."""
        return RecordError(self.file, self.line, (self.path + member).rstrip("."), reason)

    def has(self, member: str) -> bool:
        """Whether `member` is present."""
        return member in self.members

    def done(self) -> None:
        """Refuses members that nobody asked for."""
        for member in self.members:
            if member not in self.asked:
                raise self.error(ascii(member)[1:41], "unknown member")

    def _get(self, member: str) -> object:
        self.asked.add(member)
        if member not in self.members:
            raise self.error(member, "missing")
        return self.members[member]

    def text(self, member: str) -> str:
        """A string."""
        value = self._get(member)
        if not isinstance(value, str):
            raise self.error(member, "expected a string")
        return value

    def flag(self, member: str) -> bool:
        """True or false."""
        value = self._get(member)
        if not isinstance(value, bool):
            raise self.error(member, "expected true or false")
        return value

    def integer(self, member: str, least: int = 0, bound: int = _SMALL) -> int:
        """A JSON integer, `least` <= value < `bound`."""
        value = self._get(member)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.error(member, "expected an integer")
        if not least <= value < bound:
            raise self.error(member, f"expected an integer from {least}, below {bound}")
        return value

    def decimal(self, member: str, least: int = 0) -> int:
        """A 64-bit integer written as a decimal string."""
        text = self.text(member)
        if not (text.isascii() and text.isdigit()) or len(text) > 19 or (text[0] == "0" and text != "0") or not least <= int(text) < _LARGE:
            raise self.error(member, f"expected a decimal string from {least}, below 2^63")
        return int(text)

    def data(self, member: str, width: int = 0, multiple: int = 1) -> bytes:
        """Bytes in base64: exactly `width` of them, or with `width` 0 a positive multiple of `multiple`."""
        try:
            content = decode_base64(self.text(member))
        except ValueError as error:
            raise self.error(member, str(error)) from None
        if width and len(content) != width:
            raise self.error(member, f"expected {width} bytes, got {len(content)}")
        if not content or len(content) % multiple:
            raise self.error(member, f"expected a positive multiple of {multiple} bytes, got {len(content)}")
        return content

    def number(self, member: str, width: int) -> int:
        """An unsigned number of `width` bytes, in base64."""
        return int.from_bytes(self.data(member, width), "big")

    def item(self, member: str) -> "Item":
        """An object."""
        value = self._get(member)
        if not isinstance(value, dict):
            raise self.error(member, "expected an object")
        return Item(value, self.file, self.line, f"{self.path}{member}.")

    def _list(self, member: str) -> list[object]:
        value = self._get(member)
        if not isinstance(value, list):
            raise self.error(member, "expected an array")
        return value

    def items(self, member: str) -> list["Item"]:
        """An array of objects."""
        made = []
        for i, value in enumerate(self._list(member)):
            if not isinstance(value, dict):
                raise self.error(f"{member}[{i}]", "expected an object")
            made.append(Item(value, self.file, self.line, f"{self.path}{member}[{i}]."))
        return made

    def texts(self, member: str) -> tuple[str, ...]:
        """An array of strings."""
        values = self._list(member)
        for i, value in enumerate(values):
            if not isinstance(value, str):
                raise self.error(f"{member}[{i}]", "expected a string")
        return tuple(str(value) for value in values)

    def integers(self, member: str, least: int, bound: int = _SMALL) -> tuple[int, ...]:
        """An array of integers, `least` <= value < `bound`."""
        made = []
        for i, value in enumerate(self._list(member)):
            if not isinstance(value, int) or isinstance(value, bool) or not least <= value < bound:
                raise self.error(f"{member}[{i}]", f"expected an integer from {least}, below {bound}")
            made.append(value)
        return tuple(made)

    def choice(self, member: str, values: dict[str, str]) -> str:
        """One of the names in `values`, translated."""
        text = self.text(member)
        if text not in values:
            raise self.error(member, f"expected one of {', '.join(values)}, got {ascii(text)[:60]}")
        return values[text]
