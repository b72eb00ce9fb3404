"""The record on its way to the public: drafted once, verified in the background, released whole or not at all (OP-04, PR-07, SV-04)."""

import json
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.status import Status

from api.errors import Conflict
from api.records import files, service
from api.records.service import Releases
from api.records.verifying import Progress, Verdict, Verifications
from cli import conducting, keystore
from cli.__main__ import psephos
from cli.keystore import seal
from cli.scrutineer_folder import bind
from cli.scrutineer_options import SIGNING_KEY
from engine.record import PROFILE, SIGNATURE
from tests.api.office import ELECTION, SIGNING, verify
from tests.cli.online import platform
from tests.cli.test_platform import Whole, counted
from tests.groups import TOY

RECORD, VERIFICATION = f"/ballots/{ELECTION}/record", f"/ballots/{ELECTION}/verification"


class CrashError(BaseException):
    """The service ends here."""


@dataclass
class Verifier:
    """Stands between service and verifier: can be made to wait, and to say something else."""

    go_on: threading.Event = field(default_factory=threading.Event)
    asked: list[Path] = field(default_factory=list)
    instead: Verdict | Exception | None = None

    def __call__(self, record: Path, key: bytes, hints: Path | None, tell: Progress) -> Verdict:
        self.asked.append(record)
        tell("checking ballots: 5/12")
        assert self.go_on.wait(20)
        if isinstance(self.instead, Exception):
            raise self.instead
        return self.instead or verify(record, key, hints, tell)


@dataclass
class Tallied:
    """A ballot with a result, and the ways of its record."""

    whole: Whole
    verifier: Verifier

    @property
    def office(self) -> Any:
        return self.whole.online.office

    @property
    def folder(self) -> Path:
        return Path(self.office.folder / "counts" / ELECTION)

    @property
    def public(self) -> Path:
        return Path(self.office.folder / "records")

    @property
    def releases(self) -> Releases:
        found: Releases = self.office.app.state.releases
        return found

    def another(self) -> Releases:
        """The service as another process has it."""
        state = self.office.app.state
        return Releases(state.elections, state.board, state.tally, self.office.clock, TOY, self.public, self.verifier)

    def start_again(self) -> None:
        """The service remembers nothing of verifications."""
        self.releases._verifications = Verifications(self.verifier)

    def sign(self) -> Any:
        drafted = self.office.post(RECORD, {}, "sam").json()
        signature = SIGNING.sign(bytes.fromhex(drafted["to_sign"])).hex()
        return self.office.post(f"{RECORD}/signature", {"date": drafted["date"], "signature": signature}, "sam")

    def waited(self) -> Any:
        for _ in range(400):
            found = self.office.get(VERIFICATION, "sam").json()
            if found.get("state") != "running":
                return found
            time.sleep(0.01)
        raise AssertionError("the verification does not end")

    def verified(self) -> None:
        self.verifier.go_on.set()
        self.sign()
        assert self.waited()["state"] == "done"

    def publish(self) -> bytes:
        return self.releases.publish(self.office.app.state.elections.ballot(ELECTION))


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("MEMORY", 32), ("ITERATIONS", 1), ("LANES", 1)):
            patch.setattr(keystore, name, value)
        with platform(tmp_path_factory.mktemp("release")) as online:
            whole = counted(online)
            online.office.post(f"/ballots/{ELECTION}/requests", {"guardians": [1, 2]}, "sue")
            assert whole.decrypt(1, 2) == {1: None, 2: None}
            assert online.step("tally", "sue").json()["state"] == "tallied"
            yield whole


@pytest.fixture
def tallied(once: Whole) -> Iterator[Tallied]:
    """Without a record, however far the test before has come."""
    once.at(once.online.office.clock.now())
    made = Tallied(once, Verifier())
    shutil.rmtree(made.public, ignore_errors=True)
    shutil.rmtree(made.folder / "record", ignore_errors=True)
    (made.folder / "verified.json").unlink(missing_ok=True)
    made.start_again()
    yield made
    made.verifier.go_on.set()
    made.waited()


# Drafting


def test_whoever_drafts_at_the_same_time_gets_the_one_record(tallied: Tallied, monkeypatch: pytest.MonkeyPatch) -> None:
    written, both, write = [], threading.Barrier(2), service.write_unsigned

    def slowly(folder: Path, record: Any) -> bytes:
        written.append(folder)
        with suppress(threading.BrokenBarrierError):
            both.wait(0.3)  # for another one who writes, if there could be one
        return write(folder, record)

    monkeypatch.setattr(service, "write_unsigned", slowly)
    with ThreadPoolExecutor(4) as pool:
        drafted = [pool.submit(each.draft, ELECTION) for each in (tallied.releases, tallied.another()) for _ in range(2)]
    assert len({each.result().record_hash for each in drafted}) == 1
    assert len(written) == 1


# Verifying


def test_while_the_record_is_verified_everybody_is_answered_and_nothing_is_released(tallied: Tallied) -> None:
    office, verifier = tallied.office, tallied.verifier
    assert office.get(VERIFICATION, "sam").status_code == 404
    started = tallied.sign()
    assert started.status_code == 202
    assert started.json()["state"] == "running"
    assert tallied.sign().json()["state"] == "running"
    while not verifier.asked:
        time.sleep(0.01)
    found = office.get(VERIFICATION, "sue").json()
    assert (found["state"], found["doing"]) == ("running", "checking ballots: 5/12")
    assert tallied.another().verification(ELECTION).state == "running", "in another process, too"
    assert office.post(RECORD, {}, "sam").status_code == 201
    assert office.get(f"{RECORD}/tally.json", "sue").status_code == 200
    assert tallied.whole.status()["next"] == "wait"
    refused = tallied.whole.online.step("release", "sam")
    assert (refused.status_code, refused.json()["detail"][:29]) == (409, "the record is being verified:")
    with pytest.raises(Conflict, match="being verified"):
        tallied.publish()
    verifier.go_on.set()
    done = tallied.waited()
    assert done["state"] == "done"
    assert "VERIFIED" in done["report"]
    assert tallied.sign().json() == done
    assert len(verifier.asked) == 1, "it is verified once"


def test_the_same_request_sent_again_is_answered_the_same(tallied: Tallied) -> None:
    drafted = tallied.office.post(RECORD, {}, "sam").json()
    body = {"date": drafted["date"], "signature": SIGNING.sign(bytes.fromhex(drafted["to_sign"])).hex()}
    first, again = (tallied.office.post(f"{RECORD}/signature", body, "sam", **{"Idempotency-Key": "one"}) for _ in range(2))
    assert (again.status_code, again.content) == (first.status_code, first.content) == (202, first.content)
    tallied.verifier.go_on.set()
    assert tallied.waited()["state"] == "done"
    assert len(tallied.verifier.asked) == 1


@pytest.mark.parametrize(
    ("instead", "words"),
    [
        (Verdict(verified=False, report="NOT VERIFIED: 9.A"), "so it is not released: NOT VERIFIED: 9.A"),
        (MemoryError(), "unexpected MemoryError"),
    ],
)
def test_what_does_not_verify_is_told_in_words_and_can_be_started_again(tallied: Tallied, instead: Any, words: str) -> None:
    tallied.verifier.go_on.set()
    tallied.verifier.instead = instead
    assert tallied.sign().status_code == 202
    failed = tallied.waited()
    assert failed["state"] == "failed"
    assert words in failed["failed"]
    assert (tallied.folder / "record" / SIGNATURE).exists() == isinstance(instead, Exception), "what does not verify is not signed"
    assert words in tallied.whole.status()["awaited"][0]
    assert words in tallied.whole.online.step("release", "sam").json()["detail"]
    with pytest.raises(Conflict):
        tallied.publish()
    tallied.verifier.instead = None
    assert tallied.sign().status_code == 202
    assert tallied.waited()["state"] == "done"
    tallied.publish()


def test_a_verification_that_a_crash_has_cut_off_has_verified_nothing_and_starts_again(tallied: Tallied) -> None:
    tallied.verified()
    (tallied.folder / "verified.json").unlink()  # the last thing that is written
    tallied.start_again()
    found = tallied.office.get(VERIFICATION, "sam").json()
    assert (found["state"], found["failed"]) == ("failed", "the verification was interrupted; hand the signature in again")
    with pytest.raises(Conflict, match="interrupted"):
        tallied.publish()
    tallied.verified()
    assert len(tallied.verifier.asked) == 2
    tallied.publish()


@pytest.mark.parametrize("name", [PROFILE, SIGNATURE])
def test_what_was_changed_after_its_verification_is_not_verified(tallied: Tallied, name: str) -> None:
    tallied.verified()
    path = tallied.folder / "record" / name
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(Conflict):
        tallied.publish()
    assert not (tallied.public / ELECTION).exists()


def release(tallied: Tallied, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Result:
    """`psephos scrutineer release --key`, as the first person."""
    online, folder = tallied.whole.online, tmp_path / "sam"
    if not folder.exists():
        folder.mkdir(mode=0o700)
        (folder / "session.json").write_text(json.dumps({"url": online.url, "token": online.office.tokens["sam"]}))
        (tmp_path / "passphrase").write_text("a passphrase, quite long")
        seal(tmp_path / "key", SIGNING.private_bytes_raw(), SIGNING_KEY, b"a passphrase, quite long")
        bind(folder, online.url, None, ELECTION)
    monkeypatch.setattr(conducting, "verify_apart", verify)  # as the real one, for the small group
    monkeypatch.setattr(conducting, "datetime", SimpleNamespace(now=lambda _: online.office.clock.now()))
    options = ["--key", str(tmp_path / "key"), "--passphrase-file", str(tmp_path / "passphrase")]
    return CliRunner().invoke(psephos, ["scrutineer", "release", str(folder), *options])


def test_the_command_waits_for_the_verification_and_says_how_it_went(
    tallied: Tallied, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown: list[str] = []

    def update(_: Status, status: str) -> None:
        shown.append(status)
        if status.endswith("checking ballots: 5/12"):
            tallied.verifier.go_on.set()

    monkeypatch.setattr(Status, "update", update)
    tallied.verifier.instead = Verdict(verified=False, report="NOT VERIFIED: 9.A")
    refused = release(tallied, monkeypatch, tmp_path)
    assert refused.exit_code == 1
    assert "so it is not released: NOT VERIFIED: 9.A; nothing was released" in refused.output
    assert "the service verifies the record: checking ballots: 5/12" in shown
    assert tallied.office.get(f"/ballots/{ELECTION}", "sam").json()["asked"] == {}
    tallied.verifier.instead = None
    done = release(tallied, monkeypatch, tmp_path)
    assert done.exit_code == 0, done.output
    assert "verifies at the service, too" in done.output
    assert "a second person now runs" in done.output


# Releasing


def test_a_file_that_was_changed_after_its_verification_is_not_released(tallied: Tallied) -> None:
    tallied.verified()
    (tallied.folder / "record" / "tally.json").write_bytes(b"{}")
    with pytest.raises(Conflict, match="changed after it was verified: tally.json"):
        tallied.publish()
    assert not (tallied.public / ELECTION).exists()


@pytest.mark.parametrize("instant", ["copying", "copied", "listing", "naming"])
def test_op04_a_release_that_a_crash_cuts_off_leaves_nothing_public_and_can_be_repeated(
    tallied: Tallied, monkeypatch: pytest.MonkeyPatch, instant: str
) -> None:
    tallied.verified()

    def crash(*_: object) -> None:
        raise CrashError

    with monkeypatch.context() as patched:
        if instant == "copying":
            patched.setattr(files, "sync_folder", crash)
        elif instant == "copied":
            patched.setattr(service, "write_durably", crash)
        elif instant == "listing":
            patched.setattr(service, "listing_of", crash)
        else:
            patched.setattr(Path, "rename", crash)
        with pytest.raises(CrashError):
            tallied.publish()
    assert [each.name[0] for each in tallied.public.iterdir()] == ["."], "only what nobody is served"
    tallied.start_again()
    record_hash = tallied.publish()
    assert [each.name for each in tallied.public.iterdir()] == [ELECTION], "what was left is gone"
    assert tallied.publish() == record_hash
    record = tallied.public / ELECTION / "record"
    assert verify(record, SIGNING.public_key().public_bytes_raw(), None, lambda _: None).verified


def test_whoever_asks_for_the_listing_has_no_file_of_the_record_read(tallied: Tallied, monkeypatch: pytest.MonkeyPatch) -> None:
    tallied.verified()
    tallied.publish()
    published = service.Published(tallied.public / ELECTION / "record", None)
    monkeypatch.setattr(Releases, "published", lambda *_: published)  # as it is when the ballot is released
    opened, open_ = [], Path.open

    def noted(path: Path, *arguments: Any, **named: Any) -> Any:
        opened.append(path)
        return open_(path, *arguments, **named)

    monkeypatch.setattr(Path, "open", noted)
    listed = tallied.office.get(f"/records/{ELECTION}").json()
    assert len(listed["files"]) > 5
    inside = {path.name for path in opened if path.is_relative_to(tallied.public)}
    assert inside == {"files.json", "record.key", PROFILE}
