"""Which arithmetic is in use: the native extension `montgomery`, gmpy2, or Python's own integers. One for the whole process.

The best that is there is taken, unless `choose` or the environment variable PSEPHOS_ARITHMETIC names another. A worker process that is not
forked is told the name. Native arithmetic needs a processor it knows and the group of the specification (p of 4096 bits, the lowest 256
all ones; q = 2^256 − 189); whatever is single or small, and every other group, is left to gmpy2, or to plain integers without it.
"""

import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from . import products

try:
    import gmpy2
except ImportError:  # the verifier runs on the standard library alone, only more slowly
    gmpy2 = None
try:
    import montgomery
except ImportError:
    montgomery = None

__all__ = ["ARITHMETICS", "VARIABLE", "choose", "in_use", "is_square", "name", "native", "native_comb", "number_type", "power"]

ARITHMETICS = ("native", "gmpy2", "python")
VARIABLE = "PSEPHOS_ARITHMETIC"
_LEVELS = {"avx512ifma": "AVX-512 IFMA", "avx2": "AVX2"}
_chosen: str | None = None


def choose(wanted: str | None = None) -> str:
    """Takes the arithmetic called `wanted`; without one that of the environment variable, or the best there is. Returns its name.
    Raises ValueError if there is no such arithmetic, or not here."""
    global _chosen
    origin = "arithmetic"
    if wanted is None and os.environ.get(VARIABLE):
        wanted, origin = os.environ[VARIABLE], VARIABLE
    if wanted is None:
        wanted = next(each for each in ARITHMETICS if _obstacle(each) is None)
    elif wanted not in ARITHMETICS:
        raise ValueError(f"{origin}: expected {', '.join(ARITHMETICS[:-1])} or {ARITHMETICS[-1]}, got {wanted!r}")
    elif (obstacle := _obstacle(wanted)) is not None:
        raise ValueError(f"{origin}: {wanted} is not available here: {obstacle}")
    _chosen = wanted
    native.cache_clear()
    return wanted


def name() -> str:
    """The arithmetic in use: native, gmpy2 or python."""
    return _chosen or choose()


def in_use() -> str:
    """The arithmetic in use, in words for people."""
    small = f"gmpy2 {gmpy2.version()}, {gmpy2.mp_version()}" if gmpy2 is not None else "plain integers"
    if name() == "native":
        level = montgomery.levels()[0]
        return f"native ({_LEVELS.get(level, level)}) with {small}"
    return small if name() == "gmpy2" else "plain integers"


def number_type() -> Callable[[int], Any]:
    """What makes an integer a number of the type that multiplies fastest."""
    return int if gmpy2 is None or name() == "python" else gmpy2.mpz


def power(base: int, exponent: int, p: int) -> int:
    """base^exponent mod p, singly."""
    return pow(base, exponent, p) if gmpy2 is None or name() == "python" else int(gmpy2.powmod(base, exponent, p))


def is_square(x: int, p: int) -> bool:
    """Whether the Legendre symbol of x modulo the prime p is 1."""
    return products.is_square(x, p) if gmpy2 is None or name() == "python" else bool(gmpy2.legendre(x, p) == 1)


@lru_cache(maxsize=8)
def native(p: int, q: int) -> Any:
    """The extension's arithmetic modulo p (`montgomery.Modulus`); None if another is in use, or it can't do this group."""
    if name() != "native" or p.bit_length() != 4096 or (p + 1) % 2**256 or q != 2**256 - 189:
        return None
    return montgomery.Modulus(p.to_bytes(512, "big"))


def native_comb(p: int, q: int, base: int) -> "NativeComb | None":
    """A table for powers of one base, where `native` has an arithmetic."""
    modulus = native(p, q)
    return None if modulus is None else NativeComb(modulus, base)


class NativeComb:
    """Powers of one base, of exponents below 2^256."""

    __slots__ = ("powers",)

    def __init__(self, modulus: Any, base: int) -> None:
        self.powers = montgomery.Comb(modulus, base.to_bytes(512, "big")).powers

    def power(self, exponent: int) -> int:
        """base^exponent."""
        return int.from_bytes(self.powers(exponent.to_bytes(32, "big")), "big")


def _obstacle(wanted: str) -> str | None:
    """Why an arithmetic can't be used here; None if it can."""
    if wanted == "gmpy2" and gmpy2 is None:
        return "gmpy2 is not installed"
    if wanted == "native" and montgomery is None:
        return "the module montgomery is not built"
    if wanted == "native" and not montgomery.levels():
        return "it does not know this processor"
    return None
