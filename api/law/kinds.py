"""What particular kinds of ballot need: candidates in a union election, unions and notice of a merger, the answer on Northern Ireland,
samples for employers (5, 22, 23, 160, 164 to 166)."""

from collections import Counter
from collections.abc import Iterator, Sequence

from pydantic import Field

from api.law.findings import Finding, blocking, warning
from api.law.sections import Answer, Day, Digest, Name, Section, Words
from engine.manifest import Manifest
from engine.statutory import BallotType, Method, Statutory

__all__ = ["Candidate", "Merger", "PoliticalFund", "Sample", "check_kind"]


class Candidate(Section):
    """Who stands in a union election: the full name, and the one on the ballot (EA22-s10); the address as it is sent."""

    full_name: Name = ""
    ballot_name: Name = ""
    contest: int = Field(default=1, ge=1, examples=[1])
    address: Digest | None = None
    imprint: Words = Field(default="", description="Who is responsible for the election address, with a postal address.")


class PoliticalFund(Section):
    """Whether the union has a branch or section in Northern Ireland (165): answered, never assumed."""

    northern_ireland: Answer | None = None


class Merger(Section):
    """The unions that amalgamate, or the one that transfers its engagements, and the notice that voters get."""

    unions: tuple[Name, ...] = Field(default=(), examples=[["The union", "The other union"]])
    notice: Digest | None = None
    approved: Day | None = Field(default=None, description="When the Certification Officer approved the notice.")


class Sample(Section):
    """That samples of a method's voting materials went to the employers (164)."""

    method: Method = Field(examples=["electronic"])
    document: Digest | None = None
    sent: Day | None = None


def check_kind(
    manifest: Manifest, statutory: Statutory, candidates: Sequence[Candidate], fund: PoliticalFund | None, merger: Merger | None,
    samples: Sequence[Sample], used: frozenset[Method], backup: frozenset[Method],
) -> Iterator[Finding]:  # fmt: skip
    """What the kind of ballot asks for. `used` are the methods that voters have, `backup` those that somebody may be moved to."""
    kind = statutory.ballot_type
    if kind is BallotType.UNION_ELECTION:
        yield from _candidates(manifest, candidates)
    if kind is BallotType.POLITICAL_FUND:
        answer = None if fund is None else fund.northern_ireland
        where = "political_fund"
        if answer is None:
            yield blocking("COP-165", where, "say whether the union has a branch or section in Northern Ireland")
        elif answer and set(statutory.methods) != {Method.POSTAL}:
            yield blocking("COP-165", where, "with a branch or section in Northern Ireland only postal voting is possible")
    if kind in (BallotType.AMALGAMATION, BallotType.TRANSFER):
        yield from _merger(kind, merger or Merger())
    if kind is BallotType.INDUSTRIAL_ACTION:
        sent = {each.method for each in samples if each.document is not None and each.sent is not None}
        for method in Method:
            if method in used and method not in sent:
                yield blocking("COP-164a", "samples", f"send the employer a sample of the materials of {method} voting, and record it")
            elif method in backup and method not in sent:
                yield warning("COP-164b", "samples", f"the employer was sent no sample of {method} voting, which is a backup")


def _candidates(manifest: Manifest, candidates: Sequence[Candidate]) -> Iterator[Finding]:
    where = "candidates"
    for contest in manifest.contests:
        shown = Counter(each.ballot_name for each in candidates if each.contest == contest.index)
        wanted = {option.label for option in contest.options if not option.spoil}
        for name in sorted(wanted - set(shown)):
            yield blocking("COP-ANX-h", where, f"contest {contest.index}: the list of candidates lacks {name}, who stands on the form")
        for name in sorted(set(shown) - wanted):
            yield blocking("EA22-s10", where, f"contest {contest.index}: {name} is no option of the form")
        for name in sorted(name for name, number in shown.items() if number > 1):
            yield warning("EA22-s10", where, f"contest {contest.index}: two candidates have the ballot name {name}")
    for each in candidates:
        if not each.full_name:
            yield blocking("EA22-s10", where, f"{each.ballot_name or 'a candidate'}: the full name is missing")
        if each.address is not None and not each.imprint:
            yield warning("EA22-s41.2", where, f"{each.ballot_name}: the election address does not say who is responsible for it")


def _merger(kind: BallotType, merger: Merger) -> Iterator[Finding]:
    where = "merger"
    if kind is BallotType.AMALGAMATION and len(set(merger.unions)) < 2:
        yield blocking("COP-023", where, "name the unions that amalgamate: each makes a determination of its own")
    if kind is BallotType.TRANSFER and len(merger.unions) != 1:
        yield blocking("COP-023", where, "name the one union that transfers its engagements: it makes the determination")
    if merger.notice is None or merger.approved is None:
        yield blocking("COP-160a", where, "record the notice to voters that the Certification Officer approved, and when")
