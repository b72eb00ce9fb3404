"""A passkey in software, as a browser would answer for it, with everything that an attacker could turn."""

import base64
import hashlib
import json
import struct
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import encode_cbor

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Authenticator:
    """One credential. `step`: by how much the count of signatures grows with each; 0 for an authenticator that does not count."""

    credential_id: bytes
    origin: str = "https://ballots.example"
    domain: str = "ballots.example"
    flags: int = PRESENT | VERIFIED
    step: int = 1
    count: int = 0
    handle: bytes | None = None
    key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))

    def make(self, options: str) -> str:
        """The browser's answer to a question for a new passkey."""
        numbers = self.key.public_key().public_numbers()
        public = encode_cbor({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        attested = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + public
        data = self._data(self.flags | ATTESTED) + attested
        response = {
            "clientDataJSON": encoded(self._client_data("webauthn.create", options)),
            "attestationObject": encoded(encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})),
        }
        return self._answer(response)

    def answer(self, options: str) -> str:
        """The browser's answer to a question for a passkey that is there."""
        client_data, data = self._client_data("webauthn.get", options), self._data(self.flags)
        signature = self.key.sign(data + hashlib.sha256(client_data).digest(), ECDSA(SHA256()))
        response = {"clientDataJSON": encoded(client_data), "authenticatorData": encoded(data), "signature": encoded(signature)}
        if self.handle is not None:
            response["userHandle"] = encoded(self.handle)
        return self._answer(response)

    def _data(self, flags: int) -> bytes:
        self.count += self.step
        return hashlib.sha256(self.domain.encode()).digest() + struct.pack(">BI", flags, self.count)

    def _client_data(self, kind: str, options: str) -> bytes:
        return json.dumps({"type": kind, "challenge": json.loads(options)["challenge"], "origin": self.origin}).encode()

    def _answer(self, response: dict[str, str]) -> str:
        credential_id = encoded(self.credential_id)
        return json.dumps({"id": credential_id, "rawId": credential_id, "type": "public-key", "response": response})
