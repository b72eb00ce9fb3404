"""The user database: a roll is taken whole or not at all, everybody gets one code, nothing shows who voted (PR-13, SV-22, OP-13, OP-14)."""

import contextlib
import re
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis.strategies import binary
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from api.errors import Conflict, NotFound
from api.users.dispatch import Dispatcher, Instructions, OutboxFolder
from api.users.models import TABLES
from api.users.people import UserDatabase
from api.users.roll import MOST_ERRORS, Entry, RollErrors, read_roll
from tests.api.conftest import MakeStore
from tests.api.services import Kept
from tests.api.voting import OPEN, SetClock

STYLES = {"All members": 1, "Executive": 2}
ELECTION = "ab" * 32
HEADER = "reference,name,email,mobile,address,ballot_style\n"
PEOPLE = [
    "M1,Person One,one@example.org,+44 20 7946 0001,1 Street,All members",
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


def refused(content: bytes) -> list[tuple[int, str, str]]:
    with pytest.raises(RollErrors) as error:
        read_roll(content, STYLES)
    assert "Person" not in str(error.value)
    return [(each.line, each.column, each.reason) for each in error.value.errors]


# The file


def test_a_roll_is_read_with_its_columns_in_any_order() -> None:
    one = read_roll(ROLL, STYLES)
    names = ["ballot_style", "Name", " reference ", "email", "mobile", "address"]
    order = [5, 1, 0, 2, 3, 4]
    rows = [line.split(",") for line in PEOPLE[:2]]
    other = "\ufeff" + "\r\n".join([",".join(names), *(",".join(row[at] for at in order) for row in rows)]) + "\r\n\r\n"
    assert read_roll(other.encode(), STYLES) == one[:2]
    assert [entry.style for entry in one] == [1, 2, 1]
    assert one[2].name == "Three, Person"


@pytest.mark.parametrize(
    ("content", "line", "column", "reason"),
    [
        (b"", 1, "reference", "missing"),
        (b"\n", 1, "name", "missing"),
        (HEADER.encode(), 2, "-", "empty"),
        (ROLL + b"M1,Again,,,,All members\n", 5, "reference", "line 2 too"),
        (ROLL + b"M4,Four,,,,Nobody\n", 5, "ballot_style", "expected one of"),
        (ROLL + b"M4,,,,,All members\n", 5, "name", "is empty"),
        (ROLL + b"M4,Four\n", 5, "-", "expected 6 cells, got 2"),
        (ROLL + b"M4,Four,nobody,,,All members\n", 5, "email", "no e-mail"),
        (ROLL + b"M4,Four,a@b c,,,All members\n", 5, "email", "no e-mail"),
        (ROLL + b"M4,Four,,call me,,All members\n", 5, "mobile", "no telephone"),
        (ROLL.replace(b"mobile", b"phone", 1), 1, "-", "unknown"),
        (ROLL.replace(b"mobile", b"email", 1), 1, "email", "twice"),
        (ROLL.replace(b"Person One", b"\xff\xfe"), 1, "-", "UTF-8"),
        (ROLL.replace(b"Person One", b"Person\x00One"), 2, "-", "NUL"),
        (ROLL + b'M4,"Four,,,,All members\n', 5, "-", "CSV"),
        (ROLL + b"M4," + b"x" * 501 + b",,,,All members\n", 5, "name", "more than 500"),
        (ROLL + b"M4," + b"x" * 200_000 + b",,,,All members\n", 5, "-", "too long"),
        (b"PK\x03\x04\x00\x00", 1, "-", "NUL"),
    ],
)
def test_sv22_what_is_wrong_is_named_with_its_place(content: bytes, line: int, column: str, reason: str) -> None:
    assert any((each[0], each[1]) == (line, column) and reason in each[2] for each in refused(content)), refused(content)


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "=cmd|' /C calc'!A0", "@SUM(1)", "+1", "-2+3", "a\tb", "a\x1b[31mb", "a\u202eb", "a\u200bb", "\x7f", "a\u2028b", "\ue000"],
)
@pytest.mark.parametrize("column", ["reference", "name", "address"])
def test_sv22_formulas_and_control_characters_are_refused(cell: str, column: str) -> None:
    row = {"reference": "M9", "name": "Nine", "email": "", "mobile": "", "address": "", "ballot_style": "All members", column: cell}
    line = ",".join(f'"{value}"' for value in row.values()) + "\n"
    assert [each[:2] for each in refused(ROLL + line.encode())] == [(5, column)]


def test_all_errors_are_listed_up_to_a_number_and_counted_beyond() -> None:
    content = HEADER.encode() + b"".join(b"M%d,,,,,All members\n" % n for n in range(MOST_ERRORS + 500))
    with pytest.raises(RollErrors, match=f"{MOST_ERRORS + 500} errors") as error:
        read_roll(content, STYLES)
    assert len(error.value.errors) == MOST_ERRORS


@given(binary(max_size=300))
def test_sv22_nothing_but_a_list_of_errors_comes_of_any_other_file(content: bytes) -> None:
    for each in (content, HEADER.encode() + content):
        with contextlib.suppress(RollErrors):
            assert read_roll(each, STYLES)


# The database


@pytest.mark.proves("COP-076.1")
def test_everybody_gets_a_random_unique_identifier_and_keeps_it(users: UserDatabase) -> None:
    minted = users.import_roll(ELECTION, ROLL, STYLES)
    assert len({each.unique_identifier for each in minted}) == 3
    assert all(re.fullmatch("[0-9a-f]{32}", each.unique_identifier) for each in minted)
    again = users.import_roll(ELECTION, ROLL, STYLES)
    assert {each.unique_identifier: each.style for each in again} == {each.unique_identifier: each.style for each in minted}
    by_identifier = {known.unique_identifier: known.entry for known in users.people(ELECTION)}
    assert {each.unique_identifier: each.style for each in minted} == {name: entry.style for name, entry in by_identifier.items()}
    assert sorted(entry.reference for entry in by_identifier.values()) == ["M1", "M2", "M3"]


def test_op13_a_ballot_has_one_roll(users: UserDatabase) -> None:
    users.import_roll(ELECTION, ROLL, STYLES)
    with pytest.raises(Conflict, match="another roll"):
        users.import_roll(ELECTION, ROLL + b"M4,Four,,,,All members\n", STYLES)
    assert users.count(ELECTION) == 3
    users.import_roll("cd" * 32, ROLL, STYLES)
    assert users.count(ELECTION) == 3


def test_a_roll_with_an_error_stores_nothing(users: UserDatabase) -> None:
    with pytest.raises(RollErrors):
        users.import_roll(ELECTION, ROLL + b"M1,Again,,,,All members\n", STYLES)
    assert users.count(ELECTION) == 0
    with pytest.raises(NotFound):
        list(users.people(ELECTION))


@pytest.mark.proves("COP-082a.1")
@pytest.mark.proves("COP-078a")
def test_nothing_personal_stands_in_clear_and_no_column_could_hold_a_vote(users: UserDatabase, make_store: MakeStore) -> None:
    minted = users.import_roll(ELECTION, ROLL, STYLES)
    users.note_dispatch(ELECTION, minted[0].unique_identifier, "e-mail", "sent")
    with users._store.engine.connect() as connection:
        rows = [row for table in TABLES.sorted_tables for row in connection.execute(text(f"SELECT * FROM {table.name}"))]  # noqa: S608
    dump = b"".join(value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row)
    canaries = [b"Person", b"example.org", b"7946", b"Street", b"M1", b"e-mail", *(each.unique_identifier.encode() for each in minted)]
    assert [canary for canary in canaries if canary in dump] == []
    columns = {column.name for table in TABLES.sorted_tables for column in table.columns}
    assert columns == {"name", "sealed", "election_id", "digest", "people", "person_index", "dispatch_id"}


def test_what_was_sent_is_never_changed(users: UserDatabase) -> None:
    minted = users.import_roll(ELECTION, ROLL, STYLES)
    users.note_dispatch(ELECTION, minted[0].unique_identifier, "e-mail", "sent")
    for statement in ("DELETE FROM dispatch", "UPDATE dispatch SET sealed = NULL", "UPDATE roll SET people = 1", "DELETE FROM roll",
                      "DELETE FROM person", "UPDATE person SET election_id = 'x'"):  # fmt: skip
        with pytest.raises(DBAPIError), users._store.connection() as connection:
            connection.execute(text(statement))
    with pytest.raises(NotFound):
        users.note_dispatch(ELECTION, "nobody", "e-mail", "sent")


@pytest.mark.proves("COP-108.1")
def test_destroying_the_key_destroys_all_personal_data_of_the_ballot(users: UserDatabase) -> None:
    users.import_roll(ELECTION, ROLL, STYLES)
    users.import_roll("cd" * 32, ROLL, STYLES)
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
    users.import_roll(ELECTION, ROLL, STYLES)
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
    users.import_roll(ELECTION, ROLL, STYLES)
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
def test_op14_an_address_that_breaks_a_message_stops_nobody_elses_and_is_listed(
    users: UserDatabase, monkeypatch: pytest.MonkeyPatch, email: str
) -> None:
    """A roll with one is refused now. One that was stored by an earlier version may have it."""
    entries = [Entry(f"M{n}", f"Person {n}", f"person{n}@example.org", "", "", 1) for n in range(5)]
    entries.insert(2, Entry("M9", "Person Nine", email, "", "", 1))
    monkeypatch.setattr("api.users.people.read_roll", lambda *_: entries)
    users.import_roll(ELECTION, b"an older one", STYLES)
    sender = Kept()
    issued: list[str] = []
    dispatcher = Dispatcher(users, lambda identifier, _: issued.append(identifier) or "0" * 28, sender)  # type: ignore[func-returns-value]
    for sent in (5, 0):  # the second run tries it again, and nobody else
        found = dispatcher.send_all(ELECTION, INSTRUCTIONS)
        assert (found.sent, found.failed, found.waiting) == (sent, 1, 1)
    assert {str(each["To"]) for each in sender.messages} == {f"person{n}@example.org" for n in range(5)}
    (broken,) = [known.unique_identifier for known in users.people(ELECTION) if known.entry.reference == "M9"]
    assert [each["state"] for each in users.dispatches(ELECTION, broken)] == ["failed", "failed"]
    assert issued.count(broken) == 2


def test_a_name_cannot_add_a_header_or_a_line(users: UserDatabase, tmp_path: Path) -> None:
    content = HEADER.encode() + b'"M1","Ann: Bcc: x@example.org","one@example.org","","","All members"\n'
    users.import_roll(ELECTION, content, STYLES)
    Dispatcher(users, lambda *_: "0" * 28, OutboxFolder(tmp_path / "outbox")).send_all(ELECTION, INSTRUCTIONS)
    (message,) = sent_to(tmp_path / "outbox").values()
    assert message["Bcc"] is None
    assert [name for name, _ in message.items()].count("To") == 1
