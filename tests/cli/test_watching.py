"""The watch over the log: what was signed once is kept, and a log that forks, shrinks or is signed by another raises the alarm."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.ceremony.log_key import LOG_KEY, LogKey
from cli import connection, trustee
from cli.__main__ import psephos
from cli.errors import PsephosError
from cli.joining import join
from cli.lines import append_line, whole_lines
from cli.mirror import board_at
from cli.watching import Alarm, LogWatch, NotBegun
from engine.encoding import to_json
from engine.log import as_received, log_of
from engine.merkle import Checkpoint, consistency_proof, leaf_hash, root_of
from tests.api.office import ELECTION
from tests.cli.online import BALLOT, Platform, platform, with_digest
from tests.groups import TOY

ORIGIN = "ballots.example/log"
KEY, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes(range(start, start + 32))) for start in (3, 4))
NOW = datetime(2026, 11, 5, 12, tzinfo=UTC)
LINES = [b'{"ballot_id":"%064X","ballot_state":"Cast","and":"so on"}' % number for number in range(20)]
LEAVES = [leaf_hash(as_received(LINES[number * 7 % 20])) for number in range(20)]
"""In another order than the lines, which ascend."""
FORK = [*LEAVES[:4], leaf_hash(b"forged"), *LEAVES[5:]]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with platform(tmp_path_factory.mktemp("platform") / "one") as made:
        made.messages.publish(LOG_KEY, to_json(LogKey(ORIGIN, KEY.public_key().public_bytes_raw())))
        yield made


@pytest.fixture
def online(running: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """With new folders for each test."""
    monkeypatch.setattr(connection, "time", SimpleNamespace(sleep=lambda _: None))
    monkeypatch.setattr(running, "path", tmp_path)
    running.cheat.instead.clear()
    running.join(1)
    return running


@pytest.fixture
def log(online: Platform) -> LogWatch:
    return LogWatch(online.mirror(1), online.own(1).path)


def shows(online: Platform, leaves: list[bytes], earlier: int = 0, key: Ed25519PrivateKey = KEY, **instead: Any) -> None:
    """The service has these leaves, and proves that there were once `earlier` of them."""
    note = Checkpoint(ORIGIN, len(leaves), root_of(leaves)).sign(key).decode()
    proof = consistency_proof(leaves, earlier) if 0 < earlier <= len(leaves) else ()
    answer = {"checkpoint": note, "consistency": [each.hex() for each in proof], **instead}
    online.cheat.instead[f"GET {BALLOT}/log"] = lambda: (200, json.dumps(answer).encode(), {})
    lines = "".join(f"{leaf.hex()}\n" for leaf in leaves).encode()
    online.cheat.instead[f"GET {BALLOT}/log/leaves"] = lambda: (200, lines, {})


def gone(online: Platform) -> None:
    online.cheat.instead[f"GET {BALLOT}/log"] = lambda: (404, b'{"detail":"no log"}', {})


def kept(online: Platform) -> list[bytes]:
    return whole_lines(online.own(1).path / "checkpoints.jsonl")


def test_a_log_that_grows_is_kept(online: Platform, log: LogWatch) -> None:
    for size, earlier, lines in ((0, 0, 1), (3, 0, 2), (3, 3, 2), (4, 3, 3), (11, 4, 4)):
        shows(online, LEAVES[:size], earlier)
        assert log.look(NOW).size == size
        assert len(kept(online)) == lines
    assert ("GET", f"{BALLOT}/log") in online.cheat.asked
    shows(online, LEAVES, 11)
    assert log.check(LINES) == log_of(LINES)
    assert log.look(NOW).size == 20
    assert not (online.own(1).path / "alarms.jsonl").exists()


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (lambda online: shows(online, FORK, 7), "the log is not the one that it was: .* has 7 leaves and the root .* has 20 leaves"),
        (lambda online: shows(online, FORK[:7], 7), "the log is not the one that it was: .* has 7 leaves .* has 7 leaves"),
        (lambda online: shows(online, LEAVES[:5], 5), "has 7 leaves .* has 5 leaves .*never gets shorter"),
        (lambda online: shows(online, [], 0), "has 7 leaves .* has 0 leaves"),
        (lambda online: shows(online, LEAVES, 6), "the log is not the one that it was"),
        (lambda online: shows(online, LEAVES, 7, consistency=[]), "the log is not the one that it was"),
        (lambda online: shows(online, LEAVES, 7, OTHER), "not signed with the log's key"),
        (lambda online: shows(online, LEAVES, 7, checkpoint="x"), "cannot be used"),
        (lambda online: shows(online, LEAVES, 7, checkpoint=None), "cannot be used"),
        (lambda online: shows(online, LEAVES, 7, consistency=["zz"]), "cannot be used"),
        (lambda online: gone(online), "there is no log that goes on from the one kept, which has 7 leaves .*: no log"),
    ],
)
def test_a_log_that_forks_shrinks_or_is_not_signed_raises_the_alarm(
    online: Platform, log: LogWatch, after: Callable[[Platform], None], words: str
) -> None:
    shows(online, LEAVES[:7])
    log.look(NOW)
    after(online)
    for _ in range(2):
        with pytest.raises(Alarm, match=words):
            log.look(NOW)
    assert len(kept(online)) == 1, "what does not fit is not what the next one is compared with"
    assert len(whole_lines(online.own(1).path / "alarms.jsonl")) == 2
    shows(online, LEAVES, 7)
    assert log.look(NOW).size == 20


def test_the_closed_log_has_to_be_the_one_that_was_watched(online: Platform, log: LogWatch) -> None:
    for size, earlier in ((3, 0), (7, 3)):
        shows(online, LEAVES[:size], earlier)
        log.look(NOW)
    for leaves in (FORK, LEAVES[:6], []):
        shows(online, leaves)
        with pytest.raises(Alarm, match="the log does not extend the checkpoint"):
            log.check(LINES)
    shows(online, LEAVES)
    for lines in (LINES[1:], [*LINES, LINES[0].replace(b"0" * 60, b"1" * 60)]):
        with pytest.raises(Alarm, match="the record has not the ballots of the log"):
            log.check(lines)
    for text in (b"zz\n", b"00\n", LEAVES[0].hex().encode(), b"\xff\n"):
        online.cheat.instead[f"GET {BALLOT}/log/leaves"] = lambda text=text: (200, text, {})
        with pytest.raises(Alarm, match="no list of hashes"):
            log.check(LINES)


def test_before_the_log_begins_there_is_nothing_to_watch(online: Platform, log: LogWatch) -> None:
    online.cheat.instead[f"GET {BALLOT}/log"] = lambda: (409, b'{"detail":"voting has not begun"}', {})
    with pytest.raises(NotBegun, match="voting has not begun"):
        log.look(NOW)


def test_cr17_the_key_of_the_log_is_the_one_that_was_seen_first(online: Platform) -> None:
    other = to_json(LogKey(ORIGIN, OTHER.public_key().public_bytes_raw()))
    online.cheat.changes[f"{BALLOT}/board"] = with_digest(LOG_KEY, sha256(other).hexdigest())
    try:
        with pytest.raises(PsephosError, match="log_key.json was changed on the board"):
            online.mirror(1)
    finally:
        online.cheat.changes.clear()


def test_a_line_that_was_cut_off_is_passed_over_and_a_damaged_one_is_not(online: Platform, log: LogWatch) -> None:
    shows(online, LEAVES[:7])
    log.look(NOW)
    file = online.own(1).path / "checkpoints.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"seen": "2026')
    shows(online, LEAVES, 7)
    log.look(NOW)
    assert len(kept(online)) == 2
    assert file.read_bytes().startswith(whole)
    assert file.stat().st_mode & 0o777 == 0o600
    append_line(file, b"{}")
    with pytest.raises(PsephosError, match="is damaged"):
        log.look(NOW)


def run(*arguments: object, typed: str = "") -> Any:
    return CliRunner().invoke(psephos, [str(argument) for argument in arguments], input=typed)


def test_join_and_watch_as_people_type_them(online: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trustee, "join", partial(join, group=TOY))
    monkeypatch.setattr(trustee, "board_at", partial(board_at, group=TOY))
    credentials = online.ask(2)("")
    place = ["--election", tmp_path / "copy", "--own", tmp_path / "own"]
    typed = f"tom2\n{credentials.password}\n{credentials.code()}\n"
    joined = run("trustee", "join", online.url + "/", ELECTION.upper(), *place, typed=typed)
    assert joined.exit_code == 0, joined.output
    for words in ("Test ballot", "3 trustees, 2 are needed", "you are guardian 2, Trustee 2", ELECTION.upper(), "words:  ", "--guardian 2"):
        assert words in joined.output
    assert credentials.password not in joined.output
    status = run("trustee", "status", *place)
    assert "the ballot is: ceremony" in status.output
    assert "next: psephos trustee keys" in status.output
    assert "this is the copy of a board as it was last seen" in run("trustee", "status", *place[:2]).output

    online.cheat.instead[f"GET {BALLOT}/log"] = lambda: (409, b'{"detail":"voting has not begun"}', {})
    early = run("trustee", "watch", *place, "--once")
    assert (early.exit_code, "voting has not begun" in early.output) == (0, True)
    shows(online, LEAVES[:7])
    assert "7 leaves, the log has only grown" in run("trustee", "watch", *place, "--once").output
    shows(online, FORK, 7)
    alarm = run("trustee", "watch", *place, "--once")
    assert alarm.exit_code == 1
    assert "Error: ALARM: the log is not the one that it was" in alarm.output
    assert alarm.output.count("leaves and the root") == 2
    (tmp_path / "elsewhere").mkdir()
    assert "no copy of a platform's board" in run("trustee", "watch", "--election", tmp_path / "elsewhere", *place[2:], "--once").output
