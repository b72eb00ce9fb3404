"""Keyed hashes of unique identifiers, under a key of the user database's own: they match none in the voter database. A secret passes."""

import hmac
from dataclasses import dataclass, field

__all__ = ["Index"]


@dataclass(frozen=True, slots=True)
class Index:
    """HMAC-SHA-256 under `key`, 32 bytes."""

    key: bytes = field(repr=False)

    def person(self, election_id: str, unique_identifier: str) -> bytes:
        """Of a unique identifier."""
        return self._of(b"person", election_id, unique_identifier)

    def contact(self, election_id: str, key: str) -> bytes:
        """Of a contact's key (see `contacts`)."""
        return self._of(b"contact", election_id, key)

    def _of(self, kind: bytes, election_id: str, text: str) -> bytes:
        parts = (kind, election_id.encode(), text.encode())
        return hmac.digest(self.key, b"".join(len(part).to_bytes(4, "big") + part for part in parts), "sha256")
