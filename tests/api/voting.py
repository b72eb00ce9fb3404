"""A small election with voters, for the tests of the ballot box."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from api.clock import Clock
from api.voters.access import NewVoter, insert_voters, issue
from api.voters.access_code import AccessCode
from api.voters.ballot_box import BallotBox, Checked, check
from api.voters.database import VoterDatabase
from api.voters.models import TABLES
from api.voters.window import PublicElection, Window, open_window, prepare, window_of
from engine.encoding import to_json
from tests.api.conftest import MakeStore
from tests.engine.elections import YES, a_ballot, a_manifest, hold_ceremony
from tests.groups import TOY

AUDIT = X25519PrivateKey.from_private_bytes(bytes(range(32)))
ADDRESS = "2001:db8::1"
CEREMONY = hold_ceremony(3, 2)
ELECTION = CEREMONY.election
MANIFEST = a_manifest(3)
OPEN = MANIFEST.opens + timedelta(days=1)


class SetClock(Clock):
    """A clock that stands where the test puts it."""

    def __init__(self, moment: datetime) -> None:
        super().__init__()
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def jump(self) -> timedelta:
        return timedelta(0)


def public_election() -> PublicElection:
    K, K_hat = ELECTION.vote_encryption_key, ELECTION.ballot_data_encryption_key
    return PublicElection(ELECTION.manifest.content, 3, 2, K, K_hat)


@dataclass
class Voting:
    """An open ballot; voter n has the unique identifier `voter n` and ballot style One."""

    database: VoterDatabase
    clock: SetClock = field(default_factory=lambda: SetClock(OPEN))
    opened: bool = True

    def __post_init__(self) -> None:
        self.election_id = prepare(self.database, public_election(), AUDIT.public_key().public_bytes_raw(), TOY)
        if self.opened:
            open_window(self.database, self.election_id)
        self.window: Window = window_of(self.database, self.election_id, TOY)
        self.box = BallotBox(self.database, self.clock)

    def voters(self, count: int, style: int = 1) -> list[AccessCode]:
        """So many voters, each with an access code."""
        names = [f"voter {number}" for number in range(1, count + 1)]
        admit(self.database, self.window, [NewVoter(name, style) for name in names])
        return [issue(self.database, self.window, name, "e-mail") for name in names]

    def cast(self, code: AccessCode, ballot: Checked | None = None) -> Checked:
        ballot = ballot or checked()
        self.box.cast(self.window, code, ballot, ADDRESS)
        return ballot

    def close(self) -> None:
        self.clock.moment = self.window.closes
        self.box.close(self.window)


def checked(*choices: Sequence[int]) -> Checked:
    """A fresh ballot, checked."""
    ballot, _ = a_ballot(ELECTION, *(choices or (YES,)))
    return check(to_json(ballot), len(choices or (YES,)), ELECTION)


def admit(database: VoterDatabase, window: Window, voters: Iterable[NewVoter]) -> int:
    """Makes voters known although the ballot is open, as no service can."""
    with database.store.transaction() as session:
        return insert_voters(session, database, window, voters)


def a_voting(make_store: MakeStore) -> Voting:
    return Voting(VoterDatabase(make_store("voters", TABLES)))


def utc(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)
