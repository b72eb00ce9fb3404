"""When a ballot takes votes, and what they are checked against. Both are fixed before it opens; nothing here moves a close (T6)."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from sqlmodel import Session, select

from api.clock import Clock
from api.errors import Conflict, Invalid, NotFound
from api.sealing import DataKey
from api.voters import log
from api.voters.database import VoterDatabase
from api.voters.errors import NotOpen
from api.voters.models import VotingWindow
from api.voters.public import PublicElection
from engine.encoding import from_json, to_json
from engine.errors import EngineError
from engine.group import Group
from engine.parameters import Election

__all__ = ["PublicElection", "Window", "abandon_window", "check_open", "lock_open", "longest_ballot", "open_window", "prepare", "window_of"]


@dataclass(frozen=True, slots=True)
class Window:
    """A ballot's window, as prepared: `public` is the PublicElection in JSON, `election` the same as the engine has it; `key` seals what
    belongs to the ballot."""

    election_id: str
    opens: datetime
    closes: datetime
    public: bytes
    election: Election
    audit_key: X25519PublicKey
    key: DataKey = field(repr=False)

    @property
    def longest(self) -> int:
        """More bytes than any ballot, or opening, of this election has."""
        return longest_ballot(self.election)


def prepare(database: VoterDatabase, public: PublicElection, audit_key: bytes, group: Group) -> str:
    """Makes the ballot known, and answers its id: the manifest's election identifier. The same again changes nothing.

    `audit_key` is an X25519 public key, 32 bytes. Raises Invalid for what no ballot could be held with, Conflict if another ballot has the
    identifier.
    """
    try:
        manifest = public.election(group).manifest
        X25519PublicKey.from_public_bytes(audit_key)
    except (EngineError, ValueError) as error:
        raise Invalid(f"the ballot cannot be prepared: {error}") from None
    election_id = manifest.voting.election_identifier.hex()
    made = VotingWindow(
        election_id=election_id, opens=manifest.opens, closes=manifest.closes, election=to_json(public), audit_key=audit_key
    )
    with database.store.transaction() as session:
        found = session.get(VotingWindow, election_id)
        if found is not None:
            if (found.election, found.audit_key) != (made.election, audit_key):
                raise Conflict("a ballot with this identifier is prepared already, with other keys or another manifest")
            return election_id
        session.add(made)
        session.flush()
        log.begin(session, election_id, database.keys.make(session, election_id))
    return election_id


def open_window(database: VoterDatabase, election_id: str) -> None:
    """From now on votes are taken, in the period that the manifest names. Again changes nothing. Raises NotFound, Conflict."""
    with database.store.transaction() as session:
        row = _locked(session, election_id)
        if row.closed or row.abandoned:
            raise Conflict("the ballot has ended")
        row.opened = True
        session.add(row)


def abandon_window(database: VoterDatabase, election_id: str) -> None:
    """No votes are taken from now on, and those that were are never decrypted. Does nothing if there never was a window."""
    with database.store.transaction() as session:
        if session.get(VotingWindow, election_id) is not None:
            row = _locked(session, election_id)
            row.abandoned = True
            session.add(row)


def _locked(session: Session, election_id: str) -> VotingWindow:
    row = session.exec(select(VotingWindow).where(VotingWindow.election_id == election_id).with_for_update()).first()
    if row is None:
        raise NotFound("there is no such ballot")
    return row


def longest_ballot(election: Election) -> int:
    """More bytes than any ballot with all contests has: each number in hexadecimal, and as much again of what stands around it."""
    element, scalar = 2 * election.group.element_length + 40, 2 * election.group.scalar_length + 40
    size = 2000 + element
    for contest in election.manifest.contests:
        branches = 2 * (contest.selection_limit + 1) + sum(option.selection_limit + 1 for option in contest.options)
        size += 400 + 2 * element * len(contest.options) + 2 * scalar * branches
    return size


@lru_cache(maxsize=32)
def window_of(database: VoterDatabase, election_id: str, group: Group) -> Window:
    """A prepared ballot's window; remembered, for it never changes. Raises NotFound."""
    with database.store.reading() as session:
        row = session.get(VotingWindow, election_id)
    if row is None:
        raise NotFound("there is no such ballot")
    election = from_json(PublicElection, row.election, group).election(group)
    audit_key = X25519PublicKey.from_public_bytes(row.audit_key)
    return Window(election_id, row.opens, row.closes, row.election, election, audit_key, database.keys.get(election_id))


def lock_open(session: Session, window: Window, clock: Clock) -> datetime:
    """Within a transaction that stores a vote: from here on the ballot cannot be closed before it ends. Answers the time that counts, which
    is read when the lock is held. Raises NotOpen."""
    query = select(VotingWindow).where(VotingWindow.election_id == window.election_id)
    return _open_now(session.exec(query.with_for_update(read=True)).one(), window, clock)


def check_open(session: Session, window: Window, clock: Clock) -> datetime:
    """As `lock_open`, for a transaction that stores nothing."""
    return _open_now(session.exec(select(VotingWindow).where(VotingWindow.election_id == window.election_id)).one(), window, clock)


def _open_now(row: VotingWindow, window: Window, clock: Clock) -> datetime:
    now = clock.now()
    if not window.opens <= now < window.closes or not row.opened or row.closed or row.abandoned:
        opens, closes = (f"{each:%d.%m.%Y %H:%M} UTC" for each in (window.opens, window.closes))
        raise NotOpen(f"voting is open from {opens} to {closes}; nothing was stored")
    return now
