"""api/recording.py: every ballot has a log, also one whose making was cut off."""

from collections.abc import Mapping

import pytest

from api.audit.entry import PLATFORM
from api.audit.log import Logged
from api.recording import Recording
from tests.api.conftest import MakeStore
from tests.api.office import ELECTION, Office


@pytest.fixture
def office(make_store: MakeStore) -> Office:
    return Office(make_store)


def read(office: Office, chain: str = ELECTION) -> list[Logged]:
    return list(office.databases.audit.read(office.members["ada"].account_id, "a test", chain))


def kinds(office: Office, chain: str = ELECTION) -> list[str]:
    return [each.entry.kind for each in read(office, chain) if each.entry.kind != "log_read"]


def cut_off(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ballot is stored, and the service ends before it has told the audit log."""

    def ended(event: str, _: Mapping[str, str]) -> None:
        assert event == "ballot created"
        raise SystemError("the service has ended")

    with monkeypatch.context() as patched:
        patched.setattr(office.app.state.elections, "_record", ended)
        assert office.post("/ballots", office.terms(office.trustees()), "sam").status_code == 500
    assert office.get(f"/ballots/{ELECTION}", "sam").json()["state"] == "draft"


def test_a_ballot_whose_log_was_lost_to_a_crash_gets_one_before_its_ceremony(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(office, monkeypatch)
    assert "ballot_log_begun" not in kinds(office, PLATFORM)
    assert office.step("begin ceremony", "sam").status_code == 200
    assert kinds(office)[:2] == ["ballot_created", "manifest_fixed"]
    assert kinds(office, PLATFORM).count("ballot_log_begun") == 1
    assert office.databases.audit.verify(ELECTION).entries > 2


def test_what_is_told_of_a_ballot_without_a_log_stands_in_the_platforms(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_off(office, monkeypatch)
    before = len(kinds(office, PLATFORM))
    office.step("abandon", "sam")
    assert kinds(office, PLATFORM)[before:] == ["platform_configured"]


def test_a_log_that_is_there_is_not_begun_again(office: Office) -> None:
    office.post("/ballots", office.terms(office.trustees()), "sam")
    recording = Recording(office.databases.audit, office.clock)
    for _ in range(2):
        recording.ensure_log(ELECTION)
    assert kinds(office).count("ballot_created") == 1
