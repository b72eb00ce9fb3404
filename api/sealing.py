"""Stored fields under AES-256-GCM; database, table, column and row are bound in (COP-082a). A secret passes.

A field is sealed with a data key, of which each database has several, one for each ballot. Those stand in the database itself, sealed
with the ring of keys that the service is given. So the ring is exchanged in a moment, no stored vote is ever written again, and to
destroy a ballot's data key is to delete all that is sealed with it, in every backup too (T14).

    field        0x01 ‖ nonce (12 bytes) ‖ ciphertext ‖ tag (16 bytes)
    data key     0x02 ‖ id of the ring's key (4 bytes) ‖ nonce ‖ ciphertext ‖ tag

Nonces are random; a key seals at most 2^32 fields (NIST SP 800-38D, 8.3), which no ballot comes near to.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from api.errors import KeysMissing, SealError

__all__ = ["OVERHEAD", "STORES", "DataKey", "EnvironmentKeys", "KeyProvider", "KeyRing", "Place", "SealingKey"]

STORES = ("accounts", "audit", "elections", "users", "voters")
"""The platform's databases."""
OVERHEAD = 1 + 12 + 16
"""Bytes that a sealed field is longer than its content."""
_FIELD, _DATA_KEY = b"\x01", b"\x02"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed field stands. `row` is its row's primary key in bytes."""

    table: str
    column: str
    row: bytes


@dataclass(frozen=True, slots=True)
class DataKey:
    """What the fields of one ballot in the database called `store` are sealed with: `secret`, 32 bytes."""

    store: str
    secret: bytes = field(repr=False)

    def seal(self, content: bytes, place: Place) -> bytes:
        """`content` as it may be stored, at this place and no other."""
        nonce = secrets.token_bytes(12)
        return _FIELD + nonce + AESGCM(self.secret).encrypt(nonce, content, _bound(self.store, place))

    def open(self, sealed: bytes, place: Place) -> bytes:
        """What was sealed at this place. Raises SealError if one bit is another one."""
        where = f"{self.store}, {place.table}.{place.column}"
        if len(sealed) < OVERHEAD or sealed[:1] != _FIELD:
            raise SealError(f"{where}: not a sealed field")
        try:
            return AESGCM(self.secret).decrypt(sealed[1:13], sealed[13:], _bound(self.store, place))
        except InvalidTag:
            raise SealError(f"{where}: was changed, or belongs to another row") from None


@dataclass(frozen=True, slots=True)
class SealingKey:
    """An AES-256 key, 32 bytes, under a random `id` of 4 bytes."""

    id: bytes
    secret: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> "SealingKey":
        """A new one from the operating system's generator."""
        return cls(secrets.token_bytes(4), secrets.token_bytes(32))


@dataclass(frozen=True, slots=True)
class KeyRing:
    """What the data keys of the database called `store` are sealed with: the last key seals, all of them open. Raises KeysMissing if there
    is none, one is not 32 bytes long or two have the same id."""

    store: str
    keys: tuple[SealingKey, ...]

    def __post_init__(self) -> None:
        """See above."""
        if not self.keys:
            raise KeysMissing(f"{self.store}: there is no sealing key")
        if any(len(key.id) != 4 or len(key.secret) != 32 for key in self.keys):
            raise KeysMissing(f"{self.store}: a sealing key is not 256 bits long, or its id not 32 bits")
        if len({key.id for key in self.keys}) < len(self.keys):
            raise KeysMissing(f"{self.store}: two sealing keys have the same id")

    @classmethod
    def generate(cls, store: str) -> "KeyRing":
        """A ring with one new key."""
        return cls(store, (SealingKey.generate(),))

    def with_new_key(self) -> "KeyRing":
        """A ring that seals with a new key and still opens with the older ones."""
        return KeyRing(self.store, (*self.keys, SealingKey.generate()))

    def newest_only(self) -> "KeyRing":
        """A ring without the older keys, for when nothing is sealed with them any more."""
        return KeyRing(self.store, self.keys[-1:])

    def seal_data_key(self, key: DataKey, name: str) -> bytes:
        """A data key as it may be stored under its name."""
        own, nonce = self.keys[-1], secrets.token_bytes(12)
        return _DATA_KEY + own.id + nonce + AESGCM(own.secret).encrypt(nonce, key.secret, self._bound(name))

    def open_data_key(self, sealed: bytes, name: str) -> DataKey:
        """The data key of this name. Raises SealError if it was changed or moved, KeysMissing if the key that sealed it is not here."""
        if len(sealed) != 1 + 4 + 12 + 32 + 16 or sealed[:1] != _DATA_KEY:
            raise SealError(f"{self.store}: not a sealed data key")
        own = next((key for key in self.keys if key.id == sealed[1:5]), None)
        if own is None:
            raise KeysMissing(f"{self.store}: a data key is sealed with the key {sealed[1:5].hex()}, which is not here")
        try:
            return DataKey(self.store, AESGCM(own.secret).decrypt(sealed[5:17], sealed[17:], self._bound(name)))
        except InvalidTag:
            raise SealError(f"{self.store}: a data key was changed, or stands under another name") from None

    def is_newest(self, sealed: bytes) -> bool:
        """Whether a data key is sealed with the key that seals now."""
        return sealed[1:5] == self.keys[-1].id

    def to_json(self) -> bytes:
        """The ring as it is kept in a sealed file or a service's environment. A secret."""
        keys = [{"id": key.id.hex(), "key": key.secret.hex()} for key in self.keys]
        return json.dumps({"store": self.store, "keys": keys}).encode()

    @classmethod
    def from_json(cls, store: str, content: bytes) -> "KeyRing":
        """What `to_json` wrote for this store. Raises KeysMissing, which does not quote it."""
        try:
            members = json.loads(content)
            named, keys = members["store"], [SealingKey(bytes.fromhex(each["id"]), bytes.fromhex(each["key"])) for each in members["keys"]]
        except (ValueError, KeyError, TypeError):
            raise KeysMissing(f"{store}: the sealing keys are not in the form that `psephos keys new` writes") from None
        if named != store:
            raise KeysMissing(f"{store}: these sealing keys are for the database {str(named)[:20]!a}")
        return cls(store, tuple(keys))

    def _bound(self, name: str) -> bytes:
        return _bound(self.store, Place("data key", "sealed", name.encode()))


class KeyProvider(Protocol):
    """Whoever keeps the sealing keys: the environment, a file under a passphrase, a key server."""

    def ring(self, store: str) -> KeyRing:
        """The keys of a database. Raises KeysMissing."""
        ...


@dataclass(frozen=True, slots=True)
class EnvironmentKeys:
    """Keys from variables PSEPHOS_<STORE>_KEYS, as a service manager hands them to a process."""

    environment: Mapping[str, str] = field(repr=False)

    def ring(self, store: str) -> KeyRing:
        """The keys of a database. Raises KeysMissing."""
        name = f"PSEPHOS_{store.upper()}_KEYS"
        content = self.environment.get(name, "")
        if not content:
            raise KeysMissing(f"{store}: there are no sealing keys in {name}")
        return KeyRing.from_json(store, content.encode())


def _bound(store: str, place: Place) -> bytes:
    parts = (store.encode(), place.table.encode(), place.column.encode(), place.row)
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
