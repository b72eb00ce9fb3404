"""Finds rows of the voter database that its owner has edited, added or taken away (SV-16, COP-105c-iii-2).

Triggers stop the service's account; whoever owns the database can remove them. What he lacks are the keys: each row is sealed as a whole
(`places`), and votes, log, and what must not occur twice have to agree with one another. Not found here: that an unused access code was
ended or revived, how often a code was presented, that a decision to discount a vote was taken away, other states or another audit key of a
window, and a copy of the whole database as it once was. The first shows to its voter, the third in the audit log, the fourth against the
database of ballots, the last to the trustees who watch the witnessed log.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, col, func, select

from api.errors import NotFound, SealError
from api.sealing import DataKey, KeyRing, Place
from api.voters import log
from api.voters.access import DISCOUNTED
from api.voters.ballot_box import place_of
from api.voters.database import VoterDatabase
from api.voters.models import AccessMethod, Challenged, LogHead, LogLeaf, Seen, Vote, Voter, VoterKey, VoteStatus, VotingWindow
from api.voters.places import challenged_place, method_place, opening_place, status_place, voter_place
from engine.errors import EngineError
from engine.manifest import read_manifest
from engine.merkle import Frontier, leaf_hash

__all__ = ["Finding", "Integrity", "check_integrity"]

MOST = 1000
"""So many findings are listed; of more only how many there are."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, in which table of which ballot. No row is named: a keyed hash would tell whose it is to who has the keys."""

    election_id: str
    table: str
    what: str

    def __str__(self) -> str:
        return f"{self.table}, ballot {self.election_id[:16]}…: {self.what}"


@dataclass
class Integrity:
    """What was looked at, and what was found."""

    rows: int = 0
    count: int = 0
    findings: list[Finding] = field(default_factory=list)

    def add(self, election_id: str, table: str, what: str) -> None:
        """One more."""
        self.count += 1
        if len(self.findings) < MOST:
            self.findings.append(Finding(election_id, table, what))


def check_integrity(database: VoterDatabase) -> Integrity:
    """Looks at every row of every ballot, as they stand at one moment."""
    found = Integrity()
    with database.store.reading() as session:
        expected, all_opened = 0, True
        windows = {each.election_id: each for each in session.exec(select(VotingWindow)).all()}
        for election_id, window in sorted(windows.items()):
            try:
                key = _key(session, database.store.keys, election_id)
            except (NotFound, SealError):
                found.add(election_id, "data_key", "the ballot's data key is missing or was changed")
                all_opened = False
                continue
            expected += _Ballot(session, database, window, key, found).check()
        tables: tuple[Any, ...] = (Voter, AccessMethod, Vote, Challenged, LogLeaf, LogHead)
        for table in tables:
            for election_id in session.exec(select(table.election_id).distinct()).all():
                if election_id not in windows:
                    found.add(election_id, table.__tablename__, "rows of a ballot that is not there")
        if all_opened and session.exec(select(func.count()).select_from(Seen)).one() != expected:
            found.add("", "seen", "other values than those of the ballots")
        known = select(Vote.ballot_index)
        if session.exec(select(func.count()).select_from(VoteStatus).where(col(VoteStatus.ballot_index).not_in(known))).one():
            found.add("", "vote_status", "a decision about no vote")
    return found


def _key(session: Session, ring: KeyRing, election_id: str) -> DataKey:
    """As it stands in the database now, not as it is remembered."""
    row = session.get(VoterKey, election_id)
    if row is None:
        raise NotFound("no such key")
    return ring.open_data_key(row.sealed, election_id)


class _Ballot:
    """The check of one ballot."""

    def __init__(self, session: Session, database: VoterDatabase, window: VotingWindow, key: DataKey, found: Integrity) -> None:
        self._session, self._index, self._window, self._key, self._found = session, database.index, window, key, found
        self._election_id = window.election_id
        self._leaves: Counter[bytes] = Counter()
        self._expected = 0
        self._methods: dict[bytes, bytes] = {}

    def check(self) -> int:
        """Answers how many values must be kept that no two ballots may have in common."""
        self._check_window()
        self._check_voters()
        self._check_votes()
        self._check_challenged()
        self._check_log()
        return self._expected

    def _rows(self, table: Any) -> Iterator[Any]:
        query = select(table).where(table.election_id == self._election_id).execution_options(yield_per=500)
        for row in self._session.exec(query):
            self._found.rows += 1
            yield row

    def _wrong(self, table: str, what: str) -> None:
        self._found.add(self._election_id, table, what)

    def _opened(self, sealed: bytes, place: Place) -> bytes | None:
        try:
            return self._key.open(sealed, place)
        except SealError:
            self._wrong(place.table, f"{place.column} or another column of the row was changed")
            return None

    def _check_window(self) -> None:
        window = self._window
        self._found.rows += 1
        try:
            manifest = read_manifest(bytes.fromhex(json.loads(window.election)["manifest"]))
        except (ValueError, KeyError, TypeError, EngineError):
            self._wrong("voting_window", "election was changed")
            return
        if (manifest.voting.election_identifier.hex(), manifest.opens, manifest.closes) != (self._election_id, window.opens, window.closes):
            self._wrong("voting_window", "opens, closes or the manifest was changed")

    def _check_voters(self) -> None:
        for voter in self._rows(Voter):
            content = self._opened(voter.sealed, voter_place(voter.voter_index))
            if content is None:
                continue
            if self._index.voter(self._election_id, json.loads(content)["unique_identifier"]) != voter.voter_index:
                self._wrong("voter", "voter_index is another voter's")
        for method in self._rows(AccessMethod):
            self._opened(method.sealed, method_place(method.code_hash, method.voter_index))
            self._methods[method.code_hash] = method.voter_index

    def _check_votes(self) -> None:
        of_ballot = select(VoteStatus).join(Vote).where(Vote.election_id == self._election_id)
        discounted = set()
        for status in self._session.exec(of_ballot):
            self._found.rows += 1
            if self._opened(status.sealed, status_place(status.ballot_index, status.status)) is not None and status.status == DISCOUNTED:
                discounted.add(status.ballot_index)
        attempts: dict[bytes, list[tuple[int, bool]]] = defaultdict(list)
        for vote in self._rows(Vote):
            attempts[vote.voter_index].append((vote.attempt, vote.ballot_index in discounted))
            if self._methods.get(vote.code_hash) != vote.voter_index:
                self._wrong("vote", "cast with an access code that is not this voter's")
            content = self._opened(vote.sealed, place_of(vote))
            if content is not None:
                self._taken("vote", vote.ballot_index, content)
        for each in attempts.values():
            each.sort()
            if [attempt for attempt, _ in each] != list(range(1, len(each) + 1)) or not all(gone for _, gone in each[:-1]):
                self._wrong("vote", "a voter has votes that do not follow one another, or two that count")
        voted = {voter_index for voter_index, each in attempts.items() if not each[-1][1]}
        query = select(AccessMethod.voter_index).where(AccessMethod.election_id == self._election_id)
        if voted & set(self._session.exec(query.where(col(AccessMethod.ended).is_(other=False))).all()):
            self._wrong("access_method", "ended: a code is alive whose voter has voted")

    def _check_challenged(self) -> None:
        for row in self._rows(Challenged):
            content = self._opened(row.sealed, challenged_place(row.ballot_index))
            self._opened(row.sealed_opening, opening_place(row.ballot_index))
            if content is not None:
                self._taken("challenged", row.ballot_index, content)

    def _taken(self, table: str, ballot_index: bytes, content: bytes) -> None:
        """A ballot that was accepted: its code is the row's, its leaf in the log, its values among those that must not occur again."""
        self._leaves[leaf_hash(content)] += 1
        ballot = json.loads(content)
        if self._index.ballot(self._election_id, bytes.fromhex(ballot["confirmation_code"])) != ballot_index:
            self._wrong(table, "ballot_index is another ballot's")
        values = [bytes.fromhex(each) for each in _unique(ballot)]
        self._expected += len(values)
        indices = list(self._index.values(self._election_id, values))
        there = self._session.exec(select(func.count()).select_from(Seen).where(col(Seen.value_index).in_(indices))).one()
        if there != len(values):
            self._wrong("seen", "a value of a ballot is missing: the ballot could be handed in again")

    def _check_log(self) -> None:
        frontier, leaves, in_order = Frontier(), self._leaves.copy(), True
        query = select(LogLeaf).where(LogLeaf.election_id == self._election_id).order_by(col(LogLeaf.position))
        for position, row in enumerate(self._session.exec(query.execution_options(yield_per=500))):
            self._found.rows += 1
            leaf = self._opened(row.sealed, log.leaf_place(self._election_id, row.position))
            in_order = in_order and row.position == position
            if leaf is not None:
                frontier = frontier.add(leaf)
                leaves[leaf] -= 1
        if not in_order:
            self._wrong("log_leaf", "a leaf is missing or was moved")
        if any(leaves.values()):
            self._wrong("log_leaf", "the leaves are not those of the votes and challenged ballots")
        head = self._session.get(LogHead, self._election_id)
        if head is None:
            self._wrong("log_head", "is missing")
            return
        roots = self._opened(head.sealed, log.head_place(self._election_id))
        if roots is not None and (head.size, roots) != (frontier.size, b"".join(frontier.roots)):
            self._wrong("log_head", "size or roots are not those of the leaves")


def _unique(ballot: dict[str, Any]) -> Iterator[str]:
    """Confirmation code, id_B and every α of a ballot, in hexadecimal, as `check` has them."""
    yield ballot["confirmation_code"]
    yield ballot["id_b"]
    for contest in ballot["contests"].values():
        yield from (each["alpha"] for each in contest["ciphertexts"])
    yield ballot["ballot_nonce_ciphertext"]["c_0"]
