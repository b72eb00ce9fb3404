"""verifier/arithmetic.py: powers and membership in every arithmetic against the built-in power, and how many multiplications they take."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verifier.arithmetics import ALL, counting, using
from tests.verifier.sample import TOY
from verifier import arithmetic, choice
from verifier.arithmetic import STANDARD, Group, Known
from verifier.model import Ciphertext, Proof
from verifier.plan import Plan
from verifier.ranges import OPTION, check_range
from verifier.report import Findings

GROUPS = pytest.mark.parametrize("group", [TOY, STANDARD], ids=["toy", "standard"])
EACH = pytest.mark.parametrize("name", ALL)


@EACH
@GROUPS
@settings(max_examples=20)
@given(data=st.data())
def test_powers_and_membership_agree_with_the_built_in_power(group: Group, name: str, data: st.DataObject) -> None:
    base = data.draw(st.one_of(st.integers(1, group.p - 1), st.sampled_from([1, group.p - 1, group.g, group.p - group.g])))
    if data.draw(st.booleans()):
        base = pow(base, (group.p - 1) // group.q, group.p)
    exponent = data.draw(st.one_of(st.integers(0, group.q - 1), st.sampled_from([0, 1, 2**32, 256**group.l_q - 1, 256**group.l_q])))
    with using(name):
        assert group.power(base, exponent) == pow(base, exponent, group.p)
        assert group.is_element(base) == (pow(base, group.q, group.p) == 1)


@EACH
@GROUPS
def test_numbers_outside_the_subgroup_are_no_elements(group: Group, name: str) -> None:
    g, p = group.g, group.p
    with using(name):
        assert not any(group.is_element(x) for x in (0, -1, p - 1, p, p + 1, p - g, p + g, 3, g + 1))
        assert all(group.is_element(x) for x in (1, g, g * g % p, pow(g, group.q - 1, p)))


@EACH
@GROUPS
def test_powers_of_a_base_that_stays(group: Group, name: str) -> None:
    chance, p, q = random.Random(5), group.p, group.q
    with using(name):
        for base in (group.g, pow(group.g, 5, p), 1):
            for exponent in (0, 1, 255, 256, q - 1, q, q + 1, 256**group.l_q, chance.randrange(q)):
                assert group.fixed_power(base, exponent) == pow(base, exponent % q, p)


@EACH
def test_a_power_of_zero_is_zero_or_one(name: str) -> None:
    """As a key of a record may be 0: it is refused, and everything else about the record is still checked."""
    with using(name):
        for group in (TOY, STANDARD):
            assert [group.power(0, exponent) for exponent in (0, 1, group.q - 1)] == [1, 0, 0]
            assert [group.fixed_power(0, exponent) for exponent in (0, 1, group.q - 1)] == [1, 0, 0]


# How many multiplications one 0/1 selection takes: both numbers' membership, and its proof


def selections(count: int) -> list[tuple[Ciphertext, tuple[Proof, Proof]]]:
    chance, p, q = random.Random(7), STANDARD.p, STANDARD.q

    def element() -> int:
        return pow(chance.randrange(2, p), (p - 1) // q, p)

    def proof() -> Proof:
        return Proof(chance.randrange(q), chance.randrange(q))

    return [(Ciphertext(element(), element()), (proof(), proof())) for _ in range(count)]


def check(ciphertext: Ciphertext, proof: tuple[Proof, ...], K: int) -> None:
    assert STANDARD.is_element(ciphertext.alpha)
    assert STANDARD.is_element(ciphertext.beta)
    check_range(STANDARD, K, bytes(32), ciphertext, proof, 1, (1, 1), OPTION, "here", Findings(own=False))


def test_a_selection_takes_at_most_1100_multiplications() -> None:
    K = pow(STANDARD.g, 12345, STANDARD.p)
    with counting() as counted:
        STANDARD.g_power(1)
        STANDARD.fixed_power(K, 1)
        for ciphertext, proof in selections(2):
            counted.multiplications = 0
            check(ciphertext, proof, K)
            assert 512 + 2 * 128 < counted.multiplications <= 1_100


def test_a_selection_takes_at_most_1100_multiplications_natively() -> None:
    K = pow(STANDARD.g, 12345, STANDARD.p)
    with using("native"):
        native = choice.native(STANDARD.p, STANDARD.q)
        if not hasattr(native, "multiplications"):
            pytest.skip("this build of the native arithmetic does not count")
        STANDARD.g_power(1)
        STANDARD.fixed_power(K, 1)
        made = selections(8)
        before = native.multiplications
        plan = Plan(STANDARD)
        for ciphertext, proof in made:
            for j, branch in enumerate(proof):
                plan.commitment(STANDARD.g, branch.v, ciphertext.alpha, branch.c)
                plan.commitment(K, (branch.v - j * branch.c) % STANDARD.q, ciphertext.beta, branch.c)
        arithmetic.know(plan.compute())
        for ciphertext, proof in made:
            check(ciphertext, proof, K)
        assert arithmetic._ladder.cache_info().misses == 0
        assert 512 + 2 * 128 < (native.multiplications - before) / len(made) <= 1_100


# What was worked out ahead


def test_what_is_known_is_used_for_the_very_same_question_alone() -> None:
    g, p = TOY.g, TOY.p
    with using("python"):
        arithmetic.know(Known(p, {g: {5: 111}}, {(g, 3): 222}, {g: False}))
        assert (TOY.power(g, 5), TOY.fixed_power(g, 5), TOY.product(g, 3), TOY.is_element(g)) == (111, 111, 222, False)
        assert (TOY.power(g, 6), TOY.product(3, g), TOY.product(g, 3, 1)) == (pow(g, 6, p), 3 * g % p, 3 * g % p)
        assert TOY.power(g + p, 5) == pow(g, 5, p)
        other = Group(STANDARD.p, STANDARD.q, g)
        assert other.power(g, 5) == pow(g, 5, STANDARD.p)
        assert other.product(g, 3) == 3 * g
        arithmetic.know(None)
        assert (TOY.power(g, 5), TOY.product(g, 3), TOY.is_element(g)) == (pow(g, 5, p), 3 * g % p, True)
