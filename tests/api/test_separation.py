"""Two databases that cannot be joined: neither shows who voted how, and nothing in their order or files does (PR-10, PR-11, PR-14, T3)."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from api.store import Store
from api.users.models import TABLES as USERS
from api.users.people import UserDatabase
from api.voters.access import NewVoter, add_voters, issue
from api.voters.access_code import AccessCode
from api.voters.ballot_box import place_of
from api.voters.database import VoterDatabase
from api.voters.models import TABLES as VOTERS
from api.voters.models import AccessMethod, Vote, Voter
from api.voters.places import method_place, voter_place
from tests.api.conftest import MakeStore
from tests.api.voting import OPEN, SetClock, Voting, checked
from tests.engine.elections import NO, SPOIL, YES

PEOPLE = 400


class Platform:
    """Both databases with a roll of people, each of whom has a code; they vote in the order of the roll, which is alphabetical."""

    def __init__(self, make_store: MakeStore, people: int) -> None:
        self.users_store, self.voters_store = make_store("users", USERS), make_store("voters", VOTERS)
        self.users = UserDatabase(self.users_store, SetClock(OPEN))
        self.voting = Voting(VoterDatabase(self.voters_store))
        lines = [f"M{n:05},Canary Person {n:05},canary{n:05}@example.org,All" for n in range(people)]
        roll = ("reference,name,email,ballot_style\n" + "\n".join(lines) + "\n").encode()
        minted = self.users.import_roll(self.voting.election_id, roll, {"All": 1})
        add_voters(self.voting.database, self.voting.window, [NewVoter(each.unique_identifier, each.style) for each in minted])
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
    assert numbers == {"attempt", "people", "position", "size"}  # so no key counts rows: `id` of the outbox is random bytes


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

