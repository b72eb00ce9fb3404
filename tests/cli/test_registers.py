"""Registers in the command line, and what becomes of them at the close and beside a result, on a platform that runs."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from api.audit.entry import Entry
from api.registers.failures import NOT_SMALL
from api.registers.table import KINDS, REGISTERS
from cli.__main__ import psephos
from cli.watching import LogWatch
from tests.api.office import ELECTION
from tests.cli.online import Platform, platform
from tests.cli.test_conducting import run, signed_in
from tests.cli.test_platform import Whole, logged
from tests.forging import NO, YES

INCIDENT = {
    "category": "unauthorised_access", "status": "suspected", "description": "Somebody tried passwords.", "effect": "None that is known.",
    "started": "2026-11-02T09:00:00Z",
}  # fmt: skip


@pytest.fixture
def online(tmp_path: Path) -> Iterator[Platform]:
    with platform(tmp_path) as running:
        yield running


def joined(online: Platform, name: str) -> str:
    folder = signed_in(online, name)
    run("join", online.url, ELECTION, folder)
    return folder


def written(online: Platform, content: Any) -> str:
    path = online.path / "entry.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def test_the_help_names_every_register_and_member() -> None:
    text = CliRunner().invoke(psephos, ["scrutineer", "record", "--help"]).output
    for each in REGISTERS:
        assert f"\n    {each.name}\n" in text
        assert all(name in text for name in (*each.required, *each.optional))


def test_entries_are_recorded_shown_and_closed_by_two_persons(online: Platform) -> None:
    sam, sue = joined(online, "sam"), joined(online, "sue")
    listed = run("registers", sam).output
    assert all(each.name in listed for each in REGISTERS)
    assert "no law asks for this ballot" in listed
    assert "no entries" in run("registers", sam, "incidents").output
    made = json.loads(run("record", sam, "incidents", written(online, INCIDENT), "--json").stdout)
    entry = made["entries"][0]["entry"]
    assert "received by the scrutineer" in run(
        "record", sam, "non-receipt", written(online, {"unique_identifier": "4e" * 16, "reported": "2026-11-02T09:00:00Z"})
    ).output  # fmt: skip
    reason = ["--reason", "The address was our own."]
    assert "--agree 1" in run("unfounded", sam, entry, *reason).output
    assert "nobody agrees" in run("unfounded", sam, entry, *reason, "--agree", "1", status=1).output
    assert "incident_unfounded" in run("unfounded", sue, entry, *reason, "--agree", "1").output
    shown = json.loads(run("registers", sue, "incidents", "--json").stdout)["entries"]
    assert [each["kind"] for each in shown] == ["incident_recorded", "incident_unfounded"]
    assert entry in run("registers", sue, "incidents").output
    report = json.loads(run("report", sue, "--json").stdout)["registers"]
    assert (report["incidents"]["by_status"], report["non_receipt"]) == ({"unfounded": 1}, 1)


def test_what_is_wrong_is_said_in_one_line_before_anything_is_sent(online: Platform) -> None:
    sam = joined(online, "sam")
    for content, words in (
        ("{", "Invalid JSON"), ("[]", "incidents"), ({**INCIDENT, "status": "unfounded"}, "status"), ({}, "category"),
        ({**INCIDENT, "started": "yesterday"}, "started"), ({**INCIDENT, "member": "Aurelia"}, "member"),
    ):  # fmt: skip
        refused = run("record", sam, "incidents", written(online, content), status=1)
        assert words in refused.output
        assert len(refused.output.strip().splitlines()) == 1
        assert "Aurelia" not in refused.output
    assert "32 hexadecimal digits" in run("unfounded", sam, "../x", "--reason", "x", status=1).output
    assert "complaint-answers" in run("record", sam, "votes", written(online, INCIDENT), status=2).output
    assert "belongs to" in run(
        "record", sam, "failures",
        written(online, {"category": "158d", "voters": 1, "intent": "accidental", "provision": "x", "discovered": INCIDENT["started"]}),
        status=1,
    ).output.replace("does not belong", "belongs")  # fmt: skip


def test_registers_are_sealed_at_the_close_and_read_on_an_authority_afterwards(online: Platform) -> None:
    whole = Whole(online)
    whole.opened()
    assert online.office.post(f"/ballots/{ELECTION}/registers/incidents", INCIDENT, "sam").status_code == 201
    registers = online.office.app.state.registers
    for number in range(1, 13):
        whole.vote(number, YES if number < 9 else NO)
    before = registers.digest(ELECTION)
    whole.closed()
    sealed = logged(whole, "registers_sealed")
    assert [(each.members["entries"], each.members["registers_hash"]) for each in sealed] == [(before[0], before[1].hex())]
    assert before[0] == 1
    assert online.office.post(f"/ballots/{ELECTION}/registers/notes", {"text": ["Later."]}, "sam").status_code == 201
    assert registers.digest(ELECTION) != before, "what comes later is not under that hash"
    assert online.office.get(f"/ballots/{ELECTION}/registers/incidents", "sam").status_code == 409
    assert online.office.get(f"/ballots/{ELECTION}/registers/incidents?authority=A%20court", "sam").status_code == 200
    assert {each.kind for each in logged(whole, "note_added")} <= set(KINDS)
    assert online.office.get(f"/ballots/{ELECTION}/report", "sam").json()["registers"]["failures"]["margin"] is None


@pytest.mark.proves("COP-157")
def test_the_report_sets_failures_against_the_margin_and_the_record_has_nothing_of_registers(online: Platform) -> None:
    whole, office = Whole(online), online.office
    whole.opened()
    note = {"text": ["A word that stands in no record."]}
    assert office.post(f"/ballots/{ELECTION}/registers/notes", note, "sam").status_code == 201
    watches = {i: LogWatch(online.mirror(i), online.own(i).path) for i in (1, 3)}
    for number in range(1, 13):
        whole.vote(number, YES if number < 9 else NO)
    assert {watch.look(datetime.now(UTC)).size for watch in watches.values()} == {12}
    whole.closed()
    whole.counted()
    assert whole.two("exclude")["state"] == "excluded"
    online.step("tally", "sam")
    office.post(f"/ballots/{ELECTION}/requests", {"guardians": [1, 3]}, "sue")
    assert whole.decrypt(1, 3) == {1: None, 3: None}
    assert online.step("tally", "sue").status_code == 200
    contests = office.get(f"/ballots/{ELECTION}/result", "sam").json()["contests"]
    assert [each["tally"] for each in contests[0]["options"]] == [8, 4, 0]
    registers, ballot = office.app.state.registers, office.app.state.elections.ballot(ELECTION)
    assert registers.margin(ballot) == 4
    told = {
        "by": "officer-2", "category": "158d", "intent": "accidental", "provision": "section 230(2)", "discovered": office.clock.now(),
    }  # fmt: skip
    for voters in (3, 4):
        office.databases.audit.add(Entry(ELECTION, "failure_recorded", office.clock.now(), {**told, "voters": voters}))
    shown = office.get(f"/ballots/{ELECTION}/registers/failures?authority=A%20court", "sam").json()["entries"]
    assert [each["labels"] for each in shown] == [[], [NOT_SMALL]]
    failures = office.get(f"/ballots/{ELECTION}/report", "sam").json()["registers"]["failures"]
    assert all({"provision", "intent", "voters", "discovered"} <= each["told"].keys() for each in shown)
    assert (failures["margin"], failures["counted"], failures["voters"], failures["labels"]) == (4, 12, 7, [NOT_SMALL])
    assert whole.verified(office.post(f"/ballots/{ELECTION}/record", {}, "sam").json())["state"] == "done"
    assert whole.two("release")["state"] == "released"
    files = [path for path in office.folder.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert b"stands in no record" not in path.read_bytes(), path
    assert office.post(f"/ballots/{ELECTION}/registers/failures", {}, "sam").status_code == 422
    assert office.post(f"/ballots/{ELECTION}/registers/notes", note, "sam").status_code == 201
