"""engine/powers.py"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import powers
from engine.group import STANDARD, Group
from engine.powers import Comb, Squarings, arithmetic, integer, product, secret_power
from tests.groups import TOY

numbers = st.integers(1, TOY.p - 1)
exponents = st.integers(0, 2**64 - 1)


@pytest.fixture(params=["gmpy2", "plain"])
def arithmetics(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "plain":
        monkeypatch.setattr(powers, "gmpy2", None)
        monkeypatch.setattr(powers, "FORCED", None)
    return str(request.param)


def test_a_comb_refuses_an_exponent_longer_than_its_table() -> None:
    with pytest.raises(OverflowError):
        Comb(3, TOY.p, 64).power(2**64)


@pytest.mark.parametrize("exponent", [0, 1, 2, 2**63, 2**64 - 1, TOY.q - 1])
def test_every_kind_of_power_is_the_power(arithmetics: str, exponent: int) -> None:
    expected = pow(TOY.generator, exponent, TOY.p)
    assert Squarings(TOY.generator, TOY.p, 64).power(exponent) == expected
    assert secret_power(TOY.generator, exponent, TOY.p) == expected
    assert Comb(TOY.generator, TOY.p, 64).power(exponent) == expected


@pytest.mark.parametrize("exponent", [-1, 2**64, 2**400])
def test_squarings_refuse_an_exponent_that_they_do_not_cover(exponent: int) -> None:
    with pytest.raises(OverflowError):
        Squarings(3, TOY.p, 64).power(exponent)


@pytest.mark.parametrize("group", [TOY, STANDARD], ids=["toy", "standard"])
@given(data=st.data())
def test_shared_squarings_give_powers_and_the_order_of_any_number(group: Group, data: st.DataObject) -> None:
    base = data.draw(st.one_of(st.integers(1, group.p - 1), st.sampled_from([1, group.p - 1, group.generator, group.p - group.generator])))
    if data.draw(st.booleans()):
        base = pow(base, (group.p - 1) // group.q, group.p)
    squarings = Squarings(base, group.p, group.q.bit_length())
    exponent = data.draw(st.integers(0, group.q - 1))
    assert squarings.power(exponent) == pow(base, exponent, group.p)
    assert squarings.has_order(group.q) == (pow(base, group.q, group.p) == 1)


@given(numbers, exponents)
def test_a_comb_gives_the_same_power_as_the_built_in_one(base: int, exponent: int) -> None:
    assert Comb(base, TOY.p, 64).power(exponent) == pow(base, exponent, TOY.p)


@pytest.mark.parametrize("bits", [1, 7, 8, 9, 61, 64])
def test_a_comb_covers_exponents_of_any_length(bits: int) -> None:
    assert Comb(5, TOY.p, bits).power(2**bits - 1) == pow(5, 2**bits - 1, TOY.p)


@given(st.lists(numbers, max_size=6))
def test_the_product_of_nothing_is_one_and_of_more_the_product(values: list[int]) -> None:
    expected = 1
    for value in values:
        expected = expected * value % TOY.p
    assert product(values, TOY.p) == expected


def test_without_gmpy2_numbers_are_plain_and_the_arithmetic_says_so(arithmetics: str) -> None:
    assert integer(5) == 5
    assert (type(integer(5)) is int) == (arithmetics == "plain")
    assert ("gmpy2" in arithmetic()) == (arithmetics == "gmpy2")


def test_a_secret_power_is_the_quiet_one_of_gmp(monkeypatch: pytest.MonkeyPatch) -> None:
    """CR-54: not powmod, whose time depends on the exponent."""

    class Recorder:
        used: list[str] = []

        def __getattr__(self, name: str) -> object:
            self.used.append(name)
            return lambda *_: 1

    recorder = Recorder()
    monkeypatch.setattr(powers, "gmpy2", recorder)
    secret_power(3, 5, 7)
    assert recorder.used == ["powmod_sec"]
