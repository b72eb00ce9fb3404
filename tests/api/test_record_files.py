"""api/records/files.py and api/durable.py: what is released is what was verified, and is on the disk before it has its name."""

import json
import os
from hashlib import sha256
from pathlib import Path

import pytest

from api.durable import write_durably
from api.errors import Conflict
from api.records.files import copy_record, listing_of
from engine.record import PROFILE, SIGNATURE

FILES = {"manifest.json": b"m", "ballots/cast.jsonl": b"c" * (2**20 + 5), "tally.json": b"t", "empty.jsonl": b""}


@pytest.fixture
def record(tmp_path: Path) -> Path:
    folder = tmp_path / "record"
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    listed = [{"path": name, "sha256": sha256(content).hexdigest().upper()} for name, content in FILES.items()]
    (folder / PROFILE).write_text(json.dumps({"files": listed}))
    (folder / SIGNATURE).write_text("{}")
    return folder


class Synced:
    """The files and folders that were synchronised with the disk, by what they are and not by what they were called then."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.found: dict[tuple[int, int], bytes] = {}
        monkeypatch.setattr(os, "fsync", self.note)

    def note(self, descriptor: int) -> None:
        about, itself = os.fstat(descriptor), Path(f"/proc/self/fd/{descriptor}")
        self.found[about.st_dev, about.st_ino] = b"" if itself.is_dir() else itself.read_bytes()

    def was(self, path: Path) -> bool:
        about = path.stat()
        content = self.found.get((about.st_dev, about.st_ino))
        return content is not None and (path.is_dir() or content == path.read_bytes())


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_not_as_it_was_verified_is_not_copied(record: Path, tmp_path: Path, name: str) -> None:
    content = (record / name).read_bytes()
    (record / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]) if content else b"more")
    with pytest.raises(Conflict, match=f"changed after it was verified: {name}"):
        copy_record(record, tmp_path / "copy")


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "ballots/../../outside"])
def test_a_file_outside_of_the_record_is_not_copied(record: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "outside").write_bytes(b"")
    (record / PROFILE).write_text(json.dumps({"files": [{"path": name, "sha256": sha256(b"").hexdigest()}]}))
    with pytest.raises(Conflict, match="not its own"):
        copy_record(record, tmp_path / "copy")


def test_nothing_but_what_is_listed_is_copied_and_all_of_it_is_on_the_disk(
    record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (record / "secret.json").write_bytes(b"not listed")
    copy, synced = tmp_path / "copy", Synced(monkeypatch)
    copy_record(record, copy)
    files = {path.relative_to(copy).as_posix(): path for path in copy.rglob("*") if path.is_file()}
    assert files.keys() == {*FILES, PROFILE, SIGNATURE}
    assert all(path.read_bytes() == (record / name).read_bytes() for name, path in files.items())
    assert [name for name, path in files.items() if not synced.was(path)] == []
    assert all(synced.was(folder) for folder in (copy, copy / "ballots"))
    listed = json.loads(listing_of(copy))
    assert {each["path"]: each["sha256"] for each in listed} == {
        name: sha256(path.read_bytes()).hexdigest() for name, path in files.items()
    }  # fmt: skip


def test_a_file_is_written_whole_and_on_the_disk_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, synced = tmp_path / "file", Synced(monkeypatch)
    write_durably(path, [b"some", b"thing"], 0o600)
    assert path.read_bytes() == b"something"
    assert path.stat().st_mode & 0o777 == 0o600
    assert synced.was(path)
    assert synced.was(tmp_path)

    def parts() -> list[bytes]:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        write_durably(path, (part for _ in range(1) for part in parts()))
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert path.read_bytes() == b"something"
