"""The only serialisation: every value that leaves or enters the engine has exactly one form, canonical JSON (specs/record-format.md, 1).

A dataclass is an object with its fields as members, in their order, under the names that `member` gives them. Elements, scalars and
byte strings are upper-case hexadecimal of full width; a tuple is an array; a field that is None is left out.
"""

import dataclasses
import json
import re
import types
import typing
from functools import cache
from typing import Any, TypeVar, Union

from engine.errors import FormatError, GroupError
from engine.group import Element, Group, Scalar

LARGEST_FILE = 16 * 1024 * 1024  # bytes of one value; a ballot has its own, smaller bound where it is received
SMALL, MEDIUM = 2**31, 2**53
_DIGITS = re.compile("[0-9A-F]*")

T = TypeVar("T")


def member(name: str | None = None, *, length: int | None = None, below: int = SMALL, keyed: bool = False, optional: bool = False) -> Any:
    """A field of a serialised dataclass: `name` in JSON; `length` bytes of a byte string (any if None); an integer is `below` that bound;
    a `keyed` tuple of (index, value) pairs is an object whose keys are the indices as decimal text, ascending."""
    metadata = {"name": name, "length": length, "below": below, "keyed": keyed}
    return dataclasses.field(default=None, metadata=metadata) if optional else dataclasses.field(metadata=metadata)


def to_json(value: Any) -> bytes:
    """The canonical form of a serialised dataclass: compact UTF-8, no final newline."""
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":")).encode()


def from_json(kind: type[T], content: bytes, group: Group) -> T:
    """The value of type `kind` whose canonical form is `content`. Raises FormatError for anything else.

    Elements and scalars are checked as they are read, so a value that exists is valid.
    """
    if len(content) > LARGEST_FILE:
        raise FormatError(f"{kind.__name__}: {len(content)} bytes are too many")
    try:
        raw = json.loads(
            content.decode(), object_pairs_hook=_no_repetition, parse_float=_no_number, parse_constant=_no_number, parse_int=_integer
        )
        value = _value(kind, raw, kind.__name__, group, {})
        canonical = to_json(value) == content
    except FormatError:
        raise
    except (ValueError, RecursionError) as error:  # UnicodeError and JSONDecodeError are ValueErrors
        raise FormatError(f"{kind.__name__}: not JSON in UTF-8: {type(error).__name__}") from None
    if not canonical:
        raise FormatError(f"{kind.__name__}: not in canonical form (compact, members in their order)")
    return value  # type: ignore[no-any-return]


def _no_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise FormatError("a member is repeated")
    return members


def _no_number(text: str) -> Any:
    raise FormatError(f"{text[:20]} is not an integer")


def _integer(text: str) -> int:
    if len(text) > 20:
        raise FormatError("a number has too many digits")
    return int(text)


@dataclasses.dataclass(frozen=True, slots=True)
class _Member:
    field: str
    name: str
    kind: Any
    optional: bool
    metadata: Any


@cache
def _members(kind: type) -> tuple[_Member, ...]:
    hints = typing.get_type_hints(kind)
    members = []
    for field in dataclasses.fields(kind):
        hint, optional = hints[field.name], False
        if typing.get_origin(hint) in (Union, types.UnionType) and type(None) in typing.get_args(hint):
            kinds = [argument for argument in typing.get_args(hint) if argument is not type(None)]
            hint, optional = Union[tuple(kinds)], True  # noqa: UP007
        members.append(_Member(field.name, field.metadata.get("name") or field.name, hint, optional, field.metadata))
    return tuple(members)


def _plain(value: Any, metadata: Any = None) -> Any:
    if isinstance(value, (Element, Scalar)):
        return value.to_bytes().hex().upper()
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, tuple):
        if metadata and metadata.get("keyed"):
            return {str(key): _plain(item) for key, item in value}
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        plain = {}
        for each in _members(type(value)):
            item = getattr(value, each.field)
            if item is not None:
                plain[each.name] = _plain(item, each.metadata)
        return plain
    return value


def _value(kind: Any, raw: Any, where: str, group: Group, metadata: Any) -> Any:
    if kind is Element:
        try:
            return group.element(_hex(raw, group.element_length, where))
        except GroupError as error:
            raise FormatError(f"{where}: {error}") from None
    if kind is Scalar:
        try:
            return group.scalar(_hex(raw, group.scalar_length, where))
        except GroupError as error:
            raise FormatError(f"{where}: {error}") from None
    if kind is bytes:
        length = metadata.get("length")
        if length is None and isinstance(raw, str):
            length = len(raw) // 2
        return _hex(raw, length, where).to_bytes(length, "big")
    if kind is int:
        if type(raw) is not int or not 0 <= raw < metadata.get("below", SMALL):
            raise FormatError(f"{where}: expected a non-negative integer in range")
        return raw
    if kind in (str, bool):
        if type(raw) is not kind:
            raise FormatError(f"{where}: expected {'text' if kind is str else 'true or false'}")
        return raw
    origin = typing.get_origin(kind)
    if origin in (Union, types.UnionType):
        return _value(type(raw) if type(raw) in typing.get_args(kind) else typing.get_args(kind)[0], raw, where, group, metadata)
    if origin is tuple and metadata.get("keyed"):
        return _keyed(kind, raw, where, group)
    if origin is tuple:
        if type(raw) is not list:
            raise FormatError(f"{where}: expected an array")
        inner = typing.get_args(kind)[0]
        return tuple(_value(inner, item, f"{where}[{position}]", group, metadata) for position, item in enumerate(raw))
    return _object(kind, raw, where, group)


def _keyed(kind: Any, raw: Any, where: str, group: Group) -> Any:
    if type(raw) is not dict:
        raise FormatError(f"{where}: expected an object")
    inner = typing.get_args(typing.get_args(kind)[0])[1]
    pairs: list[tuple[int, Any]] = []
    for key, item in raw.items():
        if not (key.isascii() and key.isdecimal() and len(key) < 11 and str(int(key)) == key) or not 1 <= int(key) < SMALL:
            raise FormatError(f"{where}: a key is not an index")
        if pairs and int(key) <= pairs[-1][0]:
            raise FormatError(f"{where}: indices do not ascend")
        pairs.append((int(key), _value(inner, item, f"{where}[{key}]", group, {})))
    return tuple(pairs)


def _object(kind: Any, raw: Any, where: str, group: Group) -> Any:
    if type(raw) is not dict:
        raise FormatError(f"{where}: expected an object")
    members = _members(kind)
    unknown = set(raw) - {each.name for each in members}
    if unknown:
        raise FormatError(f"{where}: unknown member {sorted(unknown)[0][:40]!r}")
    values = {}
    for each in members:
        if each.name in raw:
            values[each.field] = _value(each.kind, raw[each.name], f"{where}.{each.name}", group, each.metadata)
        elif each.optional:
            values[each.field] = None
        else:
            raise FormatError(f"{where}: member {each.name!r} is missing")
    return kind(**values)


def _hex(raw: Any, length: int | None, where: str) -> int:
    if length is None or type(raw) is not str or len(raw) != 2 * length or not _DIGITS.fullmatch(raw):
        raise FormatError(f"{where}: expected {'' if length is None else 2 * length} upper-case hexadecimal digits")
    return int(raw, 16) if raw else 0
