"""Access methods: issue them, find out whose one is, end them (COP-066 to COP-072). A secret passes.

A code is answered once, to be sent, and then forgotten: what stays is a keyed hash. Every step is the same whether or not the voter has
voted, so that nothing tells (T4).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlmodel import Session, col, func, insert, select, update

from api.audit.entry import Entry
from api.errors import Conflict, Invalid, NotFound
from api.voters.access_code import AccessCode
from api.voters.database import VoterDatabase
from api.voters.errors import NoAccess
from api.voters.models import AccessMethod, RemovedVoter, Vote, Voter, VoteStatus, VotingWindow
from api.voters.places import method_place, voter_place
from api.voters.window import Window
from engine.statutory import Method

__all__ = [
    "DISCOUNTED", "Access", "NewVoter", "add_method", "add_voters", "count_voters", "end_all", "find_access", "insert_voters",
    "issue", "lock_access", "lock_unfinished", "lock_voter", "reissue",
]  # fmt: skip

DISCOUNTED = "discounted"
_AT_ONCE = 5_000  # rows in one statement


@dataclass(frozen=True, slots=True)
class NewVoter:
    """Somebody who may vote: a unique identifier of this ballot, the index of the ballot style, and the methods that the voter has or may
    be moved to, if there are any but one."""

    unique_identifier: str
    style: int
    methods: tuple[Method, ...] = ()


@dataclass(frozen=True, slots=True)
class Access:
    """Whose a valid access code is, which ballot style it opens, and the methods that the voter has or may be moved to."""

    election_id: str
    voter_index: bytes
    code_hash: bytes
    style: int
    methods: tuple[Method, ...] = ()


def add_voters(database: VoterDatabase, window: Window, voters: Iterable[NewVoter]) -> int:
    """Makes voters known, in an order that says nothing; answers how many. All or none. Raises Conflict once the ballot is open or closed,
    or if an identifier is there already; Invalid if one occurs twice."""
    with database.store.transaction() as session:
        if lock_unfinished(session, window).opened:
            raise Conflict("the ballot is open: nobody is added to its voters any more")
        return insert_voters(session, database, window, voters)


def insert_voters(session: Session, database: VoterDatabase, window: Window, voters: Iterable[NewVoter]) -> int:
    """Within a transaction: adds voters, sorted by their keyed hashes. Raises as `add_voters`."""
    rows: list[dict[str, Any]] = []
    for voter in voters:
        voter_index = database.index.voter(window.election_id, voter.unique_identifier)
        methods = {"methods": [each.value for each in voter.methods]} if voter.methods else {}
        content = json.dumps({"unique_identifier": voter.unique_identifier, "style": voter.style, **methods}).encode()
        sealed = window.key.seal(content, voter_place(voter_index))
        rows.append({"voter_index": voter_index, "election_id": window.election_id, "sealed": sealed})
    rows.sort(key=lambda row: row["voter_index"])
    if any(first["voter_index"] == second["voter_index"] for first, second in pairwise(rows)):
        raise Invalid("the same unique identifier occurs twice")
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        names = [row["voter_index"] for row in some]
        if session.exec(select(Voter.voter_index).where(col(Voter.voter_index).in_(names))).first() is not None:
            raise Conflict("a unique identifier is there already; none was added")
        session.execute(insert(Voter), some)
    return len(rows)


def issue(database: VoterDatabase, window: Window, unique_identifier: str, channel: str) -> AccessCode:
    """A new access method beside those the voter has (COP-053). `channel` is how it will be sent. Raises NotFound, or Conflict once the
    ballot is closed."""
    with database.store.transaction() as session:
        lock_unfinished(session, window)
        voter_index = lock_voter(session, database, window, unique_identifier)
        return add_method(session, database, window, voter_index, channel)


def reissue(
    database: VoterDatabase, window: Window, unique_identifier: str, channel: str, entry: Entry | None = None
) -> AccessCode:
    """A new access method in place of all that the voter has, which end in the same transaction (COP-069); `entry` goes to the audit log
    with it. Raises as `issue` does."""
    with database.store.transaction() as session:
        lock_unfinished(session, window)
        voter_index = lock_voter(session, database, window, unique_identifier)
        end_all(session, voter_index)
        if entry is not None:
            database.note(session, entry)
        return add_method(session, database, window, voter_index, channel)


def count_voters(database: VoterDatabase, window: Window) -> int:
    """How many may vote."""
    with database.store.reading() as session:
        voters = session.exec(select(func.count()).select_from(Voter).where(Voter.election_id == window.election_id)).one()
        removed = select(func.count()).select_from(RemovedVoter).where(RemovedVoter.election_id == window.election_id)
        return voters - session.exec(removed).one()


def find_access(session: Session, database: VoterDatabase, window: Window, code: AccessCode) -> Access:
    """Whose the code is. Raises NoAccess, whatever the reason."""
    code_hash = database.index.access_code(code.number)
    row = session.exec(
        select(AccessMethod, Voter)
        .join(Voter, col(Voter.voter_index) == col(AccessMethod.voter_index))
        .where(AccessMethod.code_hash == code_hash, AccessMethod.election_id == window.election_id)
        .where(col(AccessMethod.ended).is_(other=False))
    ).first()
    if row is None:
        raise NoAccess
    method, voter = row
    members = json.loads(window.key.open(voter.sealed, voter_place(voter.voter_index)))
    methods = tuple(map(Method, members.get("methods", ())))
    return Access(window.election_id, method.voter_index, code_hash, members["style"], methods)


def lock_access(session: Session, access: Access) -> int:
    """Within a transaction that stores a vote: from here on no other vote, issue or re-issue of this voter comes between. Answers the
    number of the attempt. Raises NoAccess if the code has ended meanwhile."""
    session.exec(select(Voter.voter_index).where(Voter.voter_index == access.voter_index).with_for_update()).one()
    ended = session.exec(select(AccessMethod.ended).where(AccessMethod.code_hash == access.code_hash)).one()
    attempt = _attempt(session, access.voter_index)
    if ended or attempt is None:
        raise NoAccess
    return attempt


def _attempt(session: Session, voter_index: bytes) -> int | None:
    """The number that the voter's next vote would have: 1 more than there are, if all of those are discounted; None if one is not."""
    votes = session.exec(select(func.count()).select_from(Vote).where(Vote.voter_index == voter_index)).one()
    discounted = session.exec(
        select(func.count())
        .select_from(Vote)
        .join(VoteStatus, col(VoteStatus.ballot_index) == col(Vote.ballot_index))
        .where(Vote.voter_index == voter_index, VoteStatus.status == DISCOUNTED)
    ).one()
    return votes + 1 if votes == discounted else None


def end_all(session: Session, voter_index: bytes) -> None:
    """Ends all access methods of a voter."""
    session.exec(update(AccessMethod).where(col(AccessMethod.voter_index) == voter_index).values(ended=True))


def lock_unfinished(session: Session, window: Window) -> VotingWindow:
    """From here on the ballot cannot be opened or closed before the transaction ends. Raises NotFound, or Conflict if it is closed."""
    row = session.exec(select(VotingWindow).where(VotingWindow.election_id == window.election_id).with_for_update(read=True)).first()
    if row is None:
        raise NotFound("there is no such ballot")
    if row.closed or row.abandoned:
        raise Conflict("the ballot is closed; nothing was changed")
    return row


def lock_voter(session: Session, database: VoterDatabase, window: Window, unique_identifier: str) -> bytes:
    """A voter's index; from here on nothing else happens to the voter before the transaction ends. Raises NotFound."""
    voter_index = database.index.voter(window.election_id, unique_identifier)
    if session.exec(select(Voter.voter_index).where(Voter.voter_index == voter_index).with_for_update()).first() is None:
        raise NotFound("there is no such voter")
    if session.get(RemovedVoter, voter_index) is not None:
        raise NotFound("there is no such voter any more")
    return voter_index


def add_method(session: Session, database: VoterDatabase, window: Window, voter_index: bytes, channel: str) -> AccessCode:
    """A new access method. For somebody who has voted it has ended when it is made, and nobody can tell."""
    code = AccessCode.generate()
    code_hash = database.index.access_code(code.number)
    sealed = window.key.seal(json.dumps({"channel": channel}).encode(), method_place(code_hash, voter_index))
    ended = _attempt(session, voter_index) is None
    session.add(AccessMethod(code_hash=code_hash, election_id=window.election_id, voter_index=voter_index, sealed=sealed, ended=ended))
    return code
