"""api/law: a lawful set-up has no findings, and everything that can be missing or wrong is found under its id and nothing else."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.errors import Invalid
from api.law.determination import Determination, assigned, possible
from api.law.findings import Severity
from api.law.particulars import SECTIONS, Particulars, RollFacts, check_opening, read_section
from api.law.statement import hierarchy_statement
from cli.particulars_sample import hierarchy_for, methods_for, sample_particulars
from engine.errors import ManifestError
from engine.manifest import Manifest, read_manifest
from engine.statutory import BallotType, Method, Route
from tests.engine.elections import manifest_bytes

ROLL = RollFacts(people=500, without_method=0, exceptions=0, checked=True, named={})
STRIKE, ELECTION, FUND = BallotType.INDUSTRIAL_ACTION, BallotType.UNION_ELECTION, BallotType.POLITICAL_FUND
AMALGAMATION, TRANSFER = BallotType.AMALGAMATION, BallotType.TRANSFER
ALL = tuple(Method)
E, H, W, P = ALL
Told = dict[str, Any]
Change = Callable[[Told], object]


def manifest_of(kind: BallotType, methods: tuple[Method, ...], hierarchy: tuple[Route, ...]) -> Manifest:
    statutory = {"ballot_type": kind.value, "section": kind.section, "methods": [each.value for each in methods]}
    if hierarchy:
        statutory["hierarchy"] = [each.value for each in hierarchy]
    return read_manifest(manifest_bytes(3, statutory=statutory))


def told_for(kind: BallotType, methods: tuple[Method, ...]) -> Told:
    manifest = manifest_of(kind, methods, hierarchy_for(methods))
    names = [(contest.index, option.label) for contest in manifest.contests for option in contest.options if not option.spoil]
    return sample_particulars(
        kind, methods, manifest.voting.scrutineer, manifest.voting.union, manifest.opens, manifest.closes, names
    )


def found_in(
    kind: BallotType, methods: tuple[Method, ...], change: Change = lambda _: None, hierarchy: tuple[Route, ...] | None = None,
    roll: RollFacts | None = ROLL,
) -> dict[str, Severity]:  # fmt: skip
    told = told_for(kind, methods)
    change(told)
    sections = {name: read_section(name, json.dumps(value, default=str).encode()) for name, value in told.items()}
    manifest = manifest_of(kind, methods, hierarchy_for(methods) if hierarchy is None else hierarchy)
    return {each.requirement: each.severity for each in check_opening(manifest, Particulars(**sections), roll)}


def determination(told: Told) -> Told:
    made: Told = told["determinations"][0]
    return made


def of_determination(**changes: Any) -> Change:
    return lambda told: determination(told).update(changes)


def of(section: str, **changes: Any) -> Change:
    """Changes a section, or the only one of its list."""
    return lambda told: (told[section][0] if isinstance(told[section], list) else told[section]).update(changes)


def of_agreement(**changes: Any) -> Change:
    return lambda told: told["employers"][0]["agreement"].update(changes)


def of_consent(**changes: Any) -> Change:
    return lambda told: told["employers"][0]["consent"].update(changes)


def without(section: str) -> Change:
    return lambda told: told.pop(section)


@pytest.mark.parametrize("kind", BallotType)
@pytest.mark.parametrize("only", [None, (E,), (P,), (E, P)], ids=["all methods", "electronic", "postal", "two"])
def test_the_sample_of_every_kind_is_lawful(kind: BallotType, only: tuple[Method, ...] | None) -> None:
    methods = only or methods_for(kind)
    assert found_in(kind, methods) == {}


def case(requirement: str, kind: BallotType, methods: tuple[Method, ...], change: Change) -> Any:
    """What is to be found under an id after a change."""
    return pytest.param(requirement, kind, methods, change, id=requirement)


def shows(requirement: str, kind: BallotType, methods: tuple[Method, ...], change: Change) -> Any:
    """The same, for an id that is met with this and nothing else is missing of it."""
    return pytest.param(requirement, kind, methods, change, id=requirement, marks=pytest.mark.proves(requirement))


BLOCKS = [
    shows("COP-021", STRIKE, (E,), of_determination(union="")),
    shows("COP-021", STRIKE, (E,), of_determination(office_holder=" ")),
    shows("COP-021", STRIKE, (E,), of_determination(office_holder="SCRUTINEER")),
    case("COP-020", STRIKE, (E,), of_determination(assignments=[])),
    case("COP-020", STRIKE, (E, P), of_determination(assignments=[{"voters": "all", "methods": ["electronic"]}])),
    shows("COP-024", STRIKE, (E,), of_determination(made=None)),
    shows("COP-024", FUND, (P,), without("determinations")),
    shows("COP-025a", STRIKE, (E, H), of_determination(accessibility=" ")),
    shows("COP-027a", STRIKE, (E, H), of_determination(accessibility=" ")),
    shows("COP-027b", STRIKE, (E, H), of_determination(views=" ")),
    shows("COP-027c", STRIKE, (E, H), of_determination(other_matters=" ")),
    shows("COP-028a", STRIKE, (E, H), of_determination(security_reasons=" ")),
    shows("COP-039", STRIKE, (E, H), of_determination(security_risk=None)),
    shows("COP-028b-i", STRIKE, (E, H), of_determination(disruption=" ")),
    case("COP-028b-ii", STRIKE, (E, H), of_determination(earlier_reports=" ")),
    case("COP-028b-iii", STRIKE, (E, H), of_determination(coercion=" ")),
    shows("COP-028d", STRIKE, (E, H), of_determination(alternative=" ")),
    shows("COP-028a", STRIKE, (E,), of_determination(security_risk=None)),
    shows("COP-028c", STRIKE, (E,), of_determination(urgent=None)),
    shows("COP-028c", STRIKE, (E,), of_determination(urgent=True)),
    shows("COP-031", STRIKE, (E,), of_determination(further_method="")),
    shows("COP-025b", STRIKE, (E,), of_determination(opportunity_given=False)),
    shows("COP-025b", STRIKE, (E,), of_determination(opportunity="")),
    shows("COP-025b", STRIKE, (E, P), of_determination(no_reason_known={"electronic": True, "postal": False})),
    shows("COP-025b", STRIKE, (P,), of_determination(no_reason_known={})),
    shows("COP-029b", STRIKE, (E, H), of_determination(no_reason_known={"electronic": True})),
    case("COP-032", STRIKE, (E,), of_determination(assignments=[
        {"voters": "with a personal electronic contact", "methods": ["electronic"]}])),
    case("COP-036", STRIKE, (E, P), of_determination(movement=[
        {"trigger": "", "source": "electronic", "target": "postal", "latest": "2026-11-10T09:00:00Z"}])),
    case("COP-036", STRIKE, (E, P), of_determination(movement=[
        {"trigger": "An unusable code", "source": "electronic", "target": "postal", "latest": "2026-11-20T17:00:00Z"}])),
    shows("COP-034", STRIKE, (E, P), of_determination(assignments=[{"voters": "all", "methods": ["electronic", "postal"]}])),
    shows("COP-034", STRIKE, (E, P), of_determination(backup="postal", assignments=[{"voters": "all", "methods": ["electronic"]}])),
    shows("COP-023", AMALGAMATION, (E,), lambda told: told["determinations"].pop()),
    shows("COP-023", AMALGAMATION, (E,), of("merger", unions=["The union"])),
    shows("COP-023", TRANSFER, (E,), of("merger", unions=["Another union"])),
    shows("COP-023", TRANSFER, (E,), of("merger", unions=["The union", "The other union"])),
    shows("COP-023", STRIKE, (E,), lambda told: told["determinations"].append(determination(told))),
    case("COP-160a", TRANSFER, (E,), of("merger", approved=None)),
    shows("COP-165", FUND, (E,), without("political_fund")),
    shows("COP-165", FUND, (E,), of("political_fund", northern_ireland=True)),
    shows("COP-165", FUND, (H, P), of("political_fund", northern_ireland=True)),
    case("COP-ANX-h", ELECTION, (E,), lambda told: told["candidates"].pop()),
    case("EA22-s10", ELECTION, (E,), of("candidates", full_name="")),
    case("COP-164a", STRIKE, (E, P), lambda told: told["samples"].pop()),
    case("COP-164a", STRIKE, (E,), of("samples", sent=None)),
    shows("COP-045.1", STRIKE, (E,), without("scrutineer")),
    shows("COP-045.1", STRIKE, (E,), of("scrutineer", name="Another scrutineer")),
    shows("COP-045.1", STRIKE, (E,), of("scrutineer", appointed=None)),
    shows("COP-045.2", STRIKE, (E,), of("scrutineer", qualification="")),
    case("COP-105c-v", STRIKE, (E,), of("scrutineer", support={})),
    case("COP-110.1", STRIKE, (E,), of("scrutineer", support={"contact": "help@union.example"})),
    case("COP-110.1", STRIKE, (E,), of("scrutineer", support={"contact": "help@ballots.EMPLOYER.example, 0800 1"})),
    case("COP-046.1", STRIKE, (E,), without("certificates")),
    case("COP-046.1", STRIKE, (E,), of("certificates", scope="")),
    shows("COP-046.2", STRIKE, (E,), of("certificates", expires="2026-11-19")),
    shows("COP-046.2", STRIKE, (E,), of("certificates", issued="2026-11-02")),
    shows("COP-ANX-d", STRIKE, (E,), of("certificates", specification="3.1")),
    shows("COP-ANX-d", STRIKE, (E,), of("certificates", specification="")),
    case("COP-080.2", STRIKE, (E,), of("servers", country="")),
    case("COP-080.2", STRIKE, (E,), of("servers", country="NO")),
    case("COP-052.1", STRIKE, (E,), of("area", everywhere=True)),
    shows("COP-018a", STRIKE, ALL, of_consent(confirmed=None)),
    shows("COP-018a", STRIKE, ALL, of_consent(withdrawn="2026-10-01")),
    shows("COP-018a", STRIKE, ALL, of_consent(refused="2026-10-01", reasons="Not now")),
    shows("COP-117", STRIKE, ALL, of_consent(confirmed="2026-10-30")),
    shows("COP-124", STRIKE, ALL, of_agreement(document=None)),
    shows("COP-124", STRIKE, ALL, of_agreement(made="2026-11-02")),
    shows("COP-126.1", STRIKE, ALL, of_agreement(shared_with_employer=None)),
    shows("COP-126.1", STRIKE, ALL, of_agreement(shared_with_union=None)),
    shows("COP-126.1", STRIKE, ALL, of_agreement(shared_with_scrutineer=None)),
    shows("COP-128a", STRIKE, ALL, of_agreement(locations=["South gate"])),
    shows("COP-128b", STRIKE, ALL, of_agreement(access="")),
    shows("COP-128c", STRIKE, ALL, of_agreement(emergency="")),
    case("COP-128d", STRIKE, ALL, of_agreement(hours_and_duration="")),
    case("COP-128e", STRIKE, ALL, of_agreement(permitted_times="")),
    shows("COP-129a", STRIKE, ALL, of_agreement(not_prevented=False)),
    shows("COP-129b", STRIKE, ALL, of_agreement(not_monitored=False)),
    shows("COP-129c", STRIKE, ALL, of_agreement(co_operation=False)),
    shows("COP-130a", STRIKE, ALL, of_agreement(cost_bearer="")),
    case("COP-130b", STRIKE, ALL, of_agreement(votes_after_breach="")),
    shows("COP-132", STRIKE, ALL, of_agreement(paid_to_union=False)),
    shows("COP-018", STRIKE, ALL, without("stations")),
    shows("COP-018", STRIKE, ALL, of("stations", employer="Nobody")),
    case("COP-121c", STRIKE, ALL, without("identification")),
    case("COP-128e", STRIKE, ALL, of("stations", permitted_times="Never")),
    case("COP-128d", STRIKE, ALL, of("stations", hours=[])),
    case("COP-128d", STRIKE, ALL, of("stations", hours=[{"opens": "2026-10-01T09:00:00Z", "closes": "2026-10-01T17:00:00Z"}])),
    shows("COP-136", STRIKE, ALL, of("stations", kind=None)),
    shows("COP-136a", STRIKE, ALL, of("stations", kind="workplace installation")),
    shows("COP-136b", STRIKE, ALL, of(
        "stations", kind="off-site location", no_location="No room", agreed_by=["scrutineer", "union", "employer"],
        no_disruption="Agreed")),
    shows("COP-136c", STRIKE, ALL, of("stations", kind="off-site location", no_location="No room", no_installation="No space",
                                 agreed_by=["scrutineer", "union"], no_disruption="Agreed")),
    case("COP-138", STRIKE, ALL, of("stations", number_reason="")),
    shows("COP-139a", STRIKE, ALL, of("stations", workplaces=["Dock 3, Port Road, Hull", "Dock 4"], nearness={"Dock 4": "Next door"})),
    shows("COP-140a", STRIKE, ALL, of("stations", agreement="")),
    shows("COP-141a", STRIKE, ALL, of("stations", workplaces=["Elsewhere"])),
    case("COP-142b", STRIKE, ALL, of("stations", kind="workplace installation", no_location="No room", workplaces=["Elsewhere"])),
    shows("COP-144", STRIKE, ALL, of("stations", room="")),
]  # fmt: skip
WARNS = [
    shows("COP-022", ELECTION, (E,), of_determination(office_holder="Candidate A")),
    case("COP-037", STRIKE, (E,), of_determination(acknowledged={})),
    shows("COP-115.1", STRIKE, (W,), lambda _: None),
    case("COP-051.4", STRIKE, (E,), of("scrutineer", support={})),
    case("COP-063.1", STRIKE, (E,), of("scrutineer", description="")),
    case("COP-087.2", STRIKE, (E,), of("agreements", trouble="")),
    case("COP-087.3", STRIKE, (E,), of("agreements", downtime_minutes=None)),
    shows("COP-097.2", STRIKE, (E,), of("agreements", contingency="")),
    case("COP-112.5", STRIKE, (E,), without("agreements")),
    case("COP-052.2", STRIKE, (E,), without("area")),
    case("COP-052.2", STRIKE, (E,), of("area", voters_abroad=True)),
    case("COP-105c-iv-1", STRIKE, (E,), of("servers", protection="")),
    case("COP-105c-iv-2", STRIKE, (E,), of("servers", owner="")),
    case("COP-105c-iv-2", STRIKE, (E,), without("servers")),
    case("COP-083", STRIKE, (E,), of("servers", provider_group=["THE EMPLOYER"])),
    case("EA22-s41.1", STRIKE, (E,), without("imprint")),
    case("EA22-s41.2", ELECTION, (E,), of("candidates", imprint="")),
    case("EA22-s10", ELECTION, (E,), lambda told: told["candidates"].append(told["candidates"][0])),
    case("COP-114.3", STRIKE, ALL, of_consent(refused="2026-10-01")),
    shows("COP-117fn9", STRIKE, ALL, of_consent(agreed_in_principle=None)),
    shows("COP-125.2", STRIKE, ALL, of_agreement(signed_by_union=None)),
    shows("COP-131", STRIKE, ALL, of_agreement(union_breach="")),
    case("COP-138", STRIKE, ALL, of("stations", voters=5000)),
    shows("COP-143b-ii", STRIKE, ALL, of("stations", kind="off-site location", no_location="No room", no_installation="No space",
                                    agreed_by=["scrutineer", "union", "employer"])),
    case("COP-164b", STRIKE, (E, H), lambda told: (
        of_determination(backup="hybrid", assignments=[{"voters": "all", "methods": ["electronic"]}])(told), told["samples"].pop())),
]  # fmt: skip


@pytest.mark.parametrize(("requirement", "kind", "methods", "change"), BLOCKS)
def test_what_is_missing_or_wrong_keeps_the_ballot_from_opening(
    requirement: str, kind: BallotType, methods: tuple[Method, ...], change: Change
) -> None:
    found = found_in(kind, methods, change)
    own = SAME_AS.get(requirement, requirement)
    assert found.get(own) is Severity.BLOCKING, found
    assert {id for id, severity in found.items() if severity is Severity.BLOCKING} <= {own, *ALONG.get(own, ())}


ALONG = {
    "COP-046.1": ("COP-046.2",), "COP-ANX-d": ("COP-046.2",), "COP-105c-v": (), "COP-045.1": ("COP-045.2", "COP-105c-v"),
    "COP-018": ("COP-141a", "COP-128a"), "COP-023": ("COP-024",), "COP-034": ("COP-020",), "COP-036": ("COP-034",),
}  # fmt: skip
"""What follows from the same fault."""
SAME_AS = {"COP-025a": "COP-027a", "COP-029b": "COP-025b", "COP-039": "COP-028a"}
"""Paragraphs that ask for the same: it is found under the other one."""


@pytest.mark.parametrize(("requirement", "kind", "methods", "change"), WARNS)
def test_what_should_be_there_is_warned_of_and_the_ballot_may_open(
    requirement: str, kind: BallotType, methods: tuple[Method, ...], change: Change
) -> None:
    assert found_in(kind, methods, change).get(requirement) is Severity.WARNING


@pytest.mark.proves("COP-022")
def test_an_acknowledged_warning_is_not_repeated() -> None:
    given = {"COP-022": "Nobody else could", "COP-037": "All have two contacts"}
    assert found_in(ELECTION, (E,), of_determination(office_holder="Candidate A", acknowledged=given)) == {}


@pytest.mark.proves("COP-030")
def test_a_postal_ballot_needs_three_factors_and_the_second_criterion_alone() -> None:
    """Adding another method brings the whole list back."""
    few = {"accessibility", "views", "other_matters", "no_reason_known", "union", "office_holder", "made", "assignments"}

    def cut(told: Told) -> None:
        told["determinations"] = [{name: value for name, value in determination(told).items() if name in few}]

    assert found_in(FUND, (P,), cut) == {}
    assert {"COP-028a", "COP-028b-i", "COP-028b-ii", "COP-028c", "COP-028d", "COP-025b"} <= set(found_in(FUND, (E, P), cut))


def test_workplace_papers_rank_first_or_can_be_traced() -> None:
    low = (Route.HYBRID_ELECTRONIC, Route.HYBRID_POSTAL, Route.WORKPLACE)
    assert found_in(STRIKE, (H, W), hierarchy=low)["COP-154.2"] is Severity.BLOCKING
    assert found_in(STRIKE, (H, W), of_determination(papers_traceable=True), hierarchy=low) == {}


def test_a_hierarchy_that_tells_electronic_routes_apart_needs_codes_of_their_own() -> None:
    ranked = (Route.ELECTRONIC, Route.HYBRID_ELECTRONIC, Route.HYBRID_POSTAL)
    assert found_in(STRIKE, (E, H), hierarchy=ranked)["COP-053.2"] is Severity.BLOCKING
    assert found_in(STRIKE, (E, H), of_determination(distinct_codes=True), hierarchy=ranked) == {}


@pytest.mark.parametrize(
    ("spans", "ok"),
    [
        ([("2026-10-01", "2026-11-20")], True), ([("2026-10-01", "2026-11-19")], False), ([("2026-11-01", "2026-11-20")], True),
        ([("2026-10-01", "2026-11-09"), ("2026-11-10", "2026-12-01")], True),
        ([("2026-10-01", "2026-11-08"), ("2026-11-10", "2026-12-01")], False),
        ([("2026-11-10", "2026-12-01"), ("2026-10-01", "2026-11-15")], True),
    ],
)  # fmt: skip
def test_certificates_cover_every_moment_of_voting(spans: list[tuple[str, str]], ok: bool) -> None:
    def change(told: Told) -> None:
        plain = told["certificates"][0]
        told["certificates"] = [{**plain, "issued": issued, "expires": expires} for issued, expires in spans]

    assert (found_in(STRIKE, (E,), change) == {}) == ok


@pytest.mark.parametrize(
    ("specification", "ok"), [("3.1", False), ("3.2", True), ("3.10", True), ("v3.3", True), ("2.9", False), ("4.0", True)]
)
def test_the_specification_of_a_certificate_is_compared_as_numbers(specification: str, ok: bool) -> None:
    assert ("COP-ANX-d" not in found_in(STRIKE, (E,), of("certificates", specification=specification))) == ok


@pytest.mark.proves("COP-139b")
def test_several_workplaces_need_no_order_of_preference() -> None:
    places = ["Dock 3, Port Road, Hull", "Dock 4"]
    near = dict.fromkeys(places, "Next door")
    assert found_in(STRIKE, ALL, of("stations", kind="workplace installation", workplaces=places, nearness=near)) == {}


@pytest.mark.parametrize("methods", [(W,), (E, W)])
@pytest.mark.proves("COP-116.1")
@pytest.mark.proves("COP-116.2")
@pytest.mark.proves("COP-113")
def test_a_workplace_ballot_has_a_qualified_scrutineer_and_consent(methods: tuple[Method, ...]) -> None:
    assert found_in(STRIKE, methods, of("scrutineer", name=""))["COP-045.1"] is Severity.BLOCKING
    assert found_in(STRIKE, methods, of("scrutineer", qualification=""))["COP-045.2"] is Severity.BLOCKING
    assert found_in(STRIKE, methods, of_consent(confirmed=None))["COP-018a"] is Severity.BLOCKING
    with pytest.raises(ManifestError, match="COP-006"):
        manifest_of(ELECTION, methods, ())


@pytest.mark.proves("COP-166")
@pytest.mark.parametrize("methods", [(E,), (H,), (P,), (E, H, P)])
def test_a_political_fund_ballot_outside_northern_ireland_takes_three_methods(methods: tuple[Method, ...]) -> None:
    assert found_in(FUND, methods) == {}
    with pytest.raises(ManifestError, match="COP-006"):
        manifest_of(FUND, (*methods[:1], W) if methods[0] is not P else (W, P), ())


@pytest.mark.parametrize(
    ("roll", "requirement", "severity"),
    [
        (None, "COP-045.1", Severity.BLOCKING),
        (RollFacts(500, 3, 0, True, {}), "COP-032", Severity.BLOCKING),
        (RollFacts(500, 0, 0, False, {}), "COP-056.2", Severity.BLOCKING),
        (RollFacts(500, 0, 7, True, {}), "COP-056.3", Severity.WARNING),
    ],
)
def test_the_roll_is_looked_at_too(roll: RollFacts | None, requirement: str, severity: Severity) -> None:
    assert found_in(STRIKE, (E,), roll=roll) == {requirement: severity}


def test_a_ballot_of_no_kind_is_told_to_be_not_statutory_and_may_open() -> None:
    (found,) = check_opening(read_manifest(manifest_bytes()), Particulars(), None)
    assert (found.requirement, found.severity) == ("COP-004", Severity.WARNING)


@pytest.mark.parametrize(
    ("section", "content", "place"),
    [
        ("nothing", b"{}", "there is no section"), ("scrutineer", b"{", "scrutineer"), ("scrutineer", b'{"nam":"x"}', "scrutineer.nam"),
        ("scrutineer", b'{"appointed":"yesterday"}', "scrutineer.appointed"), ("certificates", b"{}", "certificates"),
        ("stations", b'[{"kind":"tent"}]', "stations.0.kind"), ("area", b'{"countries":"NO"}', "area.countries"),
        ("stations", b'[{"hours":[{"opens":"2026-11-02T09:00:00","closes":"2026-11-02T17:00:00Z"}]}]', "with its zone"),
        ("determinations", b'[{"assignments":[{"voters":"all","methods":["telephone"]}]}]', "determinations.0.assignments.0.methods.0"),
        ("employers", b'[{"agreement":{"document":"x"}}]', "employers.0.agreement.document"),
        ("agreements", b'{"downtime_minutes":0}', "agreements.downtime_minutes"), ("scrutineer", b"\xff", "scrutineer"),
    ],
)  # fmt: skip
def test_a_section_of_another_form_is_refused_with_its_place(section: str, content: bytes, place: str) -> None:
    with pytest.raises(Invalid, match=place.replace(".", r"\.")):
        read_section(section, content)


def made(**changes: Any) -> Determination:
    return Determination.model_validate(changes)


def rule(voters: str, *methods: str) -> dict[str, Any]:
    return {"voters": voters, "methods": methods}


def test_methods_are_assigned_by_rules_and_by_name() -> None:
    """The Code's example: no electronic contact, then hybrid; otherwise electronic (33)."""
    by_contact = made(assignments=[
        rule("with a personal electronic contact", "electronic"), rule("without a personal electronic contact", "hybrid"),
    ])  # fmt: skip
    assert assigned(by_contact, reachable=True, named=()) == (E,)
    assert assigned(by_contact, reachable=False, named=(P,)) == (H,)
    named = made(assignments=[rule("as the roll says", "electronic", "workplace")])
    assert assigned(named, reachable=True, named=(W, P)) == (W,), "what the determination does not name is no method"
    assert assigned(named, reachable=True, named=()) == (), "nobody is given a method that nobody determined"
    twice = made(assignments=[rule("as the roll says", "electronic"), rule("as the roll says", "workplace")])
    assert assigned(twice, reachable=True, named=map(Method, ("electronic", "workplace"))) == (E, W), "one rule takes nothing from another"
    both = made(assignments=[rule("all", "postal"), rule("with a personal electronic contact", "electronic")])
    assert assigned(both, reachable=True, named=()) == (E, P), "who is matched twice has both"
    assert assigned(both, reachable=False, named=()) == (P,)


def test_who_may_be_moved_may_have_several_methods() -> None:
    moves = made(movement=[{"trigger": "lost", "source": "electronic", "target": "postal", "latest": "2026-11-10T09:00:00Z"}])
    assert possible(moves, (E,)) == (E, P)
    assert possible(moves, (W,)) == (W,)
    assert possible(made(backup="hybrid"), (E, W)) == (E, H, W)
    assert possible(made(backup="hybrid"), ()) == ()


def test_the_statement_follows_the_hierarchy_of_the_voter() -> None:
    one, other = hierarchy_statement((Route.WORKPLACE, Route.HYBRID_POSTAL)), hierarchy_statement((Route.HYBRID_POSTAL, Route.WORKPLACE))
    assert "counts once" in one
    assert one.index("box at work") < one.index("sent back by post")
    assert other.index("sent back by post") < other.index("box at work")
    assert hierarchy_statement((Route.ELECTRONIC,)) == hierarchy_statement(()) == ""


def test_every_section_can_be_told() -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    told = {name for kind in BallotType for name in sample_particulars(kind, methods_for(kind), "S", "U", now, now + timedelta(days=9))}
    assert told == set(SECTIONS)
