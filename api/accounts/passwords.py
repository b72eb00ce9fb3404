"""Passwords: Argon2id, at least 12 characters, and no rules about what they are made of. A secret passes."""

import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from api.errors import Invalid, Overloaded

__all__ = ["LONGEST", "SHORTEST", "Passwords"]

SHORTEST, LONGEST = 12, 256
"""Characters."""
_MEMORY, _ITERATIONS, _LANES = 64 * 1024, 3, 4  # KiB; the second recommended option of RFC 9106
_PATIENCE = 10  # seconds


class Passwords:
    """Derives and verifies with `memory` KiB, so many at once as `at_once` says: that bounds the memory that sign-ins can take."""

    def __init__(self, memory: int = _MEMORY, iterations: int = _ITERATIONS, lanes: int = _LANES, at_once: int = 4) -> None:
        self._memory, self._iterations, self._lanes = memory, iterations, lanes
        self._turn = threading.BoundedSemaphore(at_once)
        self._nobodys = self._derive(secrets.token_bytes(32))

    def check(self, password: str) -> bytes:
        """What is derived from, of a password that may be chosen. Raises Invalid if it is too short or long, which does not quote it."""
        normal = unicodedata.normalize("NFC", password)  # keyboards differ in how they send an accent
        length = len(normal.strip())
        if length < SHORTEST or len(normal) > LONGEST:
            raise Invalid(f"the password: expected {SHORTEST} to {LONGEST} characters, such as five random words; got {length}")
        try:
            return normal.encode()
        except UnicodeEncodeError:
            raise Invalid("the password: expected characters of Unicode") from None

    def derive(self, password: str) -> str:
        """A new password as it may be stored (sealed): the PHC string, with a salt of its own. Raises as `check` does; Overloaded."""
        return self._derive(self.check(password))

    def verify(self, password: str, encoded: str | None) -> bool:
        """Whether it is the password that `encoded` was derived from. Without one it takes as long and answers no. Raises Overloaded."""
        normal = unicodedata.normalize("NFC", password[: 4 * LONGEST])  # typed in pieces, an accent is more than one
        typed = normal.encode(errors="surrogatepass")
        with self._turns():
            try:
                Argon2id.verify_phc_encoded(typed, encoded or self._nobodys)
            except InvalidKey:
                return False
        return encoded is not None and len(password) <= 4 * LONGEST

    def is_current(self, encoded: str) -> bool:
        """Whether it was derived with today's parameters; if not, it is to be derived anew at the next sign-in."""
        return encoded.startswith(f"$argon2id$v=19$m={self._memory},t={self._iterations},p={self._lanes}$")

    def _derive(self, content: bytes) -> str:
        with self._turns():
            kdf = Argon2id(
                salt=secrets.token_bytes(16), length=32, iterations=self._iterations, lanes=self._lanes, memory_cost=self._memory
            )
            return kdf.derive_phc_encoded(content)

    @contextmanager
    def _turns(self) -> Iterator[None]:
        if not self._turn.acquire(timeout=_PATIENCE):
            raise Overloaded("too many people sign in at this moment", retry_after=_PATIENCE)
        try:
            yield
        finally:
            self._turn.release()
