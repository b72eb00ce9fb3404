"""E-mail addresses and mobile numbers: in one form each, and with a key that is the same for two that reach the same person (SO-04).

No network is asked: whether anybody reads there is not known here.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

__all__ = ["ContactProblem", "Email", "Mobile", "email_of", "mobile_of", "phone_of"]

_REGION = "GB"
_PLAIN = re.compile(r"([A-Za-z0-9_%'-]+(?:[.+][A-Za-z0-9_%'+-]+)*)@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")
_LONGEST, _LONGEST_LOCAL = 254, 64
_NUMBER = re.compile(r"[0-9()+./\s\u00a0-]{5,40}(?:(?:ext|x)\.?\s?[0-9]{1,6})?", re.IGNORECASE)
_BRITISH = re.compile(r"(?:(?:\+|00)44(?:\(0\)|0)?|0)?(7[0-9]{9})")
_NOT_SAID = str.maketrans("", "", " ().-/\u00a0\u2010\u2011")
_SHORTENED = re.compile(r"[0-9]+(?:\.[0-9]+)?[eE]\+?[0-9]+|[0-9]+\.0")
_SAME_PROVIDER = {"googlemail.com": "gmail.com"}
_DOTS_MEAN_NOTHING = frozenset(("gmail.com",))
_CACHED = 200_000


class ContactProblem(Exception):
    """A contact that no access code may go to: the requirement, what it is, and what to do. Never the contact itself."""

    def __init__(self, rule: str, found: str, fix: str) -> None:
        super().__init__(found)
        self.rule, self.found, self.fix = rule, found, fix


@dataclass(frozen=True, slots=True)
class Email:
    """An address: as messages name it, its domain in IDNA form, and the key of its mailbox."""

    address: str = field(repr=False)
    domain: str = field(repr=False)
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mobile:
    """A mobile number in international form, which is its key too: +447911123456."""

    number: str = field(repr=False)


def email_of(text: str) -> Email:
    """An e-mail address. Raises ContactProblem if it is none.

    The key is in small letters, without what follows a plus, and without dots where the provider does not look at them.
    """
    plain = _PLAIN.fullmatch(text) if len(text) <= _LONGEST else None
    if plain:
        local, domain = plain[1], _domain(plain[2].lower())
    else:
        try:
            found = validate_email(text, check_deliverability=False, allow_display_name=False)
        except (EmailNotValidError, UnicodeError, ValueError):
            raise _no_address() from None
        local, domain = found.local_part, found.ascii_domain.lower()
    if len(local) > _LONGEST_LOCAL or len(local) + len(domain) >= _LONGEST:
        raise _no_address()
    mailbox = unicodedata.normalize("NFKC", local).casefold().partition("+")[0] or local
    provider = _SAME_PROVIDER.get(domain, domain)
    if provider in _DOTS_MEAN_NOTHING:
        mailbox = mailbox.replace(".", "")
    return Email(f"{local}@{domain}", domain, f"{mailbox}@{provider}")


def mobile_of(text: str) -> Mobile:
    """A mobile number. Raises ContactProblem if it is none, or no mobile one (COP-054b.1)."""
    british = _BRITISH.fullmatch(text.translate(_NOT_SAID))
    if british:
        if _is_british_mobile(british[1][:6]):
            return Mobile(f"+44{british[1]}")
        raise ContactProblem("COP-054b.1", "is no mobile number that is in use", "ask the voter for a mobile number")
    number = phone_of(text)
    kind = phonenumbers.number_type(phonenumbers.parse(number, _REGION))
    if kind not in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE):
        raise ContactProblem("COP-054b.1", "is no mobile number, but a landline or a service", "ask the voter for a mobile number")
    return Mobile(number)


def phone_of(text: str) -> str:
    """Any telephone number in international form. Raises ContactProblem if it is none."""
    if _SHORTENED.fullmatch(text):
        raise ContactProblem("COP-054b.1", "was shortened by a spreadsheet", "format the column as text, and enter the number again")
    if not _NUMBER.fullmatch(text):
        raise ContactProblem("COP-054b.1", "is no telephone number", "ask the voter for a mobile number")
    try:
        number = phonenumbers.parse(text.replace("(0)", "") if text.startswith(("+", "00")) else text, _REGION)
    except NumberParseException:
        raise ContactProblem("COP-054b.1", "is no telephone number", "ask the voter for a mobile number") from None
    if not phonenumbers.is_valid_number(number) or number.extension:
        raise ContactProblem("COP-054b.1", "is no telephone number that is in use", "ask the voter for a mobile number")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


@lru_cache(_CACHED)
def _domain(domain: str) -> str:
    """In IDNA form. Raises ContactProblem if it is no domain; which is remembered for those that are."""
    try:
        return validate_email(f"a@{domain}", check_deliverability=False).ascii_domain.lower()
    except (EmailNotValidError, UnicodeError, ValueError):
        raise _no_address() from None


@lru_cache(_CACHED)
def _is_british_mobile(first: str) -> bool:
    """By the first six digits after +44: ranges are given out by no more than those, and the library is slow to ask for each number."""
    found = phonenumbers.number_type(phonenumbers.PhoneNumber(country_code=44, national_number=int(f"{first}0000")))
    return found == PhoneNumberType.MOBILE


def _no_address() -> ContactProblem:
    return ContactProblem("COP-054a.1", "is no e-mail address", "ask the voter for a personal address")
