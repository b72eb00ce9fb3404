"""engine/confirmation.py"""

from itertools import permutations

from engine.confirmation import confirmation_code, contest_hash
from tests.engine.elections import Ceremony, a_ballot

H_I = bytes(range(32))


def test_the_order_of_ciphertexts_and_contests_counts(toy: Ceremony) -> None:
    ballot, _ = a_ballot(toy.election, (1, 0, 0), (1, 1, 0, 0, 0, 0, 0))
    pairs = ballot.contests[0][1].pairs()
    assert len({contest_hash(list(order), 1, H_I) for order in permutations(pairs)}) == 6
    hashes = [each.contest_hash for _, each in ballot.contests]
    assert confirmation_code(hashes, H_I, toy.election) != confirmation_code(hashes[::-1], H_I, toy.election)


def test_the_index_of_the_manifest_is_hashed_not_the_place_on_the_ballot(toy: Ceremony) -> None:
    pairs = a_ballot(toy.election, (1, 0, 0))[0].contests[0][1].pairs()
    assert contest_hash(pairs, 1, H_I) != contest_hash(pairs, 2, H_I)


def test_a_code_belongs_to_one_election(toy: Ceremony, other: Ceremony) -> None:
    assert confirmation_code([H_I], H_I, toy.election) != confirmation_code([H_I], H_I, other.election)
