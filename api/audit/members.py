"""The types that members of an audit entry may have. Each is as narrow as it can be: what has no type here cannot be logged.

Values are text, whole numbers, or tuples of text. Text is one line unless it is a `Document`, and has no control characters either way, so
that no value looks like the end of an entry or moves a terminal's cursor (SV-19). Free text is refused where it looks like an access code,
an e-mail address or a telephone number: that stops mistakes, not somebody who means to (PR-15).
"""

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from api.errors import Invalid

__all__ = [
    "LONGEST_DOCUMENT", "LONGEST_LINE", "Account", "Address", "Count", "Document", "EntryId", "Hexadecimal", "Line", "Moment", "OneOf",
    "Type", "Value", "Voter", "Word", "as_line", "moment", "read_moment",
]  # fmt: skip

Value = str | int | tuple[str, ...]

LONGEST_LINE = 500
"""Characters of a line of free text."""
LONGEST_DOCUMENT = 200_000
"""Characters of a form or of instructions."""
_MOST = 2**53

_WORD = re.compile(r"[a-z0-9][a-z0-9_.:+-]{0,99}")
_ACCOUNT = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.:-]{0,63}")
_VOTER = re.compile(r"(?=.*[0-9])[0-9A-Za-z](?:[0-9A-Za-z _.-]{0,62}[0-9A-Za-z])?")
_HEXADECIMAL = re.compile(r"(?:[0-9a-f]{2})+")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")

_ACCESS_CODE = re.compile(r"(?<![0-9A-Za-z])(?=[^0-9]{0,45}[0-9])[0-9A-Za-z]{4}(?:[\W_]{0,3}[0-9A-Za-z]{4}){6}(?![0-9A-Za-z])")
_E_MAIL = re.compile(r"[^\s@]+\s?[@\uff20]\s?[^\s@]+")
_TELEPHONE = re.compile(r"(?<![0-9A-Za-z])(?:\+[1-9](?:[ -]?\d){8,13}|\(?0[1-9](?:[ ()-]{0,2}\d){9})(?![0-9A-Za-z])")


class Type(Protocol):
    """What a member may be."""

    def check(self, value: Value) -> None:
        """Raises Invalid, without quoting the value."""
        ...


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words."""

    words: tuple[str, ...]

    def check(self, value: Value) -> None:
        """See Type."""
        if value not in self.words:
            raise Invalid(f"expected one of {', '.join(self.words)}")


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number from 0 on."""

    def check(self, value: Value) -> None:
        """See Type."""
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _MOST:
            raise Invalid("expected a whole number, 0 or more")


@dataclass(frozen=True, slots=True)
class Hexadecimal:
    """Bytes in lower-case hexadecimal: `length` of them, at most `length` if `up_to`."""

    length: int
    up_to: bool = False

    def check(self, value: Value) -> None:
        """See Type."""
        text = _matching(_HEXADECIMAL, value, "bytes in lower-case hexadecimal")
        if len(text) > 2 * self.length or (len(text) < 2 * self.length and not self.up_to):
            raise Invalid(f"expected {self.length} bytes in hexadecimal, got {len(text) // 2}")


@dataclass(frozen=True, slots=True)
class EntryId:
    """The id of an earlier entry of the same log, in lower-case hexadecimal. The log itself looks whether there is one."""

    def check(self, value: Value) -> None:
        """See Type."""
        Hexadecimal(16).check(value)


@dataclass(frozen=True, slots=True)
class Moment:
    """A time in UTC, as `moment` writes it."""

    def check(self, value: Value) -> None:
        """See Type."""
        read_moment(value)


@dataclass(frozen=True, slots=True)
class Word:
    """The name of a thing of ours: a setting, a component, a version; small letters, digits and _ . : + - alone."""

    def check(self, value: Value) -> None:
        """See Type."""
        _refuse_contacts(_matching(_WORD, value, "a name of small letters, digits and _ . : + -"))


@dataclass(frozen=True, slots=True)
class Account:
    """The id of an account of staff, a trustee or a service: never an e-mail address."""

    def check(self, value: Value) -> None:
        """See Type."""
        _refuse_contacts(_matching(_ACCOUNT, value, "an account's id"))


@dataclass(frozen=True, slots=True)
class Voter:
    """A unique identifier (COP-076.2). It has a digit, and so is nobody's name."""

    def check(self, value: Value) -> None:
        """See Type."""
        _refuse_contacts(_matching(_VOTER, value, "a unique identifier"))


@dataclass(frozen=True, slots=True)
class Address:
    """A network address, IPv4 or IPv6, as the standard library writes it."""

    def check(self, value: Value) -> None:
        """See Type."""
        try:
            good = isinstance(value, str) and "%" not in value and str(ipaddress.ip_address(value)) == value
        except ValueError:
            good = False
        if not good:
            raise Invalid("expected a network address")


@dataclass(frozen=True, slots=True)
class Line:
    """A line that a person wrote, or several, one each if `many`."""

    many: bool = False

    def check(self, value: Value) -> None:
        """See Type."""
        lines = value if self.many else (value,)
        if not isinstance(lines, tuple) or len(lines) > 1000:
            raise Invalid("expected at most 1000 lines")
        for line in lines:
            if not isinstance(line, str) or not line.strip() or len(line) > LONGEST_LINE:
                raise Invalid(f"expected a line of 1 to {LONGEST_LINE} characters")
            if not all(map(_is_plain, line)):
                raise Invalid("a line has a control character or a line break")
            _refuse_contacts(line)


@dataclass(frozen=True, slots=True)
class Document:
    """A form or instructions as voters saw them: many lines. It is public, so contacts for help may be in it."""

    def check(self, value: Value) -> None:
        """See Type."""
        if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_DOCUMENT:
            raise Invalid(f"expected a text of 1 to {LONGEST_DOCUMENT} characters")
        if not all(each in "\n\t" or _is_plain(each) for each in value):
            raise Invalid("a text has a control character")
        if _ACCESS_CODE.search(value):
            raise Invalid("this looks like an access code, which is never logged")


def as_line(foreign: str, longest: int = 100) -> str:
    """What somebody sent, made fit for a line, however hostile: what is not plain stands as U+… in angle brackets, what is too long is cut
    off, and what then looks like a contact or an access code is left out altogether."""
    line = "".join(each if _is_plain(each) else f"<U+{ord(each):04X}>" for each in foreign[:longest])[:longest].strip() or "<nothing>"
    try:
        Line().check(line)
    except Invalid:
        return "<left out>"
    return line


def moment(time: datetime) -> str:
    """A time as entries have it: UTC, microseconds. Raises Invalid for one without a zone."""
    if time.tzinfo is None:
        raise Invalid("expected a time with a zone")
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read_moment(value: Value) -> datetime:
    """What `moment` wrote. Raises Invalid."""
    try:
        return datetime.strptime(_matching(_MOMENT, value, "a time"), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        raise Invalid("expected a time that there is") from None


def _matching(pattern: re.Pattern[str], value: Value, what: str) -> str:
    if not isinstance(value, str) or not value.isascii() or not pattern.fullmatch(value):
        raise Invalid(f"expected {what}")
    return value


def _is_plain(character: str) -> bool:
    """No control, format, private, unassigned or lone surrogate character, and no break of line or paragraph."""
    return character == " " or unicodedata.category(character)[0] not in "CZ" or unicodedata.category(character) == "Zs"


def _refuse_contacts(text: str) -> None:
    for pattern, what in ((_ACCESS_CODE, "an access code"), (_E_MAIL, "an e-mail address"), (_TELEPHONE, "a telephone number")):
        if pattern.search(text):
            raise Invalid(f"this looks like {what}, which is never logged")
