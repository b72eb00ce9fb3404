"""Verifications 13 and 14: opened challenged ballots (§3.6.7, §6.2.7); X4 and X18 where they concern openings.

A challenged ballot without opening and an opening without challenged ballot fail 13.B and 14.B: the items loop over what is there.
"""

from collections.abc import Set

from .arithmetic import H
from .codes import REGULAR_RULES, contest_hash
from .contest_data import data_key, decrypt_blocks
from .context import Context
from .model import Ballot, BallotContest, Ciphertext, Contest, OpenedBallot, OpenedContest
from .report import Findings

__all__ = ["check_leftovers", "check_opening"]


def check_opening(context: Context, ballot: Ballot, findings: Findings) -> None:
    """13.A to 14.F for a challenged ballot."""
    opening = context.openings.get(ballot.ballot_id)
    if opening is None:
        if context.source.openings is not None:
            findings.fail("13.B 14.B X4", ballot.where, "the challenged ballot is not opened")
        return
    findings.count("X4")
    style = context.styles.get(ballot.style)
    expected = style.contests if style else ()
    found = tuple(contest.index for contest in opening.contests)
    for index in found:
        findings.check("14.A", index in expected, opening.where, "contest of the ballot's style", expected, index)
    for index in expected:
        findings.check("14.B", found.count(index) == 1, opening.where, f"contest {index} once", 1, found.count(index))
    findings.check("14.B X18", found == expected, opening.where, "contests in the style's order", expected, found)

    on_ballot = {contest.index: contest for contest in ballot.contests}
    hashes: list[bytes] = []
    for opened in opening.contests:
        where = f"{opening.where}, contest {opened.index}"
        manifest, contest = context.contests.get(opened.index), on_ballot.get(opened.index)
        if manifest is None or contest is None:
            findings.fail("13.B", where, "is not on the ballot")
            continue
        _check_content(manifest, opened, where, findings)
        chi = _recompute(context, ballot, manifest, contest, opened, where, findings)
        if chi is not None:
            hashes.append(chi)
    code = H(ballot.h_i, REGULAR_RULES.code, *hashes, ballot.chaining_field)
    findings.check("13.B", code == ballot.confirmation_code, opening.where, "H_C from the opened values", code, ballot.confirmation_code)


def check_leftovers(context: Context, matched: Set[str], findings: Findings) -> None:
    """Openings of ballots that are not challenged, and second openings. `matched` are the ids of all challenged ballots."""
    extra: list[OpenedBallot] = [opening for name, opening in context.openings.items() if name not in matched]
    for opening in (*extra, *context.repeated):
        findings.fail("13.B 14.B X4", opening.where, "opens a ballot that is not challenged, or opens it again", None, opening.ballot_id)
    ids = [opening.ballot_id for opening in context.source.openings or ()]
    for before, after in zip(ids, ids[1:], strict=False):
        findings.check("X18", before < after, "openings", "in order of confirmation codes", None, after)


def _check_content(manifest: Contest, opened: OpenedContest, where: str, findings: Findings) -> None:
    """14.A for the label, 14.C to 14.F."""
    findings.check("14.A X18", opened.label == manifest.label, where, "contest label", manifest.label, opened.label)
    expected = [option.label for option in manifest.options]
    found = [option.label for option in opened.options]
    for label in found:
        findings.check("14.C", label in expected, where, "option label", None, label)
    for label in expected:
        findings.check("14.D", found.count(label) == 1, where, f"option {label!r} once", 1, found.count(label))
    findings.check("14.C 14.D X18", found == expected, where, "options in the manifest's order", expected, found)
    if len(found) != len(expected):
        findings.fail("14.F", where, "the sum has no meaning without exactly the manifest's options")
        return
    total = 0
    for option, value in zip(manifest.options, opened.options, strict=True):
        inside = 0 <= value.value <= option.limit
        findings.check("14.E", inside, f"{where}, {value.label!r}", "selection", f"0 to {option.limit}", value.value)
        total += option.times * value.value if option.counted else 0
    findings.check("14.F", 0 <= total <= manifest.limit, where, "sum of the selections", f"0 to {manifest.limit}", total)


def _recompute(
    context: Context, ballot: Ballot, manifest: Contest, contest: BallotContest, opened: OpenedContest, where: str, findings: Findings
) -> bytes | None:
    """(13.1) to (13.3): the contest hash from the opened values, 14.E's business whether they are allowed; None if it can't be computed."""
    group, K = context.group, context.source.K
    _check_data(context, ballot, contest, opened, where, findings)
    if len(opened.options) != len(manifest.options):
        return None
    ciphertexts = []
    for value in opened.options:
        nonce = value.nonce
        if not group.is_scalar(nonce):
            findings.fail("13.B", f"{where}, {value.label!r}", "0 <= ξ < q", None, nonce)
            return None
        ciphertexts.append(Ciphertext(group.g_power(nonce), group.fixed_power(K, value.value + nonce)))
    return contest_hash(group, ballot.h_i, contest.index, ciphertexts, contest.data)


def _check_data(
    context: Context, ballot: Ballot, contest: BallotContest, opened: OpenedContest, where: str, findings: Findings
) -> None:
    """(13.4) to (13.7), 13.A: contest data is opened exactly where there is some; C_0 = g^ξ, else the nonce would be another one."""
    group, data, nonce = context.group, contest.data, opened.data_nonce
    if data is None or nonce is None or opened.data is None:
        if data is not None or nonce is not None or opened.data is not None:
            findings.fail("13.A", where, "contest data is on the ballot or in the opening, but not in both")
        return
    if not findings.check("13.A", group.is_scalar(nonce), where, "0 <= ξ < q", None, nonce):
        return
    alpha, beta = group.g_power(nonce), group.fixed_power(context.source.K_hat, nonce)
    findings.check("13.A", alpha == data.c_0, where, "C_0 = g^ξ", alpha, data.c_0)
    plain = decrypt_blocks(data_key(group, ballot.h_i, contest.index, alpha, beta), contest.index, data.c_1)
    findings.check("13.A", plain == opened.data, where, "D = C_1 xor k", plain, opened.data)
