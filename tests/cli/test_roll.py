"""`psephos roll check`, and `psephos scrutineer roll` against the service: the same list, before and after (COP-056.1)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from click.testing import CliRunner, Result

from api.elections.states import State
from api.store import Store
from api.voters.checking import Checker
from cli import rolls
from cli.__main__ import psephos
from cli.connection import refusal
from cli.scrutineer_folder import PlatformBallot, bind
from tests.api.services import ELECTION, ROLL, Services, a_checker
from tests.cli.online import new_store

BAD = """Member no,Full name,E-mail,Mobile phone,ballot_style
M1,Ann,ann@acme.example,07911 123456,One
M2,Bo,bo@example.org,+447911123456,One
M3,Cy,=x,,One
M3,Di,,,One
M5,E,,,Nowhere
"""
RULES = {"employer_domains": ["acme.example"]}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "bad.csv").write_text(BAD)
    (tmp_path / "good.csv").write_text(ROLL)
    (tmp_path / "rules.json").write_text(json.dumps(RULES))
    return tmp_path


def run(*arguments: object, status: int = 0) -> Result:
    result = CliRunner().invoke(psephos, [str(argument) for argument in arguments])
    assert result.exit_code == status, (result.output, result.exception)
    return result


@pytest.mark.proves("COP-056.1")
def test_so05_a_union_checks_its_roll_without_any_service(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object) -> None:
        raise AssertionError("no service is asked")

    monkeypatch.setattr("socket.socket.connect", no_network)
    problems = files / "problems.csv"
    arguments = ("--rules", files / "rules.json", "--problems", problems, "--style", "One", "--given-for", "union")
    shown = run("roll", "check", files / "bad.csv", *arguments, status=1)
    assert "2 rows would be rejected; all that is wrong is in" in shown.output
    assert "columns: reference from Member no, name from Full name" in shown.output
    assert "row 5, reference: stands in an earlier row too (COP-076.1); leave one of the rows out" in shown.output
    assert problems.stat().st_mode & 0o777 == 0o600
    assert "'=x" in problems.read_text("utf-8-sig")
    assert "is there already" in run("roll", "check", files / "bad.csv", *arguments, status=1).output
    assert "in the file" in run("roll", "check", files / "good.csv", "--given-for", "union").output


def test_a_check_in_json_is_one_object(files: Path) -> None:
    found = json.loads(run("roll", "check", files / "bad.csv", "--given-for", "union", "--json", status=1).stdout.splitlines()[0])
    assert (found["rows"], found["accepted"], found["rejected"]) == (5, 4, 1), "without --style all styles are good"
    assert found["withheld_by_rule"] == {"COP-054a.1": 1, "COP-055b": 2}


def test_files_that_are_no_roll_or_no_rules_are_one_line(files: Path) -> None:
    (files / "empty.csv").write_text("")
    (files / "other.json").write_text("[")
    assert "Error: the file is empty" in run("roll", "check", files / "empty.csv", status=1).output
    assert "not JSON" in run("roll", "check", files / "good.csv", "--rules", files / "other.json", status=1).output


# On a platform


@pytest.fixture(scope="module")
def checker() -> Iterator[Checker]:
    with a_checker() as made:
        yield made


class Bridge:
    """The service for rolls, without a network."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def ask(self, method: str, path: str, body: bytes | None, kind: str) -> bytes:
        token = self.services.office.tokens["sam"]
        answer = self.services.call("rolls", method, path, body, token, {"Content-Type": kind} if body is not None else {})
        if answer.status_code >= 300:
            raise refusal(answer.status_code, answer.content)
        return answer.content

    def upload(self, path: str, file: BinaryIO, _: str) -> Any:
        return json.loads(self.ask("POST", path, file.read(), "application/octet-stream"))

    def put(self, path: str, content: Any, _: str) -> Any:
        return json.loads(self.ask("PUT", path, json.dumps(content).encode(), "application/json"))

    def get(self, path: str, _: str, __: int = 0) -> bytes:
        return self.ask("GET", path, None, "")

    def get_json(self, path: str, token: str) -> Any:
        return json.loads(self.get(path, token))

    def close(self) -> None:
        pass


@pytest.fixture
def folder(tmp_path: Path, checker: Checker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    stores: list[Store] = []
    (tmp_path / "databases").mkdir()
    services = Services(new_store(tmp_path / "databases", stores), checker, voters=0)
    services.led_to(State.TRIAL)
    bind(tmp_path / "mine", "https://office.example", None, ELECTION)

    class Bridged(PlatformBallot):
        def __init__(self, where: Path) -> None:
            super().__init__(where)
            self._rolls = Bridge(services)  # type: ignore[assignment]
            self.session.call = lambda ask: ask("")  # type: ignore[method-assign]

    monkeypatch.setattr(rolls, "PlatformBallot", Bridged)
    yield tmp_path / "mine"
    for store in stores:
        store.close()


@pytest.mark.proves("COP-056.1")
def test_op13_a_scrutineer_sees_what_the_union_saw_and_stores_what_is_left(folder: Path, files: Path) -> None:
    given = ("--given-for", "union")
    own, theirs = files / "own.csv", files / "theirs.csv"
    rules = ("--rules", files / "rules.json")
    run("roll", "check", files / "bad.csv", *rules, "--problems", own, "--style", "One", "--style", "Both", *given, status=1)
    refused = run("scrutineer", "roll", folder, files / "bad.csv", *rules, "--problems", theirs, *given, status=1)
    assert own.read_bytes() == theirs.read_bytes()
    assert "2 of 5 rows are rejected, nothing was stored" in refused.output
    assert "would be rejected" in run("scrutineer", "roll", folder, files / "bad.csv", "--dry-run", *given, status=1).output
    assert "a dry run does not do" in run("scrutineer", "roll", folder, files / "bad.csv", "--dry-run", *rules, status=1).output
    assert "next: psephos scrutineer dispatch" in run("scrutineer", "roll", folder, files / "bad.csv", "--leave-out", 2, *given).output
    changed = run("scrutineer", "roll", folder, files / "good.csv", "--dry-run", *given).output
    assert "added" in changed
    assert "removed" in changed
    found = json.loads(run("scrutineer", "roll", folder, files / "good.csv", "--json", *given).stdout)
    assert found["differences"] == {"added": 9, "removed": 0, "changed": 3, "kept": 0}
