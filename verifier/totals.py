"""X10, X12, X13, X14: everything adds up, is what the manifest declares, and nothing is missing; X18 for the manifest's own texts.
Only for our own layout (record-format.md, section 3)."""

from .aggregate import Counts
from .context import Context
from .model import Manifest, OwnParts, Voting
from .own_model import StateCounts
from .report import Findings, Report
from .statutory import check_statutory
from .text import fault, folded, scripts

__all__ = ["NO_BALLOT", "check_totals"]

NO_BALLOT = "No ballot was cast."


def check_totals(context: Context, counts: Counts, parts: OwnParts, report: Report) -> None:
    """X10, X12, X13, X14 and the manifest's part of X18."""
    findings, manifest = report.findings, context.source.manifest
    if parts.totals is None:
        report.miss("X10 X14", "totals.json could not be read")
    else:
        _check_counts(context, counts, parts, findings)
        report.done("X10")
    if manifest.voting is not None:
        _check_release(context, counts, manifest.voting, parts, report)
        _check_declared(context, manifest.voting, findings)
        check_statutory(manifest, findings)
        report.done("X13")
    _check_emptiness(context, counts, parts, report)
    _check_texts(manifest, findings)
    _check_guardians(context, findings)
    report.done("X18")


def _check_counts(context: Context, counts: Counts, parts: OwnParts, findings: Findings) -> None:
    """X10: totals.json against the ballots, all together and style by style."""
    totals = parts.totals
    if totals is None:
        return
    all_ballots = _states(counts, None)
    findings.check("X10", totals.ballots == all_ballots, "totals.json", "ballots", _show(all_ballots), _show(totals.ballots))
    expected = [style.index for style in context.source.manifest.styles]
    found = [index for index, _ in totals.styles]
    findings.check("X10", found == expected, "totals.json", "ballot styles of the manifest in their order", expected, found)
    for index, stated in totals.styles:
        counted = _states(counts, index)
        findings.check("X10", stated == counted, f"totals.json, style {index}", "ballots", _show(counted), _show(stated))


def _states(counts: Counts, style: int | None) -> StateCounts:
    def number(state: str) -> int:
        return sum(n for (name, index), n in counts.states.items() if name == state and style in (None, index))

    return StateCounts(number("Cast"), number("Discounted"), number("Challenged"))


def _show(counts: StateCounts) -> str:
    return f"{counts.cast}/{counts.discounted}/{counts.challenged}"


def _check_release(context: Context, counts: Counts, voting: Voting, parts: OwnParts, report: Report) -> None:
    """X12: no tally of fewer than `smallest_unit` ballots, except of none; nothing dated before the close."""
    findings = report.findings
    findings.check("X12", voting.opens < voting.closes < voting.record_due, "manifest", "opens < closes < record_due")
    findings.check("X12", voting.smallest_unit >= 2, "manifest", "smallest_unit", "2 or more", voting.smallest_unit)
    for contest in context.source.tally or ():
        number = counts.counted[contest.index]
        ok = number == 0 or number >= voting.smallest_unit
        findings.check("X12", ok, f"tally, contest {contest.index}", "counted ballots", f"0, or {voting.smallest_unit} and more", number)
    if context.source.tally is None or parts.signature is None:
        report.miss("X12", "the tally or the signature could not be read")
        return
    date = parts.signature.date
    findings.check("X12", date >= voting.closes, "signature.json", "date not before the close", voting.closes, date)
    report.done("X12")


def _check_declared(context: Context, voting: Voting, findings: Findings) -> None:
    """X13: one device, its description and chaining, and the parameters' texts are the manifest's."""
    source = context.source
    findings.check("X13", voting.chaining_mode == "NoChaining", "manifest", "chaining_mode", "NoChaining", voting.chaining_mode)
    indices = [device.index for device in source.devices]
    findings.check("X13", indices == [1], "voting_devices.json", "devices", [1], indices)
    for device in source.devices:
        where = f"device {device.index}"
        findings.check("X13", device.kind == "Regular", where, "kind", "Regular", device.kind)
        information, chaining = device.information, device.chaining
        ok = information == voting.device_information
        findings.check("X13", ok, where, "device_information", voting.device_information, information)
        findings.check("X13", chaining == voting.chaining_mode, where, "chaining_mode", voting.chaining_mode, chaining)
    if source.format.kind:
        kind = voting.log or "offline"
        findings.check("X13", source.format.kind == kind, "profile.json", "kind, by the manifest's `log`", kind, source.format.kind)
    parameters = source.parameters
    for name, expected, got in (
        ("info", source.manifest.label, parameters.info),
        ("date", voting.opens[:10], parameters.date),
        ("ballot_chaining", "Prohibited", parameters.ballot_chaining),
    ):
        findings.check("X13", got == expected, "election_parameters.json", name, expected, got)


def _check_emptiness(context: Context, counts: Counts, parts: OwnParts, report: Report) -> None:
    """X14. A contest in no style is empty too: nobody can vote in it."""
    source, findings = context.source, report.findings
    manifest = source.manifest
    for name, items in (("contests", manifest.contests), ("styles", manifest.styles), ("guardians", source.guardians)):
        findings.check("X14", len(items) > 0, "record", f"there are no {name}")
    for contest in manifest.contests:
        findings.check("X14", len(contest.options) > 0, f"contest {contest.index}", "has no options")
        used = any(contest.index in style.contests for style in manifest.styles)
        findings.check("X14", used, f"contest {contest.index}", "stands in no ballot style")
    for style in manifest.styles:
        findings.check("X14", len(style.contests) > 0, f"ballot style {style.index}", "has no contests")
    if parts.totals is None or source.tally is None:
        report.miss("X14", "totals or tally could not be read")
        return
    findings.check("X14", len(source.tally) > 0, "tally", "is empty")
    none_cast = not any(n for (state, _), n in counts.states.items() if state == "Cast")
    statement = NO_BALLOT if none_cast else ""
    findings.check("X14", parts.totals.statement == statement, "totals.json", "statement", statement, parts.totals.statement)
    for entry in source.tally:
        findings.check("X14", len(entry.options) > 0, f"tally, contest {entry.index}", "is empty")
        if none_cast:
            for option in entry.options:
                findings.check("X14", option.tally == 0, f"tally, {option.label!r}", "tally without ballots", 0, option.tally)
    report.done("X14")


def _check_texts(manifest: Manifest, findings: Findings) -> None:
    """X18: text rules, labels unique in their scope, one script, the place of the spoil option, one name for each trustee."""
    voting = manifest.voting
    groups = {
        "contests": [contest.label for contest in manifest.contests],
        "ballot styles": [style.label for style in manifest.styles],
        **{f"options of contest {contest.index}": [option.label for option in contest.options] for contest in manifest.contests},
    }
    single = [manifest.label]
    if voting is not None:
        single += [voting.union, voting.scrutineer, *voting.trustees, voting.device_information]
    everything = [*single, *(label for labels in groups.values() for label in labels)]
    for text in everything:
        wrong = fault(text)
        findings.check("X18", wrong is None, f"manifest, {text[:40]!r}", wrong or "")
    for name, labels in groups.items():
        seen: dict[str, str] = {}
        for label in labels:
            twin = seen.setdefault(folded(label), label)
            findings.check("X18", twin is label, f"manifest, {name}", "labels that look alike", None, label)
    found = set().union(*(scripts(text) for text in everything))
    findings.check("X18", len(found) <= 1, "manifest", "scripts of the letters", "one", ", ".join(sorted(found)))
    for contest in manifest.contests:
        if contest.spoil is not None:
            where = f"contest {contest.index}"
            last = contest.spoil == len(contest.options) > 1
            findings.check("X18", last, where, "spoil is the last of several options", None, contest.spoil)
            limit = contest.options[contest.spoil - 1].limit
            findings.check("X18", limit == min(1, contest.limit), where, "limit of the spoil option", 1, limit)


def _check_guardians(context: Context, findings: Findings) -> None:
    """X18: one trustee's name for each guardian, in order."""
    voting = context.source.manifest.voting
    expected = list(voting.trustees) if voting else []
    found = [guardian.name for guardian in context.source.guardians]
    findings.check("X18", found == expected, "guardians", "names of the manifest's trustees", expected, found)
    number = context.source.parameters.n
    findings.check("X18", len(expected) == number, "manifest", "number of trustees", number, len(expected))
