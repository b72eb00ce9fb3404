"""Powers of one number many times: by a table, for a base that stays (g, K, K̂), and by shared squarings, for one of a ballot's numbers.

`number` is the type to multiply in.
"""

from collections.abc import Callable
from typing import Any

__all__ = ["Comb", "Ladder"]

Number = Callable[[int], Any]


class Comb:
    """Powers of one base from a table of base^(d · 256^i), for every digit d and place i of the exponent."""

    __slots__ = ("_modulus", "_tables")

    def __init__(self, base: int, p: int, places: int, number: Number) -> None:
        self._modulus = number(p)
        self._tables: list[list[Any]] = []
        step = number(base)
        for _ in range(places):
            row, power = [number(1)], number(1)
            for _ in range(255):
                power = power * step % self._modulus
                row.append(power)
            self._tables.append(row)
            step = power * step % self._modulus

    def power(self, exponent: int) -> int:
        """base^exponent, for an exponent of at most as many bytes as there are places."""
        result = None
        for row, digit in zip(self._tables, exponent.to_bytes(len(self._tables), "little"), strict=True):
            if digit:
                result = row[digit] if result is None else result * row[digit] % self._modulus
        return 1 if result is None else int(result)


class Ladder:
    """x, x^2, x^4 … x^(2^n) of one number, n the bits of l_q, every fourth kept: membership and all powers of a ballot's number share
    these squarings, which are most of the work. A power multiplies, for each digit d of the exponent in base 16, what stands at that place
    into the d-th of fifteen products, and then raises the d-th product to the d by running products."""

    __slots__ = ("_modulus", "_rungs", "_top")

    def __init__(self, x: int, p: int, places: int, number: Number) -> None:
        modulus = self._modulus = number(p)
        rung = number(x) % modulus
        self._rungs: list[Any] = []
        for _ in range(places):
            self._rungs.append(rung)
            rung = rung * rung % modulus
            rung = rung * rung % modulus
            rung = rung * rung % modulus
            rung = rung * rung % modulus
        self._top = rung

    def power(self, exponent: int) -> int:
        """x^exponent for an exponent of at most `places` digits of 16."""
        modulus = self._modulus
        products: list[Any] = [None] * 16
        for rung in self._rungs:
            exponent, digit = exponent >> 4, exponent & 15
            if digit:
                product = products[digit]
                products[digit] = rung if product is None else product * rung % modulus
        result = tail = None
        for product in products[:0:-1]:
            if product is not None:
                tail = product if tail is None else tail * product % modulus
            if tail is not None:
                result = tail if result is None else result * tail % modulus
        return 1 if result is None else int(result)

    def has_order(self, q: int) -> bool:
        """x^q = 1, as x^(2^n) = x^(2^n − q); x must be invertible."""
        return bool(self._top == self.power((1 << 4 * len(self._rungs)) - q))
