"""Which contacts the employer or the union controls, so that no access code goes there (COP-054): lists for each ballot, made by people.

Domains stand for themselves and all below them. A domain that looks like one of them is held back until somebody has looked at it.
"""

import json
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from api.errors import Invalid
from api.users.contacts import ContactProblem, phone_of

__all__ = ["PROVIDERS", "AllowedDomain", "ContactRules"]

PROVIDERS = frozenset((
    "aol.com", "btinternet.com", "btopenworld.com", "fastmail.com", "gmail.com", "gmx.co.uk", "gmx.com", "googlemail.com", "hotmail.co.uk",
    "hotmail.com", "hotmail.fr", "icloud.com", "live.co.uk", "live.com", "mac.com", "mail.com", "me.com", "msn.com", "ntlworld.com",
    "outlook.com", "outlook.co.uk", "pm.me", "proton.me", "protonmail.com", "sky.com", "talktalk.net", "tiscali.co.uk", "tutanota.com",
    "virginmedia.com", "yahoo.co.uk", "yahoo.com", "yahoo.ie", "ymail.com", "zoho.com",
))  # fmt: skip
"""Where anybody can have an address: none of them is held back for looking like another domain (COP-054a.3). Checked 2026-11."""
_MOST = 2000
_SWAPS = str.maketrans({
    "0": "o", "1": "l", "i": "l", "3": "e", "5": "s", "8": "b", "2": "z", "4": "a", "а": "a", "с": "c", "ԁ": "d", "е": "e", "һ": "h",
    "і": "l", "ј": "j", "ӏ": "l", "о": "o", "р": "p", "ԛ": "q", "ѕ": "s", "ԝ": "w", "х": "x", "у": "y", "α": "a", "ο": "o", "ν": "v",
    "ρ": "p", "ι": "l", "κ": "k", "τ": "t", "υ": "u", "ı": "l", "ł": "l", "ø": "o", "đ": "d", "ɡ": "g",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class AllowedDomain:
    """A domain where addresses are good although it is the employer's, or looks like one that is: why, and who says so (COP-054a.3)."""

    domain: str
    reason: str
    author: str = ""


@dataclass(frozen=True)
class ContactRules:
    """Domains in IDNA form, numbers in international form. Raises Invalid for what is neither, naming the list and the place in it."""

    employer_domains: tuple[str, ...] = ()
    union_domains: tuple[str, ...] = ()
    allowed_domains: tuple[AllowedDomain, ...] = ()
    employer_numbers: tuple[str, ...] = ()
    union_numbers: tuple[str, ...] = ()

    @classmethod
    def made(
        cls, employer_domains: Iterable[str] = (), union_domains: Iterable[str] = (), allowed_domains: Iterable[AllowedDomain] = (),
        employer_numbers: Iterable[str] = (), union_numbers: Iterable[str] = (),
    ) -> "ContactRules":  # fmt: skip
        """Rules from what people write."""
        return cls(
            _domains("employer_domains", employer_domains), _domains("union_domains", union_domains),
            tuple(
                AllowedDomain(domain, each.reason, each.author)
                for each in allowed_domains
                for domain in _domains("allowed_domains", [each.domain])
            ),
            _numbers("employer_numbers", employer_numbers), _numbers("union_numbers", union_numbers),
        )  # fmt: skip

    @classmethod
    def from_json(cls, content: bytes) -> "ContactRules":
        """What `to_json` wrote, or somebody by hand: an object with some of these members. Raises Invalid."""
        try:
            members = json.loads(content)
            allowed = [
                AllowedDomain(str(each["domain"]), str(each["reason"]), str(each.get("author", "")))
                for each in members.pop("allowed_domains", ())
            ]
            lists: dict[str, Any] = {
                name: [str(each) for each in members.pop(name, ())]
                for name in ("employer_domains", "union_domains", "employer_numbers", "union_numbers")
            }
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise Invalid("the contact rules are no JSON object with lists of domains and numbers") from None
        if members:
            raise Invalid("the contact rules have a member that is not known")
        return cls.made(allowed_domains=allowed, **lists)

    def to_json(self) -> bytes:
        """For storing."""
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    def judge_domain(self, domain: str) -> None:
        """Raises ContactProblem if no code may go to addresses there. `domain` is in IDNA form, in small letters."""
        above = _above(domain)
        if above & self._allowed:
            return
        for owner, listed in (("employer", self.employer_domains), ("union", self.union_domains)):
            if not above.isdisjoint(listed):
                raise ContactProblem("COP-054a.2", f"is at a domain of the {owner}", "ask the voter for a personal address")
        if domain in PROVIDERS:
            return
        for own in self._owned:
            if any(_alike(each, own, self._skeletons[own]) for each in above if each.count(".") == own.count(".")):
                raise ContactProblem(
                    "COP-054a.2", "is at a domain that looks like one of the employer's or the union's",
                    "look at it; if it is another one, put it into the allowed domains with the reason",
                )  # fmt: skip

    def judge_number(self, number: str) -> None:
        """Raises ContactProblem if the number, in international form, is the employer's or the union's."""
        for owner, listed in (("employer", self.employer_numbers), ("union", self.union_numbers)):
            if number in listed:
                raise ContactProblem("COP-054b.2", f"is a number of the {owner}", "ask the voter for a personal number")

    @cached_property
    def _allowed(self) -> frozenset[str]:
        return frozenset(each.domain for each in self.allowed_domains)

    @cached_property
    def _owned(self) -> tuple[str, ...]:
        return (*self.employer_domains, *self.union_domains)

    @cached_property
    def _skeletons(self) -> dict[str, str]:
        return {own: _skeleton(own) for own in self._owned}


def _domains(where: str, written: Iterable[str]) -> tuple[str, ...]:
    found = []
    for number, each in enumerate(written, 1):
        plain = unicodedata.normalize("NFC", each).strip().lower().removeprefix("*").lstrip("@.").rstrip(".")
        try:
            domain = plain.encode("idna").decode() if not plain.isascii() else plain
        except UnicodeError:
            domain = ""
        if not ("." in domain and len(domain) <= 253 and all(part and part.replace("-", "a").isalnum() for part in domain.split("."))):
            raise Invalid(f"{where}: number {number} is no domain such as employer.co.uk")
        found.append(domain)
    return _bounded(where, found)


def _numbers(where: str, written: Iterable[str]) -> tuple[str, ...]:
    found = []
    for number, each in enumerate(written, 1):
        try:
            found.append(phone_of(each))
        except ContactProblem:
            raise Invalid(f"{where}: number {number} is no telephone number") from None
    return _bounded(where, found)


def _bounded(where: str, found: list[str]) -> tuple[str, ...]:
    if len(found) > _MOST:
        raise Invalid(f"{where}: has more than {_MOST}")
    return tuple(sorted(set(found)))


def _above(domain: str) -> set[str]:
    """The domain and all that it is below, but the last part."""
    parts = domain.split(".")
    return {".".join(parts[at:]) for at in range(len(parts) - 1)}


def _skeleton(domain: str) -> str:
    """The same for domains that look the same: letters and digits like one another are one, in other alphabets too."""
    try:
        shown = domain.encode().decode("idna")
    except UnicodeError:
        shown = domain
    bare = "".join(each for each in unicodedata.normalize("NFKD", shown.lower()) if not unicodedata.combining(each))
    return bare.translate(_SWAPS).replace("rn", "m").replace("vv", "w").replace("cl", "d").replace("-", "")


def _alike(domain: str, own: str, skeleton: str) -> bool:
    """Whether one could be taken for the other: the same skeleton, or one letter more, less, another, or two neighbours swapped."""
    if domain == own:
        return False
    return _skeleton(domain) == skeleton or (len(own) > 5 and _one_apart(domain, own))


def _one_apart(one: str, other: str) -> bool:
    if abs(len(one) - len(other)) > 1:
        return False
    if len(one) == len(other):
        at = [place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
        swapped = len(at) == 2 and at[1] == at[0] + 1 and one[at[0]] == other[at[1]] and one[at[1]] == other[at[0]]
        return len(at) == 1 or swapped
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))
