"""The user database: a roll is taken whole or not at all, everybody gets one code, nothing shows who voted (PR-13, SV-22, OP-13, OP-14)."""

import re
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from api.errors import NotFound
from api.users.dispatch import Dispatcher, Instructions, OutboxFolder
from api.users.importing import RowsRejected
from api.users.models import TABLES
from api.users.people import Known, UserDatabase
from tests.api.conftest import MakeStore
from tests.api.rolls import load
from tests.api.services import Kept
from tests.api.voting import OPEN, SetClock

STYLES = {"All members": 1, "Executive": 2}
ELECTION = "ab" * 32
HEADER = "reference,name,email,mobile,address,ballot_style\n"
PEOPLE = [
    "M1,Person One,one@example.org,+44 7911 123456,1 Street,All members",
    "M2,Person Two,two@example.org,,,Executive",
    'M3,"Three, Person",,,"3 Street, Town",All members',
]
ROLL = (HEADER + "\n".join(PEOPLE) + "\n").encode()
INSTRUCTIONS = Instructions(
    "Strike ballot", "Union of Examples", "The Scrutineer", OPEN, "https://vote.example/vote", ELECTION[:16], "020 7946 0000",
    "ballot@vote.example",
)  # fmt: skip


@pytest.fixture
def make(make_store: MakeStore) -> Callable[[], UserDatabase]:
    store = make_store("users", TABLES)
    return lambda: UserDatabase(store, SetClock(OPEN))


@pytest.fixture
def users(make: Callable[[], UserDatabase]) -> UserDatabase:
    return make()


# The database


@pytest.mark.proves("COP-076.1")
def test_everybody_gets_a_random_unique_identifier_and_keeps_it(users: UserDatabase) -> None:
    minted = load(users, ELECTION, ROLL, STYLES)
    assert len({each.unique_identifier for each in minted}) == 3
    assert all(re.fullmatch("[0-9a-f]{32}", each.unique_identifier) for each in minted)
    again = load(users, ELECTION, ROLL, STYLES)
    assert {each.unique_identifier: each.style for each in again} == {each.unique_identifier: each.style for each in minted}
    by_identifier = {known.unique_identifier: known.entry for known in users.people(ELECTION)}
    assert {each.unique_identifier: each.style for each in minted} == {name: entry.style for name, entry in by_identifier.items()}
    assert sorted(entry.reference for entry in by_identifier.values()) == ["M1", "M2", "M3"]


def test_op13_a_ballots_roll_is_its_own(users: UserDatabase) -> None:
    load(users, ELECTION, ROLL, STYLES)
    load(users, "cd" * 32, ROLL + b"M4,Four,,,,All members\n", STYLES)
    assert (users.count(ELECTION), users.count("cd" * 32)) == (3, 4)


def test_a_roll_with_an_error_stores_nothing(users: UserDatabase) -> None:
    with pytest.raises(RowsRejected):
        load(users, ELECTION, ROLL + b"M1,Again,,,,All members\n", STYLES)
    assert users.count(ELECTION) == 0
    with pytest.raises(NotFound):
        list(users.people(ELECTION))


@pytest.mark.proves("COP-082a.1")
@pytest.mark.proves("COP-078a")
def test_nothing_personal_stands_in_clear_and_no_column_could_hold_a_vote(users: UserDatabase, make_store: MakeStore) -> None:
    minted = load(users, ELECTION, ROLL, STYLES)
    users.note_dispatch(ELECTION, minted[0].unique_identifier, "e-mail", "sent")
    with users._store.engine.connect() as connection:
        rows = [row for table in TABLES.sorted_tables for row in connection.execute(text(f"SELECT * FROM {table.name}"))]  # noqa: S608
    dump = b"".join(value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row)
    canaries = [b"Person", b"example.org", b"7911", b"Street", b'"M1"', b"e-mail", *(each.unique_identifier.encode() for each in minted)]
    assert [canary for canary in canaries if canary in dump] == []
    columns = {column.name for table in TABLES.sorted_tables for column in table.columns}
    assert columns == {"name", "sealed", "election_id", "digest", "people", "person_index", "dispatch_id", "version"}


def test_what_was_sent_is_never_changed(users: UserDatabase) -> None:
    minted = load(users, ELECTION, ROLL, STYLES)
    users.note_dispatch(ELECTION, minted[0].unique_identifier, "e-mail", "sent")
    for statement in ("DELETE FROM dispatch", "UPDATE dispatch SET sealed = NULL", "UPDATE roll SET people = 1", "DELETE FROM roll",
                      "DELETE FROM person", "UPDATE person SET election_id = 'x'",
                      "DELETE FROM roll_version", "UPDATE roll_version SET people = 1"):  # fmt: skip
        with pytest.raises(DBAPIError), users._store.connection() as connection:
            connection.execute(text(statement))
    with pytest.raises(NotFound):
        users.note_dispatch(ELECTION, "nobody", "e-mail", "sent")


@pytest.mark.proves("COP-108.1")
def test_destroying_the_key_destroys_all_personal_data_of_the_ballot(users: UserDatabase) -> None:
    load(users, ELECTION, ROLL, STYLES)
    load(users, "cd" * 32, ROLL, STYLES)
    users.destroy(ELECTION)
    with pytest.raises(NotFound):
        list(users.people(ELECTION))
    assert len(list(users.people("cd" * 32))) == 3


# Sending


def sent_to(folder: Path) -> dict[str, EmailMessage]:
    messages = [message_from_bytes(path.read_bytes(), policy=default) for path in folder.iterdir()]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.iterdir())
    return {str(message["To"]): message for message in messages}  # type: ignore[misc]


@pytest.mark.proves("COP-066.1")
def test_everybody_who_can_be_reached_is_sent_a_code_of_their_own_once(users: UserDatabase, tmp_path: Path) -> None:
    load(users, ELECTION, ROLL, STYLES)
    codes: dict[str, str] = {}

    def issue(unique_identifier: str, channel: str) -> str:
        assert channel == "e-mail"
        codes[unique_identifier] = f"{len(codes):028d}"
        return codes[unique_identifier]

    done: list[tuple[int, int]] = []
    dispatcher = Dispatcher(users, issue, OutboxFolder(tmp_path / "outbox"))
    found = dispatcher.send_all(ELECTION, INSTRUCTIONS, lambda *progress: done.append(progress))
    assert (found.sent, found.failed, found.unreachable) == (2, 0, 1)
    assert done == [(1, 2), (2, 2)]
    messages = sent_to(tmp_path / "outbox")
    people = {known.entry.email: known for known in users.people(ELECTION) if known.entry.email}
    assert messages.keys() == people.keys()
    for address, message in messages.items():
        body = message.get_content()
        code = codes[people[address].unique_identifier]
        assert f"https://vote.example/vote/{'ab' * 8}#{code}" in body.split()
        assert "go to https://vote.example/vote and type" in body
        assert "-".join(code[at : at + 4] for at in range(0, 28, 4)) in body
        assert people[address].entry.name in body
        assert "Union of Examples" in body and "The Scrutineer" in body and "020 7946 0000" in body  # noqa: PT018
        assert people[address].unique_identifier not in message.as_string()
    assert dispatcher.send_all(ELECTION, INSTRUCTIONS).sent == 0
    assert len(codes) == 2


@pytest.mark.proves("COP-057.1")
def test_op14_a_message_that_could_not_be_sent_is_noted_and_sent_next_time(users: UserDatabase) -> None:
    load(users, ELECTION, ROLL, STYLES)
    taken: list[EmailMessage] = []

    class Broken:
        def __init__(self) -> None:
            self.tried = 0

        def send(self, message: EmailMessage) -> None:
            self.tried += 1
            if self.tried == 1:
                raise OSError("no route")
            taken.append(message)

    issued: list[str] = []

    def issue(unique_identifier: str, channel: str) -> str:
        issued.append(unique_identifier)
        return "0" * 28

    dispatcher = Dispatcher(users, issue, Broken())
    first = dispatcher.send_all(ELECTION, INSTRUCTIONS)
    assert (first.sent, first.failed) == (1, 1)
    failed = issued[0]
    assert [each["state"] for each in users.dispatches(ELECTION, failed)] == ["failed"]
    assert dispatcher.send_all(ELECTION, INSTRUCTIONS).sent == 1
    assert sorted(each["state"] for each in users.dispatches(ELECTION, failed)) == ["failed", "sent"]
    assert issued.count(failed) == 2
    assert len(taken) == 2


@pytest.mark.parametrize("email", ["x@[", "<", "a b@", '"', "a@x.org\r\nBcc: b@c.d"])
def test_op14_an_address_that_breaks_a_message_stops_nobody_elses_and_is_listed(users: UserDatabase, email: str) -> None:
    """No roll with one is stored now. One that was stored by an earlier version may have it."""
    people = b"".join(b"M%d,Person %d,person%d@example.org,,,All members\n" % (n, n, n) for n in range(6))
    load(users, ELECTION, HEADER.encode() + people, STYLES)
    known = users.find(ELECTION, "M5")
    broken = Known(known.unique_identifier, replace(known.entry, email=email))
    stored = [each if each != known else broken for each in users.people(ELECTION)]
    users.people = lambda _: iter(stored)  # type: ignore[method-assign]
    sender = Kept()
    issued: list[str] = []
    dispatcher = Dispatcher(users, lambda identifier, _: issued.append(identifier) or "0" * 28, sender)  # type: ignore[func-returns-value]
    for sent in (5, 0):  # the second run tries it again, and nobody else
        found = dispatcher.send_all(ELECTION, INSTRUCTIONS)
        assert (found.sent, found.failed, found.waiting) == (sent, 1, 1)
    assert {str(each["To"]) for each in sender.messages} == {f"person{n}@example.org" for n in range(5)}
    assert [each["state"] for each in users.dispatches(ELECTION, known.unique_identifier)] == ["failed", "failed"]
    assert issued.count(known.unique_identifier) == 2


@pytest.mark.proves("COP-055a")
def test_so04_no_message_goes_where_another_voters_code_went(users: UserDatabase) -> None:
    """Also after a correction of contacts that gives somebody else the address, written in another way."""
    load(users, ELECTION, HEADER.encode() + b"M1,One,the.one@gmail.com,,,All members\nM2,Two,two@example.org,,,All members\n", STYLES)
    sender = Kept()
    issued: list[str] = []
    issue = lambda identifier, _: issued.append(identifier) or "0" * 28  # type: ignore[func-returns-value]  # noqa: E731
    assert Dispatcher(users, issue, sender).send_all(ELECTION, INSTRUCTIONS).sent == 2
    load(users, ELECTION, HEADER.encode() + b"M1,One,new@example.org,,,All members\nM2,Two,TheOne+x@googlemail.com,,,All members\n", STYLES)
    one, two = (users.find(ELECTION, reference) for reference in ("M1", "M2"))
    dispatcher = Dispatcher(users, issue, sender)
    assert not dispatcher.send_one(ELECTION, two, INSTRUCTIONS)
    assert not dispatcher.send_code(ELECTION, two, "0" * 28, INSTRUCTIONS)
    assert len(issued) == 2, "no code is asked for in vain"
    assert dispatcher.send_one(ELECTION, one, INSTRUCTIONS)
    assert [str(each["To"]) for each in sender.messages][2:] == ["new@example.org"]


@pytest.mark.proves("COP-033.1")
def test_codes_are_sent_electronically_only_to_those_whose_methods_say_so(users: UserDatabase) -> None:
    methods = ("electronic", "hybrid", "postal", "workplace", "electronic+postal")
    lines = "".join(f"M{n},Person {n},p{n}@example.org,All members,{method}\n" for n, method in enumerate(methods))
    load(users, ELECTION, f"reference,name,email,ballot_style,method\n{lines}".encode(), STYLES)
    sender = Kept()
    found = Dispatcher(users, lambda *_: "0" * 28, sender).send_all(ELECTION, INSTRUCTIONS)
    assert (found.sent, found.unreachable) == (2, 3)
    assert {str(each["To"]) for each in sender.messages} == {"p0@example.org", "p4@example.org"}


def test_a_name_cannot_add_a_header_or_a_line(users: UserDatabase, tmp_path: Path) -> None:
    content = HEADER.encode() + b'"M1","Ann: Bcc: x@example.org","one@example.org","","","All members"\n'
    load(users, ELECTION, content, STYLES)
    Dispatcher(users, lambda *_: "0" * 28, OutboxFolder(tmp_path / "outbox")).send_all(ELECTION, INSTRUCTIONS)
    (message,) = sent_to(tmp_path / "outbox").values()
    assert message["Bcc"] is None
    assert [name for name, _ in message.items()].count("To") == 1
