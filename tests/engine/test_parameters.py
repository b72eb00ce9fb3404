"""engine/parameters.py"""

import pytest

from engine.errors import QuorumError
from engine.parameters import Election, commitment_at, election_parameters
from tests.engine.elections import Ceremony, a_manifest
from tests.groups import TOY


@pytest.mark.parametrize(("n", "k"), [(0, 0), (1, 0), (0, 1), (3, 4), (3, -1), (21, 3), (21, 21), (-1, -1), (5, 0)])
def test_a_quorum_outside_one_to_n_and_more_than_twenty_guardians_are_refused(n: int, k: int) -> None:
    with pytest.raises(QuorumError):
        election_parameters(TOY, a_manifest(max(1, min(n, 20))), n, k)


@pytest.mark.parametrize("named", [1, 4, 6, 20])
def test_as_many_trustees_are_named_as_there_are_guardians(named: int) -> None:
    with pytest.raises(QuorumError, match="trustees"):
        election_parameters(TOY, a_manifest(named), 5, 3)


def test_an_election_without_commitments_decrypts_nothing(toy: Ceremony) -> None:
    bare = Election(toy.parameters, toy.election.vote_encryption_key, toy.election.ballot_data_encryption_key)
    for key in (bare.vote_verification_key, bare.data_verification_key):
        with pytest.raises(QuorumError):
            key(1)


@pytest.mark.parametrize(("n", "k"), [(1, 1), (2, 1), (2, 2), (20, 1), (20, 20)])
def test_every_quorum_up_to_twenty_is_possible(n: int, k: int) -> None:
    parameters = election_parameters(TOY, a_manifest(n), n, k)
    assert len(parameters.parameter_base_hash) == len(parameters.election_base_hash) == 32


def test_every_part_of_the_parameters_changes_the_hashes() -> None:
    base = election_parameters(TOY, a_manifest(5), 5, 3)
    for changed in (
        election_parameters(TOY, a_manifest(5), 5, 4),
        election_parameters(TOY, a_manifest(4), 4, 3),
        election_parameters(TOY, a_manifest(5, election_identifier="AC" * 32), 5, 3),
    ):
        assert changed.election_base_hash != base.election_base_hash


def test_verification_keys_are_the_powers_of_the_key_shares(toy: Ceremony) -> None:
    g = TOY.g
    for share in toy.key_shares:
        assert toy.election.vote_verification_key(share.index) == g**share.vote
        assert toy.election.data_verification_key(share.index) == g**share.data


def test_the_commitment_at_zero_is_the_public_key(toy: Ceremony) -> None:
    for public in toy.public:
        assert commitment_at(public.vote.commitments, 0, TOY) == public.vote.commitments[0]


def test_the_chaining_field_says_no_chaining_and_names_the_device(toy: Ceremony) -> None:
    assert toy.election.chaining_field == bytes(4) + toy.election.device_hash
