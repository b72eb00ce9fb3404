"""A whole ballot on the platform: ceremony, trial, roll, votes, close, count by trustees who witnessed the log, release (X6, X11, T5).

The services are the real ones, on SQLite; trustees' programs reach them over HTTP.
"""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from api.auth import Role
from api.voters.access_code import AccessCode
from api.voters.ballot_box import check, check_challenged
from api.voters.window import Window, window_of
from cli.watching import Alarm, LogWatch
from engine.encoding import to_json
from engine.errors import DecryptionRefused
from engine.manifest import Manifest
from tests.api.office import ELECTION, LINK_KEY, SIGNING
from tests.cli.online import BALLOT, Change, Platform, platform
from tests.engine.elections import NO, SPOIL, YES, a_ballot
from tests.groups import TOY

VOTERS = 14


@pytest.fixture
def online(tmp_path: Path) -> Iterator[Platform]:
    with platform(tmp_path) as running:
        yield running


@dataclass
class Whole:
    """A ballot that is led on step by step."""

    online: Platform
    codes: dict[str, AccessCode] = field(default_factory=dict)

    @property
    def window(self) -> Window:
        return window_of(self.online.office.databases.voters, ELECTION, TOY)

    @property
    def manifest(self) -> Manifest:
        return self.window.election.manifest

    def at(self, moment: datetime) -> None:
        """It is that time now; everybody signs in again."""
        office = self.online.office
        office.clock.moment = moment
        for name in ("sam", "sue"):
            office.sign_in(name)

    def ready(self) -> None:
        """Up to a ballot with voters that can be opened."""
        self.online.held()
        for i in (1, 2, 3):
            self.online.trial(i)
            self.online.trial(i, copied=True)
        voters = [{"unique_identifier": f"{number:032x}", "style": 1} for number in range(1, VOTERS + 1)]
        taken = self.online.office.post(f"/link/{ELECTION}/voters", {"voters": voters}, token=LINK_KEY)
        assert taken.json() == {"voters": VOTERS}
        for voter in voters:
            wanted = {"unique_identifier": voter["unique_identifier"], "channel": "e-mail"}
            code = self.online.office.post(f"/link/{ELECTION}/codes", wanted, token=LINK_KEY).json()["code"]
            self.codes[str(voter["unique_identifier"])] = AccessCode.read(code)

    def opened(self) -> None:
        """Up to an open ballot, with voters."""
        self.ready()
        assert self.two("open") == {"state": "open", "missing": 0}
        self.at(self.manifest.opens + timedelta(days=1))

    def vote(self, number: int, choice: tuple[int, ...]) -> None:
        ballot, _ = a_ballot(self.window.election, choice)
        checked = check(to_json(ballot), 1, self.window.election)
        self.online.office.clock.moment += timedelta(seconds=61)  # there is a new checkpoint after a minute
        self.online.office.app.state.box.cast(self.window, self.codes[f"{number:032x}"], checked, "2001:db8::1")

    def challenge(self, number: int) -> None:
        ballot, opening = a_ballot(self.window.election, YES)
        content, opened = to_json(ballot), to_json(opening)
        checked, _ = check_challenged(content, opened, 1, self.window.election)
        self.online.office.app.state.box.challenge(self.window, self.codes[f"{number:032x}"], checked, opened)

    def two(self, step: str) -> Any:
        """Two persons ask for a step; what the second one is answered."""
        first = self.online.step(step, "sam")
        assert first.status_code == 200, first.text
        second = self.online.step(step, "sue")
        return second.json()

    def closed(self) -> None:
        self.at(self.manifest.closes)
        assert self.two("close")["state"] == "closed"

    def counted(self) -> dict[str, Any]:
        assert self.online.office.post(f"/ballots/{ELECTION}/count", {}, "sam").status_code == 202
        for _ in range(100):
            found: dict[str, Any] = self.online.office.get(f"/ballots/{ELECTION}/count", "sam").json()
            if found["state"] != "running":
                return found
            time.sleep(0.1)
        raise AssertionError("the count does not end")

    def verified(self, drafted: dict[str, str], name: str = "sam") -> dict[str, Any]:
        """Signs the record, and waits until it is verified."""
        office, signature = self.online.office, SIGNING.sign(bytes.fromhex(drafted["to_sign"])).hex()
        signed = office.post(f"/ballots/{ELECTION}/record/signature", {"date": drafted["date"], "signature": signature}, name)
        assert signed.status_code == 202, signed.text
        for _ in range(200):
            found: dict[str, Any] = office.get(f"/ballots/{ELECTION}/verification", name).json()
            if found["state"] != "running":
                return found
            time.sleep(0.05)
        raise AssertionError("the verification does not end")

    def decrypt(self, *guardians: int) -> dict[int, BaseException | None]:
        raised: dict[int, BaseException | None] = {}

        def run(i: int) -> None:
            try:
                self.online.decrypt(i)
                raised[i] = None
            except BaseException as error:  # noqa: BLE001 - the test looks at it
                raised[i] = error

        threads = [threading.Thread(target=run, args=(i,), daemon=True) for i in guardians]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        return raised

    def status(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.online.office.get(f"/ballots/{ELECTION}/status", "sam").json()
        return answer


def test_x11_a_whole_ballot_is_led_to_a_record_that_verifies(online: Platform) -> None:
    whole, office = Whole(online), online.office
    assert whole.status()["next"] == "the trustees make their keys (psephos trustee join, keys, ceremony)"
    whole.opened()
    watches = {i: LogWatch(online.mirror(i), online.own(i).path) for i in (1, 2, 3)}
    for number in (5, 2, 5):
        office.app.state.box.open_form(whole.window, whole.codes[f"{number:032x}"])
    for number in range(1, 7):
        whole.vote(number, YES)
    assert {watch.look(datetime.now(UTC)).size for watch in watches.values()} == {6}
    for number in range(7, VOTERS - 1):
        whole.vote(number, NO if number % 2 else SPOIL)
    whole.challenge(VOTERS)
    discounted = {
        "unique_identifier": f"{1:032x}", "channel": "e-mail", "by": "sam", "approved_by": "sue", "reason": "not cast by the voter",
    }  # fmt: skip
    code = office.post(f"/link/{ELECTION}/discounts", discounted, token=LINK_KEY).json()["code"]
    whole.codes[f"{1:032x}"] = AccessCode.read(code)
    whole.vote(1, NO)
    assert watches[1].look(datetime.now(UTC)).size == 14
    assert office.get(f"/ballots/{ELECTION}/count", "sam").status_code == 404
    assert office.post(f"/ballots/{ELECTION}/count", {}, "sam").status_code == 409, "nothing is counted before the close"
    assert whole.two("close")["detail"].startswith("the ballot closes at")
    office.sign_in("tom1")
    assert office.get(f"/ballots/{ELECTION}/log/leaves", "tom1").status_code == 409, "no leaf is shown while votes are taken"

    whole.at(whole.manifest.closes)
    assert online.step("close", "sue").json()["state"] == "closed"
    found = whole.counted()
    assert (found["counted"], found["discounted"], found["challenged"]) == (12, 1, 1)
    assert found["small_units"] == []
    assert whole.two("exclude")["state"] == "excluded"

    where = f"/ballots/{ELECTION}/requests"
    assert office.post(where, {"guardians": [1, 3]}, "sue").status_code == 403, "two persons decide"
    online.step("tally", "sam")
    assert office.post(where, {"guardians": [1, 3]}, "sam").status_code == 403, "and not the same one twice"
    assert office.post(where, {"guardians": [1]}, "sue").status_code == 422, "too few"
    asked = office.post(where, {"guardians": [1, 3]}, "sue")
    assert asked.json() == {"request": 1, "guardians": [1, 3], "missing": [1, 3], "wrong": ""}
    assert office.post(where, {"guardians": [3, 1]}, "sue").json()["request"] == 1, "the same again"
    assert online.step("tally", "sue").status_code == 409
    assert whole.decrypt(1, 3) == {1: None, 3: None}
    assert office.get(where, "sue").json() == {"request": 1, "guardians": [1, 3], "missing": [], "wrong": ""}
    assert office.get(f"/ballots/{ELECTION}/result", "sam").status_code == 404
    tallied = online.step("tally", "sue")
    assert tallied.status_code == 200, tallied.text
    options = office.get(f"/ballots/{ELECTION}/result", "sam").json()["contests"][0]["options"]
    assert [each["tally"] for each in options] == [5, 4, 3]
    assert office.post(where, {"guardians": [1, 2]}, "sue").status_code == 409, "the aggregate is decrypted once (T5)"

    released(whole)


def logged(whole: Whole, kind: str) -> list[Any]:
    """The ballot's audit entries of a kind."""
    audit, reader = whole.online.office.databases.audit, whole.online.office.members["ada"].account_id
    whole.online.office.databases.voters.relay(audit)
    return [each.entry for each in audit.read(reader, "a test", ELECTION) if each.entry.kind == kind]


def released(whole: Whole) -> None:
    """Drafted, signed, verified, released by two persons; before that nothing is public (PR-07)."""
    online, office = whole.online, whole.online.office
    record = f"/ballots/{ELECTION}/record"
    assert online.step("release", "sam").status_code == 409, "not signed yet"
    drafted = office.post(record, {}, "sam").json()
    assert office.get(f"/records/{ELECTION}").status_code == 404
    wrong = {"date": drafted["date"], "signature": "00" * 64}
    assert office.post(f"{record}/signature", wrong, "sam").status_code == 422
    assert office.get(f"/ballots/{ELECTION}/verification", "sam").status_code == 404
    signed = whole.verified(drafted)
    assert signed["state"] == "done", signed
    assert "VERIFIED" in signed["report"]
    assert whole.status()["next"] == "the record is signed and verifies: release it"
    assert office.get(f"/records/{ELECTION}/files/tally.json").status_code == 404
    assert office.get(f"{record}/tally.json", "sam").content == office.get(f"{record}/tally.json", "sue").content, "who signs looks at it"
    assert office.get(f"{record}/%2e%2e%2fclosed.jsonl", "sam").status_code == 404
    assert whole.two("release")["state"] == "released"
    public = office.get(f"/records/{ELECTION}").json()
    assert public["record_hash"] == drafted["record_hash"]
    for each in public["files"]:
        content = office.get(f"/records/{ELECTION}/files/{each['path']}").content
        assert sha256(content).hexdigest() == each["sha256"]
    assert json.loads(office.get(f"/records/{ELECTION}/files/log.json").content)["size"] == 14
    assert (office.folder / "records" / ELECTION / "files.json").exists()
    for outside in ("%2e%2e%2ffiles.json", "%2e%2e%2f%2e%2e%2f%2e%2e%2fcounts", "/etc/passwd"):
        assert office.get(f"/records/{ELECTION}/files/{outside}").status_code == 404, outside
    report = office.get(f"/ballots/{ELECTION}/report", "sam").json()
    assert report["count"] == {"voters": VOTERS, "counted": 12, "discounted": 1, "challenged": 1}
    assert report["record_hash"] == drafted["record_hash"]
    assert [each["step"] for each in report["steps"]][-1] == "release"
    evidence = [str(each.members["ballot_index"]) for each in logged(whole, "vote_evidence")]
    assert len(set(evidence)) == 13
    assert evidence == sorted(evidence)
    assert logged(whole, "turnout_counted")[0].members["counted"] == 12
    assert [each.members["approved_by"] for each in logged(whole, "vote_discounted")] == ["sue"]
    used = logged(whole, "access_method_used")
    assert sorted((each.unique_identifier, each.members["outcome"], each.members["count"]) for each in used) == [
        (f"{2:032x}", "opened", 1), (f"{5:032x}", "opened", 2)
    ]  # fmt: skip
    assert {each.happened for each in used} == {whole.manifest.closes}, "and never when"
    for kind in ("manifest_fixed", "key_ceremony_held", "ballot_opened", "ballot_closed", "tally_decrypted", "record_released"):
        assert len(logged(whole, kind)) == 1, kind


def test_pr01_few_counted_ballots_need_two_persons_before_anything_is_decrypted(online: Platform) -> None:
    whole = Whole(online)
    whole.opened()
    for number in range(1, 4):
        whole.vote(number, YES)
    whole.closed()
    assert [each["counted"] for each in whole.counted()["small_units"]] == [3, 3]
    assert "few counted ballots" in whole.two("exclude")["detail"]
    assert any("few counted ballots" in each for each in whole.status()["awaited"])
    assert whole.two("accept small units") == {"state": "closed", "missing": 0}
    assert online.step("exclude", "sue").json()["state"] == "excluded"


def test_pr01_what_the_manifest_forbids_to_publish_nobody_can_accept(online: Platform) -> None:
    whole = Whole(online)
    whole.opened()
    whole.vote(1, YES)
    whole.closed()
    whole.counted()
    whole.two("accept small units")
    assert "would show how people voted" in whole.two("exclude")["detail"]


def test_cr34_trustees_who_watched_the_log_do_not_decrypt_without_a_ballot_that_is_in_it(online: Platform) -> None:
    """The service loses a vote between the last checkpoint and the count: the closed file is one short, with all else repaired."""
    whole, office = Whole(online), online.office
    whole.opened()
    for number in range(1, 13):
        whole.vote(number, YES)
    whole.closed()
    whole.counted()
    whole.two("exclude")
    count = office.app.state.tally.counting
    closed = count.closed_ballots(ELECTION)
    lines = closed.read_bytes().splitlines(keepends=True)
    closed.write_bytes(b"".join(lines[1:]))
    for name in ("checked.flat", "checked.hints"):
        (closed.parent / name).unlink(missing_ok=True)
    count.make(ELECTION)
    online.step("tally", "sam")
    office.post(f"/ballots/{ELECTION}/requests", {"guardians": [1, 2]}, "sue")
    raised = whole.decrypt(1)[1]
    assert isinstance(raised, Alarm)
    assert "1 leaves of the log are not in the record" in str(raised)


def test_cr37_trustees_decrypt_nothing_of_a_log_that_is_not_the_one_they_watched(online: Platform) -> None:
    """The service shows other leaves than it signed: two in another order, one less, one more."""
    whole = Whole(online)
    whole.opened()
    watch = LogWatch(online.mirror(1), online.own(1).path)
    for number in range(1, 13):
        whole.vote(number, YES)
        watch.look(datetime.now(UTC))
    assert len((online.own(1).path / "checkpoints.jsonl").read_bytes().splitlines()) == 12
    whole.closed()
    whole.counted()
    whole.two("exclude")
    online.step("tally", "sam")
    online.office.post(f"/ballots/{ELECTION}/requests", {"guardians": [1, 2]}, "sue")

    def swapped(body: bytes) -> bytes:
        first, second, rest = body.split(b"\n", 2)
        return b"\n".join((second, first, rest))

    changes: dict[str, Change] = {
        "does not extend the checkpoint of size 1:": swapped,
        "does not extend the checkpoint of size 12: it has only 11 leaves": lambda body: body[:-65],
        "1 leaves of the log are not in the record": lambda body: body + b"00" * 32 + b"\n",
    }
    for words, change in changes.items():
        online.cheat.changes[f"{BALLOT}/log/leaves"] = change
        raised = whole.decrypt(1)[1]
        assert isinstance(raised, Alarm), raised
        assert words in str(raised)
    assert not (online.copy(1) / "decryption/request_1").exists()
    online.cheat.changes.clear()
    assert whole.decrypt(1, 2) == {1: None, 2: None}


def test_cr49_trustees_do_not_decrypt_while_voting_is_open(online: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Whole(online)
    whole.opened()
    monkeypatch.setattr("tests.cli.online.AFTER", whole.manifest.closes - timedelta(seconds=1))
    raised = whole.decrypt(1)[1]
    assert isinstance(raised, DecryptionRefused)
    assert "nothing is decrypted before" in str(raised)


# What one trustee, or one scrutineer, cannot do


def say(online: Platform, i: int, name: str, content: str = "{}") -> Any:
    online.office.sign_in(f"tom{i}")
    return online.office.post(f"/ballots/{ELECTION}/board", {"name": name, "content": content}, f"tom{i}")


def test_op01_a_trustee_who_complains_out_of_turn_stops_nothing(online: Platform) -> None:
    whole = Whole(online)
    whole.opened()
    for name in ("ceremony/complaints/guardian_1_about_2.json", "decryption/request_1/nonces/guardian_1.json",
                 "trial/round_7/guardian_1_copy.json"):  # fmt: skip
        refused = say(online, 1, name)
        assert (refused.status_code, refused.json()["title"]) == (409, "Not in this state"), name
    for number in range(1, 13):
        whole.vote(number, YES)
    whole.closed()
    whole.counted()
    whole.two("exclude")
    for name in ("ceremony/complaints/guardian_1_about_2.json", "decryption/request_1/attempt_1/restarts/guardian_1.json"):
        assert say(online, 1, name).status_code == 409, name
    assert whole.status()["next"] == "ask trustees to decrypt the one aggregate"


def test_op01_a_trustee_does_not_fill_the_board_for_others(online: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.ceremony.board._MOST_MESSAGES", 3)
    assert say(online, 1, "ceremony/1_commitments/guardian_1.json").status_code == 201
    for other in (2, 3):
        assert say(online, 1, f"ceremony/3_shares/guardian_1_for_{other}.json").status_code == 201
    assert "as much as one may" in say(online, 1, "ceremony/2_public_keys/guardian_1.json").json()["detail"]
    assert say(online, 2, "ceremony/1_commitments/guardian_2.json").status_code == 201


def counted(online: Platform) -> Whole:
    """A ballot whose trustees can be asked."""
    whole = Whole(online)
    whole.opened()
    for number in range(1, 13):
        whole.vote(number, YES)
    whole.closed()
    whole.counted()
    whole.two("exclude")
    online.step("tally", "sam")
    return whole


def test_op01_a_statement_that_is_none_is_found_while_others_can_still_be_asked(online: Platform) -> None:
    whole, office, where = counted(online), online.office, f"/ballots/{ELECTION}/requests"
    office.post(where, {"guardians": [1, 2]}, "sue")
    assert say(online, 2, "decryption/request_1/log/guardian_2.json").status_code == 201
    assert "log/guardian_2.json" in office.get(where, "sue").json()["wrong"]
    assert online.step("tally", "sue").status_code == 409
    whole.at(office.clock.now())
    assert office.post(where, {"guardians": [1, 3]}, "sue").json()["request"] == 2
    assert whole.decrypt(1, 3) == {1: None, 3: None}
    assert online.step("tally", "sue").json()["state"] == "tallied"
    assert office.post(f"/ballots/{ELECTION}/record", {}, "sam").status_code == 201


def test_op12_whoever_is_not_authorised_any_more_has_not_asked(online: Platform) -> None:
    office = online.office
    ids = {name: member.account_id for name, member in office.members.items()}
    assert online.step("abandon", "sam").json()["missing"] == 1
    assert office.post(f"/accounts/{ids['sam']}/end", {}, "ada").status_code == 204
    assert online.step("abandon", "sue").json() == {"state": "ceremony", "missing": 1}


def test_cr48_a_ballot_whose_result_can_be_known_is_not_given_up(online: Platform) -> None:
    whole, office = counted(online), online.office
    office.post(f"/ballots/{ELECTION}/requests", {"guardians": [1, 2]}, "sue")
    assert "not given up any more" in whole.two("abandon")["detail"]


def test_pr13_the_log_is_shown_to_its_witnesses_alone_and_not_vote_by_vote(online: Platform) -> None:
    whole, office = Whole(online), online.office
    whole.opened()
    for name in ("ada", "sam"):
        office.sign_in(name)
    office.appoint("una", Role.TRUSTEE)
    log = f"/ballots/{ELECTION}/log"
    office.sign_in("tom1")
    sizes = []
    for number in range(1, 4):
        sizes.append(office.get(log, "tom1").json()["checkpoint"].splitlines()[1])
        office.clock.moment -= timedelta(seconds=61)
        whole.vote(number, YES)
    assert sizes == ["0", "0", "0"], "the same for everybody until its time is over"
    office.clock.moment += timedelta(minutes=1)
    assert office.get(log, "tom1").json()["checkpoint"].splitlines()[1] == "3"
    for where in (log, f"{log}/leaves"):
        assert office.get(where, "una").status_code == 403, "a trustee, but none of this ballot's"
