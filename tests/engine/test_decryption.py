"""engine/decryption.py: the public half of the decryption."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import powers
from engine.ballot import CAST, CHALLENGED
from engine.decryption import (
    NonceShares,
    PartialDecryptions,
    Responses,
    check_guardians,
    check_revealed,
    combine,
    lagrange_coefficient,
    open_challenged,
    verify_tally_proof,
)
from engine.encoding import to_json
from engine.errors import CeremonyError, GroupError, ProofError, QuorumError
from engine.group import Group
from engine.guardian import commit, decrypt_nonces, respond, reveal
from engine.tally import EncryptedTally, verify_and_multiply
from tests.engine.elections import NO, YES, Ballots, Ceremony, a_ballot, decrypt, hold_ceremony, in_order, tallies
from tests.groups import TOY

U = (1, 3, 4)


def run(toy: Ceremony, ballots: Ballots, guardians: tuple[int, ...] = U):
    tally = ballots.found.tally
    begun = [commit(toy.key_shares[i - 1], tally, tally, guardians, toy.election) for i in guardians]
    hashes = [each[1] for each in begun]
    values = [reveal(each[0], hashes) for each in begun]
    return values, [respond(each[0], hashes, values, toy.election) for each in begun]


# Refused


@pytest.mark.parametrize(
    "guardians", [(), (1, 2), (1, 2, 2), (3, 2, 1), (0, 1, 2), (1, 2, 6), (-1, 1, 2), (1, 2, 3, 4, 5, 6), (1, 2, 3, 3)]
)
def test_cr19_a_wrong_set_of_guardians_is_refused(toy: Ceremony, guardians: tuple[int, ...]) -> None:
    with pytest.raises(QuorumError):
        check_guardians(guardians, toy.election)


def test_a_coefficient_for_a_guardian_that_is_there_twice_does_not_exist() -> None:
    with pytest.raises(GroupError):
        lagrange_coefficient(1, (1, 2, TOY.q + 1), TOY)


def test_messages_of_another_shape_are_refused_naming_the_guardian(toy: Ceremony, ballots: Ballots) -> None:
    """The twin ended in an IndexError."""
    values, responses = run(toy, ballots)
    tally = ballots.found.tally
    good, v = values[1].contests, responses[1].responses
    for contests in ((), good[:1], (good[0][:2], good[1]), (*good, good[0]), (good[1], good[0])):
        with pytest.raises(CeremonyError, match="partial decryptions") as caught:
            combine(tally, [values[0], PartialDecryptions(3, contests), values[2]], responses, toy.election)
        assert caught.value.guilty == 3
    for rows in ((), v[:1], (v[0][:2], v[1]), (*v, v[0])):
        with pytest.raises(CeremonyError, match="responses") as caught:
            combine(tally, values, [responses[0], Responses(3, rows), responses[2]], toy.election)
        assert caught.value.guilty == 3


def test_values_and_hashes_of_another_guardian_or_shape_do_not_fit_each_other(toy: Ceremony, ballots: Ballots) -> None:
    tally, H_E = ballots.found.tally, toy.election.extended_base_hash
    secrets, hashes = commit(toy.key_shares[0], tally, tally, U, toy.election)
    check_revealed(hashes, secrets.own, tally, U, H_E)
    rows, values = hashes.hashes, secrets.own.contests
    for wrong_hashes, wrong_values in (
        (replace(hashes, guardian=3), secrets.own),
        (hashes, replace(secrets.own, guardian=3)),
        (replace(hashes, hashes=rows[:1]), secrets.own),
        (replace(hashes, hashes=(rows[0][:2], rows[1])), secrets.own),
        (hashes, replace(secrets.own, contests=values[:1])),
        (hashes, replace(secrets.own, contests=(*values, values[0]))),
    ):
        with pytest.raises(CeremonyError, match="not those of this tally"):
            check_revealed(wrong_hashes, wrong_values, tally, U, H_E)
    for other_set in ((1, 3, 5), (1, 3), (1, 3, 4, 5)):
        with pytest.raises(CeremonyError, match="88"):
            check_revealed(hashes, secrets.own, tally, other_set, H_E)


def test_too_few_foreign_or_unordered_messages_are_refused(toy: Ceremony, ballots: Ballots) -> None:
    values, responses = run(toy, ballots)
    tally = ballots.found.tally
    for some, answers in (
        (values[:2], responses[:2]),
        ([], []),
        (values, responses[:2]),
        (values, responses[::-1]),
        (values[::-1], responses[::-1]),
        ([values[0], *values], [responses[0], *responses]),
        ([replace(values[0], guardian=0), *values[1:]], responses),
        (values, [replace(responses[0], guardian=2), *responses[1:]]),
    ):
        with pytest.raises(QuorumError):
            combine(tally, some, answers, toy.election)


def test_a_tally_of_another_shape_is_refused(toy: Ceremony, ballots: Ballots) -> None:
    values, responses = run(toy, ballots)
    first, second = ballots.found.tally.contests
    for contests in ((), (first,), (second, first), (first, replace(second, options=second.options[:3])), (first, replace(second,
    index=7))):
        with pytest.raises(ProofError, match="X18"):
            combine(EncryptedTally(contests), values, responses, toy.election)


@pytest.mark.parametrize("contest", [0, 1])
def test_every_response_counts(toy: Ceremony, ballots: Ballots, contest: int) -> None:
    values, responses = run(toy, ballots)
    rows = [list(row) for row in responses[2].responses]
    rows[contest][1] += TOY.scalar(1)
    with pytest.raises(CeremonyError, match="Note 3.7") as caught:
        combine(ballots.found.tally, values, [*responses[:2], Responses(4, tuple(tuple(row) for row in rows))], toy.election)
    assert caught.value.guilty == 4


def test_two_errors_that_cancel_out_are_both_found(toy: Ceremony, ballots: Ballots) -> None:
    """The accumulated proof would hold: v_1 + 1 and v_3 − 1."""
    values, responses = run(toy, ballots)
    one = TOY.scalar(1)

    def shifted(answer: Responses, by) -> Responses:
        first = (answer.responses[0][0] + by, *answer.responses[0][1:])
        return Responses(answer.guardian, (first, *answer.responses[1:]))

    with pytest.raises(CeremonyError) as caught:
        combine(
            ballots.found.tally, values, [shifted(responses[0], one), shifted(responses[1], TOY.scalar(0) - one), responses[2]],
            toy.election
        )
    assert caught.value.guilty == 1


def test_nonce_shares_that_do_not_fit_name_their_guardian(toy: Ceremony, ballots: Ballots) -> None:
    challenged = ballots.found.challenged
    shares = [decrypt_nonces(toy.key_shares[i - 1], challenged, toy.election) for i in U]
    first, second, third = shares[1].ballots
    for wrong in (
        (),
        (first, second),
        (first, second, third, third),
        (second, first, third),
        (replace(first, m=first.m * TOY.g), second, third),
        (replace(first, proof=second.proof), second, third),
        (replace(first, ballot_id=second.ballot_id), second, third),
        shares[0].ballots,
    ):
        with pytest.raises(CeremonyError) as caught:
            open_challenged(challenged, [shares[0], NonceShares(3, wrong), shares[2]], toy.election)
        assert caught.value.guilty == 3
    for some in ([], shares[:2], shares[::-1], [shares[0]] * 3):
        with pytest.raises(QuorumError):
            open_challenged(challenged, some, toy.election)


def test_a_tally_proof_is_for_its_own_numbers(toy: Ceremony, ballots: Ballots) -> None:
    option = decrypt(toy.key_shares[:3], ballots.found.tally, toy.election).contests[0].options[0]
    verify_tally_proof(option, 1, 1, toy.election)
    one = TOY.scalar(1)
    for wrong in (
        replace(option, tally=option.tally + 1),
        replace(option, decrypted_value=option.decrypted_value * TOY.g),
        replace(option, decrypted_value=option.decrypted_value * toy.election.vote_encryption_key, tally=option.tally + 1),
        replace(option, encrypted=replace(option.encrypted, alpha=option.encrypted.alpha * TOY.g)),
        replace(option, encrypted=replace(option.encrypted, beta=option.encrypted.beta * TOY.g)),
        replace(option, proof=replace(option.proof, challenge=option.proof.challenge + one)),
        replace(option, proof=replace(option.proof, response=option.proof.response + one)),
    ):
        with pytest.raises(ProofError, match=r"10\.[BC]"):
            verify_tally_proof(wrong, 1, 1, toy.election)


# Decrypted


@pytest.mark.parametrize("size", [3, 4, 5])
def test_cr19_every_large_enough_set_of_guardians_finds_the_same(toy: Ceremony, ballots: Ballots, size: int) -> None:
    for guardians in combinations(toy.key_shares, size):
        found = decrypt(guardians, ballots.found.tally, toy.election)
        assert tallies(found) == tallies(decrypt(toy.key_shares[:3], ballots.found.tally, toy.election))
        for contest in found.contests:
            for place, option in enumerate(contest.options, 1):
                verify_tally_proof(option, contest.index, place, toy.election)
    assert sum(tallies(found)[0]) == 20


@pytest.mark.parametrize(("n", "k"), [(1, 1), (2, 2), (3, 1), (20, 11), (20, 20)])
def test_any_number_of_guardians_decrypts(n: int, k: int) -> None:
    ceremony = hold_ceremony(n, k)
    made = in_order([a_ballot(ceremony.election, each, state=CAST) for each in (YES, YES, NO)], ceremony.election)
    for some in {k, n}:
        assert tallies(decrypt(ceremony.key_shares[n - some :], made.found.tally, ceremony.election))[0] == [2, 1, 0]


def test_an_election_without_ballots_has_a_tally_of_zeros_with_proofs(toy: Ceremony) -> None:
    """The one unit below the floor that may be published: nothing is in it."""
    found = decrypt(toy.key_shares[1:4], verify_and_multiply([], toy.election).tally, toy.election)
    assert tallies(found) == [[0] * 3, [0] * 7]
    for contest in found.contests:
        for place, option in enumerate(contest.options, 1):
            verify_tally_proof(option, contest.index, place, toy.election)
            assert option.decrypted_value == TOY.one
    assert b'"tally":0' in to_json(found)


def test_a_contest_without_ballots_beside_one_with_many_is_decrypted(toy: Ceremony) -> None:
    made = in_order([a_ballot(toy.election, YES, state=CAST) for _ in range(3)], toy.election)
    assert tallies(decrypt(toy.key_shares[:3], made.found.tally, toy.election)) == [[3, 0, 0], [0] * 7]


def test_challenged_ballots_open_to_what_was_chosen(toy: Ceremony, ballots: Ballots) -> None:
    for guardians in ((1, 3, 4), (2, 3, 4, 5), (1, 2, 3, 4, 5)):
        shares = [decrypt_nonces(toy.key_shares[i - 1], ballots.found.challenged, toy.election) for i in guardians]
        opened = open_challenged(ballots.found.challenged, shares, toy.election)
        by_id = {ballot.ballot_id: opening.choices for ballot, opening in ballots.of(CHALLENGED)}
        assert {
            each.ballot_id: tuple(tuple(option.value for option in contest.options) for contest in each.contests) for each in opened
        } == by_id


def test_nothing_challenged_needs_nothing_opened(toy: Ceremony) -> None:
    assert open_challenged([], [decrypt_nonces(toy.key_shares[i - 1], [], toy.election) for i in U], toy.election) == ()


def test_an_election_on_the_standard_group_from_keys_to_tally(standard: Ceremony) -> None:
    made = in_order(
        [a_ballot(standard.election, YES, state=state) for state in (CAST, CAST, CHALLENGED)], standard.election
    )
    found = decrypt(standard.key_shares[1:], made.found.tally, standard.election)
    assert tallies(found) == [[2, 0, 0], [0] * 7]
    verify_tally_proof(found.contests[0].options[0], 1, 1, standard.election)
    shares = [decrypt_nonces(standard.key_shares[i - 1], made.found.challenged, standard.election) for i in (1, 3)]
    (opened,) = open_challenged(made.found.challenged, shares, standard.election)
    assert [option.value for option in opened.contests[0].options] == [1, 0, 0]
    _, responses = run_standard(standard, made)
    with pytest.raises(CeremonyError) as caught:
        combine(made.found.tally, run_standard(standard, made)[0], responses, standard.election)
    assert caught.value.guilty == 1


def run_standard(standard: Ceremony, made: Ballots):
    return run(standard, made, (1, 2))


@given(st.lists(st.integers(1, 20), min_size=1, max_size=8, unique=True), st.lists(st.integers(0, TOY.q - 1), min_size=1, max_size=8))
def test_any_points_recombine_any_polynomial_of_lower_degree_at_zero(points: list[int], coefficients: list[int]) -> None:
    coefficients = coefficients[: len(points)]
    whole = TOY.scalar(0)
    for x in points:
        value = sum(a * x**j for j, a in enumerate(coefficients)) % TOY.q
        whole += lagrange_coefficient(x, points, TOY) * TOY.scalar(value)
    assert whole == TOY.scalar(coefficients[0])


def test_every_subset_of_twenty_has_coefficients_that_sum_to_one() -> None:
    for size in (1, 2, 11, 19, 20):
        points = tuple(range(21 - size, 21))
        assert sum((lagrange_coefficient(i, points, TOY) for i in points), start=TOY.scalar(0)) == TOY.scalar(1)


def test_a_whole_election_works_without_gmpy2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(powers, "gmpy2", None)
    monkeypatch.setattr(powers, "FORCED", None)
    plain = Group(TOY.p, TOY.q, TOY.generator)  # with tables of plain integers
    ceremony = hold_ceremony(2, 2, plain)
    made = in_order([a_ballot(ceremony.election, each, state=CAST) for each in (YES, NO, YES)], ceremony.election)
    decrypted = decrypt(ceremony.key_shares, made.found.tally, ceremony.election)
    assert tallies(decrypted)[0] == [2, 1, 0]
    assert all(type(option.decrypted_value.value) is int for contest in decrypted.contests for option in contest.options)
