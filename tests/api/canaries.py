"""Data planted wherever the services take any, to be looked for wherever they write (PR-15)."""

import base64
from collections.abc import Iterable
from urllib.parse import quote

from api.voters.access_code import AccessCode

NAME = "Canaria Wren-Goldfinch"
PHONE = "+44 7700 900461"
EMAIL = "canaria.wren@canary-members.example"
ADDRESS = "46 Birdcage Terrace"
CLIENT = "203.0.113.246"
REFERENCE = "CANARYREF0461"
CHOICE = "CanaryStrikeYes"
PASSPHRASE = "canary goldfinch serin twite siskin"
PERSONAL = (NAME, PHONE, EMAIL, ADDRESS, CLIENT, REFERENCE, CHOICE, PASSPHRASE)


def forms(planted: Iterable[str | bytes], codes: Iterable[AccessCode] = ()) -> list[bytes]:
    """What is looked for: each in several forms; of long ones, pieces."""
    texts = [each for each in planted if isinstance(each, str)]
    texts += [text for code in codes for text in (code.grouped(), code.compact(), str(code.number), f"{code.number:x}")]
    found = [each for each in planted if isinstance(each, bytes)]
    for each in texts:
        found += [each.encode(), quote(each).encode(), each.encode().hex().encode(), base64.b64encode(each.encode()).rstrip(b"=")]
        found += [each.encode()[:12], each.encode()[-12:]]
    pieces = [each[at : at + 40] for each in found if len(each) > 200 for at in range(100, len(each) - 40, 2000)]
    return [each.lower() for each in [*(each for each in found if len(each) <= 200), *pieces]]


def leaks(content: bytes | str, looked_for: Iterable[bytes]) -> list[bytes]:
    """Which of them are in there, capitals or not."""
    text = (content.encode() if isinstance(content, str) else content).lower()
    return [each for each in looked_for if each in text]
