"""All particulars of a ballot, section by section, and the check before it opens: every unmet item by its id."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field, TypeAdapter, ValidationError

from api.errors import Invalid
from api.law.conditions import (
    Agreements,
    Area,
    Certificate,
    Scrutineer,
    Server,
    check_certificates,
    check_conditions,
    check_servers,
)
from api.law.determination import Determination, check_determination, check_hierarchy, methods_of
from api.law.findings import Finding, blocking, in_order, warning
from api.law.kinds import Candidate, Merger, PoliticalFund, Sample, check_kind
from api.law.sections import Name, Section, Words
from api.law.workplace import Employer, Station, check_employers, check_stations
from engine.manifest import Manifest
from engine.statutory import BallotType, Method, Statutory

__all__ = ["SECTIONS", "Particulars", "RollFacts", "check_opening", "read_section"]


class Imprint(Section):
    """Who is responsible for what voters are sent and shown (EA22-s41.1)."""

    text: Words = Field(default="", examples=["Published by The scrutineer, 1 High Street, London, for The union, 2 Low Street, Leeds."])


class Particulars(Section):
    """What is recorded of one ballot's set-up. A section that was not told is empty."""

    scrutineer: Scrutineer | None = None
    certificates: tuple[Certificate, ...] = ()
    agreements: Agreements | None = None
    area: Area | None = None
    servers: tuple[Server, ...] = ()
    imprint: Imprint | None = None
    union_domains: tuple[Name, ...] = Field(default=(), examples=[["union.example"]])
    determinations: tuple[Determination, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    political_fund: PoliticalFund | None = None
    merger: Merger | None = None
    samples: tuple[Sample, ...] = ()
    employers: tuple[Employer, ...] = ()
    stations: tuple[Station, ...] = ()
    identification: tuple[Name, ...] = Field(default=(), description="What is accepted at stations (121(c)).", examples=[["Union card"]])


SECTIONS: Mapping[str, TypeAdapter[Any]] = {
    name: TypeAdapter[Any](field.rebuild_annotation()) for name, field in Particulars.model_fields.items()
}
"""What can be told, by name."""


@dataclass(frozen=True, slots=True)
class RollFacts:
    """What is known of the roll, in numbers: people, those without any usable method, those with several routes that the hierarchy does not
    rank, open exceptions; whether the roll as it stands was checked; by method, how many have it. `particulars` is the version whose
    determination it was done by."""

    people: int
    without_method: int
    exceptions: int
    checked: bool
    named: Mapping[Method, int]
    unranked: int = 0
    particulars: int = 0


def read_section(name: str, content: bytes) -> Any:
    """A section from JSON. Raises Invalid, saying which member is wrong and what was expected."""
    adapter = SECTIONS.get(name)
    if adapter is None:
        raise Invalid(f"there is no section of that name; there are {', '.join(SECTIONS)}")
    try:
        return adapter.validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in (name, *first["loc"]))
        raise Invalid(f"{place}: {first['msg']}") from None


def check_opening(manifest: Manifest, given: Particulars, roll: RollFacts | None) -> tuple[Finding, ...]:
    """Everything that is missing or wrong before a ballot opens, what blocks first. A ballot that no law asks for gets one warning."""
    statutory = manifest.statutory
    if statutory is None:
        note = "the definition names no kind of ballot: pages, record and report say that it is not statutory"
        return (warning("COP-004", "definition", note),)
    return in_order((*_findings(manifest, statutory, given), *_roll(roll)))


def _findings(manifest: Manifest, statutory: Statutory, given: Particulars) -> Iterator[Finding]:
    named = manifest.voting.scrutineer
    controlled = (*given.union_domains, *(domain for each in given.employers for domain in each.domains))
    yield from check_conditions(given.scrutineer, given.agreements, given.area, named, controlled)
    if {Method.ELECTRONIC, Method.HYBRID} & set(statutory.methods):
        yield from check_certificates(given.certificates, manifest.opens, manifest.closes)
        yield from check_servers(given.servers, statutory, [each.name for each in given.employers])
    if not (given.imprint and given.imprint.text):
        yield warning("EA22-s41.1", "imprint", "messages and pages cannot say who is responsible for them")
    yield from _determinations(manifest, statutory, given)
    used = frozenset(method for each in given.determinations for rule in each.assignments for method in rule.methods)
    every = frozenset[Method]().union(*map(methods_of, given.determinations))
    yield from check_kind(
        manifest, statutory, given.candidates, given.political_fund, given.merger, given.samples, used, every - used
    )
    if Method.WORKPLACE in statutory.methods:
        appointed = given.scrutineer.appointed if given.scrutineer else None
        yield from check_employers(given.employers, appointed, manifest.opens.date())
        yield from check_stations(given.stations, given.employers, given.identification, manifest.opens.date(), manifest.closes.date())


def _determinations(manifest: Manifest, statutory: Statutory, given: Particulars) -> Iterator[Finding]:
    where = "determinations"
    unions = given.merger.unions if given.merger and statutory.ballot_type is BallotType.AMALGAMATION else ()
    made = {each.union for each in given.determinations}
    for union in unions:
        if union not in made:
            yield blocking("COP-023", where, f"the determination of {union} is missing")
    if not given.determinations:
        yield blocking("COP-024", where, "record the determination of the responsible person, also for a postal ballot")
    elif len(given.determinations) > max(1, len(unions)):
        yield blocking("COP-023", where, "there are more determinations than unions that make one")
    if (
        statutory.ballot_type is BallotType.TRANSFER and given.merger and given.determinations
        and given.determinations[0].union not in given.merger.unions
    ):  # fmt: skip
        yield blocking("COP-023", where, "in a transfer the transferring union makes the determination")
    names = [name for each in given.candidates for name in (each.full_name, each.ballot_name) if name]
    for number, each in enumerate(given.determinations, 1):
        place = f"determinations, {number}"
        yield from check_determination(place, each, statutory, manifest.closes, names, manifest.voting.scrutineer)
        yield from check_hierarchy(place, each, statutory)


def _roll(roll: RollFacts | None) -> Iterator[Finding]:
    where = "roll"
    if roll is None or roll.people == 0:
        yield blocking("COP-045.1", where, "there is no roll yet (psephos scrutineer roll)")
        return
    if roll.without_method:
        yield blocking("COP-032", where, f"{roll.without_method} voters have no method by which they can vote")
    if roll.unranked:
        yield blocking("COP-034", where, f"{roll.unranked} voters have several routes, and the hierarchy does not say which vote counts")
    if not roll.checked:
        yield blocking("COP-056.2", where, "the roll as it stands was not checked, or by another determination: hand it in again")
    if roll.exceptions:
        yield warning("COP-056.3", where, f"{roll.exceptions} contacts are held back and not yet settled")

