"""The closed ballots as a file, as trustees and record have them: each as received, with its state, ascending by confirmation code (T2).

Neither the file nor anything beside it says in what order they came.
"""

import json
import os
import secrets
from pathlib import Path

from api.durable import write_durably
from api.errors import StoreError
from api.voters.ballot_box import BallotBox
from api.voters.window import Window
from engine.record import read_lines

__all__ = ["CLOSED", "OPENINGS", "openings_of", "write_closed"]

CLOSED, OPENINGS = "closed.jsonl", "openings.jsonl"
_BEGIN, _CODE = b'{"ballot_id":"', 64


def write_closed(box: BallotBox, window: Window, folder: Path) -> Path:
    """The closed ballots in `folder`, and beside them the openings of the challenged ones; written once, safely. Raises Conflict if the
    ballot is not closed, StoreError if the database gives back what never was a ballot."""
    closed = folder / CLOSED
    if closed.exists():
        return closed
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    places: list[tuple[bytes, int, int]] = []
    openings: list[tuple[bytes, bytes]] = []
    draft = folder / f".{secrets.token_hex(8)}"
    try:
        with draft.open("xb") as unsorted:
            for ballot in box.ballots(window):
                code = _code(ballot.content)
                line = _with_state(code, ballot.state, ballot.content)
                places.append((code, unsorted.tell(), len(line)))
                unsorted.write(line)
                if ballot.opening is not None:
                    openings.append((code, ballot.opening))
        places.sort()
        openings.sort()
        opened = b"".join(b'{"code":"%s","opening":%s}\n' % each for each in openings)
        write_durably(folder / OPENINGS, [opened])
        with draft.open("rb") as unsorted:
            write_durably(closed, (_line(unsorted.fileno(), at, length) for _, at, length in places))
    finally:
        draft.unlink(missing_ok=True)
    return closed


def openings_of(folder: Path) -> dict[str, bytes]:
    """The openings that `write_closed` wrote, by confirmation code."""
    found = {}
    for line in read_lines(folder / OPENINGS):
        code = json.loads(line)["code"]
        found[code] = line[len(b'{"code":"","opening":') + _CODE : -1]
    return found


def _code(content: bytes) -> bytes:
    code = content[len(_BEGIN) : len(_BEGIN) + _CODE]
    if not content.startswith(_BEGIN) or b"\n" in content or len(code) < _CODE:
        raise StoreError("the voter database gave back something else than a ballot")
    return code


def _with_state(code: bytes, state: str, content: bytes) -> bytes:
    begin = _BEGIN + code + b'",'
    return begin + b'"ballot_state":"%s",' % state.encode() + content[len(begin) :] + b"\n"


def _line(descriptor: int, at: int, length: int) -> bytes:
    return os.pread(descriptor, length, at)
