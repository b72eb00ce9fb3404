"""A trustee's own folder: sealed keys and key share, a journal, and copies of everything that was sent. Secrets pass."""

import fcntl
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.errors import PsephosError
from cli.keystore import seal, unseal, write_new
from cli.lines import append_line, whole_lines
from engine.encoding import from_json, member, to_json
from engine.group import STANDARD, Group
from engine.guardian import GuardianSecretKeys, KeyShares
from engine.key_ceremony import GuardianPublicKeys


@dataclass(frozen=True, slots=True)
class GuardianKeyFile:
    """What the sealed key file holds: the secret keys, and the public ones exactly as they were committed to."""

    secret: GuardianSecretKeys = member()
    public: GuardianPublicKeys = member()


class TrusteeFolder:
    """A trustee's own folder for guardian `index`."""

    def __init__(self, path: Path, index: int, group: Group = STANDARD) -> None:
        self.path = path
        self.index = index
        self.group = group
        self.keys_file = path / f"guardian_{index}.keys"
        self.share_file = path / f"guardian_{index}.share"
        self.journal = path / "journal.jsonl"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keeps a second command out of this folder; the lock ends with the process, however that ends."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.path / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PsephosError(f"another psephos command is at work in {self.path}; wait for it, or stop it first") from None
        else:
            yield
        finally:
            os.close(descriptor)

    def seal_keys(self, keys: GuardianKeyFile, passphrase: bytes) -> None:
        """Writes the secret keys, once."""
        seal(self.keys_file, to_json(keys), f"secret keys of guardian {self.index}", passphrase)

    def unseal_keys(self, passphrase: bytes) -> GuardianKeyFile:
        """Reads the secret keys back."""
        return from_json(GuardianKeyFile, unseal(self.keys_file, f"secret keys of guardian {self.index}", passphrase), self.group)

    def seal_share(self, share: KeyShares, passphrase: bytes) -> None:
        """Writes the key share, once."""
        seal(self.share_file, to_json(share), f"key share of guardian {self.index}", passphrase)

    def unseal_share(self, passphrase: bytes, path: Path | None = None) -> KeyShares:
        """Reads the key share back, or its copy at `path`."""
        return from_json(KeyShares, unseal(path or self.share_file, f"key share of guardian {self.index}", passphrase), self.group)

    def keep(self, name: str, make: Callable[[], bytes]) -> bytes:
        """The content of `name` in this folder, made and stored safely the first time: what is sent once is always sent again the same."""
        path = self.path / name
        if not path.exists():
            write_new(path, make())
        return path.read_bytes()

    def note(self, **entry: object) -> None:
        """Adds a line to the journal; it is on the disk before this returns."""
        append_line(self.journal, json.dumps(entry).encode())

    def noted(self, event: str) -> list[dict[str, object]]:
        """The journal's entries of this kind. A last line cut off by a crash is one that was never acted on. Raises PsephosError."""
        try:
            entries = [json.loads(line) for line in whole_lines(self.journal)]
            return [entry for entry in entries if entry["event"] == event]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise PsephosError(f"{self.journal} is damaged: nothing is decrypted without it; ask for help") from None


def find_index(own: Path) -> int:
    """Which guardian the folder `own` belongs to. Raises PsephosError if it is not a trustee's folder, or of two."""
    found = indices(own)
    if not found:
        raise PsephosError(f"{own} holds no guardian's keys; the first command is: psephos trustee keys")
    if len(found) > 1:
        raise PsephosError(f"{own} holds keys of guardians {', '.join(map(str, sorted(found)))}: each trustee needs a folder of his own")
    return found.pop()


def indices(own: Path) -> set[int]:
    """The guardians of whom there are keys or key shares in `own`: one, or none yet."""
    names = [re.fullmatch(r"guardian_([1-9]\d?)\.(keys|share)", path.name, re.ASCII) for path in own.glob("guardian_*")]
    return {int(name[1]) for name in names if name}
