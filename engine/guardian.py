"""The secret half: a guardian's own program. It makes keys, shares and receives; commits, reveals, responds (§3.2.2, §3.6.3, §3.6.5).

Everything here handles a guardian's secrets. Nothing is printed, logged or written; whoever calls keeps the values (architecture.md, "Where
each secret lives") and sends the messages.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from engine import hashing
from engine.ballot import CHALLENGED, EncryptedBallot
from engine.decryption import (
    CommitmentHashes,
    NonceShare,
    NonceShares,
    PartialDecryption,
    PartialDecryptions,
    Responses,
    challenge,
    check_guardians,
    check_revealed,
    lagrange_coefficient,
    shape,
)
from engine.errors import CeremonyError, DecryptionRefused, ProofError
from engine.group import Scalar
from engine.key_ceremony import (
    Acknowledgement,
    Complaint,
    EncryptedShare,
    GuardianPublicKeys,
    PublicKey,
    check_share,
    guardian_record_hash,
    join_keys,
    verify_public_keys,
)
from engine.parameters import Election, ElectionParameters
from engine.proofs import Proof, prove_equality, prove_knowledge
from engine.signed_elgamal import decrypt_share, encrypt_share, verify_ballot_nonce, verify_share_proof
from engine.tally import EncryptedTally


@dataclass(frozen=True, slots=True)
class GuardianSecretKeys:
    """a_i,j, â_i,j and ζ_i of guardian `index`; kept only until all shares are confirmed. `election_base_hash` is H_B (CR-58)."""

    index: int = field(metadata={"name": "i"})
    election_base_hash: bytes = field(metadata={"name": "h_b", "length": 32})
    coefficients: tuple[Scalar, ...] = field(repr=False, metadata={"name": "vote_coefficients"})
    data_coefficients: tuple[Scalar, ...] = field(repr=False, metadata={"name": "ballot_data_coefficients"})
    communication: Scalar = field(repr=False, metadata={"name": "communication_secret_key"})


@dataclass(frozen=True, slots=True)
class KeyShares:
    """z_i and ẑ_i of guardian `index` (24): all that it keeps for the decryption. `extended_base_hash` is H_E (CR-58)."""

    index: int = field(metadata={"name": "i"})
    extended_base_hash: bytes = field(metadata={"name": "h_e", "length": 32})
    vote: Scalar = field(repr=False, metadata={"name": "vote_key_share"})
    data: Scalar = field(repr=False, metadata={"name": "ballot_data_key_share"})


class ComplaintRaised(CeremonyError):
    """A share does not fit; `complaint` is to be published, so that anybody can judge it."""

    def __init__(self, message: str, complaint: Complaint) -> None:
        super().__init__(message, complaint.accused)
        self.complaint = complaint

    def __reduce__(self) -> Any:
        return type(self), (str(self), self.complaint)


def generate_guardian_keys(parameters: ElectionParameters, index: int) -> tuple[GuardianSecretKeys, GuardianPublicKeys]:
    """Guardian `index`'s keys (7) to (13), from the operating system's generator. Raises CeremonyError for an index outside 1..n."""
    if not 1 <= index <= parameters.guardian_count:
        raise CeremonyError(f"there is no guardian {index}: they are numbered 1 to {parameters.guardian_count}", index)
    group, k, H_P = parameters.group, parameters.quorum, parameters.parameter_base_hash
    zeta = group.random_scalar()
    kappa = group.g.secret_power(zeta)
    secret, public = [], []
    for label in ("pk_vote", "pk_data"):
        coefficients = tuple(group.random_scalar() for _ in range(k))
        commitments = tuple(group.g.secret_power(a_j) for a_j in coefficients)
        proof = prove_knowledge([*coefficients, zeta], partial(hashing.key_proof_challenge, H_P, label, index, commitments, kappa))
        secret.append(coefficients)
        public.append(PublicKey(commitments, proof))
    name = parameters.manifest.voting.trustees[index - 1]
    return (
        GuardianSecretKeys(index, parameters.election_base_hash, secret[0], secret[1], zeta),
        GuardianPublicKeys(index, name, public[0], public[1], kappa),
    )


def share_keys(secret: GuardianSecretKeys, recipient: GuardianPublicKeys, parameters: ElectionParameters) -> EncryptedShare:
    """E_l(P_i(l), P̂_i(l)) for guardian l (19), l ≠ i.

    Raises CeremonyError unless l is one of the other guardians and its keys are proved: P_i(0) is the secret key itself.
    """
    _check_election(secret, parameters)
    verify_public_keys(recipient, parameters)
    if recipient.index == secret.index:
        raise CeremonyError("a guardian sends no share to itself", recipient.index)
    share = _evaluate(secret.coefficients, recipient.index) + _evaluate(secret.data_coefficients, recipient.index)
    H_P = parameters.parameter_base_hash
    return EncryptedShare(
        secret.index, recipient.index, encrypt_share(share, H_P, secret.index, recipient.index, recipient.communication)
    )


def receive_shares(
    secret: GuardianSecretKeys, public: Sequence[GuardianPublicKeys], shares: Sequence[EncryptedShare], parameters: ElectionParameters
) -> KeyShares:
    """z_i and ẑ_i (24) from the other guardians' shares and its own, each checked by (28), (29); `public` are guardians 1 … n.

    Raises ComplaintRaised, with the evidence, for a share that does not fit; CeremonyError for a message that is not what it should be.
    """
    _check_election(secret, parameters)
    election, l = join_keys(parameters, public), secret.index  # noqa: E741
    _check_own_keys(secret, public)
    senders = [i for i in range(1, parameters.guardian_count + 1) if i != l]
    if [share.sender for share in shares] != senders or any(share.receiver != l for share in shares):
        raise CeremonyError(f"expected the shares for guardian {l} from all the others, in order", 0)
    zero = parameters.group.scalar(0)
    z, z_hat = zero, zero
    own = _evaluate(secret.coefficients, l) + _evaluate(secret.data_coefficients, l)
    received = {share.sender: share for share in shares}
    for keys in public:
        i = keys.index
        plain = own if i == l else _open_share(secret, keys, received[i], public, parameters)
        check_share(plain, keys, l)
        z += parameters.group.scalar(int.from_bytes(plain[:32], "big"))
        z_hat += parameters.group.scalar(int.from_bytes(plain[32:], "big"))
    return KeyShares(l, election.extended_base_hash, z, z_hat)


def acknowledge(secret: GuardianSecretKeys, election: Election, public: Sequence[GuardianPublicKeys]) -> Acknowledgement:
    """Guardian i's word, after `receive_shares`, that these are the keys it saw and checked (record-format.md, 2.5).

    Raises CeremonyError if `election` is not made of these keys, or the keys under this guardian's number are not its own.
    """
    _check_election(secret, election.parameters)
    if election != join_keys(election.parameters, public):
        raise CeremonyError("the joint keys are not those of these guardians (25), (26)", 0)
    _check_own_keys(secret, public)
    H_G = guardian_record_hash(election, public)
    kappa, u = public[secret.index - 1].communication, election.group.random_scalar()
    c = hashing.acknowledgement_challenge(H_G, secret.index, kappa, election.group.g.secret_power(u))
    return Acknowledgement(secret.index, H_G, Proof(c, u - c * secret.communication))


class DecryptionSecrets:
    """The nonces u_i of one run: in memory only, good for one answer, gone after it (CR-22)."""

    def __init__(
        self, share: KeyShares, tally: EncryptedTally, guardians: tuple[int, ...], u: list[list[Scalar]], own: PartialDecryptions
    ) -> None:
        self.guardian = share.index
        self.tally = tally
        self.guardians = guardians
        self.hashes: tuple[CommitmentHashes, ...] | None = None  # those that were in before anything was revealed
        self._share: KeyShares | None = share
        self._u: list[list[Scalar]] | None = u
        self._own = own

    def __reduce__(self) -> str:
        raise TypeError("the secrets of a decryption are not copied or stored")

    def take(self) -> tuple[KeyShares, list[list[Scalar]]]:
        """Hands the secrets out, once. Raises DecryptionRefused the second time."""
        share, u, self._share, self._u = self._share, self._u, None, None
        if share is None or u is None:
            raise DecryptionRefused("this commitment is answered already; a second answer would give the key share away")
        return share, u

    @property
    def own(self) -> PartialDecryptions:
        """What this guardian itself reveals."""
        return self._own


def commit(
    share: KeyShares, requested: EncryptedTally, recomputed: EncryptedTally, guardians: Sequence[int], election: Election
) -> tuple[DecryptionSecrets, CommitmentHashes]:
    """Round 1: fresh u_i, (a_i, b_i), M_i and the hashes d_i (84), (87), (88) for every option.

    Raises DecryptionRefused unless `requested` is exactly the aggregate `recomputed` by this guardian itself from the ballots it verified,
    no contest has so few ballots that its tally would show votes, and the key share belongs to this election (T5, CR-47, CR-58).
    """
    U = check_guardians(guardians, election)
    if [(each.index, len(each.options)) for each in recomputed.contests] != shape(election):
        raise DecryptionRefused("the aggregate has not the contests and options of the manifest")
    if share.extended_base_hash != election.extended_base_hash:
        raise DecryptionRefused("this key share belongs to another election")
    if share.index not in U:
        raise DecryptionRefused(f"guardian {share.index} is not among those asked to decrypt")
    if requested != recomputed:
        raise DecryptionRefused("the aggregate to be decrypted is not the product of the counted ballots")
    for contest in recomputed.contests:
        if 0 < contest.ballots < election.manifest.voting.smallest_unit:
            raise DecryptionRefused(f"contest {contest.index}: its {contest.ballots} ballots are too few to be decrypted together")
    i, g, H_E = share.index, election.group.g, election.extended_base_hash
    u, hashes, revealed = [], [], []
    for contest in recomputed.contests:
        u_row, hash_row, value_row = [], [], []
        for option, AB in enumerate(contest.options, 1):
            u_i = election.group.random_scalar()
            value = PartialDecryption(g.secret_power(u_i), AB.alpha.secret_power(u_i), AB.alpha.secret_power(share.vote))
            d_i = hashing.tally_commitment(H_E, contest.index, option, i, AB.alpha, AB.beta, value.a, value.b, value.m, U)
            u_row.append(u_i)
            hash_row.append(d_i)
            value_row.append(value)
        u.append(u_row)
        hashes.append(tuple(hash_row))
        revealed.append(tuple(value_row))
    own = PartialDecryptions(i, tuple(revealed))
    return DecryptionSecrets(share, recomputed, U, u, own), CommitmentHashes(i, tuple(hashes))


def reveal(secrets: DecryptionSecrets, hashes: Sequence[CommitmentHashes]) -> PartialDecryptions:
    """Round 2: the own values, only when the hashes of all guardians in U are in, in their order. Raises CeremonyError otherwise.

    From now on these are the hashes of this run: nobody chooses his values anew after seeing ours (CR-21).
    """
    if [each.guardian for each in hashes] != list(secrets.guardians):
        raise CeremonyError("nothing is revealed before the commitment hashes of all guardians are in", 0)
    if secrets.hashes not in (None, tuple(hashes)):
        raise CeremonyError("the own values are revealed already, on other commitment hashes", 0)
    secrets.hashes = tuple(hashes)
    return secrets.own


def respond(
    secrets: DecryptionSecrets, hashes: Sequence[CommitmentHashes], revealed: Sequence[PartialDecryptions], election: Election
) -> Responses:
    """Round 3: v_i (92) for every option, once. Halts with CeremonyError if a revealed value does not fit its hash (88)."""
    if [each.guardian for each in hashes] != list(secrets.guardians) or [each.guardian for each in revealed] != list(secrets.guardians):
        raise CeremonyError("expected the messages of exactly the guardians that take part, in their order", 0)
    if secrets.hashes != tuple(hashes):
        raise CeremonyError("the commitment hashes are not those that were in when this guardian revealed its values", 0)
    for hash_set, values in zip(hashes, revealed, strict=True):
        check_revealed(hash_set, values, secrets.tally, secrets.guardians, election.extended_base_hash)
    if revealed[secrets.guardians.index(secrets.guardian)] != secrets.own:
        raise CeremonyError("the values revealed under this guardian's number are not its own", secrets.guardian)
    share, u = secrets.take()
    w = lagrange_coefficient(share.index, secrets.guardians, election.group)
    responses = []
    for position, row in enumerate(u):
        answers = []
        for place, u_i in enumerate(row):
            c, _ = challenge(revealed, secrets.tally, position, place, election)
            answers.append(u_i - c * w * share.vote)  # (91), (92)
        responses.append(tuple(answers))
    return Responses(share.index, tuple(responses))


def decrypt_nonces(share: KeyShares, ballots: Sequence[EncryptedBallot], election: Election) -> NonceShares:
    """m_i (107) with proof for every challenged ballot.

    Raises DecryptionRefused for a ballot of any other state, or one whose proof (38) fails.
    """
    if share.extended_base_hash != election.extended_base_hash:
        raise DecryptionRefused("this key share belongs to another election")
    shares = []
    key = election.data_verification_key(share.index)
    for ballot in ballots:
        if ballot.state != CHALLENGED:
            raise DecryptionRefused(f"ballot {ballot.ballot_id} is not challenged: its nonce is never decrypted")
        identifier = ballot.selection_encryption_identifier
        if ballot.identifier_hash != hashing.identifier_hash(election.extended_base_hash, identifier):
            raise DecryptionRefused(f"ballot {ballot.ballot_id}: its identifier hash is not that of its identifier (5.B)")
        try:
            verify_ballot_nonce(ballot.nonce, ballot.identifier_hash)
        except ProofError as error:
            raise DecryptionRefused(f"ballot {ballot.ballot_id}: {error}") from None
        C = ballot.nonce
        m_i = C.c_0.secret_power(share.data)
        statement = partial(hashing.nonce_share_challenge, ballot.identifier_hash, share.index, C.c_0, C.c_1, key, m_i)
        shares.append(NonceShare(ballot.ballot_id, m_i, prove_equality(share.data, C.c_0, statement)))
    return NonceShares(share.index, tuple(shares))


def _evaluate(coefficients: Sequence[Scalar], at: int) -> bytes:
    """b(P(at), 32)."""
    group = coefficients[0].group
    value = group.scalar(0)
    for a_j in reversed(coefficients):
        value = value * group.scalar(at % group.q) + a_j
    return int(value.value).to_bytes(32, "big")


def _check_election(secret: GuardianSecretKeys, parameters: ElectionParameters) -> None:
    if secret.election_base_hash != parameters.election_base_hash:
        raise DecryptionRefused("these secret keys belong to another election")


def _check_own_keys(secret: GuardianSecretKeys, public: Sequence[GuardianPublicKeys]) -> None:
    g, zeta = secret.communication.group.g, secret.communication
    own = [tuple(g.secret_power(a_j) for a_j in each) for each in (secret.coefficients, secret.data_coefficients)]
    shown = public[secret.index - 1] if 1 <= secret.index <= len(public) else None
    if shown is None or [shown.vote.commitments, shown.data.commitments] != own or shown.communication != g.secret_power(zeta):
        raise CeremonyError(f"the keys published as guardian {secret.index}'s are not its own", 0)


def _open_share(
    secret: GuardianSecretKeys,
    keys: GuardianPublicKeys,
    share: EncryptedShare,
    public: Sequence[GuardianPublicKeys],
    parameters: ElectionParameters,
) -> bytes:
    i, l, H_P = keys.index, secret.index, parameters.parameter_base_hash  # noqa: E741
    kappa_l, C_0 = public[l - 1].communication, share.ciphertext.c_0
    try:
        verify_share_proof(share.ciphertext, H_P, i, l)
    except ProofError as error:
        raise ComplaintRaised(str(error), Complaint(i, l, None, None)) from None
    beta = C_0.secret_power(secret.communication)
    try:
        plain = decrypt_share(share.ciphertext, H_P, i, l, kappa_l, beta)
        check_share(plain, keys, l)
    except (ProofError, CeremonyError) as error:
        statement = partial(hashing.complaint_challenge, H_P, i, l, kappa_l, C_0, beta)
        complaint = Complaint(i, l, beta, prove_equality(secret.communication, C_0, statement))
        raise ComplaintRaised(str(error), complaint) from None
    return plain
