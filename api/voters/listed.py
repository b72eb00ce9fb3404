"""Which ballots there are: what everybody may know without a code. Nothing about votes or voters."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from sqlmodel import col, select

from api.voters.database import VoterDatabase
from api.voters.models import VotingWindow
from api.voters.public import PublicElection
from api.voters.window import window_of
from engine.encoding import from_json
from engine.group import Group
from engine.manifest import read_manifest

__all__ = ["Listed", "listed", "made_for"]


@dataclass(frozen=True, slots=True)
class Listed:
    """A ballot: names and times as its manifest has them, and whether it was opened and closed."""

    election_id: str
    label: str
    union: str
    opens: str
    closes: str
    opened: bool
    closed: bool


def listed(database: VoterDatabase, group: Group) -> list[Listed]:
    """All ballots that are prepared in this database and not abandoned, in the order in which they open."""
    query = select(VotingWindow.election_id, VotingWindow.opened, VotingWindow.closed).where(col(VotingWindow.abandoned).is_(False))
    with database.store.reading() as session:
        rows = session.exec(query.order_by(col(VotingWindow.opens), col(VotingWindow.election_id))).all()
    return [Listed(election_id, *_told(database, election_id, group), opened, closed) for election_id, opened, closed in rows]


def made_for(database: VoterDatabase, group: Group, known: Collection[str] = ()) -> dict[str, str]:
    """What the manifests of all ballots that take votes, or will, say of the device that encrypts them, by the ballots' ids; without those
    that are known."""
    coming = [each.election_id for each in listed(database, group) if not each.closed and each.election_id not in known]
    return {each: window_of(database, each, group).election.manifest.voting.device_information for each in coming}


@lru_cache(maxsize=1024)
def _told(database: VoterDatabase, election_id: str, group: Group) -> tuple[str, str, str, str]:
    """Label, union, opens, closes; remembered, for they never change."""
    with database.store.reading() as session:
        content = session.exec(select(VotingWindow.election).where(VotingWindow.election_id == election_id)).one()
    manifest = read_manifest(from_json(PublicElection, content, group).manifest)
    return manifest.label, manifest.voting.union, manifest.voting.opens, manifest.voting.closes
