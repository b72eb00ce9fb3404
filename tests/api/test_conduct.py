"""What steps do, and what of it stands in the audit log: once, however often it is done, and before anybody acts on it."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from api.auth import Principal, Role
from api.elections.forms import check_forms, form_of
from api.elections.service import ElectionService
from api.errors import Conflict, Invalid, NotFound, StoreError
from api.recording import Recording
from engine.manifest import read_manifest
from tests.api.auditing import BALLOT, an_auditing
from tests.api.conftest import MakeStore
from tests.api.office import ELECTION, Office
from tests.cli.online import Platform, platform
from tests.cli.test_platform import Whole, logged
from tests.engine.elections import manifest_bytes

KINDS = (
    "manifest_fixed", "key_ceremony_held", "voting_form_recorded", "ballot_opened", "ballot_closed", "votes_selected", "turnout_counted",
)  # fmt: skip


class Crash(RuntimeError):
    """The process ends here."""


@pytest.fixture
def office(make_store: MakeStore) -> Office:
    return Office(make_store)


@pytest.fixture
def online(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with platform(tmp_path_factory.mktemp("platform")) as running:
        yield running


def crash_once(monkeypatch: pytest.MonkeyPatch, name: str = "_move") -> Callable[[], int]:
    """The process dies between the effect of each step and the note of it, the first time. Answers how often it did."""
    crashed: list[object] = []
    real: Any = getattr(ElectionService, name)

    def crash(self: ElectionService, session: object, row: object, before: object, following: object, step: object, *rest: object) -> None:
        if step not in crashed:
            crashed.append(step)
            raise Crash
        real(self, session, row, before, following, step, *rest)

    monkeypatch.setattr(ElectionService, name, crash)
    return lambda: len(crashed)


def of_ballot(office: Office, *kinds: str) -> list[Any]:
    """The ballot's entries of these kinds."""
    reader = office.members["ada"].account_id
    return [each.entry for each in office.databases.audit.read(reader, "a test", ELECTION, kinds=kinds)]


# Once


def test_a_step_that_dies_before_it_is_noted_is_logged_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    crashed = crash_once(monkeypatch)
    office.post("/ballots", office.terms(office.trustees()), "sam")
    assert office.step("begin ceremony", "sam").status_code == 500
    assert len(of_ballot(office, "manifest_fixed")) == 1, "what was done is logged"
    office.clock.moment += timedelta(minutes=1)
    assert office.step("begin ceremony", "sam").json()["state"] == "ceremony"
    assert crashed() == 1
    assert len(of_ballot(office, "manifest_fixed")) == 1, "and not again"


def test_a_step_that_dies_when_it_is_stored_is_logged_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the last entry and the end of the transaction."""
    office.post("/ballots", office.terms(office.trustees()), "sam")
    elections, died = office.app.state.elections, []
    record = elections._record

    def dies(event: str, details: Mapping[str, str]) -> None:
        record(event, details)
        if event == "step done" and not died:
            died.append(event)
            raise Crash

    monkeypatch.setattr(elections, "_record", dies)
    assert office.step("abandon", "sam").json()["missing"] == 1
    assert office.step("abandon", "sue").status_code == 500
    assert office.step("abandon", "sue").json() == {"state": "abandoned", "missing": 0}
    assert len(of_ballot(office, "ballot_abandoned")) == 1
    said = [(each.members["setting"], each.members["by"]) for each in of_ballot(office, "platform_configured")]
    sam, sue = (office.members[name].account_id for name in ("sam", "sue"))
    assert said == [("step_asked_for", sam), ("step_asked_for", sue), ("step_done", "service")]


def test_a_ballot_whose_log_was_not_begun_is_given_up_all_the_same(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(office.app.state.elections, "_record", lambda *_: None)  # the process died before it was told
        office.post("/ballots", office.terms(office.trustees()), "sam")
        office.step("abandon", "sam")
    assert office.step("abandon", "sue").json() == {"state": "abandoned", "missing": 0}
    assert [each.kind for each in of_ballot(office, "ballot_created", "ballot_abandoned")] == ["ballot_created", "ballot_abandoned"]


def test_steps_of_a_whole_ballot_that_die_before_they_are_noted_are_logged_once(
    online: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, crashed = Platform.step, crash_once(monkeypatch)

    def stubborn(self: Platform, step: str, *names: str) -> Any:
        answer = real(self, step, *names)
        if answer.status_code == 500:
            self.office.clock.moment += timedelta(seconds=5)
            answer = real(self, step, *names)
        return answer

    monkeypatch.setattr(Platform, "step", stubborn)
    whole = Whole(online)
    whole.opened()
    for number in range(1, 13):
        whole.vote(number, (1, 0, 0))
    whole.closed()
    whole.counted()
    assert whole.two("exclude")["state"] == "excluded"
    assert crashed() == 4
    assert {kind: len(logged(whole, kind)) for kind in KINDS} == {**dict.fromkeys(KINDS, 1), "voting_form_recorded": 2}


def test_an_act_is_logged_once_as_it_was_first_and_another_one_too(make_store: MakeStore) -> None:
    auditing = an_auditing(make_store)
    recording = Recording(auditing.log, auditing.clock)
    for act in ("first", "first", "second", "first"):
        recording.add_once(BALLOT, "ballot_abandoned", {"by": "a", "approved_by": "b", "reason": "a test"}, act)
    assert auditing.log.verify(BALLOT).entries == 3, "created, and two acts"
    with pytest.raises(NotFound):
        recording.add_once("cd" * 32, "record_released", {"by": "a", "record_hash": bytes(32)}, "first")
    auditing.log.destroy(BALLOT, "a", "a test")
    with pytest.raises(Conflict):
        recording.add_once(BALLOT, "record_released", {"by": "a", "record_hash": bytes(32)}, "first")


# The form (COP-105b-ii)


@pytest.mark.proves("COP-105b-ii")
def test_the_form_of_every_ballot_style_is_logged_before_anybody_can_open_it(online: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Whole(online)

    def dies(*_: object) -> None:
        raise StoreError("the database does not answer")

    with monkeypatch.context() as patched:
        patched.setattr("api.conduct.open_window", dies)
        with pytest.raises(AssertionError):
            whole.opened()
    assert len(logged(whole, "voting_form_recorded")) == 2, "there before the window opens"
    assert online.step("open", "sue").json()["state"] == "open"
    manifest, entries = whole.manifest, logged(whole, "voting_form_recorded")
    assert [each.members["style"] for each in entries] == [1, 2]
    for entry, style in zip(entries, manifest.ballot_styles, strict=True):
        assert entry.members["form"] == form_of(manifest, style)
        assert entry.members["form_hash"] == sha256(entry.members["form"].encode()).hexdigest()
        shown = [manifest.contest(index) for index in style.contests]
        texts = [manifest.label, *(each.label for each in shown), *(option.label for each in shown for option in each.options)]
        assert all(text in entry.members["form"] for text in texts)


def test_a_form_has_the_contests_of_its_style_with_limits_and_spoil() -> None:
    manifest = read_manifest(manifest_bytes(3))
    first, second = (form_of(manifest, style) for style in manifest.ballot_styles[:2])
    assert first != second
    for style, form in zip(manifest.ballot_styles, (first, second), strict=False):
        for contest in manifest.contests:
            heading = f"{contest.index}. {contest.label}\n   choose up to {contest.selection_limit}\n"
            assert (heading in form) == (contest.index in style.contests)
            assert contest.spoil is None or f"[ ] {contest.spoil.label} (instead of any other)" in form or heading not in form


def test_a_ballot_whose_form_could_not_be_logged_is_refused_when_it_is_made(office: Office) -> None:
    terms = office.terms(office.trustees(), label="7M4K Q2XD 7M4K Q2XD 7M4K Q2XD 7M4K")
    refused = office.post("/ballots", terms, "sam")
    assert refused.status_code == 422
    assert "the voting form of ballot style 1 cannot be logged" in refused.json()["detail"]
    assert "7M4K" not in refused.text
    with pytest.raises(Invalid):
        check_forms(read_manifest(terms["manifest"].encode()))


# Trustees


def test_a_ballot_whose_trustees_have_no_account_is_refused_and_they_are_named(office: Office) -> None:
    accounts = office.trustees()
    for unknown in ("nobody-1", "ab" * 16):
        refused = office.post("/ballots", office.terms([accounts[0], unknown, accounts[2]]), "sam")
        assert (refused.status_code, refused.json()["title"]) == (422, "Unknown accounts of trustees")
        assert f"(guardian 2: {unknown})" in refused.json()["detail"]
        assert accounts[0] not in refused.text
    assert office.get("/ballots", "sam").json()["ballots"] == []
    office.accounts.people.end(Principal(office.members["ada"].account_id, Role.ADMINISTRATOR), accounts[2])
    refused = office.post("/ballots", office.terms(accounts), "sam")
    assert f"(guardian 3: {accounts[2]})" in refused.json()["detail"], "an account that was ended"


def test_a_draft_is_not_changed_to_trustees_without_an_account(office: Office) -> None:
    accounts = office.trustees()
    made = office.post("/ballots", office.terms(accounts), "sam")
    headers = {"If-Match": made.headers["ETag"]}
    refused = office.call("PUT", f"/ballots/{ELECTION}", office.terms([*accounts[:2], "nobody-1"]), "sam", **headers)
    assert (refused.status_code, refused.json()["title"]) == (422, "Unknown accounts of trustees")
    assert office.get(f"/ballots/{ELECTION}", "sam").json()["trustees"] == accounts


def test_no_ceremony_begins_with_somebody_who_is_not_authorised_as_trustee(office: Office) -> None:
    accounts = [*office.trustees(2), office.hire("tim")]
    assert office.post("/ballots", office.terms(accounts), "sam").status_code == 201, "they may be authorised for this ballot afterwards"
    refused = office.step("begin ceremony", "sam")
    assert (refused.status_code, refused.json()["title"]) == (409, "Not authorised as trustees")
    assert f"(guardian 3: {accounts[2]})" in refused.json()["detail"]
    assert of_ballot(office, "manifest_fixed") == []
    office.appoint("tim", Role.SUPPORT, ELECTION)
    assert office.step("begin ceremony", "sam").status_code == 409
    office.appoint("tim", Role.TRUSTEE, ELECTION)
    assert office.step("begin ceremony", "sam").json()["state"] == "ceremony"
