"""Two databases that cannot be joined: neither shows who voted how, and nothing in their order or files does (PR-10, PR-11, PR-14, T3)."""

import sqlite3
from dataclasses import asdict
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from api.store import Store
from api.users.models import TABLES as USERS
from api.users.people import UserDatabase
from api.voters.access import NewVoter, issue
from api.voters.access_code import AccessCode
from api.voters.ballot_box import place_of
from api.voters.database import VoterDatabase
from api.voters.models import TABLES as VOTERS
from api.voters.models import AccessMethod, Vote, Voter
from api.voters.places import method_place, voter_place
from engine.ballot import EncryptedBallot
from engine.encoding import from_json
from tests.api.conftest import MakeStore
from tests.api.rolls import load
from tests.api.voting import OPEN, SetClock, Voting, admit, checked
from tests.engine.elections import NO, SPOIL, YES
from tests.groups import TOY

PEOPLE = 400


class Platform:
    """Both databases with a roll of people, each of whom has a code; they vote in the order of the roll, which is alphabetical."""

    def __init__(self, make_store: MakeStore, people: int) -> None:
        self.users_store, self.voters_store = make_store("users", USERS), make_store("voters", VOTERS)
        self.users = UserDatabase(self.users_store, SetClock(OPEN))
        self.voting = Voting(VoterDatabase(self.voters_store))
        lines = [f"M{n:05},Canary Person {n:05},canary{n:05}@example.org,All" for n in range(people)]
        roll = ("reference,name,email,ballot_style\n" + "\n".join(lines) + "\n").encode()
        minted = load(self.users, self.voting.election_id, roll, {"All": 1})
        admit(self.voting.database, self.voting.window, [NewVoter(each.unique_identifier, each.style) for each in minted])
        known = sorted(self.users.people(self.voting.election_id), key=lambda each: each.entry.reference)
        self.identifiers = [each.unique_identifier for each in known]
        self.codes: list[AccessCode] = []

    def vote(self, *choices: tuple[int, ...]) -> list[bytes]:
        self.codes = [issue(self.voting.database, self.voting.window, name, "e-mail") for name in self.identifiers]
        return [
            self.voting.cast(code, checked(choices[number % len(choices)])).content for number, code in enumerate(self.codes)
        ]


def rows(store: Store, query: str) -> list[tuple[object, ...]]:
    with store.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def dump(store: Store) -> bytes:
    """Everything that a dump of the database holds."""
    return b"\n".join(
        value if isinstance(value, bytes) else str(value).encode()
        for table in store.tables.sorted_tables
        for row in rows(store, f"SELECT * FROM {table.name}")  # noqa: S608
        for value in row
    )


def correlation(first: list[int], second: list[int]) -> float:
    """Spearman's."""
    n = len(first)
    return 1 - 6 * sum((a - b) ** 2 for a, b in zip(first, second, strict=True)) / (n * (n * n - 1))


@pytest.mark.proves("COP-077.1")
def test_pr10_the_order_of_rows_matches_no_people_to_votes(make_store: MakeStore) -> None:
    platform = Platform(make_store, PEOPLE)
    platform.vote(YES, NO)
    voting, users = platform.voting, platform.users
    of_people = {users._index.person(voting.election_id, name): at for at, name in enumerate(platform.identifiers)}
    of_voters = {voting.database.index.voter(voting.election_id, name): at for at, name in enumerate(platform.identifiers)}
    person = [of_people[bytes(row[0])] for row in rows(platform.users_store, "SELECT person_index FROM person")]  # type: ignore[arg-type]
    voter = [of_voters[bytes(row[0])] for row in rows(platform.voters_store, "SELECT voter_index FROM voter")]  # type: ignore[arg-type]
    method = [of_voters[bytes(row[0])] for row in rows(platform.voters_store, "SELECT voter_index FROM access_method")]  # type: ignore[arg-type]
    vote = [of_voters[bytes(row[0])] for row in rows(platform.voters_store, "SELECT voter_index FROM vote")]  # type: ignore[arg-type]
    significant = 5 / PEOPLE**0.5  # five standard deviations
    places = [at for at, _ in sorted(enumerate(person), key=lambda each: each[1])]
    for other in (voter, method, vote):
        others = [at for at, _ in sorted(enumerate(other), key=lambda each: each[1])]
        assert abs(correlation(places, others)) < significant
    every = [column for tables in (USERS, VOTERS) for table in tables.sorted_tables for column in table.columns]
    columns = {column.name for column in every}
    assert not {name for name in columns if "time" in name or "created" in name or name in ("rowid", "sequence", "cast_at")}
    numbers = {column.name for column in every if column.type.python_type is int}
    # so no key counts rows: `id` of the outbox is random bytes; `number` and `version` are those of whole rolls and rules
    assert numbers == {"attempt", "checks", "number", "opened", "people", "position", "refused", "size", "version", "voters"}


@pytest.mark.proves("COP-078b")
@pytest.mark.proves("COP-081.1")
def test_pr14_the_voter_database_with_its_own_key_shows_no_person(make_store: MakeStore) -> None:
    platform = Platform(make_store, 6)
    platform.vote(YES, NO, SPOIL)
    key = platform.voting.window.key

    with platform.voters_store.reading() as session:
        everything = dump(platform.voters_store) + b"".join(
            [key.open(each.sealed, voter_place(each.voter_index)) for each in session.exec(select(Voter))]
            + [key.open(each.sealed, method_place(each.code_hash, each.voter_index)) for each in session.exec(select(AccessMethod))]
            + [key.open(each.sealed, place_of(each)) for each in session.exec(select(Vote))]
        )
    assert all(name.encode() in everything for name in platform.identifiers)  # so it was opened
    for canary in (b"Canary", b"canary", b"example.org", b"M0000", *(code.compact().encode() for code in platform.codes)):
        assert canary not in everything


@pytest.mark.proves("COP-078a")
@pytest.mark.proves("COP-081.2")
def test_the_user_database_with_its_own_key_shows_no_vote_and_nobody_who_voted(make_store: MakeStore) -> None:
    platform = Platform(make_store, 6)
    before = dump(platform.users_store)
    people = sorted(platform.users.people(platform.voting.election_id), key=repr)
    ballots = platform.vote(YES, NO, SPOIL)
    platform.voting.close()
    assert dump(platform.users_store) == before
    assert sorted(platform.users.people(platform.voting.election_id), key=repr) == people
    for content in ballots:
        assert content[:60] not in before


@pytest.mark.proves("COP-064.1")
@pytest.mark.parametrize("make_store", ["sqlite"], indirect=True)  # those of a PostgreSQL server belong to it
def test_pr11_the_files_themselves_hold_nothing_in_clear(make_store: MakeStore, tmp_path: Path) -> None:
    platform = Platform(make_store, 6)
    ballots = platform.vote(YES, NO, SPOIL)
    canaries = [b"Canary", b"canary", b"example.org", b"2001:db8", *(name.encode() for name in platform.identifiers)]
    canaries += [code.compact().encode() for code in platform.codes] + [content[20:60] for content in ballots]
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        assert [canary for canary in canaries if canary in content] == [], path.name


def backed_up(store: Store, folder: Path) -> bytes:
    """A backup, in bytes: a copy of a SQLite file, or every row of every table of PostgreSQL, data keys among them."""
    if not store.is_sqlite:
        return dump(store)
    folder.mkdir(exist_ok=True)
    with sqlite3.connect(str(store.engine.url.database)) as source, sqlite3.connect(folder / f"{store.name}.db") as target:
        source.backup(target)
    source.close()
    target.close()
    return (folder / f"{store.name}.db").read_bytes()


def everything_opened(platform: Platform) -> tuple[bytes, bytes]:
    """All that the user database and the voter database hold, each opened with all of its own keys."""
    users, voting = platform.users, platform.voting
    people = b"".join(repr((each.unique_identifier, asdict(each.entry))).encode() for each in users.people(voting.election_id))
    sent = b"".join(repr(users.dispatches(voting.election_id, name)).encode() for name in platform.identifiers)
    keys = b"".join(users._keys.get(name).secret for name in (voting.election_id, "keyed hashes"))
    key = voting.window.key
    with platform.voters_store.reading() as session:
        voters = b"".join(
            [key.open(each.sealed, voter_place(each.voter_index)) for each in session.exec(select(Voter))]
            + [key.open(each.sealed, method_place(each.code_hash, each.voter_index)) for each in session.exec(select(AccessMethod))]
            + [key.open(each.sealed, place_of(each)) for each in session.exec(select(Vote))]
        )
    return people + sent + keys + dump(platform.users_store), voters + key.secret + dump(platform.voters_store)


@pytest.mark.proves("COP-064.1")
@pytest.mark.proves("COP-077.1")
@pytest.mark.proves("COP-078a")
@pytest.mark.proves("COP-078b")
@pytest.mark.proves("COP-112.1")
def test_pr11_pr14_backups_of_both_databases_with_all_keys_show_no_choice_and_each_alone_nothing(
    make_store: MakeStore, tmp_path: Path
) -> None:
    platform = Platform(make_store, 9)
    ballots = platform.vote(YES, NO, SPOIL)
    sealed = {name: backed_up(store, tmp_path / "backup") for name, store in (("u", platform.users_store), ("v", platform.voters_store))}
    persons = [b"Canary", b"canary0", b"example.org", b"M0000"]
    codes = [code.compact().encode() for code in platform.codes]
    for content in sealed.values():  # without a key
        for hidden in (*persons, b"2001:db8", *codes, *(name.encode() for name in platform.identifiers), *(each[:60] for each in ballots)):
            assert hidden not in content
    users, voters = everything_opened(platform)
    assert all(each in users for each in persons), "so it was opened"
    assert all(name.encode() in voters for name in platform.identifiers)
    assert not [each for each in persons if each in voters], "the voter database knows no person"
    for hidden in (*(each[:60] for each in ballots), b"vote", b"ballot_id", b"ended", b"2001:db8", *codes):
        assert hidden not in users, "the user database knows nothing of a vote"
    # Both together join persons to ballots, and stop there: what a ballot says is encrypted to the trustees.
    for name, content in zip(platform.identifiers, ballots, strict=True):
        assert name.encode() in users
        assert content in voters
        ballot = from_json(EncryptedBallot, content, TOY)
        for (_, contest), choice in zip(ballot.contests, [YES], strict=True):
            numbers = [each.alpha.value for each in contest.ciphertexts] + [each.beta.value for each in contest.ciphertexts]
            assert len(set(numbers)) == 2 * len(choice), "no two ciphertexts are alike, whatever they hold"
    lengths = {len(content) for content in ballots}
    assert len(lengths) == 1
    assert b"2001:db8" not in users + voters, "times and addresses open with the auditor's key alone"
