"""Range proofs: a ciphertext encrypts an integer from 0 to a limit (§3.3.7, §3.3.8). And a ballot's knowledge proofs, (38) and (69)."""

from collections.abc import Sequence
from dataclasses import dataclass

from .arithmetic import Group, b
from .model import Ciphertext, Proof, SignedCiphertext
from .report import Findings

__all__ = ["RangeItems", "check_range", "data_proof_holds", "nonce_proof_holds", "range_challenge"]


@dataclass(frozen=True, slots=True)
class RangeItems:
    """Under which checks a range proof is filed: challenges in Z_q, responses in Z_q, equation, number of branches."""

    challenges: str
    responses: str
    equation: str
    branches: str


OPTION = RangeItems("6.B", "6.C", "6.D", "6.D X3")
LIMIT = RangeItems("7.B", "7.C", "7.D", "7.D X3")
SPOIL = RangeItems("X16", "X16", "X16", "X16 X3")


def range_challenge(
    group: Group, h_i: bytes, domain: bytes, indices: tuple[int, ...], ciphertext: Ciphertext, commitments: Sequence[int]
) -> int:
    """(59) and (62) with domain 0x24, and the spoil proof's challenge with 0x50: c = H_q(H_I; domain, indices, α, β, a_0, b_0, …).
    `indices` is (ind_c, ind_o), or (ind_c,) for a contest's limit."""
    numbers = (ciphertext.alpha, ciphertext.beta, *commitments)
    return group.H_q(h_i, domain, *(b(index, 4) for index in indices), *(group.bp(x) for x in numbers))


def check_range(
    group: Group,
    K: int,
    h_i: bytes,
    ciphertext: Ciphertext,
    proof: tuple[Proof, ...],
    limit: int,
    indices: tuple[int, ...],
    items: RangeItems,
    where: str,
    findings: Findings,
    domain: bytes = b"\x24",
) -> None:
    """Items B to D of Verifications 6 and 7: `proof` has limit + 1 branches (c_j, v_j), j from 0, and

        a_j = g^v_j · α^c_j,  b_j = K^w_j · β^c_j  with  w_j = v_j − j·c_j,   c_0 + … + c_R = H_q(…) mod q
    """
    if not findings.check(items.branches, len(proof) == limit + 1, where, "number of branches", limit + 1, len(proof)):
        return
    commitments: list[int] = []
    for j, branch in enumerate(proof):
        c_j, v_j = branch.c, branch.v
        findings.check(items.challenges, group.is_scalar(c_j), where, f"0 <= c_{j} < q", None, c_j)
        findings.check(items.responses, group.is_scalar(v_j), where, f"0 <= v_{j} < q", None, v_j)
        w_j = (v_j - j * c_j) % group.q
        commitments.append(group.product(group.g_power(v_j), group.power(ciphertext.alpha, c_j)))
        commitments.append(group.product(group.fixed_power(K, w_j), group.power(ciphertext.beta, c_j)))
    c = range_challenge(group, h_i, domain, indices, ciphertext, commitments)
    total = sum(branch.c for branch in proof) % group.q
    findings.check(items.equation, c == total, where, "c = (c_0 + c_1 + …) mod q", c, total)


def nonce_proof_holds(group: Group, h_i: bytes, nonce: SignedCiphertext) -> bool:
    """(38): c = H_q(H_I; 0x23, a, C_0, C_1) with a = g^v · C_0^c, C_0 in the group, c and v in range."""
    return _signed_proof_holds(group, h_i, b"\x23", nonce)


def data_proof_holds(group: Group, h_i: bytes, contest: int, data: SignedCiphertext) -> bool:
    """(69): c = H_q(H_I; 0x27, ind_c, a, C_0, C_1) likewise."""
    return _signed_proof_holds(group, h_i, b"\x27" + b(contest, 4), data)


def _signed_proof_holds(group: Group, h_i: bytes, prefix: bytes, signed: SignedCiphertext) -> bool:
    c, v = signed.c_2.c, signed.c_2.v
    if not (group.is_scalar(c) and group.is_scalar(v) and group.is_element(signed.c_0)):
        return False
    a = group.product(group.g_power(v), group.power(signed.c_0, c))
    return group.H_q(h_i, prefix, group.bp(a), group.bp(signed.c_0), signed.c_1) == c
