"""engine/signed_elgamal.py"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import hashing, signed_elgamal
from engine.errors import ProofError
from engine.proofs import Proof
from engine.signed_elgamal import (
    SignedCiphertext,
    decrypt_ballot_nonce,
    decrypt_share,
    encrypt_ballot_nonce,
    encrypt_share,
    verify_ballot_nonce,
    verify_share_proof,
    xor,
)
from tests.engine.elections import without
from tests.groups import TOY

H = bytes(range(32))
ZETA = TOY.scalar(424242)
KAPPA = TOY.g**ZETA
SHARE = bytes(range(64))


def flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_cr18_each_of_the_512_bits_of_a_share_is_protected(monkeypatch: pytest.MonkeyPatch) -> None:
    made = encrypt_share(SHARE, H, 1, 2, KAPPA)
    beta = made.c_0**ZETA
    for bit in range(512):
        malleated = replace(made, c_1=flipped(made.c_1, bit))
        with pytest.raises(ProofError, match="22"):
            decrypt_share(malleated, H, 1, 2, KAPPA, beta)
        with without(monkeypatch, signed_elgamal, "verify_share_proof"):  # the twin decrypts what the attacker wished
            assert decrypt_share(malleated, H, 1, 2, KAPPA, beta) == flipped(SHARE, bit)
    assert decrypt_share(made, H, 1, 2, KAPPA, beta) == SHARE


@pytest.mark.parametrize(("i", "l"), [(1, 3), (3, 2), (2, 1), (0, 2)])
def test_cr18_a_share_is_not_replayed_from_or_to_another_guardian(i: int, l: int) -> None:  # noqa: E741
    made = encrypt_share(SHARE, H, 1, 2, KAPPA)
    with pytest.raises(ProofError, match="22"):
        decrypt_share(made, H, i, l, KAPPA, made.c_0**ZETA)


def test_cr18_a_share_is_not_replayed_in_an_election_with_other_parameters() -> None:
    made = encrypt_share(SHARE, H, 1, 2, KAPPA)
    with pytest.raises(ProofError, match="22"):
        verify_share_proof(made, bytes(32), 1, 2)


@pytest.mark.parametrize("length", [0, 1, 63, 65, 128])
def test_a_share_of_another_length_is_refused_before_anything_is_decrypted(length: int) -> None:
    made = encrypt_share(SHARE, H, 1, 2, KAPPA)
    with pytest.raises(ProofError, match="22"):
        decrypt_share(replace(made, c_1=(made.c_1 * 2)[:length]), H, 1, 2, KAPPA, made.c_0**ZETA)


@pytest.mark.parametrize("length", [0, 31, 32, 33, 63, 64, 65])
def test_a_ciphertext_of_another_length_is_refused_even_with_a_true_proof(length: int) -> None:
    """Adaptive: the proof is made over the very bytes."""
    xi, u, c_1 = TOY.scalar(77), TOY.scalar(88), bytes(length)
    share = hashing.share_proof_challenge(H, 1, 2, TOY.g**u, TOY.g**xi, c_1)
    nonce = hashing.ballot_nonce_challenge(H, TOY.g**u, TOY.g**xi, c_1)
    for_share, for_nonce = (SignedCiphertext(TOY.g**xi, c_1, Proof(c, u - c * xi)) for c in (share, nonce))
    if length == 64:
        verify_share_proof(for_share, H, 1, 2)
    else:
        with pytest.raises(ProofError, match="22"):
            verify_share_proof(for_share, H, 1, 2)
    if length == 32:
        verify_ballot_nonce(for_nonce, H)
    else:
        with pytest.raises(ProofError, match="38"):
            verify_ballot_nonce(for_nonce, H)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_ballot_nonce_of_another_length_is_refused(length: int) -> None:
    made = encrypt_ballot_nonce(SHARE[:32], H, KAPPA, TOY.scalar(5))
    with pytest.raises(ProofError, match="38"):
        verify_ballot_nonce(replace(made, c_1=(made.c_1 * 2)[:length]), H)


def test_cr50_an_encrypted_nonce_belongs_to_one_ballot() -> None:
    made = encrypt_ballot_nonce(SHARE[:32], H, KAPPA, TOY.scalar(5))
    verify_ballot_nonce(made, H)
    with pytest.raises(ProofError, match="38"):
        verify_ballot_nonce(made, bytes(32))


def test_every_bit_of_an_encrypted_nonce_is_protected() -> None:
    made = encrypt_ballot_nonce(SHARE[:32], H, KAPPA, TOY.scalar(5))
    for bit in range(256):
        with pytest.raises(ProofError, match="38"):
            verify_ballot_nonce(replace(made, c_1=flipped(made.c_1, bit)), H)
    for change in ({"c_0": made.c_0 * TOY.g}, {"c_2": replace(made.c_2, response=made.c_2.response + TOY.scalar(1))}):
        with pytest.raises(ProofError, match="38"):
            verify_ballot_nonce(replace(made, **change), H)


def test_byte_strings_of_different_lengths_are_not_combined() -> None:
    with pytest.raises(ValueError, match="zip"):
        xor(b"ab", b"abc")


@given(st.binary(min_size=64, max_size=64))
def test_a_share_comes_out_as_it_went_in(share: bytes) -> None:
    made = encrypt_share(share, H, 3, 4, KAPPA)
    assert decrypt_share(made, H, 3, 4, KAPPA, made.c_0**ZETA) == share


@given(st.binary(min_size=32, max_size=32), st.integers(1, TOY.q - 1))
def test_a_ballot_nonce_comes_out_as_it_went_in(nonce: bytes, xi: int) -> None:
    made = encrypt_ballot_nonce(nonce, H, KAPPA, TOY.scalar(xi))
    verify_ballot_nonce(made, H)
    assert decrypt_ballot_nonce(made, H, made.c_0**ZETA) == nonce
    assert decrypt_ballot_nonce(made, H, KAPPA ** TOY.scalar(xi)) == nonce


def test_equal_shares_are_encrypted_differently_each_time() -> None:
    assert len({encrypt_share(SHARE, H, 1, 2, KAPPA).c_1 for _ in range(20)}) == 20
