"""The voting service as it is run: real parameters, real processes, HTTP; killed at any moment it loses and doubles nothing (OP-04)."""

import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.clock import Clock
from api.databases import open_store, upgrade_all
from api.sealing import KeyRing
from api.settings import Settings
from api.voters.access import NewVoter, issue
from api.voters.access_code import AccessCode
from api.voters.ballot_box import BallotBox
from api.voters.database import VoterDatabase
from api.voters.window import PublicElection, Window, open_window, prepare, window_of
from engine.encoding import to_json
from engine.group import STANDARD
from tests.api.voting import AUDIT, admit
from tests.engine.elections import NO, SPOIL, YES, a_ballot, a_manifest, hold_ceremony

VOTERS = 12
KILLS = int(os.environ.get("PSEPHOS_KILLS", "2"))


class Service:
    """`psephos serve voting` on a free port of this machine, started and killed at will."""

    def __init__(self, folder: Path) -> None:
        self.environment = {
            "PSEPHOS_VOTERS_DATABASE": f"sqlite:///{folder}/voters.db",
            "PSEPHOS_VOTERS_KEYS": KeyRing.generate("voters").to_json().decode(),
            "PSEPHOS_PROCESSES": "1",
        }
        upgrade_all(Settings.read(self.environment), Clock())
        self.database = VoterDatabase(open_store(Settings.read(self.environment), "voters"))
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [str(Path(sys.executable).with_name("psephos")), "serve", "voting", "--port", str(self.port)]
        environment = {**os.environ, **self.environment, "PSEPHOS_HOSTS": f"127.0.0.1:{self.port}"}
        self.process = subprocess.Popen(command, env=environment, start_new_session=True)
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert self.process.poll() is None, "the service has ended"
                time.sleep(0.05)
        raise AssertionError("the service does not answer")

    def kill(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def cast(self, window: Window, code: AccessCode, content: bytes) -> int:
        """The status, or 0 if there was no answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Access-Code": code.grouped(), "Content-Type": "application/json"}
        try:
            connection.request("POST", f"/api/v1/elections/{window.election_id}/votes", content, headers)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()


@pytest.mark.proves("COP-089.1")
def test_op04_whatever_was_acknowledged_is_there_once_however_the_service_is_killed(tmp_path: Path) -> None:
    service, chance = Service(tmp_path), random.Random(4)
    now = datetime.now(UTC).replace(microsecond=0)
    times = {"opens": now - timedelta(hours=1), "closes": now + timedelta(hours=1), "record_due": now + timedelta(days=365)}
    manifest = a_manifest(3, **{name: f"{moment:%Y-%m-%dT%H:%M:%SZ}" for name, moment in times.items()})
    election = hold_ceremony(3, 2, STANDARD, manifest).election
    public = PublicElection(manifest.content, 3, 2, election.vote_encryption_key, election.ballot_data_encryption_key)
    election_id = prepare(service.database, public, AUDIT.public_key().public_bytes_raw(), STANDARD)
    open_window(service.database, election_id)
    window = window_of(service.database, election_id, STANDARD)
    names = [f"voter {number}" for number in range(VOTERS)]
    admit(service.database, window, [NewVoter(name, 1) for name in names])
    codes = [issue(service.database, window, name, "e-mail") for name in names]
    ballots = [to_json(a_ballot(election, chance.choice((YES, NO, SPOIL)))[0]) for _ in names]

    waiting, acknowledged = dict(zip(codes, ballots, strict=True)), {}
    try:
        for round_ in range(KILLS + 1):
            service.start()
            with ThreadPoolExecutor(4) as pool:
                answers = {code: pool.submit(service.cast, window, code, content) for code, content in waiting.items()}
                if round_ < KILLS:
                    time.sleep(chance.uniform(0.8, 2.0))
                    service.kill()
            for code, answer in answers.items():
                assert answer.result() in (0, 201)
                if answer.result() == 201:
                    acknowledged[code] = waiting.pop(code)
            box = BallotBox(service.database, Clock())
            assert all(box.was_cast(window, code, content) for code, content in acknowledged.items())
        assert not waiting
        assert [service.cast(window, code, acknowledged[code]) for code in codes] == [201] * VOTERS
        assert service.cast(window, codes[0], ballots[1]) == 409
    finally:
        service.kill()
    later = Clock(lambda: window.closes.timestamp(), lambda: 0.0)
    closed = BallotBox(service.database, later)
    assert closed.close(window).votes == VOTERS
    assert sorted(each.content for each in closed.ballots(window)) == sorted(ballots)
