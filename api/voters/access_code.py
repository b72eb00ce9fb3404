"""Access codes as people read, type and paste them: 130 random bits in 26 characters, two check characters, seven groups of four.

    7M4K-Q2XD-…          https://HOST/vote/4f2a…#7M4KQ2XD…

The alphabet lacks I, L, O and U; small letters, I and L for 1, O for 0, blanks and dashes are understood. One wrong character, or two
neighbours exchanged, is always noticed: the check is the number modulo the prime 1021. A secret passes.
"""

import secrets
import unicodedata
from dataclasses import dataclass, field
from typing import Self

from api.errors import Invalid

__all__ = ["AccessCode"]

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_DIGITS = {character: digit for digit, character in enumerate(_ALPHABET)} | {"I": 1, "L": 1, "O": 0}
_BITS, _LENGTH, _CHECK, _PRIME = 130, 26, 2, 1021
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class AccessCode:
    """An access code; `number` has 130 bits."""

    number: int = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        """A new one from the operating system's generator."""
        return cls(secrets.randbits(_BITS))

    @classmethod
    def read(cls, typed: str) -> Self:
        """What somebody typed or pasted. Raises Invalid if it can't be an access code; otherwise it may still be one never issued."""
        if len(typed) > _LONGEST:
            raise Invalid("an access code has 28 letters and digits")
        plain = [each for each in typed.upper() if not (each.isspace() or unicodedata.category(each) in ("Pd", "Cf"))]
        digits = [_DIGITS.get(each) for each in plain]
        number = 0
        for digit in digits:
            if digit is None:
                raise Invalid("an access code has only letters and digits, and no U")
            number = number << 5 | digit
        if len(digits) != _LENGTH + _CHECK:
            raise Invalid(f"an access code has 28 letters and digits, this has {len(digits)}")
        number, check = number >> 5 * _CHECK, number & (1 << 5 * _CHECK) - 1
        if check != number % _PRIME:
            raise Invalid("the access code is mistyped: compare it character by character")
        return cls(number)

    def compact(self) -> str:
        """28 characters in a row, for a link's fragment."""
        whole = self.number << 5 * _CHECK | self.number % _PRIME
        return "".join(_ALPHABET[whole >> 5 * place & 31] for place in reversed(range(_LENGTH + _CHECK)))

    def grouped(self) -> str:
        """Seven groups of four, for letters and messages."""
        compact = self.compact()
        return "-".join(compact[at : at + 4] for at in range(0, len(compact), 4))
