"""X15: the record is complete, unchanged and signed under a key that did not come with it (record-format.md, 2.1, 2.11)."""

import hashlib
import re

from .ed25519 import verify
from .model import OwnParts
from .report import Report
from .source import RecordSource

__all__ = ["check_signature", "fingerprint", "signed_message"]

_FILE = re.compile(
    r"acknowledgements\.jsonl|ballots/device_1\.jsonl|challenged_ballots\.jsonl|election_(manifest|parameters)\.json|"
    r"guardians/guardian_[1-9][0-9]{0,8}\.public_key\.json|hashes(_ext)?\.json|joint_public_keys\.json|tally\.json|totals\.json|"
    r"voting_devices\.json"
)
"""Of every kind of record, besides the two that are not listed. That the guardians are 1 to n is X8."""
LOG = "log.json"
NO_KEY = "no key was given, so nobody can tell who made this record: name the scrutineer's key with --key"


def fingerprint(key: bytes) -> str:
    """A public key's fingerprint: SHA-256, the first 16 bytes, in groups of four hexadecimal digits."""
    digits = hashlib.sha256(key).hexdigest().upper()[:32]
    return " ".join(digits[i : i + 4] for i in range(0, 32, 4))


def signed_message(profile_sha256: bytes, date: str) -> bytes:
    """The bytes that are signed."""
    return b"psephos election record v1\n" + profile_sha256.hex().upper().encode() + b"\n" + date.encode() + b"\n"


def check_signature(source: RecordSource, parts: OwnParts, key: bytes | None, report: Report) -> None:
    """X15. Files are compared even without a key."""
    _check_files(parts, source.format.witnessed, report)
    voting, signature, findings = source.manifest.voting, parts.signature, report.findings
    if signature is None or voting is None:
        report.miss("X15", "the signature could not be read")
        return
    inside = voting.closes <= signature.date <= voting.record_due
    findings.check("X15", inside, "signature.json", "date", f"{voting.closes} to {voting.record_due}", signature.date)
    if key is None:
        report.miss("X15", NO_KEY)
        return
    valid = verify(key, signed_message(parts.profile_sha256, signature.date), signature.signature)
    findings.check("X15", valid, "signature.json", "the signature is not valid under the given key")
    report.done("X15")


def _check_files(parts: OwnParts, witnessed: bool, report: Report) -> None:
    """Every file is listed with its digest, and there is nothing else, listed or not, than what records of this kind have."""
    findings = report.findings
    listed = {entry.path: entry.sha256 for entry in parts.listed}
    found = {entry.path: entry.sha256 for entry in parts.found}
    for path in sorted(listed.keys() | found.keys()):
        if not (_FILE.fullmatch(path) or (witnessed and path == LOG)):
            findings.fail("X15", path, "is no file of a record of this kind")
        elif path not in found:
            findings.fail("X15", path, "is listed in profile.json, but not there")
        elif path not in listed:
            findings.fail("X15", path, "is there, but not listed in profile.json")
        else:
            findings.check("X15", listed[path] == found[path], path, "SHA-256", listed[path], found[path])
