"""All databases together: open them, bring them to this program's version, exchange their keys. For whoever installs the platform."""

from collections.abc import Sequence

from sqlalchemy import MetaData, inspect
from sqlmodel import select

from api.accounts import models as accounts
from api.audit import models as audit
from api.clock import Clock
from api.data_keys import DataKeys, KeyTable
from api.elections import models as elections
from api.elections.models import Election
from api.elections.states import State
from api.errors import Conflict
from api.migrating import check_version, differences, upgrade
from api.sealing import KeyRing
from api.settings import Settings
from api.store import Store
from api.users import models as users
from api.voters import models as voters
from api.voters.database import VoterDatabase
from api.voters.integrity import Integrity, check_integrity
from api.voters.models import VotingWindow
from api.voters.watch import entry_of

__all__ = ["KNOWN", "check_all", "check_voters", "open_store", "rotate_keys", "upgrade_all"]

KNOWN: dict[str, tuple[MetaData, type[KeyTable] | None]] = {
    "accounts": (accounts.TABLES, accounts.AccountKey),
    "audit": (audit.TABLES, audit.AuditKey),
    "elections": (elections.TABLES, None),
    "users": (users.TABLES, users.UserKey),
    "voters": (voters.TABLES, voters.VoterKey),
}
"""The tables of each database, and the one that holds its data keys."""


def open_store(settings: Settings, name: str, ring: KeyRing | None = None) -> Store:
    """A database, with the keys of the environment unless others are given. Raises SettingsError, KeysMissing or StoreError."""
    tables, key_table = KNOWN[name]
    if ring is None:
        ring = settings.keys.ring(name) if key_table else KeyRing.generate(name)  # what has no sealed field needs no keys
    return Store(name, settings.database(name), ring, tables)


def upgrade_all(settings: Settings, clock: Clock) -> list[str]:
    """Brings every database that the environment names to this program's version, and answers their names. Raises Conflict, before anything
    is changed, while a ballot is open (OP-11)."""
    stores = [open_store(settings, name) for name in sorted(settings.databases) if name in KNOWN]
    for store in stores:
        _refuse_while_open(store, clock)
    for store in stores:
        upgrade(store)
        store.close()
    return [store.name for store in stores]


def check_all(settings: Settings) -> dict[str, str]:
    """What each database has otherwise than this program declares; empty where nothing."""
    found = {}
    for name in sorted(set(settings.databases) & set(KNOWN)):
        store = open_store(settings, name)
        found[name] = differences(store)
        store.close()
    return found


def check_voters(settings: Settings, clock: Clock) -> Integrity:
    """Looks for rows of the voter database that its owner has edited, and notes for the audit log what came of it. Raises KeysMissing,
    StoreError."""
    store = open_store(settings, "voters")
    try:
        check_version(store)
        database = VoterDatabase(store)
        found = check_integrity(database)
        with store.transaction() as session:
            database.note(session, entry_of(found, clock.now()))
        return found
    finally:
        store.close()


def rotate_keys(settings: Settings, name: str, ring: KeyRing) -> int:
    """Seals all data keys of a database with the newest key of the ring (SV-25); answers how many. Raises KeysMissing if the ring lacks a
    key that one of them is sealed with; then nothing is changed."""
    key_table = KNOWN[name][1]
    if key_table is None:
        return 0
    store = open_store(settings, name, ring)
    try:
        return DataKeys(store, key_table).rotate(ring)
    finally:
        store.close()


def _refuse_while_open(store: Store, clock: Clock) -> None:
    """Of a database that has no tables yet nothing is open."""
    there: Sequence[str] = inspect(store.engine).get_table_names()
    if store.name == "elections" and "election" in there:
        with store.reading() as session:
            busy = session.exec(select(Election.election_id).where(Election.state == State.OPEN.value)).first() is not None
    elif store.name == "voters" and "voting_window" in there:
        now = clock.now()
        with store.reading() as session:
            rows = session.exec(select(VotingWindow)).all()
        busy = any(
            row.opens <= now < row.closes and not (row.closed or row.abandoned) for row in rows
        )
    else:
        busy = False
    if busy:
        raise Conflict(f"{store.name}: a ballot is open; databases are upgraded before or after, never meanwhile (OP-11)")
