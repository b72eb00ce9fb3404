"""The account database as its services have it: store, data keys, keyed hashes."""

from sqlmodel import Session, select

from api.accounts.index import Index
from api.accounts.models import Account, AccountKey, AttemptCount, PermissionHead
from api.data_keys import DataKeys
from api.errors import NotFound
from api.sealing import DataKey, Place
from api.store import Store

__all__ = ["PERMISSIONS", "AccountDatabase", "password_place"]

PERMISSIONS = "permissions"
"""Name of the one row of PermissionHead."""
_INDEX = "keyed hashes"
_BUCKETS = 16


class AccountDatabase:
    """A migrated store called accounts. The key of its keyed hashes is made when it is opened for the first time."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.keys = DataKeys(store, AccountKey)
        with store.transaction() as session:
            self.index = Index(self.keys.make(session, _INDEX).secret)
            if session.get(PermissionHead, PERMISSIONS) is None:
                session.add(PermissionHead(name=PERMISSIONS))
                session.add_all(AttemptCount(subject=_bucket(number)) for number in range(_BUCKETS))

    def find(self, session: Session, sign_in_name: str) -> tuple[Account | None, str]:
        """The account that signs in with this name, if there is one that has not ended, and under what its attempts are counted."""
        name_index = self.index.sign_in_name(sign_in_name)
        account = session.exec(select(Account).where(Account.name_index == name_index)).first()
        if account is None or account.ended:
            return None, _bucket(name_index[0] % _BUCKETS)
        return account, account.account_id

    def lock(self, session: Session, account_id: str) -> Account:
        """An account that has not ended; from here on nobody else changes it before the transaction ends. Raises NotFound."""
        query = select(Account).where(Account.account_id == account_id)
        account = session.exec(query.with_for_update(key_share=True)).first()  # rows that refer to it may be added meanwhile
        if account is None or account.ended:
            raise NotFound("there is no such account")
        return account

    def key(self, session: Session, account_id: str) -> DataKey:
        """The data key of an account, within a transaction that may make it."""
        return self.keys.make(session, account_id)


def password_place(account_id: str) -> Place:
    """Where the hash of an account's password stands."""
    return Place("account", "password", account_id.encode())


def _bucket(number: int) -> str:
    return f"unknown {number}"
