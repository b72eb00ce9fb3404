"""specs/requirements.yaml is whole and honest: what it says is met has a test that says so, and no test speaks of what is not in it."""

import ast
import json
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli import requirements
from cli.__main__ import psephos
from cli.requirements import FILE, KINDS, LEVELS, STATUSES, read_requirements

ROOT = Path(__file__).resolve().parent.parent
ALL = 393
"""Obligations."""
MEMBERS = {"id", "what", "level", "kind", "status"}


@pytest.fixture(scope="module")
def entries() -> list[dict[str, Any]]:
    return read_requirements(FILE)


@pytest.fixture(scope="module")
def proofs() -> dict[str, set[str]]:
    """Tests by the requirements that they are marked with, read from their sources; a case of a table is one, if `shows` makes it."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_bytes(), str(path))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "shows" and isinstance(node.args[0], ast.Constant):
                found[node.args[0].value].add(f"{path.relative_to(ROOT)}, line {node.lineno}")
            if isinstance(node, ast.FunctionDef):
                for mark in node.decorator_list:
                    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.proves":
                        assert node.name.startswith("test_"), f"{path}: {node.name} is marked and no test"
                        assert [type(each) for each in mark.args] == [ast.Constant], f"{path}: {node.name}"
                        found[ast.literal_eval(mark.args[0])].add(f"{path.relative_to(ROOT)}::{node.name}")
    return found


def test_every_obligation_is_there_once(entries: list[dict[str, Any]]) -> None:
    names = [each["id"] for each in entries]
    assert len(names) == len(set(names)) == ALL
    assert all(re.fullmatch(r"(COP-(\d{3}|ANX)|EA22-s(ch1)?)[-a-z0-9.]*", each) for each in names)


def test_every_entry_says_what_it_has_to(entries: list[dict[str, Any]]) -> None:
    for each in entries:
        assert each["status"] in STATUSES, each["id"]
        assert each["kind"] in KINDS, each["id"]
        assert each["level"] in LEVELS, each["id"]
        assert (each["kind"] == "operational") == (each["status"] == "operational"), each["id"]
        built = each["status"] in ("met", "partly")
        assert set(each) == MEMBERS | ({"where"} if built else set()), each["id"]
        assert 1 <= len(each["what"].split()) <= 12, each["id"]
        for place in each.get("where", ()):
            assert (ROOT / place).exists(), f"{each['id']}: {place} is not there"


def test_what_is_met_has_a_test_that_shows_it(entries: list[dict[str, Any]], proofs: dict[str, set[str]]) -> None:
    assert [each["id"] for each in entries if each["status"] == "met" and not proofs[each["id"]]] == []


def test_what_a_test_shows_is_an_obligation_and_not_said_to_be_missing(
    entries: list[dict[str, Any]], proofs: dict[str, set[str]]
) -> None:
    statuses = {each["id"]: each["status"] for each in entries}
    marked = {name for name, tests in proofs.items() if tests}
    assert marked - statuses.keys() == set()
    assert {name for name in marked if statuses[name] not in ("met", "partly")} == set()


def test_every_operational_obligation_has_its_procedure(entries: list[dict[str, Any]]) -> None:
    found = re.findall(r"(?:COP|EA22)-[-a-zA-Z0-9.]*[a-zA-Z0-9]", (ROOT / "specs" / "procedures.md").read_text(encoding="utf-8"))
    wanted = {each["id"] for each in entries if each["status"] == "operational"}
    assert Counter(found) == Counter(dict.fromkeys(wanted, 1))


def test_the_command_prints_and_counts() -> None:
    whole = CliRunner().invoke(psephos, ["requirements"])
    assert whole.exit_code == 0, whole.output
    lines = whole.stdout.splitlines()
    assert len(lines) == ALL
    assert whole.stderr.startswith(f"{ALL}: ")
    some = json.loads(CliRunner().invoke(psephos, ["requirements", "--json", "--status", "met", "--kind", "software"]).stdout)
    assert {(each["status"], each["kind"]) for each in some["requirements"]} == {("met", "software")}
    assert some["counts"] == {**dict.fromkeys(STATUSES, 0), "met": len(some["requirements"])}
    shown = Counter(line.split()[0] for line in CliRunner().invoke(psephos, ["requirements", "--level", "may"]).stdout.splitlines())
    assert shown == Counter(each["id"] for each in read_requirements(FILE) if each["level"] == "may")


def test_an_installation_without_sources_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(requirements, "FILE", tmp_path / "requirements.yaml")
    refused = CliRunner().invoke(psephos, ["requirements"])
    assert refused.exit_code == 1
    assert "part of the sources" in refused.output
    (tmp_path / "requirements.yaml").write_text("- {id: [}")
    assert "cannot be read" in CliRunner().invoke(psephos, ["requirements"]).output
