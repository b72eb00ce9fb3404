"""The board of one ballot as the service itself sees it, which speaks for the scrutineer."""

from typing import TypeVar

from api.ceremony.board import Board
from api.ceremony.messages import Messages
from api.ceremony.paths import Author
from api.errors import NotFound
from engine.encoding import from_json
from engine.errors import FormatError
from engine.group import Group

__all__ = ["BoardMessages"]

T = TypeVar("T")
SCRUTINEER = Author(None)


class BoardMessages(Messages):
    """The messages of ballot `election_id`. What is published is the scrutineer's; a guardian's message is refused with Denied."""

    def __init__(self, board: Board, election_id: str, group: Group) -> None:
        self.group = group
        self._board, self._election_id = board, election_id
        self._there: set[str] = set()  # a message never goes away

    def has(self, name: str) -> bool:
        """Whether a message has this name."""
        if name not in self._there and self._board.has(self._election_id, name):
            self._there.add(name)
        return name in self._there

    def read(self, kind: type[T], name: str) -> T | None:
        """The message `name`, or None if it is not there. Raises FormatError if it is not what it should be, or damaged."""
        if not self.has(name):
            return None
        try:
            return from_json(kind, self._board.read(self._election_id, name), self.group)
        except (FormatError, NotFound) as error:
            raise FormatError(f"{name}: {error}") from None

    def publish(self, name: str, content: bytes) -> None:
        """Says it as the scrutineer. Raises Conflict if there is other content under the name, Denied for a guardian's message."""
        self._board.publish(self._election_id, SCRUTINEER, name, content)
