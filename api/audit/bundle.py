"""A bundle: a ballot's whole log for a named auditor, who needs nothing but it, a private key and the log's public key (COP-100.1, T13).

    bundle = HPKE (RFC 9180, base mode: X25519, HKDF-SHA-256, AES-256-GCM) to the auditor, of signature (64 bytes) ‖ body
    body   = JSON: the chain as it is stored, its checkpoints, and for every entry the key that opens it

The log's key signs the body. Each entry is opened from the very bytes that the chain and its checkpoints fix, so the platform can't tell an
auditor anything but what it logged at the time. Unless identities are asked for, the keys of the unique identifiers stay behind, and a
pseudonym stands for each: the same within a bundle, another one in every other; that alone rests on the platform's word.
"""

import base64
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from api.audit import rows
from api.audit.chain import Follower, Link, entry_keys, open_link, open_with
from api.audit.entry import Entry, Given
from api.audit.errors import BundleBroken
from api.audit.events import ITEMS, kind_of
from api.audit.log import AuditLog, Logged
from api.audit.members import moment, read_moment
from api.errors import Invalid
from api.sealing import DataKey

__all__ = ["Opened", "open_bundle", "write_bundle"]

_FORMAT = "psephos audit bundle 1"
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_SIGNATURE = 64


@dataclass(frozen=True, slots=True)
class Opened:
    """A bundle that was opened and verified. `made` is when, UTC; `identities` whether unique identifiers are those of the ballot and not
    pseudonyms; `missing` the items of the Code that no entry serves."""

    chain: str
    origin: str
    made: datetime
    identities: bool
    entries: tuple[Logged, ...]
    missing: tuple[str, ...]


def write_bundle(log: AuditLog, chain: str, *, auditor: bytes, by: str, reason: str, identities: bool = False) -> bytes:
    """The bundle of a chain for the auditor with this X25519 public key, 32 bytes. That it was made is its last entry. `identities` only if
    what orders the audit covers them. All of it is in memory at once. Raises Invalid for a key that is none, NotFound if there is no such
    log, LogBroken if it was changed: nothing is written then."""
    recipient = _public_key(auditor)
    now = log.clock.now()
    before, key = log.readable(chain, by, "export")
    log.verify(chain)
    kept = "kept" if identities else "replaced"
    said: dict[str, Given] = {"by": by, "reason": reason, "auditor": auditor, "identities": kept, "before": before}
    log.add(Entry(chain, "log_exported", now, said))
    log.checkpoint(chain)
    pseudonyms = None if identities else secrets.token_bytes(32)
    with log.store.reading() as session:
        checkpoints = rows.checkpoints(session, chain)
        size = checkpoints[-1][0]
        entries = [_entry_to_json(link, key, pseudonyms) for link in rows.links(session, chain) if link.position < size]
    body = json.dumps({
        "format": _FORMAT, "origin": log.origin(chain), "chain": chain, "auditor": auditor.hex(), "made": moment(now),
        "identities": identities, "checkpoints": [[size, _text(note)] for size, note in checkpoints], "entries": entries,
    }, separators=(",", ":")).encode()  # fmt: skip
    signature = log.key.sign(_FORMAT.encode() + b"\n" + body)
    return _SUITE.encrypt(signature + body, recipient, info=_info(log.key.public_key()))


def open_bundle(bundle: bytes, private_key: X25519PrivateKey, log_key: Ed25519PublicKey, witnessed: Sequence[bytes] = ()) -> Opened:
    """Opens and verifies a bundle: who made it and for whom, every entry, the chain, its checkpoints, and those that others have kept.
    Raises BundleBroken if a single byte is not as it was written, or it is for another key; LogBroken naming the first entry that is wrong;
    Invalid if what others have kept is no checkpoint of this log."""
    body = _decrypted(bundle, private_key, log_key)
    try:
        parts = json.loads(body)
        if parts["format"] != _FORMAT or parts["auditor"] != private_key.public_key().public_bytes_raw().hex():
            raise BundleBroken("the bundle is for another auditor, or of another form")
        follower = Follower(str(parts["chain"]), str(parts["origin"]), log_key)
        for size, note in parts["checkpoints"]:
            follower.checkpoint(size, _bytes(note))
        for note in witnessed:
            follower.witnessed(note)
        entries = []
        for position, each in enumerate(parts["entries"]):
            link = _link(follower.chain, position, each)
            follower.follow(link)
            entries.append(Logged(position, link.added(), _open(link, each, identities=parts["identities"])))
        follower.end()
        if follower.unsigned:
            raise BundleBroken("the bundle ends after its last checkpoint")
        served = {item for logged in entries for item in kind_of(logged.entry.kind).items}
        missing = tuple(item for item in ITEMS if item not in served)
        return Opened(follower.chain, follower.origin, read_moment(parts["made"]), parts["identities"] is True, tuple(entries), missing)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise BundleBroken(f"the bundle is not in its form: {type(error).__name__}") from None


def _decrypted(bundle: bytes, private_key: X25519PrivateKey, log_key: Ed25519PublicKey) -> bytes:
    try:
        content = _SUITE.decrypt(bundle, private_key, info=_info(log_key))
        log_key.verify(content[:_SIGNATURE], _FORMAT.encode() + b"\n" + content[_SIGNATURE:])
    except InvalidTag:
        raise BundleBroken("the bundle was changed or cut off, is for another key, or from another log") from None
    except InvalidSignature:
        raise BundleBroken("the bundle was not made by this log") from None
    return content[_SIGNATURE:]


def _entry_to_json(link: Link, key: DataKey, pseudonyms: bytes | None) -> dict[str, Any]:
    """An entry as it is stored, and what opens it: the keys of its content and of the identifier, or a pseudonym."""
    content_key, person_key = entry_keys(key, link.entry_id)
    stored = {
        "id": link.entry_id.hex(), "time": link.time, "kind": link.kind, "previous": link.previous.hex(), "sealed": _text(link.sealed),
        "hash": link.stated.hex(), "key": content_key.secret.hex(),
    }  # fmt: skip
    if not link.sealed_person:
        return stored
    person = {"sealed_person": _text(link.sealed_person)}
    if pseudonyms is None:
        return {**stored, **person, "person_key": person_key.secret.hex()}
    identifier = open_link(link, key).unique_identifier or ""
    return {**stored, **person, "pseudonym": f"pseudonym {hmac.digest(pseudonyms, identifier.encode(), 'sha256')[:16].hex()}"}


def _link(chain: str, position: int, each: dict[str, Any]) -> Link:
    previous, stated, entry_id = (bytes.fromhex(each[name]) for name in ("previous", "hash", "id"))
    sealed, person = _bytes(each["sealed"]), _bytes(each.get("sealed_person", ""))
    return Link(chain, position, entry_id, each["time"], each["kind"], previous, sealed, person, stated)


def _open(link: Link, each: dict[str, Any], *, identities: bool) -> Entry:
    person: DataKey | str = ""
    if link.sealed_person:
        person = DataKey("audit", bytes.fromhex(each["person_key"])) if identities else str(each["pseudonym"])
    return open_with(link, DataKey("audit", bytes.fromhex(each["key"])), person)


def _public_key(auditor: bytes) -> X25519PublicKey:
    """Raises Invalid."""
    try:
        key = X25519PublicKey.from_public_bytes(auditor)
        X25519PrivateKey.generate().exchange(key)  # refuses the few points that would give every sender the same secret
    except ValueError:
        raise Invalid("the auditor's key is no X25519 public key") from None
    return key


def _info(log_key: Ed25519PublicKey) -> bytes:
    return _FORMAT.encode() + log_key.public_bytes_raw()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
