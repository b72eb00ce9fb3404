"""Secrets in files: sealed under a passphrase with Argon2id and AES-256-GCM, mode 0600, never overwritten. A secret passes.

The file is one JSON object. Its header (everything but the ciphertext) is bound in as associated data; it says what the file is for and
how the key is derived, and nothing about other trustees.
"""

import dataclasses
import json
import os
import secrets
from pathlib import Path

import click
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from cli.errors import PsephosError

MEMORY, ITERATIONS, LANES = 64 * 1024, 3, 4  # KiB; the second recommended option of RFC 9106
SHORTEST_PASSPHRASE = 12  # characters
LARGEST = 1024 * 1024  # bytes of a sealed file


@dataclasses.dataclass(frozen=True, slots=True)
class _Header:
    purpose: str
    kdf: str
    memory_kib: int
    iterations: int
    lanes: int
    salt: str
    cipher: str
    nonce: str


def seal(path: Path, plaintext: bytes, purpose: str, passphrase: bytes) -> None:
    """Writes `plaintext` to the new file `path`, readable by its owner alone. Raises PsephosError if the file exists."""
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    header = _Header(purpose, "argon2id", MEMORY, ITERATIONS, LANES, salt.hex(), "AES-256-GCM", nonce.hex())
    bound = json.dumps(dataclasses.asdict(header)).encode()
    ciphertext = AESGCM(_key(header, passphrase)).encrypt(nonce, plaintext, bound)
    write_new(path, json.dumps({**dataclasses.asdict(header), "ciphertext": ciphertext.hex()}).encode() + b"\n")


def unseal(path: Path, purpose: str, passphrase: bytes) -> bytes:
    """What `seal` wrote. Raises PsephosError for another purpose, a wrong passphrase or a damaged file."""
    if path.stat().st_size > LARGEST:
        raise PsephosError(f"{path} is no sealed file: it is too large")
    try:
        members = json.loads(path.read_bytes())
        ciphertext = bytes.fromhex(members.pop("ciphertext"))
        header = _Header(**members)
        sound = header.kdf == "argon2id" and header.cipher == "AES-256-GCM" and len(header.nonce) == 24 and len(header.salt) == 32
        limits = header.memory_kib <= 1024 * 1024 and header.iterations <= 16 and 1 <= header.lanes <= 16
        if not sound or not limits:
            raise ValueError
        nonce = bytes.fromhex(header.nonce)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise PsephosError(f"{path} is not a sealed file of this program, or it is damaged") from None
    if header.purpose != purpose:
        raise PsephosError(f"{path} is sealed for another purpose: {header.purpose[:60]!a}, expected {purpose!a}")
    try:
        return AESGCM(_key(header, passphrase)).decrypt(nonce, ciphertext, json.dumps(dataclasses.asdict(header)).encode())
    except (InvalidTag, ValueError):
        raise PsephosError(f"{path}: the passphrase is wrong, or the file is damaged") from None


def write_new(path: Path, content: bytes) -> None:
    """Writes a new file of mode 0600 so that after a crash it is there whole or not at all. Raises PsephosError if it exists."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # unlike a rename, this fails if the file exists
        except FileExistsError:
            raise PsephosError(f"{path} exists already and is never overwritten") from None
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes a new name in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def erase(path: Path) -> None:
    """Overwrites a file once and removes it. On flash memory copies may survive: the passphrase protects those."""
    if path.exists():
        with path.open("r+b") as file:
            file.write(secrets.token_bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
        sync_folder(path.parent)


def ask_passphrase(file: Path | None, confirm: bool = False) -> bytes:
    """The passphrase: the first line of `file`, or typed unseen, twice if it is new. Raises PsephosError if a new one is short."""
    if file is not None:
        text = file.read_text(encoding="utf-8").split("\n", 1)[0]
    else:
        text = click.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm, err=True)
    if confirm and len(text) < SHORTEST_PASSPHRASE:
        raise PsephosError(f"the passphrase has {len(text)} characters: take at least {SHORTEST_PASSPHRASE}, such as five random words")
    return text.encode()


def _key(header: _Header, passphrase: bytes) -> bytes:
    salt = bytes.fromhex(header.salt)
    kdf = Argon2id(salt=salt, length=32, iterations=header.iterations, lanes=header.lanes, memory_cost=header.memory_kib)
    return kdf.derive(passphrase)
