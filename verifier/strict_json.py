"""Strict JSON: one byte form for each value (record-format.md, section 1; X7), and reading of members without surprises.

Refused with RecordError: a byte order mark, invalid UTF-8, lone surrogates, repeated members, floats, NaN, null where a value is read,
integers of more than `MAX_DIGITS` digits, more than `MAX_VALUES` values, nesting too deep, trailing data, and any text that is not the
canonical form of its value.
"""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NoReturn

from .source import RecordError

__all__ = ["MAX_DIGITS", "MAX_VALUES", "SMALL", "Node", "canonical", "parse"]

SMALL = 2**31
MAX_DIGITS = 100
MAX_VALUES = 2**19
"""Values in one text, counted by the characters that part them: far more than a true file has (a ballot with 1,000 options, some 20,000),
and few enough that a text made of nothing else takes little memory."""


def parse(content: bytes, file: str, line: int = 0) -> "Node":
    """The value that `content` is the canonical form of. Raises RecordError."""
    if sum(map(content.count, b",[{")) > MAX_VALUES:
        raise RecordError(file, line, "", f"has more than {MAX_VALUES} values")
    try:
        text = content.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_members, parse_int=_integer, parse_float=_refuse, parse_constant=_refuse)
        again = canonical(value)
    except RecursionError:
        raise RecordError(file, line, "", "nested too deeply") from None
    except UnicodeEncodeError:
        raise RecordError(file, line, "", "holds half of a surrogate pair") from None
    except UnicodeDecodeError as error:
        raise RecordError(file, line, "", f"is not UTF-8 at byte {error.start}") from None
    except ValueError as error:
        raise RecordError(file, line, "", f"is not strict JSON: {str(error)[:200]}") from None
    if again != content:
        at = next((i for i, (x, y) in enumerate(zip(again, content, strict=False)) if x != y), min(len(again), len(content)))
        raise RecordError(file, line, "", f"is not in canonical form at byte {at}")
    return Node(value, file, line, "")


def canonical(value: Any) -> bytes:
    """The canonical form: compact, UTF-8, nothing escaped but control characters, quotation mark and backslash."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")


class Node:
    """A value with its place. Every method either returns what was asked for or raises RecordError naming the place."""

    __slots__ = ("_value", "file", "line", "path")

    def __init__(self, value: Any, file: str, line: int, path: str) -> None:
        self._value, self.file, self.line, self.path = value, file, line, path

    def refuse(self, reason: str) -> NoReturn:
        """Raises RecordError at this place."""
        raise RecordError(self.file, self.line, self.path, reason)

    def members(self, *names: str) -> dict[str, "Node"]:
        """An object's members, which must be these in this order. A name that ends in `?` may be absent."""
        value = self._object()
        wanted = [name.rstrip("?") for name in names if not name.endswith("?") or name[:-1] in value]
        if list(value) != wanted:
            for name in wanted:
                if name not in value:
                    self.refuse(f"lacks the member {name}")
            for name in value:
                if name not in wanted:
                    self.refuse(f"has the unknown member {name[:40]!r}")
            self.refuse(f"has its members in another order than {', '.join(wanted)}")
        return {name: self._child(name, item) for name, item in value.items()}

    def entries(self) -> Iterator[tuple[str, "Node"]]:
        """An object's members, whatever their names, in the order written."""
        for name, item in self._object().items():
            yield name, self._child(name[:40], item)

    def items(self) -> list["Node"]:
        """The items of a list."""
        if type(self._value) is not list:
            self.refuse(f"expected a list, got {self._kind()}")
        return [Node(item, self.file, self.line, f"{self.path}[{i}]") for i, item in enumerate(self._value)]

    def text(self) -> str:
        """A string."""
        if type(self._value) is not str:
            self.refuse(f"expected text, got {self._kind()}")
        return str(self._value)

    def choice(self, *values: str) -> str:
        """One of a few strings."""
        text = self.text()
        return text if text in values else self.refuse(f"expected one of {', '.join(values)}, got {text[:40]!r}")

    def is_text(self) -> bool:
        """Whether the value is a string."""
        return type(self._value) is str

    def truth(self) -> bool:
        """The value true; false is written by leaving the member out."""
        return True if self._value is True else self.refuse(f"expected true, got {self._kind()}")

    def integer(self) -> int:
        """Any integer that could be read."""
        if type(self._value) is not int:
            self.refuse(f"expected an integer, got {self._kind()}")
        return int(self._value)

    def small(self, least: int = 0) -> int:
        """An integer from `least` to 2^31 − 1."""
        value = self.integer()
        return value if least <= value < SMALL else self.refuse(f"expected {least} <= integer < 2^31, got {value}")

    def hex(self, length: int) -> bytes:
        """`length` bytes as upper-case hexadecimal of full width."""
        text = self.text()
        if not _hex_pattern(length).fullmatch(text):
            self.refuse(f"expected {2 * length} upper-case hexadecimal digits, got {len(text)} characters {text[:16]!r}")
        return bytes.fromhex(text)

    def blocks(self, size: int, most: int) -> bytes:
        """A whole number of blocks, 1 to `most`, of `size` bytes each, as upper-case hexadecimal."""
        count, rest = divmod(len(self.text()), 2 * size)
        if rest or not 1 <= count <= most:
            self.refuse(f"expected 1 to {most} blocks of {size} bytes in hexadecimal, got {len(self.text())} characters")
        return self.hex(count * size)

    def number(self, length: int) -> int:
        """An integer of `length` bytes as upper-case hexadecimal of full width; not reduced, not compared with anything."""
        text = self.text()
        if not _hex_pattern(length).fullmatch(text):
            self.refuse(f"expected {2 * length} upper-case hexadecimal digits, got {len(text)} characters {text[:16]!r}")
        return int(text, 16)

    def _object(self) -> dict[str, Any]:
        if type(self._value) is not dict:
            self.refuse(f"expected an object, got {self._kind()}")
        value: dict[str, Any] = self._value
        return value

    def _child(self, name: str, value: Any) -> "Node":
        return Node(value, self.file, self.line, f"{self.path}.{name}" if self.path else name)

    def _kind(self) -> str:
        return {dict: "an object", list: "a list", str: "text", int: "an integer", bool: "true or false"}.get(type(self._value), "null")


@lru_cache(maxsize=32)
def _hex_pattern(length: int) -> re.Pattern[str]:
    return re.compile(f"[0-9A-F]{{{2 * length}}}")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"member {next(name for name in names if names.count(name) > 1)[:40]!r} occurs twice")
    return members


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"integer of {len(digits)} digits")
    return int(digits)


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text[:40]} is not allowed")
