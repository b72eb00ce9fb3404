"""What a platform publishes and keeps shows nobody's vote: unanimity, rare styles, order, channels, choices (PR-02 to PR-05, PR-08, PR-12).

The services are the real ones, on SQLite; trustees' programs reach them over HTTP.
"""

import io
import json
import logging
import random
import secrets
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import generate_latest

from api.store import Store
from api.tally.closing import write_closed
from api.voters.access import NewVoter, issue
from api.voters.ballot_box import BallotBox, Checked, check
from api.voters.database import VoterDatabase
from api.voters.models import TABLES
from api.voters.window import window_of
from engine.encoding import to_json
from engine.log import log_of
from engine.record import read_lines
from tests.api.office import ELECTION
from tests.api.voting import OPEN, SetClock, admit
from tests.cli.online import Platform, platform
from tests.cli.test_platform import Whole
from tests.engine.elections import NO, SPOIL, YES, a_ballot
from tests.groups import TOY


@pytest.fixture
def online(tmp_path: Path) -> Iterator[Platform]:
    with platform(tmp_path) as running:
        yield running


def released(whole: Whole) -> None:
    """From the close to a public record."""
    whole.closed()
    whole.counted()
    whole.two("exclude")
    whole.online.step("tally", "sam")
    whole.online.office.post(f"/ballots/{ELECTION}/requests", {"guardians": [1, 3]}, "sue")
    assert whole.decrypt(1, 3) == {1: None, 3: None}
    assert whole.online.step("tally", "sue").status_code == 200


def signed(whole: Whole) -> None:
    office, record = whole.online.office, f"/ballots/{ELECTION}/record"
    drafted = office.post(record, {}, "sam").json()
    assert whole.verified(drafted)["state"] == "done"
    assert whole.two("release")["state"] == "released"


@pytest.mark.proves("COP-102")
def test_pr02_pr12_unanimity_is_flagged_before_the_release_and_then_the_record_is_fetched_by_nobody_in_particular(
    online: Platform,
) -> None:
    whole, office = Whole(online), online.office
    whole.opened()
    for number in range(1, 12):
        whole.vote(number, YES)
    released(whole)
    flagged = "unanimous: all 11 counted ballots of Strike are for Yes; the result shows how each was cast"
    assert flagged in whole.status()["awaited"]
    report = office.get(f"/ballots/{ELECTION}/report", "sam").json()
    assert report["unanimous"] == [{"question": "Strike", "answer": "Yes", "ballots": 11}]
    assert office.get(f"/records/{ELECTION}").status_code == 404, "it is told before"
    signed(whole)
    fetched(whole)


def fetched(whole: Whole) -> None:
    """The record, with no session, no cookie and no code in any request; a code is looked up in what was fetched (PR-12)."""
    office = whole.online.office
    asked: list[tuple[str, dict[str, str]]] = []
    fetch = office.client.request

    def noted(method: str, url: str, **sent: Any) -> Any:
        answer = fetch(method, url, **sent)
        asked.append((str(answer.request.url), dict(answer.request.headers)))
        return answer

    office.client.cookies.clear()
    public = noted("GET", f"/api/v1/records/{ELECTION}").json()
    content = {each["path"]: noted("GET", f"/api/v1/records/{ELECTION}/files/{each['path']}") for each in public["files"]}
    codes = [json.loads(line)["ballot_id"] for line in content["ballots/device_1.jsonl"].content.splitlines()]
    assert codes == sorted(codes)
    assert len(codes) == 11
    for url, headers in asked:
        assert not {"authorization", "cookie", "access-code"} & {name.lower() for name in headers}
        assert not any(code[:16] in url.upper() for code in codes)
    assert all("set-cookie" not in answer.headers for answer in content.values())
    everything = b"".join(answer.content for answer in content.values()).lower()
    for hidden in (b"2001:db8", b"unique_identifier", b"e-mail", b"channel", b"access_code", b"voter_index"):
        assert hidden not in everything


def test_pr03_a_ballot_style_that_few_have_is_not_published_unless_two_persons_accept_it(online: Platform) -> None:
    whole, office = Whole(online), online.office
    whole.opened()
    for number in range(1, 13):
        whole.vote(number, YES if number % 2 else NO)
    few = [f"{number:032x}" for number in range(90, 93)]
    # Voters of another style come while the ballot is open only in this test: that is the box's own way in.
    voters = office.databases.voters
    admit(voters, whole.window, [NewVoter(name, 2) for name in few])
    for name in few:
        ballot, _ = a_ballot(whole.window.election, YES, (1, 1, 0, 0, 0, 0, 0))
        both = check(to_json(ballot), 2, whole.window.election)
        office.app.state.box.cast(whole.window, issue(voters, whole.window, name, "post"), both, "2001:db8::1")
    whole.closed()
    small = {(each["what"], each["label"]): each["counted"] for each in whole.counted()["small_units"]}
    assert small == {("question", "Executive"): 3, ("ballot style", "Both"): 3}
    assert "few counted ballots" in whole.two("exclude")["detail"]
    assert whole.two("accept small units")["state"] == "closed"
    assert online.step("exclude", "sue").json()["state"] == "excluded"
    assert [each["step"] for each in office.get(f"/ballots/{ELECTION}/report", "sam").json()["steps"]][-2:] == [
        "accept small units", "exclude"
    ]  # fmt: skip


def twin(store: Store, folder: Path) -> VoterDatabase:
    """A copy of a SQLite store, with the same keys, by the database's own means of backing up."""
    folder.mkdir()
    source, target = sqlite3.connect(str(store.engine.url.database)), sqlite3.connect(folder / "voters.db")
    source.backup(target)
    source.close()
    target.close()
    return VoterDatabase(Store("voters", f"sqlite:///{folder}/voters.db", store.keys, TABLES))


def test_pr05_pr04_the_same_ballots_in_opposite_order_by_other_channels_publish_the_same(online: Platform, tmp_path: Path) -> None:
    """Two runs from one state: in one all codes came by e-mail and the first voter voted first, in the other by post, and last."""
    whole = Whole(online)
    whole.opened()
    store = online.office.databases.voters.store
    worlds = {"e-mail": twin(store, tmp_path / "one"), "post": twin(store, tmp_path / "other")}
    election = whole.window.election
    ballots = [check(to_json(a_ballot(election, choice)[0]), 1, election) for choice in (YES, NO, SPOIL, YES, YES, NO)]
    found = {}
    for channel, database in worlds.items():
        clock = SetClock(OPEN)
        box, window = BallotBox(database, clock), window_of(database, ELECTION, TOY)
        order = list(enumerate(ballots, 1))
        for number, ballot in order if channel == "e-mail" else reversed(order):
            clock.moment += timedelta(minutes=7)
            box.cast(window, issue(database, window, f"{number:032x}", channel), ballot, f"192.0.2.{number}")
        clock.moment = window.closes
        closed = box.close(window)
        path = write_closed(box, window, tmp_path / f"closed_{channel}")
        log = log_of(read_lines(path))
        found[channel] = (path.read_bytes(), path.with_name("openings.jsonl").read_bytes(), log, closed.votes, closed.log_size)
        database.store.close()
    assert found["e-mail"] == found["post"]
    assert b"post" not in found["post"][0]


# Two worlds


def world(store: Store, folder: Path, choices: tuple[tuple[int, ...], ...], ballots: dict[tuple[int, ...], list[Checked]],
          monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:  # fmt: skip
    """The same voters vote with the same randomness; all that is stored, opened with the database's own keys, and all that is written."""
    numbers = random.Random(8)

    def certain(size: int = 32) -> bytes:
        return numbers.randbytes(size)

    monkeypatch.setattr("os.urandom", certain)
    monkeypatch.setattr(secrets, "token_bytes", certain)
    monkeypatch.setattr(secrets, "randbits", numbers.getrandbits)
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    logging.getLogger().addHandler(handler)
    database = twin(store, folder)
    clock = SetClock(OPEN)
    box, window = BallotBox(database, clock), window_of(database, ELECTION, TOY)
    waiting = {choice: list(each) for choice, each in ballots.items()}
    sizes = []
    for number, choice in enumerate(choices, 1):
        clock.moment += timedelta(minutes=3)
        ballot = waiting[choice].pop(0)
        sizes.append(len(ballot.content))
        box.cast(window, issue(database, window, f"{number:032x}", "e-mail"), ballot, f"192.0.2.{number}")
    clock.moment = window.closes
    closed = box.close(window)
    logging.getLogger().removeHandler(handler)
    with database.store.connection() as connection:
        rows = {table.name: [tuple(row) for row in connection.execute(table.select())] for table in TABLES.sorted_tables}
    database.store.close()
    monkeypatch.undo()
    return {"rows": rows, "sizes": sizes, "closed": (closed.votes, closed.challenged, closed.log_size), "log": written.getvalue()}


# Columns that hold a ciphertext of a ballot, or a keyed hash or seal of one, and so differ wherever the ballots do.
OF_BALLOTS = {
    ("vote", "ballot_index"), ("vote", "sealed"), ("vote", "evidence"), ("seen", "value_index"), ("log_leaf", "sealed"),
    ("log_head", "sealed"),
}  # fmt: skip


def lengths(rows: list[tuple[Any, ...]]) -> list[list[int]]:
    return sorted([len(each) if isinstance(each, bytes) else 0 for each in row] for row in rows)


def test_pr08_but_for_ciphertexts_two_worlds_in_which_votes_are_exchanged_are_the_same(
    online: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Whole(online)
    whole.opened()
    store, election = online.office.databases.voters.store, whole.window.election
    ballots = {choice: [check(to_json(a_ballot(election, choice)[0]), 1, election) for _ in range(3)] for choice in (YES, NO, SPOIL)}
    one = world(store, tmp_path / "one", (YES, NO, SPOIL, YES), ballots, monkeypatch)
    other = world(store, tmp_path / "other", (NO, YES, SPOIL, YES), ballots, monkeypatch)
    again = world(store, tmp_path / "again", (YES, NO, SPOIL, YES), ballots, monkeypatch)
    assert again["rows"]["access_method"] == one["rows"]["access_method"], "the randomness is the same, so nothing hides in it"
    for part in ("sizes", "closed", "log"):
        assert one[part] == other[part]
    for table in TABLES.sorted_tables:
        names = [column.name for column in table.columns]
        kept = [at for at, name in enumerate(names) if (table.name, name) not in OF_BALLOTS]
        first, second = (sorted(repr([row[at] for at in kept]) for row in each["rows"][table.name]) for each in (one, other))
        assert first == second, table.name
        assert lengths(one["rows"][table.name]) == lengths(other["rows"][table.name]), table.name
    assert [row[3] for row in one["rows"]["vote"]].count(1) == 4


def test_pr08_what_a_service_answers_and_counts_is_the_same_in_both_worlds(online: Platform) -> None:
    """Over HTTP, at the staff's service: its numbers and states with votes exchanged, at the same moments."""
    whole, office = Whole(online), online.office
    whole.opened()
    shown = []
    for first, second, at in ((YES, NO, 1), (NO, YES, 3)):
        whole.vote(at, first)
        whole.vote(at + 1, second)
        answers = [office.get(f"/ballots/{ELECTION}/{what}", "sam").json() for what in ("status", "report", "steps")]
        shown.append((answers, b"votes" in generate_latest(office.app.state.counts.registry)))
    assert shown[0] == shown[1]
