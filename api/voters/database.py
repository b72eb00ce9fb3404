"""The voter database as its services have it: store, data keys, keyed hashes."""

from sqlmodel import Session

from api.audit.entry import Entry, Recorder
from api.data_keys import DataKeys
from api.outbox import OUTBOX_KEY, Relayed, note, relay
from api.store import Store
from api.voters.index import Index
from api.voters.models import Outbox, VoterKey

__all__ = ["VoterDatabase"]

_INDEX = "keyed hashes"


class VoterDatabase:
    """A migrated store called voters. The key of its keyed hashes is made when it is opened for the first time."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.keys = DataKeys(store, VoterKey)
        with store.transaction() as session:
            self.index = Index(self.keys.make(session, _INDEX).secret)
            self._outbox_key = self.keys.make(session, OUTBOX_KEY)

    def note(self, session: Session, entry: Entry) -> None:
        """Puts an entry on its way to the audit log, within the transaction that does what it speaks of."""
        note(session, Outbox, self._outbox_key, entry)

    def relay(self, audit: Recorder) -> Relayed:
        """Moves all such entries to the audit log. Raises as `api.outbox.relay`."""
        return relay(self.store, Outbox, self._outbox_key, audit)
