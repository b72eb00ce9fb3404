"""verifier/arithmetic.py: powers and membership against the built-in power."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verifier.sample import TOY
from verifier.arithmetic import STANDARD, Group


@pytest.mark.parametrize("group", [TOY, STANDARD], ids=["toy", "standard"])
@given(data=st.data())
def test_powers_and_membership_agree_with_the_built_in_power(group: Group, data: st.DataObject) -> None:
    base = data.draw(st.one_of(st.integers(1, group.p - 1), st.sampled_from([1, group.p - 1, group.g, group.p - group.g])))
    if data.draw(st.booleans()):
        base = pow(base, (group.p - 1) // group.q, group.p)
    exponent = data.draw(st.one_of(st.integers(0, group.q - 1), st.sampled_from([0, 1, 2**32, 256**group.l_q - 1, 256**group.l_q])))
    assert group.power(base, exponent) == pow(base, exponent, group.p)
    assert group.is_element(base) == (pow(base, group.q, group.p) == 1)


@pytest.mark.parametrize("group", [TOY, STANDARD], ids=["toy", "standard"])
def test_numbers_outside_the_subgroup_are_no_elements(group: Group) -> None:
    g, p = group.g, group.p
    assert not any(group.is_element(x) for x in (0, -1, p - 1, p, p + 1, p - g, p + g, 3, g + 1))
    assert all(group.is_element(x) for x in (1, g, g * g % p, pow(g, group.q - 1, p)))
