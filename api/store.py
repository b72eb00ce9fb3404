"""A database: its address, its sealing keys, its transactions. SQLite in a file by default, PostgreSQL in production.

Each service has one of its own, with its own tables (`models.py`), address, account and keys; none can reach another's.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, MetaData, create_engine, event, make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlmodel import Session

from api.errors import Invalid, Overloaded, StoreError
from api.sealing import KeyRing

__all__ = ["Store"]

_BUSY = 20
"""Seconds that a transaction waits for another one."""
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # what is acknowledged survives a power cut
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA cell_size_check=ON",
    f"PRAGMA busy_timeout={_BUSY * 1000}",
)


class Store:
    """The database called `name` at `address`, a URL as SQLAlchemy has them: sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME.

    Fields are sealed with `keys`. Raises StoreError for any other kind of address.
    """

    def __init__(self, name: str, address: str | URL, keys: KeyRing, tables: MetaData) -> None:
        self.name, self.keys, self.tables = name, keys, tables
        url = make_url(address)
        if url.get_backend_name() == "sqlite":
            self.engine = _sqlite(name, url)
        elif url.drivername == "postgresql+psycopg":
            self.engine = create_engine(
                url,
                isolation_level="READ COMMITTED",  # a statement sees what was committed before it: also what the one before waited for
                pool_pre_ping=True,
                hide_parameters=True,
                connect_args={"connect_timeout": 10, "options": f"-c lock_timeout={_BUSY}s -c timezone=UTC"},
            )
        else:
            raise StoreError(f"{name}: expected a database at sqlite:///FILE or postgresql+psycopg://…, got {url.drivername}")
        self._writer = threading.Lock()
        self._writing = self.engine.execution_options(psephos_writes=True)
        self._reading = self.engine if self.is_sqlite else self.engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a SQLite file."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A transaction that may write: all of it is durable once this ends, or, if anything is raised, nothing was done. In SQLite it is
        alone from its beginning on; in PostgreSQL it takes the locks it needs. Raises Overloaded if it had to wait too long or was in the
        way of another one, so that it may be tried again; StoreError if the database is not there."""
        with self._turn(), self._session(self._writing) as session, session.begin():
            session.connection()  # the transaction begins now and not with the first statement
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that sees one state of the database; it is not for writing."""
        with self._session(self._reading) as session, session.begin():
            yield session

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection in a transaction, for migrations."""
        with self._writing.connect() as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Lets go of all connections."""
        self.engine.dispose()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """SQLite lets those who wait try again and again, whoever is lucky first; within this process they take turns."""
        if not self.is_sqlite:
            yield
            return
        if not self._writer.acquire(timeout=_BUSY):
            raise Overloaded(f"{self.name}: the database is busy; nothing was stored", retry_after=1)
        try:
            yield
        finally:
            self._writer.release()

    @contextmanager
    def _session(self, engine: Engine) -> Iterator[Session]:
        try:
            with Session(engine, expire_on_commit=False) as session:
                yield session
        except OperationalError as error:
            if _is_contention(error):
                raise Overloaded(f"{self.name}: the database is busy; nothing was stored", retry_after=1) from None
            raise StoreError(f"{self.name}: the database does not answer: {type(error.orig).__name__}") from None
        except DataError:  # such as text with a NUL, which PostgreSQL has no place for
            raise Invalid("a value is none that can be stored or looked for; nothing was stored") from None
        except (IntegrityError, ProgrammingError):  # for the caller, who knows what was to be stored
            raise
        except DBAPIError as error:
            raise StoreError(f"{self.name}: the database cannot be used: {type(error.orig).__name__}") from None


def _sqlite(name: str, url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise StoreError(f"{name}: a SQLite database needs a file")
    _make_private(Path(url.database))
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": _BUSY})

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # transactions begin where `begun` says and nowhere else
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("psephos_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _make_private(path: Path) -> None:
    """A file that only its owner can read, before anything is in it; SQLite gives the files beside it the same mode."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def _is_contention(error: OperationalError) -> bool:
    """Locked too long (SQLite: 5, 6), serialisation failure, deadlock or lock not available (PostgreSQL)."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return (code is not None and code & 0xFF in (5, 6)) or getattr(error.orig, "sqlstate", None) in ("40001", "40P01", "55P03")
