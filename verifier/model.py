"""The plain values that every reader produces and every check consumes. Integers are Python ints, byte strings are bytes.

Nothing is checked here: a reader guarantees shape (types, widths, members), the checks guarantee truth. A number that is out of
range (α >= p, c >= q) is still a value of this model, so that the check that is named after it can refuse it.
"""

from dataclasses import dataclass

from .own_model import FileDigest, Log, Signature, Totals


@dataclass(frozen=True, slots=True)
class Proof:
    """A challenge c and its response v (§3.2.2, §3.3.7, §3.6.5)."""

    c: int
    v: int


@dataclass(frozen=True, slots=True)
class Ciphertext:
    """An exponential ElGamal ciphertext (α, β), or an aggregate (A, B) (§3.3.1)."""

    alpha: int
    beta: int


@dataclass(frozen=True, slots=True)
class SignedCiphertext:
    """(C_0, C_1, C_2) of signed hashed ElGamal: ballot nonce (§3.3.4) or contest data (§3.3.10)."""

    c_0: int
    c_1: bytes
    c_2: Proof


@dataclass(frozen=True, slots=True)
class Option:
    """A verifiable field of a contest. `index` from 1; `limit` is the effective R; `counted` says whether it is part of (7.1) and 14.F,
    `times` how often (§3.3.9: an overvote indicator stands in the sum L times)."""

    index: int
    label: str
    limit: int
    counted: bool = True
    times: int = 1


@dataclass(frozen=True, slots=True)
class Contest:
    """A contest. `index` from 1; `limit` is the effective L; `spoil` is the option index of the spoil option, if any;
    `data_blocks` is b_Λ of §3.3.10, None if the contest has no contest data."""

    index: int
    label: str
    limit: int
    options: tuple[Option, ...]
    spoil: int | None = None
    data_blocks: int | None = None


@dataclass(frozen=True, slots=True)
class BallotStyle:
    """A ballot style. `contests` are contest indices, ascending."""

    index: int
    label: str
    contests: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Statutory:
    """What the manifest says of the law that the ballot is held under, as written; `hierarchy` is None if absent."""

    ballot_type: str
    section: str
    methods: tuple[str, ...]
    hierarchy: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Voting:
    """The manifest's `voting` member (record-format.md, 2.3); only in records of our own profile. Times are the text as written, `log` is
    "" if absent; without `statutory` the ballot is none that the law asks for."""

    election_identifier: bytes
    union: str
    scrutineer: str
    opens: str
    closes: str
    record_due: str
    trustees: tuple[str, ...]
    smallest_unit: int
    device_information: str
    chaining_mode: str
    log: str = ""
    statutory: Statutory | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """The manifest and the very bytes that are hashed (§3.1.3)."""

    content: bytes
    label: str
    contests: tuple[Contest, ...]
    styles: tuple[BallotStyle, ...]
    short_code_function: int | None = None
    voting: Voting | None = None


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the record states of its parameters; nothing of it is trusted. `version` as written, e.g. (2, 1, 0).

    `generation` and `field_q`, only where the official file is used: bits of q, bits of p, fixed high bits, source of the middle
    bits, fixed low bits; and q as `field` repeats it.
    """

    version: tuple[int, ...]
    p: int
    q: int
    g: int
    n: int
    k: int
    info: str = ""
    date: str = ""
    ballot_chaining: str = ""
    generation: tuple[int, int, int, str, int] | None = None
    field_q: int | None = None


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One of a guardian's two keys: commitments K_i,0 … K_i,k-1 and the grouped proof (c, v_0 … v_k) (§3.2.2)."""

    commitments: tuple[int, ...]
    challenge: int
    responses: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Guardian:
    """A guardian's public keys; `index` from 1."""

    index: int
    name: str
    vote: PublicKey
    data: PublicKey
    kappa: int


@dataclass(frozen=True, slots=True)
class Device:
    """A voting device (§3.4.3, §3.4.4). `kind` is "Regular" or "PreEncrypted", `chaining` "NoChaining" or "SimpleChaining"; the last
    three are None without chaining. `closing_field` is B̄_C where a format carries it."""

    index: int
    information: str
    kind: str
    chaining: str
    h_di: bytes
    ballot_count: int
    h_0: bytes | None = None
    closing_hash: bytes | None = None
    closing_field: bytes | None = None


@dataclass(frozen=True, slots=True)
class Vector:
    """A pre-encrypted selection vector (§4.1); `label` and `nonces` only on uncast ballots."""

    ciphertexts: tuple[Ciphertext, ...]
    selection_hash: bytes
    short_code: str
    label: str | None = None
    nonces: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class PreEncryption:
    """The published part of a pre-encrypted contest: all selection hashes as written, and the published vectors."""

    selection_hashes: tuple[bytes, ...]
    vectors: tuple[Vector, ...]


@dataclass(frozen=True, slots=True)
class BallotContest:
    """A contest as it stands on a ballot; `index` is the contest index it claims. Proof tuples have the length they were given."""

    index: int
    ciphertexts: tuple[Ciphertext, ...]
    range_proofs: tuple[tuple[Proof, ...], ...]
    limit_proof: tuple[Proof, ...]
    contest_hash: bytes
    spoil_proof: tuple[Proof, ...] | None = None
    data: SignedCiphertext | None = None
    pre_encryption: PreEncryption | None = None


@dataclass(frozen=True, slots=True)
class Ballot:
    """A submitted ballot. `where` is "file, line n" for messages; `position` its 1-based place on its device; `state` as written:
    Cast, Challenged, Spoiled, Discounted, Uncast. `style` is the ballot style's index (0 if the record names an unknown one). `leaf` is the
    hash of its line in records with a log."""

    where: str
    position: int
    ballot_id: str
    state: str
    style: int
    device: int
    id_b: bytes
    h_i: bytes
    contests: tuple[BallotContest, ...]
    nonce: SignedCiphertext
    chaining_field: bytes
    confirmation_code: bytes
    weight: int | None = None
    datetime: str | None = None
    leaf: bytes = b""


@dataclass(frozen=True, slots=True)
class TallyOption:
    """An option's tally as published: (A, B), t, T and the proof (c, v) (§3.6)."""

    label: str
    encrypted: Ciphertext
    tally: int
    decrypted_value: int
    proof: Proof


@dataclass(frozen=True, slots=True)
class TallyContest:
    """A contest of the tally; `index` is the contest index it claims."""

    index: int
    label: str
    options: tuple[TallyOption, ...]


@dataclass(frozen=True, slots=True)
class OpenedOption:
    """A selection of a challenged ballot with its encryption nonce ξ_i,j (§3.6.7)."""

    label: str
    value: int
    nonce: int


@dataclass(frozen=True, slots=True)
class OpenedContest:
    """A contest of a challenged ballot; `data_nonce` and `data` only where the contest has contest data."""

    index: int
    label: str
    options: tuple[OpenedOption, ...]
    data_nonce: int | None = None
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class OpenedBallot:
    """The opening of a challenged ballot, joined to it by `ballot_id`."""

    where: str
    ballot_id: str
    contests: tuple[OpenedContest, ...]


@dataclass(frozen=True, slots=True)
class ContestDataDecryption:
    """A verifiable decryption of one contest data field (§3.6.6)."""

    where: str
    ballot_id: str
    contest: int
    beta: int
    proof: Proof
    data: bytes


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A guardian's acknowledgement of the key set (record-format.md, 2.5)."""

    index: int
    h_g: bytes
    proof: Proof


@dataclass(frozen=True, slots=True)
class OwnParts:
    """The parts that only our own profile has (record-format.md, 2.1, 2.5, 2.10 to 2.12). `listed` is what profile.json says, `found` what
    is there. A part that could not be read is None, and its error is among the source's errors; `log` is None in kinds without one, too."""

    profile_sha256: bytes
    listed: tuple[FileDigest, ...]
    found: tuple[FileDigest, ...]
    acknowledgements: tuple[Acknowledgement, ...] | None
    totals: Totals | None
    signature: Signature | None
    log: Log | None = None
