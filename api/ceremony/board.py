"""The message board of one ballot: messages are put there once, by who they are from, and never changed. Whoever reads one checks it."""

import hmac
from dataclasses import dataclass
from hashlib import sha256

from sqlmodel import Session, col, func, select

from api.ceremony.paths import LARGEST, Author, author_of, said_before, when
from api.elections.models import BoardMessage, Election
from api.elections.states import State
from api.errors import Conflict, Invalid, NotFound
from api.store import Store

__all__ = ["Board", "Listed"]

_ENDED = (State.RELEASED, State.ARCHIVED, State.ABANDONED)
_MOST_MESSAGES, _MOST_BYTES = 1_000, 2**28
"""Of one guardian. The scrutineer's are not limited."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A message that is there: its place in the order of coming, from 1, its name, and its SHA-256."""

    position: int
    name: str
    digest: bytes


class Board:
    """The boards of all ballots in the database called elections."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def publish(self, election_id: str, author: Author, name: str, content: bytes) -> Listed:
        """Puts a message on the board. The same content again changes nothing and answers the same. Raises NotFound, Denied, Invalid, or
        Conflict if there is other content under the name, or once the ballot has ended."""
        author.must_be_author_of(name)
        if len(content) > LARGEST:
            raise Invalid(f"a message has at most {LARGEST} bytes")
        digest = sha256(content).digest()
        with self._store.transaction() as session:
            election = session.exec(select(Election).where(Election.election_id == election_id).with_for_update()).first()
            if election is None:
                raise NotFound("there is no such ballot")
            found = session.get(BoardMessage, (election_id, name))
            if found is not None:
                if not hmac.compare_digest(found.digest, digest):
                    raise Conflict("there is a message of that name with other content; nothing was changed")
                return Listed(found.position, name, digest)
            if election.state in _ENDED:
                raise Conflict(f"the ballot is {election.state}: nothing more is said")
            if author.guardian is not None:
                self._check_turn(session, election_id, State(election.state), name)
                self._check_share(session, election_id, author.guardian, len(content))
            position = self._count(session, election_id) + 1
            session.add(BoardMessage(election_id=election_id, name=name, position=position, digest=digest, content=content))
        return Listed(position, name, digest)

    def read(self, election_id: str, name: str) -> bytes:
        """A message. Raises NotFound, also for one that the database gives back otherwise than it was put there."""
        with self._store.reading() as session:
            found = session.get(BoardMessage, (election_id, name))
        if found is None:
            raise NotFound("there is no such message yet")
        if not hmac.compare_digest(sha256(found.content).digest(), found.digest):
            raise NotFound("the message was damaged in the database")
        return found.content

    def has(self, election_id: str, name: str) -> bool:
        """Whether there is a message of this name."""
        query = select(BoardMessage.position).where(BoardMessage.election_id == election_id, BoardMessage.name == name)
        with self._store.reading() as session:
            return session.exec(query).first() is not None

    def listed(self, election_id: str, after: int = 0, most: int = 500) -> list[Listed]:
        """The messages that came after the `after`-th, in order, at most so many. Raises NotFound if there is no such ballot."""
        with self._store.reading() as session:
            if session.get(Election, election_id) is None:
                raise NotFound("there is no such ballot")
            rows = session.exec(
                select(BoardMessage.position, BoardMessage.name, BoardMessage.digest)
                .where(BoardMessage.election_id == election_id, col(BoardMessage.position) > after)
                .order_by(col(BoardMessage.position))
                .limit(most)
            ).all()
        return [Listed(position, name, digest) for position, name, digest in rows]

    def names(self, election_id: str) -> list[str]:
        """The names of all messages."""
        with self._store.reading() as session:
            return list(session.exec(select(BoardMessage.name).where(BoardMessage.election_id == election_id)))

    def digests(self, election_id: str, folder: str) -> dict[str, bytes]:
        """The SHA-256 of every message in a folder, by its name, without reading one."""
        query = select(BoardMessage.name, BoardMessage.digest).where(BoardMessage.election_id == election_id)
        with self._store.reading() as session:
            return dict(session.exec(query.where(col(BoardMessage.name).startswith(f"{folder}/", autoescape=True))).all())

    def _check_turn(self, session: Session, election_id: str, state: State, name: str) -> None:
        """Raises Conflict for what is not to be said now: a trustee who speaks out of turn could otherwise stop a count (OP-01)."""
        if state not in when(name):
            raise Conflict(f"the ballot is {state}: that is not said now")
        for needed in said_before(name):
            if session.get(BoardMessage, (election_id, needed)) is None:
                raise Conflict("nobody has asked for that yet")

    def _check_share(self, session: Session, election_id: str, guardian: int, length: int) -> None:
        """Raises Conflict if a guardian's messages would be more, or longer, than any ballot needs: nobody fills the board for others."""
        query = select(BoardMessage.name, func.length(BoardMessage.content)).where(BoardMessage.election_id == election_id)
        own = [size for name, size in session.exec(query) if author_of(name) == guardian]
        if len(own) >= _MOST_MESSAGES or sum(own) + length > _MOST_BYTES:
            raise Conflict(f"guardian {guardian} has said as much as one may; tell the scrutineer")

    def _count(self, session: Session, election_id: str) -> int:
        return session.exec(select(func.count()).select_from(BoardMessage).where(BoardMessage.election_id == election_id)).one()
