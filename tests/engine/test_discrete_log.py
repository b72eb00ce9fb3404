"""engine/discrete_log.py"""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import discrete_log as module
from engine.discrete_log import LARGEST_TABLE, NoLogarithm, discrete_log
from engine.errors import EngineError
from engine.group import STANDARD, Element
from tests.groups import TOY

K = (TOY.g ** TOY.scalar(987654321)).with_table()
ELECTORATE = 2_000_000


class Counting(int):
    """An integer that counts how often it is multiplied."""

    multiplications = 0

    def __mul__(self, other: int) -> "Counting":
        Counting.multiplications += 1
        return Counting(int(self) * int(other))

    def __mod__(self, other: int) -> "Counting":
        return Counting(int(self) % int(other))


@pytest.mark.parametrize("t", [-1, 101, 102, 10**12, TOY.q - 1])
def test_a_logarithm_beyond_the_bound_is_not_found(t: int) -> None:
    with pytest.raises(NoLogarithm):
        discrete_log(K ** TOY.scalar(t % TOY.q), K, 100)


def test_an_element_that_is_no_small_power_at_all_has_none() -> None:
    with pytest.raises(NoLogarithm):
        discrete_log(TOY.g ** TOY.scalar(55555), K, ELECTORATE)


def test_no_logarithm_is_an_engine_error() -> None:
    assert issubclass(NoLogarithm, EngineError)


@pytest.mark.parametrize("bound", range(12))
def test_every_tally_up_to_a_small_bound_is_found_and_the_next_is_not(bound: int) -> None:
    for t in range(bound + 1):
        assert discrete_log(K ** TOY.scalar(t), K, bound) == t
    with pytest.raises(NoLogarithm):
        discrete_log(K ** TOY.scalar(bound + 1), K, bound)


@given(st.integers(0, ELECTORATE), st.integers(0, ELECTORATE))
def test_every_tally_of_a_large_electorate_is_found(t: int, bound: int) -> None:
    if t <= bound:
        assert discrete_log(K ** TOY.scalar(t), K, bound) == t
    else:
        with pytest.raises(NoLogarithm):
            discrete_log(K ** TOY.scalar(t), K, bound)


@pytest.mark.parametrize("t", [0, 1, 1_299_999, 2_000_000])
def test_cr46_two_million_are_found_on_the_standard_group(t: int) -> None:
    key = STANDARD.g ** STANDARD.scalar(31337)
    assert discrete_log(key ** STANDARD.scalar(t), key, ELECTORATE) == t


def steps(T: Element, bound: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many multiplications a search makes."""
    Counting.multiplications = 0
    with monkeypatch.context() as patch:
        patch.setattr(module, "Element", lambda group, value: Element(group, int(value)))
        counted = Element(TOY, Counting(int(T.value)))
        key = Element(TOY, Counting(int(K.value)))
        with suppress(NoLogarithm):
            module.discrete_log(counted, key, bound)
    return Counting.multiplications


def test_cr46_a_search_that_finds_nothing_ends_after_a_few_thousand_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = K ** TOY.scalar(10**12)
    made = steps(endless, ELECTORATE, monkeypatch)
    assert 1_000 < made < 4_000
    with pytest.raises(NoLogarithm):
        discrete_log(endless, K, ELECTORATE)


def test_cr46_the_table_never_outgrows_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search up to 10^12 would like a table of a million entries: it gets LARGEST_TABLE."""
    monkeypatch.setattr(module, "LARGEST_TABLE", 64)
    assert discrete_log(K ** TOY.scalar(99_999), K, 100_000) == 99_999
    with pytest.raises(NoLogarithm):
        discrete_log(K ** TOY.scalar(100_001), K, 100_000)
    assert LARGEST_TABLE <= 1 << 16
