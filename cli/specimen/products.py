"""Many products and powers modulo p at a time: by the native arithmetic where it is built, else by gmpy2."""

import os
from array import array
from collections.abc import Sequence
from typing import Protocol

from engine.group import STANDARD
from engine.powers import Comb, arithmetic, integer, product

try:
    import montgomery
except ImportError:  # some five times slower
    montgomery = None

LENGTH = STANDARD.element_length


class Products(Protocol):
    """What a specimen needs of the arithmetic. Numbers are 512 bytes each, big-endian, one behind the other."""

    name: str

    def multiply(self, numbers: bytes, pairs: "array[int]") -> bytes:
        """The products numbers[a]·numbers[b] of all pairs a, b."""

    def columns(self, numbers: bytes, columns: int) -> bytes:
        """The product of each column; the numbers are rows of so many."""

    def powers(self, base: int, exponents: Sequence[int]) -> bytes:
        """base to every exponent, each below q."""


class Native:
    """By the extension `montgomery`."""

    def __init__(self) -> None:
        self._modulus = montgomery.Modulus(STANDARD.p.to_bytes(LENGTH, "big"))
        self.name = f"native, {self._modulus.level}"

    def multiply(self, numbers: bytes, pairs: "array[int]") -> bytes:
        """Eight at a time."""
        made: bytes = self._modulus.multiply(numbers, pairs)
        return made

    def columns(self, numbers: bytes, columns: int) -> bytes:
        """Eight at a time."""
        made: bytes = self._modulus.product(numbers, columns=columns)
        return made

    def powers(self, base: int, exponents: Sequence[int]) -> bytes:
        """By a table."""
        comb = montgomery.Comb(self._modulus, int(base).to_bytes(LENGTH, "big"))
        made: bytes = comb.powers(b"".join(int(exponent).to_bytes(STANDARD.scalar_length, "big") for exponent in exponents))
        return made


class OneByOne:
    """By gmpy2, or plain integers."""

    def __init__(self) -> None:
        self.name = arithmetic()

    def multiply(self, numbers: bytes, pairs: "array[int]") -> bytes:
        """One at a time."""
        values, p = _values(numbers), integer(STANDARD.p)
        return b"".join(_bytes(values[a] * values[b] % p) for a, b in zip(pairs[::2], pairs[1::2], strict=True))

    def columns(self, numbers: bytes, columns: int) -> bytes:
        """One at a time."""
        values = _values(numbers)
        return b"".join(_bytes(product(values[column::columns], STANDARD.p)) for column in range(columns))

    def powers(self, base: int, exponents: Sequence[int]) -> bytes:
        """By a table."""
        comb = Comb(base, STANDARD.p, STANDARD.q.bit_length())
        return b"".join(_bytes(comb.power(exponent)) for exponent in exponents)


def best_products() -> Products:
    """The fastest that works here; the native arithmetic is left alone if the environment says PSEPHOS_ARITHMETIC=gmpy2 or python."""
    wanted = os.environ.get("PSEPHOS_ARITHMETIC", "native")
    return Native() if wanted == "native" and montgomery is not None and montgomery.levels() else OneByOne()


def _values(numbers: bytes) -> list[int]:
    return [integer(int.from_bytes(numbers[start : start + LENGTH], "big")) for start in range(0, len(numbers), LENGTH)]


def _bytes(value: int) -> bytes:
    return int(value).to_bytes(LENGTH, "big")
