"""Which column of a roll is what: by its exact name, or by names in English and Welsh that mean the same. Never by what is in it.

A guess is always shown; where two columns could be meant, nothing is guessed, and the file says it by an exact name.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from api.users.sheets import FileRefused

__all__ = ["COLUMNS", "Columns", "find_columns"]

_ALSO: dict[str, tuple[str, ...]] = {
    "reference": (
        "membership number", "membership no", "membership id", "membership reference", "member number", "member no", "member id",
        "member ref", "member reference", "reference number", "ref no", "ref", "rhif aelod", "rhif aelodaeth", "cyfeirnod",
    ),
    "name": ("full name", "member name", "voter name", "enw", "enw llawn"),
    "first_name": ("first names", "forename", "forenames", "given name", "given names", "enw cyntaf"),
    "surname": ("last name", "family name", "cyfenw"),
    "ballot_style": ("style", "ballot paper", "voting form", "papur pleidleisio"),
    "email": (
        "e mail", "email address", "e mail address", "personal email", "personal e mail", "personal email address", "ebost", "e bost",
        "cyfeiriad ebost", "cyfeiriad e bost",
    ),
    "mobile": (
        "mobile phone", "mobile number", "mobile no", "mobile phone number", "mobile telephone", "personal mobile", "cell phone", "phone",
        "phone number", "telephone", "telephone number", "tel", "tel no", "symudol", "ffon symudol", "rhif ffon symudol", "rhif ffon",
    ),
    "email_purpose": ("purpose", "purpose of email", "e mail purpose", "email given for", "diben", "diben ebost", "diben e bost"),
    "mobile_type": ("mobile phone type", "phone type", "type of mobile", "type of phone", "math o ffon"),
    "method": ("methods", "balloting method", "balloting methods", "voting method", "method of voting", "dull", "dull pleidleisio"),
    "delivery": ("ship", "port", "ship or port", "delivery address", "llong", "porthladd"),
}  # fmt: skip
_ADDRESS = frozenset((
    "address", "postal address", "home address", "cyfeiriad", "house", "street", "town", "city", "county", "country", "postcode",
    "post code", "stryd", "tref", "dinas", "sir", "gwlad", "cod post",
    *(
        f"{word} {number}"
        for word in ("address", "address line", "line", "cyfeiriad", "llinell", "llinell cyfeiriad")
        for number in range(1, 8)
    ),
))  # fmt: skip
"""All of these together are the address, in their order."""

COLUMNS = (
    "reference", "name", "first_name", "surname", "ballot_style", "email", "mobile", "address", "email_purpose", "mobile_type", "method",
    "delivery",
)  # fmt: skip
"""The exact names, of which reference, a name and, unless a ballot has one style alone, ballot_style have to be there."""
_EXACT = {name.replace("_", " "): name for name in COLUMNS}
_MEANT = {also: name for name, many in _ALSO.items() for also in many}
_LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the columns are: positions from 0 by exact name, several for an address; the row of names as it is in the file, and which of
    them are not used."""

    positions: dict[str, tuple[int, ...]]
    names: tuple[str, ...]
    unused: tuple[str, ...]

    def of(self, column: str) -> int | None:
        """The position of a column; None if there is none."""
        found = self.positions.get(column)
        return found[0] if found else None

    def shown(self) -> dict[str, str]:
        """Which column of the file was taken for what."""
        return {name: " + ".join(self.names[each] for each in where) for name, where in self.positions.items()}


def find_columns(header: Iterable[str], *, one_style: bool) -> Columns:
    """The columns that a row of names speaks of. `one_style`: the ballot has one style, and no column has to name it. Raises FileRefused,
    naming what is missing or could mean two things."""
    names = tuple(_shown(name) for name in header)
    plain = [_plain(name) for name in names]
    positions: dict[str, tuple[int, ...]] = {}
    for column in COLUMNS:
        if column == "address":
            found = [at for at, name in enumerate(plain) if name in _ADDRESS]
            if found:
                positions[column] = tuple(found)
            continue
        exact = [at for at, name in enumerate(plain) if _EXACT.get(name) == column]
        meant = exact or [at for at, name in enumerate(plain) if _MEANT.get(name) == column]
        if len(meant) > 1:
            which = ", ".join(f"column {at + 1} ({names[at]})" for at in meant)
            raise FileRefused(f"the columns: {which} could each be {column}; call the right one {column}, and each other one otherwise")
        if meant:
            positions[column] = (meant[0],)
    _check(positions, one_style=one_style)
    used = {at for where in positions.values() for at in where}
    return Columns(positions, names, tuple(name for at, name in enumerate(names) if at not in used and name))


def _check(positions: dict[str, tuple[int, ...]], *, one_style: bool) -> None:
    if "name" in positions and "surname" in positions and "first_name" not in positions:
        raise FileRefused("the columns: name and surname are both there; call the first one first_name, or leave one out")
    if "name" not in positions and not {"first_name", "surname"} <= positions.keys():
        raise FileRefused("the columns: there is no name; call a column name, or two first_name and surname")
    for column in ("reference", *(() if one_style else ("ballot_style",))):
        if column not in positions:
            raise FileRefused(f"the columns: {column} is missing; call the column with it {column}. The first row is that of the names")


def _plain(name: str) -> str:
    """In small letters, without accents; what is neither letter nor digit is one blank."""
    bare = "".join(each for each in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(each))
    return " ".join("".join(each if each.isalnum() else " " for each in bare).split())


def _shown(name: str) -> str:
    return "".join(each for each in name.strip() if each.isprintable())[:_LONGEST_SHOWN]
