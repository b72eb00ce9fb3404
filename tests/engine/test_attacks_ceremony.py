"""Attacks by a guardian, or by whoever carries guardians' messages, in the key ceremony. Each with its twin."""

from dataclasses import replace
from functools import partial

import pytest

from engine import guardian as guardian_module
from engine import hashing
from engine import key_ceremony as ceremony_module
from engine.decryption import lagrange_coefficient
from engine.errors import CeremonyError, DecryptionRefused, EngineError
from engine.group import Scalar
from engine.guardian import (
    ComplaintRaised,
    GuardianSecretKeys,
    acknowledge,
    commit,
    generate_guardian_keys,
    receive_shares,
    share_keys,
)
from engine.key_ceremony import (
    Complaint,
    EncryptedShare,
    GuardianPublicKeys,
    PublicKey,
    commit_to_keys,
    guardian_record_hash,
    join_keys,
    judge_complaint,
    verify_acknowledgement,
    verify_public_keys,
    verify_reveal,
)
from engine.parameters import ElectionParameters
from engine.proofs import Proof, prove_knowledge
from engine.signed_elgamal import encrypt_share
from engine.tally import verify_and_multiply
from tests.engine.elections import YES, Ceremony, a_ballot, without
from tests.groups import TOY

g = TOY.g
ALL = [(sender, receiver) for sender in range(1, 6) for receiver in range(1, 6) if sender != receiver]


def keys_for(parameters: ElectionParameters, index: int, vote: list[Scalar], data: list[Scalar], zeta: Scalar) -> GuardianPublicKeys:
    """Public keys for any secrets, in any number, with true proofs."""
    kappa = g**zeta
    made = []
    for label, secrets in (("pk_vote", vote), ("pk_data", data)):
        commitments = tuple(g**a for a in secrets)
        challenge = partial(hashing.key_proof_challenge, parameters.parameter_base_hash, label, index, commitments, kappa)
        made.append(PublicKey(commitments, prove_knowledge([*secrets, zeta], challenge)))
    return GuardianPublicKeys(index, parameters.manifest.voting.trustees[index - 1], made[0], made[1], kappa)


def some(number: int) -> list[Scalar]:
    return [TOY.random_scalar() for _ in range(number)]


# CR-12: rogue key


@pytest.mark.parametrize("proof", ["none", "copied", "unrelated", "for the other key"])
def test_cr12_a_key_made_from_the_others_is_refused_naming_the_guardian(toy: Ceremony, monkeypatch: pytest.MonkeyPatch, proof: str) -> None:
    """K_5 = g^x / (K_1 K_2 K_3 K_4) makes K = g^x. Its discrete logarithm is not known to the rogue."""
    x = TOY.random_scalar()
    others = TOY.product(each.vote.commitments[0] for each in toy.public[:4])
    secrets = some(3)
    honest = keys_for(toy.parameters, 5, secrets, some(3), TOY.random_scalar())
    rogue = (g**x * others.inverse(), *honest.vote.commitments[1:])
    attached = {
        "none": replace(honest.vote.proof, responses=()),
        "copied": toy.public[0].vote.proof,
        "unrelated": honest.vote.proof,
        "for the other key": honest.data.proof,
    }[proof]
    forged = replace(honest, vote=PublicKey(rogue, attached))
    with pytest.raises(CeremonyError, match=r"2\.C|responses") as caught:
        join_keys(toy.parameters, [*toy.public[:4], forged])
    assert caught.value.guilty == 5
    with without(monkeypatch, ceremony_module, "verify_public_keys"):
        election = join_keys(toy.parameters, [*toy.public[:4], forged])
    assert election.vote_encryption_key == g**x
    ballot, _ = a_ballot(election, YES)
    first = ballot.contests[0][1].ciphertexts[0]
    assert first.beta * (first.alpha**x).inverse() == election.vote_encryption_key  # the rogue reads the vote alone


# CR-13: replay


def test_cr13_a_key_proof_is_not_used_by_another_guardian(toy: Ceremony, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = replace(toy.public[0], index=2, name=toy.public[1].name)
    with pytest.raises(CeremonyError, match=r"2\.C") as caught:
        verify_public_keys(copied, toy.parameters)
    assert caught.value.guilty == 2
    real = hashing.key_proof_challenge
    monkeypatch.setattr(hashing, "key_proof_challenge", lambda H_P, label, i, *rest: real(H_P, label, 0, *rest))
    _, public = generate_guardian_keys(toy.parameters, 1)
    verify_public_keys(replace(public, index=2, name=toy.public[1].name), toy.parameters)


def test_cr13_the_keys_of_another_election_pass_their_proofs_and_fail_their_acknowledgements(
    toy: Ceremony, other: Ceremony, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proofs hash p, q, g, n, k and i alone, so E1's keys fit E0: X9 is what tells them apart."""
    for public in other.public:
        verify_public_keys(public, toy.parameters)
    election = join_keys(toy.parameters, other.public)
    for acknowledgement in other.acknowledgements:
        with pytest.raises(CeremonyError, match="27"):
            verify_acknowledgement(acknowledgement, election, other.public)
        rehashed = replace(acknowledgement, guardian_record_hash=guardian_record_hash(election, other.public))
        with pytest.raises(CeremonyError, match="X9"):
            verify_acknowledgement(rehashed, election, other.public)
    real = hashing.guardian_record_hash
    monkeypatch.setattr(hashing, "guardian_record_hash", lambda _, *rest: real(bytes(32), *rest))  # the twin leaves H_B out
    weak = acknowledge(other.secrets[0], other.election, other.public)
    verify_acknowledgement(weak, election, other.public)


# CR-14: another threshold, degenerate keys


@pytest.mark.parametrize("number", [1, 2, 4, 5])
@pytest.mark.parametrize("which", ["vote", "data"])
def test_cr14_another_number_of_commitments_than_k_is_refused(toy: Ceremony, which: str, number: int) -> None:
    """With true proofs: a vector of k + 1 would raise the threshold, one of k − 1 lower it."""
    numbers = {"vote": 3, "data": 3, which: number}
    forged = keys_for(toy.parameters, 2, some(numbers["vote"]), some(numbers["data"]), TOY.random_scalar())
    with pytest.raises(CeremonyError, match="X8") as caught:
        verify_public_keys(forged, toy.parameters)
    assert caught.value.guilty == 2


def test_cr14_no_commitment_at_all_is_refused(toy: Ceremony) -> None:
    good = toy.public[1]
    with pytest.raises(CeremonyError, match="X8"):
        verify_public_keys(replace(good, vote=replace(good.vote, commitments=())), toy.parameters)


def test_cr14_twin_without_the_check_needs_one_guardian_more(toy: Ceremony) -> None:
    """A polynomial of degree k: three shares of four coefficients give another secret."""
    coefficients = some(4)
    secret = TOY.scalar(0)
    for i in (1, 2, 3):
        value = sum(a.value * i**j for j, a in enumerate(coefficients)) % TOY.q
        secret += lagrange_coefficient(i, (1, 2, 3), TOY) * TOY.scalar(value)
    assert secret != coefficients[0]


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("which", ["vote", "data"])
def test_cr14_a_commitment_of_one_is_refused(toy: Ceremony, monkeypatch: pytest.MonkeyPatch, which: str, at: int) -> None:
    """Its proof is true: the coefficient 0 is known."""
    secrets = {"vote": some(3), "data": some(3)}
    secrets[which][at] = TOY.scalar(0)
    forged = keys_for(toy.parameters, 2, secrets["vote"], secrets["data"], TOY.random_scalar())
    with pytest.raises(CeremonyError, match=r"is 1 \(X8\)"):
        verify_public_keys(forged, toy.parameters)


def test_cr14_a_communication_key_of_one_is_refused(toy: Ceremony) -> None:
    forged = keys_for(toy.parameters, 2, some(3), some(3), TOY.scalar(0))
    with pytest.raises(CeremonyError, match=r"is 1 \(X8\)"):
        verify_public_keys(forged, toy.parameters)
    with pytest.raises(CeremonyError, match=r"is 1 \(X8\)"):
        share_keys(toy.secrets[0], forged, toy.parameters)


def test_cr14_keys_that_cancel_out_to_one_are_refused(toy: Ceremony) -> None:
    """Guardian 5 knows what all the others chose, being all of them."""
    first = [some(3) for _ in range(5)]
    first[4][0] = TOY.scalar(0) - sum((each[0] for each in first[:4]), start=TOY.scalar(0))
    keys = [keys_for(toy.parameters, i, vote, some(3), TOY.random_scalar()) for i, vote in enumerate(first, 1)]
    with pytest.raises(CeremonyError, match="joint key is 1"):
        join_keys(toy.parameters, keys)


@pytest.mark.parametrize("which", ["vote", "data", "communication", "vote and data", "vote and communication"])
def test_cr14_two_equal_public_keys_are_refused(toy: Ceremony, which: str) -> None:
    """One person as two guardians, with true proofs for both."""
    x = TOY.random_scalar()
    vote, data, zetas = [some(3), some(3)], [some(3), some(3)], some(2)
    if which == "vote":
        vote[0][0] = vote[1][0] = x
    elif which == "data":
        data[0][0] = data[1][0] = x
    elif which == "communication":
        zetas = [x, x]
    elif which == "vote and data":
        vote[0][0] = data[1][0] = x
    else:
        vote[0][0] = zetas[1] = x
    keys = [keys_for(toy.parameters, i, vote[i - 1], data[i - 1], zetas[i - 1]) for i in (1, 2)]
    for each in keys:
        verify_public_keys(each, toy.parameters)
    with pytest.raises(CeremonyError, match="X8") as caught:
        join_keys(toy.parameters, [*keys, *toy.public[2:]])
    assert caught.value.guilty == 2


@pytest.mark.parametrize("at", [(1, 2), (1, 0), (2, 1)])
def test_cr14_two_equal_commitments_are_refused_wherever_they_stand(toy: Ceremony, at: tuple[int, int]) -> None:
    """Within one guardian's own keys too, with true proofs."""
    vote, data = some(3), some(3)
    data[at[1]] = vote[at[0]]
    forged = keys_for(toy.parameters, 1, vote, data, TOY.random_scalar())
    verify_public_keys(forged, toy.parameters)
    with pytest.raises(CeremonyError, match="X8") as caught:
        join_keys(toy.parameters, [forged, *toy.public[1:]])
    assert caught.value.guilty == 1


# CR-15: wrong shares


def plain_share(secret: GuardianSecretKeys, l: int, plus: int = 0, data_plus: int = 0) -> bytes:  # noqa: E741
    values = []
    for coefficients, more in ((secret.coefficients, plus), (secret.data_coefficients, data_plus)):
        values.append((sum(a.value * l**j for j, a in enumerate(coefficients)) + more) % TOY.q)
    return b"".join(value.to_bytes(32, "big") for value in values)


def wrong_share(toy: Ceremony, other: Ceremony, i: int, l: int, how: str) -> EncryptedShare:  # noqa: E741
    secret = toy.secrets[i - 1]
    neighbour = next(at for at in range(1, 6) if at not in (i, l))
    content = {
        "plus one": plain_share(secret, l, plus=1),
        "data plus one": plain_share(secret, l, data_plus=1),
        "of another receiver": plain_share(secret, neighbour),
        "from another election": plain_share(other.secrets[i - 1], l),
        "the two halves swapped": plain_share(secret, l)[32:] + plain_share(secret, l)[:32],
    }[how]
    ciphertext = encrypt_share(content, toy.parameters.parameter_base_hash, i, l, toy.public[l - 1].communication)
    return EncryptedShare(i, l, ciphertext)


@pytest.mark.parametrize("how", ["plus one", "data plus one", "of another receiver", "from another election", "the two halves swapped"])
@pytest.mark.parametrize(("i", "l"), ALL)
def test_cr15_a_wrong_share_is_found_complained_about_and_its_sender_named(
    toy: Ceremony, other: Ceremony, how: str, i: int, l: int  # noqa: E741
) -> None:
    wrong = wrong_share(toy, other, i, l, how)
    shares = [wrong if each.sender == i else each for each in toy.received(l)]
    with pytest.raises(ComplaintRaised, match="29" if how == "data plus one" else "28") as caught:
        receive_shares(toy.secrets[l - 1], toy.public, shares, toy.parameters)
    complaint = caught.value.complaint
    assert (complaint.accused, complaint.accuser, caught.value.guilty) == (i, l, i)
    assert complaint.beta is not None
    assert judge_complaint(complaint, wrong, toy.public, toy.parameters) == i
    # The same complaint about the true share, and the accuser's invention of another beta, accuse nobody but the accuser.
    assert judge_complaint(complaint, toy.shares[i, l], toy.public, toy.parameters) == l
    invented = replace(complaint, beta=complaint.beta * g)
    assert judge_complaint(invented, wrong, toy.public, toy.parameters) == l


@pytest.mark.parametrize(("i", "l"), ALL)
def test_cr15_a_complaint_about_a_good_share_names_the_accuser(toy: Ceremony, i: int, l: int) -> None:  # noqa: E741
    """Adaptive: β is the true one and its proof is true; the share is good all the same."""
    share, zeta, kappa = toy.shares[i, l], toy.secrets[l - 1].communication, toy.public[l - 1].communication
    C_0 = share.ciphertext.c_0
    beta, u = C_0**zeta, TOY.random_scalar()
    c = hashing.complaint_challenge(toy.parameters.parameter_base_hash, i, l, kappa, C_0, beta, [g**u, C_0**u])
    assert judge_complaint(Complaint(i, l, beta, Proof(c, u - c * zeta)), share, toy.public, toy.parameters) == l


def test_cr15_twin_without_the_equations_ends_with_a_share_of_no_key(toy: Ceremony, other: Ceremony,
monkeypatch: pytest.MonkeyPatch) -> None:
    shares = [wrong_share(toy, other, 2, 1, "plus one"), *toy.received(1)[1:]]
    with without(monkeypatch, guardian_module, "check_share"):
        share = receive_shares(toy.secrets[0], toy.public, shares, toy.parameters)
    assert g**share.vote != toy.election.vote_verification_key(1)


# CR-16: two views


def test_cr16_guardians_who_saw_different_keys_stop_the_ceremony(toy: Ceremony, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guardian 5 shows one set of keys to guardian 1 and another to the rest, with true proofs and fitting shares for each."""
    secret, second = generate_guardian_keys(toy.parameters, 5)
    view = [*toy.public[:4], second]
    for_one = [*toy.received(1)[:3], share_keys(secret, toy.public[0], toy.parameters)]
    receive_shares(toy.secrets[0], view, for_one, toy.parameters)
    election = join_keys(toy.parameters, view)
    of_one = acknowledge(toy.secrets[0], election, view)
    verify_acknowledgement(of_one, election, view)
    with pytest.raises(CeremonyError, match="27") as caught:
        verify_acknowledgement(of_one, toy.election, toy.public)
    assert caught.value.guilty == 1
    with pytest.raises(CeremonyError, match="27"):
        verify_acknowledgement(toy.acknowledgements[1], election, view)
    with pytest.raises(CeremonyError, match="joint keys"):
        acknowledge(toy.secrets[0], toy.election, view)
    with pytest.raises(CeremonyError, match="X9"):
        verify_acknowledgement(replace(of_one, guardian_record_hash=toy.acknowledgements[0].guardian_record_hash), toy.election, toy.public)
    monkeypatch.setattr(hashing, "guardian_record_hash", lambda H_B, *_: H_B)  # the twin compares nothing
    weak = acknowledge(toy.secrets[0], election, view)
    verify_acknowledgement(weak, toy.election, toy.public)


# CR-17: the rushing guardian


def test_cr17_keys_other_than_those_committed_to_are_refused(toy: Ceremony, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guardian 5 sees the others' keys and grinds his own until K ends in eight zero bits; every proof is true."""
    others = TOY.product(each.vote.commitments[0] for each in toy.public[:4])
    commitment = commit_to_keys(toy.public[4], toy.parameters)
    verify_reveal(toy.public[4], commitment, toy.parameters)
    vote = some(3)
    while int((others * g ** vote[0]).value) % 256:
        vote[0] += TOY.scalar(1)
    ground = keys_for(toy.parameters, 5, vote, some(3), TOY.random_scalar())
    verify_public_keys(ground, toy.parameters)
    with pytest.raises(CeremonyError, match="committed") as caught:
        verify_reveal(ground, commitment, toy.parameters)
    assert caught.value.guilty == 5
    monkeypatch.setattr(ceremony_module, "compare_digest", lambda *_: True)  # the twin
    verify_reveal(ground, commitment, toy.parameters)
    assert int(join_keys(toy.parameters, [*toy.public[:4], ground]).vote_encryption_key.value) % 256 == 0


def test_cr17_a_commitment_covers_every_byte_and_the_election(toy: Ceremony, other: Ceremony) -> None:
    public = toy.public[0]
    base = commit_to_keys(public, toy.parameters)
    assert commit_to_keys(public, other.parameters) != base
    one = TOY.scalar(1)
    for changed in (
        replace(public, name="x"),
        replace(public, communication=g),
        replace(public, vote=replace(public.vote, proof=replace(public.vote.proof, challenge=one))),
        replace(public, data=replace(public.data, proof=replace(public.data.proof, responses=(one,)))),
    ):
        assert commit_to_keys(changed, toy.parameters) != base


def test_cr17_somebody_elses_commitment_cannot_be_opened_as_ones_own(toy: Ceremony) -> None:
    copied = replace(commit_to_keys(toy.public[0], toy.parameters), index=2)
    with pytest.raises(CeremonyError, match="committed"):
        verify_reveal(replace(toy.public[0], index=2), copied, toy.parameters)


# CR-58: a key file in another election


def test_cr58_secret_keys_and_shares_serve_one_election(toy: Ceremony, other: Ceremony, monkeypatch: pytest.MonkeyPatch) -> None:
    for use in (
        lambda: share_keys(toy.secrets[0], other.public[1], other.parameters),
        lambda: receive_shares(toy.secrets[0], other.public, other.received(1), other.parameters),
        lambda: acknowledge(toy.secrets[0], other.election, other.public),
    ):
        with pytest.raises(DecryptionRefused, match="another election"):
            use()
    nothing = verify_and_multiply([], other.election).tally
    with pytest.raises(DecryptionRefused, match="another election"):
        commit(toy.key_shares[0], nothing, nothing, (1, 2, 3), other.election)
    with without(monkeypatch, guardian_module, "_check_election"):
        assert share_keys(toy.secrets[0], other.public[1], other.parameters).sender == 1


def test_every_refusal_of_the_ceremony_is_an_engine_error() -> None:
    assert issubclass(ComplaintRaised, CeremonyError)
    assert issubclass(CeremonyError, EngineError)
