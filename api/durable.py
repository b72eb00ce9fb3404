"""Files that survive a power cut: each is there whole or not at all."""

import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

__all__ = ["sync_folder", "write_durably", "write_once"]


def write_durably(path: Path, parts: Iterable[bytes], mode: int = 0o600) -> None:
    """Writes a file of these parts in place of any other of that name: whole or not at all, and on the disk when this returns."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)


def write_once(path: Path, content: bytes, mode: int = 0o600) -> None:
    """The same for a file that never changes: one of that name stays as it is, also if two processes write at the same moment."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}.once")
    try:
        write_durably(draft, [content], mode)
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """That the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
