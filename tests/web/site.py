"""A voting service with the voter's pages on this machine, for browsers: real parameters, HTTP, SQLite, and a clock that the test sets."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from sqlmodel import func, select

from api.app import VotingSettings, create_voting_app
from api.migrating import upgrade
from api.pages import pages_folder, read_pages
from api.sealing import KeyRing
from api.store import Store
from api.voters.access import NewVoter, issue
from api.voters.access_code import AccessCode
from api.voters.ballot_box import BallotBox, StoredBallot, place_of
from api.voters.checking import Checker
from api.voters.database import VoterDatabase
from api.voters.models import TABLES, Challenged, Vote
from api.voters.window import PublicElection, open_window, prepare, window_of
from engine.ballot import EncryptedBallot
from engine.encoding import from_json
from engine.group import STANDARD
from engine.manifest import read_manifest
from engine.statutory import Method
from tests.api.voting import AUDIT, SetClock, admit
from tests.engine.elections import hold_ceremony, manifest_bytes

SPOIL = {"label": "Spoil this question", "spoil": True}
STRIKE = {"label": "Are you prepared to take part in a strike?", "options": [{"label": "Yes, I am"}, {"label": "No, I am not"}, SPOIL]}
SHORT = {
    "label": "Are you prepared to take action short of a strike?",
    "options": [{"label": "Yes, to this too"}, {"label": "No, not to this"}, SPOIL],
}
SEVERAL = {
    "label": "Executive council", "selection_limit": 3, "options": [*({"label": f"Candidate {letter}"} for letter in "ABCDEF"), SPOIL],
}  # fmt: skip
POINTS = {"label": "Priorities", "selection_limit": 5, "options": [{"label": f"Aim {letter}", "selection_limit": 3} for letter in "XYZ"]}
CONTESTS = [STRIKE, SHORT, SEVERAL, POINTS]
STYLES = [{"label": "One", "contests": [1]}, {"label": "Two", "contests": [1, 2]}, {"label": "All", "contests": [1, 2, 3, 4]}]


@dataclass
class Site:
    """The service at `address`. Voters are made as they are asked for."""

    folder: Path
    contests: Sequence[dict[str, Any]] = field(default_factory=lambda: CONTESTS)
    styles: Sequence[dict[str, Any]] = field(default_factory=lambda: STYLES)
    label: str = "Ballot on a strike"
    statutory: dict[str, Any] | None = None
    support: str = ""
    also: str = ""  # another address at which browsers reach it

    def __post_init__(self) -> None:
        now = datetime.now(UTC).replace(microsecond=0)
        times = {"opens": now - timedelta(hours=1), "closes": now + timedelta(hours=9), "record_due": now + timedelta(days=365)}
        written = {name: f"{moment:%Y-%m-%dT%H:%M:%SZ}" for name, moment in times.items()}
        more = {"statutory": self.statutory} if self.statutory else {}
        manifest = read_manifest(manifest_bytes(2, label=self.label, contests=self.contests, ballot_styles=self.styles, **written, **more))
        self.ceremony = hold_ceremony(2, 2, STANDARD, manifest)
        self.election = self.ceremony.election
        store = Store("voters", f"sqlite:///{self.folder}/voters.db", KeyRing.generate("voters"), TABLES)
        upgrade(store)
        self.database, self.clock = VoterDatabase(store), SetClock(now)
        public = PublicElection(manifest.content, 2, 2, self.election.vote_encryption_key, self.election.ballot_data_encryption_key)
        self.election_id = prepare(self.database, public, AUDIT.public_key().public_bytes_raw(), STANDARD)
        open_window(self.database, self.election_id)
        self.window, self.voters = window_of(self.database, self.election_id, STANDARD), 0
        self.box = BallotBox(self.database, self.clock)

    def __enter__(self) -> "Site":
        self._checker = Checker(1, 64)
        config = uvicorn.Config("unused", port=0, log_config=None)
        socket = config.bind_socket()
        self.address = f"http://127.0.0.1:{socket.getsockname()[1]}"
        settings = VotingSettings(hosts=[each.removeprefix("http://") for each in (self.address, self.also) if each], support=self.support)
        app = create_voting_app(self.database, settings, self.clock, STANDARD, self._checker, read_pages(pages_folder()))
        self._server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=5))
        self._thread = threading.Thread(target=self._server.run, args=([socket],), daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._checker.close()
        self.database.store.close()

    @property
    def page(self) -> str:
        """The address of the ballot's page, without a code."""
        return f"{self.address}/vote/{self.election_id[:16]}"

    def code(self, style: int = 1, *methods: Method) -> AccessCode:
        """The access code of a new voter."""
        self.voters += 1
        name = f"voter {self.voters}"
        admit(self.database, self.window, [NewVoter(name, style, methods)])
        return issue(self.database, self.window, name, "e-mail")

    def link(self, style: int = 1, *methods: Method) -> str:
        """A new voter's link."""
        return f"{self.page}#{self.code(style, *methods).compact()}"

    def count(self, table: type[Vote] | type[Challenged] = Vote) -> int:
        """How many votes there are, or challenged ballots."""
        with self.database.store.reading() as session:
            return session.exec(select(func.count()).select_from(table)).one()

    def votes(self) -> list[bytes]:
        """The votes as they are stored now."""
        with self.database.store.reading() as session:
            return [self.window.key.open(vote.sealed, place_of(vote)) for vote in session.exec(select(Vote))]

    def closed(self) -> list[StoredBallot]:
        """All ballots, after the close."""
        self.clock.moment = self.window.closes
        self.box.close(self.window)
        return list(self.box.ballots(self.window))

    def decrypted(self, content: bytes) -> list[list[int]]:
        """What a ballot encrypts, with the key that nobody holds outside a test."""
        ballot, s = from_json(EncryptedBallot, content, STANDARD), self.ceremony.secret_key()
        K = self.election.vote_encryption_key
        found = []
        for _, contest in ballot.contests:
            powers = [each.beta * (each.alpha**s).inverse() for each in contest.pairs()]
            found.append([next(t for t in range(10) if K ** STANDARD.scalar(t) == power) for power in powers])
        return found
