"""Where trustees and scrutineer speak to each other, whatever carries it: an election folder, a copy of the board, the board itself."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import Protocol, TypeVar

from engine.errors import FormatError
from engine.group import Group

__all__ = ["Messages"]

T = TypeVar("T")


class Messages(Protocol):
    """The messages of one ballot, by the names that they have in an election folder. Each is said once and never changed."""

    group: Group

    @abstractmethod
    def has(self, name: str) -> bool:
        """Whether something has this name, be it what it should be or not."""

    @abstractmethod
    def read(self, kind: type[T], name: str) -> T | None:
        """The message `name`, or None if it is not there. Raises FormatError if it is not what it should be."""

    @abstractmethod
    def publish(self, name: str, content: bytes) -> None:
        """Says it. The same content again is nothing new; other content under the name is an error."""

    def read_all(self, kind: type[T], folder: str, guardians: Iterable[int]) -> dict[int, T]:
        """Those messages of these guardians in `folder` that are there, by guardian. Raises FormatError for one in another's name."""
        found = {}
        for i in guardians:
            name = f"{folder}/guardian_{i}.json"
            message = self.read(kind, name)
            if message is not None:
                author = getattr(message, "guardian", None) or getattr(message, "index", None)
                if author != i:
                    raise FormatError(f"{name} is a message of guardian {author}, not of guardian {i}")
                found[i] = message
        return found
