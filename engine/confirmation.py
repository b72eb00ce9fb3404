"""Contest hashes and confirmation codes, without chaining (§3.4, T2)."""

from collections.abc import Iterable, Sequence

from engine import hashing
from engine.elgamal import Ciphertext
from engine.parameters import Election


def contest_hash(ciphertexts: Sequence[Ciphertext], contest: int, identifier_hash: bytes) -> bytes:
    """χ (70) of a contest without contest data; `contest` is its index in the manifest, not its place on the ballot. 32 bytes."""
    return hashing.contest_hash(identifier_hash, contest, [(each.alpha, each.beta) for each in ciphertexts])


def confirmation_code(contest_hashes: Iterable[bytes], identifier_hash: bytes, election: Election) -> bytes:
    """H_C (71) over the contest hashes by ascending contest index and B_C (73). 32 bytes."""
    return hashing.confirmation_code(identifier_hash, contest_hashes, election.chaining_field)
