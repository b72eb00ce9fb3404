"""Registers: every entry is one of the audit log, told by who may, corrected by later ones, shown by pages, counted for the report."""

import json
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from api.audit.bundle import open_bundle, write_bundle
from api.audit.entry import Entry
from api.audit.events import KINDS as CATALOGUE
from api.audit.members import OneOf
from api.auth import Role
from api.elections.states import State, Step, persons_for
from api.registers.complaints import PRESSURE, ComplaintCategory
from api.registers.failures import CATEGORIES, NOT_SMALL, FailureCategory, labels_of, margin, offered
from api.registers.incidents import IncidentCategory
from api.registers.table import KINDS, REGISTERS, register_of
from api.registers.told import Told
from engine.manifest import read_manifest
from engine.statutory import BallotType, Method
from tests.api.conftest import MakeStore
from tests.api.office import AUDIT_KEY, ELECTION, Office
from tests.api.test_particulars import METHODS, STRIKE, sample, statutory, tell
from tests.api.voting import AUDIT
from tests.engine.elections import manifest_bytes

WHERE = f"/ballots/{ELECTION}"
REPORTED = f"{WHERE}/registers"
VOTER = "4e" * 16
HASH = "3c" * 32
EARLY, LATE = "2026-11-02T09:00:00Z", "2026-11-03T17:30:00+00:00"
MANIFEST = read_manifest(manifest_bytes(3))
SERVER = {"server": "server-1"}
SPAN = {"started": EARLY, "ended": LATE}

TOLD: dict[str, dict[str, Any]] = {
    "complaints": {"category": "delivery", "subject": "The message came late.", "received": EARLY, "unique_identifier": VOTER},
    "incidents": {
        "category": "unauthorised_access", "status": "suspected", "description": "Somebody tried passwords.", "effect": "None known.",
        "started": EARLY, "evidence_hash": HASH,
    },
    "failures": {"category": "158d", "voters": 12, "intent": "accidental", "provision": "section 230(2)", "discovered": LATE},
    "issues": {"subject": "The seal of box 2 was broken.", "noticed": LATE, "report": True, "resolved": False, "station": "Dock 3"},
    "refusals": {"what": "reissue", "unique_identifier": VOTER, "reason": "Nothing showed who was asking.", "refused": EARLY},
    "non-receipt": {"unique_identifier": VOTER, "reported": EARLY, "channel": "e-mail"},
    "support": {**SPAN, "channel": "telephone", "hours": "09:00 to 17:00 on weekdays", "requests": 9, "resolved": 8},
    "physical-protection": {**SERVER, "statement": "Certificate of the data centre.", "statement_hash": HASH, "dated": EARLY},
    "server-owners": {**SERVER, "owner": "hosting-company", "access_control": "Keys of two administrators."},
    "server-access": {**SERVER, **SPAN, "way": "physical", "attempts": 2, "records_hash": HASH},
    "malware-protection": {**SERVER, "software": "Scanner 5.2.1", "signatures": EARLY, "scanned": LATE, "components_hash": HASH},
    "backups": {"database": "voters", "backup": "full", "backup_hash": HASH, "verified": True, "made": LATE},
    "nothing-else": SPAN,
    "notes": {"text": ["Two test messages were sent.", "Both arrived."], "attachment_hash": HASH},
}  # fmt: skip
"""Something to tell each register but that of answers, which needs a complaint."""


@pytest.fixture
def office(make_store: MakeStore) -> Office:
    return ballot_of(make_store)


def ballot_of(make_store: MakeStore, kind: BallotType = STRIKE, methods: tuple[Method, ...] = METHODS) -> Office:
    office = Office(make_store)
    made = office.post("/ballots", office.terms(office.trustees(), statutory=statutory(kind, methods)), "sam")
    assert made.status_code == 201, made.text
    return office


def led_to(office: Office, wanted: State) -> None:
    """Without what the steps do."""
    steps = (Step.BEGIN_CEREMONY, Step.BEGIN_TRIAL, Step.OPEN, Step.CLOSE, Step.EXCLUDE, Step.TALLY, Step.RELEASE)
    elections = office.app.state.elections
    for step in steps:
        if elections.ballot(ELECTION).state is wanted:
            return
        for name in ("sam", "sue")[: persons_for(step)]:
            elections.ask(ELECTION, step, office.members[name].account_id, lambda _: None)
    assert elections.ballot(ELECTION).state is wanted


def add(office: Office, register: str, name: str = "sam", **changes: Any) -> Any:
    return office.post(f"{REPORTED}/{register}", {**TOLD.get(register, {}), **changes}, name)


def added(office: Office, register: str, name: str = "sam", **changes: Any) -> str:
    """The id of the new entry."""
    answer = add(office, register, name, **changes)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["entries"][0]["entry"])


def shown(office: Office, register: str, query: str = "") -> list[dict[str, Any]]:
    answer = office.get(f"{REPORTED}/{register}{query}", "sue")
    assert answer.status_code == 200, answer.text
    entries: list[dict[str, Any]] = answer.json()["entries"]
    return entries


def logged(office: Office, *kinds: str) -> list[Entry]:
    reader = office.members["ada"].account_id
    return [each.entry for each in office.databases.audit.read(reader, "a test", ELECTION, kinds=kinds)]


def figures(office: Office) -> dict[str, Any]:
    answer = office.get(f"{WHERE}/report", "sam")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["registers"]
    return found


# Told, refused, shown


def test_the_table_is_of_the_catalogue() -> None:
    assert set(TOLD) == {each.name for each in REGISTERS} - {"complaint-answers"}
    assert set(KINDS) <= set(CATALOGUE)
    for each in REGISTERS:
        types = CATALOGUE[each.kind].members | CATALOGUE[each.kind].optional
        assert set(each.required) | set(each.optional) <= set(types)
    for kind, words in {
        "complaint_received": ComplaintCategory, "incident_recorded": IncidentCategory, "failure_recorded": FailureCategory,
    }.items():  # fmt: skip
        assert CATALOGUE[kind].optional.get("category", CATALOGUE[kind].members.get("category")) == OneOf(tuple(words))
    assert set(CATEGORIES) == set(FailureCategory)


def test_every_register_is_told_and_shown_as_it_was_told(office: Office) -> None:
    by = office.members["sam"].account_id
    times = {"received", "started", "ended", "noticed", "discovered", "refused", "reported", "dated", "signatures", "scanned", "made"}
    for register, told in TOLD.items():
        assert add(office, register).status_code == 201, register
        entry = shown(office, register)[-1]
        assert entry["kind"] == register_of(register).kind
        stands = logged(office, register_of(register).kind)[-1]
        assert (stands.id.hex(), stands.members["by"]) == (entry["entry"], by)
        assert entry["told"].pop("by") == by
        words = {name: ("yes" if value else "no") if isinstance(value, bool) else value for name, value in told.items()}
        assert set(entry["told"]) == set(words)
        assert all(entry["told"][name] == value for name, value in words.items() if name not in times)
    office.databases.audit.verify(ELECTION)


def malformed(register: str) -> Iterator[dict[str, Any]]:
    told = TOLD[register]
    yield from ({**told, "name": "Aurelia"}, {**told, "by": "officer-2"}, {**told, "earlier_entry": "x"})
    yield from ({name: value for name, value in told.items() if name != left_out} for left_out in register_of(register).required)
    for name, value in told.items():
        yield {**told, name: "x" if isinstance(value, list) else ["x"]}
        wrong: tuple[Any, ...] = ()
        if isinstance(value, int) and not isinstance(value, bool):
            wrong = (-1, str(value), 2**53)
        elif value in (EARLY, LATE):
            wrong = ("2026-11-02T09:00:00", "0001-01-01T00:00:00+14:00", "yesterday")
        elif value == HASH:
            wrong = (HASH.upper(), HASH[2:])
        elif isinstance(value, str):
            wrong = ("", "x" * 501, "write to a.member@members.example")
        yield from ({**told, name: each} for each in wrong)
    if "ended" in told:
        yield {**told, "started": LATE, "ended": EARLY}


def test_every_register_refuses_what_is_malformed(office: Office) -> None:
    for register in TOLD:
        for each in malformed(register):
            answer = office.post(f"{REPORTED}/{register}", each, "sam")
            assert answer.status_code == 422, (register, each, answer.text)
            assert "Aurelia" not in answer.text
            assert "a.member" not in answer.text
    assert logged(office, *KINDS) == []


def test_each_register_is_told_by_its_roles_alone_and_read_by_scrutineer_and_auditor(office: Office) -> None:
    names = {role: f"role-{role.value}" for role in Role}
    for role, name in names.items():
        office.appoint(name, role, ELECTION)
    answer = {"complaint": added(office, "complaints"), "outcome": "A new code was sent."}
    for register in REGISTERS:
        told, where = TOLD.get(register.name, answer), f"{REPORTED}/{register.name}"
        assert (Role.SUPPORT in register.writers) == (register.name in ("complaints", "refusals", "non-receipt"))
        for role, name in names.items():
            assert office.post(where, told, name).status_code == (201 if role in register.writers else 403), (role, register.name)
            readers = (Role.SCRUTINEER, Role.AUDITOR)
            assert office.get(where, name).status_code == (200 if role in readers else 403), (role, register.name)
        assert office.post(where, told).status_code == 401


def test_there_is_no_other_register_and_no_other_ballot(office: Office) -> None:
    assert office.get(f"{REPORTED}/votes", "sam").status_code == 404
    assert office.post(f"{REPORTED}/votes", {}, "sam").status_code in (404, 405)
    for path in ("", "/complaints"):
        assert office.get(f"/ballots/{'cd' * 32}/registers{path}", "sam").status_code == 404
    assert office.post(f"/ballots/{'cd' * 32}/registers/notes", TOLD["notes"], "sam").status_code == 404


def test_a_register_is_read_by_pages_and_each_reading_is_logged(office: Office) -> None:
    ids = [added(office, "complaints", subject=f"The {word} message came late.") for word in ("first", "second", "third")]
    added(office, "notes")
    page = office.get(f"{REPORTED}/complaints?limit=2", "sue").json()
    assert [each["entry"] for each in page["entries"]] == ids[:2]
    rest = office.get(f"{REPORTED}/complaints?limit=2&first={page['next']}", "sue").json()
    assert ([each["entry"] for each in rest["entries"]], rest["next"]) == (ids[2:], None)
    reads = [(each.members["by"], each.members["reason"]) for each in logged(office, "log_read")]
    assert reads[:2] == [(office.members["sue"].account_id, "register complaints")] * 2
    for query in ("limit=0", "limit=101", "first=-1", "authority=", f"first={2**53}"):
        assert office.get(f"{REPORTED}/complaints?{query}", "sue").status_code == 422


def test_the_same_request_with_the_same_key_is_one_entry(office: Office) -> None:
    key = {"Idempotency-Key": "one"}
    first, again = (office.post(f"{REPORTED}/notes", TOLD["notes"], "sam", **key) for _ in range(2))
    assert first.json() == again.json()
    assert len(shown(office, "notes")) == 1


def test_the_registers_are_listed_with_what_they_take(office: Office) -> None:
    listed = office.get(REPORTED, "sam").json()
    assert [each["register_name"] for each in listed["registers"]] == [each.name for each in REGISTERS]
    assert all(each["about"] and (each["required"] or each["optional"]) for each in listed["registers"])
    assert "161c" in {each["category"] for each in listed["failure_categories"]}


# Complaints


@pytest.mark.proves("COP-105b-vi")
def test_a_complaint_has_time_subject_identifier_or_none_and_outcome_and_stays(office: Office) -> None:
    office.appoint("helper", Role.SUPPORT, ELECTION)
    known = added(office, "complaints", "helper")
    unknown = added(office, "complaints", unique_identifier=None, category="secrecy")
    added(office, "complaint-answers", complaint=known, outcome="A new code was sent.")
    assert figures(office)["complaints"] == {
        "number": 2, "by_category": {"delivery": 1, "secrecy": 1}, "about_pressure": 0, "unanswered": 1,
    }  # fmt: skip
    listed = shown(office, "complaints")
    assert [each["kind"] for each in listed] == ["complaint_received", "complaint_received", "complaint_answered"]
    assert ("unique_identifier" in listed[0]["told"], "unique_identifier" in listed[1]["told"]) == (True, False)
    corrected = added(office, "complaints", earlier_entry=unknown, unique_identifier=None, category="access")
    added(office, "complaint-answers", complaint=corrected, outcome="The page was shown again.")
    assert figures(office)["complaints"]["by_category"] == {"access": 1, "delivery": 1}
    assert figures(office)["complaints"]["unanswered"] == 0
    audit, auditor = office.databases.audit, AUDIT.public_key().public_bytes_raw()
    bundle = write_bundle(audit, ELECTION, auditor=auditor, by=office.members["ada"].account_id, reason="a test", identities=True)
    opened = open_bundle(bundle, AUDIT, AUDIT_KEY.public_key())
    exported = [each.entry.id.hex() for each in opened.entries if each.entry.kind == "complaint_received"]
    assert exported == [known, unknown, corrected]
    for method in ("DELETE", "PUT", "PATCH"):
        assert office.call(method, f"{REPORTED}/complaints", {}, "sam").status_code in (404, 405)
        assert office.call(method, f"{REPORTED}/complaints/{known}", {}, "sam").status_code in (404, 405)


def test_pressure_on_voters_is_counted_by_its_kinds(office: Office) -> None:
    for category in PRESSURE:
        added(office, "complaints", category=category.value)
    found = figures(office)["complaints"]
    assert found["by_category"] == dict.fromkeys(sorted(PRESSURE), 1)
    assert found["about_pressure"] == len(PRESSURE)


def test_an_answer_needs_a_complaint_of_this_ballot(office: Office) -> None:
    note = added(office, "notes")
    for complaint, status in ((note, 409), ("ab" * 16, 404)):
        assert add(office, "complaint-answers", complaint=complaint, outcome="None.").status_code == status
    assert figures(office)["complaints"]["number"] == 0


def test_a_reported_false_message_is_a_suspected_incident_from_then_on(office: Office) -> None:
    made = add(office, "complaints", category="false_message").json()["entries"]
    assert [each["kind"] for each in made] == ["complaint_received", "incident_recorded"]
    incident = shown(office, "incidents")[0]
    assert (incident["told"]["status"], incident["told"]["complaint"]) == ("suspected", made[0]["entry"])
    assert figures(office)["incidents"]["by_status"] == {"suspected": 1}
    assert figures(office)["clean_statement_ruled_out"] is False, "a false message is no access to the platform"
    again = add(office, "complaints", category="false_message", earlier_entry=made[0]["entry"]).json()["entries"]
    assert [each["kind"] for each in again] == ["complaint_received"], "a correction is no second incident"
    other = added(office, "complaints", category="other")
    later = add(office, "complaints", category="false_message", earlier_entry=other).json()["entries"]
    assert [each["kind"] for each in later] == ["complaint_received", "incident_recorded"], "it was not known to be one"


# Incidents


def test_unauthorised_access_rules_out_the_clean_statement_until_two_persons_find_it_unfounded(office: Office) -> None:
    registers, reason = office.app.state.registers, {"reason": "The address was that of our own monitoring."}
    assert registers.open_or_confirmed(ELECTION) is False
    incident = added(office, "incidents")
    assert registers.open_or_confirmed(ELECTION) is True
    where = f"{REPORTED}/incidents/{incident}/unfounded"
    assert office.post(where, {}, "sam").status_code == 422, "a reason is needed"
    number = office.post(where, reason, "sam").json()["proposal"]
    assert office.post(f"{where}/{number}", reason, "sam").status_code == 403, "not the same person"
    assert office.post(where, reason, "sue").status_code == 409, "it has been proposed"
    assert registers.open_or_confirmed(ELECTION) is True, "one person is not enough"
    assert office.post(f"{where}/{number + 1}", reason, "sue").status_code == 409
    assert office.post(f"{where}/{number}", {"reason": "call 07700 900123"}, "sue").status_code == 422
    closed = office.post(f"{where}/{number}", reason, "sue")
    assert (closed.status_code, closed.json()["entries"][0]["kind"]) == (201, "incident_unfounded")
    assert registers.open_or_confirmed(ELECTION) is False
    assert office.post(f"{where}/{number}", reason, "sue").status_code == 409, "once"
    entry = logged(office, "incident_unfounded")[0].members
    assert (entry["by"], entry["approved_by"]) == tuple(office.members[name].account_id for name in ("sam", "sue"))
    found = figures(office)
    assert (found["incidents"]["by_status"], found["clean_statement_ruled_out"]) == ({"unfounded": 1}, False)


def test_nobody_closes_an_incident_alone_or_by_an_entry(office: Office) -> None:
    incident = added(office, "incidents")
    assert add(office, "incidents", status="unfounded", earlier_entry=incident).status_code == 422
    note = added(office, "notes")
    reason = {"reason": "None."}
    for entry, status in ((note, 409), ("ab" * 16, 404), ("x", 422)):
        assert office.post(f"{REPORTED}/incidents/{entry}/unfounded", reason, "sam").status_code == status
        assert office.post(f"{REPORTED}/incidents/{entry}/unfounded/1", reason, "sam").status_code == status
    assert office.post(f"{REPORTED}/incidents/{incident}/unfounded/1", reason, "sue").status_code == 409, "it was not proposed"


def test_what_is_confirmed_later_is_not_closed_by_what_was_said_of_the_suspicion(office: Office) -> None:
    suspicion = added(office, "incidents")
    confirmed = added(office, "incidents", earlier_entry=suspicion, status="confirmed", ended=LATE)
    where, reason = f"{REPORTED}/incidents/{suspicion}/unfounded", {"reason": "Nothing was found."}
    number = office.post(where, reason, "sam").json()["proposal"]
    office.post(f"{where}/{number}", reason, "sue")
    assert office.app.state.registers.open_or_confirmed(ELECTION) is True
    found = figures(office)["incidents"]
    assert found["by_status"] == {"confirmed": 1, "unfounded": 1}
    assert [each["status"] for each in found["entries"]] == ["confirmed"]
    assert confirmed in {each["entry"] for each in shown(office, "incidents")}


def test_nobody_alone_says_of_access_that_it_was_something_else(office: Office) -> None:
    incident = added(office, "incidents")
    other = added(office, "incidents", earlier_entry=incident, category="other", status="confirmed")
    last = added(office, "incidents", earlier_entry=other, category="false_message")
    registers, reason = office.app.state.registers, {"reason": "Nothing was found."}
    assert registers.open_or_confirmed(ELECTION) is True
    where = f"{REPORTED}/incidents/{last}/unfounded"
    office.post(f"{where}/{office.post(where, reason, 'sue').json()['proposal']}", reason, "sam")
    assert registers.open_or_confirmed(ELECTION) is False


def test_other_incidents_do_not_rule_out_the_clean_statement(office: Office) -> None:
    added(office, "incidents", category="other", status="confirmed")
    assert office.app.state.registers.open_or_confirmed(ELECTION) is False
    old = {"by": "a", "description": "x", "status": "suspected", "effect": "x", "started": office.clock.now()}
    office.databases.audit.add(Entry(ELECTION, "incident_recorded", office.clock.now(), old))
    assert office.app.state.registers.open_or_confirmed(ELECTION) is True, "one that does not say what it is about"


# Failures


@pytest.mark.proves("COP-161b")
@pytest.mark.parametrize(("kind", "methods", "expected"), [
    (STRIKE, (Method.ELECTRONIC,), "158a 158b 158c 158d 158e 161a 161b"),
    (STRIKE, (Method.WORKPLACE,), "161a 161b 161c 161d 161e"),
    (STRIKE, (Method.POSTAL,), "161a 161b 161f 161g"),
    (STRIKE, (Method.HYBRID,), "161a 161b 161f 161g"),
    (BallotType.UNION_ELECTION, (Method.ELECTRONIC,), "158a 158b 158c 158d 158e 159a"),
    (BallotType.UNION_ELECTION, (Method.POSTAL,), ""),
    (BallotType.POLITICAL_FUND, (Method.ELECTRONIC, Method.HYBRID), "158a 158b 158c 158d 158e"),
    (BallotType.AMALGAMATION, (Method.ELECTRONIC,), "158a 158b 158c 158d 158e 160a"),
    (BallotType.TRANSFER, (Method.ELECTRONIC, Method.POSTAL), "158a 158b 158c 158d 158e 160a"),
])  # fmt: skip
def test_a_category_is_offered_for_the_ballots_that_it_belongs_to_alone(
    make_store: MakeStore, kind: BallotType, methods: tuple[Method, ...], expected: str
) -> None:
    office = ballot_of(make_store, kind, methods)
    listed = [each["category"] for each in office.get(REPORTED, "sam").json()["failure_categories"]]
    assert " ".join(listed) == expected
    more = {"161a": {"left_out": 5, "included": 7}, "161d": {"evidence_hash": HASH}}
    for category in FailureCategory:
        answer = add(office, "failures", category=category.value, **more.get(category, {}))
        assert answer.status_code == (201 if category.value in listed else 422), (category, answer.text)
    found = figures(office)["failures"]["by_category"]
    assert found == {each: {"entries": 1, "voters": 12, "deliberate": 0, "not_small": 0} for each in listed}


def test_a_ballot_that_no_law_asks_for_has_no_failures(make_store: MakeStore) -> None:
    office = Office(make_store)
    office.post("/ballots", office.terms(office.trustees()), "sam")
    assert offered(None) == ()
    assert add(office, "failures").status_code == 422
    assert added(office, "notes")


@pytest.mark.proves("COP-161a")
def test_entitlement_given_to_the_wrong_people_says_how_many_on_each_side(office: Office) -> None:
    for changes in ({}, {"left_out": 1}, {"included": 1}):
        assert add(office, "failures", category="161a", **changes).status_code == 422
    assert add(office, "failures", left_out=1, included=1).status_code == 422, "of this category alone"
    added(office, "failures", category="161a", left_out=5, included=7)
    told = shown(office, "failures")[0]["told"]
    assert (told["left_out"], told["included"]) == (5, 7)
    assert add(office, "failures", category="161d").status_code == 422, "the plan of stations is missing"


def test_a_deliberate_failure_or_a_large_one_cannot_be_treated_as_small(office: Office) -> None:
    small, meant = add(office, "failures").json(), add(office, "failures", intent="deliberate").json()
    assert [each["entries"][0]["labels"] for each in (small, meant)] == [[], [NOT_SMALL]]
    assert [each["labels"] for each in shown(office, "failures")] == [[], [NOT_SMALL]]
    entry = logged(office, "failure_recorded")[0]
    assert [labels_of(entry, votes) for votes in (None, 13, 12, 0)] == [(), (), (NOT_SMALL,), (NOT_SMALL,)]
    registers = office.app.state.registers
    ballot = office.app.state.elections.ballot(ELECTION)
    for votes, labels in ((13, [NOT_SMALL]), (25, [NOT_SMALL])):  # the deliberate one stays what it is
        object.__setattr__(registers, "margin", lambda _, votes=votes: votes)
        found = registers.figures(ballot, "officer-2")["failures"]
        assert (found["margin"], found["labels"], found["voters"]) == (votes, labels, 24)
    added(office, "failures", earlier_entry=small["entries"][0]["entry"], voters=3)
    assert figures(office)["failures"]["voters"] == 15, "the correction counts in place of what it corrects"


def test_numbers_that_are_large_together_are_not_small(office: Office) -> None:
    added(office, "failures")
    added(office, "failures", category="158a")
    registers, ballot = office.app.state.registers, office.app.state.elections.ballot(ELECTION)
    for votes, labels in ((25, []), (24, [NOT_SMALL]), (None, [])):
        object.__setattr__(registers, "margin", lambda _, votes=votes: votes)
        found = registers.figures(ballot, "officer-2")["failures"]
        assert (found["labels"], found["by_category"]["158a"]["not_small"]) == (labels, 0)


def test_nothing_says_that_a_failure_may_be_disregarded(office: Office) -> None:
    """Provision, number, intent and time are told; the report has numbers beside the margin, and no conclusion."""
    added(office, "failures")
    for answer in (office.get(f"{REPORTED}/failures", "sam"), office.get(REPORTED, "sam"), office.get(f"{WHERE}/report", "sam")):
        assert answer.status_code == 200
        assert "disregard" not in answer.text.lower()
    assert {"provision", "voters", "intent", "discovered"} <= set(register_of("failures").required)
    assert figures(office)["failures"] == {
        "by_category": {"158d": {"entries": 1, "voters": 12, "deliberate": 0, "not_small": 0}}, "voters": 12, "margin": None, "labels": [],
    }  # fmt: skip


# Issues, refusals, non-receipt


def test_issues_marked_for_the_report_are_in_it_until_they_are_resolved(office: Office) -> None:
    issue = added(office, "issues")
    added(office, "issues", report=False, resolved=True, station="Dock 4")
    found = figures(office)["issues"]
    assert (found["number"], found["unresolved"], found["for_the_report_and_unresolved"]) == (2, 1, 1)
    assert [each["subject"] for each in found["for_the_report"]] == ["The seal of box 2 was broken."]
    added(office, "issues", earlier_entry=issue, resolved=True, outcome="The box was opened before witnesses; it was empty.")
    found = figures(office)["issues"]
    assert (found["number"], found["unresolved"], found["for_the_report_and_unresolved"]) == (2, 0, 0)
    assert found["for_the_report"][0]["outcome"].startswith("The box was opened")
    assert {station: len(entries) for station, entries in found["by_station"].items()} == {"Dock 3": 1, "Dock 4": 1}


@pytest.mark.proves("COP-121j")
def test_a_station_of_which_nothing_is_told_is_listed(office: Office) -> None:
    told = sample()
    names = [each["name"] for each in told["stations"]]
    tell(office, told)
    assert {each["where"] for each in figures(office)["gaps"] if each["requirement"] == "COP-121j"} == set(names)
    for name in names:
        added(office, "issues", station=name, subject="Opened and closed in time.", report=False, resolved=True)
    found = figures(office)
    assert "COP-121j" not in {each["requirement"] for each in found["gaps"]}
    assert {each[0]["subject"] for each in found["issues"]["by_station"].values()} == {"Opened and closed in time."}
    assert set(found["issues"]["by_station"]) == set(names)


@pytest.mark.proves("EA22-sch1-22")
def test_a_refusal_is_registered_with_reason_and_later_outcome_and_stays(office: Office) -> None:
    office.appoint("helper", Role.SUPPORT, ELECTION)
    refusals = [added(office, "refusals", "helper", what=what) for what in ("paper", "reissue", "discount")]
    assert figures(office)["refusals"] == {"by_what": {"discount": 1, "paper": 1, "reissue": 1}, "without_outcome": 3}
    added(office, "refusals", earlier_entry=refusals[1], outcome="A new code was sent when it was clear who asked.")
    assert figures(office)["refusals"]["without_outcome"] == 2
    assert [each["entry"] for each in shown(office, "refusals")][:3] == refusals
    assert "unique_identifier" in register_of("refusals").required


def test_whoever_passes_on_that_nothing_arrived_learns_nothing(office: Office) -> None:
    for voter in (VOTER, "voter 4711"):
        answer = add(office, "non-receipt", unique_identifier=voter)
        assert answer.json() == {"answer": "received by the scrutineer"}
    assert figures(office)["non_receipt"] == 2


def test_an_earlier_entry_is_one_of_the_same_register(office: Office) -> None:
    note = added(office, "notes")
    for register in TOLD:
        if register not in ("notes", "nothing-else"):
            assert add(office, register, earlier_entry=note).status_code == 409, register
        if register != "nothing-else":
            assert add(office, register, earlier_entry="ab" * 16).status_code == 404, register
    added(office, "notes", earlier_entry=note, text=["Three test messages were sent."])
    assert figures(office)["notes"] == 1
    assert len(shown(office, "notes")) == 2


# The compliance section


def missing(office: Office, requirement: str) -> list[tuple[str, str]]:
    return [(each["where"], each["missing"]) for each in figures(office)["gaps"] if each["requirement"] == requirement]


@pytest.mark.proves("COP-105c-iv-1")
@pytest.mark.proves("COP-105c-iv-2")
def test_what_no_server_has_a_record_of_is_listed_as_a_gap_for_each(office: Office) -> None:
    opens, closes = MANIFEST.opens, MANIFEST.closes
    records = {"COP-105c-iv-1": "physical-protection", "COP-105c-iv-2": "server-owners", "COP-105c-ii-a": "malware-protection"}
    assert {where for requirement in records for where, _ in missing(office, requirement)} == {"servers"}
    for register in records.values():
        added(office, register, server=f"of-{register}", **({"scanned": opens.isoformat()} if register == "malware-protection" else {}))
    for requirement, register in records.items():
        wanted = {f"of-{each}" for each in records.values()} - {f"of-{register}"}
        assert {where for where, _ in missing(office, requirement)} == wanted
        for server in wanted:
            added(office, register, server=server, **({"scanned": opens.isoformat()} if register == "malware-protection" else {}))
        assert missing(office, requirement) == []
    office.clock.moment = closes + timedelta(minutes=1)
    for name in ("sam", "sue"):
        office.sign_in(name)
    assert {what for _, what in missing(office, "COP-105c-ii-a")} == {"no record of its protection at the close"}
    for register in records.values():
        added(office, "malware-protection", server=f"of-{register}", scanned=closes.isoformat())
    assert missing(office, "COP-105c-ii-a") == []
    added(office, "malware-protection", server="late", scanned=closes.isoformat())
    assert missing(office, "COP-105c-ii-a") == [("late", "no record of its protection at the opening")]


@pytest.mark.proves("COP-105c-iv-3")
def test_days_without_records_of_access_are_listed_for_each_way(office: Office) -> None:
    opens, closes = MANIFEST.opens, MANIFEST.closes
    assert missing(office, "COP-105c-iv-3") == [], "voting has not begun"
    office.clock.moment = closes + timedelta(minutes=1)
    for name in ("sam", "sue"):
        office.sign_in(name)
    days = (closes - timedelta(microseconds=1)).date() - opens.date()
    assert len(missing(office, "COP-105c-iv-3")) == len(missing(office, "COP-082b-iii")) == days.days + 1
    half = opens + (closes - opens) / 2
    added(office, "server-access", way="digital", started=opens.isoformat(), ended=half.isoformat())
    left = missing(office, "COP-105c-iv-3")
    assert 0 < len(left) < days.days + 1
    assert left[0][1].endswith(str(half.date()))
    added(office, "server-access", way="digital", started=half.isoformat(), ended=closes.isoformat())
    assert missing(office, "COP-105c-iv-3") == []
    assert len(missing(office, "COP-082b-iii")) == days.days + 1, "nothing physical yet"
    added(office, "server-access", way="physical", started=opens.isoformat(), ended=closes.isoformat())
    assert missing(office, "COP-082b-iii") == []


@pytest.mark.proves("COP-105c-iii-4")
def test_that_nothing_else_was_found_has_to_be_said(office: Office) -> None:
    assert missing(office, "COP-105c-iii-4") != []
    added(office, "nothing-else")
    assert missing(office, "COP-105c-iii-4") == []
    assert len(figures(office)["incidents"]["nothing_else_found"]) == 1


def test_an_incident_of_any_kind_stands_for_that_something_was_found(office: Office) -> None:
    added(office, "incidents", category="other")
    assert missing(office, "COP-105c-iii-4") == []


@pytest.mark.proves("COP-105c-v")
def test_support_is_reported_in_figures(office: Office) -> None:
    assert missing(office, "COP-105c-v") != []
    added(office, "support")
    added(office, "support", channel="e-mail", requests=4, resolved=4)
    found = figures(office)["support"]
    assert (found["requests"], found["resolved"], [each["channel"] for each in found["by_channel"]]) == (13, 12, ["telephone", "e-mail"])
    assert missing(office, "COP-105c-v") == []
    added(office, "backups")
    assert figures(office)["backups"][0]["verified"] == "yes"


# After the close


def test_after_the_close_registers_are_read_on_an_authority_that_is_logged(office: Office) -> None:
    complaint = added(office, "complaints")
    led_to(office, State.CLOSED)
    refused = office.get(f"{REPORTED}/complaints", "sue")
    assert refused.status_code == 409
    assert complaint not in refused.text
    assert shown(office, "complaints", "?authority=Order%20of%20the%20court%20of%203%20November")[0]["entry"] == complaint
    assert logged(office, "log_read")[-1].members["reason"] == (
        "register complaints, on this authority: Order of the court of 3 November"
    )  # fmt: skip
    assert add(office, "failures").status_code == 201, "what comes to light later is still told"


def test_after_the_release_there_is_nothing_but_a_note_of_the_scrutineer(office: Office) -> None:
    incident = added(office, "incidents")
    led_to(office, State.RELEASED)
    object.__setattr__(office.app.state.registers, "margin", lambda _: 5)
    for register in TOLD:
        assert add(office, register).status_code == (201 if register == "notes" else 409), register
    assert office.post(f"{REPORTED}/incidents/{incident}/unfounded", {"reason": "None."}, "sam").status_code == 409


# Nobody's


def test_figures_have_no_identifier_and_logs_nothing_that_was_told(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    for register in TOLD:
        assert add(office, register, "sam", **({"unique_identifier": "voter 4711"} if "unique_identifier" in TOLD[register] else {}))
    assert "voter 4711" not in office.get(f"{WHERE}/report", "sam").text
    assert "voter 4711" not in caplog.text
    assert "test messages" not in caplog.text
    stored = json.dumps([str(row) for row in raw(office)])
    for told in ("voter 4711", "The message came late", "Nothing showed who"):
        assert told not in stored, "it is sealed"


def raw(office: Office) -> list[Any]:
    with office.databases.audit.store.reading() as session:
        return [tuple(row) for row in session.connection().execute(text("SELECT * FROM audit_entry"))]


def test_an_identifier_in_a_text_is_refused(office: Office) -> None:
    answer = add(office, "complaints", subject=f"The voter {VOTER} has nothing.")
    assert answer.status_code == 422
    assert VOTER not in answer.text


def test_every_model_says_what_it_is() -> None:
    for each in REGISTERS:
        assert issubclass(each.told, Told)
        assert each.about.endswith(".")


@pytest.mark.parametrize(("tallies", "expected"), [
    ([[8, 4, 0], [0, 0, 0]], 4), ([[8, 8, 3], [5, 2, 9]], 0), ([[3, 9, 1], [5, 4, 9]], 1), ([[0, 0, 7], [0, 0, 0]], None),
])  # fmt: skip
def test_the_margin_is_the_smallest_between_who_won_and_who_did_not(tallies: list[list[int]], expected: int | None) -> None:
    def contest(votes: list[int]) -> Any:
        return SimpleNamespace(options=[SimpleNamespace(tally=each) for each in votes])

    options = [SimpleNamespace(spoil=spoil) for spoil in (False, False, True)]
    manifest: Any = SimpleNamespace(contests=[SimpleNamespace(options=options, selection_limit=1) for _ in tallies])
    result: Any = SimpleNamespace(contests=[contest(votes) for votes in tallies])
    assert margin(manifest, result) == expected
