"""Verifications 15 to 19: pre-encrypted ballots, cast and uncast (§4, §6.2.8). Device hashes and chains are in `codes.py`.

Faults of shape (number of hashes, vectors, nonces) are filed under the item that would have no meaning with them. §4.5 wants membership
of the ciphertexts within the vectors under 6.A.
"""

from .arithmetic import Group, H, b
from .context import Context
from .model import Ballot, BallotContest, Ciphertext, Contest, PreEncryption, Vector
from .report import Findings

__all__ = ["check_cast", "check_uncast", "pre_encrypted_contest_hash", "selection_hash", "short_code"]


def selection_hash(group: Group, h_i: bytes, ciphertexts: tuple[Ciphertext, ...]) -> bytes:
    """(113), (114) ψ = H(H_I; 0x40, α_1, β_1, …, α_m, β_m)."""
    return H(h_i, b"\x40", *(group.bp(x) for ciphertext in ciphertexts for x in (ciphertext.alpha, ciphertext.beta)))


def pre_encrypted_contest_hash(h_i: bytes, contest: int, hashes: tuple[bytes, ...]) -> bytes:
    """(115) χ = H(H_I; 0x41, ind_c, ψ_π(1), …, ψ_π(m+L)); `hashes` in the order given, which must be ascending."""
    return H(h_i, b"\x41", b(contest, 4), *hashes)


def short_code(function: int, hash_value: bytes) -> str | None:
    """Ω_function(ψ) of §4.6, 1 to 8; None for any other function."""
    last = hash_value[-1]
    letter, digit = chr(ord("A") + last // 10), str(last % 10)
    codes = {
        1: hash_value[-1:].hex().upper(),
        2: hash_value[-2:].hex().upper(),
        3: letter + digit,
        4: str(last // 26) + chr(ord("A") + last % 26),
        5: str(last),
        6: str(last + 1),
        7: str(last + 100),
        8: str(last + 101),
    }
    return codes.get(function)


def check_cast(context: Context, ballot: Ballot, manifest: Contest, contest: BallotContest, where: str, findings: Findings) -> None:
    """A contest of a ballot that was cast (or is in another state than Uncast): 15.A, 16.A, 16.B, 17.A. L vectors are published."""
    published = _common(context, ballot, manifest, contest, where, findings, manifest.limit)
    if published is None:
        return
    for vector in published.vectors:
        opened = vector.label is not None or vector.nonces is not None
        findings.check("15.A", not opened, where, "a vector of a ballot that was cast must not be opened")
    group = context.group
    m = len(manifest.options)
    if all(len(vector.ciphertexts) == m for vector in published.vectors):
        products = tuple(
            Ciphertext(
                group.product(*(vector.ciphertexts[k].alpha for vector in published.vectors)),
                group.product(*(vector.ciphertexts[k].beta for vector in published.vectors)),
            )
            for k in range(m)
        )
        findings.check("15.A", products == contest.ciphertexts, where, "Ψ is the product of the chosen vectors")


def check_uncast(context: Context, ballot: Ballot, manifest: Contest, contest: BallotContest, where: str, findings: Findings) -> None:
    """A contest of an uncast ballot: 16.A, 16.B, 17.A, 18.A, 19.A to 19.D. All m + L vectors are published and opened."""
    m = len(manifest.options)
    style = context.styles.get(ballot.style)
    findings.check("19.A", style is not None and contest.index in style.contests, where, "contest of the ballot's style")
    published = _common(context, ballot, manifest, contest, where, findings, m + manifest.limit)
    empty = not (contest.ciphertexts or contest.range_proofs or contest.limit_proof)
    findings.check("18.A", empty, where, "an uncast ballot has no selections of its own")
    if published is None:
        return
    labels = [vector.label for vector in published.vectors]
    options = {option.label: option.index for option in manifest.options}
    for label in labels:
        findings.check("19.C", label == "" or label in options, where, "option label", None, label)
    for label in options:
        findings.check("19.D", labels.count(label) == 1, where, f"option {label!r} once", 1, labels.count(label))
    nulls = labels.count("")
    findings.check("19.D", nulls == manifest.limit, where, "number of null vectors", manifest.limit, nulls)
    hashes = []
    for vector in published.vectors:
        place = f"{where}, vector {vector.label!r}"
        recomputed = _encrypt(context, vector, options.get(vector.label or "", 0), m)
        if recomputed is None:
            findings.fail("18.A", place, f"expected {m} nonces below q")
            continue
        findings.check("18.A", recomputed == vector.ciphertexts, place, "(18.1), (18.2): the vector encrypts what its label says")
        hashes.append(selection_hash(context.group, ballot.h_i, recomputed))
    chi = pre_encrypted_contest_hash(ballot.h_i, contest.index, tuple(sorted(hashes)))
    findings.check("18.A", chi == contest.contest_hash, where, "(18.4)", chi, contest.contest_hash)


def _common(
    context: Context, ballot: Ballot, manifest: Contest, contest: BallotContest, where: str, findings: Findings, vectors: int
) -> PreEncryption | None:
    """16.A, 16.B, 17.A and membership for what cast and uncast ballots have in common."""
    group, published = context.group, contest.pre_encryption
    findings.check("16.B", contest.data is None, where, "no contest data on a pre-encrypted ballot")
    if published is None:
        findings.fail("16.B", where, "the pre-encryption is missing")
        return None
    hashes = published.selection_hashes
    expected = len(manifest.options) + manifest.limit
    findings.check("16.B", len(hashes) == expected, where, "number of selection hashes", expected, len(hashes))
    ascending = all(x < y for x, y in zip(hashes, hashes[1:], strict=False))
    findings.check("16.B", ascending, where, "the selection hashes ascend")
    chi = pre_encrypted_contest_hash(ballot.h_i, contest.index, hashes)
    findings.check("16.B", chi == contest.contest_hash, where, "χ = H(H_I; 0x41, …)", chi, contest.contest_hash)
    findings.check("15.A 16.A", len(published.vectors) == vectors, where, "number of vectors", vectors, len(published.vectors))
    chosen = [vector.selection_hash for vector in published.vectors]
    findings.check("15.A 16.A", len(set(chosen)) == len(chosen), where, "no vector twice")
    codes = [vector.short_code for vector in published.vectors]
    findings.check("17.A", len(set(codes)) == len(codes), where, "no short code twice in a contest")
    for i, vector in enumerate(published.vectors, 1):
        _check_vector(group, ballot.h_i, hashes, manifest, vector, f"{where}, vector {i}", findings)
        function = context.source.manifest.short_code_function
        omega = short_code(function, vector.selection_hash) if function else None
        findings.check("17.A", omega == vector.short_code, f"{where}, vector {i}", "ω = Ω(ψ)", omega, vector.short_code)
    return published


def _check_vector(
    group: Group, h_i: bytes, hashes: tuple[bytes, ...], manifest: Contest, vector: Vector, where: str, findings: Findings
) -> None:
    m = len(manifest.options)
    findings.check("16.A", len(vector.ciphertexts) == m, where, "number of ciphertexts", m, len(vector.ciphertexts))
    for ciphertext in vector.ciphertexts:
        inside = group.is_element(ciphertext.alpha) and group.is_element(ciphertext.beta)
        findings.check("6.A", inside, where, "α and β are in Z_p^r", None, (ciphertext.alpha, ciphertext.beta))
    psi = selection_hash(group, h_i, vector.ciphertexts)
    findings.check("16.A", psi == vector.selection_hash, where, "ψ = H(H_I; 0x40, …)", psi, vector.selection_hash)
    findings.check("16.A", vector.selection_hash in hashes, where, "ψ is among the contest's selection hashes")


def _encrypt(context: Context, vector: Vector, option: int, m: int) -> tuple[Ciphertext, ...] | None:
    """(18.1), (18.2): encryptions of 1 at place `option` and of 0 elsewhere; of 0 everywhere if `option` is 0."""
    group, K, nonces = context.group, context.source.K, vector.nonces
    if nonces is None or len(nonces) != m or not all(group.is_scalar(nonce) for nonce in nonces):
        return None
    return tuple(
        Ciphertext(group.g_power(nonce), group.fixed_power(K, nonce + (1 if k == option else 0))) for k, nonce in enumerate(nonces, 1)
    )
