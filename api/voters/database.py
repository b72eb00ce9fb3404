"""The voter database as its services have it: store, data keys, keyed hashes."""

from api.data_keys import DataKeys
from api.store import Store
from api.voters.index import Index
from api.voters.models import VoterKey

__all__ = ["VoterDatabase"]

_INDEX = "keyed hashes"


class VoterDatabase:
    """A migrated store called voters. The key of its keyed hashes is made when it is opened for the first time."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.keys = DataKeys(store, VoterKey)
        with store.transaction() as session:
            self.index = Index(self.keys.make(session, _INDEX).secret)
