"""Two processes with two hundred threads each cast for five hundred voters, twice for everybody (SV-10)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from api.voters.access import NewVoter, issue
from engine.encoding import to_json
from tests.api.conftest import MakeStore
from tests.api.voting import a_voting, admit
from tests.engine.elections import YES, a_ballot

VOTERS, THREADS = 500, 200
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.proves("COP-070.1")
def test_sv10_everybody_has_one_vote_and_every_acknowledged_one_is_there(make_store: MakeStore) -> None:
    voting = a_voting(make_store)
    database, window = voting.database, voting.window
    names = [f"voter {number}" for number in range(VOTERS)]
    admit(database, window, [NewVoter(name, 1) for name in names])
    votes = [
        [(issue(database, window, name, "e-mail").number, to_json(a_ballot(window.election, YES)[0]).decode()) for name in names]
        for _ in range(2)
    ]
    told = {
        "address": database.store.engine.url.render_as_string(hide_password=False),
        "keys": database.store.keys.to_json().decode(),
        "election_id": window.election_id,
        "threads": THREADS,
    }
    racers = [
        subprocess.Popen([sys.executable, "-m", "tests.api.racing"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in votes
    ]
    for racer, own in zip(racers, votes, strict=True):
        assert racer.stdin is not None and racer.stdout is not None  # noqa: PT018
        racer.stdin.write(json.dumps({**told, "votes": own}) + "\n")
        racer.stdin.flush()
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    ended = [json.loads(racer.communicate()[0]) for racer in racers]
    assert [each["failures"] for each in ended] == [[], []]
    acknowledged = [content.encode() for each in ended for content in each["acknowledged"]]
    assert len(acknowledged) == len(set(acknowledged)) == VOTERS
    with database.store.engine.connect() as connection:
        assert connection.execute(text("SELECT COUNT(DISTINCT voter_index), COUNT(*) FROM vote")).one() == (VOTERS, VOTERS)
        assert connection.execute(text("SELECT COUNT(*) FROM access_method WHERE NOT ended")).scalar() == 0
    voting.close()
    assert sorted(each.content for each in voting.box.ballots(window)) == sorted(acknowledged)
    assert voting.box.close(window).log_size == VOTERS
