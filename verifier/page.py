"""The report as one HTML page for people who have to rely on it: plain English, printable, no script, nothing fetched from anywhere.

Every text that is not a constant of this package passes through `_text`. The page holds no time and no path unless the caller gives one:
the same report gives the same bytes.
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from html import escape
from itertools import groupby

from . import __version__, page_text
from .page_style import style_sheet
from .report import Entry, Report, Status, shorten

__all__ = ["to_html"]

_BAR = 1000
_ONE_PAGE = 25


def to_html(report: Report, folder: str = "", date: str = "") -> str:
    """The page. `folder` is the name of the record's folder and `date` that of the verification; both are left out if empty."""
    foot = f"{report.verdict}. Record {report.record_digest[:16] or 'of unknown hash'}"
    style = style_sheet(foot)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    sections = (
        _head(report), _failures(report), _facts(report, folder, date), _totals(report), _ballots(report), _claims(report), _limits(report),
        _checks(report), _notes(report), _glossary(),
    )  # fmt: skip
    title = f"{report.verdict}: {report.label}" if report.label else report.verdict
    return (
        '<!DOCTYPE html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{_text(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n"
        + "".join(sections)
        + f"</main>\n<footer><p>Made by the Psephos verifier, version {__version__}. This page is a report about a record, not a part of "
        "it, and is not signed: whoever doubts it can verify the record again.</p></footer>\n</body>\n</html>\n"
    )


def _text(value: object) -> str:
    """Any text, made safe: characters that cannot be seen are replaced, markup is escaped."""
    return escape("".join(character if character.isprintable() else "�" for character in str(value)))


def _name(value: str) -> str:
    """A text from the record, on its own: whatever its direction of writing, it does not disturb what stands around it."""
    return f'<bdi dir="auto">{_text(value)}</bdi>'


def _number(value: int) -> str:
    return _text(f"{value:,}" if abs(value) < 2**53 else shorten(value))


def _table(caption: str, head: Iterable[tuple[str, str]], rows: Iterable[str], kind: str = "") -> str:
    """A table; `head` are pairs of class and title of a column."""
    cells = "".join(f'<th scope="col"{_class(name)}>{title}</th>' for name, title in head)
    body = "".join(rows)
    return (
        f'<div class="scroll"><table{_class(kind)}><caption>{caption}</caption>\n<thead><tr>{cells}</tr></thead>\n'
        f"<tbody>\n{body}</tbody></table></div>\n"
    )


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def _head(report: Report) -> str:
    kind, sign = ("good", "✓") if report.verified else ("bad", "✗")
    about = f"<p>Ballot: {_name(report.label)}</p>\n" if report.label else ""
    return (
        f"<h1>Verification of the published record</h1>\n{about}"
        f'<div class="verdict {kind}"><strong><i aria-hidden="true">{sign}</i> {report.verdict}</strong>'
        f"<p>{_text(page_text.MEANING[report.verdict])}</p></div>\n"
    )


def _failures(report: Report) -> str:
    if report.verified:
        return ""
    entries, findings = report.entries(), report.findings
    titles = {entry.id: entry.title for entry in entries}
    parts = ["<h2>What failed</h2>\n"]
    if findings.failures:
        rows = []
        for failure in findings.failures:
            file, place = page_text.file_of(failure.where) if report.format.name in ("psephos", "eg21-json") else ("", failure.where)
            rows.append(
                f'<tr><td class="check">{_text(failure.check)}</td><td>{_text(titles.get(failure.check, ""))}</td>'
                f"<td>{_name(file) if file else '–'}</td><td>{_name(place) if place else 'the whole file'}</td>"
                f"<td>{_name(failure.message)}</td></tr>\n"
            )
        head = (("check", "Check"), ("", "What should hold"), ("file", "File"), ("", "Object"), ("", "Equation or rule, and finding"))
        left = findings.failed.total() - len(findings.failures)
        parts.append(_table(f"Failures found: {findings.failed.total()}", head, rows))
        parts += [f"<p>And {left} more of the same checks, not listed one by one.</p>\n"] if left else []
    missed = [entry for entry in entries if entry.status is Status.NOT_RUN]
    if missed:
        rows = [
            f'<tr><td class="check">{_text(entry.id)}</td><td>{_text(entry.title)}</td><td>{_text(entry.reason)}</td></tr>\n'
            for entry in missed
        ]
        parts.append("<p>A check that could not be made counts as failed.</p>\n")
        reasons = (("check", "Check"), ("", "What should hold"), ("", "Why it could not be made"))
        parts.append(_table(f"Checks that could not be made: {len(missed)}", reasons, rows))
    return "".join(parts)


def _facts(report: Report, folder: str, date: str) -> str:
    layout, edition = report.format, ".".join(map(str, report.format.edition))
    # a key file is named by its path: the page says the last part of it alone
    origin = re.sub(r"^the file .*[/\\]", "the file ", report.key_origin, flags=re.DOTALL)
    key = f'<span class="mono">{_text(report.key)}</span> (taken from {_name(origin or "an unnamed source")})' if report.key else ""
    none = "none was given: the signature was not checked" if layout.own else "records of this layout have no key"
    rows = [
        ("Ballot", _name(report.label) if report.label else "unknown"),
        ("Kind of ballot", _text(report.ballot_type)),
        ("Folder of the record", _name(folder) if folder else ""),
        ("Hash of the record", f'<span class="mono">{_text(report.record_digest or "unknown")}</span>'),
        ("Fingerprint of the key", key or none),
        ("Layout", _text(layout.name) + (", record format version 1" if layout.own else " (a record of another system)")),
        ("Rules checked", f"ElectionGuard Design Specification, edition {_text(edition)}"),
        ("Remark", _text(layout.remark)),
        ("Log", _text(str(report.log)) if report.log else ""),
        ("Deviations accepted", "; ".join(map(_text, layout.deviations)) or "none"),
        ("Verified with", f"Psephos verifier, version {__version__}"),
        ("Verified on", _text(date)),
    ]
    body = "".join(f'<tr><th scope="row">{name}</th><td>{value}</td></tr>\n' for name, value in rows if value)
    advice = (
        '<p class="advice"><strong>Compare the fingerprint of the key</strong> with the one that the scrutineer has published in another '
        "place, for instance in the notice of the ballot. The signature proves nothing without that: anybody can make a key, and sign a "
        "false record with it.</p>\n"
    )
    foreign = f'<p class="advice">{_text(page_text.FOREIGN)}</p>\n'
    return (
        f'<h2>What was verified</h2>\n<table class="facts whole"><caption>The record</caption>\n<tbody>\n{body}</tbody></table>\n'
        + (advice if layout.own else foreign)
        + f"<p>{_text(_about_hash(report))}</p>\n"
    )


def _about_hash(report: Report) -> str:
    """What the record's hash stands for: in our layout it is that of the list of files, which may not be true."""
    if not report.format.own:
        return "The hash is over all public files. A record with another hash is another record, to which this report does not apply."
    if any(entry.id == "X15" and entry.status is Status.PASS for entry in report.entries()):
        return (
            "The hash is that of the file profile.json, which holds the hashes of all the others; X15 shows that they agree. A record with "
            "another hash is another record, to which this report does not apply."
        )
    return (
        "The hash is that of the file profile.json alone, which should hold the hashes of all the others. As X15 was not passed, the hash "
        "does not stand for the files that were verified."
    )


def _totals(report: Report) -> str:
    parts = ["<h2>The result, question by question</h2>\n"]
    if not report.verified:
        parts.append('<p class="warning">These are the totals as the record states them. They are NOT verified.</p>\n')
    if not report.tally:
        parts.append("<p>No totals could be read in this record.</p>\n")
    for position, (contest, lines) in enumerate(groupby(report.tally, key=lambda line: line.contest), 1):
        options = list(lines)
        largest = max(1, *(line.tally for line in options))
        rows = [
            f'<tr><th scope="row" class="option">{_name(line.option)}</th><td class="number">{_number(line.tally)}</td>'
            f'<td class="bar">{_bar(line.tally, largest, doubtful=not report.verified)}</td></tr>\n'
            for line in options
        ]
        head = (("option", "Option"), ("number", "Votes"), ("", "Compared with the largest"))
        caption = "Verified totals" if report.verified else "Totals as stated, NOT verified"
        table = f"<h3>Question {position}: {_name(contest)}</h3>\n{_table(caption, head, rows, 'totals')}"
        parts.append(f'<div class="whole">\n{table}</div>\n' if len(options) <= _ONE_PAGE else table)
    parts.append(
        "<p>The length of each bar only repeats the number beside it, compared with the largest number in the same question. This report "
        "counts; it does not declare a result.</p>\n"
    )
    return "".join(parts)


def _bar(value: int, largest: int, doubtful: bool) -> str:
    """A bar for the eye; the number beside it is for everybody. Integers only: a forged total may have any size."""
    width = max(0, min(value, largest)) * (_BAR - 4) // largest
    rect = f'<rect x="2" y="2" width="{width}" height="16"/>' if width else ""
    kind = "bar doubtful" if doubtful else "bar"
    return f'<svg class="{kind}" viewBox="0 0 {_BAR} 20" preserveAspectRatio="none" aria-hidden="true" focusable="false">{rect}</svg>'


def _ballots(report: Report) -> str:
    order = list(page_text.STATES)
    states = {**(dict.fromkeys(order[:3], 0) if report.format.own else {}), **report.ballots}
    rows = []
    for state, number in sorted(states.items(), key=lambda item: (order.index(item[0]) if item[0] in order else len(order), item[0])):
        name, meaning = page_text.STATES.get(state, (state, "Not a state that this program knows."))
        rows.append(f'<tr><th scope="row">{_name(name)}</th><td class="number">{_number(number)}</td><td>{_text(meaning)}</td></tr>\n')
    head = (("", "Ballots"), ("number", "Number"), ("", "What this means"))
    table = _table("Ballots that were read in the record", head, rows, "ballots whole") if rows else "<p>No ballots were read.</p>\n"
    return f"<h2>The ballots in the record</h2>\n{table}" + (f"<p>{_text(page_text.SPOIL)}</p>\n" if report.format.own else "")


def _claims(report: Report) -> str:
    entries = {entry.id: entry for entry in report.entries()}
    items = []
    for claim in page_text.CLAIMS:
        checks = [entries[name] for name in claim.checks.split() if name in entries and (report.format.own or name[0] != "X")]
        if (claim.own_only and not report.format.own) or (claim.witnessed_only and not report.format.witnessed):
            continue
        broken = [entry.id for entry in checks if entry.status in (Status.FAIL, Status.NOT_RUN)]
        basis = f'<br><span class="basis">Rests on the checks {", ".join(entry.id for entry in checks)}.</span>'
        mark = f"<strong>Not proved: failed or not made: {', '.join(broken)}.</strong> " if broken else ""
        items.append(f"<li>{mark}{_text(claim.text)}{basis}</li>\n")
    intro = "<p>The record was verified. This proves, to everyone who repeats the verification:</p>\n"
    return (
        "<h2>What this proves</h2>\n"
        + (intro if report.verified else f'<p class="warning">{_text(page_text.NOT_PROVED)}</p>\n')
        + f"<ul>\n{''.join(items)}</ul>\n"
    )


def _limits(report: Report) -> str:
    listed = (*(page_text.WITNESSED if report.format.witnessed else page_text.NO_LOG), *page_text.LIMITS)
    rows = [f'<tr><th scope="row">{_text(what)}</th><td>{_text(who)}</td></tr>\n' for what, who in listed]
    head = (("", "Not proved by any record, verified or not"), ("", "Who or what is relied on instead"))
    return "<h2>What this does not prove</h2>\n" + _table("Limits of the verification, and who is trusted for what", head, rows)


def _checks(report: Report) -> str:
    made = [entry for entry in report.entries() if entry.status is not Status.NOT_APPLICABLE]
    rows = []
    for group, entries in groupby(made, key=_group):
        rows.append(f'<tr class="group"><th scope="rowgroup" colspan="4">{_text(page_text.GROUPS[group])}</th></tr>\n')
        rows += [_row(entry) for entry in entries]
    head = (("check", "Check"), ("", "What it means"), ("number", "Objects checked"), ("", "Result"))
    parts = ["<h2>What was checked</h2>\n", _table(f"Checks that apply to this record: {len(made)}", head, rows) if made else ""]
    ruled_out = [entry for entry in report.entries() if entry.status is Status.NOT_APPLICABLE]
    if ruled_out:
        rows = [
            f'<tr><td class="check">{_text(entry.id)}</td><td>{_text(entry.title)}</td><td>{_text(entry.reason)}</td></tr>\n'
            for entry in ruled_out
        ]
        reasons = (("check", "Check"), ("", "What it would mean"), ("", "Why it does not apply"))
        parts.append(_table(f"Checks that do not apply to this record: {len(ruled_out)}", reasons, rows))
    return "".join(parts)


def _group(entry: Entry) -> str:
    return "X" if entry.id[0] == "X" else entry.id.partition(".")[0]


def _row(entry: Entry) -> str:
    bad = entry.status in (Status.FAIL, Status.NOT_RUN)
    detail = f" ({_number(entry.failed)} failed)" if entry.failed else ""
    return (
        f'<tr{_class("failed" if bad else "")}><td class="check">{_text(entry.id)}</td><td>{_text(entry.title)}</td>'
        f'<td class="number">{_number(entry.objects)}</td><td class="status">{page_text.STATUS[entry.status.value]}{detail}</td></tr>\n'
    )


def _notes(report: Report) -> str:
    if not report.findings.notes:
        return ""
    items = "".join(f"<li>{_name(text)}: {_number(count)}</li>\n" for text, count in sorted(report.findings.notes.items()))
    return f"<h2>Noticed, though no check asks for it</h2>\n<ul>\n{items}</ul>\n"


def _glossary() -> str:
    rows = [f'<tr><th scope="row">{_text(word)}</th><td>{_text(meaning)}</td></tr>\n' for word, meaning in page_text.GLOSSARY]
    head = (("", "Word"), ("", "Meaning"))
    return "<h2>Words used in this report</h2>\n" + _table("Meaning of the words", head, rows, "facts")
