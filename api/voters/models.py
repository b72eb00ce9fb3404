"""The voter database: unique identifiers, access methods, votes. It holds nothing about persons (COP-078b).

Whatever belongs to a voter is found by keyed hashes and sealed; primary keys are such hashes, or random, and no row says when it was
written. So neither the order of rows nor anything in them shows who voted when to somebody without the keys (PR-10). Only `VotingWindow`
holds times: those of the ballot.
"""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from api.data_keys import KeyTable
from api.moments import Utc
from api.outbox import OutboxTable

__all__ = [
    "TABLES", "AccessMethod", "Challenged", "LogHead", "LogLeaf", "Outbox", "RemovedVoter", "RollSize", "Seen", "Vote", "VoteStatus",
    "Voter", "VoterKey", "VoterTable", "VotingWindow",
]  # fmt: skip

_NO_ROWID = {"sqlite_with_rowid": False}  # SQLite then keeps rows in the order of their primary keys and numbers none of them


class VoterTable(SQLModel, registry=registry()):
    """Base of this database: its own registry, so that nothing here can make or reach a table of another."""


class VoterKey(KeyTable, VoterTable, table=True):
    """The data keys of this database: one for each ballot, by its id, and that of its keyed hashes."""

    __tablename__ = "data_key"
    __table_args__ = _NO_ROWID

    name: str = Field(primary_key=True)


class VotingWindow(VoterTable, table=True):
    """A ballot as far as taking votes goes: from `opens` to before `closes`, UTC, and what votes are checked against. `election` is public
    (to_json of what `prepare` is given); time and address of a vote are sealed to `audit_key`, X25519, whose private half is not here.

    Only `opened`, `abandoned` and `closed` ever change, once each, from false to true: nobody votes before two persons have opened it.
    """

    __tablename__ = "voting_window"
    __table_args__ = _NO_ROWID

    election_id: str = Field(primary_key=True)
    opens: datetime = Field(sa_type=Utc)
    closes: datetime = Field(sa_type=Utc)
    election: bytes
    audit_key: bytes
    opened: bool = False
    closed: bool = False
    abandoned: bool = False


class Voter(VoterTable, table=True):
    """Somebody who may vote. `sealed`: unique identifier, ballot style."""

    __tablename__ = "voter"
    __table_args__ = _NO_ROWID

    voter_index: bytes = Field(primary_key=True)
    election_id: str = Field(foreign_key="voting_window.election_id", index=True)
    sealed: bytes


class RollSize(VoterTable, table=True):
    """How many voters there have to be once the roll with this number, from 1, is handed over. Rows are only added; the last counts."""

    __tablename__ = "roll_size"
    __table_args__ = _NO_ROWID

    election_id: str = Field(primary_key=True, foreign_key="voting_window.election_id")
    number: int = Field(primary_key=True)
    voters: int


class RemovedVoter(VoterTable, table=True):
    """A voter whom a later roll, before the opening, does not name any more; nothing was ever issued to them. Rows are only added."""

    __tablename__ = "removed_voter"
    __table_args__ = _NO_ROWID

    voter_index: bytes = Field(primary_key=True, foreign_key="voter.voter_index")
    election_id: str = Field(foreign_key="voting_window.election_id", index=True)


class AccessMethod(VoterTable, table=True):
    """What opens one voting form for one voter (COP-066 to COP-070). The access code itself is sent and never stored. `sealed`: how it is
    sent. No row is deleted or used again; `ended` becomes true once, by the first vote, a re-issue or the close, and does not say which.
    `checks` counts the ballots that were opened with it to check the encryption, `opened` and `refused` how often it was presented and with
    what outcome, for the audit log after the close."""

    __tablename__ = "access_method"
    __table_args__ = _NO_ROWID

    code_hash: bytes = Field(primary_key=True)
    election_id: str = Field(foreign_key="voting_window.election_id", index=True)
    voter_index: bytes = Field(foreign_key="voter.voter_index", index=True)
    sealed: bytes
    ended: bool = False
    checks: int = 0
    opened: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    refused: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class Vote(VoterTable, table=True):
    """A ballot that was cast, as received. `attempt` is 1, or one more than the voter's discounted votes: the database itself keeps a voter
    to one vote an attempt. `evidence`: time and address, to the audit key. Never changed, never deleted (COP-075.1)."""

    __tablename__ = "vote"
    __table_args__ = (UniqueConstraint("voter_index", "attempt"), _NO_ROWID)

    ballot_index: bytes = Field(primary_key=True)
    election_id: str = Field(foreign_key="voting_window.election_id", index=True)
    voter_index: bytes = Field(foreign_key="voter.voter_index")
    attempt: int
    code_hash: bytes = Field(foreign_key="access_method.code_hash")
    sealed: bytes
    evidence: bytes


class VoteStatus(VoterTable, table=True):
    """What was decided about a vote after it was cast (T10): `status` is discounted or superseded. `sealed`: who, when and why. Rows are
    only added."""

    __tablename__ = "vote_status"
    __table_args__ = _NO_ROWID

    ballot_index: bytes = Field(primary_key=True, foreign_key="vote.ballot_index")
    status: str = Field(primary_key=True)
    sealed: bytes


class Challenged(VoterTable, table=True):
    """A ballot that was opened to check the encryption, with its opening. It is no vote and nobody's."""

    __tablename__ = "challenged"
    __table_args__ = _NO_ROWID

    ballot_index: bytes = Field(primary_key=True)
    election_id: str = Field(foreign_key="voting_window.election_id", index=True)
    sealed: bytes
    sealed_opening: bytes


class Seen(VoterTable, table=True):
    """Keyed hashes of what must not occur in two ballots: confirmation code, id_B, and every α, which shows the nonce."""

    __tablename__ = "seen"
    __table_args__ = _NO_ROWID

    value_index: bytes = Field(primary_key=True)


class LogHead(VoterTable, table=True):
    """How far a ballot's witnessed log goes: `size` leaves. Locked by whoever adds one. `sealed`: the roots of its complete subtrees."""

    __tablename__ = "log_head"
    __table_args__ = _NO_ROWID

    election_id: str = Field(primary_key=True, foreign_key="voting_window.election_id")
    size: int
    sealed: bytes


class LogLeaf(VoterTable, table=True):
    """A leaf's hash, sealed: in clear it would show the order in which the ballots of a published record were cast."""

    __tablename__ = "log_leaf"
    __table_args__ = _NO_ROWID

    election_id: str = Field(primary_key=True, foreign_key="voting_window.election_id")
    position: int = Field(primary_key=True)
    sealed: bytes


class Outbox(OutboxTable, VoterTable, table=True):
    """Entries on their way to the audit log. Rows are deleted when they have got there."""

    __tablename__ = "outbox"
    __table_args__ = _NO_ROWID

    id: bytes = Field(primary_key=True)


TABLES = VoterTable.metadata
