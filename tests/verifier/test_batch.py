"""Many numbers and many equations tested as one: what is true passes, what is false does not (batch-verification.md).

Where chance is involved each case is tried `TRIES` times, in the toy group and in the standard one.
"""

import os
from dataclasses import dataclass

import gmpy2
import pytest

from tests.forging import STANDARD, TOY
from tests.verifier.elements import CHANCE, SPOILED, element, packed
from verifier import products
from verifier.arithmetic import Group
from verifier.batch import RANDOM, Equations, are_elements, is_sound

TRIES = 200
GROUPS = {"toy": TOY, "standard": STANDARD}


# The group


def test_r_is_twice_a_prime() -> None:
    """What the argument rests on: p − 1 = 2·q·r' with primes q and r' above 2^128, and −1 no square."""
    p, q = STANDARD.p, STANDARD.q
    r, rest = divmod(p - 1, 2 * q)
    assert rest == 0
    assert r.bit_length() == 3840
    for n in (p, q, r):
        assert gmpy2.is_prime(n, 64)
        assert gmpy2.is_strong_bpsw_prp(n)
    assert min(q, r) > 2**128
    assert not STANDARD.is_square(p - 1)
    assert is_sound(STANDARD)
    assert is_sound(TOY)


def test_a_group_of_another_shape_is_never_batched() -> None:
    """p − 1 = 2 · 3 · 5 · 7 · …: a factor that is small, or r' that is no prime."""
    for p, q in ((2311, 11), (331, 11), (23, 11), (13, 3), (31, 5)):
        assert not is_sound(Group(p=p, q=q, g=2))
    q, r = 2**64 - 59, next(n for n in range(2**66 + 1, 2**67, 2) if gmpy2.is_prime(n) and gmpy2.is_prime(2 * n * (2**64 - 59) + 1))
    assert is_sound(Group(p=2 * q * r + 1, q=q, g=2))
    composite = next(n for n in range(2**66 + 1, 2**67, 2) if not gmpy2.is_prime(n) and gmpy2.is_prime(2 * n * q + 1))
    assert not is_sound(Group(p=2 * q * composite + 1, q=q, g=2))


# Numbers


@pytest.mark.parametrize("name", GROUPS)
@pytest.mark.parametrize("count", [1, 6, 300])
def test_elements_are_accepted(name: str, count: int) -> None:
    group = GROUPS[name]
    few = [element(group) for _ in range(min(count, 20))]
    assert are_elements(group, packed(group, [few[i % len(few)] for i in range(count)]))
    assert are_elements(group, packed(group, [1]))


@pytest.mark.parametrize("name", GROUPS)
@pytest.mark.parametrize("spoiled", SPOILED)
def test_what_is_no_element_is_never_accepted(name: str, spoiled: str) -> None:
    group = GROUPS[name]
    for _ in range(TRIES):
        numbers = [element(group) for _ in range(3)] * 2
        SPOILED[spoiled](group, numbers)
        assert not are_elements(group, packed(group, numbers))


def test_without_the_symbols_a_negated_element_passes_half_of_the_time() -> None:
    """The trap itself: random exponents alone, which the slices' symbols are there to mend."""
    passed = 0
    for _ in range(TRIES):
        numbers = [element(TOY) for _ in range(6)]
        numbers[2] = TOY.p - numbers[2]
        product, _ = TOY.multi_power(packed(TOY, numbers), os.urandom(RANDOM * 6), RANDOM)
        passed += TOY.is_element(product)
    assert TRIES // 4 < passed < TRIES * 3 // 4


# Equations


@dataclass
class Claim:
    """Equations d = base^v · x^c, half of them with base g, half with K."""

    group: Group
    K: int
    elements: list[int]
    claims: list[tuple[bool, int, int, int]]
    commitments: list[int]

    def equations(self, randoms: bytes) -> Equations:
        group, powers, sums = self.group, [0] * len(self.elements), [0, 0]
        rhos = [int.from_bytes(randoms[at : at + RANDOM], "big") for at in range(0, len(randoms), RANDOM)]
        for rho, (with_g, v, c, place) in zip(rhos, self.claims, strict=True):
            sums[with_g] += rho * v
            powers[place] += rho * c
        exponents = b"".join((power % group.q).to_bytes(group.l_q, "big") for power in powers)
        return Equations(packed(group, self.commitments), randoms, packed(group, self.elements), exponents, sums[1], sums[0])

    def hold(self) -> bool:
        return self.equations(os.urandom(RANDOM * len(self.claims))).hold(self.group, self.K)


def claim(group: Group) -> Claim:
    K, elements = element(group), [element(group) for _ in range(3)]
    claims = [(i % 2 == 0, CHANCE.randrange(group.q), CHANCE.randrange(group.q), i % 3) for i in range(6)]
    commitments = [
        int(gmpy2.powmod(group.g if with_g else K, v, group.p) * gmpy2.powmod(elements[place], c, group.p) % group.p)
        for with_g, v, c, place in claims
    ]
    return Claim(group, K, elements, claims, commitments)


@pytest.mark.parametrize("name", GROUPS)
def test_equations_that_hold_are_accepted(name: str) -> None:
    for _ in range(5):
        assert claim(GROUPS[name]).hold()


@pytest.mark.parametrize("name", GROUPS)
@pytest.mark.parametrize("spoiled", [*SPOILED, "times g"])
def test_a_false_commitment_is_never_accepted(name: str, spoiled: str) -> None:
    group = GROUPS[name]
    true = claim(group)
    for _ in range(TRIES):
        commitments = list(true.commitments)
        if spoiled == "times g":
            commitments[1] = commitments[1] * group.g % group.p
        else:
            SPOILED[spoiled](group, commitments)
        assert not Claim(group, true.K, true.elements, true.claims, commitments).hold()


def test_without_membership_a_negated_alpha_passes_half_of_the_time() -> None:
    """The second trap: exponents are reduced mod q, which says nothing for a number outside the group."""
    passed = 0
    for _ in range(TRIES):
        true = claim(TOY)
        true.elements[0] = TOY.p - true.elements[0]
        passed += true.hold()
        assert not are_elements(TOY, packed(TOY, true.elements))
    assert TRIES // 4 < passed < TRIES * 3 // 4


# Counted work


class Counted(int):
    """An integer that counts how often it is multiplied."""

    times = 0

    def __mul__(self, other: int) -> "Counted":
        Counted.times += 1
        return Counted(int(self) * int(other))

    def __mod__(self, other: int) -> "Counted":
        return Counted(int(self) % int(other))


def multiplications(count: int, bits: int) -> int:
    """How many `multi_power` takes for so many numbers."""
    p = 2**61 - 1
    numbers = [CHANCE.randrange(1, p) for _ in range(count)]
    exponents = [CHANCE.getrandbits(bits) for _ in range(count)]
    Counted.times = 0
    products.multi_power(numbers, exponents, bits, p, Counted)
    return Counted.times


def test_modular_multiplications_of_the_test() -> None:
    """For 10,000 selections with R = 1: 4 commitments and 2 elements each. The few powers of g and K are nothing at that size."""
    selections = 10_000
    membership = multiplications(2 * selections, 128)
    assert membership / (2 * selections) <= 16
    equations = multiplications(4 * selections, 128) + multiplications(2 * selections, 256)
    assert (membership + equations) / selections <= 130
