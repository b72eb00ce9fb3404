"""The small discrete logarithm at the end of every decryption: t from T = K^t (§3.6.2, note 47)."""

from math import isqrt

from engine.errors import EngineError
from engine.group import Element

LARGEST_TABLE = 1 << 16  # entries: some 10 MB, enough for bounds far beyond any electorate


class NoLogarithm(EngineError):
    """T is not K^t for any t in 0..bound."""


def discrete_log(T: Element, K: Element, bound: int) -> int:
    """The integer t with 0 <= t <= bound and K^t = T, by baby steps and giant steps.

    Time grows with the square root of the bound (two million: a few thousand multiplications), memory never beyond LARGEST_TABLE entries.
    Raises NoLogarithm after finitely many steps if there is none.
    """
    p = K.group.p
    width = min(isqrt(bound) + 1, LARGEST_TABLE)
    baby: dict[int, int] = {}
    value = K.group.one.value
    for t in range(width):
        baby.setdefault(int(value) & 0xFFFFFFFFFFFFFFFF, t)
        value = value * K.value % p
    giant = Element(K.group, value).inverse().value  # K^-width
    value = T.value
    for start in range(0, bound + 1, width):
        rest = baby.get(int(value) & 0xFFFFFFFFFFFFFFFF)
        if rest is not None and start + rest <= bound and K ** K.group.scalar((start + rest) % K.group.q) == T:
            return start + rest
        value = value * giant % p
    raise NoLogarithm(f"no tally between 0 and {bound} fits")
