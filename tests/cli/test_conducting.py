"""`psephos scrutineer` against a running platform: two persons, each with a folder; what a program can read; what is refused, in words."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.__main__ import psephos
from cli.scrutineer_folder import PLATFORM
from tests.api.office import ELECTION
from tests.cli.online import Platform, platform


@pytest.fixture
def online(tmp_path: Path) -> Iterator[Platform]:
    with platform(tmp_path) as running:
        yield running


def run(*arguments: str, status: int = 0) -> Result:
    result = CliRunner().invoke(psephos, ["scrutineer", *arguments])
    assert result.exit_code == status, result.output + repr(result.exception)
    return result


def signed_in(online: Platform, name: str) -> str:
    """A folder of this person's, with the session that signing in leaves there."""
    folder = online.path / name
    folder.mkdir(mode=0o700)
    (folder / "session.json").write_text(json.dumps({"url": online.url, "token": online.office.tokens[name]}))
    return str(folder)


def test_a_second_person_joins_and_both_give_the_ballot_up(online: Platform) -> None:
    sam, sue = signed_in(online, "sam"), signed_in(online, "sue")
    joined = run("join", online.url, ELECTION.upper(), sam)
    assert "the ballot is ceremony" in joined.output
    assert "awaited: the key ceremony is not finished; missing: ceremony/2_public_keys/guardian_1.json" in joined.output
    run("join", online.url, ELECTION, sue)
    asked = json.loads(run("abandon", sam, "--json").stdout)
    assert (asked["state"], asked["missing"]) == ("ceremony", 1)
    assert "the same person cannot ask twice" in run("abandon", sam, status=1).output
    assert "a second person for the step abandon" in run("status", sue).output
    assert "never decrypted" in run("abandon", sue).output
    assert json.loads(run("status", sue, "--json").stdout)["state"] == "abandoned"
    audit, reader = online.office.databases.audit, online.office.members["ada"].account_id
    assert [each.entry.kind for each in audit.read(reader, "a test", ELECTION)].count("ballot_abandoned") == 1
    report = json.loads(run("report", sue, "--json").stdout)
    assert [each["step"] for each in report["steps"]] == ["begin ceremony", "abandon"]
    assert len(report["steps"][1]["asked_by"]) == 2
    assert report["record_hash"] is None
    run("report", sue, "--output", str(online.path / "report.json"))
    assert json.loads((online.path / "report.json").read_text()) == report


def test_what_comes_too_early_is_refused_in_one_line(online: Platform) -> None:
    sam = signed_in(online, "sam")
    run("join", online.url, ELECTION, sam)
    for command in (["open"], ["close"], ["exclude"], ["accept-small-units"], ["tally", "--guardians", "1,2"], ["release"]):
        refused = run(command[0], sam, *command[1:], status=1)
        assert refused.output.startswith("Error: ")
        assert len(refused.output.strip().splitlines()) == 1, refused.output
    assert "the key ceremony is not finished" in run("ceremony", sam, status=1).output


def test_a_folder_is_bound_once_and_says_when_it_is_damaged(online: Platform) -> None:
    sam = signed_in(online, "sam")
    run("join", online.url, ELECTION, sam)
    assert (Path(sam) / PLATFORM).stat().st_mode & 0o777 == 0o600
    assert "bound to another ballot already" in run("join", online.url, "cd" * 32, sam, status=1).output
    assert "64 hexadecimal digits" in run("join", online.url, "../..", str(online.path / "other"), status=1).output
    assert "not encrypted" in run("join", "http://ballots.example", ELECTION, str(online.path / "other"), status=1).output
    (Path(sam) / PLATFORM).write_text("{}")
    assert "is damaged" in run("status", sam, status=1).output
