"""Attacks in the decryption: by a guardian, and by whoever asks the guardians. Each with its twin."""

from dataclasses import replace

import pytest

from engine import decryption as decryption_module
from engine import guardian as guardian_module
from engine.ballot import CAST, CHALLENGED, DISCOUNTED, OptionCiphertext
from engine.decryption import CommitmentHashes, PartialDecryptions, Responses, challenge, combine, lagrange_coefficient, verify_tally_proof
from engine.encoding import to_json
from engine.errors import CeremonyError, DecryptionRefused, ProofError, QuorumError
from engine.guardian import commit, respond, reveal
from engine.hashing import tally_commitment
from engine.tally import EncryptedTally, verify_and_multiply
from tests.engine.elections import NO, YES, Ballots, Ceremony, a_ballot, decrypt, in_order, tallies, without
from tests.groups import TOY

U = (1, 3, 4)
g = TOY.g


def begin(toy: Ceremony, tally: EncryptedTally, guardians: tuple[int, ...] = U):
    return [commit(toy.key_shares[i - 1], tally, tally, guardians, toy.election) for i in guardians]


def hashes_of(values: PartialDecryptions, tally: EncryptedTally, toy: Ceremony, guardians: tuple[int, ...] = U) -> CommitmentHashes:
    """What a guardian would have to commit to for these values."""
    rows = []
    for contest, row in zip(tally.contests, values.contests, strict=True):
        rows.append(
            tuple(
                tally_commitment(toy.election.extended_base_hash, contest.index, at, values.guardian, AB.alpha, AB.beta, v.a, v.b, v.m,
                guardians)
                for at, (AB, v) in enumerate(zip(contest.options, row, strict=True), 1)
            )
        )
    return CommitmentHashes(values.guardian, tuple(rows))


def altered(values: PartialDecryptions, **factors) -> PartialDecryptions:
    """The first option's a, b or m multiplied by something."""
    first = values.contests[0][0]
    changed = replace(first, **{name: getattr(first, name) * factor for name, factor in factors.items()})
    return PartialDecryptions(values.guardian, ((changed, *values.contests[0][1:]), *values.contests[1:]))


# CR-19: stale and wrong sets


def test_cr19_responses_for_another_set_of_guardians_do_not_fit(toy: Ceremony, ballots: Ballots, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stale: made for {1, 3, 4}, offered with {1, 3, 4, 5} or {1, 3, 5}."""
    tally = ballots.found.tally
    old, new = begin(toy, tally), begin(toy, tally, (1, 3, 5))
    hashes = [each[1] for each in old]
    values = [reveal(each[0], hashes) for each in old]
    responses = [respond(each[0], hashes, values, toy.election) for each in old]
    fifth = new[2][0].own
    with pytest.raises(CeremonyError, match="Note 3.7"):
        combine(tally, [*values[:2], fifth], [*responses[:2], replace(responses[2], guardian=5)], toy.election)
    with pytest.raises(CeremonyError, match="Note 3.7"):
        combine(tally, [*values, fifth], [*responses, replace(responses[2], guardian=5)], toy.election)
    with pytest.raises(CeremonyError):
        reveal(new[0][0], hashes)
    with pytest.raises(QuorumError):
        combine(tally, values[1:], responses[1:], toy.election)
    with without(monkeypatch, decryption_module, "_check_responses"):  # the twin publishes a proof that nobody can verify
        published = combine(tally, [*values[:2], fifth], [*responses[:2], replace(responses[2], guardian=5)], toy.election)
    with pytest.raises(ProofError, match=r"10\.B"):
        verify_tally_proof(published.contests[0].options[0], 1, 1, toy.election)


# CR-20: a wrong partial decryption


def test_cr20_a_wrong_partial_decryption_names_the_cheater_and_the_others_finish(
    toy: Ceremony, ballots: Ballots, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Naive: M_3·g after the commitment. Adaptive: committed to, and answered as if nothing were wrong."""
    tally = ballots.found.tally
    begun = begin(toy, tally)
    hashes = [each[1] for each in begun]
    honest = [each[0].own for each in begun]
    forged = altered(honest[1], m=g)
    values = [honest[0], forged, honest[2]]
    for each, _ in begun:
        reveal(each, hashes)
    with pytest.raises(CeremonyError, match="88") as caught:
        respond(begun[0][0], hashes, values, toy.election)
    assert caught.value.guilty == 3

    begun = begin(toy, tally)
    forged = altered(begun[1][0].own, m=g)
    begun[1][0]._own = forged
    hashes = [begun[0][1], hashes_of(forged, tally, toy), begun[2][1]]
    values = [reveal(each[0], hashes) for each in begun]
    responses = [respond(each[0], hashes, values, toy.election) for each in begun]
    with pytest.raises(CeremonyError, match="Note 3.7") as caught:
        combine(tally, values, responses, toy.election)
    assert caught.value.guilty == 3
    with without(monkeypatch, decryption_module, "_check_responses"), pytest.raises(ProofError) as unnamed:
        combine(tally, values, responses, toy.election)
    assert not hasattr(unnamed.value, "guilty")
    rest = [toy.key_shares[i - 1] for i in (1, 2, 4)]
    assert tallies(decrypt(rest, tally, toy.election)) == tallies(decrypt(toy.key_shares, tally, toy.election))


@pytest.mark.parametrize("part", ["a", "b", "m"])
def test_cr20_each_value_is_checked_by_itself_even_if_it_was_committed_to(toy: Ceremony, ballots: Ballots, part: str) -> None:
    """Adaptive: the hash fits, the response is the honest one for the challenge that results."""
    tally = ballots.found.tally
    begun = begin(toy, tally)
    begun[1][0]._own = altered(begun[1][0].own, **{part: g})
    hashes = [begun[0][1], hashes_of(begun[1][0].own, tally, toy), begun[2][1]]
    values = [reveal(each[0], hashes) for each in begun]
    responses = [respond(each[0], hashes, values, toy.election) for each in begun]
    with pytest.raises(CeremonyError, match="Note 3.7") as caught:
        combine(tally, values, responses, toy.election)
    assert caught.value.guilty == 3


def test_cr20_a_partial_decryption_by_a_multiple_of_the_key_moves_no_vote(toy: Ceremony, ballots: Ballots) -> None:
    """Adaptive: M_3 · K^d, so that the tally would be another small number."""
    tally = ballots.found.tally
    begun = begin(toy, tally)
    shift = toy.election.vote_encryption_key ** (lagrange_coefficient(3, U, TOY).inverse())
    begun[1][0]._own = altered(begun[1][0].own, m=shift)
    hashes = [begun[0][1], hashes_of(begun[1][0].own, tally, toy), begun[2][1]]
    values = [reveal(each[0], hashes) for each in begun]
    responses = [respond(each[0], hashes, values, toy.election) for each in begun]
    with pytest.raises(CeremonyError) as caught:
        combine(tally, values, responses, toy.election)
    assert caught.value.guilty == 3


# CR-21: rushing


@pytest.mark.parametrize("part", ["a", "b", "m"])
def test_cr21_values_that_differ_from_what_was_committed_to_halt_the_protocol(toy: Ceremony, ballots: Ballots, part: str) -> None:
    begun = begin(toy, ballots.found.tally)
    hashes = [each[1] for each in begun]
    values = [reveal(each[0], hashes) for each in begun]
    with pytest.raises(CeremonyError, match="88") as caught:
        respond(begun[0][0], hashes, [values[0], values[1], altered(values[2], **{part: g})], toy.election)
    assert caught.value.guilty == 4


def test_cr21_a_commitment_hash_is_not_exchanged_after_the_others_have_revealed(
    toy: Ceremony, ballots: Ballots, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guardian 4 waits for the others' (a_i, b_i), chooses his own so that a comes out as he likes, and hands in a new d_4 that fits."""
    tally = ballots.found.tally
    begun = begin(toy, tally)
    hashes = [each[1] for each in begun]
    first, second = (reveal(each[0], hashes) for each in begun[:2])
    chosen = TOY.random_scalar()
    others = first.contests[0][0].a * second.contests[0][0].a
    late = altered(begun[2][0].own, a=begun[2][0].own.contests[0][0].a.inverse() * g**chosen * others.inverse())
    exchanged = [*hashes[:2], hashes_of(late, tally, toy)]
    values = [first, second, late]
    with pytest.raises(CeremonyError, match="revealed its values"):
        respond(begun[0][0], exchanged, values, toy.election)
    with pytest.raises(CeremonyError, match="revealed already"):
        reveal(begun[0][0], exchanged)
    begun[0][0].hashes = tuple(exchanged)  # the twin forgets what it has seen, and answers to a commitment of the attacker's
    assert isinstance(respond(begun[0][0], exchanged, values, toy.election), Responses)
    assert TOY.product(each.contests[0][0].a for each in values) == g**chosen


def test_cr21_nothing_is_revealed_before_all_hashes_are_there(toy: Ceremony, ballots: Ballots) -> None:
    begun = begin(toy, ballots.found.tally)
    hashes = [each[1] for each in begun]
    for some in (hashes[:1], hashes[1:], hashes[:2], []):
        with pytest.raises(CeremonyError, match="before the commitment hashes"):
            reveal(begun[0][0], some)


# CR-22: two answers


def test_cr22_a_second_answer_is_refused_because_two_give_the_key_share_away(
    toy: Ceremony, ballots: Ballots, monkeypatch: pytest.MonkeyPatch
) -> None:
    tally = ballots.found.tally
    begun, again = begin(toy, tally), begin(toy, tally)
    mine = begun[0][0]
    runs = [[begun[0][1], begun[1][1], begun[2][1]], [begun[0][1], again[1][1], again[2][1]]]
    revealed = [[mine.own, begun[1][0].own, begun[2][0].own], [mine.own, again[1][0].own, again[2][0].own]]
    kept = (mine._share, mine._u)
    answers = []
    reveal(mine, runs[0])
    answers.append(respond(mine, runs[0], revealed[0], toy.election))
    for hashes, values in zip(runs, revealed, strict=True):
        with pytest.raises((DecryptionRefused, CeremonyError)):
            respond(mine, hashes, values, toy.election)
        mine.hashes = tuple(hashes)
        with pytest.raises(DecryptionRefused, match="answered already"):
            respond(mine, hashes, values, toy.election)
    assert mine._share is None
    assert mine._u is None
    with monkeypatch.context() as patch:  # the twin keeps its nonces
        patch.setattr(guardian_module.DecryptionSecrets, "take", lambda _: kept)
        mine.hashes = tuple(runs[1])
        answers.append(respond(mine, runs[1], revealed[1], toy.election))
    c = [challenge(values, tally, 0, 0, toy.election)[0] for values in revealed]
    w = lagrange_coefficient(1, U, TOY)
    v = [each.responses[0][0] for each in answers]
    assert (v[0] - v[1]) * ((c[1] - c[0]) * w).inverse() == toy.key_shares[0].vote


def test_cr22_a_refused_answer_uses_nothing_up_and_a_new_run_has_new_commitments(toy: Ceremony, ballots: Ballots) -> None:
    begun = begin(toy, ballots.found.tally)
    hashes = [each[1] for each in begun]
    values = [reveal(each[0], hashes) for each in begun]
    with pytest.raises(CeremonyError):
        respond(begun[0][0], hashes, [values[0], altered(values[1], a=g), values[2]], toy.election)
    assert isinstance(respond(begun[0][0], hashes, values, toy.election), Responses)
    assert begin(toy, ballots.found.tally)[0][1] != hashes[0]


# CR-43, CR-47, CR-48: what guardians are asked to decrypt


def with_ballots(toy: Ceremony, ballots: Ballots, change) -> EncryptedTally:
    lines = sorted(change(ballots.each), key=lambda ballot: ballot.confirmation_code)
    return verify_and_multiply([to_json(ballot) for ballot in lines], toy.election).tally


def aggregates(toy: Ceremony, ballots: Ballots) -> dict[str, EncryptedTally]:
    true = ballots.found.tally
    first = true.contests[0]
    K, one = toy.election.vote_encryption_key, TOY.random_scalar()

    def with_option(alpha, beta) -> EncryptedTally:
        return EncryptedTally((replace(first, options=(OptionCiphertext(alpha, beta), *first.options[1:])), *true.contests[1:]))

    A, B = first.options[0].alpha, first.options[0].beta
    only = ballots.of(CAST)[0][0]
    single = only.contests[0][1].ciphertexts
    return {
        "a ballot left out": with_ballots(toy, ballots, lambda each: [b for b, _ in each if b is not only]),
        "a challenged ballot counted": with_ballots(toy, ballots, lambda each: [b.with_state(CAST) if b.state == CHALLENGED else b for b,
        _ in each]),
        "a discounted ballot counted": with_ballots(toy, ballots, lambda each: [b.with_state(CAST) if b.state == DISCOUNTED else b for b,
        _ in each]),
        "times Enc(1)": with_option(A * g**one, B * K ** (one + TOY.scalar(1))),
        "times Enc(0)": with_option(A * g**one, B * K**one),
        "one vote more": with_option(A, B * K),
        "a single ciphertext": with_option(single[0].alpha, single[0].beta),
        "a power of a single ciphertext": with_option(single[0].alpha ** TOY.scalar(20), single[0].beta ** TOY.scalar(20)),
        "options swapped": EncryptedTally((replace(first, options=first.options[::-1]), *true.contests[1:])),
        "fewer ballots stated": EncryptedTally((replace(first, ballots=first.ballots - 1), *true.contests[1:])),
        "nothing": verify_and_multiply([], toy.election).tally,
    }


@pytest.mark.parametrize(
    "name",
    [
        "a ballot left out", "a challenged ballot counted", "a discounted ballot counted", "times Enc(1)", "times Enc(0)", "one vote more",
        "a single ciphertext", "a power of a single ciphertext", "options swapped", "fewer ballots stated", "nothing",
    ],
)  # fmt: skip
def test_cr43_cr47_cr48_a_guardian_decrypts_no_other_aggregate_than_its_own(toy: Ceremony, ballots: Ballots, name: str) -> None:
    wrong = aggregates(toy, ballots)[name]
    for share in toy.key_shares[:3]:
        with pytest.raises(DecryptionRefused, match="not the product"):
            commit(share, wrong, ballots.found.tally, (1, 2, 3), toy.election)
    commit(toy.key_shares[0], ballots.found.tally, ballots.found.tally, (1, 2, 3), toy.election)


def test_cr43_twin_that_takes_the_request_for_granted_decrypts_anything(toy: Ceremony, ballots: Ballots) -> None:
    """`decrypt` recomputes nothing: what it is asked is what it believes."""
    wrong = aggregates(toy, ballots)
    true = tallies(decrypt(toy.key_shares[:3], ballots.found.tally, toy.election))
    assert tallies(decrypt(toy.key_shares[:3], wrong["one vote more"], toy.election))[0][0] == true[0][0] + 1
    left_out = tallies(decrypt(toy.key_shares[:3], wrong["a ballot left out"], toy.election))
    difference = [x - y for x, y in zip(true[0], left_out[0], strict=True)]
    assert difference == list(ballots.of(CAST)[0][1].choices[0])  # CR-48: two tallies that differ by one ballot show that ballot


def test_cr47_a_unit_below_the_floor_is_not_decrypted(toy: Ceremony) -> None:
    """Even when the guardian has recomputed it: one ballot's tally is that ballot."""
    tally = in_order([a_ballot(toy.election, YES, state=CAST)], toy.election).found.tally
    with pytest.raises(DecryptionRefused, match="too few"):
        commit(toy.key_shares[0], tally, tally, U, toy.election)
    object.__setattr__(toy.election.manifest.voting, "smallest_unit", 1)
    try:
        assert tallies(decrypt(toy.key_shares[:3], tally, toy.election))[0] == [1, 0, 0]
    finally:
        object.__setattr__(toy.election.manifest.voting, "smallest_unit", 2)


def test_cr47_one_ballot_of_a_style_in_a_contest_of_its_own_is_not_decrypted(toy: Ceremony) -> None:
    """The first contest has many ballots, the second just one."""
    choices = [(YES,), (NO,), (YES, (1, 0, 0, 0, 0, 0, 0))]
    made = in_order([a_ballot(toy.election, *each, state=CAST) for each in choices], toy.election)
    with pytest.raises(DecryptionRefused, match="contest 2: its 1 ballots are too few"):
        commit(toy.key_shares[0], made.found.tally, made.found.tally, U, toy.election)


@pytest.mark.parametrize("number", [2, 3])
def test_a_unit_at_the_floor_is_decrypted(toy: Ceremony, number: int) -> None:
    made = in_order([a_ballot(toy.election, YES, state=CAST) for _ in range(number)], toy.election)
    assert tallies(decrypt(toy.key_shares[:3], made.found.tally, toy.election))[0] == [number, 0, 0]


# CR-46 in the decryption


def test_cr46_a_tally_without_a_logarithm_ends_with_an_error(toy: Ceremony, ballots: Ballots) -> None:
    """K^(10^12) was multiplied in by somebody who got past every proof."""
    first = ballots.found.tally.contests[0]
    huge = toy.election.vote_encryption_key ** TOY.scalar(10**12)
    options = (OptionCiphertext(first.options[0].alpha, first.options[0].beta * huge), *first.options[1:])
    tally = EncryptedTally((replace(first, options=options), *ballots.found.tally.contests[1:]))
    with pytest.raises(ProofError, match="contest 1, option 1: no tally between 0 and 20 fits"):
        decrypt(toy.key_shares[:3], tally, toy.election)


def test_cr41_a_tally_beyond_the_number_of_ballots_is_not_found(toy: Ceremony, ballots: Ballots) -> None:
    """21 votes from 20 ballots."""
    first = ballots.found.tally.contests[0]
    K = toy.election.vote_encryption_key
    more = first.options[0].beta * K ** TOY.scalar(20)
    tally = EncryptedTally(
        (replace(first, options=(replace(first.options[0], beta=more), *first.options[1:])), *ballots.found.tally.contests[1:])
    )
    with pytest.raises(ProofError, match="no tally between 0 and 20"):
        decrypt(toy.key_shares[:3], tally, toy.election)


def test_a_decrypted_tally_verifies_wherever_the_guardians_came_from(toy: Ceremony, ballots: Ballots) -> None:
    for chosen in (toy.key_shares[:3], toy.key_shares[2:], toy.key_shares):
        for contest in decrypt(chosen, ballots.found.tally, toy.election).contests:
            for at, option in enumerate(contest.options, 1):
                verify_tally_proof(option, contest.index, at, toy.election)
