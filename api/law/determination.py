"""The responsible person's determination: methods, who gets which, what was considered, when voters may be moved (paragraphs 20 to 39)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from api.law.findings import Finding, blocking, warning
from api.law.sections import Answer, Day, Moment, Name, Section, Words
from engine.statutory import BallotType, Method, Route, Statutory, routes_of

__all__ = [
    "Assignment", "Determination", "MovementRule", "Voters", "assigned", "check_determination", "check_hierarchy", "methods_of", "possible",
]  # fmt: skip


class Voters(StrEnum):
    """Who is meant by a rule: all voters, those whom a compliant electronic contact is known of, all others, or whom the roll names."""

    ALL = "all"
    REACHABLE = "with a personal electronic contact"
    UNREACHABLE = "without a personal electronic contact"
    NAMED = "as the roll says"


class Assignment(Section):
    """That these voters are balloted by these methods (33)."""

    voters: Voters = Field(examples=[Voters.REACHABLE.value])
    methods: tuple[Method, ...] = Field(min_length=1, examples=[["electronic"]])


class MovementRule(Section):
    """That a voter may be moved from one method to another, why, and until when at the latest (35, 36)."""

    trigger: Words
    source: Method = Field(examples=["electronic"])
    target: Method = Field(examples=["postal"])
    latest: Moment


class Determination(Section):
    """One determination of one union. Members named after what paragraphs 27 to 31 ask to consider hold what was thought of it."""

    union: Name = ""
    office_holder: Name = Field(default="", description="Who acts for the union (21), by office.", examples=["The general secretary"])
    made: Day | None = None
    assignments: tuple[Assignment, ...] = ()
    backup: Method | None = Field(default=None, description="Not used unless needed (35).", examples=["postal"])
    movement: tuple[MovementRule, ...] = ()
    papers_traceable: Answer = Field(default=False, description="Whether workplace papers have numbers under sealed custody (T15).")
    distinct_codes: Answer = Field(default=False, description="Whether each electronic route has access methods of its own (53).")
    accessibility: Words = ""
    views: Words = ""
    other_matters: Words = ""
    security_risk: Literal["low", "medium", "high"] | None = Field(default=None, examples=["medium"])
    security_reasons: Words = ""
    disruption: Words = ""
    earlier_reports: Words = ""
    coercion: Words = ""
    urgent: Answer | None = None
    urgency: Words = ""
    alternative: Words = ""
    further_method: Words = ""
    opportunity: Words = Field(default="", description="How Criterion One is met (29(a)).")
    opportunity_given: Answer | None = None
    no_reason_known: dict[Method, bool] = Field(
        default={}, description="For each method: that no reason is known why the requirements could not be met (29(b)).",
        examples=[{"electronic": True}],
    )  # fmt: skip
    acknowledged: dict[str, Words] = Field(
        default={}, description="Warnings by their id, and why they are accepted.", examples=[{"COP-037": "Nobody could be moved in time."}]
    )


def methods_of(determination: Determination) -> frozenset[Method]:
    """Every method that somebody has or may be moved to."""
    found = {method for each in determination.assignments for method in each.methods}
    found.update(rule.target for rule in determination.movement)
    if determination.backup is not None:
        found.add(determination.backup)
    return frozenset(found)


def check_determination(
    where: str, given: Determination, statutory: Statutory, closes: datetime, candidates: Sequence[str], scrutineer: str
) -> Iterator[Finding]:
    """What is wrong with one determination. `candidates` are the names of those who stand in a union election."""
    if not given.union or not given.office_holder:
        yield blocking("COP-021", where, "name the union, and the office-holder who acts for it")
    elif given.office_holder.casefold() == scrutineer.casefold():
        yield blocking("COP-021", where, "the scrutineer cannot be the responsible person: name somebody within the union")
    if given.office_holder.casefold() in {each.casefold() for each in candidates} and "COP-022" not in given.acknowledged:
        yield warning("COP-022", where, "the responsible person stands in this election: choose another, or acknowledge it with a reason")
    if given.made is None:
        yield blocking("COP-024", where, "say on which day the determination was made")
    yield from _methods(where, given, statutory, closes)
    yield from _considered(where, given, statutory)
    yield from _criteria(where, given, statutory)


def _methods(where: str, given: Determination, statutory: Statutory, closes: datetime) -> Iterator[Finding]:
    if not given.assignments:
        yield blocking("COP-020", where, "say which voters are balloted by which method")
        return
    if methods_of(given) != set(statutory.methods):
        stated = ", ".join(statutory.methods)
        yield blocking("COP-020", where, f"the methods of the determination are not those of the ballot's definition: {stated}")
    covered = {each.voters for each in given.assignments}
    if not covered & {Voters.ALL, Voters.NAMED} and not {Voters.REACHABLE, Voters.UNREACHABLE} <= covered:
        yield blocking("COP-032", where, "the rules leave out voters: cover those with and without an electronic contact, or all")
    for rule in given.movement:
        if not rule.trigger:
            yield blocking("COP-036", where, f"say when a voter may be moved from {rule.source} to {rule.target} voting")
        if rule.latest >= closes:
            yield blocking("COP-036", where, f"the latest time of a move to {rule.target} voting is not before the close")
    main = {method for each in given.assignments for method in each.methods}
    if main == {Method.ELECTRONIC} and given.backup is None and "COP-037" not in given.acknowledged:
        yield warning("COP-037", where, "electronic voting is the main method and nothing backs it up: name a backup, or say why not")
    if main == {Method.WORKPLACE} and "COP-115.1" not in given.acknowledged:
        yield warning("COP-115.1", where, "workplace voting is the only method: add another one, or say why all can vote conveniently")


def _considered(where: str, given: Determination, statutory: Statutory) -> Iterator[Finding]:
    needed = [
        ("COP-027a", given.accessibility, "how accessible electronic voting would be"),
        ("COP-027b", given.views, "the views of voters on the method, or that none were expressed"),
        ("COP-027c", given.other_matters, "any other matter, such as union rules, or none"),
    ]
    if set(statutory.methods) != {Method.POSTAL}:
        if given.security_risk is None:
            yield blocking("COP-028a", where, "state the level of security risk")
        needed += [
            ("COP-028a", given.security_reasons, "why the security risk is at that level"),
            ("COP-028b-ii", given.earlier_reports, "risks that earlier scrutineer's reports identified, or that none are known"),
            ("COP-028d", given.alternative, "who would benefit from another means of voting, or that nobody would"),
        ]
        if {Method.ELECTRONIC, Method.HYBRID} & set(statutory.methods):
            needed.append(("COP-028b-i", given.disruption, "the risk that the electronic platform is disrupted"))
        if statutory.ballot_type is BallotType.INDUSTRIAL_ACTION:
            needed.append(("COP-028b-iii", given.coercion, "the risk that voters are coerced or the ballot interfered with"))
        if given.urgent is None:
            yield blocking("COP-028c", where, "say whether the ballot is urgent")
        elif given.urgent:
            needed.append(("COP-028c", given.urgency, "whether urgency makes a convenient opportunity harder to give"))
        if len(statutory.methods) == 1:
            needed.append(("COP-031", given.further_method, "whether a further method would benefit voters"))
    for requirement, text, what in needed:
        if not text:
            yield blocking(requirement, where, f"write down what was considered: {what}")


def _criteria(where: str, given: Determination, statutory: Statutory) -> Iterator[Finding]:
    if set(statutory.methods) != {Method.POSTAL} and not (given.opportunity and given.opportunity_given):
        yield blocking("COP-025b", where, "Criterion One is not met: say how everyone entitled is given the opportunity to vote (29(a))")
    for method in statutory.methods:
        if not given.no_reason_known.get(method):
            yield blocking("COP-025b", where, f"Criterion Two is not met: declare that no reason is known against {method} voting (29(b))")


def check_hierarchy(where: str, given: Determination, statutory: Statutory) -> Iterator[Finding]:
    """Whether the hierarchy of the ballot's definition covers everybody who has, or may be moved to, several routes (34, 153, 154)."""
    ranked = statutory.hierarchy
    for methods in _ways(given):
        routes = routes_of(*sorted(methods, key=list(Method).index))
        left = [route for route in routes if route not in ranked]
        if len(routes) > 1 and left:
            yield blocking("COP-034", where, f"a voter may have the routes {', '.join(routes)}: the hierarchy leaves out {', '.join(left)}")
    if Route.WORKPLACE in ranked[1:] and not given.papers_traceable:
        yield blocking(
            "COP-154.2", where, "a workplace paper cannot be taken out of the box again: rank it first, or keep traceable paper numbers"
        )
    if {Route.ELECTRONIC, Route.HYBRID_ELECTRONIC} <= set(ranked) and not given.distinct_codes:
        yield blocking("COP-053.2", where, "the hierarchy tells two electronic routes apart: issue access methods of its own for each")


def assigned(given: Determination, *, reachable: bool, named: Iterable[Method]) -> tuple[Method, ...]:
    """The methods of one voter by all rules that fit (33): `reachable` is whether there is a compliant electronic contact, `named` are the
    methods that the roll says. Nothing for a voter whom no rule covers."""
    found, on_roll = set[Method](), set(named)
    for rule in given.assignments:
        if rule.voters is Voters.NAMED:
            found.update(on_roll & set(rule.methods))
        elif rule.voters is Voters.ALL or (rule.voters is Voters.REACHABLE) == reachable:
            found.update(rule.methods)
    return tuple(method for method in Method if method in found)


def possible(given: Determination, methods: Iterable[Method]) -> tuple[Method, ...]:
    """The same, and those that such a voter may be moved to, now or by a rule (35): who has, or may have, several routes is told so."""
    has = set(methods)
    found = {*has, *(rule.target for rule in given.movement if rule.source in has)}
    if has and given.backup is not None:
        found.add(given.backup)
    return tuple(method for method in Method if method in found)


def _ways(given: Determination) -> Iterator[frozenset[Method]]:
    """The methods that one voter may have, for every kind of voter: by all rules that fit, before and after a move. Whom the roll names has
    what the roll says, which is looked at with the roll."""
    by = {voters: {method for each in given.assignments if each.voters is voters for method in each.methods} for voters in Voters}
    kinds = [by[Voters.ALL] | by[Voters.REACHABLE], by[Voters.ALL] | by[Voters.UNREACHABLE], *({method} for method in by[Voters.NAMED])]
    for methods in kinds:
        yield frozenset(methods)
        if methods and given.backup is not None:
            yield frozenset({*methods, given.backup})
        for rule in given.movement:
            if rule.source in methods:
                yield frozenset({*methods, rule.target})
