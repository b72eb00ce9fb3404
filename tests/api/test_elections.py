"""Ballots as events: fixed once they are no drafts, led on by two persons, in one order (SV-15, SV-30, OP-01, OP-11, OP-12)."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from api.elections.models import TABLES
from api.elections.service import Asked, Ballot, ElectionService, Terms
from api.elections.states import State, Step, after, persons_for, steps_from
from api.errors import Conflict, Denied, Invalid, NotFound, Overloaded
from api.migrating import differences
from tests.api.conftest import MakeStore
from tests.api.voting import OPEN, SetClock
from tests.engine.elections import manifest_bytes as plain_manifest_bytes
from tests.groups import TOY

ID = "ab" * 32
WAY = (Step.BEGIN_CEREMONY, Step.BEGIN_TRIAL, Step.OPEN, Step.CLOSE, Step.EXCLUDE, Step.TALLY, Step.RELEASE, Step.ARCHIVE)


def manifest_bytes(trustees: int, **changes: str) -> bytes:
    return plain_manifest_bytes(trustees, **{"log": "witnessed", **changes})


def terms(manifest: bytes, n: int = 5, k: int = 3) -> Terms:
    return Terms(manifest, k, tuple(f"trustee-{i}" for i in range(1, n + 1)), bytes(range(32)), bytes(range(1, 33)))


class Service(ElectionService):
    """With the events it recorded, and short words for the tests."""

    def __init__(self, make_store: MakeStore) -> None:
        self.events: list[tuple[str, Mapping[str, str]]] = []
        self.store = make_store("elections", TABLES)
        super().__init__(self.store, SetClock(OPEN), TOY, lambda kind, details: self.events.append((kind, details)))

    def do(self, *steps: Step) -> None:
        for step in steps:
            for person in ("a", "b")[: persons_for(step)]:
                self.ask(ID, step, person, lambda _: None)


@pytest.fixture
def service(make_store: MakeStore) -> Service:
    made = Service(make_store)
    made.create(terms(manifest_bytes(5)), "a")
    return made


def not_ready(ballot: Ballot) -> None:
    raise Conflict("not ready")


@pytest.mark.parametrize(
    ("manifest", "n", "k", "words"),
    [
        (b"", 5, 3, "cannot be held"),
        (b"{}", 5, 3, "cannot be held"),
        (manifest_bytes(4), 5, 3, "cannot be held"),
        (manifest_bytes(5), 5, 6, "cannot be held"),
        (manifest_bytes(5), 5, 5, "one lost key"),
        (manifest_bytes(1), 1, 1, "one lost key"),
        (manifest_bytes(5, closes="2026-10-01T09:00:00Z"), 5, 3, "cannot be held"),
    ],
)
def test_op01_what_no_ballot_could_be_held_with_is_refused(make_store: MakeStore, manifest: bytes, n: int, k: int, words: str) -> None:
    empty = Service(make_store)
    with pytest.raises(Invalid, match=words):
        empty.create(terms(manifest, n, k), "a")
    assert empty.events == []


def test_what_cannot_be_logged_is_not_done(service: Service) -> None:
    def dies(*_: object) -> None:
        raise Overloaded("busy", 1)

    record = service._record
    service._record = dies
    with pytest.raises(Overloaded):
        service.change(ID, 1, terms(manifest_bytes(5, label="Another")), "a")
    with pytest.raises(Overloaded):
        service.ask(ID, Step.BEGIN_CEREMONY, "a", lambda _: None)
    assert (service.ballot(ID).version, service.ballot(ID).state, service.history(ID)) == (1, State.DRAFT, [])
    service._record = record
    service.do(Step.BEGIN_CEREMONY)
    assert service.ballot(ID).state is State.CEREMONY


def test_a_draft_may_be_changed_by_who_has_seen_it_last(service: Service) -> None:
    changed = service.change(ID, 1, terms(manifest_bytes(5, label="Another"), 5, 2), "a")
    assert (changed.manifest.label, changed.terms.quorum, changed.version, changed.state) == ("Another", 2, 2, State.DRAFT)
    with pytest.raises(Conflict, match="changed meanwhile"):
        service.change(ID, 1, terms(manifest_bytes(5)), "b")
    with pytest.raises(Invalid, match="another ballot"):
        service.change(ID, 2, terms(manifest_bytes(5, election_identifier="CD" * 32)), "b")
    with pytest.raises(Conflict, match="already"):
        service.create(terms(manifest_bytes(5)), "b")
    for call in (lambda: service.ballot("cd" * 32), lambda: service.ask("cd" * 32, Step.OPEN, "a", lambda _: None)):
        with pytest.raises(NotFound):
            call()


@pytest.mark.proves("COP-088.1")
def test_sv15_what_is_no_draft_any_more_is_fixed_by_the_service_and_by_the_database(service: Service) -> None:
    service.do(Step.BEGIN_CEREMONY)
    found = service.ballot(ID)
    with pytest.raises(Conflict, match="cannot be changed any more"):
        service.change(ID, found.version, terms(manifest_bytes(5, closes="2026-11-21T17:00:00Z")), "a")
    for statement in (
        "UPDATE election SET manifest = 'x', version = version + 1",
        "UPDATE election SET quorum = 1, version = version + 1",
        "UPDATE election SET state = 'draft', version = version + 1",
        "UPDATE election SET state = 'open', version = version + 1",
        "UPDATE election SET state = 'trial decryption', quorum = 1, version = version + 1",
        "UPDATE election SET state = 'trial decryption'",
        "UPDATE election SET election_id = 'x'",
        "DELETE FROM election", "DELETE FROM approval", "UPDATE approval SET account_id = 'c'", "DELETE FROM transition",
        "UPDATE transition SET accounts = 'c'",
    ):  # fmt: skip
        with pytest.raises(DBAPIError), service.store.connection() as connection:
            connection.execute(text(statement))
    assert service.ballot(ID) == found


def test_the_database_allows_exactly_the_steps_that_the_states_allow(service: Service) -> None:
    allowed = {(state, after(state, step)) for state in State for step in steps_from(state)} | {(State.DRAFT, State.DRAFT)}
    for number, (before, following) in enumerate(product(State, State)):
        with service.store.connection() as connection:
            connection.execute(
                text(
                    "INSERT INTO election (election_id, manifest, quorum, trustees, audit_key, signing_key, state, version) "
                    "SELECT :name, manifest, 3, trustees, audit_key, signing_key, :state, 1 FROM election WHERE election_id = :id"
                ),
                {"name": f"test {number}", "state": before.value, "id": ID},
            )
        try:
            with service.store.connection() as connection:
                values = {"name": f"test {number}", "state": following.value}
                connection.execute(text("UPDATE election SET state = :state, version = 2 WHERE election_id = :name"), values)
        except DBAPIError:
            assert (before, following) not in allowed
        else:
            assert (before, following) in allowed


@pytest.mark.parametrize("step", [Step.OPEN, Step.CLOSE, Step.EXCLUDE, Step.TALLY, Step.RELEASE, Step.ABANDON])
def test_op12_one_person_alone_leads_nowhere(service: Service, step: Step) -> None:
    if step is not Step.ABANDON:
        service.do(*WAY[: WAY.index(step)])
    before = service.ballot(ID)
    assert service.ask(ID, step, "a", not_ready) == Asked(before.state, 1)
    for _ in range(2):
        with pytest.raises(Denied, match="another one has to"):
            service.ask(ID, step, "a", lambda _: None)
    assert service.ballot(ID) == before
    assert service.ask(ID, step, "b", lambda _: None) == Asked(after(before.state, step), 0)
    assert service.history(ID)[-1].accounts == ("a", "b")


def test_sv30_a_step_in_the_wrong_state_is_refused_and_nothing_happens(service: Service) -> None:
    carried_out: list[Ballot] = []
    for way in range(len(WAY) + 1):
        state = service.ballot(ID).state
        for step in set(Step) - set(steps_from(state)):
            with pytest.raises(Conflict, match="cannot"):
                service.ask(ID, step, "a", carried_out.append)
        if way < len(WAY):
            service.do(WAY[way])
    assert carried_out == []
    assert [done.step for done in service.history(ID)] == list(WAY)


def test_what_is_not_ready_is_not_done_and_can_be_asked_for_again(service: Service) -> None:
    service.do(Step.BEGIN_CEREMONY, Step.BEGIN_TRIAL)
    service.ask(ID, Step.OPEN, "a", not_ready)
    with pytest.raises(Conflict, match="not ready"):
        service.ask(ID, Step.OPEN, "b", not_ready)
    assert service.ballot(ID).state is State.TRIAL
    carried_out: list[Ballot] = []
    assert service.ask(ID, Step.OPEN, "b", carried_out.append).state is State.OPEN
    assert [each.state for each in carried_out] == [State.TRIAL]
    assert service.open_ballots() == [ID]


def test_two_persons_at_once_do_a_step_once(service: Service) -> None:
    service.do(Step.BEGIN_CEREMONY, Step.BEGIN_TRIAL)
    carried_out: list[Ballot] = []
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda person: service.ask(ID, Step.OPEN, person, carried_out.append), ("a", "b")))
    assert sorted(each.missing for each in found) == [0, 1]
    assert len(carried_out) == 1


def test_every_step_is_recorded_and_names_accounts_alone(service: Service) -> None:
    service.do(*WAY)
    kinds = [kind for kind, _ in service.events]
    assert kinds.count("step done") == len(WAY)
    assert kinds.count("step asked for") == sum(persons_for(step) for step in WAY)
    assert {key for _, details in service.events for key in details} == {"election", "account", "step", "state", "version"}
    assert differences(service.store) == ""
