"""The election folder: where trustees, scrutineer and voters' ballots meet as files, on a shared drive or a stick that goes round.

    election_parameters.json  election_manifest.json  hashes.json            psephos scrutineer create
    ceremony/<round>/guardian_<i>.json                                       psephos trustee keys, ceremony
    guardians/ joint_public_keys.json hashes_ext.json acknowledgements.jsonl psephos scrutineer open
    ballots/<code>.json  challenged/<code>.json  discounted/<code>.json      psephos ballot …, scrutineer discount
    closed/ballots.jsonl                                                     psephos scrutineer close
    decryption/request_<r>.json  decryption/request_<r>/…                    psephos scrutineer tally, trustee decrypt
    result/tally.json  result/challenged_ballots.jsonl                       psephos scrutineer tally

Nothing in it is secret, nothing is ever overwritten, and everything read from it is checked by whoever reads it.
"""

import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from api.ceremony.messages import Messages
from cli.errors import PsephosError
from cli.keystore import give_name, read_at_most, sync_folder, write_new
from engine.ballot import CAST, CHALLENGED, DISCOUNTED, EncryptedBallot
from engine.encoding import LARGEST_FILE, from_json
from engine.errors import EngineError, FormatError
from engine.group import STANDARD, Group
from engine.key_ceremony import Acknowledgement, GuardianPublicKeys, join_keys, verify_acknowledgement
from engine.parameters import Election, ElectionParameters
from engine.record import read_lines, read_parameters, write_keys

T = TypeVar("T")

COMMITMENTS, PUBLIC_KEYS, SHARES, ACKNOWLEDGEMENTS, COMPLAINTS = (
    "ceremony/1_commitments", "ceremony/2_public_keys", "ceremony/3_shares", "ceremony/4_acknowledgements", "ceremony/complaints"
)
CLOSED, OPENED = "closed/ballots.jsonl", "hashes_ext.json"
SERVER = "server.json"  # in a folder that is a copy of a board: where the board is
POLL = 0.2  # seconds between two looks for a file that somebody else has to bring


class ElectionFolder(Messages):
    """One election folder; the group is a parameter for tests alone."""

    def __init__(self, path: Path, group: Group = STANDARD) -> None:
        self.path = path
        self.group = group

    def parameters(self) -> ElectionParameters:
        """The parameters that `create` wrote, checked."""
        return read_parameters(self.path, self.group)

    def publish(self, name: str, content: bytes) -> None:
        """Puts a message where the others find it. The same content again is nothing new; other content under the name is an error."""
        if (self.path / SERVER).exists():
            raise PsephosError(f"{self.path} is a trustee's copy of a board: only what the board has may be in it")
        self.store(name, content)

    def store(self, name: str, content: bytes) -> None:
        """Puts a message into the folder, for those who have made sure that it belongs there."""
        path = self._inside(name)
        try:
            write_new(path, content, 0o644)
        except PsephosError:  # the name is taken
            if read_at_most(path, LARGEST_FILE) != content:
                message = f"{path} is there already with other content: somebody else has written in this name; nothing was changed"
                raise PsephosError(message) from None

    def has(self, name: str) -> bool:
        """Whether something has this name."""
        return os.path.lexists(self.path / name)

    def read(self, kind: type[T], name: str) -> T | None:
        """The message `name`, or None if it is not there. Raises FormatError if it is not what it should be."""
        try:
            path = self._inside(name)
            if not os.path.lexists(path):
                return None
            content = read_at_most(path, LARGEST_FILE)
        except PsephosError as error:  # no file of ours: whoever counts the good messages passes it over as he does a malformed one
            raise FormatError(error.message) from None
        try:
            return from_json(kind, content, self.group)
        except FormatError as error:
            raise FormatError(f"{path}: {error}") from None

    def bring_closed(self) -> None:
        """Makes the closed ballots be there, if they come from elsewhere; they stand in an election folder already."""

    def complaints(self) -> list[str]:
        """The names of all complaints."""
        return [f"{COMPLAINTS}/{path.name}" for path in sorted((self.path / COMPLAINTS).glob("*.json"))]

    def _inside(self, name: str) -> Path:
        path = self.path / name
        if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self.path)):
            raise PsephosError(f"{path} is a link that leads out of the election folder; somebody has put it there")
        return path

    def public_keys(self) -> tuple[GuardianPublicKeys, ...]:
        """All guardians' public keys as published by `open`."""
        n = self.parameters().guardian_count
        keys = [self.read(GuardianPublicKeys, f"guardians/guardian_{i}.public_key.json") for i in range(1, n + 1)]
        if None in keys:
            raise PsephosError(f"{self.path}: the key ceremony is not finished; run: psephos scrutineer open {self.path}")
        return tuple(key for key in keys if key is not None)

    def election(self) -> Election:
        """The election with its joint keys, recomputed and checked from the guardians' keys."""
        return join_keys(self.parameters(), self.public_keys())

    def open(self) -> Election:
        """Joins the keys after every acknowledgement is in and checked, and publishes them."""
        parameters = self.parameters()
        everybody = range(1, parameters.guardian_count + 1)
        if self.complaints():
            raise PsephosError(f"{self.path}: there is a complaint; the key ceremony has to start again in a new folder")
        keys = self.read_all(GuardianPublicKeys, PUBLIC_KEYS, everybody)
        acknowledgements = self.read_all(Acknowledgement, ACKNOWLEDGEMENTS, everybody)
        for what, found in (("acknowledgements", acknowledgements), ("public keys", keys)):
            missing = [str(i) for i in everybody if i not in found]
            if missing:
                raise PsephosError(f"{self.path}: {what} of guardians {', '.join(missing)} are awaited (psephos trustee ceremony)")
        ordered = tuple(keys[i] for i in everybody)
        election = join_keys(parameters, ordered)
        for acknowledgement in acknowledgements.values():
            verify_acknowledgement(acknowledgement, election, ordered)
        with tempfile.TemporaryDirectory() as draft:
            write_keys(Path(draft), election, ordered, tuple(acknowledgements.values()))
            made = {path.relative_to(draft).as_posix(): path.read_bytes() for path in Path(draft).rglob("*") if path.is_file()}
        for name in sorted(made, key=lambda name: (name == OPENED, name)):  # the one that says that it is done comes last
            self.publish(name, made[name])
        return election

    def acknowledgements(self) -> tuple[Acknowledgement, ...]:
        """The acknowledgements that `open` checked and published."""
        return tuple(from_json(Acknowledgement, line, self.group) for line in read_lines(self.path / "acknowledgements.jsonl"))

    def ballots(self) -> Iterator[tuple[str, Path]]:
        """State and file, as received, of every ballot in the box, ascending by confirmation code."""
        for path in sorted((self.path / "ballots").glob("*.json")):
            challenged = (self.path / "challenged" / path.name).exists()
            discounted = (self.path / "discounted" / path.name).exists()
            yield CHALLENGED if challenged else DISCOUNTED if discounted else CAST, path

    def closed_ballots(self) -> Iterator[bytes]:
        """The ballots as `close` fixed them, with their states."""
        return read_lines(self.path / CLOSED)

    def is_closed(self) -> bool:
        """Whether the set of ballots is fixed, or about to be."""
        return (self.path / CLOSED).parent.exists()

    def close(self, check: Callable[[Path], object]) -> int:
        """Fixes the set of ballots and their states, once, if `check` of the file finds nothing wrong; answers how many there are."""
        if (self.path / CLOSED).exists():
            raise PsephosError(f"{self.path / CLOSED} is there: the set of ballots is fixed already, and stays as it is")
        draft, count = self.path / f".closing.{secrets.token_hex(8)}", 0
        try:
            with draft.open("xb") as file:
                for state, path in self.ballots():
                    file.write(self._with_state(state, path) + b"\n")
                    count += 1
                file.flush()
                os.fsync(file.fileno())
            try:
                check(draft)
            except EngineError:
                self._name_what_is_no_ballot()
                raise
            (self.path / CLOSED).parent.mkdir(exist_ok=True)
            draft.chmod(0o644)
            give_name(draft, self.path / CLOSED)
        finally:
            draft.unlink(missing_ok=True)
        sync_folder((self.path / CLOSED).parent)
        return count

    def _with_state(self, state: str, path: Path) -> bytes:
        """A ballot as it is published; whether it is one is for the check of all to find."""
        content, begin = read_at_most(path, LARGEST_FILE), f'{{"ballot_id":"{path.stem}",'.encode()
        if not content.startswith(begin) or b"\n" in content:
            raise self._no_ballot(path, "it is not the ballot that its name says, or not as received")
        return begin + f'"ballot_state":"{state}",'.encode() + content[len(begin) :]

    def _name_what_is_no_ballot(self) -> None:
        for _, path in self.ballots():
            try:
                ballot = from_json(EncryptedBallot, read_at_most(path, LARGEST_FILE), self.group)
            except EngineError as error:
                raise self._no_ballot(path, str(error)) from None
            if ballot.state is not None:
                raise self._no_ballot(path, "it is not as received")

    def _no_ballot(self, path: Path, reason: str) -> PsephosError:
        return PsephosError(f"{path}: {reason}; take it away, and find out who put it there")


def wait_for(ready: Callable[[], T | None], missing: Callable[[], str], patient: bool) -> T | None:
    """What `ready` answers as soon as it is not None; if not `patient`, None at once. Says once, on standard error, who is awaited."""
    said = ""
    while True:
        value = ready()
        if value is not None or not patient:
            return value
        text = missing()
        if text != said:
            print(f"waiting for {text} (stop with Ctrl-C, nothing is lost)", file=sys.stderr, flush=True)
            said = text
        time.sleep(POLL)
