"""Voting at the workplace: the employer's consent, the access agreement, the stations, what voters must bring (paragraphs 113 to 144)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum

from pydantic import Field

from api.law.findings import Finding, blocking, warning
from api.law.sections import Answer, Day, Digest, Moment, Name, Section, Words

__all__ = ["AccessAgreement", "Consent", "Employer", "Hours", "Place", "Station", "check_employers", "check_stations"]


class Consent(Section):
    """That an employer agrees to a workplace ballot (18(a), 117); or has refused, and why (114)."""

    agreed_in_principle: Day | None = None
    confirmed: Day | None = None
    withdrawn: Day | None = None
    refused: Day | None = None
    reasons: Words = ""


class AccessAgreement(Section):
    """The voluntary access agreement (124 to 132): the document, and what it says on each point that it must contain."""

    document: Digest | None = None
    made: Day | None = None
    signed_by_employer: Day | None = None
    signed_by_union: Day | None = None
    shared_with_employer: Day | None = None
    shared_with_union: Day | None = None
    shared_with_scrutineer: Day | None = None
    locations: tuple[Name, ...] = Field(default=(), description="The names of the stations that it is about.", examples=[["North gate"]])
    access: Words = ""
    emergency: Words = ""
    hours_and_duration: Words = ""
    permitted_times: Words = ""
    not_prevented: Answer = False
    not_monitored: Answer = False
    co_operation: Answer = False
    cost_bearer: Name = Field(default="", description="Which party bears the costs of the employer's breach.", examples=["The employer"])
    votes_after_breach: Words = ""
    union_breach: Words = ""
    paid_to_union: Answer = False


class Employer(Section):
    """An employer whom the ballot concerns. Its domains and numbers are never used to reach voters (54)."""

    name: Name = ""
    domains: tuple[Name, ...] = Field(default=(), examples=[["employer.example"]])
    numbers: tuple[Name, ...] = Field(default=(), examples=[["+442079460000"]])
    workplaces: tuple[Name, ...] = Field(default=(), description="Workplaces of voters.", examples=[["Dock 3, Port Road, Hull"]])
    consent: Consent = Consent()
    agreement: AccessAgreement = AccessAgreement()


class Place(StrEnum):
    """The three kinds of qualifying location, in the order in which they have to be tried (136)."""

    LOCATION = "workplace location"
    INSTALLATION = "workplace installation"
    OFF_SITE = "off-site location"


class Hours(Section):
    """When a station is open."""

    opens: Moment
    closes: Moment


class Station(Section):
    """A voting station (136 to 144)."""

    name: Name = ""
    employer: Name = ""
    kind: Place | None = Field(default=None, examples=[Place.LOCATION.value])
    address: Words = ""
    room: Words = Field(default="", description="The room, installation or part of the site (144).", examples=["Room 2.14"])
    workplaces: tuple[Name, ...] = Field(default=(), examples=[["Dock 3, Port Road, Hull"]])
    hours: tuple[Hours, ...] = ()
    permitted_times: Words = ""
    voters: int = Field(default=0, ge=0, description="How many are to vote there.", examples=[120])
    number_reason: Words = Field(default="", description="Why these stations suffice (138).")
    agreement: Words = Field(default="", description="Where the employer's agreement to this location is to be found (140(a)).")
    no_location: Words = Field(default="", description="Why no workplace location could be secured (136(a)).")
    no_installation: Words = Field(default="", description="Why no workplace installation could be secured (136(b)).")
    agreed_by: tuple[Name, ...] = Field(
        default=(), description="Who has agreed to an off-site location.", examples=[["scrutineer", "union", "employer"]]
    )
    nearness: dict[str, Words] = Field(default={}, description="For each workplace, how it is near.", examples=[{"Dock 3": "Next door"}])
    no_disruption: Words = Field(default="", description="That an off-site location does not disrupt the working day (143(b)).")


MOST_AN_HOUR = 60
"""Voters of one station in an hour beyond which a warning is given; a setting of ours, not of the Code."""
_PARTIES = {"scrutineer", "union", "employer"}
_MUST_SAY: Mapping[str, tuple[str, str]] = {
    "access": ("COP-128b", "the scrutineer's access to the workplace, or why none is necessary"),
    "emergency": ("COP-128c", "the employer's right to enter in an emergency, or why that is not relevant"),
    "hours_and_duration": ("COP-128d", "operating hours and duration"),
    "permitted_times": ("COP-128e", "the times at which the employer permits voting"),
    "not_prevented": ("COP-129a", "that the employer does not unreasonably prevent anybody from voting"),
    "not_monitored": ("COP-129b", "that the employer does not monitor the location"),
    "co_operation": ("COP-129c", "that the employer co-operates"),
    "cost_bearer": ("COP-130a", "who bears the costs of the employer's breach"),
    "votes_after_breach": ("COP-130b", "what happens to votes already cast if a breach prevents completion"),
}


def check_employers(given: Sequence[Employer], appointed: date | None, opens: date) -> Iterator[Finding]:
    """Consent and agreement of every employer."""
    if not given:
        yield blocking("COP-018a", "employers", "record the consent of every employer at whose workplace is voted")
    for each in given:
        where = f"employers, {each.name or 'without a name'}"
        consent = each.consent
        if consent.confirmed is None or consent.withdrawn is not None or consent.refused is not None:
            yield blocking("COP-018a", where, "there is no valid consent to a workplace ballot")
        elif appointed is not None and appointed < consent.confirmed:
            yield blocking("COP-117", where, "the scrutineer was appointed before the employer's consent was confirmed")
        if consent.refused is not None and not consent.reasons:
            yield warning("COP-114.3", where, "the employer's reasons for the refusal are not recorded")
        if appointed is not None and (consent.agreed_in_principle is None or consent.agreed_in_principle > appointed):
            yield warning("COP-117fn9", where, "a workplace ballot was not agreed in principle when the scrutineer was appointed")
        yield from _agreement(where, each, opens)


def _agreement(where: str, employer: Employer, opens: date) -> Iterator[Finding]:
    given = employer.agreement
    if given.document is None or given.made is None or given.made > opens:
        yield blocking("COP-124", where, "attach the written access agreement, made before voting opens, by its SHA-256 (124, 125)")
    if given.signed_by_employer is None or given.signed_by_union is None:
        yield warning("COP-125.2", where, "the access agreement is not signed and dated by both parties")
    for party, shared in (
        ("employer", given.shared_with_employer), ("union", given.shared_with_union), ("scrutineer", given.shared_with_scrutineer),
    ):  # fmt: skip
        if shared is None:
            yield blocking("COP-126.1", where, f"record when the signed agreement was shared with the {party}")
    for member, (requirement, what) in _MUST_SAY.items():
        if not getattr(given, member):
            yield blocking(requirement, where, f"the access agreement must say: {what}")
    if not given.union_breach:
        yield warning("COP-131", where, "the access agreement does not say what follows from a breach by the union")
    if given.cost_bearer.casefold() in ("the employer", "employer", employer.name.casefold()) and not given.paid_to_union:
        yield blocking("COP-132", where, "costs that the employer has to bear must be paid to the union directly")


def check_stations(
    given: Sequence[Station], employers: Sequence[Employer], identification: Sequence[str], opens: date, closes: date
) -> Iterator[Finding]:
    """The stations, and what voters must show there."""
    if not given:
        yield blocking("COP-018", "stations", "record at least one voting station")
    if not identification:
        yield blocking("COP-121c", "identification", "say what identification is accepted at the stations; the notice tells voters (135)")
    known = {each.name: each for each in employers}
    for each in given:
        where = f"stations, {each.name or 'without a name'}"
        employer = known.get(each.employer)
        if employer is None:
            yield blocking("COP-018", where, "name the employer whom the station concerns, as in the section employers")
        elif each.name not in employer.agreement.locations:
            yield blocking("COP-128a", where, "the access agreement is not about this location")
        elif each.permitted_times != employer.agreement.permitted_times:
            yield blocking("COP-128e", where, "permitted times are not those of the access agreement")
        if not each.address or not each.room:
            yield blocking("COP-144", where, "name the room, installation or part of the site, and its address")
        if not each.hours or any(not opens <= span.opens.date() <= span.closes.date() <= closes for span in each.hours):
            yield blocking("COP-128d", where, "opening hours are missing, or lie outside of the ballot")
        if not each.agreement:
            yield blocking("COP-140a", where, "record where the employer agreed to this location")
        if not each.number_reason:
            yield blocking("COP-138", where, "say why the stations suffice for everyone to vote conveniently")
        yield from _kind(where, each, employer)
        yield from _load(where, each)


def _kind(where: str, station: Station, employer: Employer | None) -> Iterator[Finding]:
    if station.kind is None:
        yield blocking("COP-136", where, f"say of which kind the location is: {', '.join(Place)}")
        return
    if len(station.workplaces) > 1:
        for place in station.workplaces:
            if not station.nearness.get(place):
                yield blocking("COP-139a", where, f"say how the station is near {place}")
    else:
        if station.kind is not Place.LOCATION and not station.no_location:
            yield blocking("COP-136a", where, "say why no workplace location could be secured")
        if station.kind is Place.OFF_SITE and not station.no_installation:
            yield blocking("COP-136b", where, "say why no workplace installation could be secured")
    if station.kind is Place.OFF_SITE:
        if not set(station.agreed_by) >= _PARTIES:
            yield blocking("COP-136c", where, "scrutineer, union and employer must all have agreed to an off-site location")
        if not station.no_disruption:
            yield warning("COP-143b-ii", where, "the employer has not agreed that it does not disrupt the working day")
    elif employer is not None and not set(station.workplaces) & set(employer.workplaces):
        requirement = "COP-141a" if station.kind is Place.LOCATION else "COP-142b"
        yield blocking(requirement, where, "it is not in a workplace of those who vote there, as the section employers lists them")


def _load(where: str, station: Station) -> Iterator[Finding]:
    hours = sum((span.closes - span.opens).total_seconds() for span in station.hours) / 3600
    if hours > 0 and station.voters / hours > MOST_AN_HOUR:
        yield warning("COP-138", where, f"{station.voters} voters in {hours:g} hours are more than {MOST_AN_HOUR} an hour")
