"""Files to which lines are only added, each on the disk before anything follows from it."""

import fcntl
import os
from pathlib import Path

from cli.keystore import sync_folder


def append_line(path: Path, line: bytes) -> None:
    """Adds a line, given without LF, to a file of mode 0600; it is on the disk before this returns. A line that a crash cut off goes."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        content = file.read()
        file.seek(content.rfind(b"\n") + 1)
        file.truncate()
        file.write(line + b"\n")
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def whole_lines(path: Path) -> list[bytes]:
    """The lines of the file, without LF; a last one that a crash cut off is left out. There are none if there is no file."""
    return path.read_bytes().split(b"\n")[:-1] if path.exists() else []
