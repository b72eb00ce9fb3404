"""The witnessed log: a tree of hashes to which leaves are only added (RFC 9162, 2.1), and signed checkpoints of it (C2SP signed-note and
tlog-checkpoint, Ed25519).

A position counts from 0. Whoever keeps the log keeps its `Frontier`; whoever proves something about it needs the hashes of all leaves.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from engine.errors import FormatError, ProofError

MOST_LEAVES = 2**40
_EMPTY = hashlib.sha256(b"").digest()
_ED25519 = b"\x01"
_NAME = re.compile(r"[^\s+]{1,255}")


def leaf_hash(content: bytes) -> bytes:
    """SHA-256(0x00 ‖ content), 32 bytes."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right), 32 bytes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """A log of `size` leaves as far as adding to it goes: the roots of its complete subtrees, the largest first; one for each 1 of `size`
    in base 2."""

    size: int = 0
    roots: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """Raises FormatError if the number of roots is another one."""
        if not 0 <= self.size <= MOST_LEAVES or len(self.roots) != self.size.bit_count() or any(len(root) != 32 for root in self.roots):
            raise FormatError(f"a log of {self.size} leaves has {self.size.bit_count()} complete subtrees, got {len(self.roots)}")

    def add(self, leaf: bytes) -> "Frontier":
        """The log with one more leaf, given by its hash."""
        roots, size = [*self.roots, leaf], self.size
        while size & 1:
            right = roots.pop()
            roots[-1] = node_hash(roots[-1], right)
            size >>= 1
        return Frontier(self.size + 1, tuple(roots))

    def root(self) -> bytes:
        """The tree's hash, 32 bytes."""
        if not self.roots:
            return _EMPTY
        root = self.roots[-1]
        for left in self.roots[-2::-1]:
            root = node_hash(left, root)
        return root


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The hash of the tree with these leaves' hashes."""
    return _subtree(leaves, 0, len(leaves)) if leaves else _EMPTY


def inclusion_proof(leaves: Sequence[bytes], position: int) -> tuple[bytes, ...]:
    """The hashes that lead from the leaf at `position` to the root (2.1.3.1), the lowest first. Raises IndexError if there is none."""
    if not 0 <= position < len(leaves):
        raise IndexError(f"there is no leaf {position} among {len(leaves)}")
    start, end = 0, len(leaves)
    path: list[bytes] = []
    while end - start > 1:
        middle = start + _largest_power_below(end - start)
        if position < middle:
            path.append(_subtree(leaves, middle, end))
            end = middle
        else:
            path.append(_subtree(leaves, start, middle))
            start = middle
    return tuple(reversed(path))


def verify_inclusion(leaf: bytes, position: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """That the leaf with this hash is at `position` of the log with `size` leaves and this root (2.1.3.2). Raises ProofError."""
    where = f"inclusion of leaf {position} in {size}"
    if not 0 <= position < size:
        raise ProofError(f"{where}: there is no such leaf")
    index, last = position, size - 1
    reached = leaf
    for each in proof:
        if last == 0:
            raise ProofError(f"{where}: the proof is too long")
        if index & 1 or index == last:
            reached = node_hash(each, reached)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            reached = node_hash(reached, each)
        index, last = index >> 1, last >> 1
    if last or reached != root:
        raise ProofError(f"{where}: the proof does not lead to the root")


def consistency_proof(leaves: Sequence[bytes], earlier: int) -> tuple[bytes, ...]:
    """The hashes which show that the log began with its first `earlier` leaves (2.1.4.1). Raises IndexError unless 0 < `earlier` <= all."""
    if not 0 < earlier <= len(leaves):
        raise IndexError(f"there is no earlier log of {earlier} leaves among {len(leaves)}")
    start, end, kept = 0, len(leaves), earlier
    whole = True  # whether the part looked at is a tree that the earlier log had, too
    path: list[bytes] = []
    while kept < end - start:
        split = _largest_power_below(end - start)
        if kept <= split:
            path.append(_subtree(leaves, start + split, end))
            end = start + split
        else:
            path.append(_subtree(leaves, start, start + split))
            start, kept, whole = start + split, kept - split, False
    return tuple(reversed(path)) if whole else (_subtree(leaves, start, end), *reversed(path))


def verify_consistency(earlier: int, earlier_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """That the log with `size` leaves and `root` goes on from the one with `earlier` leaves and `earlier_root` (2.1.4.2). Nothing is to be
    shown of an empty log. Raises ProofError."""
    where = f"consistency of {earlier} with {size} leaves"
    if earlier > size or earlier < 0:
        raise ProofError(f"{where}: a log never gets shorter")
    if earlier in (0, size):
        if proof or earlier_root != (_EMPTY if earlier == 0 else root):
            raise ProofError(f"{where}: the roots differ, or the proof is too long")
        return
    hashes = list(proof) if earlier & (earlier - 1) else [earlier_root, *proof]
    if not hashes:
        raise ProofError(f"{where}: the proof is too short")
    index, last = earlier - 1, size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    old = new = hashes[0]
    for each in hashes[1:]:
        if last == 0:
            raise ProofError(f"{where}: the proof is too long")
        if index & 1 or index == last:
            old, new = node_hash(each, old), node_hash(each, new)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            new = node_hash(new, each)
        index, last = index >> 1, last >> 1
    if last or old != earlier_root or new != root:
        raise ProofError(f"{where}: the proof does not lead to both roots")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is said of a log: `origin` names it, `size` leaves have the hash `root`."""

    origin: str
    size: int
    root: bytes

    def text(self) -> bytes:
        """Three lines: origin, size, root in base64."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()

    def sign(self, key: Ed25519PrivateKey) -> bytes:
        """A signed note: the text, an empty line, and the signature's line under the origin as the key's name."""
        text = self.text()
        signed = _key_id(self.origin, key.public_key()) + key.sign(text)
        return text + f"\n— {self.origin} {base64.b64encode(signed).decode()}\n".encode()


def read_checkpoint(note: bytes, origin: str, key: Ed25519PublicKey) -> Checkpoint:
    """The checkpoint of the log called `origin` in a note signed with `key`; other signatures are passed over. Raises FormatError, or
    ProofError if the signature is missing or wrong."""
    try:
        text, _, signatures = note.decode().rpartition("\n\n")
        named, size, root = text.split("\n")
        checkpoint = Checkpoint(named, int(size), base64.b64decode(root, validate=True))
        if checkpoint.text() != f"{text}\n".encode() or len(checkpoint.root) != 32 or not 0 <= checkpoint.size <= MOST_LEAVES:
            raise ValueError
    except ValueError:
        raise FormatError("checkpoint: expected lines of origin, size and root in base64, an empty line, and signatures") from None
    if named != origin:
        raise FormatError(f"checkpoint: of another log, expected {origin}")
    *lines, end = signatures.split("\n")
    if end:
        raise FormatError("checkpoint: the last line does not end in LF")
    for line in lines:
        if line.startswith(f"— {origin} "):
            encoded = line.removeprefix(f"— {origin} ")
            try:
                signed = base64.b64decode(encoded, validate=True)
            except binascii.Error:
                signed = b""
            if base64.b64encode(signed).decode() != encoded:
                raise FormatError("checkpoint: a signature is not base64")
            if signed[:4] == _key_id(origin, key):
                try:
                    key.verify(signed[4:], checkpoint.text())
                except InvalidSignature:
                    raise ProofError("checkpoint: the signature is wrong") from None
                return checkpoint
    raise ProofError("checkpoint: not signed with the log's key")


def check_origin(origin: str) -> str:
    """The origin, if it can name a log: no blanks, no plus sign, at most 255 characters. Raises FormatError."""
    if not _NAME.fullmatch(origin):
        raise FormatError("a log's origin has no blanks, no plus sign and at most 255 characters")
    return origin


def _key_id(name: str, key: Ed25519PublicKey) -> bytes:
    """The first 4 bytes of SHA-256(name ‖ LF ‖ 0x01 ‖ public key)."""
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + key.public_bytes_raw()).digest()[:4]


def _largest_power_below(n: int) -> int:
    """The largest power of two below n, for n > 1."""
    return 1 << (n - 1).bit_length() - 1


def _subtree(leaves: Sequence[bytes], start: int, end: int) -> bytes:
    """The hash of leaves `start` to before `end`; there is at least one."""
    frontier = Frontier()
    for position in range(start, end):
        frontier = frontier.add(leaves[position])
    return frontier.root()
