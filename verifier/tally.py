"""Verifications 9 to 11 (§6.2.5) and, in our own layout, X1 and X18: the encrypted tally, its decryption, its labels.

Entries that are not exactly the manifest's, in its order, fail 11.A to 11.D; a tally outside 0 … R · (weights counted) fails 10.C, since
T = K^t fixes t only modulo q.
"""

from .aggregate import Counts
from .arithmetic import Group, b
from .context import Context
from .model import Ciphertext, Contest, TallyContest, TallyOption
from .report import Findings, Report

__all__ = ["check_tally", "tally_challenge"]


def check_tally(context: Context, counts: Counts, report: Report) -> None:
    """9.A to 11.D, X1, X18 for the whole tally."""
    tally, findings = context.source.tally, report.findings
    items = "9.A 9.B 10.A 10.B 10.C 11.A 11.B 11.C 11.D"
    if tally is None:
        report.miss(items + " X1", "the tally could not be read")
        return
    expected = [contest.index for contest in context.source.manifest.contests]
    found = [contest.index for contest in tally]
    findings.check("11.A 11.C 11.D X18", found == expected, "tally", "contests of the manifest in their order", expected, found)
    for index in sorted(counts.seen):
        findings.check("11.D", index in found, "tally", f"contest {index}, which stands on a ballot, is there")
    for index in expected:
        if index not in found:
            findings.fail("9.A 9.B", f"tally, contest {index}", "the contest is missing")
    for entry in tally:
        where = f"tally, contest {entry.index}"
        manifest = context.contests.get(entry.index)
        if findings.check("11.A", manifest is not None, where, "contest of the manifest") and manifest is not None:
            _check_contest(context, counts, manifest, entry, where, findings)
    report.done(items + " X1")


def tally_challenge(group: Group, h_e: bytes, contest: int, option: int, total: Ciphertext, a: int, b_: int, M: int) -> int:
    """(90) c = H_q(H_E; 0x31, ind_c, ind_o, A, B, a, b, M)."""
    numbers = (total.alpha, total.beta, a, b_, M)
    return group.H_q(h_e, b"\x31", b(contest, 4), b(option, 4), *(group.bp(x) for x in numbers))


def _check_contest(
    context: Context, counts: Counts, manifest: Contest, entry: TallyContest, where: str, findings: Findings
) -> None:
    findings.check("11.A X18", entry.label == manifest.label, where, "contest label", manifest.label, entry.label)
    expected = [option.label for option in manifest.options]
    found = [option.label for option in entry.options]
    for label in found:
        findings.check("11.B", label in expected, where, "option label", None, label)
    for label in expected:
        findings.check("11.C", found.count(label) == 1, where, f"option {label!r} once", 1, found.count(label))
    findings.check("11.B 11.C X18", found == expected, where, "options of the manifest in their order", expected, found)
    if len(found) != len(expected):
        findings.fail("9.A 9.B", where, "number of options", len(expected), len(found))
        return
    for option, published in zip(manifest.options, entry.options, strict=True):
        place = f"{where}, {option.label!r}"
        total = published.encrypted
        A, B = counts.products.get((manifest.index, option.index), (1, 1))
        findings.check("9.A", total.alpha == A, place, "A = Π α_j over the counted ballots", A, total.alpha)
        findings.check("9.B", total.beta == B, place, "B = Π β_j over the counted ballots", B, total.beta)
        bound = option.limit * counts.weights[manifest.index]
        _check_decryption(context, manifest.index, option.index, published, bound, place, findings)


def _check_decryption(
    context: Context, contest: int, option: int, published: TallyOption, bound: int, where: str, findings: Findings
) -> None:
    """(10.1) to (10.3), 10.A to 10.C, X1."""
    group, K, proof, total = context.group, context.source.K, published.proof, published.encrypted
    T, t = published.decrypted_value, published.tally
    findings.check("10.A", group.is_scalar(proof.v), where, "0 <= v < q", None, proof.v)
    inside = all(group.is_element(x) for x in (total.alpha, total.beta, T))
    if findings.check("10.B", inside, where, "A, B and T are in Z_p^r", None, (total.alpha, total.beta, T)):
        M = group.product(total.beta, pow(T, -1, group.p))
        a = group.product(group.g_power(proof.v), group.fixed_power(K, proof.c))
        b_ = group.product(group.power(total.alpha, proof.v), group.power(M, proof.c))
        c = tally_challenge(group, context.source.h_e, contest, option, total, a, b_, M)
        findings.check("10.B", c == proof.c, where, "c = H_q(H_E; 0x31, …)", c, proof.c)
    findings.check("10.C", group.fixed_power(K, t) == T, where, "T = K^t", None, t)
    findings.check("10.C X1", 0 <= t <= bound, where, "tally", f"0 to {bound}", t)
