"""Many powers at once by the native extension: a plan collects what will be asked for, `compute` works it out into a table.

The native arithmetic multiplies eight numbers in the time of one, but takes every number that fits into its bytes: what is not a number
mod p or q (0, p and above; q and above) is left out of the plan, and is worked out singly by whoever asks for it.
"""

from array import array
from collections.abc import Sequence

from . import choice
from .arithmetic import Group, Known, comb_powers

__all__ = ["Plan"]

Power = tuple[int, int]
"""A base and its exponent."""


class Plan:
    """What will be asked for: memberships, powers, powers of bases that stay (g, K, K̂), and products of two powers."""

    __slots__ = ("_bases", "_done", "_fixed", "_group", "_products")

    def __init__(self, group: Group) -> None:
        self._group = group
        self._bases: dict[int, dict[int, None]] = {}
        self._fixed: dict[int, dict[int, None]] = {}
        self._products: list[tuple[Power, Power]] = []
        self._done: dict[tuple[int, ...], int] = {}

    def __len__(self) -> int:
        """How much there is to do: the number of bases, or of powers by sixteens where a base has many."""
        return max(len(self._bases), len(self._products) // 16)

    def element(self, x: int) -> bool:
        """Whether x is in the group will be asked for. Answers whether x is a number mod p, without which nothing is planned."""
        if not 0 < x < self._group.p:
            return False
        self._bases.setdefault(x, {})
        return True

    def power(self, base: int, exponent: int) -> bool:
        """base^exponent. Answers whether it is planned."""
        if not (self._group.is_scalar(exponent) and 0 < base < self._group.p):
            return False
        self._bases.setdefault(base, {})[exponent] = None
        return True

    def fixed_power(self, base: int, exponent: int) -> bool:
        """base^exponent of a base that stays. Answers whether it is planned."""
        if not (self._group.is_scalar(exponent) and 0 < base < self._group.p):
            return False
        self._fixed.setdefault(base, {})[exponent] = None
        return True

    def commitment(self, fixed: int, v: int, base: int, c: int) -> None:
        """fixed^v, base^c and their product, as proofs have them."""
        if self.fixed_power(fixed, v) and self.power(base, c):
            self._products.append(((fixed, v), (base, c)))

    def product(self, factors: Sequence[int]) -> int:
        """A product that is worked out at once, and will be known."""
        key = tuple(factors)
        self._done[key] = product = self._group.product(*key)
        return product

    def compute(self) -> Known:
        """Everything in the plan; nothing where the native arithmetic is not in use."""
        group, length = self._group, self._group.l_p
        known = Known(group.p, products=self._done)
        native = choice.native(group.p, group.q)
        if native is None:
            return known
        found: dict[int, dict[int, bytes]] = {}
        for number, bases in self._by_number_of_exponents().items():
            # Membership alone is asked for with an exponent too, which has no digit and so costs nothing.
            exponents = b"".join([group.bq(e) for base in bases for e in self._bases[base]]) if number else bytes(group.l_q * len(bases))
            powers, members = native.shared_powers(b"".join(map(group.bp, bases)), exponents)
            known.members.update(zip(bases, map(bool, members), strict=True))
            values = iter(_cut(powers, length))
            for base in bases:
                found[base] = dict(zip(self._bases[base], values, strict=False))
        for base, own in self._fixed.items():
            values = iter(_cut(comb_powers(group, base, b"".join(map(group.bq, own))), length))
            found[base] = {**found.get(base, {}), **dict(zip(own, values, strict=True))}
        for base, contents in found.items():
            known.powers[base] = {exponent: int.from_bytes(content, "big") for exponent, content in contents.items()}
        if self._products:
            factors = b"".join([found[base][e] for pair in self._products for base, e in pair])
            products = native.multiply(factors, array("I", range(2 * len(self._products))))
            for ((x, e), (y, f)), product in zip(self._products, _cut(products, length), strict=True):
                known.products[known.powers[x][e], known.powers[y][f]] = int.from_bytes(product, "big")
        return known

    def _by_number_of_exponents(self) -> dict[int, list[int]]:
        """The native arithmetic takes equally many exponents for each base."""
        numbers: dict[int, list[int]] = {}
        for base, exponents in self._bases.items():
            numbers.setdefault(len(exponents), []).append(base)
        return numbers


def _cut(content: bytes, length: int) -> list[bytes]:
    """Pieces of `length` bytes."""
    return [content[at : at + length] for at in range(0, len(content), length)]
