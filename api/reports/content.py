"""What stands in the scrutineer's report, and what it still lacks: made from facts alone, those of the platform and those told by people.

The items that the 1992 Act asks for are not in the Code. Their layout is a template of ours with a date, to be compared with the Act; what
it gives are figures and statements, never a legal conclusion.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from api.law.particulars import Particulars
from api.law.sections import Answer, Section, Words
from api.reports.blocks import Block
from api.reports.words import HEADINGS, Language
from engine.statutory import BallotType, Method

__all__ = ["TEMPLATE", "Told", "blocks_of", "gaps_of", "sections_of", "subtitle_of"]

TEMPLATE = "22 November 2026"
"""When the layouts were made."""
_REPORT_SECTIONS: Mapping[BallotType, str] = {
    BallotType.INDUSTRIAL_ACTION: "231B",
    BallotType.UNION_ELECTION: "52",
    BallotType.POLITICAL_FUND: "78 and 72O",
    BallotType.AMALGAMATION: "100E",
    BallotType.TRANSFER: "100E",
}
_NONE = "None."


class Told(Section):
    """What the scrutineer says in the report. `satisfied`: that there are no reasonable grounds to believe that a requirement was not
    met."""

    satisfied: Answer | None = None
    reservations: Words = ""
    accessibility: Words = ""
    remarks: Words = ""


@dataclass(frozen=True, slots=True)
class _Report:
    """What a report is made from: the platform's facts as `GET /report` answers them, particulars, and what the scrutineer says."""

    facts: Mapping[str, Any]
    particulars: Particulars
    told: Told
    language: Language

    def heading(self, name: str) -> str:
        return HEADINGS[name][list(Language).index(self.language)]

    @property
    def methods(self) -> set[str]:
        return set(self.facts["methods"])

    @property
    def registers(self) -> Mapping[str, Any]:
        return dict(self.facts.get("registers") or {})


def sections_of(facts: Mapping[str, Any]) -> str:
    """The sections of the Act that the report is made under (167); "" for a ballot that no law asks for."""
    kind = facts["ballot_type"]
    return _REPORT_SECTIONS[BallotType(kind)] if kind in set(BallotType) else ""


def subtitle_of(facts: Mapping[str, Any]) -> str:
    """What the report is about."""
    kind = facts["ballot_type"]
    under = f"{kind}, section {facts['section']}" if facts["section"] else kind
    return f"{facts['label']}: {facts['union']} ({under})"


def gaps_of(facts: Mapping[str, Any], particulars: Particulars, told: Told) -> list[str]:
    """What keeps a report from being final, each with the id that asks for it."""
    gaps = []
    if not sections_of(facts):
        gaps.append("COP-004: this ballot is not statutory: there is no scrutineer's report on it")
    if facts["state"] not in ("released", "archived") or not facts["record_hash"]:
        gaps.append("COP-167.1: the record is not released, so its verification is not complete")
    if particulars.scrutineer is None:
        gaps.append("COP-045.1: the particulars of the scrutineer are missing")
    if told.satisfied is None:
        gaps.append("COP-167.1: say whether you are satisfied that the requirements were met, or make reservations")
    elif not told.satisfied and not told.reservations:
        gaps.append("COP-167.1: a report without the statement of satisfaction says why: give the reservations")
    if told.satisfied and _must_qualify(facts):
        gaps.append("COP-097.1: an unauthorised access is open or confirmed: the statement of satisfaction cannot be made")
    return gaps


def blocks_of(facts: Mapping[str, Any], particulars: Particulars, told: Told, language: Language) -> list[Block]:
    """The whole report. What is not known is said to be unknown; what there is none of is said to be none."""
    report = _Report(facts, particulars, told, language)
    made = [*_ballot(report), *_figures(report), *_result(report), *_statement(report), *_permissions(report)]
    if {Method.ELECTRONIC, Method.HYBRID} & report.methods:
        made += [*_electronic(report)]
    if Method.WORKPLACE in report.methods:
        made += [*_workplace(report)]
    return [*made, *_registers(report), *_support(report), *_about(report)]


def _must_qualify(facts: Mapping[str, Any]) -> bool:
    return bool((facts.get("registers") or {}).get("clean_statement_ruled_out", False))


def _ballot(report: _Report) -> Iterator[Block]:
    facts, scrutineer = report.facts, report.particulars.scrutineer
    pairs = [
        ("Union", facts["union"]),
        ("Ballot", facts["label"]),
        ("Kind of ballot", facts["ballot_type"]),
        ("Held under section", f"{facts['section']} of the Trade Union and Labour Relations (Consolidation) Act 1992"),
        ("Report under section", sections_of(facts)),
        ("Independent scrutineer", facts["scrutineer"]),
    ]
    if scrutineer:
        appointed = f"{scrutineer.appointed:%-d %B %Y}" if scrutineer.appointed else ""
        pairs += [("Address", scrutineer.postal_address), ("Appointed", appointed)]
        pairs += [("Qualified by", scrutineer.qualification)]
    pairs += [(f"Responsible person, {each.union}", each.office_holder) for each in report.particulars.determinations]
    pairs += [
        ("Opened", _moment(facts["opens"])),
        ("Closed", _moment(facts["closes"])),
        ("Methods of voting", ", ".join(facts["methods"])),
        ("Hierarchy, highest first", ", ".join(facts["hierarchy"]) or "nobody had more than one route"),
        ("Trustees", f"{', '.join(facts['trustees'])}; {facts['quorum']} of them decrypt"),
    ]
    yield Block(report.heading("ballot"), facts=[(name, text) for name, text in pairs if text])
    scopes = [(each.number, f"specification {each.specification}: {each.scope}") for each in report.particulars.certificates]
    if scopes:
        yield Block("Cyber Essentials Plus", 2, facts=scopes)


def _figures(report: _Report) -> Iterator[Block]:
    count = report.facts.get("count")
    if count is None:
        yield Block(report.heading("figures"), paragraphs=["The votes are not counted yet."])
        return
    pairs = [
        ("Entitled to vote", _number(count["voters"])),
        *((f"  by {method} voting", _number(number)) for method, number in report.facts.get("assigned", {}).items()),
        ("Votes cast electronically and counted", _number(count["counted"])),
        ("Votes discounted (paragraph 112)", _number(count["discounted"])),
        ("Voting forms opened to check them, never cast", _number(count["challenged"])),
    ]
    yield Block(report.heading("figures"), facts=pairs)


def _result(report: _Report) -> Iterator[Block]:
    result = report.facts.get("result")
    if result is None:
        return
    yield Block(report.heading("result"))
    for question in result:
        answers = [(each["label"], int(each["votes"])) for each in question["options"]]
        yield Block(
            question["question"], 2, chart=answers, head=["Answer", "Votes"], rows=[[label, _number(votes)] for label, votes in answers]
        )
        best = max((votes for _, votes in answers), default=0)
        level = [label for label, votes in answers if votes == best]
        if best and len(level) > 1:
            yield Block(paragraphs=[f"The votes for {' and '.join(level)} are equal. A tie is reported here and not broken."])
    unanimous = [
        f"All {each['ballots']} counted votes on {each['question']} are for {each['answer']}." for each in report.facts["unanimous"]
    ]
    if unanimous:
        yield Block(paragraphs=unanimous)
    digest = report.facts["record_hash"]
    yield Block(
        report.heading("verification"),
        paragraphs=[
            "The votes were added up without being opened, and trustees decrypted the totals alone. The published record holds every "
            "encrypted vote and every proof; the standalone verifier has verified it, and anybody can do so again."
            if digest else "The record of this ballot is not released.",
        ],
        facts=[("Hash of the record (SHA-256)", " ".join(digest[at : at + 8] for at in range(0, 64, 8)))] if digest else [],
    )  # fmt: skip


def _statement(report: _Report) -> Iterator[Block]:
    told = report.told
    if _must_qualify(report.facts):
        words = ["An unauthorised access is recorded as open or confirmed, so the statement of satisfaction is not made (paragraph 97)."]
    elif told.satisfied:
        words = ["The scrutineer is satisfied that there are no reasonable grounds to believe that a requirement was not met."]
    elif told.satisfied is None:
        words = ["The scrutineer has not made a statement yet."]
    else:
        words = ["The scrutineer does not make the statement of satisfaction."]
    yield Block(report.heading("statement"), paragraphs=[*words, *([told.reservations] if told.reservations else [])])


def _permissions(report: _Report) -> Iterator[Block]:
    changes = report.facts["permission_changes"]
    rows = [[each["at"][:16].replace("T", " "), each["kind"], each["role"] or "", each["account"], each["reason"]] for each in changes]
    head = ["Time (UTC)", "Change", "Role", "Account", "Reason"]
    yield Block(report.heading("permissions"), paragraphs=[] if rows else [_NONE], head=head, rows=rows)


def _electronic(report: _Report) -> Iterator[Block]:
    count = report.facts.get("count") or {}
    number = count.get("discounted", 0)
    level = report.particulars.agreements.identification if report.particulars.agreements else ""
    words = f"{_number(number)} votes were discounted. Identification agreed beforehand: {level.rstrip('.') or 'none was agreed'}."
    yield Block(report.heading("discounted"), paragraphs=[words if number else _NONE])
    agreed = report.particulars.agreements.downtime_minutes if report.particulars.agreements else None
    measured = report.facts.get("downtime_minutes")
    yield Block(report.heading("availability"), facts=[
        ("Downtime agreed beforehand", f"{agreed} minutes" if agreed else "no threshold was agreed"),
        ("Downtime measured", f"{measured} minutes" if measured is not None else "not measured"),
    ])  # fmt: skip


def _workplace(report: _Report) -> Iterator[Block]:
    rows = [
        [each.name, each.employer, each.kind.value if each.kind else "", f"{each.room}, {each.address}"]
        for each in report.particulars.stations
    ]
    yield Block(
        report.heading("workplace"), paragraphs=[] if rows else [_NONE], head=["Station", "Employer", "Kind", "Place"], rows=rows
    )


def _registers(report: _Report) -> Iterator[Block]:
    registers = report.registers
    if not registers:
        yield Block(report.heading("incidents"), paragraphs=["The ballot has no log yet, so there are no registers."])
        return
    told = [[each.get("status", ""), each.get("description", ""), each.get("effect", "")] for each in registers["incidents"]["entries"]]
    yield Block(report.heading("incidents"), paragraphs=[] if told else [_NONE], head=["Status", "What happened", "Effect"], rows=told)
    complaints = registers["complaints"]
    rows = [[category, _number(number)] for category, number in complaints["by_category"].items()]
    open_ones = [f"{_number(complaints['unanswered'])} of them have no answer yet."] if complaints["unanswered"] else []
    yield Block(report.heading("complaints"), paragraphs=open_ones if rows else [_NONE], head=["Category", "Number"], rows=rows)
    yield from _failures(report, registers["failures"])
    for_report = [[each.get("station", ""), each["subject"], each.get("outcome", "")] for each in registers["issues"]["for_the_report"]]
    yield Block(report.heading("issues"), paragraphs=[] if for_report else [_NONE], head=["Station", "Issue", "Outcome"], rows=for_report)
    if registers["gaps"]:
        yield Block(report.heading("gaps"), paragraphs=[str(each) for each in registers["gaps"]])


def _failures(report: _Report, failures: Mapping[str, Any]) -> Iterator[Block]:
    """Numbers beside the margin, and no conclusion (162)."""
    rows = [
        [category, _number(each["entries"]), _number(each["voters"]), _number(each["deliberate"])]
        for category, each in failures["by_category"].items()
    ]
    margin = failures["margin"]
    head = ["Category", "Entries", "Voters affected", "Deliberate"]
    words = [*failures["labels"]] if rows else [_NONE]
    if rows and margin is not None:
        words.insert(0, f"Voters affected: {_number(failures['voters'])}; margin of the result: {_number(margin)}.")
    yield Block(report.heading("failures"), paragraphs=words, head=head, rows=rows)


def _support(report: _Report) -> Iterator[Block]:
    scrutineer = report.particulars.scrutineer
    pairs = [("Support", f"{scrutineer.support.contact}; {scrutineer.support.hours}")] if scrutineer else []
    steps = report.told.accessibility or "No steps beyond the accessible voting page were told."
    yield Block(report.heading("support"), paragraphs=[steps], facts=pairs)
    if report.told.remarks:
        yield Block(paragraphs=[report.told.remarks])


def _about(report: _Report) -> Iterator[Block]:
    yield Block(report.heading("template"), paragraphs=[
        f"This layout is a template of {TEMPLATE}. The items that the 1992 Act asks for in a report under section "
        f"{sections_of(report.facts) or '(none)'} have to be compared with the Act as it is in force; they are not part of the Code.",
    ])  # fmt: skip


def _moment(text: str) -> str:
    """A time as clocks in the United Kingdom show it, and in UTC."""
    moment = datetime.fromisoformat(text)
    return f"{moment.astimezone(ZoneInfo('Europe/London')):%H:%M on %-d %B %Y (%Z)}; {moment:%Y-%m-%d %H:%M} UTC"


def _number(number: int) -> str:
    return f"{number:,}"
