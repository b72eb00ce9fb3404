"""Election folders and trustees' folders on the small group, and what can happen to them."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.ceremony.requests import request_decryption
from cli.ballot import challenge_ballot, receive, store
from cli.ceremony import make_keys, run_ceremony
from cli.counting import run_decryption
from cli.draft import create_election
from cli.exchange import ElectionFolder
from cli.keystore import write_new
from cli.request import check_ballots, check_closed
from cli.result import combine_answers
from cli.trustee_folder import TrusteeFolder
from engine.ballot import EncryptedBallot, Opening, Selections, encrypt_ballot, new_ballot_nonce
from engine.decryption import CommitmentHashes, DecryptedTally, PartialDecryptions
from engine.encoding import from_json, to_json
from engine.parameters import Election
from engine.tally import BallotSet
from tests.groups import TOY

PASSPHRASE = b"a passphrase for tests"
DURING = datetime(2026, 11, 10, 12, tzinfo=UTC)
AFTER = DURING + timedelta(days=14)


def a_draft(n: int = 3, **changes: Any) -> dict[str, Any]:
    return {
        "label": "Test ballot",
        "contests": [
            {"label": "Strike", "options": ["Yes", "No"], "spoil": "Spoil"},
            {"label": "Executive", "choose_up_to": 2, "options": ["First", "Second", "Third"], "spoil": "Spoil"},
        ],
        "ballot_styles": {"Both": [1, 2], "One": [1]},
        "union": "Union of Examples",
        "scrutineer": "Scrutineer",
        "opens": "2026-11-01T09:00:00Z",
        "closes": "2026-11-20T17:00:00Z",
        "trustees": [f"Trustee {i}" for i in range(1, n + 1)],
        "smallest_unit": 2,
        **changes,
    }


@dataclass
class Room:
    """An election folder and the own folders of n trustees, all under one roof."""

    path: Path
    n: int

    @property
    def board(self) -> ElectionFolder:
        return ElectionFolder(self.path / "election", TOY)

    def own(self, i: int) -> TrusteeFolder:
        return TrusteeFolder(self.path / f"trustee_{i}", i, TOY)

    def copy(self, path: Path) -> "Room":
        shutil.copytree(self.path, path)
        return Room(path, self.n)

    def keys(self, i: int) -> Any:
        return make_keys(self.board, self.own(i), PASSPHRASE)

    def ceremony(self, i: int) -> Election | str:
        return run_ceremony(self.board, self.own(i), PASSPHRASE, patient=False)

    def all_keys(self) -> None:
        for i in range(1, self.n + 1):
            self.keys(i)

    def rounds(self, order: list[int] | None = None) -> list[Election | str]:
        """Everybody in turn until nobody gets any further."""
        order = order or list(range(1, self.n + 1))
        answers: list[Election | str] = []
        for _ in range(6):
            answers = [self.ceremony(i) for i in order]
            if all(isinstance(each, Election) for each in answers):
                break
        return answers


@dataclass
class Count(Room):
    """A room whose ballots are fixed."""

    def copy(self, path: Path) -> "Count":
        shutil.copytree(self.path, path)
        return Count(path, self.n)

    @property
    def election(self) -> Election:
        return self.board.election()

    def checked(self) -> tuple[BallotSet, bytes]:
        return check_closed(self.board, self.election, 1)

    def ask(self, *guardians: int, again: bool = False) -> int:
        found, digest = self.checked()
        return request_decryption(self.board, self.election, found, digest, guardians, AFTER, again)

    def decrypt(self, i: int, **how: Any) -> str | None:
        return run_decryption(self.board, self.own(i), PASSPHRASE, AFTER, 1, **how)

    def combined(self) -> DecryptedTally:
        return combine_answers(self.board, self.election, self.checked()[0], patient=False)[0]

    def together(self, *guardians: int, **instead: Callable[[], object]) -> dict[int, BaseException | None]:
        """All these guardians at once, each in a thread; what each of them raised."""
        raised: dict[int, BaseException | None] = {}

        def run(i: int) -> None:
            try:
                instead.get(f"guardian_{i}", lambda: self.decrypt(i))()
                raised[i] = None
            except BaseException as error:  # noqa: BLE001
                raised[i] = error

        threads = [threading.Thread(target=run, args=(i,), name=f"guardian {i}", daemon=True) for i in guardians]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive(), f"{thread.name} waits for ever; {raised}"
        return raised


def new_room(path: Path, n: int = 3, k: int = 2, **changes: Any) -> Room:
    room = Room(path, n)
    create_election(room.board.path, a_draft(n, **changes), k, TOY)
    return room


def finished_room(path: Path, n: int, k: int) -> Room:
    room = new_room(path, n, k)
    room.all_keys()
    assert all(isinstance(each, Election) for each in room.rounds())
    room.board.open()
    return room


YES, NO = (1, 0, 0), (0, 1, 0)


def a_ballot(election: Election, *choices: tuple[int, ...]) -> tuple[EncryptedBallot, Opening]:
    return encrypt_ballot(Selections(3 - len(choices), choices), election, new_ballot_nonce())


def cast(room: Room, *choices: tuple[int, ...]) -> EncryptedBallot:
    election = room.board.election()
    content = to_json(a_ballot(election, *choices)[0])
    received = receive(room.board, election, content, DURING)
    store(room.board, received, content)
    return received


def challenge(room: Room, *choices: tuple[int, ...]) -> EncryptedBallot:
    election = room.board.election()
    ballot, opening = a_ballot(election, *choices)
    challenge_ballot(room.board, election, to_json(ballot), to_json(opening), DURING)
    return ballot


def voted_room(room: Room) -> Count:
    cast(room, YES, (1, 1, 0, 0))
    cast(room, YES, (0, 0, 0, 1))
    cast(room, NO, (0, 1, 1, 0))
    cast(room, NO)
    challenge(room, YES, (1, 0, 0, 0))
    discounted = cast(room, NO)
    write_new(room.board.path / f"discounted/{discounted.ballot_id}.json", b"{}")
    return close(room)


def close(room: Room) -> Count:
    election = room.board.election()
    room.board.close(lambda file: check_ballots(room.board, election, file, 1))
    return Count(room.path, room.n)


EXPECTED = [[2, 2, 0], [1, 2, 1, 1]]


def totals(tally: DecryptedTally) -> list[list[int]]:
    return [[option.tally for option in contest.options] for contest in tally.contests]


class Killed(BaseException):
    """The process is gone: nothing that runs afterwards has any effect."""


class Crash:
    """The program ends just after the `at`-th name was made, changed or removed in any folder. Only in one thread, if that is named."""

    CHANGES = ("link", "unlink", "rename", "replace", "open")

    def __init__(self, at: int, thread: str | None = None) -> None:
        self.at = at
        self.thread = thread
        self.count = 0

    @property
    def happened(self) -> bool:
        return self.count >= self.at

    def wrapped(self, change: Callable[..., Any], name: str) -> Callable[..., Any]:
        def wrapper(*arguments: Any, **keywords: Any) -> Any:
            if self.thread not in (None, threading.current_thread().name):
                return change(*arguments, **keywords)
            if name == "open" and not arguments[1] & os.O_CREAT:
                return change(*arguments, **keywords)
            if self.happened:
                raise Killed
            self.count += 1
            result = change(*arguments, **keywords)
            if self.happened:
                raise Killed
            return result

        return wrapper

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            for name in self.CHANGES:
                patch.setattr(os, name, self.wrapped(getattr(os, name), name))
            yield


def contents(folder: Path) -> dict[str, bytes]:
    """Every published file; drafts, which begin with a point, are left out."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def history(room: Room, seen: dict[str, bytes]) -> None:
    """Nothing that anybody ever saw in the election folder is ever gone or different."""
    now = contents(room.board.path)
    assert {name: now.get(name) for name in seen} == seen
    seen.update(now)


def commitments(room: Count, guardian: int) -> list[bytes]:
    """Every d_i that this guardian ever published."""
    found = [
        from_json(CommitmentHashes, path.read_bytes(), TOY)
        for path in (room.board.path / "decryption").glob(f"request_*/attempt_*/1_hashes/guardian_{guardian}.json")
    ]
    return [d for each in found for row in each.hashes for d in row]


def no_nonce_twice(room: Count, guardian: int) -> None:
    """All commitments differ, and each a_i that was answered was answered in one file only (CR-22)."""
    hashes = commitments(room, guardian)
    assert len(hashes) == len(set(hashes))
    answered = [
        value.a
        for path in (room.board.path / "decryption").glob(f"request_*/attempt_*/3_responses/guardian_{guardian}.json")
        for row in from_json(PartialDecryptions, (path.parent.parent / "2_values" / path.name).read_bytes(), TOY).contests
        for value in row
    ]
    assert len(answered) == len(set(answered))
