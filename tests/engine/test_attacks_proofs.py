"""Attacks on the proofs: what is left out of a challenge can be chosen after it. Each with the twin that falls for it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from engine import ballot as ballot_module
from engine import hashing
from engine.ballot import EncryptedBallot, OptionCiphertext, verify_ballot
from engine.decryption import DecryptedOption, verify_tally_proof
from engine.elgamal import Ciphertext
from engine.encoding import from_json, to_json
from engine.errors import CeremonyError, FormatError, GroupError, ProofError
from engine.group import Element, Group, Scalar
from engine.key_ceremony import verify_acknowledgement
from engine.parameters import Election
from engine.proofs import Proof, verify_range
from tests.engine.elections import (
    YES,
    Ballots,
    Ceremony,
    a_ballot,
    any_encryption,
    best_range_proof,
    decrypt,
    forged_ballot,
    repaired,
    with_contest,
    without,
)
from tests.groups import TOY

H_I = bytes(range(32))
S = TOY.scalar(0x1BADB002)
K = (TOY.g**S).with_table()
g = TOY.g
X = TOY.random_scalar


# CR-01: the proof of correct decryption


@dataclass(frozen=True)
class Statement:
    """One option of a tally with what the challenge (90) hashes of it, and what the forgers know: s and A's exponent."""

    election: Election
    contest: int
    option: int
    A: Element
    B: Element
    s: Scalar
    xi: Scalar


@pytest.fixture
def statement(toy: Ceremony) -> Statement:
    """All guardians together cheat: they know s. 12 votes were cast, and whoever cast them tells their nonces."""
    xi, key = X(), toy.election.vote_encryption_key
    return Statement(toy.election, 1, 2, g**xi, key ** (xi + TOY.scalar(12)), toy.secret_key(), xi)


def published(at: Statement, A: Element, B: Element, M: Element, tally: int, c: Scalar, v: Scalar) -> DecryptedOption:
    return DecryptedOption("No", OptionCiphertext(A, B), tally, B * M.inverse(), Proof(c, v))


def honest(at: Statement, H_E: bytes | None = None, contest: int | None = None, option: int | None = None) -> DecryptedOption:
    u, M = X(), at.A**at.s
    c = hashing.tally_challenge(
        H_E or at.election.extended_base_hash, contest or at.contest, option or at.option, at.A, at.B, g**u, at.A**u, M
    )
    return published(at, at.A, at.B, M, 12, c, u - c * at.s)


def challenge_now(at: Statement, A: Element, B: Element, a: Element, b: Element, M: Element) -> Scalar:
    """As the code computes it at this moment: under the twin, without what the twin forgets."""
    return hashing.tally_challenge(at.election.extended_base_hash, at.contest, at.option, A, B, a, b, M)


def forge_H_E(at: Statement) -> DecryptedOption:
    return honest(at, H_E=bytes(32))  # made in another election


def forge_contest(at: Statement) -> DecryptedOption:
    return honest(at, contest=2)


def forge_option(at: Statement) -> DecryptedOption:
    return honest(at, option=1)


def forge_A(at: Statement) -> DecryptedOption:
    """b at will, then A solves b = A^v · M^c."""
    key = at.election.vote_encryption_key
    u, w = X(), X()
    M = at.B * (key ** TOY.scalar(1000)).inverse()
    a, b = g**u, g**w
    c = challenge_now(at, TOY.one, at.B, a, b, M)
    v = u - c * at.s
    return published(at, (b * (M**c).inverse()) ** v.inverse(), at.B, M, 1000, c, v)


def forge_B(at: Statement) -> DecryptedOption:
    """An honest proof; one more vote is put into B afterwards."""
    u, M = X(), at.A**at.s
    c = challenge_now(at, at.A, at.B, g**u, at.A**u, M)
    return published(at, at.A, at.B * at.election.vote_encryption_key, M, 13, c, u - c * at.s)


def forge_a(at: Statement) -> DecryptedOption:
    """Only log_A(M) has to be known, whatever it is."""
    M = at.B * (at.election.vote_encryption_key ** TOY.scalar(1000)).inverse()
    known = at.s + at.s * (TOY.scalar(12) - TOY.scalar(1000)) * at.xi.inverse()
    assert at.A**known == M
    u = X()
    c = challenge_now(at, at.A, at.B, TOY.one, at.A**u, M)
    return published(at, at.A, at.B, M, 1000, c, u - c * known)


def forge_b(at: Statement) -> DecryptedOption:
    """A proof that s is known, and nothing about M."""
    M = at.B * (at.election.vote_encryption_key ** TOY.scalar(1000)).inverse()
    u = X()
    c = challenge_now(at, at.A, at.B, g**u, TOY.one, M)
    return published(at, at.A, at.B, M, 1000, c, u - c * at.s)


def forge_M(at: Statement) -> DecryptedOption:
    """b is off by K^δ, and M makes up for it: the tally is 12 − δ/c."""
    key, u, delta = at.election.vote_encryption_key, X(), X()
    a, b = g**u, at.A**u * key**delta
    c = challenge_now(at, at.A, at.B, a, b, TOY.one)
    v = u - c * at.s
    M = (b * (at.A**v).inverse()) ** c.inverse()
    return published(at, at.A, at.B, M, (TOY.scalar(12) - delta * c.inverse()).value, c, v)


@contextmanager
def forgetting(monkeypatch: pytest.MonkeyPatch, name: str, places: int | Sequence[int], by: Any = None) -> Iterator[None]:
    """The twin: a hash function that does not see the arguments at these places."""
    real = getattr(hashing, name)
    hidden = [places] if isinstance(places, int) else places

    def weak(*arguments: Any) -> Any:
        blank = [{int: 0, bytes: bytes(32), Element: TOY.one}.get(type(each), ()) if at in hidden else each for at,
        each in enumerate(arguments)]
        return real(*blank)

    with monkeypatch.context() as patch:
        patch.setattr(hashing, name, weak)
        yield


FORGERIES: list[tuple[str, int, Callable[[Statement], DecryptedOption]]] = [
    ("H_E", 0, forge_H_E),
    ("the contest's index", 1, forge_contest),
    ("the option's index", 2, forge_option),
    ("A", 3, forge_A),
    ("B", 4, forge_B),
    ("a", 5, forge_a),
    ("b", 6, forge_b),
    ("M", 7, forge_M),
]


@pytest.mark.parametrize(("name", "place", "forge"), FORGERIES, ids=[each[0] for each in FORGERIES])
def test_cr01_a_decryption_proof_without_one_input_of_its_hash_is_refused(
    statement: Statement, monkeypatch: pytest.MonkeyPatch, name: str, place: int, forge: Callable[[Statement], DecryptedOption]
) -> None:
    with forgetting(monkeypatch, "tally_challenge", place):
        forged = forge(statement)
        verify_tally_proof(forged, statement.contest, statement.option, statement.election)
    with pytest.raises(ProofError, match=r"10\.B"):
        verify_tally_proof(forged, statement.contest, statement.option, statement.election)
    with pytest.raises(ProofError, match=r"10\.B"):  # the same forgery against the whole hash
        verify_tally_proof(forge(statement), statement.contest, statement.option, statement.election)
    verify_tally_proof(honest(statement), statement.contest, statement.option, statement.election)


# CR-02: range proofs


def range_statement(pair: Ciphertext, contest: int = 1, option: int = 2) -> Callable[[Sequence[Element]], Scalar]:
    return lambda commitments: hashing.range_challenge(H_I, contest, option, pair.alpha, pair.beta, commitments)


def check_range(proof: Sequence[Proof], pair: Ciphertext, option: int = 2) -> None:
    verify_range(proof, pair, 1, K, range_statement(pair, option=option), "option")


def test_cr02_a_ciphertext_chosen_after_the_challenge_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """a_j = g^x_j and b_j = K^y_j first; then σ solves y_j = x_j + c_j (σ − j), with c_1 = 0."""

    def forge() -> tuple[tuple[Proof, ...], Ciphertext, Scalar]:
        nothing = Ciphertext(TOY.one, TOY.one)
        x_0, x_1, d = X(), X(), X()
        c = range_statement(nothing)([g**x_0, K ** (x_0 + d), g**x_1, K**x_1])
        sigma, xi = d * c.inverse(), X()
        return (Proof(c, x_0 - c * xi), Proof(TOY.scalar(0), x_1)), Ciphertext(g**xi, K ** (sigma + xi)), sigma

    with forgetting(monkeypatch, "range_challenge", (3, 4)):
        proof, pair, sigma = forge()
        assert sigma.value > 1
        check_range(proof, pair)
    for made, ciphertext, _ in ((proof, pair, sigma), forge()):
        with pytest.raises(ProofError, match=r"6\.D"):
            check_range(made, ciphertext)


@pytest.mark.parametrize("value", [10**6, -5])
def test_cr02_commitments_chosen_after_the_challenge_are_refused(monkeypatch: pytest.MonkeyPatch, value: int) -> None:
    def forge() -> tuple[tuple[Proof, ...], Ciphertext]:
        pair = any_encryption(value, X(), K)
        c, c_0 = range_statement(pair)([]), X()
        return (Proof(c_0, X()), Proof(c - c_0, X())), pair

    with forgetting(monkeypatch, "range_challenge", 5):
        forged = forge()
        check_range(*forged)
    for made in (forged, forge()):
        with pytest.raises(ProofError, match=r"6\.D"):
            check_range(*made)


@pytest.mark.parametrize("place", [1, 2])
def test_cr02_a_proof_without_its_place_is_not_used_in_another(monkeypatch: pytest.MonkeyPatch, place: int) -> None:
    xi = X()
    pair = any_encryption(1, xi, K)
    where = (7, 2) if place == 1 else (1, 7)
    with forgetting(monkeypatch, "range_challenge", place):
        proof = best_range_proof(1, xi, 2, K, range_statement(pair, *where))
        check_range(proof, pair)
    for made in (proof, best_range_proof(1, xi, 2, K, range_statement(pair, *where))):
        with pytest.raises(ProofError, match=r"6\.D"):
            check_range(made, pair)


def test_cr02_commitments_of_a_limit_proof_chosen_after_the_challenge_are_refused(toy: Ceremony, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two votes of one."""
    ballot = forged_ballot(toy.election, {1: (1, 1, 0)})
    contest = ballot.contests[0][1]
    with pytest.raises(ProofError, match=r"7\.D"):
        verify_ballot(ballot, toy.election)
    with forgetting(monkeypatch, "limit_challenge", 4):
        total = TOY.product(each.alpha for each in contest.ciphertexts), TOY.product(each.beta for each in contest.ciphertexts)
        c, c_0 = hashing.limit_challenge(ballot.identifier_hash, 1, *total, []), X()
        forged = with_contest(ballot, toy.election, 1, limit_proof=(Proof(c_0, X()), Proof(c - c_0, X())))
        verify_ballot(forged, toy.election)
    with pytest.raises(ProofError, match=r"7\.D"):
        verify_ballot(forged, toy.election)


def test_cr02_a_limit_proof_is_bound_to_its_ciphertexts_and_its_contest(toy: Ceremony, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (a_ballot(toy.election, YES)[0].contests[0][1].limit_proof for _ in range(2))
    ballot, _ = a_ballot(toy.election, YES)
    assert one != two
    for proof in (one, two):
        with pytest.raises(ProofError, match=r"7\.D"):
            verify_ballot(with_contest(ballot, toy.election, 1, limit_proof=proof), toy.election)
    with forgetting(monkeypatch, "limit_challenge", 1):
        made, _ = a_ballot(toy.election, YES)
        verify_ballot(made, toy.election)
    with pytest.raises(ProofError, match=r"7\.D"):
        verify_ballot(made, toy.election)


# CR-03: another key


def test_cr03_a_key_chosen_after_the_ceremony_is_not_the_acknowledged_one(toy: Ceremony, monkeypatch: pytest.MonkeyPatch) -> None:
    """Adaptive: K' is the attacker's, H_E is recomputed, ballots and proofs are valid under K'. Naive: K' with the old H_E."""
    x = X()
    substituted = replace(toy.election, vote_encryption_key=(g**x).with_table())
    ballot, _ = a_ballot(substituted, YES)
    verify_ballot(ballot, substituted)
    with pytest.raises(ProofError):
        verify_ballot(ballot, toy.election)
    for acknowledgement in toy.acknowledgements:
        with pytest.raises(CeremonyError, match="27"):
            verify_acknowledgement(acknowledgement, substituted, toy.public)
        verify_acknowledgement(acknowledgement, toy.election, toy.public)
    K_now = hashing.guardian_record_hash
    with monkeypatch.context() as patch:  # the twin leaves K out of H_G
        patch.setattr(hashing, "guardian_record_hash", lambda H_B, _K, *rest: K_now(H_B, toy.election.vote_encryption_key, *rest))
        verify_acknowledgement(toy.acknowledgements[0], substituted, toy.public)


def test_cr03_the_key_is_in_every_challenge_through_the_extended_base_hash(toy: Ceremony) -> None:
    for change in ("vote_encryption_key", "ballot_data_encryption_key"):
        changed = replace(toy.election, **{change: getattr(toy.election, change) * g})
        assert changed.extended_base_hash != toy.election.extended_base_hash
        assert changed.device_hash != toy.election.device_hash


# CR-06: malleated copies


def malleated(ballot: EncryptedBallot, election: Election, how: str) -> EncryptedBallot:
    index, contest = ballot.contests[0]
    first, second, *rest = contest.ciphertexts
    x = X()
    if how == "times an encryption of 0":
        pairs = (OptionCiphertext(first.alpha * g**x, first.beta * election.vote_encryption_key**x), second, *rest)
    elif how == "times K":
        pairs = (OptionCiphertext(first.alpha, first.beta * election.vote_encryption_key), second, *rest)
    else:
        pairs = (second, first, *rest)
    proofs = contest.range_proofs
    swapped = (proofs[1], proofs[0], *proofs[2:]) if how == "options and proofs swapped" else proofs
    return with_contest(ballot, election, index, ciphertexts=pairs, range_proofs=swapped)


@pytest.mark.parametrize("how", ["times an encryption of 0", "times K", "options swapped", "options and proofs swapped"])
@pytest.mark.parametrize("adaptive", [False, True], ids=["naive", "adaptive"])
def test_cr06_a_malleated_copy_is_refused(toy: Ceremony, monkeypatch: pytest.MonkeyPatch, how: str, adaptive: bool) -> None:
    victim, _ = a_ballot(toy.election, YES)
    copy = malleated(victim, toy.election, how)
    if not adaptive:
        copy = replace(victim, contests=tuple((i, replace(c, contest_hash=victim.contests[0][1].contest_hash)) for i, c in copy.contests))
    with pytest.raises(ProofError, match=r"[67]\.D" if adaptive else r"8\.A"):
        verify_ballot(copy, toy.election)
    if adaptive:
        with without(monkeypatch, ballot_module, "verify_range"):
            verify_ballot(copy, toy.election)


# CR-07: a second encoding of one number


def small_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    left = iter(range(2, 10**6))
    monkeypatch.setattr(Group, "random_scalar", lambda self: self.scalar(2 + next(left) % 40))


def test_cr07_a_challenge_plus_q_would_verify_and_is_refused_where_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    xi = X()
    pair = any_encryption(1, xi, K)
    with monkeypatch.context() as patch:
        small_numbers(patch)
        proof = best_range_proof(1, xi, 2, K, range_statement(pair))
    check_range(proof, pair)
    c = proof[0].challenge.value
    assert c + TOY.q < 2**64
    check_range((replace(proof[0], challenge=Scalar(TOY, c + TOY.q)), proof[1]), pair)  # the twin builds a Scalar without a check
    text = to_json(proof[0]).replace(f"{c:016X}".encode(), f"{c + TOY.q:016X}".encode())
    with pytest.raises(FormatError, match="0 .. q - 1"):
        from_json(Proof, text, TOY)
    with pytest.raises(GroupError):
        TOY.scalar(c + TOY.q)


def test_cr07_every_other_spelling_of_a_ballots_numbers_is_refused(toy: Ceremony) -> None:
    ballot, _ = a_ballot(toy.election, YES)
    content = to_json(ballot)
    alpha = ballot.contests[0][1].ciphertexts[0].alpha.to_bytes().hex().upper()
    for other in (
        alpha.lower(), "0x" + alpha, "0" + alpha, "00" + alpha, alpha[1:], alpha + "00", " " + alpha, alpha[:-1] + "\\u0030",
        str(int(alpha, 16)),
        "F" * 64, "0" * 64, alpha[:30] + "_" + alpha[31:], f"{TOY.p:064X}", f"{TOY.p - 1:064X}",
    ):  # fmt: skip
        changed = content.replace(alpha.encode(), other.encode(), 1)
        assert changed != content
        with pytest.raises(FormatError):
            from_json(EncryptedBallot, changed, TOY)


# CR-08: outside the subgroup


def test_cr08_minus_alpha_would_pass_every_equation_and_is_refused_where_it_is_read(toy: Ceremony) -> None:
    """With even challenges (−α)^c = α^c, which is a matter of a few tries; the tally that holds −α could not be decrypted."""
    election = toy.election
    key = election.vote_encryption_key
    ballot, _ = a_ballot(election, YES)
    H = ballot.identifier_hash

    def minus(x: Element) -> Element:
        return Element(TOY, (TOY.p - x.value) % TOY.p)

    for _ in range(200):
        xi = X()
        true = any_encryption(1, xi, key)
        wrong = Ciphertext(minus(true.alpha), true.beta)
        statement = partial(hashing.range_challenge, H, 1, 1, wrong.alpha, wrong.beta)
        proof = best_range_proof(1, xi, 2, key, statement)
        if all(branch.challenge.value % 2 == 0 for branch in proof):
            break
    verify_range(proof, wrong, 1, key, statement, "the twin that builds Elements without a check")
    pair = OptionCiphertext(wrong.alpha, wrong.beta)
    contest = ballot.contests[0][1]
    content = to_json(with_contest(ballot, election, 1, ciphertexts=(pair, *contest.ciphertexts[1:])))
    with pytest.raises(FormatError, match="subgroup"):
        from_json(EncryptedBallot, content, TOY)


@pytest.mark.parametrize("where", ["alpha", "beta", "c_0"])
@pytest.mark.parametrize("value", [0, 1 - TOY.p, TOY.p - 1, TOY.p, TOY.p + 1, "minus", "order (p-1)/2q", "random"])
def test_cr08_nothing_outside_the_subgroup_is_read(toy: Ceremony, where: str, value: Any) -> None:
    ballot, _ = a_ballot(toy.election, YES)
    first = ballot.contests[0][1].ciphertexts[0]
    good = {"alpha": first.alpha, "beta": first.beta, "c_0": ballot.nonce.c_0}[where]
    number = {
        "minus": TOY.p - int(good.value),
        "order (p-1)/2q": pow(5, 2 * TOY.q, TOY.p),
        "random": next(x for x in range(10**9, 10**9 + 99) if pow(x, TOY.q, TOY.p) != 1),
    }.get(value, value)
    content = to_json(ballot).replace(good.to_bytes().hex().upper().encode(), f"{number % 2**256:064X}".encode())
    with pytest.raises(FormatError):
        from_json(EncryptedBallot, content, TOY)


# CR-25, CR-26


@pytest.mark.parametrize("value", [-1, 2, TOY.q - 1, 10**6])
def test_cr26_no_other_value_than_the_manifest_allows_is_accepted(toy: Ceremony, monkeypatch: pytest.MonkeyPatch, value: int) -> None:
    forged = forged_ballot(toy.election, {1: (value, 0, 0)})
    with pytest.raises(ProofError, match=r"6\.D"):
        verify_ballot(forged, toy.election)
    with without(monkeypatch, ballot_module, "verify_range"):
        verify_ballot(forged, toy.election)


@pytest.mark.parametrize("values", [(1, 1, 0), (1, 1, 1), (0, 1, 1)])
def test_cr26_valid_options_above_the_limit_are_refused(toy: Ceremony, values: tuple[int, ...]) -> None:
    with pytest.raises(ProofError, match=r"7\.D"):
        verify_ballot(forged_ballot(toy.election, {1: values}), toy.election)


def test_cr26_minus_one_here_and_two_there_is_refused_though_the_sum_is_right(toy: Ceremony) -> None:
    with pytest.raises(ProofError, match=r"6\.D"):
        verify_ballot(forged_ballot(toy.election, {1: (2, -1, 0)}), toy.election)


def test_cr26_four_of_three_are_refused(toy: Ceremony) -> None:
    with pytest.raises(ProofError, match=r"7\.D"):
        verify_ballot(forged_ballot(toy.election, {1: YES, 2: (1, 1, 1, 1, 0, 0, 0)}), toy.election)


def test_cr02_cr26_the_tools_of_the_attacker_make_good_ballots_where_nothing_is_wrong(toy: Ceremony) -> None:
    verify_ballot(forged_ballot(toy.election, {1: YES, 2: (1, 1, 1, 0, 0, 0, 0)}), toy.election)
    verify_ballot(repaired(a_ballot(toy.election, YES)[0], toy.election), toy.election)


# CR-41, CR-42: tallies


@pytest.mark.parametrize("text", ["-1", "1.0", '"3"', "true", "null", "1e3", str(10**30), str(TOY.q + 7), str(7 - TOY.q), str(2**53),
"007"])
def test_cr41_a_tally_that_is_no_small_integer_is_not_read(text: str) -> None:
    option = DecryptedOption("No", OptionCiphertext(g, g), 424242, g, Proof(S, S))
    content = to_json(option)
    assert from_json(DecryptedOption, content, TOY) == option
    with pytest.raises(FormatError):
        from_json(DecryptedOption, content.replace(b"424242", text.encode()), TOY)


@pytest.mark.parametrize("shift", [TOY.q, -TOY.q])
def test_cr41_a_tally_shifted_by_q_does_not_pass(statement: Statement, shift: int) -> None:
    good = honest(statement)
    key = statement.election.vote_encryption_key
    assert key ** TOY.scalar((good.tally + shift) % TOY.q) == good.decrypted_value  # all that 10.C asks
    with pytest.raises(ProofError, match=r"10\.C"):
        verify_tally_proof(replace(good, tally=good.tally + shift), 1, 2, statement.election)


def test_cr42_a_decryption_proof_is_not_used_again_elsewhere(toy: Ceremony, other: Ceremony, ballots: Ballots) -> None:
    strike, executive = decrypt(toy.key_shares[:3], ballots.found.tally, toy.election).contests
    first, second = strike.options[:2]
    verify_tally_proof(first, 1, 1, toy.election)
    for option, contest, index, election in (
        (first, 1, 2, toy.election),  # as another option
        (first, 2, 1, toy.election),  # in another contest
        (first, 1, 1, other.election),  # in another election
        (replace(first, proof=second.proof), 1, 1, toy.election),  # with another's proof
        (replace(first, proof=executive.options[0].proof), 1, 1, toy.election),
    ):
        with pytest.raises(ProofError, match=r"10\.B"):
            verify_tally_proof(option, contest, index, election)
