"""The public half of the decryption: guardians' messages, checking and combining them, naming a culprit (§3.6)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from engine import hashing
from engine.ballot import EncryptedBallot, OpenedBallot, OptionCiphertext
from engine.discrete_log import NoLogarithm, discrete_log
from engine.encoding import MEDIUM, member
from engine.errors import CeremonyError, ProofError, QuorumError
from engine.group import Element, Group, Scalar
from engine.opening import open_ballot
from engine.parameters import Election
from engine.proofs import Proof, verify_equality
from engine.signed_elgamal import decrypt_ballot_nonce, verify_ballot_nonce
from engine.tally import EncryptedTally


@dataclass(frozen=True, slots=True)
class CommitmentHashes:
    """Round 1 of guardian `guardian`: d_i (88) for each option of each contest, 32 bytes each."""

    guardian: int = member("i")
    hashes: tuple[tuple[bytes, ...], ...] = member("d", length=32)


@dataclass(frozen=True, slots=True)
class PartialDecryption:
    """(a_i, b_i, M_i) for one option (84), (87)."""

    a: Element = member()
    b: Element = member()
    m: Element = member()


@dataclass(frozen=True, slots=True)
class PartialDecryptions:
    """Round 2: the values whose hashes went before, for each option of each contest."""

    guardian: int = member("i")
    contests: tuple[tuple[PartialDecryption, ...], ...] = member()


@dataclass(frozen=True, slots=True)
class Responses:
    """Round 3: v_i (92) for each option of each contest."""

    guardian: int = member("i")
    responses: tuple[tuple[Scalar, ...], ...] = member("v")


@dataclass(frozen=True, slots=True)
class NonceShare:
    """m_i (107) for the ballot nonce of one challenged ballot, with a proof that it is C_0^ẑ_i."""

    ballot_id: str = member()
    m: Element = member()
    proof: Proof = member()


@dataclass(frozen=True, slots=True)
class NonceShares:
    """Guardian `guardian`'s partial decryptions of the nonces of all challenged ballots, in their order."""

    guardian: int = member("i")
    ballots: tuple[NonceShare, ...] = member()


@dataclass(frozen=True, slots=True)
class DecryptedOption:
    """An option's tally as published (record-format.md, 2.9)."""

    label: str = member()
    encrypted: OptionCiphertext = member("encrypted_tally")
    tally: int = member(below=MEDIUM)
    decrypted_value: Element = member()
    proof: Proof = member()


@dataclass(frozen=True, slots=True)
class DecryptedContest:
    """A contest's tally as published."""

    index: int = member("contest_ix")
    label: str = member()
    options: tuple[DecryptedOption, ...] = member()


@dataclass(frozen=True, slots=True)
class DecryptedTally:
    """The published tally: every contest and option of the manifest."""

    contests: tuple[DecryptedContest, ...] = member()


def shape(election: Election) -> list[tuple[int, int]]:
    """Index and number of options of every contest of the manifest: what every tally and every guardian's message has."""
    return [(contest.index, len(contest.options)) for contest in election.manifest.contests]


def check_guardians(guardians: Iterable[int], election: Election) -> tuple[int, ...]:
    """The set U of available guardians, ascending. Raises QuorumError unless they exist, each once, and are at least k."""
    U = tuple(guardians)
    n, k = election.parameters.guardian_count, election.parameters.quorum
    if list(U) != sorted(set(U)) or not U or not 1 <= U[0] <= U[-1] <= n:
        raise QuorumError(f"expected guardians from 1 to {n}, ascending, each once")
    if len(U) < k:
        raise QuorumError(f"{k} guardians are needed, only {len(U)} are there")
    return U


def lagrange_coefficient(guardian: int, guardians: Iterable[int], group: Group) -> Scalar:
    """w_i (85) for guardian i in U, mod q."""
    w = group.scalar(1)
    for other in guardians:
        if other != guardian:
            w = w * group.scalar(other % group.q) * group.scalar((other - guardian) % group.q).inverse()
    return w


def check_revealed(hashes: CommitmentHashes, revealed: PartialDecryptions, tally: EncryptedTally, U: Iterable[int], H_E: bytes) -> None:
    """That every (a_i, b_i, M_i) fits the d_i sent before it (88). Raises CeremonyError naming the guardian (CR-21)."""
    i = revealed.guardian
    if hashes.guardian != i or [len(each) for each in revealed.contests] != [len(each.options) for each in tally.contests]:
        raise CeremonyError(f"guardian {i}: its partial decryptions are not those of this tally", i)
    if [len(each) for each in hashes.hashes] != [len(each.options) for each in tally.contests]:
        raise CeremonyError(f"guardian {i}: its commitment hashes are not those of this tally", i)
    for contest, contest_hashes, values in zip(tally.contests, hashes.hashes, revealed.contests, strict=True):
        for option, (AB, d_i, value) in enumerate(zip(contest.options, contest_hashes, values, strict=True), 1):
            d = hashing.tally_commitment(H_E, contest.index, option, i, AB.alpha, AB.beta, value.a, value.b, value.m, U)
            if d != d_i:
                raise CeremonyError(f"guardian {i}, contest {contest.index}, option {option}: (88) differs from what it committed to", i)


def combined(revealed: Sequence[PartialDecryptions], contest: int, option: int, group: Group) -> tuple[Element, Element, Element]:
    """(M, a, b) of one option (86), (89); `contest` and `option` are positions from 0."""
    U = [each.guardian for each in revealed]
    values = [each.contests[contest][option] for each in revealed]
    M = group.product(value.m ** lagrange_coefficient(i, U, group) for i, value in zip(U, values, strict=True))
    return M, group.product(value.a for value in values), group.product(value.b for value in values)


def challenge(
    revealed: Sequence[PartialDecryptions], tally: EncryptedTally, contest: int, option: int, election: Election
) -> tuple[Scalar, Element]:
    """(c, M) of one option (90); `contest` and `option` are positions from 0."""
    M, a, b = combined(revealed, contest, option, election.group)
    AB, index = tally.contests[contest].options[option], tally.contests[contest].index
    return hashing.tally_challenge(election.extended_base_hash, index, option + 1, AB.alpha, AB.beta, a, b, M), M


def combine(
    tally: EncryptedTally, revealed: Sequence[PartialDecryptions], responses: Sequence[Responses], election: Election
) -> DecryptedTally:
    """The decrypted tally with its proofs (93), (82), and every t.

    Raises QuorumError if too few guardians took part, and CeremonyError naming the guardian whose response does not fit (Note 3.7): every
    response is checked against the guardian's own commitments, so that no wrong one can hide behind the others.
    """
    U = check_guardians([each.guardian for each in revealed], election)
    if [each.guardian for each in responses] != list(U):
        raise QuorumError("responses and partial decryptions are not from the same guardians")
    if [(contest.index, len(contest.options)) for contest in tally.contests] != shape(election):
        raise ProofError("the tally has not the contests and options of the manifest (X18)")
    options_of = [len(contest.options) for contest in tally.contests]
    for values, answer in zip(revealed, responses, strict=True):
        if [len(each) for each in values.contests] != options_of:
            raise CeremonyError(f"guardian {values.guardian}: its partial decryptions are not those of this tally", values.guardian)
        if [len(each) for each in answer.responses] != options_of:
            raise CeremonyError(f"guardian {answer.guardian}: its responses are not those of this tally", answer.guardian)
    contests = []
    keys = {i: election.vote_verification_key(i) for i in U}
    for position, contest in enumerate(tally.contests):
        manifest, options = election.manifest.contest(contest.index), []
        for place, (AB, option) in enumerate(zip(contest.options, manifest.options, strict=True)):
            c, M = challenge(revealed, tally, position, place, election)
            _check_responses(AB.alpha, c, revealed, responses, position, place, keys)
            v = sum((each.responses[position][place] for each in responses), start=election.group.scalar(0))  # (93)
            T = AB.beta * M.inverse()  # (82)
            bound = option.selection_limit * contest.ballots
            try:
                t = discrete_log(T, election.vote_encryption_key, bound)
            except NoLogarithm as error:
                raise ProofError(f"contest {contest.index}, option {option.index}: {error}") from None
            options.append(DecryptedOption(option.label, AB, t, T, Proof(c, v)))
        contests.append(DecryptedContest(contest.index, manifest.label, tuple(options)))
    return DecryptedTally(tuple(contests))


def _check_responses(
    A: Element, c: Scalar, revealed: Sequence[PartialDecryptions], responses: Sequence[Responses], contest: int, option: int,
    keys: dict[int, Element],
) -> None:
    g, U = A.group.g, [each.guardian for each in revealed]
    for values, answer in zip(revealed, responses, strict=True):
        i, value, v_i = values.guardian, values.contests[contest][option], answer.responses[contest][option]
        c_i = c * lagrange_coefficient(i, U, A.group)  # (91)
        if g**v_i * keys[i] ** c_i != value.a or A**v_i * value.m**c_i != value.b:  # (94), (95)
            raise CeremonyError(f"guardian {i}, contest {contest + 1}, option {option + 1}: its response does not fit (Note 3.7)", i)


def verify_tally_proof(option: DecryptedOption, contest: int, index: int, election: Election) -> None:
    """Verification 10 for one option: (10.1) to (10.3), 10.B, 10.C; a tally outside 0 .. q - 1 fails. Raises ProofError."""
    A, B, T, K, g = option.encrypted.alpha, option.encrypted.beta, option.decrypted_value, election.vote_encryption_key, election.group.g
    c, v = option.proof.challenge, option.proof.response
    M = B * T.inverse()
    if c != hashing.tally_challenge(election.extended_base_hash, contest, index, A, B, g**v * K**c, A**v * M**c, M):
        raise ProofError(f"contest {contest}, option {index}: (10.B) the decryption proof does not fit")
    if not 0 <= option.tally < election.group.q or K ** election.group.scalar(option.tally) != T:
        raise ProofError(f"contest {contest}, option {index}: (10.C) T is not K^t")


def verify_nonce_share(share: NonceShare, guardian: int, ballot: EncryptedBallot, election: Election) -> None:
    """That m_i = C_0^ẑ_i for this ballot. Raises CeremonyError naming the guardian."""
    C, key = ballot.nonce, election.data_verification_key(guardian)
    statement = partial(hashing.nonce_share_challenge, ballot.identifier_hash, guardian, C.c_0, C.c_1, key, share.m)
    try:
        if share.ballot_id != ballot.ballot_id:
            raise ProofError("it is for another ballot")
        verify_equality(share.proof, C.c_0, key, share.m, statement, "partial decryption of a ballot nonce")
    except ProofError as error:
        raise CeremonyError(f"guardian {guardian}, ballot {ballot.ballot_id}: {error}", guardian) from None


def open_challenged(ballots: Sequence[EncryptedBallot], shares: Sequence[NonceShares], election: Election) -> tuple[OpenedBallot, ...]:
    """Opens every challenged ballot: checks each guardian's partial decryption, combines them (108), derives the nonces (§3.6.7).

    Raises CeremonyError naming a guardian, or ProofError naming a ballot that its own encrypted nonce does not open.
    """
    U = check_guardians([each.guardian for each in shares], election)
    for each in shares:
        if len(each.ballots) != len(ballots):
            raise CeremonyError(f"guardian {each.guardian}: expected {len(ballots)} nonce shares, got {len(each.ballots)}", each.guardian)
    opened = []
    for position, ballot in enumerate(ballots):
        verify_ballot_nonce(ballot.nonce, ballot.identifier_hash)
        factors = []
        for each in shares:
            verify_nonce_share(each.ballots[position], each.guardian, ballot, election)
            factors.append(each.ballots[position].m ** lagrange_coefficient(each.guardian, U, election.group))
        beta = election.group.product(factors)
        try:
            opened.append(open_ballot(ballot, decrypt_ballot_nonce(ballot.nonce, ballot.identifier_hash, beta), election))
        except ProofError as error:
            raise ProofError(f"challenged ballot {ballot.ballot_id}: {error}") from None
    return tuple(opened)

