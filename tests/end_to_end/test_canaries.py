"""A voting service that is really started, given data of voters in every way: its output, its numbers and its answers hold none (PR-15)."""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.clock import Clock
from api.databases import open_store, upgrade_all
from api.logs import MEMBERS
from api.sealing import KeyRing
from api.settings import Settings
from api.voters.access import NewVoter, issue
from api.voters.access_code import AccessCode
from api.voters.database import VoterDatabase
from api.voters.window import PublicElection, open_window, prepare, window_of
from engine.encoding import to_json
from engine.group import STANDARD
from tests.api.canaries import CHOICE, CLIENT, EMAIL, NAME, PASSPHRASE, PERSONAL, PHONE, forms, leaks
from tests.api.voting import AUDIT, admit
from tests.engine.elections import NO, YES, a_ballot, a_manifest, hold_ceremony

UNIQUE_IDENTIFIER = "canary-unique-identifier-0461"
PLANTED = """
import sys, threading, warnings
from api.voters import service
def fails(self, window, code, content, opening, request):
    words = f"{code.grouped()} {code.compact()} {content!r} {opening!r} {dict(request.headers)} {request.url}"
    warnings.warn(words, stacklevel=1)
    threading.Thread(target=lambda: [][words]).start()
    raise ValueError(words)
service.VotingService.challenge = fails
from cli.__main__ import main
sys.argv = ["psephos", "serve", "voting", *sys.argv[1:]]
if __name__ == "__main__":
    main()
"""
"""The command, with a mistake planted in one of its routes."""


def free_port() -> int:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def send(port: int, content: bytes) -> bytes:
    """Raw bytes, and what came back."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=60)) as connection:
        connection.sendall(content)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer


def request(port: int, method: str, path: str, body: bytes, code: str) -> bytes:
    head = [
        f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Access-Code: {code}", "Content-Type: application/json",
        "Connection: close", f"User-Agent: {NAME} {PHONE}", f"Cookie: {PASSPHRASE}",
        f"X-Forwarded-For: {CLIENT}", f"Content-Length: {len(body)}",
    ]  # fmt: skip
    return send(port, "\r\n".join(head).encode() + b"\r\n\r\n" + body)


@pytest.mark.parametrize("planted", [False, True], ids=["as it is", "with a mistake planted"])
def test_pr15_a_started_service_writes_nothing_that_it_was_sent(tmp_path: Path, planted: bool) -> None:
    port, metrics = free_port(), free_port()
    environment = {
        "PSEPHOS_VOTERS_DATABASE": f"sqlite:///{tmp_path}/voters.db",
        "PSEPHOS_VOTERS_KEYS": KeyRing.generate("voters").to_json().decode(),
        "PSEPHOS_PROCESSES": "1",
        "PSEPHOS_HOSTS": f"127.0.0.1:{port}",
        "PSEPHOS_METRICS": f"127.0.0.1:{metrics}",
    }
    upgrade_all(Settings.read(environment), Clock())
    database = VoterDatabase(open_store(Settings.read(environment), "voters"))
    now = datetime.now(UTC).replace(microsecond=0)
    times = {"opens": now - timedelta(hours=1), "closes": now + timedelta(hours=1), "record_due": now + timedelta(days=365)}
    manifest = a_manifest(3, **{name: f"{moment:%Y-%m-%dT%H:%M:%SZ}" for name, moment in times.items()})
    election = hold_ceremony(3, 2, STANDARD, manifest).election
    public = PublicElection(manifest.content, 3, 2, election.vote_encryption_key, election.ballot_data_encryption_key)
    election_id = prepare(database, public, AUDIT.public_key().public_bytes_raw(), STANDARD)
    open_window(database, election_id)
    window = window_of(database, election_id, STANDARD)
    admit(database, window, [NewVoter(UNIQUE_IDENTIFIER, 1)])
    code, unknown = issue(database, window, UNIQUE_IDENTIFIER, "e-mail"), AccessCode.generate()
    ballot, (challenged, opening) = to_json(a_ballot(election, YES)[0]), map(to_json, a_ballot(election, NO))
    pair = {"ballot": challenged.decode(), "opening": opening.decode()}
    looked_for = forms([*PERSONAL, UNIQUE_IDENTIFIER, ballot, challenged, opening], [code, unknown])
    looked_for.append(json.loads(environment["PSEPHOS_VOTERS_KEYS"])["keys"][0]["key"].encode())

    if planted:
        (tmp_path / "planted.py").write_text(PLANTED)
        command = [sys.executable, str(tmp_path / "planted.py"), "--port", str(port)]
    else:
        command = [str(Path(sys.executable).with_name("psephos")), "serve", "voting", "--port", str(port)]
    with (tmp_path / "out").open("wb") as out, (tmp_path / "err").open("wb") as err:
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=out, stderr=err, cwd=Path(__file__).parents[2])
    answers = []
    try:
        wait_for(port, process)
        base = f"/api/v1/elections/{window.election_id}"
        query = f"?code={code.compact()}&choice={CHOICE}"
        for path in (base, f"{base}/form", "/health", "/ready", "/metrics", f"/{EMAIL}/{code.compact()}", f"/{unknown.grouped()}/votes"):
            for method in ("GET", "POST", "DELETE", NAME.partition(" ")[0]):
                answers.append(request(port, method, path + query, b"{}", code.grouped()))
        objects = [{"vote": CHOICE}, pair, pair | {NAME: EMAIL}]
        bodies = [ballot[:-30], *(json.dumps(each).encode() for each in objects), ballot]
        for body in bodies:
            for typed in (unknown.grouped(), code.compact()[:-1], PASSPHRASE, code.grouped()):
                answers += [request(port, "POST", f"{base}/{where}", body, typed) for where in ("form", "challenged", "votes")]
        answers.append(send(port, f"{NAME} {PASSPHRASE}\r\n{code.grouped()}\r\n\r\n".encode()))
        answers.append(send(port, f"GET /\x1b[2J{NAME} HTTP/1.1\r\nHost: x\r\n\r\n".encode()))
        for _ in range(3):  # somebody goes away in the middle of a vote
            with closing(socket.create_connection(("127.0.0.1", port), timeout=60)) as connection:
                head = f"POST {base}/votes HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 9999\r\n"
                head += f"Access-Code: {unknown.grouped()}\r\nContent-Type: application/json\r\n\r\n"
                connection.sendall(head.encode() + ballot[:500])
        with database.store.connection() as connection:
            connection.exec_driver_sql("ALTER TABLE access_method RENAME TO elsewhere")
        answers.append(request(port, "POST", f"{base}/form", b"{}", code.grouped()))
        page = send(metrics, b"GET /metrics HTTP/1.0\r\nHost: 127.0.0.1:1\r\n\r\n")
    finally:
        process.terminate()
        process.wait(30)
    statuses = {each[9:12] for each in answers}
    assert {b"200", b"201", b"400", b"404", b"405", b"409", b"422", b"500"} <= statuses
    assert b"psephos_requests_total" in page
    written, errors = (tmp_path / "out").read_bytes(), (tmp_path / "err").read_bytes()
    assert written == b""
    lines = [json.loads(line) for line in errors.decode("ascii").splitlines()]
    assert len(lines) > 40
    assert all(set(each) <= set(MEMBERS) and each["service"] == "voting" for each in lines)
    assert leaks(errors + page + b"".join(answers), looked_for) == []
    mistakes = [each["exception"] for each in lines if each["event"] == "a mistake of the program"]
    assert set(mistakes) == ({"ValueError"} if planted else set())
    assert [each["status"] for each in lines if "status" in each].count(499) == 3
    if planted:
        assert {"a warning of Python", "a thread has ended by an exception"} <= {each["event"] for each in lines}


def wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert process.poll() is None, "the service has ended"
            time.sleep(0.05)
    raise AssertionError("the service does not answer")
