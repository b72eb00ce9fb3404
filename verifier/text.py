"""Text rules of the manifest (record-format.md, 2.3; X18) and times. Which characters are assigned is Python's Unicode version's word."""

import re
import unicodedata
from datetime import UTC, datetime

__all__ = ["fault", "folded", "is_time", "scripts"]

MAX_TEXT = 200
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_FACELESS = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
"""Letters, marks and signs that show nothing; what shows nothing by its category is forbidden anyway."""
_FORBIDDEN = {"Cc": "control", "Cf": "format", "Cs": "surrogate", "Co": "private-use", "Cn": "unassigned", "Zl": "line separator",
              "Zp": "paragraph separator"}  # fmt: skip


def fault(text: str) -> str | None:
    """What is wrong with a label or name; None if nothing: NFC, 1 to 200 characters, no character without a face, single blanks inside."""
    if not 1 <= len(text) <= MAX_TEXT:
        return f"expected 1 to {MAX_TEXT} characters, got {len(text)}"
    if not unicodedata.is_normalized("NFC", text):
        return "is not in normal form C"
    for at, character in enumerate(text, 1):
        category = unicodedata.category(character)
        if category in _FORBIDDEN:
            return f"character {at} is a {_FORBIDDEN[category]} character (U+{ord(character):04X})"
        if _FACELESS.fullmatch(character):
            return f"character {at} shows nothing (U+{ord(character):04X})"
        if category.startswith("M") and (at == 1 or text[at - 2] == " "):
            return f"character {at} is a mark that stands on no letter (U+{ord(character):04X})"
        if category == "Zs" and character != " ":
            return f"character {at} is another blank than U+0020 (U+{ord(character):04X})"
    if text != text.strip(" ") or "  " in text:
        return "has a blank at an end, or two together"
    return None


def folded(text: str) -> str:
    """The form in which labels that look alike are equal: NFKC and case folding, until nothing changes any more."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def scripts(text: str) -> set[str]:
    """The scripts of the letters, by the first word of each letter's Unicode name: LATIN, GREEK, CYRILLIC …"""
    return {
        unicodedata.name(character, "UNKNOWN").split()[0] for character in text if unicodedata.category(character).startswith("L")
    }


def is_time(text: str) -> bool:
    """Whether the text is a moment that exists, `YYYY-MM-DDTHH:MM:SSZ`."""
    if not _TIME.fullmatch(text):
        return False
    try:
        datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    return True
