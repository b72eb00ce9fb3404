"""Whose answers are awaited: a look is cheap, each answer is verified once, and none that was changed later is used (T5, CR-20)."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.api.office import ELECTION
from tests.cli.online import Platform, platform
from tests.cli.test_platform import Whole, counted, say

WHERE = f"/ballots/{ELECTION}/requests"
RESPONSES = "decryption/request_1/attempt_1/3_responses/guardian_2.json"


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Whole]:
    """A ballot whose trustees 1 and 2 were asked to decrypt."""
    with platform(tmp_path) as online:
        whole = counted(online)
        assert online.office.post(WHERE, {"guardians": [1, 2]}, "sue").status_code == 201
        yield whole


@pytest.fixture
def verified(asked: Whole, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the service has verified what; trustees verify by themselves."""
    done: Counter[str] = Counter()

    def counting(module: str, name: str) -> None:
        target = f"{module}.{name}"
        found = getattr(__import__(module, fromlist=[name]), name)

        def call(*arguments: Any, **named: Any) -> Any:
            done[name] += 1
            return found(*arguments, **named)

        monkeypatch.setattr(target, call)

    assert asked.decrypt(1, 2) == {1: None, 2: None}
    for name in ("check_revealed", "combine"):
        counting("api.ceremony.attempts", name)
    counting("api.ceremony.answers", "verify_statement")
    counting("api.ceremony.keys", "verify_acknowledgement")
    return done


def look(whole: Whole) -> Any:
    answer = whole.online.office.get(WHERE, "sue")
    assert answer.status_code == 200, answer.text
    return answer.json()


def change(online: Platform, name: str, content: bytes, digest: bytes) -> None:
    """What only the owner of the database can do."""
    with sqlite3.connect(online.path / "databases" / "elections.db") as database:
        for event in ("update", "delete"):
            database.execute(f"DROP TRIGGER IF EXISTS board_message_no_{event}")
        changed = database.execute("UPDATE board_message SET content = ?, digest = ? WHERE name = ?", (content, digest, name))
        assert changed.rowcount == 1


def test_however_often_somebody_looks_each_answer_is_verified_once(asked: Whole, verified: Counter[str]) -> None:
    assert look(asked) == {"request": 1, "guardians": [1, 2], "missing": [], "wrong": ""}
    once = Counter(verified)
    assert once["combine"] == 1
    assert once["verify_statement"] == 2
    for _ in range(5):
        assert look(asked)["missing"] == []
        assert asked.status()["next"] == "all answers are there: tally"
    assert verified == once
    assert asked.online.step("tally", "sue").json()["state"] == "tallied"
    assert verified["combine"] == 2, "for the result every proof is verified as it is then"


def test_a_look_sees_what_has_come_since_the_last_one(asked: Whole) -> None:
    assert look(asked)["missing"] == look(asked)["missing"] == [1, 2]
    assert say(asked.online, 2, "decryption/request_1/log/guardian_2.json").status_code == 201
    for _ in range(2):
        assert "log/guardian_2.json" in look(asked)["wrong"]
    asked.at(asked.online.office.clock.now())
    asked.online.office.post(WHERE, {"guardians": [1, 3]}, "sue")
    assert look(asked) == {"request": 2, "guardians": [1, 3], "missing": [1, 3], "wrong": ""}
    assert asked.decrypt(1, 3) == {1: None, 3: None}
    assert look(asked)["missing"] == []


@pytest.mark.parametrize("with_digest", [True, False])
def test_cr20_an_answer_that_is_changed_after_it_was_verified_is_not_used(
    asked: Whole, verified: Counter[str], with_digest: bool
) -> None:
    online = asked.online
    assert look(asked)["wrong"] == ""
    content = online.board.read(ELECTION, RESPONSES)
    place = content.index(b'"', content.index(b'"v')) + 60 if b'"v' in content else len(content) // 2
    digits = [at for at in range(place, len(content)) if content[at : at + 1] in b"123456789"]
    other = bytearray(content)
    other[digits[0]] ^= 1
    change(online, RESPONSES, bytes(other), sha256(other if with_digest else content).digest())
    refused = online.step("tally", "sue")
    assert refused.status_code == 409
    assert "the answers cannot be combined" in refused.json()["detail"]
    assert verified["combine"] == (2 if with_digest else 1)
    if with_digest:
        assert look(asked)["wrong"], "and whoever looks is told"
    change(online, RESPONSES, content, sha256(content).digest())
    assert look(asked)["wrong"] == ""
    assert online.step("tally", "sue").json()["state"] == "tallied"
