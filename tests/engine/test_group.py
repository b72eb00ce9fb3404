"""engine/group.py"""

import json
import pickle
from math import isqrt
from pathlib import Path

import gmpy2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import GroupError
from engine.group import STANDARD, Element, Group, Scalar
from tests.groups import TOY

KNOWN = json.loads((Path(__file__).parent.parent / "vectors/01_parameters_and_base_hashes.json").read_text(encoding="utf-8"))
DELTA = 287975203778583638958138611533602521491887169409704874643524560756486080635197037903
"""δ of §3.1.1, in decimal as printed there."""

scalars = st.integers(0, TOY.q - 1).map(TOY.scalar)
elements = st.integers(0, TOY.q - 1).map(lambda x: TOY.g ** TOY.scalar(x))


# The standard parameters


def ln_2(bits: int) -> int:
    """Floor of ln 2 · 2^bits, by integers alone: 18 artanh(1/26) − 2 artanh(1/4801) + 8 artanh(1/8749)."""
    guard = 64

    def artanh_of_inverse(x: int) -> int:
        total, power, n = 0, (1 << (bits + guard)) // x, 1
        while power:
            total += power // n
            power //= x * x
            n += 2
        return total

    return (18 * artanh_of_inverse(26) - 2 * artanh_of_inverse(4801) + 8 * artanh_of_inverse(8749)) >> guard


def test_p_is_rebuilt_from_the_logarithm_of_two_and_delta() -> None:
    p = 2**4096 - 2**3840 + 2**256 * ln_2(3584) + 2**256 * DELTA + (2**256 - 1)
    assert STANDARD.p == p == int(KNOWN["p"], 16)


def test_the_outer_bits_of_p_are_ones() -> None:
    assert STANDARD.p.bit_length() == 4096
    assert STANDARD.p >> 3840 == 2**256 - 1
    assert STANDARD.p % 2**256 == 2**256 - 1


def test_q_and_g_are_those_of_the_specification() -> None:
    r = (STANDARD.p - 1) // STANDARD.q
    assert STANDARD.q == 2**256 - 189 == int(KNOWN["q"], 16)
    assert r * STANDARD.q + 1 == STANDARD.p
    assert r == int(KNOWN["r"], 16)
    assert r % STANDARD.q != 0
    assert STANDARD.generator == pow(2, r, STANDARD.p) == int(KNOWN["g"], 16)
    assert pow(STANDARD.generator, STANDARD.q, STANDARD.p) == 1 != STANDARD.generator


@pytest.mark.parametrize("name", ["p", "q", "half of r"])
def test_p_q_and_half_of_r_are_probable_primes(name: str) -> None:
    number = {"p": STANDARD.p, "q": STANDARD.q, "half of r": (STANDARD.p - 1) // STANDARD.q // 2}[name]
    assert gmpy2.is_prime(number, 25)


def test_the_toy_group_is_what_it_should_be_for_tests() -> None:
    assert gmpy2.is_prime(TOY.p)
    assert gmpy2.is_prime(TOY.q)
    assert (TOY.p - 1) % TOY.q == 0
    assert TOY.q == 2**64 - 59
    assert pow(TOY.generator, TOY.q, TOY.p) == 1 != TOY.generator


def test_the_lengths_are_those_of_the_specification() -> None:
    assert (STANDARD.element_length, STANDARD.scalar_length) == (512, 32)
    assert (TOY.element_length, TOY.scalar_length) == (32, 8)


# Refused


NON_RESIDUE = next(x for x in range(2, 100) if pow(x, TOY.q, TOY.p) != 1)


@pytest.mark.parametrize(
    "value",
    [
        0, -1, TOY.p, TOY.p - 1, TOY.p + 1, -TOY.generator, TOY.p - TOY.generator, TOY.generator + TOY.p, NON_RESIDUE,
        2**256 - 1, 2**300, isqrt(TOY.p),
    ],
)  # fmt: skip
def test_a_number_outside_the_subgroup_is_no_element(value: int) -> None:
    assert not 0 < value < TOY.p or pow(value, TOY.q, TOY.p) != 1
    with pytest.raises(GroupError):
        TOY.element(value)


def test_elements_of_every_other_order_are_refused() -> None:
    """p − 1 = q · rest: x^(q · rest / f) has an order that divides f."""
    rest = (TOY.p - 1) // TOY.q
    for x in range(2, 40):
        small = pow(x, TOY.q, TOY.p)
        if small != 1:
            for value in (small, small * TOY.generator % TOY.p, pow(x, TOY.q * rest // 2, TOY.p)):
                if pow(value, TOY.q, TOY.p) != 1:
                    with pytest.raises(GroupError):
                        TOY.element(value)


@pytest.mark.parametrize("value", [-1, TOY.q, TOY.q + 1, 2**64 - 1, 2**64, -TOY.q])
def test_a_number_outside_zq_is_no_scalar(value: int) -> None:
    with pytest.raises(GroupError):
        TOY.scalar(value)


@pytest.mark.parametrize("value", [STANDARD.q, STANDARD.q + 188, 2**256 - 1, -1])
def test_the_gap_between_q_and_256_bits_is_refused(value: int) -> None:
    with pytest.raises(GroupError):
        STANDARD.scalar(value)


@pytest.mark.parametrize("value", [0, STANDARD.p - STANDARD.generator, STANDARD.p - 1, STANDARD.p, 2, 2**4096 - 1])
def test_the_standard_group_refuses_what_is_not_in_it(value: int) -> None:
    with pytest.raises(GroupError):
        STANDARD.element(value)


def test_zero_has_no_inverse() -> None:
    with pytest.raises(GroupError):
        TOY.scalar(0).inverse()


def test_errors_show_no_number() -> None:
    for refuse in (lambda: TOY.scalar(2**64 - 7), lambda: TOY.element(NON_RESIDUE)):
        with pytest.raises(GroupError) as caught:
            refuse()
        assert not any(part.isdigit() and int(part) > 1 for part in str(caught.value).split())


# Laws


@given(elements, elements, elements)
def test_elements_form_a_commutative_group(x: Element, y: Element, z: Element) -> None:
    assert (x * y) * z == x * (y * z)
    assert x * y == y * x
    assert x * TOY.one == x
    assert x * x.inverse() == TOY.one
    assert TOY.element(int((x * y).value)) == x * y


@given(scalars, scalars, scalars)
def test_scalars_form_a_field(x: Scalar, y: Scalar, z: Scalar) -> None:
    assert (x + y) + z == x + (y + z)
    assert (x * y) * z == x * (y * z)
    assert x * (y + z) == x * y + x * z
    assert x - y + y == x
    assert x.value == 0 or x * x.inverse() == TOY.scalar(1)
    assert 0 <= (x - y).value < TOY.q


@given(elements, scalars, scalars)
def test_powers_follow_their_laws_with_and_without_table(x: Element, a: Scalar, b: Scalar) -> None:
    table = x.with_table()
    assert table**a == x**a == x.secret_power(a)
    assert x ** (a + b) == x**a * x**b
    assert (x**a) ** b == x ** (a * b)
    assert x ** TOY.scalar(0) == TOY.one == x.secret_power(TOY.scalar(0)) == table ** TOY.scalar(0)
    assert (table**a).value == pow(int(x.value), a.value, TOY.p)


@pytest.mark.parametrize("exponent", [0, 1, 2, 255, 256, 2**255, STANDARD.q - 1])
def test_powers_on_the_standard_group_agree_however_they_are_made(exponent: int) -> None:
    x = STANDARD.scalar(exponent)
    expected = pow(STANDARD.generator, exponent, STANDARD.p)
    plain = Element(STANDARD, STANDARD.g.value)
    assert int((STANDARD.g**x).value) == int((plain**x).value) == int(STANDARD.g.secret_power(x).value) == expected


@given(st.lists(elements, max_size=5))
def test_a_product_is_the_product(factors: list[Element]) -> None:
    expected = 1
    for factor in factors:
        expected = expected * int(factor.value) % TOY.p
    assert int(TOY.product(factors).value) == expected


@given(elements, scalars)
def test_encodings_have_full_length_and_are_read_back(x: Element, a: Scalar) -> None:
    assert len(x.to_bytes()) == 32
    assert len(a.to_bytes()) == 8
    assert TOY.element(int.from_bytes(x.to_bytes(), "big")) == x
    assert TOY.scalar(int.from_bytes(a.to_bytes(), "big")) == a


def test_values_of_different_groups_are_never_equal() -> None:
    twin = Group(TOY.p, TOY.q, pow(TOY.generator, 2, TOY.p))
    assert TOY.scalar(5) != twin.scalar(5)
    assert TOY.one != twin.one
    assert TOY.scalar(5) != 5
    assert TOY.one != 1


# Secrets


def test_a_scalar_shows_itself_nowhere() -> None:
    secret = TOY.scalar(0x1234567890ABCDEF)
    for shown in (repr(secret), str(secret), f"{secret}", f"{[secret]}"):
        assert shown.strip("[]") == "Scalar(…)"
    assert hash(secret) == hash(TOY.scalar(0x1234567890ABCDEF))
    assert hash(secret) not in (secret.value, hash(secret.value))


def test_random_scalars_are_never_zero_and_never_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr("secrets.randbelow", lambda bound: asked.append(bound) or bound - 1)
    assert TOY.random_scalar().value == TOY.q - 1
    monkeypatch.setattr("secrets.randbelow", lambda bound: 0)
    assert TOY.random_scalar().value == 1
    assert asked == [TOY.q - 1]


# Between processes


def test_groups_and_tabulated_elements_stay_themselves_in_another_process_and_others_travel_as_numbers() -> None:
    """With a table each for g and K, a worker that unpickled them anew would spend its time on tables."""
    K = (TOY.g ** TOY.scalar(7)).with_table()
    first, second = pickle.loads(pickle.dumps((TOY, K))), pickle.loads(pickle.dumps((TOY, K)))  # noqa: S301
    assert first == (TOY, K)
    assert first[0] is second[0]
    assert first[1] is second[1]
    assert first[1].tabulated
    assert pickle.loads(pickle.dumps(STANDARD)) is STANDARD  # noqa: S301
    _ = K ** TOY.scalar(3)
    assert len(pickle.dumps(K)) < 1000
