"""`psephos scrutineer` from the draft of a statutory ballot to its report: kinds, particulars, the opening check, pages of the report."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.__main__ import psephos
from engine.manifest import read_manifest
from engine.record import MANIFEST
from engine.statutory import BallotType
from tests.api.office import ELECTION
from tests.api.test_particulars import METHODS, sample, statutory
from tests.cli.online import Platform, platform
from tests.cli.test_conducting import run, signed_in


@pytest.fixture
def online(tmp_path: Path) -> Iterator[Platform]:
    with platform(tmp_path, statutory=statutory()) as running:
        yield running


def joined(online: Platform, name: str = "sam") -> str:
    folder = signed_in(online, name)
    run("join", online.url, ELECTION, folder)
    return folder


def written(folder: Path, content: Any) -> str:
    path = folder / "told.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


@pytest.mark.parametrize("kind", BallotType)
def test_a_sample_of_every_kind_makes_a_ballot_of_that_kind(kind: BallotType, tmp_path: Path) -> None:
    draft = tmp_path / "draft.json"
    draft.write_text(run("sample", "--type", kind.value).stdout)
    run("create", str(tmp_path / "ballot"), "--draft", str(draft), "--quorum", "2", "--type", kind.value)
    manifest = read_manifest((tmp_path / "ballot" / MANIFEST).read_bytes())
    assert manifest.statutory is not None
    assert (manifest.statutory.ballot_type, manifest.voting.statutory.section) == (kind, kind.section)  # type: ignore[union-attr]
    assert set(json.loads(run("sample", "--type", kind.value, "--particulars").stdout)) >= {"scrutineer", "determinations"}


@pytest.mark.parametrize(
    ("change", "options", "says"),
    [
        ({}, ["--type", "recognition"], "COP-008"), ({}, ["--type", "indicative"], "COP-005"),
        ({}, ["--type", "transfer of engagements"], "the draft is for a ballot on 'union election'"),
        ({"methods": ["electronic", "workplace"]}, [], "COP-006"), ({"methods": ["hybrid"]}, [], "COP-034"),
        ({"ballot_type": "derecognition"}, [], "COP-008"), ({"hierarchy": ["electronic"]}, [], "COP-154.2"),
        ({"contests": [{"label": "Chair", "options": ["Ash", "Birch"]}]}, [], "COP-073a"), ({"methods": "electronic"}, [], "not a list"),
    ],
)  # fmt: skip
def test_an_unlawful_draft_makes_no_ballot_and_the_paragraph_is_named(
    change: dict[str, Any], options: list[str], says: str, tmp_path: Path
) -> None:
    draft = json.loads(run("sample", "--type", "union election").stdout) | change
    refused = run("create", str(tmp_path / "ballot"), "--draft", written(tmp_path, draft), "--quorum", "2", *options, status=1)
    assert says in refused.output
    assert not (tmp_path / "ballot").exists()


def test_particulars_are_recorded_and_checked_from_the_command_line(online: Platform) -> None:
    sam = joined(online)
    missing = run("check", sam, status=1).output
    assert "COP-024" in missing
    assert "keep the ballot from opening" in missing
    told = sample()
    certificates = told.pop("certificates")
    assert "recorded: scrutineer, agreements" in run("particulars", sam, written(online.path, told)).output
    assert "COP-046.1" in run("check", sam, status=1).output
    run("particulars", sam, written(online.path, certificates), "--section", "certificates")
    found = json.loads(run("check", sam, "--json", status=1).stdout)
    assert [each["requirement"] for each in found["findings"]] == ["COP-045.1"], "the roll alone is missing"
    recorded = json.loads(run("particulars", sam).stdout)
    assert recorded["certificates"][0]["number"] == "CEP-0001"
    assert recorded["determinations"][0]["assignments"][0]["methods"] == [each.value for each in METHODS]


@pytest.mark.parametrize(
    ("content", "section", "says"),
    [
        ("{", None, "is not JSON"), ([], None, "expected an object"), ({"nothing": 1}, None, "there is no section"),
        ({"scrutineer": {"nam": 1}}, None, "scrutineer.nam"), ({"nam": 1}, "scrutineer", "scrutineer.nam"),
        ({}, "x", "there is no section"),
    ],
)  # fmt: skip
def test_what_is_no_particulars_is_refused_before_it_is_sent(content: Any, section: str | None, says: str, online: Platform) -> None:
    sam = joined(online)
    options = ["--section", section] if section else []
    assert says in run("particulars", sam, written(online.path, content), *options, status=1).output
    assert json.loads(run("particulars", sam).stdout)["scrutineer"] is None


def test_a_draft_of_the_report_is_written_and_a_final_one_says_what_it_lacks(online: Platform) -> None:
    sam, pdf = joined(online), online.path / "report.pdf"
    made = json.loads(run("report", sam, "--pdf", str(pdf), "--language", "cy", "--json").stdout)
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert made["file"] == str(pdf)
    lacks = run("report", sam, "--pdf", str(online.path / "final.pdf"), "--final", status=1)
    assert "COP-167.1" in lacks.output
    assert not (online.path / "final.pdf").exists()
    assert "need --pdf" in run("report", sam, "--final", status=1).output
    told = written(online.path, {"satisfied": "perhaps"})
    assert "satisfied" in run("report", sam, "--pdf", str(online.path / "other.pdf"), "--told", told, status=1).output


def test_the_help_of_a_kind_names_all_kinds() -> None:
    text = " ".join(CliRunner().invoke(psephos, ["scrutineer", "sample", "--help"]).output.split())
    assert all(kind.value in text for kind in BallotType)
