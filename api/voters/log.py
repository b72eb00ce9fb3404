"""The witnessed log of a ballot: a leaf for every ballot taken, in the order of coming. It is not public while the ballot is open.

A leaf is the ballot as received. Its hash is kept sealed: with the published record in clear hashes would show who voted when.
"""

from sqlmodel import Session, col, select

from api.sealing import DataKey, Place
from api.voters.models import LogHead, LogLeaf
from engine.merkle import Frontier, leaf_hash

__all__ = ["add", "begin", "frontier", "head_place", "leaf_place", "leaves"]


def begin(session: Session, election_id: str, key: DataKey) -> None:
    """An empty log. `key` is the ballot's data key, here as everywhere."""
    session.add(LogHead(election_id=election_id, size=0, sealed=key.seal(b"", head_place(election_id))))


def add(session: Session, election_id: str, key: DataKey, content: bytes) -> None:
    """Adds a leaf. The last thing in a transaction: until its end nobody else can add one."""
    head = session.exec(select(LogHead).where(LogHead.election_id == election_id).with_for_update()).one()
    leaf = leaf_hash(content)
    grown = _frontier(head, key).add(leaf)
    session.add(LogLeaf(election_id=election_id, position=head.size, sealed=key.seal(leaf, leaf_place(election_id, head.size))))
    head.size, head.sealed = grown.size, key.seal(b"".join(grown.roots), head_place(election_id))
    session.add(head)


def frontier(session: Session, election_id: str, key: DataKey) -> Frontier:
    """How far the log goes."""
    return _frontier(session.exec(select(LogHead).where(LogHead.election_id == election_id)).one(), key)


def leaves(session: Session, election_id: str, key: DataKey) -> list[bytes]:
    """The hashes of all leaves, for proofs."""
    rows = session.exec(select(LogLeaf).where(LogLeaf.election_id == election_id).order_by(col(LogLeaf.position)))
    return [key.open(row.sealed, leaf_place(election_id, row.position)) for row in rows]


def _frontier(head: LogHead, key: DataKey) -> Frontier:
    roots = key.open(head.sealed, head_place(head.election_id))
    return Frontier(head.size, tuple(roots[at : at + 32] for at in range(0, len(roots), 32)))


def head_place(election_id: str) -> Place:
    """Of the roots."""
    return Place("log_head", "sealed", election_id.encode())


def leaf_place(election_id: str, position: int) -> Place:
    """Of a leaf's hash."""
    return Place("log_leaf", "sealed", f"{election_id}/{position}".encode())
