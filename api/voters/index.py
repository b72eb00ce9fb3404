"""Keyed hashes, by which this database finds what it does not keep in clear: HMAC-SHA-256 under a key of its own. A secret passes."""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["Index"]


@dataclass(frozen=True, slots=True)
class Index:
    """Hashes of 32 bytes: nobody without `key`, 32 bytes, can tell what they are of, and those of different kinds never meet."""

    key: bytes = field(repr=False)

    def access_code(self, number: int) -> bytes:
        """Of an access code, which is unique over all elections (COP-067)."""
        return self._hash(b"access code", number.to_bytes(32, "big"))

    def voter(self, election_id: str, unique_identifier: str) -> bytes:
        """Of a unique identifier."""
        return self._hash(b"voter", election_id.encode(), unique_identifier.encode())

    def ballot(self, election_id: str, confirmation_code: bytes) -> bytes:
        """Of a confirmation code."""
        return self._hash(b"ballot", election_id.encode(), confirmation_code)

    def values(self, election_id: str, values: list[bytes]) -> Iterator[bytes]:
        """Of what must not occur twice in an election."""
        return (self._hash(b"value", election_id.encode(), value) for value in values)

    def _hash(self, *parts: bytes) -> bytes:
        return hmac.digest(self.key, b"".join(len(part).to_bytes(4, "big") + part for part in parts), "sha256")
