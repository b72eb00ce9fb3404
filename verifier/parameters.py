"""Verification 1: parameters and base hashes (§6.2.1, §3.1)."""

from .arithmetic import Group, H, b
from .report import Report
from .source import RecordSource

__all__ = ["VERSION", "check_parameters", "parameter_base_hash"]

VERSION = (2, 1, 0)
_VER = b"v2.1.0".ljust(32, b"\0")


def parameter_base_hash(group: Group, n: int, k: int) -> bytes:
    """(4) H_P = H(ver; 0x00, p, q, g, n, k); n and k must be below 2^32."""
    return H(_VER, b"\x00", group.bp(group.p), group.bq(group.q), group.bp(group.g), b(n, 4), b(k, 4))


def base_hash(h_p: bytes, manifest: bytes) -> bytes:
    """(5) H_B = H(H_P; 0x01, manifest)."""
    return H(h_p, b"\x01", b(len(manifest), 4), manifest)


def check_parameters(source: RecordSource, group: Group, report: Report) -> None:
    """1.A to 1.F. H_P is computed from the true p, q, g and the record's n, k; H_B from that H_P."""
    findings, parameters = report.findings, source.parameters
    where = "parameters"
    findings.check("1.A", parameters.version == VERSION, where, "version", VERSION, parameters.version)
    findings.check("1.B", parameters.p == group.p, where, "p", group.p, parameters.p)
    findings.check("1.C", parameters.q == group.q, where, "q", group.q, parameters.q)
    findings.check("1.D", parameters.g == group.g, where, "g", group.g, parameters.g)
    if parameters.field_q is not None:
        findings.check("1.C", parameters.field_q == group.q, where, "q of the field", group.q, parameters.field_q)
    if parameters.generation is not None:
        generation = (group.q.bit_length(), group.p.bit_length(), 256, "ln_2", 256)
        findings.check("1.B", parameters.generation == generation, where, "how p is made", generation, parameters.generation)

    countable = max(parameters.n, parameters.k) < 2**32
    h_p = parameter_base_hash(group, parameters.n, parameters.k) if countable else b""
    findings.check("1.E", h_p == source.h_p, where, "H_P = H(ver; 0x00, p, q, g, n, k)", h_p, source.h_p)
    h_b = base_hash(source.h_p, source.manifest.content)
    findings.check("1.F", h_b == source.h_b, "manifest", "H_B = H(H_P; 0x01, manifest)", h_b, source.h_b)
    report.done("1.A 1.B 1.C 1.D 1.E 1.F")
