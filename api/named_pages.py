"""Whether the pages that are served are those that ballots' manifests name: votes of others would not be what the record says (CL-01)."""

from api.logs import exception_members, logger
from api.pages import Pages
from api.voters.database import VoterDatabase
from api.voters.listed import made_for
from engine.group import Group

__all__ = ["NamedPages"]

_log = logger(__name__)


class NamedPages:
    """Compares the pages with the manifests of all ballots that take votes, or will: with each once, for neither ever changes. Ballots are
    prepared while the service runs, so it is asked again and again."""

    def __init__(self, database: VoterDatabase, group: Group, pages: Pages) -> None:
        self._database, self._group, self._pages = database, group, pages
        self._compared: set[str] = set()

    def compare(self) -> None:
        """Writes an error if there are ballots, not compared before, that name other pages. If it cannot be known, a warning, and it is
        tried again the next time."""
        try:
            found = made_for(self._database, self._group, self._compared)
        except Exception as error:  # noqa: BLE001 - such as a database that does not answer: votes are taken all the same
            _log.warning("which pages the manifests name cannot be read", **exception_members(error))
            return
        others = sum(not self._pages.are_named(each) for each in found.values())
        if others:
            text = "these are not the pages that the manifest names: votes would come from others"
            _log.error(text, sha256=self._pages.digest, count=others)
        self._compared |= found.keys()
