"""engine/proofs.py"""

from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import hashing, proofs
from engine.elgamal import encrypt
from engine.errors import ProofError
from engine.proofs import (
    GroupedProof,
    Proof,
    prove_equality,
    prove_knowledge,
    prove_range,
    verify_equality,
    verify_knowledge,
    verify_range,
)
from tests.engine.elections import any_encryption, best_range_proof
from tests.groups import TOY

H_I = bytes(range(32))
K = (TOY.g ** TOY.scalar(4711)).with_table()
NONCE = TOY.scalar(0xDEADBEEF)
nonces = st.integers(1, TOY.q - 1).map(TOY.scalar)


def statement(pair):
    return partial(hashing.range_challenge, H_I, 1, 2, pair.alpha, pair.beta)


# Ranges


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
@pytest.mark.parametrize("value", [-1, -5, 10**6, TOY.q - 1, None])
def test_cr26_no_value_outside_the_range_has_a_proof(value, limit) -> None:
    value = limit + 1 if value is None else value
    pair = any_encryption(value, NONCE, K)
    forged = best_range_proof(value, NONCE, limit + 1, K, statement(pair))
    with pytest.raises(ProofError, match="6.D"):
        verify_range(forged, pair, limit, K, statement(pair), "option")
    with pytest.raises(ProofError, match="no proof exists"):
        prove_range(value, NONCE, limit, K, statement(pair))


def test_a_spare_branch_is_refused_and_would_prove_anything(monkeypatch) -> None:
    """7 for 0 or 1, with eight branches: the equations hold, only the number of branches does not."""
    pair = any_encryption(7, NONCE, K)
    forged = best_range_proof(7, NONCE, 8, K, statement(pair))
    with pytest.raises(ProofError, match="expected 2 branches, got 8"):
        verify_range(forged, pair, 1, K, statement(pair), "option")
    verify_range(forged, pair, len(forged) - 1, K, statement(pair), "the twin that lets the proof say how long it is")


@pytest.mark.parametrize("branches", [0, 1, 3])
def test_a_proof_of_another_length_is_refused(branches) -> None:
    pair = encrypt(0, NONCE, K)
    with pytest.raises(ProofError, match="expected 2 branches"):
        verify_range(prove_range(0, NONCE, 2, K, statement(pair))[:branches], pair, 1, K, statement(pair), "option")


@pytest.mark.parametrize("branch", range(4))
@pytest.mark.parametrize("part", ["challenge", "response"])
def test_every_number_of_a_range_proof_counts(branch, part) -> None:
    pair = encrypt(2, NONCE, K)
    proof = list(prove_range(2, NONCE, 3, K, statement(pair)))
    proof[branch] = replace(proof[branch], **{part: getattr(proof[branch], part) + TOY.scalar(1)})
    with pytest.raises(ProofError):
        verify_range(tuple(proof), pair, 3, K, statement(pair), "option")


def test_a_range_proof_holds_for_its_own_ciphertext_key_and_place_alone() -> None:
    pair, other = encrypt(1, NONCE, K), encrypt(1, NONCE + TOY.scalar(1), K)
    proof = prove_range(1, NONCE, 1, K, statement(pair))
    verify_range(proof, pair, 1, K, statement(pair), "option")
    with pytest.raises(ProofError):
        verify_range(proof, other, 1, K, statement(other), "option")
    with pytest.raises(ProofError):
        verify_range(proof, pair, 1, TOY.g, statement(pair), "option")
    for place in [(2, 2), (1, 1)]:
        with pytest.raises(ProofError):
            verify_range(proof, pair, 1, K, partial(hashing.range_challenge, H_I, *place, pair.alpha, pair.beta), "option")
    with pytest.raises(ProofError):
        verify_range(proof, pair, 1, K, partial(hashing.limit_challenge, H_I, 1, pair.alpha, pair.beta), "option")
    with pytest.raises(ProofError):
        verify_range(proof, pair, 1, K, partial(hashing.range_challenge, bytes(32), 1, 2, pair.alpha, pair.beta), "option")


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 9])
def test_every_value_up_to_every_limit_has_a_proof(limit) -> None:
    for value in range(limit + 1):
        pair = encrypt(value, NONCE, K)
        verify_range(prove_range(value, NONCE, limit, K, statement(pair)), pair, limit, K, statement(pair), "option")


@settings(max_examples=40)
@given(st.integers(1, 12), st.data(), nonces)
def test_any_value_with_any_nonce_has_a_proof(limit, data, nonce) -> None:
    value = data.draw(st.integers(0, limit))
    pair = encrypt(value, nonce, K)
    verify_range(prove_range(value, nonce, limit, K, statement(pair)), pair, limit, K, statement(pair), "option")


def test_the_true_branch_looks_like_the_others() -> None:
    """Over many proofs every branch's first byte is as often high as low, whichever is true."""
    high = [0, 0]
    for _ in range(400):
        pair = encrypt(1, NONCE, K)
        for at, branch in enumerate(prove_range(1, NONCE, 1, K, statement(pair))):
            high[at] += branch.challenge.value >> 63
    assert all(130 < each < 270 for each in high)


# Knowledge

SECRETS = [TOY.scalar(x) for x in (11, 22, 33, 44)]
PUBLICS = [TOY.g**x for x in SECRETS]


def key_statement(label="pk_vote", i=1, publics=PUBLICS):
    return partial(hashing.key_proof_challenge, H_I, label, i, publics[:-1], publics[-1])


@pytest.mark.parametrize("length", [0, 1, 3, 5])
def test_a_key_proof_with_another_number_of_responses_is_refused(length) -> None:
    proof = prove_knowledge(SECRETS, key_statement())
    responses = (proof.responses * 2)[:length]
    with pytest.raises(ProofError, match="expected 4 responses"):
        verify_knowledge(GroupedProof(proof.challenge, responses), PUBLICS, key_statement(), "guardian")


@pytest.mark.parametrize("at", range(4))
def test_every_secret_has_to_be_known(at) -> None:
    """The best that can be done without x_at is a response for another secret."""
    others = [*SECRETS[:at], SECRETS[at] + TOY.scalar(1), *SECRETS[at + 1 :]]
    proof = prove_knowledge(others, key_statement())
    with pytest.raises(ProofError, match="2.C"):
        verify_knowledge(proof, PUBLICS, key_statement(), "guardian")


@pytest.mark.parametrize("change", [{"label": "pk_data"}, {"i": 2}])
def test_a_key_proof_is_bound_to_its_label_and_guardian(change) -> None:
    proof = prove_knowledge(SECRETS, key_statement())
    verify_knowledge(proof, PUBLICS, key_statement(), "guardian")
    with pytest.raises(ProofError, match="2.C"):
        verify_knowledge(proof, PUBLICS, key_statement(**change), "guardian")


# Equal logarithms


def equality(base, key, result):
    return partial(hashing.complaint_challenge, H_I, 1, 2, key, base, result)


@given(nonces, nonces)
def test_equal_logarithms_have_a_proof_and_different_ones_have_none(x, y) -> None:
    base = TOY.g ** TOY.scalar(99)
    key, result = TOY.g**x, base**x
    proof = prove_equality(x, base, equality(base, key, result))
    verify_equality(proof, base, key, result, equality(base, key, result), "complaint")
    for wrong in (base**y * TOY.g, result * TOY.g):
        if wrong != result:
            forged = prove_equality(x, base, equality(base, key, wrong))
            with pytest.raises(ProofError):
                verify_equality(forged, base, key, wrong, equality(base, key, wrong), "complaint")


def test_no_secret_is_in_the_message_of_a_refusal() -> None:
    with pytest.raises(ProofError) as caught:
        prove_range(7, NONCE, 1, K, lambda _: TOY.scalar(0))
    assert "7" not in str(caught.value)
    assert Proof(SECRETS[0], SECRETS[1]).__repr__() == "Proof(challenge=Scalar(…), response=Scalar(…))"
    assert proofs.__doc__
