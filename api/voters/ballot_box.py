"""The ballot box: takes a vote once, as the bytes that came, and answers only when it is durable (COP-064 to COP-075).

A ballot is checked before the transaction, the cheapest things first and every proof last (`check`, which a process of its own can do). The
transaction then decides by the clock, keeps everybody to one vote, ends the voter's access methods and adds a leaf to the witnessed log.
"""

import hmac
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select, update

from api.audit.entry import Entry
from api.clock import Clock
from api.errors import Conflict, Invalid
from api.sealing import Place
from api.voters import log
from api.voters.access import DISCOUNTED, Access, add_method, end_all, find_access, lock_access, lock_voter
from api.voters.access_code import AccessCode
from api.voters.database import VoterDatabase
from api.voters.errors import BallotTaken, NoAccess
from api.voters.models import AccessMethod, Challenged, Seen, Vote, VoteStatus, VotingWindow
from api.voters.places import challenged_place, opening_place, status_place, vote_place
from api.voters.presented import count_opened
from api.voters.window import Window, check_open, lock_open
from engine.ballot import EncryptedBallot, OpenedBallot, Opening, nonce_commitments, verify_ballot
from engine.encoding import from_json
from engine.errors import EngineError
from engine.foresight import foresee_ballots
from engine.opening import verify_opening
from engine.parameters import Election

__all__ = [
    "LARGEST_BALLOT", "SEALED_TO_AUDIT", "BallotBox", "Checked", "Closed", "StoredBallot", "check", "check_challenged", "evidence_info",
    "place_of",
]  # fmt: skip

LARGEST_BALLOT = 4 * 2**20
"""Bytes of a ballot as received."""
MOST_CHECKS = 10
"""So many ballots may be opened with one access code to check the encryption."""
EVIDENCE_SIZE = 128
"""Bytes of time and address before they are sealed, filled up with blanks: no length tells an address."""
SEALED_TO_AUDIT = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
"""RFC 9180, as evidence of a vote is sealed; `info` is what it belongs to."""

_ROOM = 12 * 2**20  # of 16 MiB
_CODE = re.compile(rb'"confirmation_code":"([0-9A-F]{64})"\}\Z')
_CODE_AT = 100  # bytes from the end of a ballot, in which its confirmation code stands


@dataclass(frozen=True, slots=True)
class Checked:
    """A ballot in which everything is proved. `unique` are the values that no other ballot may have, in bytes."""

    content: bytes
    style: int
    confirmation_code: bytes
    unique: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class StoredBallot:
    """A ballot as received, with what became of it: Cast, Discounted or Challenged; `opening` of a challenged one."""

    content: bytes
    state: str
    opening: bytes | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """How a ballot was closed: how many votes and challenged ballots there are, and the log's size and root."""

    votes: int
    challenged: int
    log_size: int
    log_root: bytes


def check(content: bytes, style: int, election: Election) -> Checked:
    """Everything that can be checked of a ballot by itself, for a voter of that ballot style. Raises Invalid, and stores nothing."""
    if len(content) > LARGEST_BALLOT:
        raise Invalid(f"the ballot has {len(content)} bytes, more than {LARGEST_BALLOT}; nothing was stored")
    foresee_ballots([content], election)
    try:
        ballot = from_json(EncryptedBallot, content, election.group)
        if ballot.state is not None:
            raise Invalid("a ballot that is handed in has no state; nothing was stored")
        if ballot.style != style:
            raise Invalid("the ballot is not of this voter's ballot style; nothing was stored")
        verify_ballot(ballot, election)
    except EngineError as error:
        raise Invalid(f"the ballot is not valid: {_words(error)}; nothing was stored") from None
    alphas = (element.to_bytes() for element in nonce_commitments(ballot))
    unique = (ballot.confirmation_code, ballot.selection_encryption_identifier, *alphas)
    return Checked(content, ballot.style, ballot.confirmation_code, unique)


def check_challenged(content: bytes, opening: bytes, style: int, election: Election) -> tuple[Checked, OpenedBallot]:
    """As `check`, and that the ballot encrypts exactly what the opening says."""
    checked = check(content, style, election)
    if len(opening) > LARGEST_BALLOT:
        raise Invalid("the opening is too long; nothing was stored")
    try:
        ballot = from_json(EncryptedBallot, content, election.group)
        return checked, verify_opening(ballot, from_json(Opening, opening, election.group), election)
    except EngineError as error:
        raise Invalid(f"the ballot cannot be opened: {_words(error)}; nothing was stored") from None


def _words(error: EngineError) -> str:
    """What was wrong, without what the engine quotes of it: an answer repeats nothing that was sent."""
    return re.sub(r"(unknown member) .*|\S* (is not an integer)", r"\1\2", str(error), flags=re.DOTALL)


class BallotBox:
    """The votes of all ballots of one voter database."""

    def __init__(self, database: VoterDatabase, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._store, self._index = database.store, database.index

    def access(self, window: Window, code: AccessCode) -> Access:
        """Whose the code is. Raises NotOpen, or NoAccess."""
        with self._store.reading() as session:
            check_open(session, window, self._clock)
            return find_access(session, self._database, window, code)

    def open_form(self, window: Window, code: AccessCode) -> Access:
        """As `access`; that the form was opened is counted when this returns. Of a code that opens nothing nothing is written."""
        access = self.access(window, code)
        with self._store.transaction() as session:
            lock_open(session, window, self._clock)
            count_opened(session, access.code_hash)
        return access

    def was_cast(self, window: Window, code: AccessCode, content: bytes) -> bool:
        """Whether these very bytes were cast with this very code: then the answer is the same again, at any time."""
        with self._store.reading() as session:
            return self._is_there(session, window, code, content)

    def cast(self, window: Window, code: AccessCode, ballot: Checked, address: str) -> None:
        """Stores a vote from the network address `address`. When this returns it is durable; if it raises, nothing was stored. Raises
        NotOpen, NoAccess, BallotTaken, Overloaded."""
        store, election_id = self._store, window.election_id
        ballot_index = self._index.ballot(election_id, ballot.confirmation_code)
        with store.transaction() as session:
            if self._is_there(session, window, code, ballot.content):
                return
            now = lock_open(session, window, self._clock)
            try:
                access = self._find(session, window, code, ballot)
                attempt = lock_access(session, access)
            except NoAccess:
                if self._is_there(session, window, code, ballot.content):  # the same request, sent twice, came first
                    return
                raise
            evidence = seal_evidence(window, ballot_index, now, address)
            place = vote_place(ballot_index, access.voter_index, attempt, access.code_hash, evidence)
            vote = Vote(
                ballot_index=ballot_index,
                election_id=election_id,
                voter_index=access.voter_index,
                attempt=attempt,
                code_hash=access.code_hash,
                sealed=window.key.seal(ballot.content, place),
                evidence=evidence,
            )
            end_all(session, access.voter_index)
            self._put(session, window, ballot, vote)

    def challenge(self, window: Window, code: AccessCode, ballot: Checked, opening: bytes) -> None:
        """Stores a ballot that was opened. The access method stays as it is (CR-50, CR-51). The same again changes nothing. Raises as
        `cast` does."""
        ballot_index = self._index.ballot(window.election_id, ballot.confirmation_code)
        with self._store.transaction() as session:
            lock_open(session, window, self._clock)
            access = self._find(session, window, code, ballot)
            lock_access(session, access)
            found = session.get(Challenged, ballot_index)
            if found is not None and hmac.compare_digest(self._opened(window, found), ballot.content):
                return
            self._count_check(session, window, access)
            made = Challenged(
                ballot_index=ballot_index,
                election_id=window.election_id,
                sealed=window.key.seal(ballot.content, challenged_place(ballot_index)),
                sealed_opening=window.key.seal(opening, opening_place(ballot_index)),
            )
            self._put(session, window, ballot, made)

    def _count_check(self, session: Session, window: Window, access: Access) -> None:
        """Raises Conflict for more checks than one voter needs, or than trustees can open in one message each."""
        method = session.exec(select(AccessMethod).where(AccessMethod.code_hash == access.code_hash)).one()
        total = session.exec(select(func.count()).select_from(Challenged).where(Challenged.election_id == window.election_id)).one()
        if method.checks >= MOST_CHECKS or total >= most_challenged(window.election):
            raise Conflict("no more ballots can be checked with this code; your vote can still be cast, and nothing was stored")
        method.checks += 1
        session.add(method)

    def discount(
        self, window: Window, unique_identifier: str, decision: bytes, channel: str, entry: Entry | None = None
    ) -> AccessCode:
        """Marks the voter's vote, if there is one, as not counted, and issues a new access method in place of all others, in one
        transaction: the same steps and the same answer whether or not there is a vote (T4). `decision` says who decided, when and why; it
        is sealed; `entry` goes to the audit log. Raises NotFound, or NotOpen."""
        with self._store.transaction() as session:
            lock_open(session, window, self._clock)
            voter_index = lock_voter(session, self._database, window, unique_identifier)
            for ballot_index in session.exec(select(Vote.ballot_index).where(Vote.voter_index == voter_index)).all():
                if session.get(VoteStatus, (ballot_index, DISCOUNTED)) is None:
                    sealed = window.key.seal(decision, status_place(ballot_index, DISCOUNTED))
                    session.add(VoteStatus(ballot_index=ballot_index, status=DISCOUNTED, sealed=sealed))
            session.flush()
            end_all(session, voter_index)
            if entry is not None:
                self._database.note(session, entry)
            return add_method(session, self._database, window, voter_index, channel)

    def close(self, window: Window) -> Closed:
        """Fixes the set of ballots, and ends all access methods. Only from the moment on that the manifest names; called again, it answers
        the same. Raises Conflict before."""
        store, election_id = self._store, window.election_id
        with store.transaction() as session:
            row = session.exec(select(VotingWindow).where(VotingWindow.election_id == election_id).with_for_update()).one()
            if self._clock.now() < window.closes:
                raise Conflict(f"the ballot closes at {window.closes:%d.%m.%Y %H:%M} UTC, and no earlier")
            if row.abandoned:
                raise Conflict("the ballot was abandoned")
            row.closed = True
            session.add(row)
            session.exec(update(AccessMethod).where(col(AccessMethod.election_id) == election_id).values(ended=True))
            votes, challenged = (
                session.exec(select(func.count()).select_from(table).where(table.election_id == election_id)).one()
                for table in (Vote, Challenged)
            )
            frontier = log.frontier(session, election_id, window.key)
            return Closed(votes, challenged, frontier.size, frontier.root())

    def must_be_closed(self, window: Window) -> None:
        """Raises Conflict if the ballot is not closed yet."""
        with self._store.reading() as session:
            row = session.get(VotingWindow, window.election_id)
            if row is None or not row.closed:
                raise Conflict("the ballot is not closed yet")

    def ballots(self, window: Window) -> Iterator[StoredBallot]:
        """All ballots of a closed ballot, in no order that says anything. Raises Conflict before."""
        self.must_be_closed(window)
        with self._store.reading() as session:
            discounted = set(session.exec(select(VoteStatus.ballot_index).where(VoteStatus.status == DISCOUNTED)))
            votes = select(Vote).where(Vote.election_id == window.election_id)
            for vote in session.exec(votes.execution_options(yield_per=200)):
                content = window.key.open(vote.sealed, place_of(vote))
                yield StoredBallot(content, "Discounted" if vote.ballot_index in discounted else "Cast")
            challenged = select(Challenged).where(Challenged.election_id == window.election_id)
            for found in session.exec(challenged.execution_options(yield_per=200)):
                opening = window.key.open(found.sealed_opening, opening_place(found.ballot_index))
                yield StoredBallot(self._opened(window, found), "Challenged", opening)

    def evidence(self, window: Window) -> Iterator[tuple[bytes, bytes]]:
        """Of a closed ballot: a keyed hash of each vote, in the order of these hashes, and the vote's time and address, which the audit key
        alone opens. Raises Conflict before."""
        self.must_be_closed(window)
        with self._store.reading() as session:
            query = select(Vote.ballot_index, Vote.evidence).where(Vote.election_id == window.election_id).order_by(col(Vote.ballot_index))
            yield from session.exec(query.execution_options(yield_per=200))

    def _find(self, session: Session, window: Window, code: AccessCode, ballot: Checked) -> Access:
        access = find_access(session, self._database, window, code)
        if access.style != ballot.style:
            raise NoAccess
        return access

    def _is_there(self, session: Session, window: Window, code: AccessCode, content: bytes) -> bool:
        end = _CODE.search(content[-_CODE_AT:])
        vote = session.get(Vote, self._index.ballot(window.election_id, bytes.fromhex(end[1].decode()))) if end else None
        if vote is None or not hmac.compare_digest(vote.code_hash, self._index.access_code(code.number)):
            return False
        return hmac.compare_digest(window.key.open(vote.sealed, place_of(vote)), content)

    def _put(self, session: Session, window: Window, ballot: Checked, row: Vote | Challenged) -> None:
        """Stores a ballot, what no other may have in common with it, and its leaf. Raises BallotTaken."""
        values = sorted(self._index.values(window.election_id, list(ballot.unique)))
        if session.exec(select(Seen.value_index).where(col(Seen.value_index).in_(values))).first() is not None:
            raise BallotTaken
        session.add_all([row, *(Seen(value_index=value) for value in values)])
        try:
            session.flush()
        except IntegrityError:  # somebody else's transaction, with one of the values, has ended in between
            raise BallotTaken from None
        log.add(session, window.election_id, window.key, ballot.content)

    def _opened(self, window: Window, found: Challenged) -> bytes:
        return window.key.open(found.sealed, challenged_place(found.ballot_index))


def most_challenged(election: Election) -> int:
    """How many challenged ballots can be opened: the opened ballots, and each trustee's part of it, go through one message (`LARGEST`)."""
    opened = sum(
        100 + len(contest.label.encode()) + sum(120 + len(option.label.encode()) for option in contest.options)
        for contest in election.manifest.contests
    )
    return _ROOM // max(200 + opened, 600 + 2 * election.group.element_length)


def seal_evidence(window: Window, ballot_index: bytes, now: datetime, address: str) -> bytes:
    """Time and address of a vote, readable with the private half of the audit key alone (T3)."""
    content = json.dumps({"time": now.isoformat(timespec="seconds"), "address": address}).encode().ljust(EVIDENCE_SIZE)
    if len(content) > EVIDENCE_SIZE:
        raise Invalid("the network address is too long")
    return SEALED_TO_AUDIT.encrypt(content, window.audit_key, info=evidence_info(window.election_id, ballot_index))


def place_of(vote: Vote) -> Place:
    """Where a vote is sealed."""
    return vote_place(vote.ballot_index, vote.voter_index, vote.attempt, vote.code_hash, vote.evidence)


def evidence_info(election_id: str, ballot_index: bytes) -> bytes:
    """What a vote's evidence is bound to: it opens nowhere else."""
    return b"psephos evidence of a vote" + sha256(election_id.encode()).digest() + ballot_index
