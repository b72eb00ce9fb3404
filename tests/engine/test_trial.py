"""The trial decryption: only who can read both shares has an answer, and it decrypts nothing that anybody encrypted (OP-02)."""

from dataclasses import replace
from itertools import combinations

import pytest

from engine import hashing
from engine.encoding import from_json, to_json
from engine.errors import CeremonyError, DecryptionRefused, FormatError, ProofError, QuorumError
from engine.group import STANDARD
from engine.proofs import GroupedProof
from engine.trial import COPY, MEDIUM, TrialAnswer, TrialRequest, combine_trial, trial_ciphertext, verify_trial_answer
from engine.trial_answer import answer_trial
from tests.engine.elections import Ceremony, hold_ceremony
from tests.groups import TOY

REQUEST, OTHER = TrialRequest(bytes(range(32))), TrialRequest(bytes(range(1, 33)))


@pytest.fixture(scope="module")
def toy() -> Ceremony:
    return hold_ceremony(4, 2)


def answers(held: Ceremony, source: str = MEDIUM, request: TrialRequest = REQUEST) -> list[TrialAnswer]:
    return [answer_trial(share, source, request, held.election) for share in held.key_shares]


@pytest.mark.parametrize("source", [MEDIUM, COPY])
def test_any_quorum_decrypts_the_trial(toy: Ceremony, source: str) -> None:
    made = answers(toy, source)
    for answer in made:
        verify_trial_answer(answer, answer.guardian, source, REQUEST, toy.election)
        assert from_json(TrialAnswer, to_json(answer), TOY) == answer
    expected = trial_ciphertext(REQUEST, toy.election)[1]
    assert 1 <= expected <= 1000
    for size in (2, 3, 4):
        for chosen in combinations(made, size):
            assert combine_trial(chosen, REQUEST, toy.election) == expected


def test_it_works_on_the_standard_parameters() -> None:
    held = hold_ceremony(3, 2, STANDARD)
    made = answers(held, COPY)
    for answer in made:
        verify_trial_answer(answer, answer.guardian, COPY, REQUEST, held.election)
    combine_trial(made[1:], REQUEST, held.election)


def test_cr47_what_is_decrypted_is_public_already_so_that_no_seed_makes_an_oracle(toy: Ceremony) -> None:
    """M_i is (g^z_i)^r for an r that everybody knows: an answer tells nothing that the published keys do not."""
    r = hashing.trial_nonce(TOY, toy.election.extended_base_hash, REQUEST.seed)
    for answer in answers(toy):
        assert answer.m == toy.election.vote_verification_key(answer.guardian) ** r


def test_without_the_shares_what_everybody_can_compute_is_no_answer(toy: Ceremony) -> None:
    known = answers(toy)[0]
    nothing = GroupedProof(TOY.scalar(0), (TOY.scalar(0), TOY.scalar(0)))
    for proof in (nothing, GroupedProof(known.proof.challenge, known.proof.responses[::-1])):
        with pytest.raises(CeremonyError, match="guardian 1, .* does not fit") as raised:
            verify_trial_answer(replace(known, proof=proof), 1, MEDIUM, REQUEST, toy.election)
        assert raised.value.guilty == 1


def test_one_share_alone_is_not_enough(toy: Ceremony) -> None:
    """Whoever has lost ẑ_i but not z_i can decrypt the tally and not the challenged ballots: that has to come out now."""
    share, zero = toy.key_shares[0], TOY.scalar(0)
    for broken in (replace(share, data=zero), replace(share, vote=zero), replace(share, vote=share.data, data=share.vote)):
        with pytest.raises(DecryptionRefused, match="does not fit the published keys"):
            answer_trial(broken, MEDIUM, REQUEST, toy.election)


def test_an_answer_serves_one_guardian_one_source_and_one_request(toy: Ceremony) -> None:
    made = answers(toy)[0]
    cases = [
        (made, 1, COPY, REQUEST), (made, 2, MEDIUM, REQUEST), (made, 1, MEDIUM, OTHER), (replace(made, source=COPY), 1, COPY, REQUEST),
        (replace(made, guardian=2), 2, MEDIUM, REQUEST), (replace(made, source="x"), 1, "x", REQUEST),
        (replace(made, m=made.m * TOY.g), 1, MEDIUM, REQUEST),
        (replace(made, proof=GroupedProof(made.proof.challenge, made.proof.responses[:1])), 1, MEDIUM, REQUEST),
        (replace(made, proof=GroupedProof(made.proof.challenge, (*made.proof.responses, TOY.scalar(1)))), 1, MEDIUM, REQUEST),
    ]  # fmt: skip
    for answer, guardian, source, request in cases:
        with pytest.raises(CeremonyError) as raised:
            verify_trial_answer(answer, guardian, source, request, toy.election)
        assert raised.value.guilty == guardian


def test_cr58_a_share_of_another_election_is_refused(toy: Ceremony) -> None:
    other = hold_ceremony(4, 2)
    with pytest.raises(DecryptionRefused, match="another election"):
        answer_trial(other.key_shares[0], MEDIUM, REQUEST, toy.election)
    with pytest.raises(CeremonyError):
        verify_trial_answer(answers(other)[0], 1, MEDIUM, REQUEST, toy.election)


def test_too_few_answers_or_wrong_ones_do_not_give_the_tally(toy: Ceremony) -> None:
    made = answers(toy)
    for few in (made[:1], [], [made[0], made[0]], made[::-1]):
        with pytest.raises(QuorumError):
            combine_trial(few, REQUEST, toy.election)
    with pytest.raises(ProofError, match="not what was encrypted"):
        combine_trial([made[0], replace(made[1], m=made[0].m)], REQUEST, toy.election)
    with pytest.raises(ProofError, match="not what was encrypted"):
        combine_trial(made, OTHER, toy.election)


def test_every_seed_gives_another_ciphertext(toy: Ceremony) -> None:
    assert trial_ciphertext(REQUEST, toy.election) != trial_ciphertext(OTHER, toy.election)
    for content in (b'{"seed":"00"}', b"{}", b'{"seed":"' + b"0" * 66 + b'"}'):
        with pytest.raises(FormatError):
            from_json(TrialRequest, content, TOY)
