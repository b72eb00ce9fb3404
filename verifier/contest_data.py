"""Verification 12: verifiable decryptions of contest data, for records of others (§3.3.10, §3.6.6, §6.2.6); and the key derivation (66)."""

import hmac

from .arithmetic import Group, H, b
from .codes import signed_bytes
from .context import Context
from .model import Ballot, BallotContest, ContestDataDecryption, SignedCiphertext
from .ranges import data_proof_holds
from .report import Findings

__all__ = ["check_contest_data", "data_key", "decrypt_blocks", "decryption_challenge"]


def data_key(group: Group, h_i: bytes, contest: int, alpha: int, beta: int) -> bytes:
    """(65) h = H(H_I; 0x26, ind_c, α, β)."""
    return H(h_i, b"\x26", b(contest, 4), group.bp(alpha), group.bp(beta))


def decrypt_blocks(h: bytes, contest: int, c_1: bytes) -> bytes:
    """(66), (68): C_1 xor k_1 ‖ k_2 ‖ …, counted from 1, four bytes each for counter and length in bits."""
    count = len(c_1) // 32
    context = b"data_enc_keys\x00contest_data" + b(contest, 4) + b(count * 256, 4)
    keys = b"".join(hmac.digest(h, b(i, 4) + context, "sha256") for i in range(1, count + 1))
    return bytes(x ^ y for x, y in zip(c_1, keys, strict=True))


def decryption_challenge(group: Group, h_i: bytes, contest: int, data: SignedCiphertext, a: int, b_: int, beta: int) -> int:
    """(101) c = H_q(H_I; 0x33, ind_c, C_0, C_1, C_2, a, b, β)."""
    return group.H_q(h_i, b"\x33", b(contest, 4), signed_bytes(group, data), group.bp(a), group.bp(b_), group.bp(beta))


def check_contest_data(context: Context, ballot: Ballot, findings: Findings) -> None:
    """12.A to 12.C for every decryption that names this ballot. One that names a contest without data fails 12.B."""
    seen: set[int] = set()
    for decryption in context.contest_data.get(ballot.ballot_id, ()):
        where = f"{decryption.where} (ballot {ballot.where})"
        contest = next((contest for contest in ballot.contests if contest.index == decryption.contest), None)
        findings.check("12.B", decryption.contest not in seen, where, "one decryption for each contest")
        seen.add(decryption.contest)
        if contest is None or contest.data is None:
            findings.fail("12.B", where, "the ballot has no contest data in this contest", None, decryption.contest)
            continue
        _check_decryption(context, ballot.h_i, contest, contest.data, decryption, where, findings)


def _check_decryption(
    context: Context,
    h_i: bytes,
    contest: BallotContest,
    data: SignedCiphertext,
    decryption: ContestDataDecryption,
    where: str,
    findings: Findings,
) -> None:
    """(12.1) to (12.4). Guardians decrypt only what carries a valid proof (69), so that is required here."""
    group, K_hat, proof, beta = context.group, context.source.K_hat, decryption.proof, decryption.beta
    findings.check("12.A", group.is_scalar(proof.v), where, "0 <= v < q", None, proof.v)
    inside = group.is_element(beta) and group.is_element(data.c_0)
    findings.check("12.B", inside, where, "β and C_0 are in Z_p^r", None, (beta, data.c_0))
    findings.check("12.B", data_proof_holds(group, h_i, contest.index, data), where, "proof (69) of the contest data")
    a = group.product(group.g_power(proof.v), group.power(K_hat, proof.c))
    b_ = group.product(group.power(data.c_0, proof.v), group.power(beta, proof.c))
    c = decryption_challenge(group, h_i, contest.index, data, a, b_, beta)
    findings.check("12.B", c == proof.c, where, "c = H_q(H_I; 0x33, …)", c, proof.c)
    plain = decrypt_blocks(data_key(group, h_i, contest.index, data.c_0, beta), contest.index, data.c_1)
    findings.check("12.C", plain == decryption.data, where, "D = C_1 xor k", plain, decryption.data)
