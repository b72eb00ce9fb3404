"""The staff's service killed with `kill -9` in the middle of every step of a ballot, and started again: it ends released, nothing doubled.

It runs in a process of its own, for the small group; votes and trustees come to the same databases. Each step is tried on a copy
before, which tells how many instants there are at which something lasting is done. PSEPHOS_KILLS=20 tries to kill it at twenty of them.
"""

import http.client
import json
import multiprocessing
import os
import shutil
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from api.records.files import LISTING
from api.sealing import KeyRing
from tests.api.office import ELECTION, SIGNING, verify
from tests.cli.online import Platform, platform
from tests.cli.staff_process import Place, serve
from tests.cli.test_platform import Whole, logged
from tests.engine.elections import NO, YES

KILLS = int(os.environ.get("PSEPHOS_KILLS", "2"))
VOTES = 12
FORKED = multiprocessing.get_context("forkserver")  # each service begins with all modules read
FORKED.set_forkserver_preload(["tests.cli.staff_process"])


class GoneError(Exception):
    """The service does not answer any more."""


class Service:
    """The staff's service over these databases, at this moment; killed at that instant, if it is not 0."""

    def __init__(self, whole: Whole, place: Place, kill: int = 0) -> None:
        self.tokens, self.instants = whole.online.office.tokens, 0
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            bound.listen(10)  # who comes before the service runs waits for it
            self.port = bound.getsockname()[1]
            self.process = FORKED.Process(target=serve, args=(place, whole.online.office.clock.now(), bound, kill), daemon=True)
            self.process.start()

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.process.kill()
        self.process.join()

    def ask(self, method: str, path: str, content: Any = None, name: str = "sam") -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        body = None if content is None else json.dumps(content)
        headers = {"Authorization": f"Bearer {self.tokens[name]}", "Content-Type": "application/json"}
        try:
            connection.request(method, f"/api/v1/ballots/{ELECTION}{path}", body, headers)
            answer = connection.getresponse()
            self.instants = int(answer.headers["Instants"])
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            raise GoneError from None
        finally:
            connection.close()

    def waited(self, path: str) -> None:
        """Until what was started in the background is done."""
        state = "running"
        while state == "running":
            time.sleep(0.02)
            status, found = self.ask("GET", path)
            assert status == 200, found
            state = found["state"]
        assert state == "done", found

    def lead(self, step: str, wanted: str) -> None:
        """Both persons ask for a step; who has asked before the kill does not ask again."""
        found: Any = None
        for name in ("sam", "sue"):
            if self.ask("GET", "")[1]["state"] == wanted:
                return
            status, found = self.ask("POST", "/steps", {"step": step}, name)
            assert status == 200 or "cannot ask twice" in found["detail"], found
        assert self.ask("GET", "")[1]["state"] == wanted, found

    def count(self) -> None:
        assert self.ask("POST", "/count", {})[0] == 202
        self.waited("/count")

    def draft(self) -> Any:
        self.count()
        status, drafted = self.ask("POST", "/record", {})
        assert status == 201, drafted
        return drafted

    def sign(self) -> None:
        drafted = self.draft()
        signature = SIGNING.sign(bytes.fromhex(drafted["to_sign"])).hex()
        status, found = self.ask("POST", "/record/signature", {"date": drafted["date"], "signature": signature})
        assert status == 202, found
        self.waited("/verification")

    def exclude(self) -> None:
        self.count()
        self.lead("exclude", "excluded")

    def tally(self) -> None:
        self.count()
        self.lead("tally", "tallied")


@dataclass
class Killing:
    """The kills in one ballot."""

    whole: Whole
    place: Place
    killed: Counter[str] = field(default_factory=Counter)

    def through(self, name: str, act: Callable[[Service], object]) -> None:
        """A step, killed before the transaction that notes it, then at other instants, and then done."""
        with Service(self.whole, self.copied()) as service:
            act(service)
            instants = service.instants
        for number in range(KILLS):
            instant = instants * number // KILLS or instants - 2  # what is asked and done is logged in two more
            with Service(self.whole, self.place, max(1, instant)) as service:
                try:
                    act(service)
                except GoneError:
                    self.killed[name] += 1
        with Service(self.whole, self.place) as service:
            act(service)

    def copied(self) -> Place:
        """The databases and the folder as they stand, elsewhere."""
        root = self.whole.online.path / "copied"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(self.place.databases, root / "databases", ignore=shutil.ignore_patterns("*-shm"))
        shutil.copytree(self.place.folder, root / "folder")
        return replace(self.place, databases=root / "databases", folder=root / "folder")


@pytest.fixture
def killing(tmp_path: Path) -> Iterator[Killing]:
    with platform(tmp_path) as online:
        yield Killing(Whole(online), Place(tmp_path / "databases", online.office.folder, rings(online)))


def rings(online: Platform) -> dict[str, KeyRing]:
    databases = online.office.databases
    stores = (databases.accounts.store, databases.elections, databases.voters.store, databases.audit.store)
    return {store.name: store.keys for store in stores}


def test_op04_killed_in_every_step_staffs_service_leads_the_ballot_to_its_release_and_doubles_nothing(killing: Killing) -> None:
    whole, office = killing.whole, killing.whole.online.office
    whole.ready()
    killing.through("open", lambda service: service.lead("open", "open"))
    whole.at(whole.manifest.opens + timedelta(days=1))
    for number in range(1, VOTES + 1):
        whole.vote(number, YES if number % 3 else NO)
    whole.at(whole.manifest.closes)
    killing.through("close", lambda service: service.lead("close", "closed"))
    killing.through("count", Service.count)
    killing.through("exclude", Service.exclude)

    whole.counted()
    whole.online.step("tally", "sam")
    assert office.post(f"/ballots/{ELECTION}/requests", {"guardians": [1, 3]}, "sue").status_code == 201
    assert whole.decrypt(1, 3) == {1: None, 3: None}
    whole.at(office.clock.now())
    killing.through("tally", Service.tally)
    killing.through("draft", Service.draft)
    killing.through("sign", Service.sign)
    killing.through("release", lambda service: service.lead("release", "released"))
    print(f"kills: {dict(killing.killed)}")
    assert all(killing.killed[name] for name in ("open", "close", "count", "exclude", "tally", "draft", "sign", "release"))

    public = office.folder / "records"
    assert [path.name for path in public.iterdir()] == [ELECTION], "nothing is left of what was interrupted"
    record = public / ELECTION / "record"
    assert verify(record, SIGNING.public_key().public_bytes_raw(), None, lambda _: None).verified
    listed = json.loads((public / ELECTION / LISTING).read_bytes())
    assert {each["path"] for each in listed} == {path.relative_to(record).as_posix() for path in record.rglob("*") if path.is_file()}
    assert office.get(f"/records/{ELECTION}").status_code == 200
    report = office.get(f"/ballots/{ELECTION}/report", "sam").json()
    assert report["count"] == {"voters": len(whole.codes), "counted": VOTES, "discounted": 0, "challenged": 0}
    assert [each["votes"] for each in report["result"][0]["options"]][:2] == [8, 4]
    steps = [each["step"] for each in report["steps"]]
    assert steps == ["begin ceremony", "begin trial decryption", "open", "close", "exclude", "tally", "release"]
    assert len(logged(whole, "vote_evidence")) == VOTES
    for kind in ("ballot_opened", "ballot_closed", "votes_selected", "turnout_counted", "tally_made", "tally_decrypted", "record_released"):
        assert len(logged(whole, kind)) == 1, kind
