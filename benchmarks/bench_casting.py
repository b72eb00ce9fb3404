"""Votes taken in a second by the voting service, every proof checked: real parameters, HTTP, the load in a process of its own."""

import json
import os
import socket
import statistics
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.clock import Clock
from api.databases import open_store, upgrade_all
from api.sealing import KeyRing
from api.settings import Settings
from api.voters.access import NewVoter, issue
from api.voters.database import VoterDatabase
from api.voters.window import PublicElection, open_window, prepare, window_of
from engine.ballot import Selections, encrypt_ballot, new_ballot_nonce
from engine.encoding import to_json
from engine.group import STANDARD
from tests.api.postgres import server
from tests.api.voting import AUDIT, admit
from tests.engine.elections import a_manifest, hold_ceremony

VOTES = int(os.environ.get("PSEPHOS_VOTES", "1000"))
CHOICES = ((1, 0, 0), (0, 1, 0), (0, 0, 1))


@contextmanager
def serving(address, hosts):
    """`psephos serve voting` with a new database at `address`; answers the database and what ends with the service."""
    environment = {
        "PSEPHOS_VOTERS_DATABASE": address,
        "PSEPHOS_VOTERS_KEYS": KeyRing.generate("voters").to_json().decode(),
        "PSEPHOS_PROCESSES": str(os.cpu_count() or 2),
        "PSEPHOS_HOSTS": hosts,
    }
    settings = Settings.read(environment)
    upgrade_all(settings, Clock())
    database = VoterDatabase(open_store(settings, "voters"))
    command = [str(Path(sys.executable).with_name("psephos")), "serve", "voting", "--port", hosts.partition(":")[2]]
    process = subprocess.Popen(command, env={**os.environ, **environment})
    try:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", int(hosts.partition(":")[2])), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield database
    finally:
        process.terminate()
        process.wait()


def votes_of(database, folder):
    """A file of votes that fit the database: yes, no, spoil; answers where to send them."""
    now = datetime.now(UTC).replace(microsecond=0)
    times = {"opens": now - timedelta(hours=1), "closes": now + timedelta(hours=9), "record_due": now + timedelta(days=365)}
    manifest = a_manifest(3, **{name: f"{moment:%Y-%m-%dT%H:%M:%SZ}" for name, moment in times.items()})
    election = hold_ceremony(3, 2, STANDARD, manifest).election
    public = PublicElection(manifest.content, 3, 2, election.vote_encryption_key, election.ballot_data_encryption_key)
    election_id = prepare(database, public, AUDIT.public_key().public_bytes_raw(), STANDARD)
    open_window(database, election_id)
    window = window_of(database, election_id, STANDARD)
    names = [f"voter {number}" for number in range(VOTES)]
    admit(database, window, [NewVoter(name, 1) for name in names])
    with (folder / "votes").open("w", encoding="utf-8") as file:
        for number, name in enumerate(names):
            ballot, _ = encrypt_ballot(Selections(1, (CHOICES[number % 3],)), election, new_ballot_nonce())
            file.write(json.dumps([issue(database, window, name, "e-mail").grouped(), to_json(ballot).decode()]) + "\n")
    return f"/api/v1/elections/{window.election_id}/votes"


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def bench_votes_cast(benchmark, kind, tmp_path, capsys):
    """All of them once, from 16 connections at a time."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        hosts = f"127.0.0.1:{free.getsockname()[1]}"
    found = {}

    def cast(path):
        command = [sys.executable, "-m", "benchmarks.casting_load", str(tmp_path / "votes"), "--port", hosts.partition(":")[2]]
        done = subprocess.run([*command, "--path", path], stdout=subprocess.PIPE, text=True, check=True)
        found.update(json.loads(done.stdout))

    def run(address):
        with serving(address, hosts) as database:
            benchmark.pedantic(cast, args=(votes_of(database, tmp_path),))

    if kind == "sqlite":
        run(f"sqlite:///{tmp_path}/voters.db")
    else:
        with server() as postgres:
            run(postgres.address(postgres.new_database()).render_as_string())
    waited = sorted(seconds for status, seconds in found["answers"] if status == 201)
    assert len(waited) == VOTES
    per_second, p99 = VOTES / found["seconds"], waited[int(0.99 * (len(waited) - 1))]
    benchmark.extra_info |= {"votes": VOTES, "votes a second": per_second, "median": statistics.median(waited), "p99": p99}
    with capsys.disabled():
        print(f"\n{kind}: {per_second:.1f} votes a second; answered after {1000 * statistics.median(waited):.0f} ms (median), "
              f"{1000 * p99:.0f} ms (99 in 100)")  # fmt: skip
