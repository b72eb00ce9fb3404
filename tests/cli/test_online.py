"""Trustees on a platform: the whole way over HTTP, a platform that cheats, one that is away (CR-14, CR-17, OP-02, OP-05)."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from api.ceremony.paths import Author
from cli import connection, mirror
from cli.ceremony import make_keys
from cli.connection import NotSignedIn, Refused, Unreachable, read_url
from cli.errors import PsephosError
from cli.exchange import ElectionFolder
from cli.joining import join
from cli.session import Credentials
from cli.status import status_lines
from engine.ballot import CHALLENGED
from engine.encoding import to_json
from engine.errors import CeremonyError, ProofError
from engine.key_ceremony import KeyCommitment, commit_to_keys
from engine.parameters import Election
from tests.api.office import ELECTION
from tests.cli.folders import PASSPHRASE, Crash, Killed
from tests.cli.online import BALLOT, Platform, platform, with_digest, without
from tests.engine.elections import Ballots, base_ballots, hold_ceremony
from tests.groups import TOY

COMMITMENT, KEYS = "ceremony/1_commitments/guardian_2.json", "ceremony/2_public_keys/guardian_2.json"
LIST = f"{BALLOT}/board"


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited, without waiting."""
    waited: list[float] = []
    monkeypatch.setattr(connection, "time", SimpleNamespace(sleep=waited.append))
    monkeypatch.setattr(mirror, "PAUSE", 0.01)
    return waited


@pytest.fixture
def online(tmp_path: Path) -> Iterator[Platform]:
    with platform(tmp_path) as made:
        yield made


def closed_with(online: Platform, ballots: Ballots) -> bytes:
    """The service has these closed ballots."""
    content = b"".join(line + b"\n" for line in ballots.lines)
    openings = b"".join(
        json.dumps({"code": ballot.ballot_id, "opening": json.loads(to_json(opening))}).encode() + b"\n"
        for ballot, opening in ballots.of(CHALLENGED)
    )
    for name, body in (("closed-ballots", content), ("challenged-openings", openings)):
        answered = (200, body, {"ETag": f'"{sha256(body).hexdigest()}"'})
        online.cheat.instead[f"GET {BALLOT}/{name}"] = lambda answered=answered: answered
    return content


# The whole way


@pytest.mark.proves("COP-089.1")
def test_op02_ceremony_and_trial_of_three_trustees_over_http(online: Platform) -> None:
    joined = [online.join(i) for i in (1, 2, 3)]
    assert [each.index for each in joined] == [1, 2, 3]
    assert len({tuple(each.lines()[4:]) for each in joined}) == 1
    assert "guardian 2, Trustee 2" in joined[1].lines()[3]
    for i in (1, 2, 3):
        online.keys(i)
    elections = online.rounds()
    assert all(isinstance(each, Election) for each in elections)

    with pytest.raises(PsephosError, match="nobody has asked for a trial decryption yet|the key ceremony is not finished"):
        online.trial(1)
    assert online.step("begin trial decryption", "sam").json()["state"] == "trial decryption"
    online.step("open", "sam")
    refused = online.step("open", "sue")
    assert refused.status_code == 409
    assert "guardian 1 (medium), guardian 1 (copy), guardian 2 (medium)" in refused.json()["detail"]
    for i in (1, 2, 3):
        online.trial(i)
        online.trial(i)
    refused = online.step("open", "sue")
    assert "awaited: guardian 1 (copy), guardian 2 (copy), guardian 3 (copy)" in refused.json()["detail"]
    assert any("awaited: 1 (copy), 2 (copy), 3 (copy)" in line for line in status_lines(online.mirror(1), 1))
    for i in (1, 2, 3):
        online.trial(i, copied=True)
    assert any("all have answered" in line for line in status_lines(online.mirror(1), 1))
    assert online.office.get(f"/ballots/{ELECTION}/trial", "tom1").json() == {"round": 1, "missing": []}
    assert "there is no roll" in online.step("open", "sue").json()["detail"]


def test_the_copy_can_be_read_without_the_platform_and_nobody_else_writes_into_it(online: Platform) -> None:
    online.held()
    online.mirror(2)
    alone = ElectionFolder(online.copy(2), online.own(2).group)
    assert alone.election().extended_base_hash == online.mirror(1).election().extended_base_hash
    with pytest.raises(PsephosError, match="a trustee's copy of a board"):
        alone.publish("hashes_ext.json", b"{}")
    assert online.mirror(2).state() == "trial decryption"
    assert mirror.server_of(online.copy(2)) == (online.url, ELECTION)


def test_op02_another_round_is_asked_for_and_counts_alone(online: Platform) -> None:
    where = f"/ballots/{ELECTION}/trial"
    assert online.office.post(where, {"round": 1}, "sam").status_code == 409, "there are no keys yet"
    assert online.office.get(where, "sam").status_code == 409
    online.held()
    for i in (1, 2, 3):
        online.trial(i)
        online.trial(i, copied=True)
    assert online.office.post(where, {"round": 1}, "sam").json() == {"round": 1, "missing": []}
    assert online.office.post(where, {"round": 3}, "sam").status_code == 409
    assert online.office.post(where, {"round": 0}, "sam").status_code == 422
    begun = online.office.post(where, {"round": 2}, "sue")
    assert (begun.status_code, len(begun.json()["missing"])) == (201, 6)
    online.step("open", "sam")
    assert "awaited: guardian 1 (medium)" in online.step("open", "sue").json()["detail"]
    online.trial(2)
    assert {"guardian": 2, "source": "copy", "wrong": ""} in online.office.get(where, "tom2").json()["missing"]


# Joining


def test_joining_twice_is_joining_once_and_another_board_needs_another_folder(online: Platform, tmp_path: Path) -> None:
    assert online.join(1) == online.join(1)
    with pytest.raises(PsephosError, match="is a copy of another board already"):
        mirror.write_server(online.copy(1), online.url, "cd" * 32)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").write_text("x")
    with pytest.raises(PsephosError, match="is not empty"):
        mirror.write_server(tmp_path / "full", online.url, ELECTION)


def test_who_is_no_trustee_of_the_ballot_or_comes_too_early_is_told(online: Platform, tmp_path: Path) -> None:
    online.office.trustees(4)
    with pytest.raises(PsephosError, match="not one of the ballot's trustees"):
        online.join(4)
    with pytest.raises(Refused, match="not authorised"):
        join(online.url, "cd" * 32, online.copy(1), online.own(1).path, online.ask(1), TOY)
    with pytest.raises(PsephosError, match="64 hexadecimal digits"):
        join(online.url, "../..", online.copy(1), online.own(1).path, online.ask(1), TOY)
    with pytest.raises(PsephosError, match="have to be apart"):
        join(online.url, ELECTION, online.copy(1), online.copy(1) / "own", online.ask(1), TOY)
    online.cheat.changes[LIST] = without("hashes.json")
    with pytest.raises(PsephosError, match="has not begun yet"):
        online.join(1)
    assert not online.copy(1).exists()


def test_parameters_that_are_not_those_of_the_manifest_are_refused(online: Platform) -> None:
    name = "hashes.json"
    other = b'{"h_p":"' + b"0" * 64 + b'","h_b":"' + b"0" * 64 + b'"}'
    online.cheat.changes[LIST] = with_digest(name, sha256(other).hexdigest())
    online.cheat.changes[f"{LIST}/{name}"] = lambda _: other
    with pytest.raises(Exception, match="not those of this manifest"):
        online.join(1)
    assert not online.copy(1).exists()


def test_sign_in_is_asked_for_again_when_the_session_has_ended_or_the_code_was_wrong(online: Platform, capsys: Any) -> None:
    online.join(1)
    signed_in = [path for method, path in online.cheat.asked if method == "POST"]
    online.mirror(1)
    assert [path for method, path in online.cheat.asked if method == "POST"] == signed_in, "the token of before still serves"
    online.office.clock.moment += timedelta(hours=13)
    online.mirror(1)
    assert [path for method, path in online.cheat.asked if method == "POST"] == signed_in * 2

    def wrong(_: str) -> Credentials:
        return Credentials("tom2", "a wrong password, quite long", lambda: "000000")

    with pytest.raises(PsephosError, match="signing in at .* failed"):
        join(online.url, ELECTION, online.copy(2), online.own(2).path, wrong, online.own(2).group)
    assert "1 more tries" in capsys.readouterr().err
    assert not (online.own(2).path / "session.json").exists()


def test_a_session_that_ends_at_once_is_not_tried_for_ever(online: Platform) -> None:
    online.join(1)
    online.cheat.instead[f"GET {LIST}"] = lambda: (401, b'{"detail":"no"}', {})
    with pytest.raises(PsephosError, match="has ended the session as soon as it had begun"):
        online.mirror(1)


# A platform that cheats


def begun(online: Platform) -> None:
    """Commitments and keys of all are there, and have been seen by all."""
    for i in (1, 2, 3):
        online.join(i)
        online.keys(i)
    for i in (1, 2, 3):
        online.ceremony(i)


@pytest.mark.parametrize("name", [COMMITMENT, KEYS, "election_manifest.json"])
def test_cr17_what_was_seen_once_and_is_changed_or_gone_is_named(online: Platform, name: str) -> None:
    begun(online)
    online.mirror(1)
    seen = (online.copy(1) / name).read_bytes()
    online.cheat.changes[LIST] = with_digest(name, "00" * 32)
    with pytest.raises(PsephosError, match=f"{name} was changed on the board: its SHA-256 was {sha256(seen).hexdigest().upper()}"):
        online.ceremony(1)
    online.cheat.changes[LIST] = without(name)
    with pytest.raises(PsephosError, match=f"{name} was on the board and is gone from it"):
        online.ceremony(1)
    assert (online.copy(1) / name).read_bytes() == seen
    online.cheat.changes.clear()
    assert all(isinstance(each, Election) for each in online.rounds())


def test_cr17_a_key_that_is_not_the_one_committed_to_is_refused(online: Platform) -> None:
    """The platform shows trustee 1 other keys of guardian 2, and cannot show other commitments to them: those were seen."""
    for i in (1, 2, 3):
        online.join(i)
        online.keys(i)
    online.ceremony(1)  # trustee 1 has seen the commitments, and revealed
    other = to_json(hold_ceremony(3, 2).public[1])
    online.ceremony(2)
    online.ceremony(3)
    online.cheat.changes[LIST] = with_digest(KEYS, sha256(other).hexdigest())
    online.cheat.changes[f"{LIST}/{KEYS}"] = lambda _: other
    with pytest.raises((CeremonyError, ProofError), match="guardian 2"):
        online.ceremony(1)
    online.cheat.changes[LIST] = with_digest(COMMITMENT, "11" * 32)
    with pytest.raises(PsephosError, match=f"{COMMITMENT} was changed"):
        online.ceremony(1)


def test_cr14_keys_substituted_for_everybody_from_the_beginning_come_out_in_the_acknowledgements(online: Platform) -> None:
    """Commitment and keys of guardian 2 are replaced for trustee 1 alone: the two key sets differ, and nobody can confirm both."""
    forged = hold_ceremony(3, 2).public[1]
    joined = [online.join(i) for i in (1, 2, 3)]
    for i in (2, 1, 3):
        online.keys(i)
    shown = {COMMITMENT: to_json(commit_to_keys(forged, joined[0].parameters)), KEYS: to_json(forged)}
    honest = online.cheat.changes

    def as_trustee(i: int) -> Election | str:
        online.cheat.changes = {}
        if i == 1:
            real = {each.name: each.digest.hex() for each in online.board.listed(ELECTION)}

            def listed(body: bytes) -> bytes:
                for name, content in shown.items():
                    if name in real:
                        body = with_digest(name, sha256(content).hexdigest())(body)
                return body

            online.cheat.changes = {LIST: listed, **{f"{LIST}/{name}": lambda _, c=content: c for name, content in shown.items()}}
        try:
            return online.ceremony(i)
        finally:
            online.cheat.changes = honest

    (online.copy(1) / COMMITMENT).unlink()  # what it saw when it made its keys: it is fooled from the first look on
    turns = iter((2, 3, 1) * 6)

    def until_refused() -> None:
        for i in turns:
            as_trustee(i)

    with pytest.raises(CeremonyError):
        until_refused()


def test_a_hidden_message_is_a_message_that_is_awaited(online: Platform) -> None:
    for i in (1, 2, 3):
        online.join(i)
    online.cheat.changes[LIST] = without(COMMITMENT)
    for i in (1, 2, 3):
        online.keys(i)
    assert online.ceremony(1) == "guardians 2 (commitments)"
    with pytest.raises(PsephosError, match="is gone from it"):
        online.ceremony(2)  # who said it notices first


PAGES = (
    b"{}", b"[]", b"garbage", b'{"messages":[{"position":1,"name":"../x","sha256":"00"}]}',
    b'{"messages":[{"position":1,"name":"closed/ballots.jsonl","sha256":"00"}]}',
    b'{"messages":[{"position":0,"name":"hashes.json","sha256":"00"}]}',
    b'{"messages":[{"position":"1","name":"hashes.json","sha256":"0"}]}',
    b'{"messages":[{"position":1,"name":"hashes.json","sha256":"00"},{"position":2,"name":"hashes.json","sha256":"00"}]}',
)  # fmt: skip


def test_a_list_that_is_none_writes_nothing(online: Platform) -> None:
    online.join(1)
    before = sorted(online.copy(1).rglob("*"))
    for page in PAGES:
        online.cheat.changes[LIST] = lambda _, page=page: page
        with pytest.raises(PsephosError):
            online.mirror(1)
        assert sorted(online.copy(1).rglob("*")) == before


def test_a_message_that_comes_otherwise_than_it_was_listed_is_not_taken_over(online: Platform) -> None:
    online.join(1)
    online.join(2)
    online.keys(2)
    online.cheat.changes[f"{LIST}/{COMMITMENT}"] = lambda body: body + b" "
    with pytest.raises(PsephosError, match=f"{COMMITMENT}: the service sends another message than it lists"):
        online.mirror(1)
    assert not (online.copy(1) / COMMITMENT).exists()


def test_somebody_else_said_it_in_my_name(online: Platform) -> None:
    online.join(1)
    copy = online.mirror(1)
    online.board.publish(ELECTION, Author(1), COMMITMENT.replace("_2.", "_1."), to_json(KeyCommitment(1, bytes(32))))
    copy._looked = float("inf")
    with pytest.raises(PsephosError, match="guardian_1.json could not be published: .*other content"):
        make_keys(copy, online.own(1), PASSPHRASE)
    with pytest.raises(PsephosError, match="guardian_1.json is there already with other content"):
        online.keys(1)


def test_closed_ballots_that_came_halfway_are_asked_for_again(online: Platform, waits: list[float]) -> None:
    online.held()
    content = closed_with(online, base_ballots(online.mirror(1).election()))
    answers = iter([(200, content[:1000], {"ETag": f'"{sha256(content).hexdigest()}"'}), (503, b"", {"Retry-After": "7"})])
    right = online.cheat.instead[f"GET {BALLOT}/closed-ballots"]
    online.cheat.instead[f"GET {BALLOT}/closed-ballots"] = lambda: next(answers, None) or right()
    online.mirror(1).bring_closed()
    assert (online.copy(1) / "closed/ballots.jsonl").read_bytes() == content
    assert len(list((online.copy(1) / "challenged").iterdir())) == 3
    assert not list(online.copy(1).glob(".closed*"))
    assert len(waits) == 2
    online.cheat.instead.clear()
    online.mirror(1).bring_closed()


# A platform that is away


def test_a_busy_or_interrupted_service_is_asked_again(online: Platform, waits: list[float], capsys: Any) -> None:
    online.join(1)
    answers = iter([(503, b"", {"Retry-After": "7"}), (429, b"", {}), (502, b"", {"Retry-After": "soon"})])
    online.cheat.instead[f"GET {LIST}"] = lambda: next(answers, None)
    online.mirror(1)
    assert waits == [7.0, 2.0, 4.0]
    said = capsys.readouterr().err
    assert "is busy (status 503); trying again in 7 s (stop with Ctrl-C, nothing is lost)" in said
    online.cheat.instead[f"GET {LIST}"] = lambda: (503, b"", {})
    with pytest.raises(Unreachable, match="is busy"):
        online.mirror(1)


def test_a_service_that_cannot_be_reached_is_named_and_tried_for_as_long_as_wanted(tmp_path: Path, waits: list[float], capsys: Any) -> None:
    with pytest.raises(Unreachable, match="http://127.0.0.1:9 cannot be reached"):
        join("http://127.0.0.1:9", ELECTION, tmp_path / "copy", tmp_path / "own", lambda _: Credentials("a", "b", lambda: "c"), TOY)
    assert waits == [1, 2, 4, 8]
    assert capsys.readouterr().err.count("trying again in") == 4
    assert not (tmp_path / "copy").exists()


class Cut:
    """A server that promises more than it sends, `times` over, before it sends all."""

    def __init__(self, times: int) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve, args=(times,), daemon=True)
        self.thread.start()

    def serve(self, times: int) -> None:
        for number in range(times + 1):
            connection, _ = self.socket.accept()
            with connection:
                connection.recv(65536)
                body = b'{"a":1}' if number == times else b'{"a"'
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\n" + body)


def test_an_answer_that_was_cut_off_is_asked_for_again_and_not_taken_for_another_one(waits: list[float]) -> None:
    server = Cut(2)
    link = connection.Connection(server.url)
    assert link.get_json("/x", "token") == {"a": 1}
    assert waits == [1.0, 2.0]
    server.thread.join(10)
    server.socket.close()
    server = Cut(0)
    link = connection.Connection(server.url)
    with link.stream("/x", "token").opened() as (tag, parts):
        assert (tag, b"".join(parts)) == ("", b'{"a":1}')
    server.thread.join(10)
    server.socket.close()
    server = Cut(1)
    with pytest.raises(http.client.IncompleteRead), connection.Connection(server.url).stream("/x", "token").opened() as (_, parts):
        list(parts)
    server.socket.close()


def test_no_other_host_is_followed(online: Platform) -> None:
    online.join(1)
    online.cheat.instead[f"GET {LIST}"] = lambda: (302, b"", {"Location": "http://evil.example/"})
    with pytest.raises(Refused, match="sends us elsewhere"):
        online.mirror(1)


def test_an_answer_without_end_is_cut_off(online: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    online.join(1)
    online.cheat.instead[f"GET {LIST}"] = lambda: (200, bytes(connection.SMALL + 1), {})
    with pytest.raises(PsephosError, match="is longer than"):
        online.mirror(1)


@pytest.mark.parametrize(
    "url", ["http://ballots.example", "ballots.example", "https://", "ftp://localhost", "https://a b", "https://host/path", "https://host?x=1",
            "https://user:word@host", "https://host:99999", "http://localhost.evil.example", "http://127.0.0.1.evil.example", "https://host#x"],
)  # fmt: skip
def test_an_address_is_encrypted_and_nothing_but_an_address(url: str) -> None:
    with pytest.raises(PsephosError):
        read_url(url)


def test_addresses_of_services_and_of_this_machine_are_taken() -> None:
    for url in ("https://ballots.example", "https://ballots.example:8443", "http://localhost:8000", "http://127.0.0.1:1", "http://[::1]:8"):
        assert read_url(url + "/").url == url


def test_a_refusal_says_what_the_service_says_and_plays_no_tricks(online: Platform) -> None:
    online.join(1)
    online.cheat.instead[f"GET {LIST}"] = lambda: (409, json.dumps({"detail": "no\x1b[2J"}).encode(), {})
    with pytest.raises(Refused) as raised:
        online.mirror(1)
    assert raised.value.format_message() == "the service refuses: no [2J (status 409)"
    assert isinstance(connection.refusal(401, b"[]"), NotSignedIn)


# Killed


@pytest.mark.parametrize("at", [1, 5, 9, 15])
def test_op05_killed_at_any_message_the_ceremony_goes_on(tmp_path: Path, at: int) -> None:
    with platform(tmp_path) as online:
        for i in (2, 3):
            online.join(i)
            online.keys(i)
        crash = Crash(at, threading.current_thread().name)
        for attempt in range(3):
            try:
                if attempt == 0:
                    with crash():
                        one_way(online)
                else:
                    one_way(online)
            except Killed:
                continue
            break
        assert crash.happened
        assert all(isinstance(each, Election) for each in online.rounds())
        assert online.step("begin trial decryption", "sam").status_code == 200
        assert {path.name for path in online.own(1).path.glob("guardian_*")} >= {"guardian_1.share"}


def one_way(online: Platform) -> None:
    online.join(1)
    if not online.own(1).share_file.exists():
        online.keys(1)
    for _ in range(3):
        online.ceremony(1)
        online.ceremony(2)
        online.ceremony(3)


def test_op05_killed_after_saying_and_before_keeping_it_the_message_comes_back(
    online: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    online.join(1)
    copy = online.mirror(1)
    with monkeypatch.context() as patch:
        patch.setattr(copy, "store", lambda *_: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            copy.publish("ceremony/1_commitments/guardian_1.json", to_json(KeyCommitment(1, bytes(32))))
    assert not (online.copy(1) / "ceremony").exists()
    online.mirror(1)
    assert (online.copy(1) / "ceremony/1_commitments/guardian_1.json").exists()
