"""Verifications 5 to 8 and 12 to 14 of one ballot under specification 2.0.0, in egk-ec's variant (foreign-records.md, section 3).

The hashes of 2.0.0 (domain bytes as there) are

    χ_l  = H(H_E; 0x23, ind_c, K, α_1, β_1, …)                  contest data not included
    H(B) = H(H_E; 0x24, χ_1, χ_2, …, B_aux)
    c    = H_q(H_E; 0x21, K, α, β, a_0, b_0, …)                 range and limit proofs, no indices
    c    = H_q(H_E; 0x30, K, A, B, a, b, M)                     decryption of a tally, or of a challenged ballot's selection
    c    = H_q(H_E; 0x31, K, C_0, C_1, C_2, a, b, β)            decryption of contest data; C_1 here as its upper-case hexadecimal text
    k    = H(H_E; 0x22, K, C_0, β), k_i = HMAC(k, b(i,4) ‖ "share_enc_keys" ‖ 0x00 ‖ "contest_data" ‖ contest label ‖ b(bits,4))

with bits = 8 · (length of the plaintext), k_0 the key of the MAC C_2 over C_0 ‖ C_1, and k_1, k_2, … the key stream.
"""

from collections.abc import Mapping

from .arithmetic import H, b
from .egk import EgkSource
from .egk_values import Decrypted, DecryptedContest, DecryptedData, DecryptedOption, HashedCiphertext, OldBallot, OldContest
from .model import Ciphertext, Contest
from .ranges import LIMIT, OPTION, check_range
from .report import Findings

__all__ = ["check_ballot", "check_decryption", "contest_data_key_stream"]


def check_ballot(source: EgkSource, ballot: OldBallot, openings: Mapping[str, Decrypted], findings: Findings) -> bool:
    """All checks of a ballot by itself and, if it was challenged, of its decryption. Returns whether it can be counted."""
    where, h_e = ballot.where, source.h_e
    findings.check("5.B", ballot.election_id == h_e, where, "election_id is H_E", h_e, ballot.election_id)
    findings.check("8.C", ballot.device.replace(" ", "_") == ballot.folder, where, "device", ballot.folder, ballot.device)
    findings.check("8.D", ballot.code_baux == source.baux_0, where, "B_aux without chaining", source.baux_0, ballot.code_baux)
    code = H(h_e, b"\x24", *(contest.contest_hash for contest in ballot.contests), ballot.code_baux)
    findings.check("8.B", code == ballot.confirmation_code, where, "H(B) = H(H_E; 0x24, χ_1, …, B_aux)", code, ballot.confirmation_code)

    contests = {contest.index: contest for contest in source.manifest.contests}
    style = next((style for style in source.manifest.styles if style.label == ballot.style), None)
    expected = [contests[index].label for index in style.contests] if style else None
    found = [contest.label for contest in ballot.contests]
    shaped = findings.check("6.D 7.D 8.A", found == expected, where, "contests of the style", expected, found)
    by_label = {contest.label: contest for contest in source.manifest.contests}
    for contest in ballot.contests:
        place = f"{where}, {contest.label}"
        if contest.label in by_label:
            shaped &= _check_contest(source, by_label[contest.label], contest, place, findings)
    if ballot.state == "Challenged":
        opening = openings.get(ballot.ballot_id)
        if findings.check("13.B 14.B", opening is not None, where, "challenged, but not decrypted") and opening is not None:
            _check_opening(source, ballot, opening, findings)
    return shaped


def check_decryption(source: EgkSource, option: DecryptedOption, where: str, findings: Findings, ids: tuple[str, str, str]) -> None:
    """Verification 10 with the challenge of 2.0.0; `ids` are the items for v, for the proof and for T = K^t."""
    group, K = source.group, source.K
    (A, B), c, v, T = (option.ciphertext.alpha, option.ciphertext.beta), option.proof.c, option.proof.v, option.T
    findings.check(ids[0], group.is_scalar(v), where, "0 <= v < q", None, v)
    power = group.fixed_power(K, option.tally) if 0 <= option.tally < group.q else 0
    findings.check(ids[2], power == T, where, "T = K^t", power, T)
    if not findings.check(ids[1], group.is_element(A) and group.is_element(B) and group.is_element(T), where, "A, B, T are in Z_p^r"):
        return
    M = group.product(B, group.power(T, group.q - 1))
    a = group.product(group.g_power(v), group.fixed_power(K, c))
    b_ = group.product(group.power(A, v), group.power(M, c))
    expected = group.H_q(source.h_e, b"\x30", *(group.bp(x) for x in (K, A, B, a, b_, M)))
    findings.check(ids[1], expected == c, where, "c = H_q(H_E; 0x30, K, A, B, a, b, M)", expected, c)


def contest_data_key_stream(key: bytes, label: str, length: int, blocks: int) -> list[bytes]:
    """k_0, k_1, … k_blocks for contest data of `length` bytes in the contest `label`."""
    context = b"share_enc_keys\x00contest_data" + label.encode("utf-8") + b(8 * length, 4)
    return [H(key, b(i, 4), context) for i in range(blocks + 1)]


def _check_contest(source: EgkSource, manifest: Contest, contest: OldContest, where: str, findings: Findings) -> bool:
    """Verifications 6, 7 and 8.A for one contest. Returns whether its options are the manifest's."""
    group, K = source.group, source.K
    expected = [(option.label, option.index) for option in manifest.options]
    shaped = findings.check("6.D 7.D 8.A", list(contest.options) == expected, where, "options", expected, contest.options)
    shaped &= findings.check("8.A", contest.index == manifest.index, where, "sequence_order", manifest.index, contest.index)
    for j, pair in enumerate(contest.ciphertexts, 1):
        inside = group.is_element(pair.alpha) and group.is_element(pair.beta)
        findings.check("6.A 7.A", inside, f"{where}, option {j}", "α and β are in Z_p^r", None, (pair.alpha, pair.beta))
    parts = [group.bp(x) for pair in contest.ciphertexts for x in (pair.alpha, pair.beta)]
    chi = H(source.h_e, b"\x23", b(manifest.index, 4), group.bp(K), *parts)
    findings.check("8.A", chi == contest.contest_hash, where, "χ = H(H_E; 0x23, ind_c, K, α_1, β_1, …)", chi, contest.contest_hash)
    if not shaped:
        return False
    domain = b"\x21" + group.bp(K)
    for option, pair, proof in zip(manifest.options, contest.ciphertexts, contest.range_proofs, strict=True):
        check_range(group, K, source.h_e, pair, proof, option.limit, (), OPTION, f"{where}, {option.label}", findings, domain)
    total = Ciphertext(group.product(*(x.alpha for x in contest.ciphertexts)), group.product(*(x.beta for x in contest.ciphertexts)))
    check_range(group, K, source.h_e, total, contest.limit_proof, manifest.limit, (), LIMIT, f"{where}, limit", findings, domain)
    return True


def _check_opening(source: EgkSource, ballot: OldBallot, opening: Decrypted, findings: Findings) -> None:
    """Verifications 12 to 14: what the guardians decrypted is this ballot, completely, and within its limits."""
    where = opening.where
    findings.check("13.B", opening.election_id == source.h_e, where, "election_id is H_E", source.h_e, opening.election_id)
    found, expected = [contest.label for contest in opening.contests], [contest.label for contest in ballot.contests]
    findings.check("14.A", all(label in expected for label in found), where, "contests of the ballot", expected, found)
    findings.check("14.B", found == expected, where, "contests of the ballot, each once, in order", expected, found)
    contests = {contest.label: contest for contest in ballot.contests}
    by_label = {contest.label: contest for contest in source.manifest.contests}
    for contest in opening.contests:
        if contest.label in contests and contest.label in by_label:
            _check_opened(source, by_label[contest.label], contests[contest.label], contest, f"{where}, {contest.label}", findings)


def _check_opened(
    source: EgkSource, manifest: Contest, encrypted: OldContest, contest: DecryptedContest, where: str, findings: Findings
) -> None:
    found, expected = [option.label for option in contest.options], [option.label for option in manifest.options]
    findings.check("14.C", all(label in expected for label in found), where, "options of the manifest", expected, found)
    findings.check("14.D", found == expected, where, "options of the manifest, each once, in order", expected, found)
    limits = {option.label: option.limit for option in manifest.options}
    ciphertexts = {label: pair for (label, _), pair in zip(encrypted.options, encrypted.ciphertexts, strict=True)}
    for option in contest.options:
        place = f"{where}, {option.label}"
        pair = ciphertexts.get(option.label)
        findings.check("13.B", pair == option.ciphertext, place, "encrypted_vote is the ballot's", pair, option.ciphertext)
        limit = limits.get(option.label, 0)
        findings.check("14.E", 0 <= option.tally <= limit, place, "0 <= σ <= R", limit, option.tally)
        check_decryption(source, option, place, findings, ("13.B", "13.B", "13.B"))
    total = sum(option.tally for option in contest.options)
    findings.check("14.F", total <= manifest.limit, where, "sum of the selections", manifest.limit, total)
    if findings.check("12.C", contest.data is not None, where, "contest data is not decrypted") and contest.data is not None:
        _check_data(source, contest.label, encrypted.data, contest.data, where, findings)


def _check_data(source: EgkSource, label: str, encrypted: HashedCiphertext, data: DecryptedData, where: str, findings: Findings) -> None:
    """Verification 12: the proof that β is C_0 raised to the secret key, the MAC, the plaintext."""
    group, K, h_e = source.group, source.K, source.h_e
    findings.check("12.B 12.C", data.ciphertext == encrypted, where, "encrypted_contest_data is the ballot's", encrypted, data.ciphertext)
    C_0, C_1, C_2, c, v = encrypted.c_0, encrypted.c_1, encrypted.c_2, data.proof.c, data.proof.v
    findings.check("12.A", group.is_scalar(v), where, "0 <= v < q", None, v)
    if not findings.check("12.B", group.is_element(C_0) and group.is_element(data.beta), where, "C_0 and β are in Z_p^r", None, data.beta):
        return
    a, b_ = group.product(group.g_power(v), group.fixed_power(K, c)), group.product(group.power(C_0, v), group.power(data.beta, c))
    inputs = (group.bp(K), group.bp(C_0), C_1.hex().upper().encode("ascii"), C_2, group.bp(a), group.bp(b_), group.bp(data.beta))
    expected = group.H_q(h_e, b"\x31", *inputs)
    findings.check("12.B", expected == c, where, "c = H_q(H_E; 0x31, K, C_0, C_1, C_2, a, b, β)", expected, c)

    key = H(h_e, b"\x22", group.bp(K), group.bp(C_0), group.bp(data.beta))
    k_0, *stream = contest_data_key_stream(key, label, encrypted.length, len(C_1) // 32)
    mac = H(k_0, group.bp(C_0), C_1)
    findings.check("12.C", mac == C_2, where, "C_2 = HMAC(k_0, C_0 ‖ C_1)", mac, C_2)
    plaintext = bytes(x ^ y for x, y in zip(C_1, b"".join(stream), strict=True))
    stated = data.plaintext.ljust(len(C_1), b"\0")
    findings.check("12.C", plaintext == stated, where, "plaintext", plaintext, stated)
