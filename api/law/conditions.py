"""What scrutineer and union have to have before a ballot opens: appointment, certificate, support, agreements, servers (45 to 48, 52, 61,
80 to 83, 87, 97, 110, 112)."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from pydantic import Field

from api.law.findings import Finding, blocking, warning
from api.law.sections import Answer, Day, Digest, Name, Section, Words
from engine.statutory import BallotType, Statutory

__all__ = [
    "Agreements", "Area", "Certificate", "Scrutineer", "Server", "Support", "check_certificates", "check_conditions", "check_servers",
]  # fmt: skip

_OLDEST = (3, 2)
_UK = "GB"


class Support(Section):
    """How voters get help from the scrutineer (51, 110)."""

    contact: Words = Field(default="", examples=["help@scrutineer.example, 0800 000 0000"])
    hours: Words = Field(default="", examples=["9 to 17, Monday to Friday"])


class Scrutineer(Section):
    """The independent scrutineer (45): who, since when, on what basis, and how voters reach support."""

    name: Name = ""
    postal_address: Words = ""
    appointed: Day | None = None
    qualification: Words = Field(default="", description="The condition of the 1993 Order that is met, or where the scrutineer is listed.")
    support: Support = Support()
    description: Words = Field(default="", description="The platform in plain English (63).")


class Certificate(Section):
    """A Cyber Essentials Plus certificate (46)."""

    number: Name = ""
    scope: Words = ""
    issued: Day | None = None
    expires: Day | None = None
    specification: str = Field(default="", max_length=20, examples=["3.2"])


class Agreements(Section):
    """What union and scrutineer have agreed on beforehand (87, 97, 112)."""

    trouble: Words = Field(default="", description="How and whether to proceed after technical trouble, by whom agreed and when.")
    downtime_minutes: int | None = Field(default=None, ge=1, le=100_000, description="Beyond it the ballot is held again.", examples=[240])
    contingency: Words = Field(default="", description="The plan for unauthorised access.")
    contingency_digest: Digest | None = None
    identification: Words = Field(default="", description="What somebody must show before a vote is discounted.")


class Area(Section):
    """From where one can vote (52)."""

    voters_abroad: Answer | None = None
    advice: Words = Field(default="", description="What the union advised on voters outside the United Kingdom.")
    everywhere: Answer = Field(default=False, description="That nothing is blocked.")
    countries: tuple[str, ...] = Field(default=(), description="Countries besides, as ISO 3166 codes.", examples=[["NO", "IE"]])


class Server(Section):
    """A machine or service on which a store lies, or which processes personal data (80 to 83, 105(c)(iv))."""

    name: Name = ""
    holds: Words = ""
    owner: Name = ""
    access_control: Words = ""
    protection: Words = Field(default="", description="How it is physically protected.")
    provider: Name = ""
    provider_group: tuple[Name, ...] = Field(default=(), description="Names of the provider's group.", examples=[["A cloud company"]])
    country: str = Field(default="", pattern="^([A-Z]{2})?$", examples=["GB"])
    transfer_basis: Words = Field(default="", description="On what basis personal data may leave the United Kingdom.")


def check_conditions(
    given: Scrutineer | None, agreements: Agreements | None, area: Area | None, named: str, controlled: Sequence[str]
) -> Iterator[Finding]:
    """What is missing of appointment, support and agreements. `named` is the scrutineer that voters are told of, `controlled` the domains
    of employers and unions."""
    given, agreements, area = given or Scrutineer(), agreements or Agreements(), area or Area()
    where = "scrutineer"
    if not (given.name and given.postal_address and given.appointed):
        yield blocking("COP-045.1", where, "record the scrutineer's name, postal address and the day of appointment")
    elif given.name != named:
        yield blocking("COP-045.1", where, f"voters are told of another scrutineer, {named}")
    if not given.qualification:
        yield blocking("COP-045.2", where, "record on what basis the scrutineer is qualified: a condition of the 1993 Order, or its list")
    if not given.support.contact:
        yield blocking("COP-105c-v", where, "say how voters reach technical support")
        yield warning("COP-051.4", where, "the instructions cannot say how to get help")
    elif any(_on(domain, given.support.contact) for domain in controlled):
        yield blocking("COP-110.1", where, "the support contact belongs to a union or an employer: the scrutineer gives support")
    if not given.description:
        yield warning("COP-063.1", where, "there is no description of the platform in plain English")
    where = "agreements"
    if not agreements.trouble:
        yield warning("COP-087.2", where, "union and scrutineer have not recorded how to proceed after technical trouble")
    if agreements.downtime_minutes is None:
        yield warning("COP-087.3", where, "no threshold of permitted downtime is agreed")
    if not agreements.contingency:
        yield warning("COP-097.2", where, "there is no contingency plan for unauthorised access")
    if not agreements.identification:
        yield warning("COP-112.5", where, "no level of identification is agreed; until it is, no vote can be discounted")
    if area.voters_abroad is None:
        yield warning("COP-052.2", "area", "say whether voters are expected outside the United Kingdom")
    elif area.voters_abroad and not (area.everywhere or area.countries):
        yield warning("COP-052.2", "area", "voters are expected abroad: record the union's advice on where one can vote from")
    if (area.everywhere or area.countries) and not area.advice:
        yield blocking("COP-052.1", "area", "access from outside the United Kingdom needs the union's advice: record it")


def check_certificates(given: Sequence[Certificate], opens: datetime, closes: datetime) -> Iterator[Finding]:
    """Whether valid certificates cover every moment of voting; a certificate is valid from the beginning of the day of issue to the end of
    the day on which it expires."""
    where, spans = "certificates", []
    if not given:
        yield blocking("COP-046.1", where, "record the scrutineer's Cyber Essentials Plus certificate")
        return
    for each in given:
        if not (each.number and each.scope and each.issued and each.expires):
            name = each.number or "without a number"
            yield blocking("COP-046.1", where, f"certificate {name}: number, scope, issue and expiry are needed")
        elif not _is_recent(each.specification):
            wanted = ".".join(map(str, _OLDEST))
            yield blocking("COP-ANX-d", where, f"certificate {each.number}: it must be awarded under specification {wanted} or later")
        else:
            spans.append((_start(each.issued), _start(each.expires) + timedelta(days=1)))
    covered = opens
    for start, end in sorted(spans):
        if start <= covered:
            covered = max(covered, end)
    if spans and covered < closes:
        yield blocking("COP-046.2", where, f"no certificate is valid from {covered:%d %B %Y}, and voting ends {closes:%d %B %Y, %H:%M} UTC")
    elif not spans:
        yield blocking("COP-046.2", where, "no certificate is valid while voting is open")


def check_servers(given: Sequence[Server], statutory: Statutory, employers: Sequence[str]) -> Iterator[Finding]:
    """Where data lies. `employers` are names of those whom industrial action concerns."""
    where = "servers"
    if not given:
        yield warning("COP-105c-iv-2", where, "record each server, its owner and who can get at it; the report will need it")
    for each in given:
        name = each.name or "a server without a name"
        if not each.country:
            yield blocking("COP-080.2", where, f"{name}: say in which country it is")
        elif each.country != _UK and not each.transfer_basis:
            yield blocking("COP-080.2", where, f"{name} is not in the United Kingdom: record on what basis personal data may be there")
        if not (each.owner and each.access_control):
            yield warning("COP-105c-iv-2", where, f"{name}: owner and access control are not recorded")
        if not each.protection:
            yield warning("COP-105c-iv-1", where, f"{name}: its physical protection is not recorded")
        theirs = {text.casefold() for text in (each.owner, each.provider, *each.provider_group) if text}
        if statutory.ballot_type is BallotType.INDUSTRIAL_ACTION and theirs & {employer.casefold() for employer in employers}:
            yield warning("COP-083", where, f"{name} belongs to, or is provided by, an employer whom the industrial action concerns")


def _is_recent(specification: str) -> bool:
    match = re.fullmatch(r"v?(\d{1,4})\.(\d{1,4})", specification.strip(), re.ASCII)
    return match is not None and (int(match[1]), int(match[2])) >= _OLDEST


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _on(domain: str, contact: str) -> bool:
    """Whether an address in `contact` lies on this domain or below it."""
    return re.search(rf"[@.]{re.escape(domain)}\b(?![.-]?[a-z0-9])", contact, re.IGNORECASE) is not None
