"""A demonstration of a whole ballot in one folder: its platform, its people, and their commands, each a process of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from api.pages import REFERENCE_LENGTH
from cli.demo_people import Staff
from cli.demo_processes import finish, psephos
from cli.demo_services import DemoPlatform
from cli.demo_voters import TRUSTEES

__all__ = ["Demonstration"]


@dataclass
class Demonstration:
    """A demonstration in its folder, with its platform and people; `ballot` is the election's identifier."""

    folder: Path
    platform: DemoPlatform
    staff: Staff
    console: Console
    ballot: str = ""

    @property
    def scrutineers(self) -> tuple[Path, Path]:
        """The folders of the two persons who conduct the ballot."""
        return self.folder / "scrutineer_1", self.folder / "scrutineer_2"

    @property
    def voting_page(self) -> str:
        """Where the ballot is voted in, once somebody has a code."""
        return f"{self.platform.addresses['voting']}/vote/{self.ballot[:REFERENCE_LENGTH]}"

    @property
    def record_page(self) -> str:
        """Where the result is shown after its release: at the service that has the record, for no proxy stands before the services here."""
        return f"{self.platform.addresses['staff']}/record/{self.ballot[:REFERENCE_LENGTH]}"

    def conduct(self, number: int, *arguments: str) -> str:
        """A command of scrutineer 1 or 2."""
        return finish([psephos("scrutineer", arguments[0], str(self.scrutineers[number - 1]), *arguments[1:])])[0]

    def both(self, *arguments: str) -> str:
        """The same command of both, one after the other."""
        self.conduct(1, *arguments)
        return self.conduct(2, *arguments)

    def trustees(self, *arguments: str, of: Iterator[int] | None = None, wait: bool = False) -> list[str]:
        """A command of all trustees, or some of them, side by side."""
        numbers = list(of or range(1, TRUSTEES + 1))
        more = ["--wait"] if wait else []
        return finish([psephos("trustee", *arguments, *self.own(number), *more) for number in numbers])

    def own(self, number: int) -> list[str]:
        """The options that name a trustee's folders."""
        own = self.folder / f"trustee_{number}"
        return ["--election", str(own / "board"), "--own", str(own / "own"), "--passphrase-file", str(own / "passphrase")]
