"""The plain values of a record under specification 2.0.0 in the layout of egk-ec, where they differ from `model.py`.

As there, nothing is checked here: a number that is out of range is still a value.
"""

from dataclasses import dataclass

from .model import Ciphertext, Proof

__all__ = [
    "Constants",
    "Decrypted",
    "DecryptedContest",
    "DecryptedData",
    "DecryptedOption",
    "EncryptedTally",
    "HashedCiphertext",
    "OldBallot",
    "OldContest",
    "OldGuardian",
    "TallyEntry",
]


@dataclass(frozen=True, slots=True)
class Constants:
    """`constants.json`: `version` is the edition the record claims, r the cofactor."""

    version: str
    p: int
    q: int
    r: int
    g: int


@dataclass(frozen=True, slots=True)
class OldGuardian:
    """A guardian: for each coefficient the commitment K_i,j and a Schnorr proof of its own."""

    index: int
    name: str
    commitments: tuple[int, ...]
    proofs: tuple[Proof, ...]


@dataclass(frozen=True, slots=True)
class HashedCiphertext:
    """(C_0, C_1, C_2) of hashed ElGamal; C_2 is a MAC, `length` the number of bytes of the plaintext."""

    c_0: int
    c_1: bytes
    c_2: bytes
    length: int


@dataclass(frozen=True, slots=True)
class OldContest:
    """A contest on a ballot; labels and indices as written there, in the order written."""

    index: int
    label: str
    options: tuple[tuple[str, int], ...]
    ciphertexts: tuple[Ciphertext, ...]
    range_proofs: tuple[tuple[Proof, ...], ...]
    limit_proof: tuple[Proof, ...]
    contest_hash: bytes
    data: HashedCiphertext


@dataclass(frozen=True, slots=True)
class OldBallot:
    """A ballot; `state` is Cast, Challenged or Unknown (neither counted nor opened), `folder` the name of the folder it lies in."""

    where: str
    ballot_id: str
    style: str
    device: str
    folder: str
    code_baux: bytes
    confirmation_code: bytes
    election_id: bytes
    contests: tuple[OldContest, ...]
    state: str


@dataclass(frozen=True, slots=True)
class TallyEntry:
    """A contest of the encrypted tally: labels and indices as written, and the aggregates (A, B)."""

    index: int
    label: str
    options: tuple[tuple[str, int], ...]
    aggregates: tuple[Ciphertext, ...]


@dataclass(frozen=True, slots=True)
class EncryptedTally:
    """`encrypted_tally.json`."""

    name: str
    contests: tuple[TallyEntry, ...]
    cast: tuple[str, ...]
    election_id: bytes


@dataclass(frozen=True, slots=True)
class DecryptedOption:
    """A decrypted selection, of the tally or of a challenged ballot: t, T, the ciphertext and the proof."""

    label: str
    tally: int
    T: int
    ciphertext: Ciphertext
    proof: Proof


@dataclass(frozen=True, slots=True)
class DecryptedData:
    """Decrypted contest data: `plaintext` is its encoding without the padding."""

    plaintext: bytes
    ciphertext: HashedCiphertext
    proof: Proof
    beta: int


@dataclass(frozen=True, slots=True)
class DecryptedContest:
    """A decrypted contest; `data` only on challenged ballots."""

    label: str
    options: tuple[DecryptedOption, ...]
    data: DecryptedData | None


@dataclass(frozen=True, slots=True)
class Decrypted:
    """`tally.json` or a file of `challenged_ballots`."""

    where: str
    name: str
    contests: tuple[DecryptedContest, ...]
    election_id: bytes
