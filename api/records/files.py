"""Files of a record on their way to the public: copied as they were verified, on the disk before they have their name."""

import json
import os
from hashlib import sha256
from pathlib import Path

from api.durable import sync_folder
from api.errors import Conflict
from engine.record import PROFILE, SIGNATURE, digest

__all__ = ["LISTING", "copy_record", "listing_of"]

LISTING = "files.json"
_PART = 2**20


def copy_record(source: Path, target: Path) -> None:
    """Copies the files that the record lists, and no others, each compared with its digest. Raises Conflict for one that is otherwise."""
    listed = {each["path"]: str(each["sha256"]).lower() for each in json.loads((source / PROFILE).read_bytes())["files"]}
    for name in [*listed, PROFILE, SIGNATURE]:
        if not (source / name).resolve().is_relative_to(source.resolve()):
            raise Conflict("the record names a file that is not its own")
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        read = sha256()
        with (source / name).open("rb") as original, (target / name).open("xb") as copy:
            while part := original.read(_PART):
                read.update(part)
                copy.write(part)
            copy.flush()
            os.fsync(copy.fileno())
        if listed.get(name, read.hexdigest()) != read.hexdigest():
            raise Conflict(f"the record was changed after it was verified: {name}; nothing was released")
    for folder in {(target / name).parent for name in listed}:
        sync_folder(folder)


def listing_of(folder: Path) -> bytes:
    """The files of a record with sizes and digests, in JSON."""
    files = [
        {"path": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size, "sha256": digest(path).hex()}
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    return json.dumps(files).encode()
