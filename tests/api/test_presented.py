"""Who presented an access code is counted for the audit log, and tells nobody anything earlier (COP-105b-ix, SV-02, SV-19, PR-10)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.testclient import TestClient

from api.app import VotingSettings, create_voting_app
from api.audit.entry import Entry
from api.errors import Overloaded
from api.migrating import differences
from api.users.models import TABLES as USERS
from api.voters import presented
from api.voters.access import reissue
from api.voters.access_code import AccessCode
from api.voters.checking import Checker
from api.voters.errors import NoAccess, NotOpen
from api.voters.presented import Refusals, Use, uses
from api.voters.service import Limits
from engine.encoding import to_json
from tests.api.conftest import MakeStore
from tests.api.services import a_checker
from tests.api.test_ballot_box import contents
from tests.api.voting import ELECTION, Voting, a_voting
from tests.engine.elections import YES, a_ballot
from tests.groups import TOY

HOST = "vote.example"


@pytest.fixture(scope="module")
def checker() -> Iterator[Checker]:
    with a_checker() as made:
        yield made


@pytest.fixture
def voting(make_store: MakeStore) -> Voting:
    return a_voting(make_store)


def app(voting: Voting, checker: Checker) -> TestClient:
    settings = VotingSettings(hosts=(HOST,), limits=Limits(10**6, 10**6))
    made = create_voting_app(voting.database, settings, voting.clock, TOY, checker)
    return TestClient(made, base_url=f"https://{HOST}", raise_server_exceptions=False)


def post(client: TestClient, voting: Voting, where: str, code: AccessCode, content: bytes = b"{}") -> int:
    headers = {"Access-Code": code.grouped(), "Content-Type": "application/json"}
    return client.post(f"/api/v1/elections/{voting.election_id}/{where}", content=content, headers=headers).status_code


def numbers(voting: Voting) -> dict[str, tuple[int, int]]:
    """Of each voter whose code was presented, how often it opened the form and was refused."""
    return {each.unique_identifier: (each.opened, each.refused) for each in uses(voting.database, voting.window)}


def attempts(voting: Voting) -> list[Entry]:
    """What is on its way to the audit log."""
    found: list[Entry] = []

    class Kept:
        def add(self, entry: Entry) -> int:
            found.append(entry)
            return len(found)

    voting.database.relay(Kept())
    return found


@pytest.mark.proves("COP-105b-ix")
def test_every_code_that_is_presented_is_counted(voting: Voting, checker: Checker) -> None:
    one, two, three, _ = voting.voters(4)
    with app(voting, checker) as client:
        for code, times in ((one, 3), (two, 1)):
            assert [post(client, voting, "form", code) for _ in range(times)] == [200] * times
        assert numbers(voting) == {"voter 1": (3, 0), "voter 2": (1, 0)}, "before the answer is given"
        assert post(client, voting, "votes", one, to_json(a_ballot(ELECTION, YES)[0])) == 201
        new = reissue(voting.database, voting.window, "voter 3", "e-mail")
        assert [post(client, voting, where, code) for where, code in (
            ("form", one), ("form", three), ("votes", three), ("form", AccessCode.generate()), ("form", new),
        )] == [409, 409, 409, 409, 200]  # fmt: skip
    found = {(each.unique_identifier, each.opened, each.refused) for each in uses(voting.database, voting.window)}
    assert found == {("voter 1", 3, 1), ("voter 2", 1, 0), ("voter 3", 0, 2), ("voter 3", 1, 0)}, "written when the service ended"
    assert [(each.kind, each.members["what"], each.members["count"]) for each in attempts(voting)] == [
        ("unauthorised_access_attempted", "access_method", 4)
    ]


def test_sv19_a_guesser_writes_one_entry_a_minute_however_many_codes_are_tried(voting: Voting) -> None:
    (own,) = voting.voters(1)
    voting.cast(own)
    refusals, before = Refusals(voting.database, voting.clock), contents(voting)
    for number in range(presented.MOST + 500):
        refusals.note(voting.window, AccessCode.generate())
        if number == 10:
            refusals.note(voting.window, own)
    assert contents(voting) == before, "nothing is written for any of them"
    refusals.write()
    refusals.write()
    entries = attempts(voting)
    assert [each.members["count"] for each in entries] == [presented.MOST + 501]
    assert entries[0].unique_identifier is None
    assert numbers(voting) == {"voter 1": (0, 1)}
    assert not refusals._waiting


def test_sv02_a_refusal_writes_nothing_whatever_is_wrong_with_the_code(voting: Voting) -> None:
    used, replaced = voting.voters(2)
    voting.cast(used)
    reissue(voting.database, voting.window, "voter 2", "e-mail")
    before = contents(voting)
    for code in (used, replaced, AccessCode.generate()):
        with pytest.raises(NoAccess):
            voting.box.open_form(voting.window, code)
    assert contents(voting) == before


def test_what_cannot_be_written_now_is_written_later(voting: Voting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presented, "MOST", 20)
    used, other = voting.voters(2)
    voting.cast(used)
    voting.cast(other)
    refusals, note = Refusals(voting.database, voting.clock), voting.database.note

    def busy(*_: object) -> None:
        raise Overloaded("busy", 1)

    refusals.note(voting.window, used)
    monkeypatch.setattr(voting.database, "note", busy)
    with pytest.raises(Overloaded):
        refusals.write()
    refusals.note(voting.window, other)
    for _ in range(presented.MOST + 10):
        refusals.note(voting.window, AccessCode.generate())
        with pytest.raises(Overloaded):
            refusals.write()
    assert len(refusals._waiting[voting.election_id].codes) == presented.MOST, "a database that is away fills no memory"
    monkeypatch.setattr(voting.database, "note", note)
    refusals.write()
    assert numbers(voting) == {"voter 1": (0, 1), "voter 2": (0, 1)}
    assert [each.members["count"] for each in attempts(voting)] == [presented.MOST + 12]


def test_the_numbers_stand_from_the_close_on(voting: Voting) -> None:
    used, unused = voting.voters(2)
    voting.cast(used)
    voting.box.open_form(voting.window, unused)
    refusals = Refusals(voting.database, voting.clock)
    refusals.note(voting.window, used)
    voting.close()
    before = numbers(voting)
    refusals.write()
    with pytest.raises(NotOpen):
        voting.box.open_form(voting.window, unused)
    assert numbers(voting) == before == {"voter 2": (1, 0)}
    assert [each.members["count"] for each in attempts(voting)] == [1], "it was an attempt all the same"


def test_forms_that_are_opened_at_once_are_all_counted(voting: Voting) -> None:
    codes = voting.voters(3) * 8
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda code: voting.box.open_form(voting.window, code), codes))
    assert set(numbers(voting).values()) == {(8, 0)}


def test_pr10_what_is_handed_over_is_in_no_order_of_time(voting: Voting) -> None:
    for code in voting.voters(30):
        voting.box.open_form(voting.window, code)
    found: list[Use] = list(uses(voting.database, voting.window))
    assert [each.code_hash for each in found] == sorted(each.code_hash for each in found)
    assert [each.unique_identifier for each in found] != [f"voter {number}" for number in range(1, 31)]
    assert differences(voting.database.store) == ""


def test_the_user_database_has_no_place_for_the_use_of_a_code() -> None:
    columns = {column.name for table in USERS.tables.values() for column in table.columns}
    assert not columns & {"opened", "refused", "used", "ended", "voted", "code_hash"}
