"""Other people's sample records, unpacked, and ways to alter one value in them. The archives are not part of this repository."""

import base64
import json
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ARCHIVES = Path(os.environ.get("PSEPHOS_SAMPLES") or Path(__file__).resolve().parents[3] / "shared" / "vectors")
Path_ = tuple[str | int, ...]
Change = Callable[[Any], Any]


def unpack(name: str, folder: Path) -> Path:
    """The record in the archive `name`; skips the test if the archive is absent."""
    archive = ARCHIVES / f"{name}.tar.gz"
    if not archive.exists():
        pytest.skip(f"sample archives are absent: {name}.tar.gz; set PSEPHOS_SAMPLES to the folder that holds them")
    with tarfile.open(archive) as opened:
        for member in opened:  # by hand: extraction filters are missing in the oldest Python supported
            content = opened.extractfile(member)
            if content is not None and not Path(member.name).is_absolute() and ".." not in Path(member.name).parts:
                (folder / member.name).parent.mkdir(parents=True, exist_ok=True)
                (folder / member.name).write_bytes(content.read())
    return folder / name


def copy(record: Path, folder: Path) -> Path:
    """A copy of hard links; a file must be replaced, not written to."""
    return Path(shutil.copytree(record, folder, copy_function=os.link))


def replace(path: Path, content: bytes) -> None:
    """Gives a file new bytes."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def alter(value: Any, path: Path_, change: Change) -> Any:
    """Changes the value at `path` inside nested lists and objects, in place; with an empty path, the whole."""
    if not path:
        return change(value)
    inside = value
    for step in path[:-1]:
        inside = inside[step]
    made = change(inside.get(path[-1]) if isinstance(inside, dict) else inside[path[-1]])
    if made is REMOVE:
        del inside[path[-1]]
    else:
        inside[path[-1]] = made
    return value


REMOVE = object()


def remove(_: Any) -> Any:
    """Deletes the member or entry."""
    return REMOVE


def put(value: Any) -> Change:
    """Another value."""
    return lambda _: value


def flip(place: int = -1) -> Change:
    """Flips the lowest bit of the byte at `place`, in base64; numbers are raised by one, texts get another letter."""

    def change(value: Any) -> Any:
        if isinstance(value, bool):
            return not value
        if isinstance(value, int):
            return value + 1
        try:
            content = bytearray(base64.b64decode(value, validate=True))
        except ValueError:
            return value + "x"
        if len(content) < 30:
            return value + "x"
        content[place] ^= 1
        return base64.b64encode(content).decode()

    return change


def swap(i: int, j: int) -> Change:
    """Exchanges two entries of a list."""

    def change(entries: Any) -> Any:
        entries[i], entries[j] = entries[j], entries[i]
        return entries

    return change


def double(i: int = 0) -> Change:
    """Repeats an entry of a list."""
    return lambda entries: [*entries[: i + 1], *entries[i:]]


def drop(i: int = 0) -> Change:
    """Leaves out an entry of a list."""
    return lambda entries: [*entries[:i], *entries[i + 1 :]]


def number(x: int, width: int) -> Change:
    """An integer of fixed width, in base64."""
    return put(base64.b64encode(x.to_bytes(width, "big")).decode())


def added(name: str) -> Change:
    """Another member."""
    return lambda members: {**members, name: 1}


def dump(value: Any) -> bytes:
    """JSON that says the same as before the change, everywhere else."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
