"""What the scrutineer's service says in the key ceremony: the parameters at its beginning, and the joint keys at its end."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from api.ceremony.board import Board
from api.ceremony.paths import Author
from api.elections.service import Ballot
from api.elections.states import State
from api.errors import Conflict, NotFound
from engine.encoding import from_json
from engine.errors import EngineError
from engine.group import Group
from engine.key_ceremony import Acknowledgement, GuardianPublicKeys, join_keys, verify_acknowledgement
from engine.parameters import Election
from engine.record import write_keys, write_parameters

__all__ = ["Ceremony", "begin", "finish", "held"]

SCRUTINEER = Author(None)
_LAST = "hashes_ext.json"


@dataclass(frozen=True, slots=True)
class Ceremony:
    """A key ceremony that was held."""

    election: Election
    keys: tuple[GuardianPublicKeys, ...]
    acknowledgements: tuple[Acknowledgement, ...]


def begin(board: Board, ballot: Ballot, group: Group) -> None:
    """Puts parameters, manifest and hashes on the board. Again changes nothing."""
    _publish(board, ballot.election_id, lambda folder: write_parameters(folder, ballot.parameters(group)))


def held(board: Board, ballot: Ballot, group: Group) -> Ceremony:
    """The ceremony as it stands on the board, every key and acknowledgement checked. Raises Conflict if something is missing or wrong, or,
    while it is held, there is a complaint: afterwards all have acknowledged the keys, and none comes any more."""
    election_id, everybody = ballot.election_id, range(1, ballot.guardian_count + 1)
    if ballot.state is State.CEREMONY and any(each.startswith("ceremony/complaints/") for each in board.names(election_id)):
        raise Conflict("a trustee complains about another: the key ceremony has to start again, with a new ballot")
    missing: list[str] = []

    def read(name: str) -> bytes:
        try:
            return board.read(election_id, name)
        except NotFound:
            missing.append(name)
            return b""

    raw_keys = [read(f"ceremony/2_public_keys/guardian_{i}.json") for i in everybody]
    raw_acknowledgements = [read(f"ceremony/4_acknowledgements/guardian_{i}.json") for i in everybody]
    if missing:
        raise Conflict(f"the key ceremony is not finished; missing: {', '.join(missing)}")
    try:
        keys = tuple(from_json(GuardianPublicKeys, content, group) for content in raw_keys)
        acknowledgements = tuple(from_json(Acknowledgement, content, group) for content in raw_acknowledgements)
        election = join_keys(ballot.parameters(group), keys)
        for acknowledgement in acknowledgements:
            verify_acknowledgement(acknowledgement, election, keys)
    except EngineError as error:
        raise Conflict(f"the key ceremony cannot be used: {error}") from None
    if [each.index for each in acknowledgements] != list(everybody):
        raise Conflict("the key ceremony cannot be used: an acknowledgement is another guardian's than its name says")
    return Ceremony(election, keys, acknowledgements)


def finish(board: Board, ballot: Ballot, ceremony: Ceremony) -> None:
    """Puts the joint keys on the board, as `psephos scrutineer open` does. Again changes nothing."""
    _publish(
        board, ballot.election_id, lambda folder: write_keys(folder, ceremony.election, ceremony.keys, ceremony.acknowledgements)
    )  # fmt: skip


def _publish(board: Board, election_id: str, write: Callable[[Path], None]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        made = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for each in sorted(made, key=lambda each: (each == _LAST, each)):  # the one that says that it is done comes last
        board.publish(election_id, SCRUTINEER, each, made[each])
