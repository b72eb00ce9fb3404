"""engine/key_ceremony.py: the public half of the key ceremony."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decryption import lagrange_coefficient
from engine.errors import CeremonyError
from engine.key_ceremony import (
    Complaint,
    EncryptedShare,
    KeyCommitment,
    check_share,
    commit_to_keys,
    guardian_record_hash,
    join_keys,
    judge_complaint,
    verify_acknowledgement,
    verify_public_keys,
    verify_reveal,
)
from engine.proofs import Proof
from engine.signed_elgamal import encrypt_share
from tests.engine.elections import Ceremony, hold_ceremony
from tests.groups import TOY

ONE = TOY.scalar(1)


# Refused


@pytest.mark.parametrize("index", [0, 6, 99, 2**31 - 1])
def test_keys_of_a_guardian_that_does_not_exist_are_refused(toy: Ceremony, index: int) -> None:
    with pytest.raises(CeremonyError) as caught:
        verify_public_keys(replace(toy.public[0], index=index), toy.parameters)
    assert caught.value.guilty == index


def test_keys_under_another_name_are_refused(toy: Ceremony) -> None:
    with pytest.raises(CeremonyError, match="name"):
        verify_public_keys(replace(toy.public[0], name="Trustee 2"), toy.parameters)


@pytest.mark.parametrize("key", ["vote", "data"])
@pytest.mark.parametrize("at", range(4))
def test_every_response_of_a_key_proof_counts(toy: Ceremony, key: str, at: int) -> None:
    good = getattr(toy.public[2], key)
    responses = list(good.proof.responses)
    responses[at] += ONE
    forged = replace(toy.public[2], **{key: replace(good, proof=replace(good.proof, responses=tuple(responses)))})
    with pytest.raises(CeremonyError, match="2.C") as caught:
        verify_public_keys(forged, toy.parameters)
    assert caught.value.guilty == 3


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (0, 1, 2, 3, 4, 4), (1, 0, 2, 3, 4), (), (0, 0, 2, 3, 4), (0, 1, 2, 3, 3)])
def test_keys_that_are_not_those_of_all_guardians_in_order_are_not_joined(toy: Ceremony, order: tuple[int, ...]) -> None:
    with pytest.raises(CeremonyError, match="in order"):
        join_keys(toy.parameters, [toy.public[at] for at in order])


@pytest.mark.parametrize("index", [0, 6, 99, 2**31 - 1])
def test_the_acknowledgement_of_a_guardian_that_does_not_exist_is_refused(toy: Ceremony, index: int) -> None:
    with pytest.raises(CeremonyError, match="no such guardian"):
        verify_acknowledgement(replace(toy.acknowledgements[0], index=index), toy.election, toy.public)


def test_an_acknowledgement_is_signed_by_its_own_guardian(toy: Ceremony) -> None:
    good = toy.acknowledgements[0]
    proof = good.proof
    for forged in (
        replace(good, index=2),
        replace(good, proof=replace(proof, response=proof.response + ONE)),
        replace(good, proof=replace(proof, challenge=proof.challenge + ONE)),
        replace(good, proof=toy.acknowledgements[1].proof),
    ):
        with pytest.raises(CeremonyError, match="X9"):
            verify_acknowledgement(forged, toy.election, toy.public)
    with pytest.raises(CeremonyError, match="27"):
        verify_acknowledgement(replace(good, guardian_record_hash=bytes(32)), toy.election, toy.public)


def test_a_reveal_under_another_index_is_refused(toy: Ceremony) -> None:
    commitment = commit_to_keys(toy.public[0], toy.parameters)
    with pytest.raises(CeremonyError, match="revealed other keys"):
        verify_reveal(toy.public[0], KeyCommitment(2, commitment.commitment), toy.parameters)
    with pytest.raises(CeremonyError, match="revealed other keys"):
        verify_reveal(toy.public[1], commitment, toy.parameters)


@pytest.mark.parametrize("length", [0, 32, 63, 65, 96])
def test_a_share_that_is_not_two_numbers_of_32_bytes_does_not_fit(toy: Ceremony, length: int) -> None:
    with pytest.raises(CeremonyError):
        check_share(bytes(range(96))[:length], toy.public[0], 2)


def test_a_share_beyond_q_does_not_fit(toy: Ceremony) -> None:
    """P + q is the same exponent in another form."""
    plain = [0, 0]
    for at, coefficients in enumerate((toy.secrets[0].coefficients, toy.secrets[0].data_coefficients)):
        plain[at] = sum(a.value * 2**j for j, a in enumerate(coefficients)) % TOY.q
    good = b"".join(x.to_bytes(32, "big") for x in plain)
    check_share(good, toy.public[0], 2)
    for shifted in ((plain[0] + TOY.q, plain[1]), (plain[0], plain[1] + TOY.q)):
        with pytest.raises(CeremonyError):
            check_share(b"".join(x.to_bytes(32, "big") for x in shifted), toy.public[0], 2)


# Complaints that cannot be judged


def a_complaint(toy: Ceremony, accused: int = 2, accuser: int = 4) -> Complaint:
    return Complaint(accused, accuser, TOY.g, Proof(ONE, ONE))


@pytest.mark.parametrize("accuser", [0, 6, 99, 2**31 - 1])
def test_a_complaint_of_nobody_is_refused(toy: Ceremony, accuser: int) -> None:
    with pytest.raises(CeremonyError, match="no such guardian") as caught:
        judge_complaint(a_complaint(toy, accuser=accuser), toy.shares[2, 4], toy.public, toy.parameters)
    assert caught.value.guilty == accuser


@pytest.mark.parametrize("accused", [0, 6, 99, 4])
def test_a_complaint_about_nobody_or_oneself_is_false(toy: Ceremony, accused: int) -> None:
    assert judge_complaint(a_complaint(toy, accused), toy.shares[2, 4], toy.public, toy.parameters) == 4


def test_a_complaint_is_not_judged_by_another_share(toy: Ceremony) -> None:
    """The twin took any share and found the accused guilty: its proof does not fit the accused's number."""
    for pair in [(3, 4), (2, 5), (4, 2)]:
        with pytest.raises(CeremonyError, match="another share") as caught:
            judge_complaint(a_complaint(toy), toy.shares[pair], toy.public, toy.parameters)
        assert caught.value.guilty == 0


def test_a_complaint_is_not_judged_by_an_incomplete_set_of_keys(toy: Ceremony) -> None:
    for keys in (toy.public[:4], toy.public[::-1], []):
        with pytest.raises(CeremonyError, match="in order"):
            judge_complaint(a_complaint(toy), toy.shares[2, 4], keys, toy.parameters)


# False complaints name the accuser


def test_false_complaints_name_the_accuser(toy: Ceremony) -> None:
    share = toy.shares[2, 4]
    for false in (
        a_complaint(toy),
        Complaint(2, 4, None, None),
        Complaint(2, 4, share.ciphertext.c_0 ** toy.secrets[3].communication, None),
        Complaint(2, 4, None, Proof(ONE, ONE)),
    ):
        assert judge_complaint(false, share, toy.public, toy.parameters) == 4


# A share whose own proof fails


def test_a_share_without_a_valid_proof_is_its_senders_fault_whatever_the_complaint_says(toy: Ceremony) -> None:
    good = toy.shares[2, 4]
    for broken in (
        replace(good.ciphertext, c_1=good.ciphertext.c_1[:-1]),
        replace(good.ciphertext, c_1=bytes(64)),
        replace(good.ciphertext, c_0=toy.shares[3, 4].ciphertext.c_0),
        toy.shares[3, 4].ciphertext,
    ):
        for complaint in (a_complaint(toy), Complaint(2, 4, None, None)):
            assert judge_complaint(complaint, EncryptedShare(2, 4, broken), toy.public, toy.parameters) == 2


# Good ones


@settings(max_examples=12)
@given(st.integers(1, 7), st.data())
def test_a_ceremony_of_any_size_gives_shares_of_one_key(n: int, data: st.DataObject) -> None:
    finished(n, data.draw(st.integers(1, n)), data.draw(st.randoms(use_true_random=False)))


@pytest.mark.parametrize("k", [1, 11, 20])
def test_a_ceremony_of_twenty_gives_shares_of_one_key(k: int) -> None:
    finished(20, k, None)


def finished(n: int, k: int, chance) -> None:
    ceremony = hold_ceremony(n, k)
    everybody = list(range(1, n + 1))
    U = sorted(chance.sample(everybody, k)) if chance else everybody[-k:]
    for number, (share, key) in enumerate([("vote", ceremony.election.vote_encryption_key), ("data",
    ceremony.election.ballot_data_encryption_key)]):
        secret = TOY.scalar(0)
        for i in U:
            secret += lagrange_coefficient(i, U, TOY) * getattr(ceremony.key_shares[i - 1], share)
        assert TOY.g**secret == key, number
        if k > 1:
            less = U[1:]
            secret = sum((lagrange_coefficient(i, less, TOY) * getattr(ceremony.key_shares[i - 1], share) for i in less),
            start=TOY.scalar(0))
            assert TOY.g**secret != key
    for acknowledgement in ceremony.acknowledgements:
        verify_acknowledgement(acknowledgement, ceremony.election, ceremony.public)
    for public in ceremony.public:
        verify_reveal(public, commit_to_keys(public, ceremony.parameters), ceremony.parameters)


def test_joint_keys_are_products_and_the_record_hash_covers_every_key(toy: Ceremony) -> None:
    assert toy.election.vote_encryption_key == TOY.product(each.vote.commitments[0] for each in toy.public)
    assert toy.election.ballot_data_encryption_key == TOY.product(each.data.commitments[0] for each in toy.public)
    base = guardian_record_hash(toy.election, toy.public)
    for at in range(5):
        for change in (
            {"communication": TOY.g},
            {"vote": replace(toy.public[at].vote, commitments=(*toy.public[at].vote.commitments[:2], TOY.g))},
            {"data": replace(toy.public[at].data, commitments=(TOY.g, *toy.public[at].data.commitments[1:]))},
        ):
            assert guardian_record_hash(toy.election, [*toy.public[:at], replace(toy.public[at], **change), *toy.public[at + 1 :]]) != base


def test_two_ceremonies_of_one_election_have_nothing_in_common(toy: Ceremony) -> None:
    again = hold_ceremony()
    assert not {each.communication for each in toy.public} & {each.communication for each in again.public}
    assert toy.election.extended_base_hash != again.election.extended_base_hash
    made = {encrypt_share(bytes(64), bytes(32), 1, 2, TOY.g).c_0 for _ in range(50)}
    assert len(made) == 50
