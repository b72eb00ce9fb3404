"""Contest hashes, confirmation codes, device hashes and chains (§3.4, §4.1.2 to §4.1.4); checks 8.C, 8.F, 8.G, 16.D, 16.G, 16.H."""

from collections.abc import Iterable
from dataclasses import dataclass

from .arithmetic import Group, H, b
from .model import BallotContest, Ciphertext, Device, SignedCiphertext
from .report import Findings

__all__ = [
    "PRE_ENCRYPTED_RULES", "REGULAR_RULES", "CodeRules", "chained", "check_device", "closing_field", "confirmation_code", "contest_hash",
    "device_hash", "first_hash", "rules_of", "signed_bytes", "unchained",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class CodeRules:
    """Domain bytes and check ids of a kind of device."""

    code: bytes
    device: bytes
    closing: bytes
    item_code: str
    item_device: str
    item_unchained: str
    item_chained: str
    item_first: str
    item_closing: str


REGULAR_RULES = CodeRules(b"\x29", b"\x2a", b"\x2b", "8.B", "8.C", "8.D", "8.E", "8.F", "8.G")
PRE_ENCRYPTED_RULES = CodeRules(b"\x42", b"\x43", b"\x44", "16.C", "16.D", "16.E", "16.F", "16.G", "16.H")


def rules_of(device: Device) -> CodeRules:
    """The rules for a device's ballots."""
    return PRE_ENCRYPTED_RULES if device.kind == "PreEncrypted" else REGULAR_RULES


def contest_hash(group: Group, h_i: bytes, contest: int, ciphertexts: Iterable[Ciphertext], data: SignedCiphertext | None) -> bytes:
    """(70) χ_l = H(H_I; 0x28, l, α_1, β_1, …, C_0, C_1, C_2); without contest data the last three are left out."""
    parts = [group.bp(x) for ciphertext in ciphertexts for x in (ciphertext.alpha, ciphertext.beta)]
    return H(h_i, b"\x28", b(contest, 4), *parts, signed_bytes(group, data) if data else b"")


def signed_bytes(group: Group, signed: SignedCiphertext) -> bytes:
    """b(C_0) ‖ C_1 ‖ b(c) ‖ b(v)."""
    return group.bp(signed.c_0) + signed.c_1 + group.bq(signed.c_2.c) + group.bq(signed.c_2.v)


def confirmation_code(h_i: bytes, rules: CodeRules, contests: Iterable[BallotContest], chaining_field: bytes) -> bytes:
    """(71), (116) H_C = H(H_I; 0x29 or 0x42, χ_1, …, B_C) over the contest hashes as written."""
    return H(h_i, rules.code, *(contest.contest_hash for contest in contests), chaining_field)


def device_hash(h_e: bytes, rules: CodeRules, information: str) -> bytes:
    """(72), (119) H_DI = H(H_E; 0x2A or 0x43, S_device)."""
    encoded = information.encode("utf-8")
    return H(h_e, rules.device, b(len(encoded), 4), encoded)


def unchained(h_di: bytes) -> bytes:
    """(73) B_C = 0x00000000 ‖ H_DI."""
    return b(0, 4) + h_di


def chained(previous: bytes) -> bytes:
    """(75), (76) B_C = 0x00000001 ‖ H_j−1; with H_DI in place of a code this is B_C,0."""
    return b(1, 4) + previous


def first_hash(h_e: bytes, rules: CodeRules, h_di: bytes) -> bytes:
    """(74), (117) H_0 = H(H_E; 0x29 or 0x42, B_C,0)."""
    return H(h_e, rules.code, chained(h_di))


def closing_field(h_e: bytes, rules: CodeRules, last: bytes, h_di: bytes) -> bytes:
    """(78), (120) B̄_C = 0x00000001 ‖ H(H_E; 0x2B or 0x44, H_l, B_C,0)."""
    return chained(H(h_e, rules.closing, last, chained(h_di)))


def check_device(h_e: bytes, device: Device, last: bytes | None, findings: Findings) -> None:
    """Once for each device: its hash and, if it is chained, first and closing hash. `last` is the code of its last ballot, None if it
    could not be read; a chain without ballots ends with H_0."""
    where, rules = f"device {device.index}", rules_of(device)
    h_di = device_hash(h_e, rules, device.information)
    findings.check(rules.item_device, h_di == device.h_di, where, "H_DI from S_device", h_di, device.h_di)
    if device.chaining != "SimpleChaining":
        return
    h_0 = first_hash(h_e, rules, h_di)
    findings.check(rules.item_first, h_0 == device.h_0, where, "H_0", h_0, device.h_0)
    if last is None:
        findings.fail(rules.item_closing, where, "the last ballot of the chain could not be read")
        return
    field = closing_field(h_e, rules, last, h_di)
    closing = H(h_e, rules.code, field)
    findings.check(rules.item_closing, closing == device.closing_hash, where, "closing hash", closing, device.closing_hash)
    if device.closing_field is not None:
        findings.check(rules.item_closing, field == device.closing_field, where, "closing field", field, device.closing_field)
