"""engine/guardian.py: a guardian's own program, the secret half."""

import copy
import pickle
from dataclasses import replace

import pytest

from engine.decryption import PartialDecryptions
from engine.encoding import to_json
from engine.errors import CeremonyError, DecryptionRefused, EngineError, QuorumError
from engine.guardian import (
    ComplaintRaised,
    acknowledge,
    commit,
    decrypt_nonces,
    generate_guardian_keys,
    receive_shares,
    respond,
    reveal,
    share_keys,
)
from engine.key_ceremony import EncryptedShare, GuardianPublicKeys, join_keys
from engine.signed_elgamal import decrypt_share, encrypt_share
from engine.tally import EncryptedTally
from tests.engine.elections import Ballots, Ceremony
from tests.groups import TOY

U = (1, 3, 4)


@pytest.mark.parametrize("index", [0, -1, 6, 99])
def test_there_are_no_keys_for_a_guardian_that_does_not_exist(toy: Ceremony, index: int) -> None:
    with pytest.raises(CeremonyError):
        generate_guardian_keys(toy.parameters, index)


def own_keys_at(toy: Ceremony, index: int) -> GuardianPublicKeys:
    """An attacker's keys under any index, with the proofs that belong to them if there can be any."""
    _, public = generate_guardian_keys(toy.parameters, min(max(index, 1), 5))
    return replace(public, index=index)


@pytest.mark.parametrize("index", [0, 6, 99])
def test_nobody_gets_a_share_at_a_point_that_is_no_guardian(toy: Ceremony, index: int) -> None:
    """The share for guardian 0 would be the secret key itself."""
    with pytest.raises(CeremonyError):
        share_keys(toy.secrets[0], own_keys_at(toy, index), toy.parameters)


def test_the_twin_that_sends_a_share_to_guardian_zero_gives_its_secret_away(toy: Ceremony, monkeypatch: pytest.MonkeyPatch) -> None:
    secret, public = generate_guardian_keys(toy.parameters, 1)
    monkeypatch.setattr("engine.guardian.verify_public_keys", lambda *_: None)
    share = share_keys(toy.secrets[2], replace(public, index=0), toy.parameters).ciphertext
    H_P = toy.parameters.parameter_base_hash
    plain = decrypt_share(share, H_P, 3, 0, public.communication, share.c_0**secret.communication)
    assert int.from_bytes(plain[:32], "big") == toy.secrets[2].coefficients[0].value


def test_nobody_gets_a_share_before_its_keys_are_proved(toy: Ceremony) -> None:
    """CR-14: X8 before any share."""
    other = toy.public[1]
    for bad in (
        replace(other, communication=TOY.one),
        replace(other, communication=TOY.g),
        replace(other, vote=replace(other.vote, commitments=other.vote.commitments[:2])),
        replace(other, vote=toy.public[2].vote),
        replace(other, name="Somebody"),
    ):
        with pytest.raises(CeremonyError):
            share_keys(toy.secrets[0], bad, toy.parameters)


def test_nobody_sends_a_share_to_itself(toy: Ceremony) -> None:
    with pytest.raises(CeremonyError, match="itself"):
        share_keys(toy.secrets[0], toy.public[0], toy.parameters)


@pytest.mark.parametrize("order", [(), (2, 3, 4), (2, 3, 4, 5, 5), (3, 2, 4, 5), (2, 2, 4, 5)])
def test_shares_that_are_not_from_all_the_others_in_order_are_refused(toy: Ceremony, order: tuple[int, ...]) -> None:
    shares = [toy.shares[i, 1] for i in order]
    with pytest.raises(CeremonyError, match="in order"):
        receive_shares(toy.secrets[0], toy.public, shares, toy.parameters)


def test_a_share_for_somebody_else_is_refused(toy: Ceremony) -> None:
    shares = [toy.shares[2, 3], *toy.received(1)[1:]]
    with pytest.raises(CeremonyError, match="in order"):
        receive_shares(toy.secrets[0], toy.public, shares, toy.parameters)


def test_a_guardian_whose_own_keys_were_replaced_goes_no_further(toy: Ceremony) -> None:
    """Everything else is in order: the attacker made new keys, with proofs, under guardian 1's number."""
    _, replaced = generate_guardian_keys(toy.parameters, 1)
    public = [replaced, *toy.public[1:]]
    with pytest.raises(CeremonyError, match="not its own"):
        receive_shares(toy.secrets[0], public, toy.received(1), toy.parameters)
    with pytest.raises(CeremonyError, match="not its own"):
        acknowledge(toy.secrets[0], join_keys(toy.parameters, public), public)


@pytest.mark.parametrize("index", [0, 6, 99])
def test_secret_keys_with_a_damaged_number_are_refused_with_a_typed_error(toy: Ceremony, index: int) -> None:
    damaged = replace(toy.secrets[0], index=index)
    with pytest.raises(CeremonyError):
        receive_shares(damaged, toy.public, toy.received(1), toy.parameters)
    with pytest.raises(CeremonyError):
        acknowledge(damaged, toy.election, toy.public)


def test_secret_keys_with_damaged_coefficients_are_refused(toy: Ceremony) -> None:
    good = toy.secrets[0]
    for damaged in (
        replace(good, coefficients=good.coefficients[:2]),
        replace(good, data_coefficients=good.coefficients),
        replace(good, communication=good.communication + TOY.scalar(1)),
    ):
        with pytest.raises(CeremonyError, match="not its own"):
            receive_shares(damaged, toy.public, toy.received(1), toy.parameters)


def test_nothing_is_acknowledged_that_is_not_made_of_these_keys(toy: Ceremony) -> None:
    K = toy.election.vote_encryption_key
    for election in (
        replace(toy.election, vote_encryption_key=K * TOY.g),
        replace(toy.election, ballot_data_encryption_key=K),
        replace(toy.election, vote_commitments=toy.election.data_commitments),
        replace(toy.election, vote_commitments=()),
    ):
        with pytest.raises(CeremonyError, match="joint keys"):
            acknowledge(toy.secrets[0], election, toy.public)
    with pytest.raises(CeremonyError, match="in order"):
        acknowledge(toy.secrets[0], toy.election, toy.public[:4])


def test_the_beta_of_a_share_that_proves_nothing_is_never_published(toy: Ceremony) -> None:
    """Guardian 2 attaches guardian 3's C_0 to a share of its own. β = C_0^ζ_1 would open guardian 3's share to everybody."""
    stolen = toy.shares[3, 1].ciphertext
    bait = EncryptedShare(2, 1, replace(stolen, c_1=bytes(64)))
    shares = [bait, *toy.received(1)[1:]]
    with pytest.raises(ComplaintRaised, match="22") as caught:
        receive_shares(toy.secrets[0], toy.public, shares, toy.parameters)
    assert caught.value.guilty == 2
    assert caught.value.complaint.beta is None
    assert caught.value.complaint.proof is None
    beta = stolen.c_0 ** toy.secrets[0].communication  # what the twin would have published
    opened = decrypt_share(stolen, toy.parameters.parameter_base_hash, 3, 1, toy.public[0].communication, beta)
    x = sum(a.value for a in toy.secrets[2].coefficients) % TOY.q
    assert int.from_bytes(opened[:32], "big") == x


def test_no_secret_shows_in_repr_or_error(toy: Ceremony, ballots: Ballots) -> None:
    tally = ballots.found.tally
    secrets, _ = commit(toy.key_shares[0], tally, tally, U, toy.election)
    shown = [repr(toy.secrets[0]), repr(toy.key_shares[0]), repr(secrets), str(vars(secrets)), repr(ballots.each[0][1])]
    digits = [to_json(each).decode() for each in (toy.secrets[0], toy.key_shares[0])]
    hidden = {part for text in digits for part in text.split('"') if len(part) == 16}
    assert hidden
    numbers = {str(int(part, 16)) for part in hidden}
    for text in shown:
        assert not any(part in text for part in hidden | numbers)
    assert "choices" not in repr(ballots.each[0][1])
    assert "ballot_nonce" not in repr(ballots.each[0][1])


def test_the_secrets_of_a_run_are_neither_copied_nor_stored(toy: Ceremony, ballots: Ballots) -> None:
    tally = ballots.found.tally
    secrets, _ = commit(toy.key_shares[0], tally, tally, U, toy.election)
    for way in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="not copied"):
            way(secrets)


# Deciding whether to decrypt


def test_a_guardian_that_is_not_asked_does_not_answer(toy: Ceremony, ballots: Ballots) -> None:
    tally = ballots.found.tally
    with pytest.raises(DecryptionRefused, match="not among"):
        commit(toy.key_shares[1], tally, tally, U, toy.election)


@pytest.mark.parametrize("guardians", [(), (1,), (1, 3), (3, 1, 4), (1, 1, 3, 4), (0, 1, 3), (1, 3, 6), (1, 3, 99)])
def test_a_wrong_set_of_guardians_is_refused(toy: Ceremony, ballots: Ballots, guardians: tuple[int, ...]) -> None:
    tally = ballots.found.tally
    with pytest.raises(QuorumError):
        commit(toy.key_shares[0], tally, tally, guardians, toy.election)


def test_an_aggregate_of_another_shape_is_refused(toy: Ceremony, ballots: Ballots) -> None:
    first, second = ballots.found.tally.contests
    for contests in ((), (first,), (second, first), (first, first), (first, second, second), (replace(first, options=first.options[:2]),
    second)):
        tally = EncryptedTally(contests)
        with pytest.raises(DecryptionRefused, match="contests and options"):
            commit(toy.key_shares[0], tally, tally, U, toy.election)


def test_only_challenged_ballots_of_this_election_are_opened(toy: Ceremony, other: Ceremony, ballots: Ballots) -> None:
    challenged = ballots.found.challenged
    for state in ("Cast", "Discounted", None, "challenged"):
        with pytest.raises(DecryptionRefused, match="not challenged"):
            decrypt_nonces(toy.key_shares[0], [replace(challenged[0], state=state)], toy.election)
    with pytest.raises(DecryptionRefused, match="another election"):
        decrypt_nonces(other.key_shares[0], challenged, toy.election)
    with pytest.raises(DecryptionRefused, match="5.B"):
        decrypt_nonces(other.key_shares[0], challenged, other.election)
    with pytest.raises(DecryptionRefused, match="5.B"):
        decrypt_nonces(toy.key_shares[0], [replace(challenged[0], selection_encryption_identifier=bytes(32))], toy.election)


# The three rounds


def test_nothing_is_revealed_or_answered_out_of_order(toy: Ceremony, ballots: Ballots) -> None:
    tally = ballots.found.tally
    begun = [commit(toy.key_shares[i - 1], tally, tally, U, toy.election) for i in U]
    hashes = [each[1] for each in begun]
    first = begun[0][0]
    values = [each[0].own for each in begun]
    with pytest.raises(CeremonyError, match="revealed its values"):
        respond(first, hashes, values, toy.election)
    for wrong in ([], hashes[:2], hashes[::-1], [*hashes, hashes[0]], [hashes[0]] * 3):
        with pytest.raises(CeremonyError):
            reveal(first, wrong)
    assert reveal(first, hashes) == reveal(first, hashes)
    for wrong_values in ([], values[:2], values[::-1], [*values, values[0]]):
        with pytest.raises(CeremonyError, match="exactly the guardians"):
            respond(first, hashes, wrong_values, toy.election)
    with pytest.raises(CeremonyError, match="exactly the guardians"):
        respond(first, hashes[::-1], values, toy.election)


def test_values_of_another_shape_are_refused_with_a_typed_error(toy: Ceremony, ballots: Ballots) -> None:
    tally = ballots.found.tally
    begun = [commit(toy.key_shares[i - 1], tally, tally, U, toy.election) for i in U]
    hashes = [each[1] for each in begun]
    values = [reveal(each[0], hashes) for each in begun]
    good = values[1].contests
    for contests in ((), good[:1], (good[0][:2], good[1]), (*good, good[0])):
        with pytest.raises(CeremonyError) as caught:
            respond(begun[0][0], hashes, [values[0], PartialDecryptions(3, contests), values[2]], toy.election)
        assert caught.value.guilty == 3
    short = replace(hashes[1], hashes=hashes[1].hashes[:1])
    for each, _ in begun:
        each.hashes = (hashes[0], short, hashes[2])
    with pytest.raises(CeremonyError, match="commitment hashes are not those of this tally"):
        respond(begun[0][0], [hashes[0], short, hashes[2]], values, toy.election)


def test_values_that_are_not_the_guardians_own_under_its_number_are_refused(toy: Ceremony, ballots: Ballots) -> None:
    tally = ballots.found.tally
    begun = [commit(toy.key_shares[i - 1], tally, tally, U, toy.election) for i in U]
    again = commit(toy.key_shares[0], tally, tally, U, toy.election)
    hashes = [again[1], begun[1][1], begun[2][1]]
    values = [reveal(again[0], hashes), reveal(begun[1][0], hashes), reveal(begun[2][0], hashes)]
    reveal(begun[0][0], hashes)
    with pytest.raises(CeremonyError, match="not its own"):
        respond(begun[0][0], hashes, values, toy.election)


def test_every_run_has_fresh_nonces(toy: Ceremony, ballots: Ballots) -> None:
    tally = ballots.found.tally
    seen = set()
    for _ in range(20):
        _, hashes = commit(toy.key_shares[0], tally, tally, U, toy.election)
        seen |= {each for contest in hashes.hashes for each in contest}
    assert len(seen) == 20 * 10


def test_a_share_that_decrypts_to_garbage_leads_to_a_complaint_not_to_a_key(toy: Ceremony) -> None:
    H_P = toy.parameters.parameter_base_hash
    for garbage in (bytes(64), b"\xff" * 64):
        wrong = EncryptedShare(2, 1, encrypt_share(garbage, H_P, 2, 1, toy.public[0].communication))
        with pytest.raises(ComplaintRaised) as caught:
            receive_shares(toy.secrets[0], toy.public, [wrong, *toy.received(1)[1:]], toy.parameters)
        assert caught.value.guilty == 2
        assert isinstance(caught.value, EngineError)
