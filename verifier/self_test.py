"""Before a record is checked: does the arithmetic in use compute on this machine what Python's own `pow` and `%` compute?

A fault here would be the machine's or a library's, not the record's, so it is an error and never a verdict.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache

from . import choice, products
from .arithmetic import Group, in_use
from .plan import Plan
from .source import RecordSource

__all__ = ["WrongArithmetic", "drawn_from", "self_test"]

LANES = 8


class WrongArithmetic(Exception):
    """The arithmetic in use gives wrong results."""


def self_test(group: Group, values: Sequence[int]) -> None:
    """Compares every operation of the arithmetic in use with Python's own, on `values`, which are drawn from the record (K, K̂, commitments,
    ciphertexts), on others made from them, and on 0, 1 and p − 1. Once for the same values. Raises WrongArithmetic."""
    known = [x for x in dict.fromkeys(values) if 0 < x < group.p]
    _test(choice.name(), group, tuple(known[:LANES]))


def drawn_from(source: RecordSource) -> list[int]:
    """Some numbers of a record."""
    commitments = [guardian.vote.commitments[0] for guardian in source.guardians if guardian.vote.commitments]
    totals = [x for contest in source.tally or () for option in contest.options for x in (option.encrypted.alpha, option.encrypted.beta)]
    return [source.K, source.K_hat, *commitments[:2], *totals]


@lru_cache(maxsize=256)
def _test(name: str, group: Group, values: tuple[int, ...]) -> None:
    p, q = group.p, group.q
    seed = b"".join(map(group.bp, (*values, group.g)))
    drawn = [_draw(seed, i, p) for i in range(3 * LANES)]
    edges = [0, 1, p - 1]
    bases = [*values, *drawn][:LANES] if name == "native" else [*values, *drawn][:2]
    exponents = [_draw(seed, 100 + i, q) for i in range(LANES)]

    _products(group, [*edges, *values, *drawn])
    _slices(group, [*edges, *values, *drawn][: 2 * LANES], seed)
    for x in (*bases, 2, p - 1):
        square = x * x % p
        _compare("a Legendre symbol", group.is_square(square) and group.is_square(x) == products.is_square(x, p))
        _compare("a Legendre symbol", p % 4 == 1 or not group.is_square(p - square))
    _powers(group, bases, exponents)
    if choice.native(p, q) is not None:
        _planned(group, bases, exponents)


def _products(group: Group, numbers: list[int]) -> None:
    """`product` and `products`."""
    p, content = group.p, b"".join(map(group.bp, numbers))
    expected = 1
    for left, right in zip(numbers, numbers[1:], strict=False):
        _compare("a product", group.product(left, right) == left * right % p)
        expected = expected * right % p
    _compare("a product of columns", group.products(content[group.l_p :], 1) == [expected])
    _compare("a product of columns", group.products(content, len(numbers)) == [x % p for x in numbers])


def _slices(group: Group, numbers: list[int], seed: bytes) -> None:
    """`multi_power` with exponents of 16 bytes."""
    p, exponents = group.p, [_draw(seed, 200 + i, 2**128) for i in range(len(numbers))]
    content = b"".join(exponent.to_bytes(16, "big") for exponent in exponents)
    found, slices = group.multi_power(b"".join(map(group.bp, numbers)), content, 16)
    expected = 1
    for k in range(127, -1, -1):
        own = 1
        for x, exponent in zip(numbers, exponents, strict=True):
            own = own * x % p if exponent >> k & 1 else own
        _compare("a bit slice", slices[k] == own)
        expected = expected * expected % p * own % p
    _compare("a product of powers", found == expected)


def _powers(group: Group, bases: list[int], exponents: list[int]) -> None:
    """`power`, `is_element` and `fixed_power`, one at a time."""
    p, q = group.p, group.q
    for base, exponent in zip(bases[:2], exponents, strict=False):
        _compare("a power", group.power(base, exponent) == pow(base, exponent, p))
        _compare("a power", group.power(base, exponent % 2**31) == pow(base, exponent % 2**31, p))
        _compare("membership", group.is_element(base) == (pow(base, q, p) == 1))
    _compare("membership", group.is_element(1) and not group.is_element(0) and not group.is_element(p - 1))
    for exponent in (0, 1, q - 1, exponents[0]):
        expected = pow(group.g, -1, p) if exponent == q - 1 else pow(group.g, exponent, p)
        _compare("a power of g", group.g_power(exponent) == expected)


def _planned(group: Group, bases: list[int], exponents: list[int]) -> None:
    """What is worked out ahead, in all lanes: powers, membership, powers of g, and their products."""
    plan, p = Plan(group), group.p
    for base, exponent in zip(bases, exponents, strict=True):
        plan.commitment(group.g, exponent % 2**32, base, exponent)
    for base in (1, p - 1):
        plan.element(base)
    known = plan.compute()
    _compare("membership", known.members[1] and not known.members[p - 1])
    for base, exponent in zip(bases, exponents, strict=True):
        power, fixed = pow(base, exponent, p), pow(group.g, exponent % 2**32, p)
        _compare("a power worked out ahead", known.powers[base][exponent] == power)
        _compare("a power of g worked out ahead", known.powers[group.g][exponent % 2**32] == fixed)
        _compare("a product worked out ahead", known.products[fixed, power] == fixed * power % p)
    for base in bases[:4]:
        _compare("membership worked out ahead", known.members[base] == (pow(base, group.q, p) == 1))


def _draw(seed: bytes, number: int, below: int) -> int:
    """A number below `below` that is made from the seed."""
    length = (below.bit_length() + 7) // 8
    return int.from_bytes(hashlib.shake_256(number.to_bytes(4, "big") + seed).digest(length), "big") % below


def _compare(what: str, equal: bool) -> None:
    if not equal:
        raise WrongArithmetic(
            f"the arithmetic in use, {in_use()}, computes wrongly on this machine: {what} is not what Python's own integers give. "
            "Nothing was verified. `--arithmetic python` does without it, slowly."
        )
