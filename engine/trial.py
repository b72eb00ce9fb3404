"""The trial decryption before the opening, its public half: what is decrypted, checking and combining answers (protocol.md).

What is decrypted follows from a seed and H_E alone, nonce and content too: it can be no ballot, whoever chooses the seed, and whoever sees
M_i could have computed it from g^z_i. An answer is worth something by its proof, which only who can read both shares can make.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from engine import hashing
from engine.decryption import check_guardians, lagrange_coefficient
from engine.elgamal import Ciphertext
from engine.encoding import member
from engine.errors import CeremonyError, ProofError
from engine.group import Element
from engine.parameters import Election
from engine.proofs import GroupedProof, verify_equal_and_known

MEDIUM, COPY = "medium", "copy"
SOURCES = (MEDIUM, COPY)
"""Where a guardian has read its key share: from the medium that it is kept on, and from the backup copy of that."""
_LARGEST = 1000


@dataclass(frozen=True, slots=True)
class TrialRequest:
    """What the scrutineer asks for: `seed` has 32 random bytes."""

    seed: bytes = member(length=32)


@dataclass(frozen=True, slots=True)
class TrialAnswer:
    """Guardian `guardian`'s M_i = A^z_i, read from `source`; proved with v_0 for z_i and v_1 for ẑ_i."""

    guardian: int = member("i")
    source: str = member()
    m: Element = member()
    proof: GroupedProof = member()


def trial_ciphertext(request: TrialRequest, election: Election) -> tuple[Ciphertext, int]:
    """(A, B) = (g^r, K^r · K^t), and t from 1 to 1000: all of it public."""
    group, K, H_E = election.group, election.vote_encryption_key, election.extended_base_hash
    r = hashing.trial_nonce(group, H_E, request.seed)
    t = 1 + int.from_bytes(hashing.trial_tally(H_E, request.seed), "big") % _LARGEST
    return Ciphertext(group.g**r, K**r * K ** group.scalar(t)), t


def verify_trial_answer(answer: TrialAnswer, guardian: int, source: str, request: TrialRequest, election: Election) -> None:
    """That guardian `guardian` could read z_i and ẑ_i from `source` when it answered this request. Raises CeremonyError naming it."""
    where = f"guardian {guardian}, trial decryption from the {source}"
    if (answer.guardian, answer.source) != (guardian, source) or source not in SOURCES:
        raise CeremonyError(f"{where}: this is another guardian's answer, or from another source", guardian)
    A = trial_ciphertext(request, election)[0].alpha
    key, data_key = election.vote_verification_key(guardian), election.data_verification_key(guardian)
    number = SOURCES.index(source) + 1
    statement = partial(hashing.trial_challenge, election.extended_base_hash, guardian, request.seed, number, key, data_key, A, answer.m)
    try:
        verify_equal_and_known(answer.proof, A, key, answer.m, data_key, statement, where)
    except ProofError as error:
        raise CeremonyError(str(error), guardian) from None


def combine_trial(answers: Sequence[TrialAnswer], request: TrialRequest, election: Election) -> int:
    """t, from the answers of k guardians or more, each verified before. Raises QuorumError for fewer, ProofError if another t comes out."""
    U = check_guardians([each.guardian for each in answers], election)
    ciphertext, t = trial_ciphertext(request, election)
    M = election.group.product(each.m ** lagrange_coefficient(each.guardian, U, election.group) for each in answers)
    K = election.vote_encryption_key
    if ciphertext.beta * M.inverse() != K ** election.group.scalar(t):
        raise ProofError("trial decryption: what the guardians decrypted together is not what was encrypted")
    return t
