"""Modular powers and products: gmpy2 where it is installed, plain integers elsewhere. Fixed-base combs (Note 3.5).

Public numbers of the standard size are raised to powers many at a time where `montgomery` is built (`engine.native`). The environment
variable PSEPHOS_ARITHMETIC forces what is used: `python`, `gmpy2` or `native`.
"""

import os
from collections.abc import Iterable
from functools import reduce
from typing import Any

from engine.errors import ArithmeticMissing

FORCED = os.environ.get("PSEPHOS_ARITHMETIC") or None

try:
    if FORCED == "python":
        raise ImportError
    import gmpy2
except ImportError:  # everything works without, about seven times slower
    gmpy2 = None
try:
    if FORCED in ("python", "gmpy2"):
        raise ImportError
    import montgomery as montgomery  # engine.native takes it from here
except ImportError:
    montgomery = None

WINDOW = 8  # bits of an exponent that one table look-up of a comb covers


def arithmetic() -> str:
    """Which arithmetic is in use, in words. Raises ArithmeticMissing if PSEPHOS_ARITHMETIC asks for one that is not there."""
    native = bool(montgomery and montgomery.levels())
    there = {None: True, "python": True, "gmpy2": bool(gmpy2), "native": native}
    if FORCED not in there:
        raise ArithmeticMissing(f"PSEPHOS_ARITHMETIC={FORCED}: expected python, gmpy2 or native")
    if not there[FORCED]:
        missing = "gmpy2 is not installed" if FORCED == "gmpy2" else "montgomery is not built, or this processor has no AVX2"
        raise ArithmeticMissing(f"PSEPHOS_ARITHMETIC={FORCED}: {missing}")
    plain = f"gmpy2 {gmpy2.version()} with {gmpy2.mp_version()}" if gmpy2 else "plain Python integers"
    return f"native ({montgomery.levels()[0]}), {plain}" if native else plain


def integer(value: int) -> Any:
    """`value` in the fastest integer type at hand."""
    return gmpy2.mpz(value) if gmpy2 else value


def secret_power(base: int, exponent: int, modulus: int) -> Any:
    """base^exponent mod modulus for a secret exponent >= 0 and an odd modulus: GMP's side-channel quiet power.

    Without gmpy2 no such power exists; the built-in one is used, which `specs/threat-model.md` says.
    """
    if gmpy2 and exponent > 0:
        return gmpy2.powmod_sec(base, exponent, modulus)
    return pow(int(base), int(exponent), int(modulus))


def product(values: Iterable[int], modulus: int) -> Any:
    """The product of all values mod modulus; 1 if there are none."""
    return reduce(lambda result, value: result * value % modulus, values, integer(1))


class Squarings:
    """The powers base^(16^i) of one base, made once and shared by all its powers: two powers and the test of membership for the price of
    one and a half (a number from outside is tested, then raised to the challenges of its proof). For public exponents only.
    """

    def __init__(self, base: int, modulus: int, bits: int) -> None:
        self._modulus = integer(modulus)
        self._rows: list[Any] = []
        square = integer(base) % self._modulus
        for _ in range(0, bits, 4):
            self._rows.append(square)
            for _ in range(4):
                square = square * square % self._modulus
        self._last = square  # base^(16^rows)

    def power(self, exponent: int) -> Any:
        """base^exponent: digits of 16, from the right (Yao's method). Raises OverflowError unless 0 <= exponent < 16^rows."""
        buckets: list[Any] = [None] * 16
        rest = int(exponent)
        for square in self._rows:
            rest, digit = rest >> 4, rest & 15
            if digit:
                filled = buckets[digit]
                buckets[digit] = square if filled is None else filled * square % self._modulus
        if rest:
            raise OverflowError("the exponent is longer than the squarings, or negative")
        running, result = integer(1), integer(1)
        for bucket in reversed(buckets[1:]):
            if bucket is not None:
                running = running * bucket % self._modulus
            result = result * running % self._modulus
        return result

    def has_order(self, order: int) -> bool:
        """Whether base^order = 1 for an invertible base and an order below 16^rows: whether base^(16^rows) = base^(16^rows − order)."""
        return bool(self._last == self.power(16 ** len(self._rows) - order))


class Comb:
    """Powers of one base by table: for exponents below 2^bits, bits/8 multiplications instead of a whole power.

    Table look-ups depend on the exponent. For encryption on the voter's own machine and for proofs about public values that is
    accepted (`specs/threat-model.md`); guardians' secrets never come here.
    """

    def __init__(self, base: int, modulus: int, bits: int) -> None:
        self._modulus = integer(modulus)
        self._rows: list[list[Any]] = []
        start = integer(base)
        for _ in range(0, bits, WINDOW):
            row = [integer(1)]
            for _ in range((1 << WINDOW) - 1):
                row.append(row[-1] * start % self._modulus)
            self._rows.append(row)
            start = row[-1] * start % self._modulus

    def power(self, exponent: int) -> Any:
        """base^exponent for 0 <= exponent < 2^bits."""
        result = integer(1)
        digits = int(exponent).to_bytes(len(self._rows), "little")
        for row, digit in zip(self._rows, digits, strict=True):
            if digit:
                result = result * row[digit] % self._modulus
        return result
