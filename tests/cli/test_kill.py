"""CR-22 with real processes and a real `kill -9`: a trustee's program never answers one commitment twice.

A few kills in every run; PSEPHOS_KILLS=200 makes it as many as the catalogue of attacks asks for (some four minutes).
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from api.ceremony.attempts import HASHES, RESPONSES, VALUES
from cli import exchange
from tests.cli.folders import EXPECTED, Count, history, no_nonce_twice, totals

KILLS = int(os.environ.get("PSEPHOS_KILLS", "5"))
ROOT = Path(__file__).resolve().parent.parent.parent
STAGES = ("journal", HASHES, VALUES, RESPONSES, "delay")


def start(room: Count) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "tests.cli.guardian_process", str(room.path), str(room.n), "2"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Other:
    """Guardian 1, who runs through everything, in as many requests as it takes."""

    def __init__(self, room: Count) -> None:
        self.room = room
        self.requests = 0
        self.thread = threading.Thread()

    def keep_going(self) -> None:
        """Asks anew as soon as the last request is answered."""
        if self.thread.ident is None or not self.thread.is_alive():
            self.room.ask(1, 2, again=True)
            self.requests += 1
            self.thread = threading.Thread(target=self.room.decrypt, args=(1,), daemon=True)
            self.thread.start()


def progress(room: Count) -> tuple[int, ...]:
    """How many lines guardian 2 has in its journal, and messages of each kind in the folder."""
    journal = room.own(2).journal
    folder = room.board.path / "decryption"
    messages = (len(list(folder.glob(f"request_*/attempt_*/{kind}/guardian_2.json"))) for kind in (HASHES, VALUES, RESPONSES))
    return (journal.read_bytes().count(b"\n") if journal.exists() else 0, *messages)


def test_killed_between_any_two_messages_it_never_answers_a_commitment_twice_and_finishes_afterwards_cr_22(
    voted: Count, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "time", time)
    monkeypatch.setattr(exchange, "POLL", 0.03)  # guardian 1 is slow, so that there is a time between two messages
    other, seen, killed = Other(voted), dict[str, bytes](), Counter[str]()
    for kill in range(KILLS):
        other.keep_going()
        stage, before, begun = STAGES[kill % len(STAGES)], progress(voted), time.monotonic()
        process = start(voted)
        while process.poll() is None and time.monotonic() < begun + 60:
            now = progress(voted)
            if stage == "delay" and time.monotonic() > begun + 0.4 + (kill * 7 % 50) / 100:
                break
            if stage != "delay" and now[STAGES.index(stage)] > before[STAGES.index(stage)]:
                break
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        _, errors = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), errors
        after = progress(voted)
        if process.returncode == 0:
            killed["finished before"] += 1
        else:
            committed, answered = after[1] - before[1], after[3] - before[3]
            killed["between commitment and answer" if committed > answered else "elsewhere"] += 1
        history(voted, seen)
    other.keep_going()
    process = start(voted)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    other.thread.join(60)
    assert not other.thread.is_alive()
    history(voted, seen)
    no_nonce_twice(voted, 1)
    no_nonce_twice(voted, 2)
    assert totals(voted.combined()) == EXPECTED
    print(f"{KILLS} kills in {other.requests} requests: {dict(killed)}")
    assert killed["between commitment and answer"] >= KILLS // 5
