"""engine/elgamal.py"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.elgamal import Ciphertext, encrypt, multiply
from engine.errors import GroupError
from tests.groups import TOY

S = TOY.scalar(123456789)
K = (TOY.g**S).with_table()
nonces = st.integers(1, TOY.q - 1).map(TOY.scalar)
values = st.integers(0, 2**40)


def opened(ciphertext: Ciphertext) -> object:
    return ciphertext.beta * (ciphertext.alpha**S).inverse()


def test_cr09_a_nonce_of_zero_is_refused() -> None:
    """(1, K^σ) shows σ to everybody; the twin without the check makes just that."""
    with pytest.raises(GroupError, match="nonce is 0"):
        encrypt(1, TOY.scalar(0), K)
    twin = Ciphertext(TOY.g ** TOY.scalar(0), K ** (TOY.scalar(1) + TOY.scalar(0)))
    assert (twin.alpha, twin.beta) == (TOY.one, K)


@pytest.mark.parametrize("value", [-1, TOY.q, TOY.q + 5])
def test_a_value_outside_zq_is_refused(value: int) -> None:
    with pytest.raises(GroupError):
        encrypt(value, TOY.scalar(5), K)


@given(values, nonces)
def test_what_is_encrypted_is_what_is_opened(value: int, nonce: object) -> None:
    assert opened(encrypt(value, nonce, K)) == K ** TOY.scalar(value)


@given(st.lists(st.tuples(values, nonces), max_size=5))
def test_a_product_encrypts_the_sum(many: list[tuple[int, object]]) -> None:
    whole = multiply([encrypt(value, nonce, K) for value, nonce in many], TOY)
    assert opened(whole) == K ** TOY.scalar(sum(value for value, _ in many) % TOY.q)


def test_the_product_of_no_ciphertexts_is_one() -> None:
    assert multiply([], TOY) == Ciphertext(TOY.one, TOY.one)


@given(values, nonces, st.integers(0, 1000))
def test_a_power_encrypts_the_multiple(value: int, nonce: object, factor: int) -> None:
    assert opened(encrypt(value, nonce, K) ** TOY.scalar(factor)) == K ** TOY.scalar(value * factor)
    assert encrypt(value, nonce, K) * encrypt(value, nonce, K) == encrypt(value, nonce, K) ** TOY.scalar(2)
