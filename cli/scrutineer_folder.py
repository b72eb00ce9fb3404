"""A ballot on a platform as a scrutineer has it: a folder that says where it is, and the session of the person whose folder it is.

    platform.json     address of the staff's service, of the service for rolls, and the ballot's identifier
    session.json      the session, in a file that only its owner can read
"""

import json
import re
import secrets
import time
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode

from cli.connection import Connection, Refused, read_url
from cli.errors import PsephosError
from cli.keystore import read_at_most, write_new
from cli.session import Ask, Session, prompt

__all__ = ["PLATFORM", "PlatformBallot", "bind", "is_on_platform"]

PLATFORM = "platform.json"
FEW_TRIES = 5
BATCH = 500  # messages sent with one request
_LARGEST = 2**36  # bytes of a file
_BALLOT = re.compile("[0-9a-f]{64}")


class PlatformBallot:
    """The ballot that a folder is bound to. Everything raises Refused with the service's words, or Unreachable."""

    def __init__(self, folder: Path, ask: Ask = prompt) -> None:
        members = _read(folder)
        self.folder, self.ballot_id = folder, members["ballot"]
        self.session = Session(Connection(members["url"], FEW_TRIES), folder, ask)
        self._rolls = Connection(members["rolls"], FEW_TRIES)
        self.where = f"/api/v1/ballots/{self.ballot_id}"

    def disconnect(self) -> None:
        """Ends the connections."""
        self.session.connection.close()
        self._rolls.close()

    def get(self, what: str = "") -> Any:
        """GET of JSON about the ballot."""
        return self.session.get_json(f"{self.where}{what}")

    def post(self, what: str, content: Any) -> Any:
        """POST of JSON about the ballot, done once however often it has to be sent."""
        return self.session.call(lambda token: self.session.connection.post(f"{self.where}{what}", content, token, once=True))

    def tagged(self, what: str) -> tuple[Any, str]:
        """GET of JSON about the ballot, with its ETag."""
        return self.session.call(lambda token: self.session.connection.get_tagged(f"{self.where}{what}", token))

    def file(self, what: str, content: Any) -> bytes:
        """POST of JSON about the ballot whose answer is a file."""
        return self.session.call(lambda token: self.session.connection.post_for_bytes(f"{self.where}{what}", content, token, _LARGEST))

    def put(self, what: str, content: Any, tag: str) -> Any:
        """PUT of JSON in place of what had this ETag."""
        return self.session.call(lambda token: self.session.connection.put(f"{self.where}{what}", content, token, tag))

    def rolls(self, what: str, content: Any) -> Any:
        """POST of JSON to the service for rolls."""
        return self.session.call(lambda token: self._rolls.post(f"{self.where}{what}", content, token))

    def hand_over_roll(self, file: BinaryIO, asked: dict[str, str], tell: Callable[[str], None], pause: float = 0.5) -> Any:
        """Sends a roll, and waits until it is read; what came of it. Raises Refused, also for rows that are rejected; PsephosError if the
        service ended meanwhile."""
        where = f"{self.where}/roll"
        found = self.session.call(lambda token: self._rolls.upload(f"{where}?{urlencode(asked)}", file, token))
        while found["state"] == "running":
            tell(f"{found['doing']}: {found['at']} rows")
            time.sleep(pause)
            found = self.session.call(lambda token: self._rolls.get_json(f"{where}/import", token))
        if found["state"] == "failed":
            raise Refused(422, found["failed"], {"report": found})
        return found

    def roll_problems(self, output: BinaryIO) -> None:
        """Downloads all that is wrong with the roll that was handed over last."""
        content = self.session.call(lambda token: self._rolls.get(f"{self.where}/roll/problems", token, _LARGEST))
        output.write(content)

    def put_contact_rules(self, rules: Any) -> Any:
        """Says whose contacts are the employer's or the union's."""
        return self.session.call(lambda token: self._rolls.put(f"{self.where}/roll/contact-rules", rules, token))

    def roll_state(self) -> Any:
        """How many people stand on the roll."""
        return self.session.call(lambda token: self._rolls.get_json(f"{self.where}/roll", token))

    def step(self, step: str) -> dict[str, Any]:
        """Asks for a step: the state now, and how many persons are missing."""
        answer: dict[str, Any] = self.post("/steps", {"step": step})
        return answer

    def dispatch(self, progress: Callable[[int], None]) -> dict[str, int]:
        """Sends codes to everybody who was not sent one. `progress` is called with how many were."""
        sent = failed = 0
        while True:
            found = self.rolls("/dispatch", {"most": BATCH})
            sent, failed = sent + found["sent"], failed + found["failed"]
            progress(sent)
            if found["waiting"] == found["failed"] or not found["sent"]:
                return {"sent": sent, "failed": failed, "unreachable": found["unreachable"], "waiting": found["waiting"]}

    def counted(self, progress: Callable[[dict[str, Any]], None], pause: float = 0.5) -> dict[str, Any]:
        """Has the closed ballots checked and multiplied, and waits for it. Raises PsephosError if they do not pass."""
        state: dict[str, Any] = self.post("/count", {})
        while state["state"] == "running":
            progress(state)
            time.sleep(pause)
            state = self.get("/count")
        if state["state"] == "failed":
            raise PsephosError(f"the closed ballots do not pass: {state['failed']}; nothing is decrypted. Tell the trustees")
        return state

    def verified(self, date: str, signature: str, progress: Callable[[str], None], pause: float = 0.5) -> None:
        """Hands the record's signature in, and waits until the service has verified the record. Raises PsephosError if it does not verify,
        or the verification was interrupted."""
        state: dict[str, Any] = self.post("/record/signature", {"date": date, "signature": signature})
        while state["state"] == "running":
            progress(state["doing"])
            time.sleep(pause)
            state = self.get("/verification")
        if state["state"] == "failed":
            raise PsephosError(f"{state['failed']}; nothing was released")

    def answered(self, pause: float = 2.0) -> None:
        """Waits until all trustees that were asked have answered. Raises PsephosError naming whose answer is bad."""
        said: list[int] = []
        while True:
            state = self.get("/requests")
            if state["wrong"]:
                raise PsephosError(f"{state['wrong']}; ask again (--again), or ask others")
            if not state["missing"]:
                return
            if state["missing"] != said:
                said = state["missing"]
                line = f"waiting for guardians {', '.join(map(str, said))} (psephos trustee decrypt; stop with Ctrl-C, nothing is lost)"
                print(PsephosError(line).format_message(), flush=True)
            time.sleep(pause)

    def fetch_draft(self, folder: Path) -> None:
        """Downloads the record that waits for its signature into the new folder."""
        where = f"{self.where}/record"
        profile = self.session.call(lambda token: self.session.connection.get(f"{where}/profile.json", token))
        for name in ["profile.json", *(str(each["path"]) for each in json.loads(profile)["files"])]:
            _put(folder, name, self.session.call(partial(self._file, f"{where}/{quote(name)}")))

    def _file(self, path: str, token: str) -> bytes:
        return self.session.connection.get(path, token, _LARGEST)

    def fetch_record(self, folder: Path) -> None:
        """Downloads the released record into the new folder, and the key and hints beside it. The record needs no session; its key has to
        be the one that the ballot was made with."""
        connection, where = self.session.connection, f"/api/v1/records/{self.ballot_id}"
        listed = json.loads(connection.get(where, None))
        key = str(self.get()["signing_key"]).upper()
        if str(listed["key"]).upper() != key:
            raise PsephosError("the record is under another key than the ballot was made with; nothing was kept")
        draft = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}")
        for each in listed["files"]:
            content = connection.get(f"{where}/files/{quote(each['path'])}", None, int(each["bytes"]) + 1)
            if sha256(content).hexdigest() != each["sha256"]:
                raise PsephosError(f"{each['path']} is not as it is listed; nothing was kept")
            _put(draft, each["path"], content)
        key_file, hints = folder.with_name(f"{folder.name}.key"), folder.with_name(f"{folder.name}.hints")
        if not key_file.exists():
            write_new(key_file, f"{key}\n".encode(), 0o644)
        if listed["hints"] and not hints.exists():
            hints.write_bytes(connection.get(f"{where}/hints", None, _LARGEST))
        draft.rename(folder)


def _put(folder: Path, name: str, content: bytes) -> None:
    target = folder / name
    if not target.resolve().is_relative_to(folder.resolve()):
        raise PsephosError("the service names a file outside of the record")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


def is_on_platform(folder: Path) -> bool:
    """Whether the folder is bound to a ballot on a platform."""
    return (folder / PLATFORM).exists()


def bind(folder: Path, url: str, rolls: str | None, ballot_id: str) -> None:
    """Binds a new folder, or one that is bound to the same ballot. Raises PsephosError."""
    ballot_id = ballot_id.strip().lower()
    if not _BALLOT.fullmatch(ballot_id):
        raise PsephosError("a ballot's identifier has 64 hexadecimal digits")
    members = {"url": read_url(url).url, "rolls": read_url(rolls or url).url, "ballot": ballot_id}
    if is_on_platform(folder):
        if _read(folder) != members:
            raise PsephosError(f"{folder} is bound to another ballot already; each ballot needs a new folder")
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_new(folder / PLATFORM, json.dumps(members).encode())


def _read(folder: Path) -> dict[str, str]:
    try:
        members = json.loads(read_at_most(folder / PLATFORM, 4096))
        found = {name: str(members[name]) for name in ("url", "rolls", "ballot")}
        if not _BALLOT.fullmatch(found["ballot"]):
            raise ValueError
    except (ValueError, TypeError, KeyError, RecursionError):
        raise PsephosError(f"{folder / PLATFORM} is damaged: it should say where the ballot is") from None
    return found
