"""The user database: people, how to reach them, and what was sent to them (COP-078a). It holds no voting information: not how or when
somebody voted, nor whether, nor whether an access method was used, and nothing in it is written when somebody votes.
"""

from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from api.data_keys import KeyTable

__all__ = ["TABLES", "Dispatch", "Person", "Roll", "RollVersion", "StoredRules", "UserKey", "UserTable"]

_NO_ROWID = {"sqlite_with_rowid": False}


class UserTable(SQLModel, registry=registry()):
    """Base of this database: its own registry, so that nothing here can make or reach a table of another."""


class UserKey(KeyTable, UserTable, table=True):
    """The data keys of this database: one for each ballot, by its id, and that of its keyed hashes."""

    __tablename__ = "data_key"
    __table_args__ = _NO_ROWID

    name: str = Field(primary_key=True)


class Roll(UserTable, table=True):
    """The first electoral roll of a ballot: the SHA-256 of the file it was read from, and how many people stood on it."""

    __tablename__ = "roll"
    __table_args__ = _NO_ROWID

    election_id: str = Field(primary_key=True)
    digest: bytes
    people: int


class RollVersion(UserTable, table=True):
    """A roll as it was taken: the first has the version 1, the last counts. `sealed`: when it was checked, by which rules, and what was
    found, in numbers (COP-056.2). Rows are only added."""

    __tablename__ = "roll_version"
    __table_args__ = _NO_ROWID

    election_id: str = Field(primary_key=True, foreign_key="roll.election_id")
    version: int = Field(primary_key=True)
    digest: bytes
    people: int
    sealed: bytes


class StoredRules(UserTable, table=True):
    """Whose contacts are the employer's or the union's: the last version counts. Rows are only added."""

    __tablename__ = "contact_rules"
    __table_args__ = _NO_ROWID

    election_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    sealed: bytes


class Person(UserTable, table=True):
    """Somebody on a roll. `sealed`: unique identifier, membership reference, name, contacts, ballot style, methods; of somebody whom a
    later roll does not name any more, the unique identifier alone."""

    __tablename__ = "person"
    __table_args__ = _NO_ROWID

    person_index: bytes = Field(primary_key=True)
    election_id: str = Field(foreign_key="roll.election_id", index=True)
    sealed: bytes


class Dispatch(UserTable, table=True):
    """Something that was sent to a person, or came back. `sealed`: channel, state, time. Rows are only added."""

    __tablename__ = "dispatch"
    __table_args__ = _NO_ROWID

    dispatch_id: bytes = Field(primary_key=True)
    person_index: bytes = Field(foreign_key="person.person_index", index=True)
    sealed: bytes


TABLES = UserTable.metadata
