"""A released record as one file to download: a ZIP archive that is made while it is sent, the same bytes each time."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, cast
from zipfile import ZIP_STORED, ZipFile, ZipInfo

__all__ = ["FOLDER", "archived"]

FOLDER = "RECORD"
"""What the archive unpacks to."""
_PART = 2**20


class _Sink:
    """Takes what an archive writes, until it is taken away."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, part: bytes) -> int:
        """Takes a part."""
        self._parts.append(bytes(part))
        return len(part)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        """What was written since."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def archived(folder: Path, names: Sequence[str]) -> Iterator[bytes]:
    """The files of `folder` with these names, in this order and not compressed, part by part; no more than a part is in memory. All have
    the earliest date that the format knows."""
    sink = _Sink()
    with ZipFile(cast("IO[bytes]", sink), "w", ZIP_STORED) as archive:  # which asks for no more than to write
        for name in names:
            entry = ZipInfo(f"{FOLDER}/{name}")
            entry.external_attr = 0o644 << 16
            with (folder / name).open("rb") as file, archive.open(entry, "w", force_zip64=True) as target:
                while part := file.read(_PART):
                    target.write(part)
                    yield sink.taken()
    yield sink.taken()
