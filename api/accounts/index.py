"""Keyed hashes, by which this database finds what it does not keep in clear: HMAC-SHA-256 under a key of its own. A secret passes."""

import hmac
import unicodedata
from dataclasses import dataclass, field

__all__ = ["Index"]


@dataclass(frozen=True, slots=True)
class Index:
    """Hashes of 32 bytes: nobody without `key`, 32 bytes, can tell what they are of, and those of different kinds never meet."""

    key: bytes = field(repr=False)

    def sign_in_name(self, name: str) -> bytes:
        """Of the name somebody signs in with; capitals and blanks around it make no difference."""
        return self._hash(b"sign-in name", _folded(name))

    def email(self, address: str) -> bytes:
        """Of an e-mail address, in the same way."""
        return self._hash(b"e-mail", _folded(address))

    def token(self, token: str) -> bytes:
        """Of a session's token."""
        return self._hash(b"token", _bytes(token))

    def recovery_code(self, account_id: str, code: str) -> bytes:
        """Of an account's recovery code."""
        return self._hash(b"recovery code", account_id.encode(), code.encode())

    def credential(self, credential_id: bytes) -> bytes:
        """Of a passkey's id, which is unique over all accounts."""
        return self._hash(b"credential", credential_id)

    def _hash(self, *parts: bytes) -> bytes:
        return hmac.digest(self.key, b"".join(len(part).to_bytes(4, "big") + part for part in parts), "sha256")


def _folded(text: str) -> bytes:
    return _bytes(unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold()).strip())


def _bytes(text: str) -> bytes:
    """What is not Unicode gets bytes too, which belong to nothing that is."""
    return text.encode(errors="surrogatepass")
