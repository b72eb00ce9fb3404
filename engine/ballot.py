"""Ballots: encrypt choices with every proof, check a received ballot (§3.3).

Secrets pass through here: choices and nonces.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, islice

from engine import hashing
from engine.confirmation import confirmation_code, contest_hash
from engine.elgamal import Ciphertext, multiply
from engine.encoding import member
from engine.errors import GroupError, ProofError, SelectionError
from engine.group import Element, Group, Scalar
from engine.manifest import Contest, Option
from engine.parameters import Election
from engine.proofs import Challenge, Proof, RangeDraw, answer_range, draw_range, pairwise, verify_range
from engine.signed_elgamal import SignedCiphertext, encrypt_ballot_nonce, verify_ballot_nonce

CAST, CHALLENGED, DISCOUNTED = "Cast", "Challenged", "Discounted"
DEVICE = 1


@dataclass(frozen=True, slots=True)
class Selections:
    """A voter's choices: for each contest of ballot style `style`, ascending, one number for each option in the manifest's order."""

    style: int
    choices: tuple[tuple[int, ...], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class OptionCiphertext:
    """(α, β) of one option as it stands in a ballot."""

    alpha: Element = member()
    beta: Element = member()


@dataclass(frozen=True, slots=True)
class EncryptedContest:
    """A contest of a ballot: ciphertexts, a range proof for each, the limit proof, the spoil proof where one is needed, and χ."""

    ciphertexts: tuple[OptionCiphertext, ...] = member()
    range_proofs: tuple[tuple[Proof, ...], ...] = member("proof_ballot_correctness")
    limit_proof: tuple[Proof, ...] = member("proof_selection_limit")
    spoil_proof: tuple[Proof, ...] | None = member("proof_spoil")
    contest_hash: bytes = member(length=32)

    def pairs(self) -> list[Ciphertext]:
        """The ciphertexts, in the manifest's order of options."""
        return [Ciphertext(each.alpha, each.beta) for each in self.ciphertexts]


@dataclass(frozen=True, slots=True)
class EncryptedBallot:
    """A ballot as received (`state` None) or as published. `contests` are (contest index, contest), ascending."""

    ballot_id: str = member()
    state: str | None = member("ballot_state")
    style: int = member("ballot_style_ix")
    device: int = member("device_ix")
    selection_encryption_identifier: bytes = member("id_b", length=32)
    identifier_hash: bytes = member("h_i", length=32)
    contests: tuple[tuple[int, EncryptedContest], ...] = member(keyed=True)
    nonce: SignedCiphertext = member("ballot_nonce_ciphertext")
    chaining_field: bytes = member(length=36)
    confirmation_code: bytes = member(length=32)

    def with_state(self, state: str) -> "EncryptedBallot":
        """The same ballot, published as Cast, Challenged or Discounted."""
        return replace(self, state=state)


@dataclass(frozen=True, slots=True)
class OpenedOption:
    """A selection σ with its encryption nonce ξ_i,j."""

    label: str = member()
    value: int = member()
    nonce: Scalar = member()


@dataclass(frozen=True, slots=True)
class OpenedContest:
    """A contest of an opened ballot."""

    index: int = member("contest_ix")
    label: str = member()
    options: tuple[OpenedOption, ...] = member()


@dataclass(frozen=True, slots=True)
class OpenedBallot:
    """What is published of a challenged ballot: every selection with its nonce, never ξ_B itself (§3.6.7)."""

    ballot_id: str = member()
    contests: tuple[OpenedContest, ...] = member()


@dataclass(frozen=True, slots=True)
class Opening:
    """What a voter's program keeps until cast or challenged: choices, ξ_B and the nonce that encrypts it. A secret until challenged."""

    choices: tuple[tuple[int, ...], ...] = field(repr=False, metadata={"name": "choices"})
    ballot_nonce: bytes = field(repr=False, metadata={"name": "ballot_nonce", "length": 32})
    encryption_nonce: Scalar = field(repr=False, metadata={"name": "encryption_nonce"})


def new_ballot_nonce() -> bytes:
    """A fresh ξ_B: 256 random bits from the operating system (§3.3.3)."""
    return secrets.token_bytes(32)


def encrypt_ballot(selections: Selections, election: Election, ballot_nonce: bytes) -> tuple[EncryptedBallot, Opening]:
    """A complete ballot for `selections`, under a fresh identifier id_B, with all nonces derived from `ballot_nonce` (33).

    Raises SelectionError if the manifest does not allow the choices: nothing invalid is ever encrypted.
    """
    style = election.manifest.ballot_style(selections.style)
    if len(selections.choices) != len(style.contests):
        raise SelectionError(f"expected choices for {len(style.contests)} contests, got {len(selections.choices)}")
    identifier = secrets.token_bytes(32)
    H_I = hashing.identifier_hash(election.extended_base_hash, identifier)
    group, K = election.group, election.vote_encryption_key
    drawn = []
    for index, choices in zip(style.contests, selections.choices, strict=True):
        drawn.append(_draw_contest(choices, election.manifest.contest(index), H_I, ballot_nonce, group))
    of_g = iter(group.g.powers([exponent for each in drawn for exponent in each.exponents_of_g()]))
    of_K = iter(K.powers([exponent for each in drawn for exponent in each.exponents_of_K()]))
    contests = tuple((each.contest.index, _prove_contest(each, of_g, of_K, H_I)) for each in drawn)
    code = confirmation_code([contest.contest_hash for _, contest in contests], H_I, election)
    xi = group.random_scalar()
    nonce = encrypt_ballot_nonce(ballot_nonce, H_I, election.ballot_data_encryption_key, xi)
    name = code.hex().upper()
    ballot = EncryptedBallot(name, None, style.index, DEVICE, identifier, H_I, contests, nonce, election.chaining_field, code)
    return ballot, Opening(selections.choices, ballot_nonce, xi)


def check_selections(choices: Sequence[int], contest: Contest) -> None:
    """That the manifest allows these choices in this contest. Raises SelectionError in words for the voter's program."""
    if len(choices) != len(contest.options):
        raise SelectionError(f"contest {contest.index}: expected {len(contest.options)} choices, got {len(choices)}")
    for choice, option in zip(choices, contest.options, strict=True):
        if not 0 <= choice <= option.selection_limit:
            raise SelectionError(f"contest {contest.index}, option {option.index}: expected 0 to {option.selection_limit}")
    if sum(choices) > contest.selection_limit:
        raise SelectionError(f"contest {contest.index}: at most {contest.selection_limit} may be chosen")
    if contest.spoil and choices[-1] and sum(choices) > 1:
        raise SelectionError(f"contest {contest.index}: the spoil option rejects all others, so it stands alone")


@dataclass(frozen=True, slots=True)
class _DrawnContest:
    """A contest before anything is computed: choices, nonces, and what the proofs of the options, the limit and the spoil option draw.

    All powers that a ballot needs are known by then, and computed together. Secret.
    """

    contest: Contest
    choices: Sequence[int] = field(repr=False)
    nonces: Sequence[Scalar]
    draws: Sequence[RangeDraw]

    def exponents_of_g(self) -> list[Scalar]:
        """ξ of each option (31), then u_j of each branch (57)."""
        return [*self.nonces, *(u_j for draw in self.draws for u_j in draw.u)]

    def exponents_of_K(self) -> list[Scalar]:
        """σ + ξ of each option (31), then t_j of each branch (58)."""
        scalar = self.nonces[0].group.scalar
        blinded = (scalar(choice) + xi for choice, xi in zip(self.choices, self.nonces, strict=True))
        return [*blinded, *(t_j for draw in self.draws for t_j in draw.t)]


def _draw_contest(choices: Sequence[int], contest: Contest, H_I: bytes, ballot_nonce: bytes, group: Group) -> _DrawnContest:
    check_selections(choices, contest)
    nonces = [hashing.encryption_nonce(group, H_I, contest.index, option.index, ballot_nonce) for option in contest.options]
    if any(xi.value == 0 for xi in nonces):
        raise GroupError("the encryption nonce is 0")  # it would show σ
    L, zero, spoil_nonce = contest.selection_limit, group.scalar(0), nonces[-1]
    draws = [draw_range(choice, xi, option.selection_limit) for choice, xi, option in zip(choices, nonces, contest.options, strict=True)]
    draws.append(draw_range(sum(choices), sum(nonces, start=zero), L))
    if contest.needs_spoil_proof:
        weighted = sum(choices[:-1]) + L * choices[-1]
        draws.append(draw_range(weighted, sum(nonces[:-1], start=group.scalar(L) * spoil_nonce), L))
    return _DrawnContest(contest, choices, nonces, draws)


def _prove_contest(drawn: _DrawnContest, of_g: Iterator[Element], of_K: Iterator[Element], H_I: bytes) -> EncryptedContest:
    contest, size = drawn.contest, len(drawn.choices)
    ciphertexts = [Ciphertext(alpha, beta) for alpha, beta in zip(islice(of_g, size), islice(of_K, size), strict=True)]
    proofs = []
    for draw, challenge in zip(drawn.draws, _challenges(ciphertexts, contest, H_I), strict=True):
        branches = len(draw.u)
        proofs.append(answer_range(draw, pairwise(islice(of_g, branches), islice(of_K, branches)), challenge))
    spoil_proof = proofs[size + 1] if contest.needs_spoil_proof else None
    pairs = tuple(OptionCiphertext(each.alpha, each.beta) for each in ciphertexts)
    return EncryptedContest(pairs, tuple(proofs[:size]), proofs[size], spoil_proof, contest_hash(ciphertexts, contest.index, H_I))


def _challenges(ciphertexts: Sequence[Ciphertext], contest: Contest, H_I: bytes) -> list[Challenge]:
    """The challenges of the options' proofs, of the limit proof and, where there is one, of the spoil proof."""
    total = multiply(ciphertexts, ciphertexts[0].alpha.group)
    challenges = [_range_challenge(H_I, contest, option, each) for option, each in zip(contest.options, ciphertexts, strict=True)]
    challenges.append(_limit_challenge(H_I, contest, total))
    if contest.needs_spoil_proof:
        challenges.append(_spoil_challenge(H_I, contest, spoil_ciphertext(ciphertexts, contest)))
    return challenges


def spoil_ciphertext(ciphertexts: Sequence[Ciphertext], contest: Contest) -> Ciphertext:
    """(α*, β*): encrypts (sum of the other options) + L·(spoil) (record-format.md, 2.7). The spoil option is the last."""
    return multiply([*ciphertexts[:-1], *[ciphertexts[-1]] * contest.selection_limit], ciphertexts[0].alpha.group)


def _range_challenge(H_I: bytes, contest: Contest, option: Option, ciphertext: Ciphertext) -> Challenge:
    return partial(hashing.range_challenge, H_I, contest.index, option.index, ciphertext.alpha, ciphertext.beta)


def _limit_challenge(H_I: bytes, contest: Contest, total: Ciphertext) -> Challenge:
    return partial(hashing.limit_challenge, H_I, contest.index, total.alpha, total.beta)


def _spoil_challenge(H_I: bytes, contest: Contest, weighted: Ciphertext) -> Challenge:
    return partial(hashing.spoil_challenge, H_I, contest.index, len(contest.options), weighted.alpha, weighted.beta)


def verify_ballot(ballot: EncryptedBallot, election: Election) -> list[Element]:
    """Everything about one ballot that can be checked on its own: Verifications 5.B, 6, 7, 8, X2, X3, X6, X16, X17. Raises ProofError.

    Answers the commitments of all proofs as it computed them, in the order of a file of hints. Cheapest checks come first. That no other
    ballot has its identifier or code is for whoever keeps the ballots.
    """
    manifest = election.manifest
    H_I = hashing.identifier_hash(election.extended_base_hash, ballot.selection_encryption_identifier)
    if not 1 <= ballot.style <= len(manifest.ballot_styles):
        raise ProofError(f"there is no ballot style {ballot.style} (X2)")
    if tuple(index for index, _ in ballot.contests) != manifest.ballot_style(ballot.style).contests:
        raise ProofError("the contests are not those of the ballot style (X2)")
    if ballot.device != DEVICE or ballot.chaining_field != election.chaining_field:
        raise ProofError("the chaining field is not that of the one device (8.D)")
    if ballot.identifier_hash != H_I:
        raise ProofError("the identifier hash is not the hash of the identifier (5.B)")
    for index, contest in ballot.contests:
        _check_shape(contest, manifest.contest(index))
        if contest.contest_hash != contest_hash(contest.pairs(), index, H_I):
            raise ProofError(f"contest {index}: the contest hash does not fit (8.A)")
    if ballot.confirmation_code != confirmation_code([contest.contest_hash for _, contest in ballot.contests], H_I, election):
        raise ProofError("the confirmation code does not fit (8.B)")
    if ballot.ballot_id != ballot.confirmation_code.hex().upper():
        raise ProofError("ballot_id is not the confirmation code (X17)")
    alphas = nonce_commitments(ballot)
    if election.group.one in alphas or len(set(alphas)) != len(alphas):
        raise ProofError("an encryption nonce is 0 or used twice (CR-09)")
    a = verify_ballot_nonce(ballot.nonce, H_I)
    commitments = [_verify_contest(contest, manifest.contest(index), election, H_I) for index, contest in ballot.contests]
    return [*chain.from_iterable(commitments), a]


def nonce_commitments(ballot: EncryptedBallot) -> list[Element]:
    """g^ξ for every nonce ξ of a ballot: α of every option, and C_0 of the encrypted ballot nonce. None may be 1 or occur twice (CR-09)."""
    return [*(option.alpha for _, contest in ballot.contests for option in contest.ciphertexts), ballot.nonce.c_0]


def _check_shape(contest: EncryptedContest, manifest: Contest) -> None:
    where = f"contest {manifest.index}"
    if not len(contest.ciphertexts) == len(contest.range_proofs) == len(manifest.options):
        raise ProofError(f"{where}: the options are not the manifest's (X2)")
    for option, proof in zip(manifest.options, contest.range_proofs, strict=True):
        if len(proof) != option.selection_limit + 1:
            raise ProofError(f"{where}, option {option.index}: expected {option.selection_limit + 1} branches, got {len(proof)} (X3)")
    if len(contest.limit_proof) != manifest.selection_limit + 1:
        raise ProofError(f"{where}: expected {manifest.selection_limit + 1} branches, got {len(contest.limit_proof)} (X3)")
    if (contest.spoil_proof is not None) != manifest.needs_spoil_proof:
        raise ProofError(f"{where}: the spoil proof is missing, or there is one where none belongs (X3)")


def _verify_contest(contest: EncryptedContest, manifest: Contest, election: Election, H_I: bytes) -> list[Element]:
    K, where, ciphertexts = election.vote_encryption_key, f"contest {manifest.index}", contest.pairs()
    commitments = []
    for option, ciphertext, proof in zip(manifest.options, ciphertexts, contest.range_proofs, strict=True):
        challenge = _range_challenge(H_I, manifest, option, ciphertext)
        place = f"{where}, option {option.index}: range proof (6.D)"
        commitments += verify_range(proof, ciphertext, option.selection_limit, K, challenge, place)
    total, L = multiply(ciphertexts, election.group), manifest.selection_limit
    commitments += verify_range(contest.limit_proof, total, L, K, _limit_challenge(H_I, manifest, total), f"{where}: limit proof (7.D)")
    if contest.spoil_proof is not None:
        weighted = spoil_ciphertext(ciphertexts, manifest)
        spoil_statement = _spoil_challenge(H_I, manifest, weighted)
        commitments += verify_range(contest.spoil_proof, weighted, L, K, spoil_statement, f"{where}: spoil proof (X16)")
    return commitments
