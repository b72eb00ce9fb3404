"""Zero-knowledge proofs: knowledge of secrets, ranges, equal logarithms (§3.2.2, §3.3.7, §3.6.5).

`prove_*` makes one, `verify_*` raises ProofError.

A challenge is always computed by a function of `engine.hashing` that the caller passes, bound to everything the proof is about.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from engine.elgamal import Ciphertext
from engine.encoding import member
from engine.errors import ProofError
from engine.group import Element, Scalar

Challenge = Callable[[Sequence[Element]], Scalar]
"""From commitments to the challenge c."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A challenge c and a response v; one branch of a range proof."""

    challenge: Scalar = member("c")
    response: Scalar = member("v")


@dataclass(frozen=True, slots=True)
class GroupedProof:
    """One challenge c and responses v_0 … v_k for the k coefficients and the communication key (§3.2.2)."""

    challenge: Scalar = member("c")
    responses: tuple[Scalar, ...] = member("v")


def prove_knowledge(secrets: Sequence[Scalar], challenge: Challenge) -> GroupedProof:
    """Knowledge of every secret x_j with X_j = g^x_j: (10), (11) and the responses v_j = u_j − c·x_j. Guardians' secrets."""
    group = secrets[0].group
    u = [group.random_scalar() for _ in secrets]
    c = challenge([group.g.secret_power(u_j) for u_j in u])
    return GroupedProof(c, tuple(u_j - c * x_j for u_j, x_j in zip(u, secrets, strict=True)))


def verify_knowledge(proof: GroupedProof, publics: Sequence[Element], challenge: Challenge, where: str) -> None:
    """Verification 2 (§3.2.2): (2.1) to (2.4) h_j = g^v_j · X_j^c, then (2.C). Raises ProofError."""
    if len(proof.responses) != len(publics):
        raise ProofError(f"{where}: expected {len(publics)} responses, got {len(proof.responses)}")
    g, c = publics[0].group.g, proof.challenge
    if c != challenge([g**v_j * X_j**c for v_j, X_j in zip(proof.responses, publics, strict=True)]):
        raise ProofError(f"{where}: (2.C) the challenge does not fit")


@dataclass(frozen=True, slots=True)
class RangeDraw:
    """What is drawn for one range proof before anything is hashed, so that the powers of many proofs can be computed together. Secret.

    `u` are the exponents of g in a_j (57), `t` those of K in b_j (58), `faked` the c_j of the branches that are not true.
    """

    value: int = field(repr=False)
    nonce: Scalar
    u: tuple[Scalar, ...]
    t: tuple[Scalar, ...]
    faked: tuple[Scalar, ...]


def draw_range(value: int, nonce: Scalar, limit: int) -> RangeDraw:
    """The first half of `prove_range`. Raises ProofError if `value` is not in the range: no proof exists."""
    if not 0 <= value <= limit:
        raise ProofError(f"no proof exists that this value is between 0 and {limit}")
    group = nonce.group
    u = tuple(group.random_scalar() for _ in range(limit + 1))
    faked = tuple(group.random_scalar() for _ in range(limit + 1))
    t = (u[j] if j == value else u[j] + group.scalar((value - j) % group.q) * faked[j] for j in range(limit + 1))
    return RangeDraw(value, nonce, u, tuple(t), faked)


def answer_range(draw: RangeDraw, commitments: Sequence[Element], challenge: Challenge) -> tuple[Proof, ...]:
    """The second half, given a_0 = g^u_0, b_0 = K^t_0, a_1, b_1, …"""
    c, scalar = challenge(commitments), draw.nonce.group.scalar  # (59)
    others = sum((c_j for j, c_j in enumerate(draw.faked) if j != draw.value), start=scalar(0))
    challenges = [c - others if j == draw.value else c_j for j, c_j in enumerate(draw.faked)]  # (60)
    return tuple(Proof(c_j, u_j - c_j * draw.nonce) for c_j, u_j in zip(challenges, draw.u, strict=True))  # (61)


def prove_range(value: int, nonce: Scalar, limit: int, key: Element, challenge: Challenge) -> tuple[Proof, ...]:
    """That Enc(value, nonce), which `challenge` hashes, encrypts an integer in 0..limit (§3.3.7); limit + 1 branches.

    Raises ProofError if `value` is not in the range: no proof exists.
    """
    draw = draw_range(value, nonce, limit)
    return answer_range(draw, pairwise(key.group.g.powers(draw.u), key.powers(draw.t)), challenge)  # (57), (58)


def pairwise(a: Iterable[Element], b: Iterable[Element]) -> list[Element]:
    """a_0, b_0, a_1, b_1, …"""
    return [each for pair in zip(a, b, strict=True) for each in pair]


def verify_range(
    proof: Sequence[Proof], ciphertext: Ciphertext, limit: int, key: Element, challenge: Challenge, where: str
) -> list[Element]:
    """Verifications 6 and 7 (§3.3.7, §3.3.8): `ciphertext` encrypts an integer in 0..`limit`.

        (6.1)  a_j = g^v_j · α^c_j  mod p         for 0 <= j <= R
        (6.2)  b_j = K^w_j · β^c_j  mod p         where w_j = (v_j − j·c_j) mod q
        (6.D)  the hash (6.3) of everything is the sum of the c_j

    (6.A) to (6.C), membership of α, β, c_j and v_j, hold by construction of Element and Scalar. Raises ProofError.
    Answers the commitments a_0, b_0, …, a_R, b_R.
    """
    if len(proof) != limit + 1:
        raise ProofError(f"{where}: expected {limit + 1} branches, got {len(proof)}")
    alpha, beta, K = ciphertext.alpha, ciphertext.beta, key
    g, scalar = K.group.g, K.group.scalar
    commitments: list[Element] = []
    for j, branch in enumerate(proof):
        c_j, v_j = branch.challenge, branch.response
        w_j = v_j - scalar(j) * c_j
        commitments += [g**v_j * alpha**c_j, K**w_j * beta**c_j]  # (6.1), (6.2)
    if challenge(commitments) != sum((branch.challenge for branch in proof), start=scalar(0)):  # (6.D)
        raise ProofError(f"{where}: the challenges do not sum to the hash of the commitments (6.D, 7.D)")
    return commitments


def prove_equality(secret: Scalar, base: Element, challenge: Challenge) -> Proof:
    """That g^x and base^x have the same exponent x, a guardian's secret; commitments (g^u, base^u)."""
    group = base.group
    u = group.random_scalar()
    c = challenge([group.g.secret_power(u), base.secret_power(u)])
    return Proof(c, u - c * secret)


def verify_equality(proof: Proof, base: Element, key: Element, result: Element, challenge: Challenge, where: str) -> None:
    """That log_g(key) = log_base(result), in the manner of (94), (95). Raises ProofError."""
    g, c, v = base.group.g, proof.challenge, proof.response
    if c != challenge([g**v * key**c, base**v * result**c]):
        raise ProofError(f"{where}: the proof of equal logarithms does not fit")


def prove_equal_and_known(secret: Scalar, other: Scalar, base: Element, challenge: Challenge) -> GroupedProof:
    """That g^x and base^x have the same exponent x, and that the exponent y of g^y is known, under one challenge; both are a guardian's
    secrets. Commitments (g^u, base^u, g^w)."""
    group = base.group
    u, w = group.random_scalar(), group.random_scalar()
    c = challenge([group.g.secret_power(u), base.secret_power(u), group.g.secret_power(w)])
    return GroupedProof(c, (u - c * secret, w - c * other))


def verify_equal_and_known(
    proof: GroupedProof, base: Element, key: Element, result: Element, other_key: Element, challenge: Challenge, where: str
) -> None:
    """That log_g(key) = log_base(result), and that log_g(other_key) is known. Raises ProofError."""
    if len(proof.responses) != 2:
        raise ProofError(f"{where}: expected 2 responses, got {len(proof.responses)}")
    g, c, (v, w) = base.group.g, proof.challenge, proof.responses
    if c != challenge([g**v * key**c, base**v * result**c, g**w * other_key**c]):
        raise ProofError(f"{where}: the proof that both key shares are known does not fit")
