"""The demonstration, from key ceremony to verified record, and what an outsider does with its record."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.elections import write

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one file, built as `./run verifier` builds it."""
    file = tmp_path_factory.mktemp("verifier") / "verifier.pyz"
    subprocess.run([sys.executable, ROOT / "run", "verifier", "--output", file], check=True, stdout=subprocess.DEVNULL)
    return file


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory, verifier: Path) -> tuple[Path, str]:
    """The folder of a small demonstration, and what it printed: one for all processes of this run of the tests."""
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent
    folder, printed = shared / "demonstration", shared / "demonstration.txt"
    with (shared / "demonstration.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not printed.exists():
            command = [sys.executable, "-m", "cli", "demo", "--voters", "30", "--voting-time", "240", "--folder", folder]
            done = subprocess.run([*command, "--verifier", verifier], cwd=ROOT, text=True, capture_output=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
            printed.write_text(done.stdout, encoding="utf-8")
    return folder, printed.read_text(encoding="utf-8")


def status(verifier: Path, record: Path, *options: str) -> int:
    command = [sys.executable, verifier, record, "--quiet", *options]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode


def test_the_demonstration_ends_in_a_verified_record(demonstration: tuple[Path, str]) -> None:
    folder, printed = demonstration
    assert "VERIFIED" in printed
    assert "DOES NOT VERIFY" not in printed
    assert "VERIFIED" in (folder / "report.html").read_text(encoding="utf-8")
    totals = json.loads((folder / "record/totals.json").read_bytes())
    assert totals["ballots"] == {"cast": 30, "discounted": 1, "challenged": 3}


def test_nothing_of_the_voters_or_trustees_is_in_the_record(demonstration: tuple[Path, str]) -> None:
    folder, _ = demonstration
    record = b"".join(path.read_bytes() for path in sorted((folder / "record").rglob("*")) if path.is_file())
    passphrases = [path.read_bytes() for path in folder.glob("trustee_*/passphrase")]
    assert len(passphrases) == 3
    assert not any(passphrase in record for passphrase in passphrases)
    assert not any(word in record.lower() for word in (b"127.0.0.1", b"address", b"timestamp", b"datetime"))
    assert str(folder).encode() not in record


@pytest.mark.parametrize("part", ["first", "middle", "last"])
def test_one_changed_byte_in_any_file_is_refused(part: str, demonstration: tuple[Path, str], verifier: Path, tmp_path: Path) -> None:
    folder, _ = demonstration
    files = sorted(path.relative_to(folder / "record") for path in (folder / "record").rglob("*") if path.is_file())
    assert len(files) == 19
    accepted = []
    for position, name in enumerate(files):
        if position % 3 != ["first", "middle", "last"].index(part):  # each part does a third of the files, at its own place
            continue
        copy = tmp_path / f"{position}" / "record"
        shutil.copytree(folder / "record", copy, copy_function=os.link)
        shutil.copy(folder / "record.key", copy.parent)
        content = bytearray((copy / name).read_bytes())
        place = {"first": 0, "middle": len(content) // 2, "last": len(content) - 1}[part]
        content[place] ^= 1
        (copy / name).unlink()
        (copy / name).write_bytes(content)
        if status(verifier, copy, "--processes", "1") not in (1, 2):
            accepted.append(str(name))
    assert not accepted


def test_the_verifier_needs_nothing_but_python(verifier: Path, tmp_path: Path) -> None:
    record = tmp_path / "record"
    key = write(record)
    command = [sys.executable, "-I", "-S", verifier, record, "--key", key.hex(), "--json"]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    report = json.loads(done.stdout)
    assert (done.returncode, report["verified"]) == (0, True), done.stderr
    other = subprocess.run([*command[:5], "--key", bytes(32).hex(), "--json"], text=True, capture_output=True, check=False)
    assert other.returncode == 1
    failed = [check["id"] for check in json.loads(other.stdout)["checks"] if check["status"] == "fail"]
    assert failed == ["X15"]
