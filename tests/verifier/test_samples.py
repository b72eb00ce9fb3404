"""The two sample records in the layout EG21 JSON: each verifies, and each change is refused by the item that is named for it.

The archives are not part of this repository: they are looked for in the folder named by PSEPHOS_SAMPLES, then beside the repository.
"""

import json
import shutil
import subprocess
import sys
import zipapp
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.verifier.foreign_samples import unpack
from verifier.report import Status
from verifier.verify import verify_record

ROOT = Path(__file__).resolve().parents[2]
CORE, FULL = "native_example_core_v2.1.0", "native_example_full_v2.1.0"


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(FULL, tmp_path_factory.mktemp("full"))


@pytest.mark.parametrize("name", [CORE, FULL])
def test_the_sample_verifies(name: str, tmp_path: Path) -> None:
    report = verify_record(unpack(name, tmp_path), None, processes=2, format="eg21-json")
    assert report.verified, report.text()
    passed = {entry.id for entry in report.entries() if entry.status is Status.PASS}
    assert passed >= {"1.F", "2.C", "6.D", "7.D", "8.E", "8.G", "9.B", "10.C", "11.D", "13.B", "14.F"}
    if name == FULL:
        assert passed >= {"12.C", "13.A", "15.A", "16.H", "17.A", "18.A", "19.B", "19.D"}


def test_a_foreign_record_is_never_taken_for_our_own(full: Path) -> None:
    report = verify_record(full, bytes(32))
    assert report.exit_status == 2
    assert report.format.name == "psephos"


def lines(folder: Path, file: str, change: Callable[[list[Any]], None]) -> None:
    """Changes a `.jsonl` file, decoded."""
    values = [json.loads(line) for line in (folder / file).read_text("utf-8").splitlines()]
    change(values)
    text = "".join(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n" for value in values)
    (folder / file).write_text(text, "utf-8")


def value(folder: Path, file: str, change: Callable[[Any], None]) -> None:
    """Changes a `.json` file, decoded."""
    content = json.loads((folder / file).read_text("utf-8"))
    change(content)
    (folder / file).write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")), "utf-8")


def turn(text: str) -> str:
    """The same text with another last digit."""
    return text[:-1] + ("1" if text[-1] == "0" else "0")


def on(member: str, *path: str | int) -> Callable[[Any], None]:
    """Turns the last digit of a member below `path`."""

    def change(content: Any) -> None:
        for step in path:
            content = content[step]
        content[member] = turn(content[member])

    return change


Edit = Callable[[Path], None]
CHANGES: dict[str, tuple[Edit, str]] = {
    "order in a chain": (lambda f: lines(f, "ballots/device_2.jsonl", lambda x: x.insert(0, x.pop())), "8.E 8.G"),
    "a chained ballot dropped": (lambda f: lines(f, "ballots/device_2.jsonl", lambda x: x.pop()), "8.G 9.A"),
    "first hash": (lambda f: value(f, "voting_devices.json", on("h_0", "devices", 1)), "8.F"),
    "closing hash": (lambda f: value(f, "voting_devices.json", on("closing_hash", "devices", 1)), "8.G"),
    "device hash": (lambda f: value(f, "voting_devices.json", on("h_di", "devices", 0)), "8.C"),
    "closing hash of pre-encrypted ballots": (lambda f: value(f, "voting_devices.json", on("closing_hash", "devices", 2)), "16.H"),
    "order of pre-encrypted ballots": (lambda f: lines(f, "ballots/device_3.jsonl", lambda x: x.reverse()), "16.F 16.H"),
    "short code": (
        lambda f: lines(f, "ballots/device_3.jsonl", on("short_code", 0, "contests", "2", "pre_encryption", "vectors", 0)), "17.A"
    ),
    "label of a vector": (
        lambda f: lines(f, "ballots/device_3.jsonl", on("label", 1, "contests", "2", "pre_encryption", "vectors", 0)), "18.A 19.C 19.D"
    ),
    "nonce of a vector": (
        lambda f: lines(f, "ballots/device_3.jsonl",
                        lambda x: x[1]["contests"]["2"]["pre_encryption"]["vectors"][0]["nonces"].reverse()), "18.A"
    ),
    "selection hash": (
        lambda f: lines(f, "ballots/device_3.jsonl", on("selection_hash", 0, "contests", "2", "pre_encryption", "vectors", 0)), "16.A 17.A"
    ),
    "a chosen vector left out": (
        lambda f: lines(f, "ballots/device_3.jsonl", lambda x: x[0]["contests"]["2"]["pre_encryption"]["vectors"].pop()), "15.A"
    ),
    "an uncast ballot counted": (lambda f: lines(f, "ballots/device_3.jsonl", lambda x: x[1].update(ballot_state="Cast")), "6.D 15.A"),
    "contest data shown": (lambda f: lines(f, "contest_data_decryptions.jsonl", on("data", 0)), "12.C"),
    "contest data proof": (lambda f: lines(f, "contest_data_decryptions.jsonl", on("v", 0, "proof")), "12.B"),
    "contest data of no ballot": (lambda f: lines(f, "contest_data_decryptions.jsonl", on("ballot_id", 0)), "12.B"),
    "opened contest data": (lambda f: lines(f, "challenged_ballots.jsonl", on("data", 0, "contests", 0, "contest_data")), "13.A"),
    "no ballot opened": (lambda f: (f / "challenged_ballots.jsonl").unlink(), "13.B 14.B"),
    "contest data on a ballot": (lambda f: lines(f, "ballots/device_1.jsonl", on("c_1", 0, "contests", "1", "contest_data")), "8.A"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_refused(name: str, full: Path, tmp_path: Path) -> None:
    edit, expected = CHANGES[name]
    folder = Path(shutil.copytree(full, tmp_path / "record"))
    edit(folder)
    report = verify_record(folder, None, format="eg21-json")
    assert report.exit_status == 1
    failed = {entry.id for entry in report.entries() if entry.status is Status.FAIL}
    assert set(expected.split()) <= failed, report.text()


def test_the_command_runs_from_one_file_without_any_package(full: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "verifier", tmp_path / "app" / "verifier", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "app" / "__main__.py").write_text("import sys\nfrom verifier.__main__ import main\nsys.exit(main())\n")
    program = tmp_path / "verifier.pyz"
    zipapp.create_archive(tmp_path / "app", program)
    command = [sys.executable, "-I", "-S", str(program), str(full)]

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *options], capture_output=True, text=True, check=False, encoding="utf-8")

    unread = run("--json")
    assert unread.returncode == 2
    assert json.loads(unread.stdout)["verified"] is False
    (full / "tally.json").rename(full / "tally.away")
    try:
        assert run("--format", "eg21-json", "--quiet", "--processes", "2").stdout == "UNREADABLE\n"
    finally:
        (full / "tally.away").rename(full / "tally.json")
    assert run("--key", "no such file").returncode == 2
