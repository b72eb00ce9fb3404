"""Takes the voters of a roll in parts, until as many are there as were announced (OP-13).

Every step may be repeated: what is there already changes nothing. Before the opening voters may be removed to whom nothing was issued.
"""

from collections.abc import Sequence

from sqlmodel import Session, col, func, insert, select

from api.errors import Conflict, NotFound
from api.voters.access import NewVoter, count_voters, insert_voters, lock_unfinished
from api.voters.database import VoterDatabase
from api.voters.models import AccessMethod, RemovedVoter, RollSize, Voter
from api.voters.window import Window

__all__ = ["announce", "check_whole", "remove_part", "take_part"]


def announce(database: VoterDatabase, window: Window, voters: int) -> None:
    """Says how many voters there have to be before the ballot is opened. Raises Conflict if it is open and that is another number."""
    with database.store.transaction() as session:
        opened = lock_unfinished(session, window).opened
        last = _last(session, window)
        if last is not None and last.voters == voters:
            return
        if opened:
            raise Conflict("the ballot is open: its roll does not change any more")
        session.add(RollSize(election_id=window.election_id, number=last.number + 1 if last else 1, voters=voters))


def take_part(database: VoterDatabase, window: Window, voters: Sequence[NewVoter]) -> None:
    """Makes those of them known who are not. Raises Conflict if the ballot is open and one of them is not, or was removed before; Invalid
    if one occurs twice."""
    indices = {database.index.voter(window.election_id, each.unique_identifier): each for each in voters}
    with database.store.transaction() as session:
        opened = lock_unfinished(session, window).opened
        names = list(indices)
        known = set(session.exec(select(Voter.voter_index).where(col(Voter.voter_index).in_(names))))
        if session.exec(select(RemovedVoter.voter_index).where(col(RemovedVoter.voter_index).in_(names))).first() is not None:
            raise Conflict("a voter of this part was removed before; nothing was changed")
        new = [each for index, each in indices.items() if index not in known]
        if new and opened:
            raise Conflict("the ballot is open: nobody is added to its voters any more")
        if len(indices) < len(voters):
            new = list(voters)  # which is refused
        insert_voters(session, database, window, new)


def remove_part(database: VoterDatabase, window: Window, unique_identifiers: Sequence[str]) -> None:
    """These may not vote any more. Raises NotFound if one is no voter; Conflict if the ballot is open, or something was issued to one."""
    indices = [database.index.voter(window.election_id, each) for each in unique_identifiers]
    with database.store.transaction() as session:
        opened = lock_unfinished(session, window).opened
        gone = set(session.exec(select(RemovedVoter.voter_index).where(col(RemovedVoter.voter_index).in_(indices))))
        rest = sorted(set(indices) - gone)
        if not rest:
            return
        if opened:
            raise Conflict("the ballot is open: nobody is removed from its voters any more")
        if session.exec(select(func.count()).select_from(Voter).where(col(Voter.voter_index).in_(rest))).one() < len(rest):
            raise NotFound("there is no such voter")
        if session.exec(select(AccessMethod.code_hash).where(col(AccessMethod.voter_index).in_(rest))).first() is not None:
            raise Conflict("somebody who was issued an access code would be removed; nothing was changed")
        session.execute(insert(RemovedVoter), [{"voter_index": each, "election_id": window.election_id} for each in rest])


def check_whole(database: VoterDatabase, window: Window) -> None:
    """Raises Conflict unless there are voters, and as many as were announced."""
    there = count_voters(database, window)
    if not there:
        raise Conflict("nobody can vote yet: there is no roll (psephos scrutineer roll)")
    with database.store.reading() as session:
        last = _last(session, window)
    if last is not None and last.voters != there:
        raise Conflict(f"the roll is not handed over whole: {there} of {last.voters} voters are there; run psephos scrutineer roll again")


def _last(session: Session, window: Window) -> RollSize | None:
    query = select(RollSize).where(RollSize.election_id == window.election_id).order_by(col(RollSize.number).desc())
    return session.exec(query).first()
