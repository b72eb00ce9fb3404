"""Attacks by a voter, or by whoever carries ballots: copies, wrong shapes, spoil beside a choice, degenerate nonces. Each with its twin."""

import json
import secrets
from dataclasses import replace

import pytest

from engine import ballot as ballot_module
from engine import guardian as guardian_module
from engine import hashing
from engine import tally as tally_module
from engine.ballot import CAST, CHALLENGED, EncryptedBallot, OptionCiphertext, nonce_commitments, verify_ballot
from engine.decryption import open_challenged
from engine.encoding import from_json, to_json
from engine.errors import DecryptionRefused, FormatError, ProofError, SelectionError
from engine.guardian import decrypt_nonces
from engine.opening import open_ballot, verify_opening
from engine.parameters import Election
from engine.signed_elgamal import decrypt_ballot_nonce, encrypt_ballot_nonce
from engine.tally import verify_and_multiply
from tests.engine.elections import (
    NO,
    YES,
    Ceremony,
    a_ballot,
    decrypt,
    forged_ballot,
    forged_contest,
    in_order,
    repaired,
    tallies,
    with_contest,
    without,
)
from tests.groups import TOY

NONE = (0,) * 7
g = TOY.g


# CR-05: copies


def test_cr05_the_same_ballot_twice_is_refused(toy: Ceremony) -> None:
    victim, _ = a_ballot(toy.election, YES, state=CAST)
    with pytest.raises(ProofError, match="X11"):
        verify_and_multiply([to_json(victim)] * 2, toy.election)


def test_cr05_the_same_ciphertexts_with_other_proofs_are_the_same_ballot(toy: Ceremony) -> None:
    """Whoever knows the nonces can prove again; the identifier and so the code stay."""
    victim, opening = a_ballot(toy.election, YES, state=CAST)
    H = victim.identifier_hash
    nonces = [hashing.encryption_nonce(TOY, H, 1, option, opening.ballot_nonce) for option in (1, 2, 3)]
    again = forged_contest(YES, 1, toy.election, H, nonces=nonces)
    copy = repaired(victim, toy.election, contests=((1, again),))
    verify_ballot(copy, toy.election)
    assert copy != victim
    assert copy.confirmation_code == victim.confirmation_code
    with pytest.raises(ProofError, match="X11"):
        verify_and_multiply([to_json(victim), to_json(copy)], toy.election)


def test_cr05_a_new_identifier_with_old_proofs_is_refused(toy: Ceremony, monkeypatch: pytest.MonkeyPatch) -> None:
    """Adaptive: every hash and code is recomputed. The twin leaves the identifier out of the proofs, and the copy counts."""
    victim, _ = a_ballot(toy.election, YES, state=CAST)
    fresh = secrets.token_bytes(32)
    copy = repaired(victim, toy.election, selection_encryption_identifier=fresh)
    with pytest.raises(ProofError, match="38"):
        verify_ballot(copy, toy.election)
    xi = TOY.random_scalar()  # the attacker encrypts a ballot nonce of his own
    own = encrypt_ballot_nonce(bytes(32), copy.identifier_hash, toy.election.ballot_data_encryption_key, xi)
    with pytest.raises(ProofError, match=r"6\.D"):
        verify_ballot(replace(copy, nonce=own), toy.election)
    for name in ("range_challenge", "limit_challenge", "spoil_challenge"):
        real = getattr(hashing, name)
        monkeypatch.setattr(hashing, name, lambda _, *rest, real=real: real(bytes(32), *rest))
    victim, _ = a_ballot(toy.election, YES, state=CAST)
    copy = repaired(victim, toy.election, selection_encryption_identifier=fresh)
    copy = replace(copy, nonce=encrypt_ballot_nonce(bytes(32), copy.identifier_hash, toy.election.ballot_data_encryption_key, xi))
    verify_ballot(copy, toy.election)
    both = sorted([victim, copy], key=lambda each: each.confirmation_code)
    with pytest.raises(ProofError, match="CR-09"):  # the second line of defence: the nonces are the victim's
        verify_and_multiply([to_json(each) for each in both], toy.election)
    monkeypatch.setattr(tally_module, "nonce_commitments", lambda _: [])
    found = verify_and_multiply([to_json(each) for each in both], toy.election)
    assert tallies(decrypt(toy.key_shares[:3], found.tally, toy.election))[0] == [2, 0, 0]


@pytest.mark.parametrize("member", ["ballot_id", "confirmation_code", "id_b"])
def test_cr05_an_identifier_in_other_letters_is_not_read_as_another(toy: Ceremony, member: str) -> None:
    victim, _ = a_ballot(toy.election, YES, state=CAST)
    raw = json.loads(to_json(victim))
    raw[member] = raw[member].lower()
    with pytest.raises((FormatError, ProofError)):
        verify_and_multiply([json.dumps(raw, separators=(",", ":")).encode()], toy.election)


# CR-09: degenerate randomness


def test_cr09_an_option_with_nonce_zero_is_refused(toy: Ceremony, monkeypatch: pytest.MonkeyPatch) -> None:
    """α = 1 and β = K: everybody reads the choice."""
    ballot, _ = a_ballot(toy.election, YES)
    zero = TOY.scalar(0)
    contest = forged_contest(YES, 1, toy.election, ballot.identifier_hash, nonces=[zero, TOY.scalar(5), TOY.scalar(6)])
    shown = repaired(ballot, toy.election, contests=((1, contest),))
    assert contest.ciphertexts[0] == OptionCiphertext(TOY.one, toy.election.vote_encryption_key)
    with pytest.raises(ProofError, match="CR-09"):
        verify_ballot(shown, toy.election)
    with without(monkeypatch, ballot_module, "nonce_commitments", by=lambda _: []):
        verify_ballot(shown, toy.election)


def test_cr09_a_nonce_used_twice_in_a_ballot_is_refused(toy: Ceremony, monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal α and different β: their quotient is K, so one is chosen and the other is not."""
    ballot, _ = a_ballot(toy.election, YES)
    same = TOY.random_scalar()
    contest = forged_contest(YES, 1, toy.election, ballot.identifier_hash, nonces=[same, same, TOY.scalar(6)])
    shown = repaired(ballot, toy.election, contests=((1, contest),))
    with pytest.raises(ProofError, match="CR-09"):
        verify_ballot(shown, toy.election)
    with without(monkeypatch, ballot_module, "nonce_commitments", by=lambda _: []):
        verify_ballot(shown, toy.election)


@pytest.mark.parametrize("nonce", ["0", "of an option"])
def test_cr09_an_encrypted_ballot_nonce_with_a_degenerate_nonce_is_refused(toy: Ceremony, monkeypatch: pytest.MonkeyPatch,
nonce: str) -> None:
    """With ξ̂ = 0 the key stream is known to everybody: the ballot nonce, and with it every choice, is public."""
    ballot, opening = a_ballot(toy.election, YES)
    H, K_hat = ballot.identifier_hash, toy.election.ballot_data_encryption_key
    xi = TOY.scalar(0) if nonce == "0" else hashing.encryption_nonce(TOY, H, 1, 1, opening.ballot_nonce)
    shown = replace(ballot, nonce=encrypt_ballot_nonce(opening.ballot_nonce, H, K_hat, xi))
    with pytest.raises(ProofError, match="CR-09"):
        verify_ballot(shown, toy.election)
    with without(monkeypatch, ballot_module, "nonce_commitments", by=lambda _: []):
        verify_ballot(shown, toy.election)
    if nonce == "0":
        assert open_ballot(shown, decrypt_ballot_nonce(shown.nonce, H, TOY.one), toy.election).contests[0].options[0].value == 1


@pytest.mark.parametrize("states", [(CAST, CAST), (CAST, CHALLENGED)])
def test_cr09_a_nonce_used_in_two_ballots_is_refused(toy: Ceremony, monkeypatch: pytest.MonkeyPatch, states: tuple[str, str]) -> None:
    same = TOY.random_scalar()
    made = []
    for values, state in zip((YES, NO), states, strict=True):
        ballot, opening = a_ballot(toy.election, values)
        contest = forged_contest(values, 1, toy.election, ballot.identifier_hash, nonces=[same, TOY.random_scalar(), TOY.random_scalar()])
        made.append((repaired(ballot, toy.election, contests=((1, contest),)).with_state(state), opening))
        verify_ballot(made[-1][0], toy.election)
    with pytest.raises(ProofError, match="CR-09"):
        in_order(made, toy.election)
    with without(monkeypatch, tally_module, "nonce_commitments", by=lambda _: []):
        in_order(made, toy.election)


# CR-25: a channel in the nonces


def test_cr25_a_program_with_nonces_of_its_own_is_found_when_it_is_challenged(toy: Ceremony, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ballot is valid; only a challenge shows that ξ is not the hash of ξ_B."""
    ballot, opening = a_ballot(toy.election, YES)
    own = forged_contest(YES, 1, toy.election, ballot.identifier_hash)
    leaking = repaired(ballot, toy.election, contests=((1, own),)).with_state(CHALLENGED)
    verify_ballot(leaking, toy.election)
    with pytest.raises(ProofError, match=r"13\.1"):
        verify_opening(leaking, opening, toy.election)
    shares = [decrypt_nonces(toy.key_shares[i], [leaking], toy.election) for i in (0, 1, 2)]
    with pytest.raises(ProofError, match=leaking.ballot_id):
        open_challenged([leaking], shares, toy.election)
    verify_opening(ballot, opening, toy.election)


# CR-27: spoil beside a choice


@pytest.mark.parametrize("values", [(1, 0, 0, 0, 0, 0, 1), (0, 0, 1, 1, 0, 0, 1)])
def test_cr27_spoil_beside_a_choice_is_refused(toy: Ceremony, monkeypatch: pytest.MonkeyPatch, values: tuple[int, ...]) -> None:
    """Σ = 2 or 3 is within the limit of three: the limit proof is true, only the spoil proof is false."""
    with pytest.raises(SelectionError, match="spoil"):
        a_ballot(toy.election, YES, values)
    forged = forged_ballot(toy.election, {1: YES, 2: values})
    with pytest.raises(ProofError, match="X16"):
        verify_ballot(forged, toy.election)
    real = ballot_module.verify_range
    with monkeypatch.context() as patch:  # the twin has the limit proof alone
        patch.setattr(ballot_module, "verify_range", lambda *of: [] if "spoil" in of[-1] else real(*of))
        verify_ballot(forged, toy.election)
    with pytest.raises(ProofError, match="X3"):
        verify_ballot(with_contest(forged, toy.election, 2, spoil_proof=None), toy.election)


def test_cr27_with_a_limit_of_one_the_limit_proof_refuses_spoil_beside_a_choice(toy: Ceremony) -> None:
    with pytest.raises(ProofError, match=r"7\.D"):
        verify_ballot(forged_ballot(toy.election, {1: (1, 0, 1)}), toy.election)


def test_cr27_the_spoil_proof_is_not_the_limit_proof(toy: Ceremony) -> None:
    ballot, _ = a_ballot(toy.election, YES, (1, 0, 0, 0, 0, 0, 0))
    contest = ballot.contests[1][1]
    with pytest.raises(ProofError, match="X16"):
        verify_ballot(with_contest(ballot, toy.election, 2, spoil_proof=contest.limit_proof), toy.election)


# CR-28: limits of the ballot's own


def test_cr28_a_proof_for_a_larger_limit_is_refused(toy: Ceremony, monkeypatch: pytest.MonkeyPatch) -> None:
    """R = 5 and L = 10, each proof valid for these."""
    five = forged_ballot(toy.election, {1: (5, 0, 0)}, branches=[6, 2, 2], limit_branches=11)
    for forged in (
        five,
        forged_ballot(toy.election, {1: (1, 1, 1)}, limit_branches=11),
        forged_ballot(toy.election, {1: YES}, branches=[6, 2, 2]),
        forged_ballot(toy.election, {1: (0, 0, 0)}, limit_branches=1),
    ):
        with pytest.raises(ProofError, match="X3"):
            verify_ballot(forged, toy.election)
    real = ballot_module.verify_range
    with monkeypatch.context() as patch:  # the twin takes the limit from the proof
        patch.setattr(ballot_module, "_check_shape", lambda *_: None)
        patch.setattr(ballot_module, "verify_range", lambda proof, pair, limit, *rest: real(proof, pair, len(proof) - 1, *rest))
        verify_ballot(five, toy.election)


# CR-29: wrong shapes, each with valid proofs and a recomputed code


def shapes(election: Election) -> dict[str, EncryptedBallot]:
    both = forged_ballot(election, {1: YES, 2: NONE})
    H = both.identifier_hash
    first, second = both.contests
    foreign = (3, replace(second[1]))
    return {
        "a contest twice": repaired(both, election, contests=(first, first)),
        "a contest twice, made anew": repaired(both, election, contests=(first, (1, forged_contest(NO, 1, election, H)))),
        "a contest missing": repaired(both, election, contests=(first,)),
        "a contest too many": repaired(both, election, style=1),
        "a foreign contest": repaired(both, election, contests=(first, foreign)),
        "contests in another order": repaired(both, election, contests=(second, first)),
        "no contest": repaired(both, election, contests=()),
        "an option missing": repaired(both, election, contests=((1, forged_contest((1, 0), 1, election, H)), second)),
        "an option too many": repaired(both, election, contests=((1, forged_contest((1, 0, 0, 0), 1, election, H)), second)),
        "another style": repaired(forged_ballot(election, {1: YES}), election, style=2),
        "a style that does not exist": repaired(both, election, style=3),
        "style zero": repaired(both, election, style=0),
    }


@pytest.mark.parametrize(
    "name",
    [
        "a contest twice", "a contest twice, made anew", "a contest missing", "a contest too many", "a foreign contest",
        "contests in another order", "no contest", "an option missing", "an option too many", "another style",
        "a style that does not exist",
        "style zero",
    ],
)  # fmt: skip
def test_cr29_a_ballot_of_another_shape_is_refused(toy: Ceremony, name: str) -> None:
    with pytest.raises(ProofError, match="X2"):
        verify_ballot(shapes(toy.election)[name], toy.election)


def test_cr29_options_in_another_order_are_refused(toy: Ceremony) -> None:
    ballot, _ = a_ballot(toy.election, YES)
    contest = ballot.contests[0][1]
    turned = with_contest(ballot, toy.election, 1, ciphertexts=contest.ciphertexts[::-1], range_proofs=contest.range_proofs[::-1])
    with pytest.raises(ProofError, match=r"6\.D"):
        verify_ballot(turned, toy.election)


def test_cr29_twin_that_loops_over_what_is_there_counts_a_contest_twice(toy: Ceremony) -> None:
    """Each of the two would pass by itself."""
    doubled = shapes(toy.election)["a contest twice, made anew"]
    for at in (0, 1):
        single = repaired(doubled, toy.election, contests=(doubled.contests[at],), style=1)
        verify_ballot(single, toy.election)


# CR-31: weight


@pytest.mark.parametrize("weight", ["5", "0", "-1", "1", '"2"', "1.0"])
def test_cr31_a_ballot_with_a_weight_is_not_read(toy: Ceremony, weight: str) -> None:
    content = to_json(a_ballot(toy.election, YES, state=CAST)[0])
    for where in (b'"ballot_style_ix"', b'"device_ix"', b'"contests"', b'"confirmation_code"'):
        with pytest.raises(FormatError, match=r"unknown member 'weight'|not an integer"):
            from_json(EncryptedBallot, content.replace(where, f'"weight":{weight},'.encode() + where, 1), TOY)
    assert "weight" not in EncryptedBallot.__annotations__


# CR-50: the challenge as an oracle


def test_cr50_a_victims_encrypted_nonce_on_the_attackers_ballot_is_never_decrypted(toy: Ceremony, monkeypatch: pytest.MonkeyPatch) -> None:
    victim, opening = a_ballot(toy.election, YES, state=CAST)
    mine, _ = a_ballot(toy.election, NO)
    oracle = replace(mine, nonce=victim.nonce).with_state(CHALLENGED)
    with pytest.raises(ProofError, match="38"):
        verify_ballot(oracle, toy.election)
    with pytest.raises(DecryptionRefused, match="38"):
        decrypt_nonces(toy.key_shares[0], [oracle], toy.election)
    claimed = replace(oracle, identifier_hash=victim.identifier_hash)  # adaptive: the victim's H_I as well
    with pytest.raises(DecryptionRefused, match=r"5\.B"):
        decrypt_nonces(toy.key_shares[0], [claimed], toy.election)
    with pytest.raises(DecryptionRefused, match="not challenged"):
        decrypt_nonces(toy.key_shares[0], [victim], toy.election)
    with without(monkeypatch, guardian_module, "verify_ballot_nonce"):
        shares = [decrypt_nonces(toy.key_shares[i], [oracle], toy.election) for i in (0, 1, 2)]
    w = [TOY.scalar(3), TOY.scalar(TOY.q - 3), TOY.scalar(1)]  # Lagrange for 1, 2, 3
    beta = TOY.product(each.ballots[0].m ** w_i for each, w_i in zip(shares, w, strict=True))
    assert decrypt_ballot_nonce(victim.nonce, victim.identifier_hash, beta) == opening.ballot_nonce


# CR-53


@pytest.mark.parametrize("index", [2**31, 2**32, 2**32 + 1, 10**20])
@pytest.mark.parametrize("member", ["ballot_style_ix", "device_ix", "contests"])
def test_cr53_an_index_that_does_not_fit_is_not_read(toy: Ceremony, member: str, index: int) -> None:
    """b(2^32 + 1, 4) cut to four bytes would be b(1, 4)."""
    content = to_json(a_ballot(toy.election, YES, state=CAST)[0])
    old, new = (b'"contests":{"1"', f'"contests":{{"{index}"') if member == "contests" else (f'"{member}":1'.encode(),
    f'"{member}":{index}')
    changed = content.replace(old, new.encode(), 1)
    assert changed != content
    with pytest.raises(FormatError):
        from_json(EncryptedBallot, changed, TOY)


def test_every_nonce_of_a_ballot_is_looked_at(toy: Ceremony) -> None:
    ballot, _ = a_ballot(toy.election, YES, NONE)
    assert len(nonce_commitments(ballot)) == 3 + 7 + 1
