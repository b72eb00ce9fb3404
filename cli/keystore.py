"""Secrets in files: sealed under a passphrase with Argon2id and AES-256-GCM, mode 0600, never overwritten. A secret passes.

The file is one JSON object. Its header (everything but the ciphertext) is bound in as associated data; it says what the file is for and
how the key is derived, and nothing about other trustees.
"""

import dataclasses
import errno
import json
import os
import secrets
import unicodedata
from pathlib import Path

import click
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from cli.errors import PsephosError

MEMORY, ITERATIONS, LANES = 64 * 1024, 3, 4  # KiB; the second recommended option of RFC 9106; a file that says otherwise is refused
SHORTEST_PASSPHRASE = 12  # characters
LARGEST = 1024 * 1024  # bytes of a sealed file
NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)  # what a FAT stick says to a hard link


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
    ciphertext = AESGCM(_key(salt, passphrase)).encrypt(nonce, plaintext, _bound(header))
    write_new(path, _file(header, ciphertext))


def unseal(path: Path, purpose: str, passphrase: bytes) -> bytes:
    """What `seal` wrote. Raises PsephosError for another purpose, a wrong passphrase or a damaged file."""
    content = read_at_most(path, LARGEST)
    try:
        members = json.loads(content)
        ciphertext, salt, nonce = (bytes.fromhex(members[name]) for name in ("ciphertext", "salt", "nonce"))
        header = _Header(**{name: value for name, value in members.items() if name != "ciphertext"})
        ours = _Header(str(header.purpose), "argon2id", MEMORY, ITERATIONS, LANES, salt.hex(), "AES-256-GCM", nonce.hex())
        if _file(ours, ciphertext) != content or len(salt) != 16 or len(nonce) != 12:
            raise ValueError
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise PsephosError(f"{path} is not a sealed file of this program, or it is damaged; take its backup") from None
    if header.purpose != purpose:
        raise PsephosError(f"{path} is sealed for another purpose: {header.purpose[:60]!a}, expected {purpose!a}")
    try:
        return AESGCM(_key(salt, passphrase)).decrypt(nonce, ciphertext, _bound(header))
    except InvalidTag:
        raise PsephosError(f"{path}: the passphrase is wrong, or the file is damaged") from None


def write_new(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Writes a new file so that after a crash it is there whole or not at all. Raises PsephosError if it exists."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        give_name(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)


def give_name(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)  # unlike a rename, this fails if the file exists
    except FileExistsError:
        raise PsephosError(f"{path} exists already and is never overwritten") from None
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        if os.path.lexists(path):
            raise PsephosError(f"{path} exists already and is never overwritten") from None
        draft.rename(path)


def read_at_most(path: Path, largest: int) -> bytes:
    """The content of a regular file. Raises PsephosError if it is something else, or larger than `largest` bytes."""
    if path.exists() and not path.is_file():
        raise PsephosError(f"{path} is not a file")
    with path.open("rb") as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        raise PsephosError(f"{path} is larger than {largest} bytes")
    return content


def sync_folder(folder: Path) -> None:
    """Makes a new name in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def erase(path: Path) -> None:
    """Overwrites a file once and removes it. On flash memory copies may survive: the passphrase protects those.

    The file loses its name first, so that a crash leaves no file that looks like a damaged one; called again, it finishes the work.
    """
    doomed = path.with_name(f".{path.name}.erased")
    if path.exists():
        path.replace(doomed)
        sync_folder(path.parent)
    if doomed.exists():
        with doomed.open("r+b") as file:
            file.write(secrets.token_bytes(doomed.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        doomed.unlink()
        sync_folder(path.parent)


def ask_passphrase(file: Path | None, confirm: bool = False) -> bytes:
    """The passphrase: the first line of `file`, or typed unseen, twice if it is new. Raises PsephosError if a new one is short."""
    if file is not None:
        try:
            text = read_at_most(file, LARGEST).decode().split("\n", 1)[0].removesuffix("\r")
        except UnicodeDecodeError:
            raise PsephosError(f"{file} is not a text in UTF-8: its first line should be the passphrase") from None
    else:
        text = click.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm, err=True)
    text = unicodedata.normalize("NFC", text)  # keyboards differ in how they send an accent
    length = len(text.strip())
    if confirm and length < SHORTEST_PASSPHRASE:
        raise PsephosError(f"the passphrase has {length} characters: take at least {SHORTEST_PASSPHRASE}, such as five random words")
    return text.encode(errors="surrogateescape")


def _bound(header: _Header) -> bytes:
    return json.dumps(dataclasses.asdict(header)).encode()


def _file(header: _Header, ciphertext: bytes) -> bytes:
    return json.dumps({**dataclasses.asdict(header), "ciphertext": ciphertext.hex()}).encode() + b"\n"


def _key(salt: bytes, passphrase: bytes) -> bytes:
    try:
        return Argon2id(salt=salt, length=32, iterations=ITERATIONS, lanes=LANES, memory_cost=MEMORY).derive(passphrase)
    except MemoryError:
        raise PsephosError(f"there are not {MEMORY // 1024} MiB of memory free, which the passphrase takes; close other programs") from None
