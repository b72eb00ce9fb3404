"""A roll in place of another: who stays keeps the identifier, and the voter database follows, in parts, however often (OP-13)."""

from collections.abc import Callable

import pytest

from api.errors import Conflict, NotFound
from api.users import link, storing
from api.users.contact_rules import AllowedDomain, ContactRules
from api.users.models import TABLES
from api.users.people import UserDatabase
from api.users.storing import Changes
from api.voters.access import NewVoter, count_voters, issue
from api.voters.handing_over import announce, check_whole, remove_part, take_part
from api.voters.window import open_window
from tests.api.conftest import MakeStore
from tests.api.rolls import load
from tests.api.voting import OPEN, SetClock, Voting

STYLES = {"All": 1, "Executive": 2}
ELECTION = "ab" * 32
HEADER = "reference,name,email,ballot_style\n"


@pytest.fixture
def users(make_store: MakeStore) -> UserDatabase:
    return UserDatabase(make_store("users", TABLES), SetClock(OPEN))


def a_roll(*rows: str) -> bytes:
    return (HEADER + "".join(f"{row}\n" for row in rows)).encode()


def identifiers(users: UserDatabase) -> dict[str, str]:
    return {each.entry.reference: each.unique_identifier for each in users.people(ELECTION)}


ONE = a_roll("M1,Ann,ann@example.org,All", "M2,Bo,bo@example.org,All", "M3,Cy,,Executive", "M4,Di,,All")
TWO = a_roll("m 2,Bo,bo.new@example.org,All", "M3,Cy,,Executive", "M4,Di,,Executive", "M5,Eve,,All")


def test_op13_a_roll_in_place_of_another_keeps_who_stays(users: UserDatabase) -> None:
    load(users, ELECTION, ONE, STYLES)
    before = identifiers(users)
    load(users, ELECTION, TWO, STYLES)
    after = identifiers(users)
    assert users.count(ELECTION) == len(after) == 4
    assert after["m 2"] == before["M2"]
    assert after["M3"] == before["M3"]
    assert after["M4"] != before["M4"], "another style is another voter"
    assert set(users.removed(ELECTION)) == {before["M1"], before["M4"]}
    assert users.find(ELECTION, "m 2").entry.email == "bo.new@example.org"
    with pytest.raises(NotFound):
        users.find(ELECTION, "M1")
    assert users.result(ELECTION)["accepted"] == 4


def test_op13_what_would_change_is_counted_and_nothing_is_stored(users: UserDatabase) -> None:
    import io

    from api.users.roll import Reading, checked_roll

    def changes(content: bytes) -> Changes:
        with checked_roll(lambda: io.BytesIO(content), Reading(STYLES, given=True)) as checked:
            return users.changes(ELECTION, checked)

    assert changes(ONE) == Changes(4, 0, 0, 0)
    load(users, ELECTION, ONE, STYLES)
    before = identifiers(users)
    assert changes(ONE) == Changes(0, 0, 0, 4)
    assert changes(TWO) == Changes(1, 1, 2, 1)
    assert (identifiers(users), users.count(ELECTION)) == (before, 4)


def test_op13_nobody_is_removed_or_moved_who_was_sent_something(users: UserDatabase) -> None:
    load(users, ELECTION, ONE, STYLES)
    before = identifiers(users)
    users.note_dispatch(ELECTION, before["M4"], "e-mail", "sent")
    with pytest.raises(Conflict, match="was sent an access code"):
        load(users, ELECTION, TWO, STYLES)
    assert identifiers(users) == before
    load(users, ELECTION, ONE.replace(b"M4,Di,", b"M4,Dido,"), STYLES)
    assert identifiers(users) == before


def test_a_roll_of_many_heaps_is_stored_whole(users: UserDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "_IN_MEMORY", 7)
    monkeypatch.setattr(storing, "_AT_ONCE", 5)
    load(users, ELECTION, a_roll(*(f"M{n},Person {n},,All" for n in range(100))), STYLES)
    before = identifiers(users)
    assert len(before) == 100
    load(users, ELECTION, a_roll(*(f"M{n},Another {n},,All" for n in range(50, 130))), STYLES)
    after = identifiers(users)
    assert len(after) == 80
    assert all(after[name] == before[name] for name in after.keys() & before.keys())
    assert len(list(users.removed(ELECTION))) == 50


def test_the_result_of_a_check_is_kept_with_its_date(users: UserDatabase) -> None:
    users.set_rules(ELECTION, ContactRules.made(["acme.example"]))
    load(users, ELECTION, a_roll("M1,A,a@acme.example,All", "M2,B,b@example.org,All"), STYLES, ContactRules.made(["acme.example"]))
    result = users.result(ELECTION)
    assert result == {
        "checked": OPEN.isoformat(timespec="seconds"), "rules": 1, "rows": 2, "accepted": 2, "rejected": 0, "needs_method": 1,
        "withheld": {"COP-054a.2": 1},
    }  # fmt: skip
    with pytest.raises(NotFound):
        users.result("cd" * 32)


def test_rules_for_contacts_have_versions(users: UserDatabase) -> None:
    assert users.rules(ELECTION) == (0, ContactRules())
    one, two = ContactRules.made(["acme.example"]), ContactRules.made([], ["union.example"], [AllowedDomain("gmail.com", "public", "x")])
    assert [users.set_rules(ELECTION, rules) for rules in (one, one, two, one)] == [1, 1, 2, 3]
    assert users.rules(ELECTION) == (3, one)


# The voter database


@pytest.fixture
def voting(make_store: MakeStore) -> Voting:
    from api.voters.database import VoterDatabase
    from api.voters.models import TABLES as VOTERS

    return Voting(VoterDatabase(make_store("voters", VOTERS)), opened=False)


def voters(*names: str) -> list[NewVoter]:
    return [NewVoter(name, 1) for name in names]


def test_op13_a_ballot_is_opened_only_when_all_voters_of_its_roll_are_there(voting: Voting) -> None:
    database, window = voting.database, voting.window
    with pytest.raises(Conflict, match="there is no roll"):
        check_whole(database, window)
    announce(database, window, 3)
    take_part(database, window, voters("a", "b"))
    with pytest.raises(Conflict, match="2 of 3 voters are there"):
        check_whole(database, window)
    take_part(database, window, voters("b", "c"))
    take_part(database, window, voters("a", "b"))
    check_whole(database, window)
    announce(database, window, 3)
    announce(database, window, 2)
    remove_part(database, window, ["b"])
    remove_part(database, window, ["b"])
    check_whole(database, window)
    assert count_voters(database, window) == 2
    with pytest.raises(NotFound, match="any more"):
        issue(database, window, "b", "e-mail")
    with pytest.raises(Conflict, match="removed before"):
        take_part(database, window, voters("b"))


def test_op13_nobody_comes_or_goes_once_the_ballot_is_open_or_a_code_was_issued(voting: Voting) -> None:
    database, window = voting.database, voting.window
    announce(database, window, 2)
    take_part(database, window, voters("a", "b"))
    issue(database, window, "a", "e-mail")
    with pytest.raises(Conflict, match="issued an access code"):
        remove_part(database, window, ["a", "b"])
    with pytest.raises(NotFound):
        remove_part(database, window, ["b", "nobody"])
    open_window(database, window.election_id)
    announce(database, window, 2)
    take_part(database, window, voters("a", "b"))
    steps: list[Callable[[], None]] = [
        lambda: announce(database, window, 3), lambda: take_part(database, window, voters("c")),
        lambda: remove_part(database, window, ["b"]),
    ]  # fmt: skip
    for step in steps:
        with pytest.raises(Conflict, match="open"):
            step()
    assert count_voters(database, window) == 2


def test_a_roll_is_handed_over_in_parts() -> None:
    assert list(link._parts(range(link.AT_ONCE + 1)))[1] == [link.AT_ONCE]
    assert list(link._parts([])) == []
