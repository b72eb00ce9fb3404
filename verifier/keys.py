"""Verifications 2 to 4 (§6.2.2, §6.2.3) and, in our own layout, X8 and X9: the guardians' keys, the joint keys, H_E."""

from .arithmetic import Group, H, b
from .model import Guardian, PublicKey
from .report import Findings, Report
from .source import RecordSource

__all__ = ["MAX_GUARDIANS", "check_keys", "extended_base_hash", "guardian_record_hash", "key_proof_challenge"]

MAX_GUARDIANS = 20


def check_keys(source: RecordSource, group: Group, report: Report) -> None:
    """2.A to 4.A, X8, X9."""
    findings = report.findings
    guardians, n, k = source.guardians, source.parameters.n, source.parameters.k
    complete = 1 <= k <= n == len(guardians) and all(guardian.index == i for i, guardian in enumerate(guardians, 1))
    findings.check("2.C 3.A 3.B X8", complete, "guardians", "guardians 1 to n, each once, and 1 <= k <= n",
                   f"1..{n}, k = {k}", [guardian.index for guardian in guardians])  # fmt: skip
    for guardian in guardians:
        _check_guardian(guardian, source.h_p, k, group, findings)

    K = group.product(*(guardian.vote.commitments[0] for guardian in guardians if guardian.vote.commitments))
    K_hat = group.product(*(guardian.data.commitments[0] for guardian in guardians if guardian.data.commitments))
    for check, name, product, stated in (("3.A", "K", K, source.K), ("3.B", "K̂", K_hat, source.K_hat)):
        findings.check(check, product == stated, "joint keys", f"{name} = Π {name}_i mod p", product, stated)
        findings.check(check, group.is_element(stated), "joint keys", f"{name} is in Z_p^r", None, stated)
        findings.check(f"{check} X8", stated != 1, "joint keys", f"{name} is not 1")
    h_e = extended_base_hash(group, source.h_b, source.K, source.K_hat)
    findings.check("4.A", h_e == source.h_e, "extended base hash", "H_E = H(H_B; 0x14, K, K̂)", h_e, source.h_e)
    report.done("2.A 2.B 2.C 3.A 3.B 4.A")
    if source.own:
        _check_distinct(source, findings)
        report.done("X8")
        _check_acknowledgements(source, group, report)


def key_proof_challenge(
    group: Group, h_p: bytes, label: bytes, index: int, commitments: tuple[int, ...], kappa: int, h: list[int]
) -> int:
    """(11), (13): the challenge of a guardian's key proof; `label` is b"pk_vote" or b"pk_data", `h` has one value more than
    `commitments`. With k commitments the second input is 12 + 2(k + 1)·512 bytes long."""
    return group.H_q(h_p, b"\x10", label, b(index, 4), *(group.bp(x) for x in (*commitments, kappa, *h)))


def extended_base_hash(group: Group, h_b: bytes, K: int, K_hat: int) -> bytes:
    """(30) H_E = H(H_B; 0x14, K, K̂)."""
    return H(h_b, b"\x14", group.bp(K), group.bp(K_hat))


def guardian_record_hash(group: Group, h_b: bytes, K: int, K_hat: int, guardians: tuple[Guardian, ...]) -> bytes:
    """(27) H_G = H(H_B; 0x13, K, K̂, K_1,0 … K_n,k−1, K̂_1,0 … K̂_n,k−1, κ_1 … κ_n)."""
    vote = [x for guardian in guardians for x in guardian.vote.commitments]
    data = [x for guardian in guardians for x in guardian.data.commitments]
    kappas = [guardian.kappa for guardian in guardians]
    return H(h_b, b"\x13", *(group.bp(x) for x in (K, K_hat, *vote, *data, *kappas)))


def _check_guardian(guardian: Guardian, h_p: bytes, k: int, group: Group, findings: Findings) -> None:
    """2.A to 2.C for both keys of a guardian."""
    where = f"guardian {guardian.index}"
    kappa = guardian.kappa
    findings.check("2.A X8", group.is_element(kappa) and kappa != 1, where, "κ is in Z_p^r and not 1", None, kappa)
    for label, key in ((b"pk_vote", guardian.vote), (b"pk_data", guardian.data)):
        place = f"{where}, {label.decode()}"
        for j, commitment in enumerate(key.commitments):
            findings.check("2.A", group.is_element(commitment), place, f"K_i,{j} is in Z_p^r", None, commitment)
            findings.check("2.A X8", commitment != 1, place, f"K_i,{j} is not 1")
        for j, v in enumerate(key.responses):
            findings.check("2.B", group.is_scalar(v), place, f"0 <= v_i,{j} < q", None, v)
        findings.check("2.C", group.is_scalar(key.challenge), place, "0 <= c_i < q", None, key.challenge)
        shape = (len(key.commitments), len(key.responses)) == (k, k + 1)
        if findings.check("2.C X8", shape, place, "number of commitments and responses", (k, k + 1),
                          (len(key.commitments), len(key.responses))):  # fmt: skip
            c = _challenge(group, h_p, label, guardian, key)
            findings.check("2.C", c == key.challenge, place, "c_i = H_q(H_P; 0x10, label, i, K_i,j, κ_i, h_i,j)", c, key.challenge)


def _challenge(group: Group, h_p: bytes, label: bytes, guardian: Guardian, key: PublicKey) -> int:
    """(2.1) to (2.4), then the challenge."""
    bases = (*key.commitments, guardian.kappa)
    h = [group.product(group.g_power(v), group.power(x, key.challenge)) for x, v in zip(bases, key.responses, strict=True)]
    return key_proof_challenge(group, h_p, label, guardian.index, key.commitments, guardian.kappa, h)


def _check_distinct(source: RecordSource, findings: Findings) -> None:
    """X8: n at most 20, no two public keys equal, of whatever guardian and kind."""
    n = source.parameters.n
    findings.check("X8", n <= MAX_GUARDIANS, "parameters", f"n <= {MAX_GUARDIANS}", MAX_GUARDIANS, n)
    seen: dict[int, str] = {}
    for guardian in source.guardians:
        keys = {"κ": guardian.kappa}
        for name, key in (("K", guardian.vote), ("K̂", guardian.data)):
            keys |= {f"{name}_{j}": x for j, x in enumerate(key.commitments)}
        for name, x in keys.items():
            this = f"{name} of guardian {guardian.index}"
            other = seen.setdefault(x, this)
            findings.check("X8", other == this, f"guardian {guardian.index}", f"{this} must differ from {other}")


def _check_acknowledgements(source: RecordSource, group: Group, report: Report) -> None:
    """X9: c = H_q(H_G; 0x51, b(i,4), κ_i, h) with h = g^v · κ_i^c."""
    if source.own is None or source.own.acknowledgements is None:
        return report.miss("X9", "the acknowledgements could not be read")
    findings, acknowledgements = report.findings, source.own.acknowledgements
    h_g = guardian_record_hash(group, source.h_b, source.K, source.K_hat, source.guardians)
    expected = [guardian.index for guardian in source.guardians]
    got = [acknowledgement.index for acknowledgement in acknowledgements]
    findings.check("X9", got == expected, "acknowledgements", "one of each guardian, in order", expected, got)
    kappas = {guardian.index: guardian.kappa for guardian in source.guardians}
    for acknowledgement in acknowledgements:
        where, proof = f"acknowledgement of guardian {acknowledgement.index}", acknowledgement.proof
        kappa = kappas.get(acknowledgement.index)
        findings.check("X9", acknowledgement.h_g == h_g, where, "H_G of (27)", h_g, acknowledgement.h_g)
        if kappa is None:
            continue
        findings.check("X9", group.is_scalar(proof.c) and group.is_scalar(proof.v), where, "c and v are in Z_q", None, (proof.c, proof.v))
        h = group.product(group.g_power(proof.v), group.power(kappa, proof.c))
        c = group.H_q(h_g, b"\x51", b(acknowledgement.index, 4), group.bp(kappa), group.bp(h))
        findings.check("X9", c == proof.c, where, "c = H_q(H_G; 0x51, i, κ_i, g^v · κ_i^c)", c, proof.c)
    return report.done("X9")
