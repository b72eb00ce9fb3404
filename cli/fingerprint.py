"""Fingerprints that two people can compare by reading them aloud: twelve words, or thirty digits."""

import hashlib

from mnemonic import Mnemonic


def words(content: bytes) -> str:
    """Twelve English words of the BIP-39 list for the first 128 bits of SHA-256(content); the last word holds a check sum."""
    return Mnemonic("english").to_mnemonic(hashlib.sha256(content).digest()[:16])


def digits(content: bytes) -> str:
    """The same 128 bits as six groups of five digits (of the number mod 10^30)."""
    number = int.from_bytes(hashlib.sha256(content).digest()[:16], "big") % 10**30
    text = f"{number:030}"
    return " ".join(text[start : start + 5] for start in range(0, 30, 5))


def spoken(content: bytes) -> str:
    """Both forms, on two lines."""
    return f"  words:  {words(content)}\n  digits: {digits(content)}"
