"""The data keys of a database, one for each ballot and one for its keyed hashes: kept in it, sealed (see `sealing`). A secret passes."""

import secrets
import threading

from sqlmodel import Session, SQLModel, select

from api.errors import NotFound
from api.sealing import DataKey, KeyRing
from api.store import Store

__all__ = ["DataKeys", "KeyTable"]


class KeyTable(SQLModel):
    """The columns of the table that a database keeps its data keys in, `name` being its primary key."""

    name: str
    sealed: bytes


class DataKeys:
    """Those of one store, in its `table`. Remembered once they are opened."""

    def __init__(self, store: Store, table: type[KeyTable]) -> None:
        self._store, self._table = store, table
        self._known: dict[str, DataKey] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> DataKey:
        """The data key of this name. Raises NotFound if there is none, or none any more."""
        with self._lock:
            if name not in self._known:
                with self._store.reading() as session:
                    row = session.get(self._table, name)
                if row is None:
                    raise NotFound(f"{self._store.name}: there is no such data key")
                self._known[name] = self._store.keys.open_data_key(row.sealed, name)
            return self._known[name]

    def make(self, session: Session, name: str) -> DataKey:
        """The data key of this name, made within a transaction if there is none yet."""
        row = session.get(self._table, name)
        if row is not None:
            return self._store.keys.open_data_key(row.sealed, name)
        key = DataKey(self._store.name, secrets.token_bytes(32))
        session.add(self._table(name=name, sealed=self._store.keys.seal_data_key(key, name)))
        session.flush()
        return key

    def destroy(self, name: str) -> None:
        """Deletes a data key, and so all that is sealed with it. There is no way back."""
        with self._store.transaction() as session:
            row = session.get(self._table, name)
            if row is not None:
                session.delete(row)
        with self._lock:
            self._known.pop(name, None)

    def rotate(self, ring: KeyRing) -> int:
        """Seals all data keys with the newest key of `ring`, in one transaction; answers how many. Afterwards older keys open nothing."""
        with self._store.transaction() as session:
            rows = session.exec(select(self._table).with_for_update()).all()
            for row in rows:
                row.sealed = ring.seal_data_key(ring.open_data_key(row.sealed, row.name), row.name)
                session.add(row)
        self._store.keys = ring
        return len(rows)
