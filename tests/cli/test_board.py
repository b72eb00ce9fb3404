"""The message board takes whatever trustees and scrutineer say in both ceremonies, from whom it is, once (CR-14, CR-17)."""

import re
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from api.ceremony.board import Board
from api.ceremony.paths import LARGEST, Author, author_of
from api.elections.models import TABLES
from api.elections.service import ElectionService, Terms
from api.elections.states import Step, persons_for
from api.errors import Conflict, Denied, Invalid, NotFound
from api.migrating import upgrade
from api.sealing import KeyRing
from api.store import Store
from tests.api.voting import OPEN, SetClock
from tests.cli.folders import Count
from tests.engine.elections import manifest_bytes
from tests.groups import TOY

ID = "ab" * 32
NOT_ON_THE_BOARD = ("ballots", "challenged", "discounted", "closed", "used.txt")
SCRUTINEER = Author(None)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store("elections", f"sqlite:///{tmp_path}/elections.db", KeyRing.generate("elections"), TABLES)
    upgrade(made)
    return made


@pytest.fixture
def service(store: Store) -> ElectionService:
    made = ElectionService(store, SetClock(OPEN), TOY, lambda *_: None)
    made.create(Terms(manifest_bytes(5, log="witnessed"), 3, tuple("abcde"), bytes(range(32)), bytes(range(1, 33))), "a")
    lead(made, Step.BEGIN_CEREMONY)
    return made


def lead(service: ElectionService, *steps: Step) -> None:
    """On by these steps, without what they do."""
    for step in steps:
        for person in ("a", "b")[: persons_for(step)]:
            service.ask(ID, step, person, lambda _: None)


@pytest.fixture
def board(store: Store, service: ElectionService) -> Board:
    return Board(store)


def said(folder: Path) -> dict[str, bytes]:
    """Every message in an election folder, by name."""
    names = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in sorted(names.items()) if name.split("/")[0] not in NOT_ON_THE_BOARD}


def in_turn(name: str) -> tuple[bool, bool, str]:
    """The order in which things are said: a request before what answers it."""
    return name.startswith("decryption"), name.count("/") > 1, name


def test_everything_that_is_said_in_both_ceremonies_has_its_place_and_its_author(
    voted: Count, board: Board, service: ElectionService
) -> None:
    voted.ask(1, 2)
    assert voted.together(1, 2) == {1: None, 2: None}
    everything = said(voted.board.path)
    messages = {name: everything[name] for name in sorted(everything, key=in_turn)}
    kinds = {re.sub("[0-9]+", "N", name) for name in messages}
    assert {"ceremony/N_commitments/guardian_N.json", "ceremony/N_shares/guardian_N_for_N.json", "decryption/request_N.json",
            "decryption/request_N/attempt_N/N_responses/guardian_N.json", "hashes_ext.json"} <= kinds  # fmt: skip
    for name, content in messages.items():
        own = re.search(r"guardian_([0-9]+)(_for_[0-9]+)?\.json$", name)
        expected = int(own[1]) if own else None
        assert author_of(name) == expected, name
        others = {None, 1, 2, 3, 4} - {expected}
        if name == "decryption/request_1.json":
            lead(service, Step.BEGIN_TRIAL, Step.OPEN, Step.CLOSE, Step.EXCLUDE)
        for other in others:
            with pytest.raises(Denied):
                board.publish(ID, Author(other), name, content)
        board.publish(ID, Author(expected), name, content)
    listed = board.listed(ID)
    assert [each.name for each in listed] == list(messages)
    assert [each.position for each in listed] == list(range(1, len(messages) + 1))
    assert {each.name: board.read(ID, each.name) for each in listed} == messages
    assert board.listed(ID, after=len(messages) - 1)[0].name == list(messages)[-1]


@pytest.mark.parametrize(
    "name",
    ["", "x", "../x", "/etc/passwd", "ceremony/1_commitments/guardian_0.json", "ceremony/1_commitments/guardian_01.json",
     "ceremony/1_commitments/guardian_1.json/..", "ceremony/1_commitments/guardian_1.json\n", "ceremony/1_commitments/guardian_12345.json",
     "ceremony/1_commitments/guardian_\u0661.json", "closed/ballots.jsonl", "result/../tally.json", "a" * 200, "guardians/guardian_1.json"],
)  # fmt: skip
def test_there_is_no_message_of_another_name(board: Board, name: str) -> None:
    for author in (SCRUTINEER, Author(1)):
        with pytest.raises(Invalid, match="no message"):
            board.publish(ID, author, name, b"{}")
    assert board.listed(ID) == []


def test_cr17_a_message_is_said_once_and_never_changed(board: Board, store: Store) -> None:
    name = "ceremony/2_public_keys/guardian_1.json"
    first = board.publish(ID, Author(1), name, b"keys")
    assert board.publish(ID, Author(1), name, b"keys") == first
    with pytest.raises(Conflict, match="other content"):
        board.publish(ID, Author(1), name, b"other keys")
    for statement in ("UPDATE board_message SET content = 'x'", "DELETE FROM board_message", "UPDATE board_message SET position = 2"):
        with pytest.raises(DBAPIError), store.connection() as connection:
            connection.execute(text(statement))
    assert board.read(ID, name) == b"keys"


def test_what_the_database_gives_back_otherwise_is_not_handed_on(board: Board, store: Store) -> None:
    name = "ceremony/2_public_keys/guardian_1.json"
    board.publish(ID, Author(1), name, b"keys")
    with sqlite3.connect(str(store.engine.url.database)) as raw:
        raw.execute("DROP TRIGGER board_message_no_update")
        raw.execute("UPDATE board_message SET content = x'00'")
    with pytest.raises(NotFound, match="damaged"):
        board.read(ID, name)


def test_what_is_too_long_unknown_or_too_late_is_refused(board: Board, service: ElectionService) -> None:
    name = "hashes.json"
    with pytest.raises(Invalid, match="at most"):
        board.publish(ID, SCRUTINEER, name, bytes(LARGEST + 1))
    for call in (lambda: board.publish("cd" * 32, SCRUTINEER, name, b"{}"), lambda: board.listed("cd" * 32), lambda: board.read(ID, name)):
        with pytest.raises(NotFound):
            call()
    board.publish(ID, SCRUTINEER, name, b"{}")
    for person in ("a", "b")[: persons_for(Step.ABANDON)]:
        service.ask(ID, Step.ABANDON, person, lambda _: None)
    with pytest.raises(Conflict, match="abandoned"):
        board.publish(ID, SCRUTINEER, "hashes_ext.json", b"{}")
    board.publish(ID, SCRUTINEER, name, b"{}")
    assert board.read(ID, name) == b"{}"
