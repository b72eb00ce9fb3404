"""A trustee's copy of the platform's message board: an election folder that takes what is new from the board, and says on it what is said.

The service is not trusted. Every message that was seen once stays here; if the board later has it otherwise, or not at all, that is an
error which names it (CR-14, CR-17). What a message says is checked by who reads it, as in any election folder.
"""

import http.client
import json
import os
import re
import secrets
import time
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from api.ceremony.paths import LARGEST, author_of
from api.errors import Invalid
from cli.connection import Connection, Refused
from cli.errors import PsephosError
from cli.exchange import CLOSED, SERVER, ElectionFolder
from cli.keystore import give_name, read_at_most, sync_folder, write_new
from cli.session import Ask, Session, prompt
from engine.group import STANDARD, Group

__all__ = ["Mirror", "board_at", "fetch_parameters", "server_of", "write_server"]

T = TypeVar("T")
PAUSE = 2.0  # seconds between two looks at the board
FEW_TRIES = 5
_PAGE = 500  # messages that the service lists at once
_MOST_MESSAGES, _MOST_BYTES = 20_000, 2**36
_DIGEST = re.compile("[0-9a-f]{64}")
_BALLOT = _DIGEST
_CODE = re.compile("[0-9A-F]{64}")


class Mirror(ElectionFolder):
    """The folder `path`, a copy of the board of the ballot `ballot_id`."""

    def __init__(self, path: Path, session: Session, ballot_id: str, group: Group = STANDARD) -> None:
        super().__init__(path, group)
        self.session, self.ballot_id = session, ballot_id
        self.where = f"/api/v1/ballots/{ballot_id}"
        self._digests: dict[str, str] = {}  # of messages that are here
        self._looked = float("-inf")

    def has(self, name: str) -> bool:
        """Whether something has this name."""
        self._look()
        return super().has(name)

    def read(self, kind: type[T], name: str) -> T | None:
        """The message `name`, or None if it is not there. Raises FormatError if it is not what it should be."""
        self._look()
        return super().read(kind, name)

    def complaints(self) -> list[str]:
        """The names of all complaints."""
        self._look()
        return super().complaints()

    def publish(self, name: str, content: bytes) -> None:
        """Says it on the board, then keeps it here: what is here the board has, or has had."""
        if not os.path.lexists(self.path / name):
            said = {"name": name, "content": content.decode()}
            try:
                self.session.call(lambda token: self.session.connection.post(f"{self.where}/board", said, token))
            except Refused as error:
                raise PsephosError(f"{name} could not be published: {error.detail}") from None
        self.store(name, content)

    def sync(self) -> None:
        """Takes what is new. Raises PsephosError naming a message that the board has changed or lost."""
        here = self._here()  # first: a message that another command of this trustee puts here meanwhile is not missed there
        listed = list_board(self.session, self.ballot_id)
        for name, digest in here.items():
            if name not in listed:
                raise PsephosError(f"{name} was on the board and is gone from it; the copy in {self.path} is kept. Tell the other trustees")
            if listed[name] != digest:
                raise PsephosError(
                    f"{name} was changed on the board: its SHA-256 was {digest.upper()}, and is now {listed[name].upper()}. The copy in "
                    f"{self.path} is kept. Tell the other trustees"
                )
        for name, digest in listed.items():
            if name not in here:
                self.store(name, fetch_message(self.session, self.ballot_id, name, digest))
                self._digests[name] = digest
        self._looked = time.monotonic()

    def disconnect(self) -> None:
        """Ends the connection; what is asked next makes a new one."""
        self.session.connection.close()

    def state(self) -> str:
        """Where the ballot stands, as the service says."""
        state = self.session.get_json(self.where)
        return str(state.get("state", "unknown")) if isinstance(state, dict) else "unknown"

    def bring_closed(self) -> None:
        """The closed ballots and the openings of the challenged ones, once; the ballots last, so that with them everything is there."""
        if (self.path / CLOSED).exists():
            return
        draft = self.path / f".closed.{secrets.token_hex(8)}"
        try:
            self._download("challenged-openings", draft)
            with draft.open("rb") as lines:
                for line in lines:
                    self._keep_opening(line)
            draft.unlink()
            self._download("closed-ballots", draft)
            (self.path / CLOSED).parent.mkdir(exist_ok=True)
            draft.chmod(0o644)
            give_name(draft, self.path / CLOSED)
        finally:
            draft.unlink(missing_ok=True)
        sync_folder((self.path / CLOSED).parent)

    def _look(self) -> None:
        if time.monotonic() - self._looked >= PAUSE:
            self.sync()

    def _here(self) -> dict[str, str]:
        """The SHA-256 of every message here, by name."""
        for path in self.path.rglob("*"):
            name = path.relative_to(self.path).as_posix()
            if name not in self._digests and _is_message(name):
                self._digests[name] = sha256(read_at_most(path, LARGEST)).hexdigest()
        return dict(self._digests)

    def _keep_opening(self, line: bytes) -> None:
        try:
            shown = json.loads(line)
            code, opening = shown["code"], json.dumps(shown["opening"], ensure_ascii=False, separators=(",", ":")).encode()
            if not _CODE.fullmatch(code):
                raise ValueError
        except (ValueError, TypeError, KeyError, RecursionError):
            raise PsephosError("what the service shows as the opening of a challenged ballot is none") from None
        self.store(f"challenged/{code}.json", opening)

    def _download(self, what: str, draft: Path) -> None:
        """Writes what the service has under this name to the new file `draft`. It begins again where the way there is interrupted."""
        connection = self.session.connection
        for pause in connection.pauses():
            try:
                self.session.call(lambda token: self._stream(what, draft, token))
            except (OSError, http.client.HTTPException) as error:
                draft.unlink(missing_ok=True)
                connection.wait(pause, f"{connection.place.url} was interrupted sending {what} ({error})")
                continue
            return

    def _stream(self, what: str, draft: Path, token: str) -> None:
        read, length = sha256(), 0
        with self.session.connection.stream(f"{self.where}/{what}", token).opened() as (tag, parts), draft.open("xb") as file:
            for part in parts:
                length += len(part)
                if length > _MOST_BYTES:
                    raise PsephosError(f"what the service sends as {what} does not end")
                read.update(part)
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        if _DIGEST.fullmatch(tag) and tag != read.hexdigest():  # another tag is none of ours
            draft.unlink()
            raise http.client.HTTPException(f"{what} came otherwise than it was sent")


def board_at(
    path: Path, own: Path | None, patient: bool = False, group: Group = STANDARD, ask: Ask = prompt
) -> ElectionFolder:
    """The election folder `path`; if it is a copy of a board and the trustee's `own` folder is known, one that takes what is new, `patient`
    or giving up when the service is not there. Raises PsephosError."""
    if own is None or not (path / SERVER).exists():
        return ElectionFolder(path, group)
    url, ballot_id = server_of(path)
    mirror = Mirror(path, Session(Connection(url, None if patient else FEW_TRIES), own, ask), ballot_id, group)
    mirror.sync()
    return mirror


def server_of(path: Path) -> tuple[str, str]:
    """URL and ballot of which the folder `path` is a copy. Raises PsephosError."""
    try:
        members = json.loads(read_at_most(path / SERVER, 4096))
        url, ballot_id = members["url"], members["ballot"]
        if not isinstance(url, str) or not _BALLOT.fullmatch(ballot_id):
            raise ValueError
    except (ValueError, TypeError, KeyError, RecursionError):
        raise PsephosError(f"{path / SERVER} is damaged: it should say where the board is; run psephos trustee join again") from None
    return url, ballot_id


def write_server(path: Path, url: str, ballot_id: str) -> None:
    """Makes the folder `path` a copy of that board. Raises PsephosError if it is another's copy, or an election folder already."""
    if (path / SERVER).exists():
        if server_of(path) != (url, ballot_id):
            raise PsephosError(f"{path} is a copy of another board already; each ballot needs a new folder")
        return
    if path.exists() and any(path.iterdir()):
        raise PsephosError(f"{path} is not empty; the copy of a board needs a new folder")
    write_new(path / SERVER, json.dumps({"url": url, "ballot": ballot_id}).encode() + b"\n", 0o644)


def list_board(session: Session, ballot_id: str) -> dict[str, str]:
    """The SHA-256 of every message on the board, in lower-case hexadecimal, by name. Raises PsephosError for a name that there is not."""
    listed: dict[str, str] = {}
    after = 0
    while True:
        page = session.get_json(f"/api/v1/ballots/{ballot_id}/board?after={after}&limit={_PAGE}")
        rows = _rows(page)
        for position, name, digest in rows:
            if position <= after or name in listed or not _is_message(name) or len(listed) > _MOST_MESSAGES:
                raise PsephosError("the service's list of messages is not as expected: a name is there twice, or there is no such message")
            listed[name], after = digest, position
        if len(rows) < _PAGE:
            return listed


def fetch_message(session: Session, ballot_id: str, name: str, digest: str) -> bytes:
    """A message. Raises PsephosError if it is not the one that was listed."""
    content = session.call(lambda token: session.connection.get(f"/api/v1/ballots/{ballot_id}/board/{name}", token, LARGEST))
    if sha256(content).hexdigest() != digest:
        raise PsephosError(f"{name}: the service sends another message than it lists; nothing was taken over")
    return content


def fetch_parameters(session: Session, ballot_id: str, folder: Path) -> None:
    """Writes parameters, manifest and hashes into the empty `folder`, to be looked at. Raises PsephosError before the ceremony."""
    listed = list_board(session, ballot_id)
    for name in ("election_parameters.json", "election_manifest.json", "hashes.json"):
        if name not in listed:
            raise PsephosError("the key ceremony of this ballot has not begun yet; ask the scrutineer, and run this again then")
        write_new(folder / name, fetch_message(session, ballot_id, name, listed[name]))


def _rows(page: Any) -> list[tuple[int, str, str]]:
    try:
        rows = [(each["position"], each["name"], each["sha256"]) for each in page["messages"]]
        if not all(type(position) is int and type(name) is type(digest) is str for position, name, digest in rows):
            raise ValueError
    except (ValueError, TypeError, KeyError):
        raise PsephosError("the service's list of messages is not as expected; is this the right address?") from None
    return rows


def _is_message(name: str) -> bool:
    try:
        author_of(name)
    except Invalid:
        return False
    return True


