"""The contract of the command: `python3 -I -S verifier.pyz RECORD` on the bare standard library; statuses 0, 1, 2; `--json`.

The record is a small one with real parameters.
"""

import json
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.forging import KEY, OTHER_KEY, STANDARD, TALLY, YES_NO, Files, Forger, contents_of, signature, write

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one file, built afresh."""
    path = tmp_path_factory.mktemp("build") / "verifier.pyz"
    subprocess.run([sys.executable, ROOT / "run", "verifier", "--output", path], check=True, capture_output=True)
    return path


def small_record(layout: str = "psephos") -> Files:
    forger = Forger(STANDARD, 11, layout=layout, n=1, k=1, contests=(YES_NO,), styles=((1,),))
    votes = [("Cast", 1, {1: (1, 0, 0)}), ("Cast", 1, {1: (0, 1, 0)}), ("Challenged", 1, {1: (0, 0, 1)})]
    return forger.files(forger.sheets(votes))


@pytest.fixture(scope="module")
def files() -> Files:
    return small_record()


def start(program: Path, *arguments: Any, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False, encoding="utf-8")


def test_a_true_record_is_verified_with_status_0(program: Path, files: Files, tmp_path: Path) -> None:
    folder = write(tmp_path / "record", files)
    done = start(program, folder, "--key", KEY.hex(), "--json", "--processes", 1)
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert report["verified"] is True
    assert report["exit_status"] == 0
    listed = [entry["id"] for entry in report["checks"]]
    assert [f"X{i}" for i in range(1, 19)] == [check for check in listed if check[0] == "X"]
    assert {entry["status"] for entry in report["checks"]} == {"pass", "not applicable"}
    (tmp_path / "record.key").write_text(KEY.hex().upper() + "\n")
    assert start(program, "record", "--quiet", folder=tmp_path).stdout == "VERIFIED\n"


def test_a_false_record_is_refused_with_status_1_and_all_failures_are_listed(program: Path, files: Files, tmp_path: Path) -> None:
    changed = deepcopy(files)
    options = changed[TALLY]["contests"][0]["options"]
    options[0]["tally"] += 1
    options[1]["proof"]["v"] = "0" * 64
    folder = write(tmp_path / "record", changed)
    done = start(program, folder, "--key", KEY.hex(), "--json", "--processes", 2)
    assert done.returncode == 1
    report = json.loads(done.stdout)
    failed = {entry["id"]: entry["failures"] for entry in report["checks"] if entry["status"] == "fail"}
    assert set(failed) == {"10.B", "10.C"}
    assert report["verdict"] == "DOES NOT VERIFY"
    for failures in failed.values():
        assert failures[0]["where"].startswith("tally, contest 1")
        assert failures[0]["message"]


def test_without_a_key_or_with_another_one_status_is_1(program: Path, files: Files, tmp_path: Path) -> None:
    folder = write(tmp_path / "record", files)
    assert start(program, folder, "--quiet").returncode == 1
    assert start(program, folder, "--quiet", "--key", OTHER_KEY.public_key().public_bytes_raw().hex()).returncode == 1


def test_an_unreadable_record_or_a_wrong_call_has_status_2(program: Path, files: Files, tmp_path: Path) -> None:
    folder = write(tmp_path / "record", files)
    (folder / TALLY).write_bytes((folder / TALLY).read_bytes()[:-1])
    done = start(program, folder, "--json", "--key", KEY.hex())
    assert done.returncode == 2
    assert "X7" in {entry["id"] for entry in json.loads(done.stdout)["checks"] if entry["status"] == "fail"}
    for arguments in ([], [tmp_path / "missing"], [folder, "--key", "12"], [folder, "--key", tmp_path / "no.key"], [folder, "--unknown"],
                      [folder, "--format", "x"], [tmp_path / "missing", "--json"], [folder, "--processes", "many"]):  # fmt: skip
        done = start(program, *arguments)
        assert done.returncode == 2, arguments
        assert "Traceback" not in done.stderr + done.stdout


def test_a_record_without_profile_is_never_read_as_anothers(program: Path, files: Files, tmp_path: Path) -> None:
    folder = write(tmp_path / "record", files)
    (folder / "profile.json").unlink()
    assert start(program, folder, "--key", KEY.hex(), "--quiet").returncode == 2


def test_the_layout_of_others_is_read_when_it_is_named(program: Path, tmp_path: Path) -> None:
    folder = write(tmp_path / "record", small_record("eg21-json"), own=False)
    done = start(program, folder, "--format", "eg21-json", "--json")
    assert done.returncode == 0
    report = json.loads(done.stdout)
    assert report["format"] == "eg21-json"
    assert {entry["status"] for entry in report["checks"] if entry["id"][0] == "X"} == {"not applicable"}
    assert start(program, folder, "--quiet").returncode == 2


def test_a_record_cannot_write_to_the_terminal(program: Path, files: Files, tmp_path: Path) -> None:
    """Control characters of a record's texts, paths and values are not printed."""
    changed = deepcopy(files)
    changed["election_manifest.json"]["label"] = "\u001b[2J\u202eVERIFIED"
    changed[TALLY]["contests"][0]["options"][0]["label"] = "\u001b]0;x\u0007"
    contents = contents_of(changed)
    contents["\u001b[1mnotes"] = b""
    folder = tmp_path / "record"
    for name, content in {**contents, "signature.json": signature(contents["profile.json"])}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    done = start(program, folder, "--key", KEY.hex())
    assert done.returncode in (1, 2)
    assert not [character for character in done.stdout + done.stderr if not character.isprintable() and character != "\n"]
