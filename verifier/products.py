"""Products over many numbers at once, in Python: of columns, of powers with their bit slices; and whether a number is a square.

The reference for the same in `montgomery`, and what does it where that is not in use. `number` is the type to multiply in.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

__all__ = ["columns_product", "is_square", "multi_power"]

Number = Callable[[int], Any]


def columns_product(numbers: Sequence[int], columns: int, p: int, number: Number) -> list[int]:
    """The product of each column, of numbers that stand in rows of so many."""
    modulus = number(p)
    results = []
    for column in range(columns):
        result = number(1)
        for x in numbers[column::columns]:
            result = number(x) * result % modulus
        results.append(int(result))
    return results


def multi_power(numbers: Sequence[int], exponents: Sequence[int], bits: int, p: int, number: Number) -> tuple[int, list[int]]:
    """The product of number^exponent over all numbers, for exponents below 2^bits, and the slices: for each bit k, from 0, the product of
    the numbers whose exponent has it.

    Pippenger's buckets, some bits of the exponents at a time: each number goes into the bucket of its digit. Buckets are folded by halves:
    the product of the upper half is the slice of the digit's highest bit; then each upper one is multiplied onto its lower one, and so on.
    """
    modulus, one = number(p), number(1)
    bases = [number(x) % modulus for x in numbers]
    slices: list[Any] = []
    for width in _windows(len(bases), bits):
        low, mask = len(slices), (1 << width) - 1
        buckets: list[Any] = [None] * (1 << width)
        for x, exponent in zip(bases, exponents, strict=True):
            digit = exponent >> low & mask
            if digit:
                y = buckets[digit]
                buckets[digit] = x if y is None else y * x % modulus
        found = []
        for bit in range(width - 1, -1, -1):
            upper = buckets[1 << bit :]
            product = one
            for d, x in enumerate(upper):
                if x is None:
                    continue
                product = product * x % modulus
                if d:
                    y = buckets[d]
                    buckets[d] = x if y is None else y * x % modulus
            found.append(product)
            del buckets[1 << bit :]
        slices += reversed(found)
    result = one
    for product in reversed(slices):
        result = result * result % modulus * product % modulus
    return int(result), [int(product) for product in slices]


def is_square(x: int, p: int) -> bool:
    """Whether the Legendre symbol of x is 1, by the law of reciprocity for Jacobi's; p is an odd prime."""
    x, n, sign = x % p, p, 1
    while x:
        twos = (x & -x).bit_length() - 1
        x >>= twos
        if twos & 1 and n & 7 in (3, 5):
            sign = -sign
        if x & n & 3 == 3:
            sign = -sign
        x, n = n % x, x
    return n == 1 and sign == 1


@lru_cache(maxsize=64)
def _windows(n: int, bits: int) -> tuple[int, ...]:
    """How many bits to take at a time: for each window a multiplication for each number and one for each bucket."""

    def split(count: int) -> tuple[int, ...]:
        return tuple(bits // count + (i < bits % count) for i in range(count))

    candidates = (split(count) for count in range(-(-bits // 16), bits + 1))
    return min(candidates, key=lambda widths: sum(n + (1 << width) for width in widths))
