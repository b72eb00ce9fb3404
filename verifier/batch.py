"""Tests thousands of proofs as one, by random exponents (specs/batch-verification.md has the argument; the error is at most 2^-127).

Z_p* is C_2 × C_q × C_r' with r' prime. Raised to random exponents of 128 bits, a product shows a part in C_q or C_r' that should not be
there; a part in C_2, a sign, it shows half of the time only. So for each bit of the exponents the product of the numbers that have it,
which the multiplication makes anyway, must be a square: that finds a sign up to 2^-128.
"""

import os
from dataclasses import dataclass
from functools import lru_cache

from .arithmetic import STANDARD, Group

__all__ = ["RANDOM", "Equations", "are_elements", "is_sound"]

RANDOM = 16
"""Bytes of a random exponent."""


def are_elements(group: Group, numbers: bytes) -> bool:
    """Whether all `numbers`, l_p bytes each and from 1 to p − 1, are in Z_p^r; wrongly true with a probability of at most 2^-128.
    Draws from the operating system's generator now, when the numbers are fixed."""
    deltas = os.urandom(RANDOM * (len(numbers) // group.l_p))
    product, slices = group.multi_power(numbers, deltas, RANDOM)
    return all(map(group.is_square, slices)) and group.is_element(product)


@dataclass(slots=True)
class Equations:
    """What is left of all equations a = g^v · x^c and b = K^w · y^c once each is raised to a random exponent of its own: the product of
    `commitments` to the `randoms` is g^`g` · K^`K` · the product of `elements` to the `exponents`.

    `commitments` and `elements` are l_p bytes each, `randoms` 16 bytes, `exponents` l_q bytes, reduced mod q: the elements must be known to
    be in Z_p^r. `g` and `K` are integers of any size.
    """

    commitments: bytes | bytearray
    randoms: bytes
    elements: bytes
    exponents: bytes
    g: int
    K: int

    def hold(self, group: Group, K: int) -> bool:
        """Whether all equations hold; wrongly true with a probability of at most 2^-128. `K` must be in Z_p^r."""
        left, slices = group.multi_power(self.commitments, self.randoms, RANDOM)
        if not all(map(group.is_square, slices)):
            return False
        right, _ = group.multi_power(self.elements, self.exponents, group.l_q)
        return left == group.product(group.g_power(self.g), group.fixed_power(K, self.K), right)


@lru_cache(maxsize=8)
def is_sound(group: Group) -> bool:
    """Whether p − 1 = 2 · q · r' with q and r' prime, which the argument needs. So it is for the standard parameters, where both are above
    2^128. Of the small groups that tests use they need only be above 2^63; the error is greater there accordingly."""
    r, rest = divmod(group.p - 1, 2 * group.q)
    if group == STANDARD:
        return True
    return rest == 0 and r != group.q and min(r, group.q) > 2**63 and group.p % 4 == 3 and _is_prime(group.q) and _is_prime(r)


def _is_prime(n: int) -> bool:
    """Miller's and Rabin's test with 64 random bases."""
    if n < 5 or n % 2 == 0:
        return n in (2, 3)
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(64):
        x = pow(2 + int.from_bytes(os.urandom(n.bit_length() // 8 + 8), "big") % (n - 3), odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True
