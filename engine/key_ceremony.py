"""The public half of the key ceremony: check guardians' keys and messages, judge complaints, join the keys (§3.2).

Four rounds: every guardian publishes a commitment to its public keys; when all are in, the keys; then its encrypted shares; then, having
checked everything, its acknowledgement of the whole key set (or a complaint, after which the ceremony starts from scratch).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from secrets import compare_digest

from engine import hashing
from engine.encoding import member, to_json
from engine.errors import CeremonyError, ProofError
from engine.group import Element, Group
from engine.parameters import Election, ElectionParameters, commitment_at
from engine.proofs import GroupedProof, Proof, verify_equality, verify_knowledge
from engine.signed_elgamal import SignedCiphertext, decrypt_share, verify_share_proof


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Commitments K_i,0 … K_i,k−1 to a polynomial, and the proof that its coefficients (and ζ_i) are known."""

    commitments: tuple[Element, ...] = member("coefficient_commitments")
    proof: GroupedProof = member()


@dataclass(frozen=True, slots=True)
class GuardianPublicKeys:
    """Everything public of guardian `index`, from 1; `name` is the trustee's in the manifest."""

    index: int = member("i")
    name: str = member()
    vote: PublicKey = member("vote_encryption")
    data: PublicKey = member("ballot_data_encryption")
    communication: Element = member("communication_public_key")


@dataclass(frozen=True, slots=True)
class KeyCommitment:
    """Round 1: guardian `index` is bound to its public keys before it sees another's (CR-17)."""

    index: int = member("i")
    commitment: bytes = member(length=32)


@dataclass(frozen=True, slots=True)
class EncryptedShare:
    """Round 3: E_l(P_i(l), P̂_i(l)) from guardian `sender` to guardian `receiver` (19)."""

    sender: int = member("i")
    receiver: int = member("l")
    ciphertext: SignedCiphertext = member()


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Round 4: guardian `index` has checked the key set whose hash is H_G, and holds a share of it (record-format.md, 2.5)."""

    index: int = member("i")
    guardian_record_hash: bytes = member("h_g", length=32)
    proof: Proof = member()


@dataclass(frozen=True, slots=True)
class Complaint:
    """Guardian `accuser` says that the share from `accused` does not fit. `beta` opens that one share to everybody, with proof.

    Both are absent if the share's own proof (22) fails: anybody can see that, and β of a C_0 whose nonce nobody is known to know could be
    that of another guardian's share.
    """

    accused: int = member("i")
    accuser: int = member("l")
    beta: Element | None = member()
    proof: Proof | None = member()


def commit_to_keys(keys: GuardianPublicKeys, parameters: ElectionParameters) -> KeyCommitment:
    """The commitment to `keys`, bound to the election base hash."""
    return KeyCommitment(keys.index, hashing.key_commitment(parameters.election_base_hash, keys.index, to_json(keys)))


def verify_reveal(keys: GuardianPublicKeys, commitment: KeyCommitment, parameters: ElectionParameters) -> None:
    """That `keys` are the ones committed to, then `verify_public_keys`. Raises CeremonyError."""
    if keys.index != commitment.index or not compare_digest(commit_to_keys(keys, parameters).commitment, commitment.commitment):
        raise CeremonyError(f"guardian {commitment.index} revealed other keys than it had committed to", commitment.index)
    verify_public_keys(keys, parameters)


def verify_public_keys(keys: GuardianPublicKeys, parameters: ElectionParameters) -> None:
    """Verification 2 and X8 for one guardian. Raises CeremonyError naming it."""
    i, k, one = keys.index, parameters.quorum, parameters.group.one
    if not 1 <= i <= parameters.guardian_count:
        raise CeremonyError(f"guardian {i}: there are only {parameters.guardian_count}", i)
    if keys.name != parameters.manifest.voting.trustees[i - 1]:
        raise CeremonyError(f"guardian {i}: its name is not the one in the manifest", i)
    for label, key in (("pk_vote", keys.vote), ("pk_data", keys.data)):
        if len(key.commitments) != k:
            raise CeremonyError(f"guardian {i}, {label}: expected {k} commitments, got {len(key.commitments)} (X8)", i)
        if one in key.commitments or keys.communication == one:
            raise CeremonyError(f"guardian {i}, {label}: a public key is 1 (X8)", i)
        challenge = partial(hashing.key_proof_challenge, parameters.parameter_base_hash, label, i, key.commitments, keys.communication)
        try:
            verify_knowledge(key.proof, [*key.commitments, keys.communication], challenge, f"guardian {i}, {label}")
        except ProofError as error:
            raise CeremonyError(str(error), i) from None


def join_keys(parameters: ElectionParameters, keys: Sequence[GuardianPublicKeys]) -> Election:
    """K and K̂ (25), (26) from all guardians' keys, in the order 1 … n, after checking each. Raises CeremonyError."""
    if [each.index for each in keys] != list(range(1, parameters.guardian_count + 1)):
        raise CeremonyError(f"expected the keys of guardians 1 to {parameters.guardian_count}, in order", 0)
    seen: set[Element] = set()
    for each in keys:
        verify_public_keys(each, parameters)
        for key in (*each.vote.commitments, *each.data.commitments, each.communication):
            if key in seen:
                raise CeremonyError(f"guardian {each.index}: one of its commitments or keys is there already (X8)", each.index)
            seen.add(key)
    group = parameters.group
    K = group.product(each.vote.commitments[0] for each in keys)
    K_hat = group.product(each.data.commitments[0] for each in keys)
    if group.one in (K, K_hat):
        raise CeremonyError("a joint key is 1", 0)
    vote, data = tuple(each.vote.commitments for each in keys), tuple(each.data.commitments for each in keys)
    return Election(parameters, K.with_table(), K_hat.with_table(), vote, data)


def guardian_record_hash(election: Election, keys: Sequence[GuardianPublicKeys]) -> bytes:
    """H_G (27) of guardians 1 … n: 32 bytes."""
    return hashing.guardian_record_hash(
        election.parameters.election_base_hash,
        election.vote_encryption_key,
        election.ballot_data_encryption_key,
        (K_ij for each in keys for K_ij in each.vote.commitments),
        (K_ij for each in keys for K_ij in each.data.commitments),
        (each.communication for each in keys),
    )


def verify_acknowledgement(acknowledgement: Acknowledgement, election: Election, keys: Sequence[GuardianPublicKeys]) -> None:
    """X9: made by this guardian, for exactly these keys and this manifest. Raises CeremonyError."""
    i = acknowledgement.index
    if not 1 <= i <= len(keys):
        raise CeremonyError(f"acknowledgement of guardian {i}: there is no such guardian", i)
    kappa, proof = keys[i - 1].communication, acknowledgement.proof
    if acknowledgement.guardian_record_hash != guardian_record_hash(election, keys):
        raise CeremonyError(f"guardian {i} has seen other keys: its H_G differs (27)", i)
    h = kappa.group.g**proof.response * kappa**proof.challenge
    if proof.challenge != hashing.acknowledgement_challenge(acknowledgement.guardian_record_hash, i, kappa, h):
        raise CeremonyError(f"acknowledgement of guardian {i}: the proof does not fit (X9)", i)


def check_share(share: bytes, keys: GuardianPublicKeys, receiver: int) -> None:
    """(28) and (29): the 64 bytes P_i(l) ‖ P̂_i(l) fit guardian i's commitments. Raises CeremonyError naming i."""
    group: Group = keys.communication.group
    for label, equation, value, key in (("vote", 28, share[:32], keys.vote), ("data", 29, share[32:], keys.data)):
        number = int.from_bytes(value, "big")
        fits = number < group.q and group.g.secret_power(group.scalar(number)) == commitment_at(key.commitments, receiver, group)
        if not fits:
            where = f"share from guardian {keys.index} for guardian {receiver}"
            raise CeremonyError(f"{where}: ({equation}) the {label} key share does not fit the commitments", keys.index)


def judge_complaint(complaint: Complaint, share: EncryptedShare, keys: Sequence[GuardianPublicKeys], parameters: ElectionParameters) -> int:
    """Who is guilty: the index of the sender of a wrong share, or of the accuser if the share is right or the complaint is false.

    `keys` are those of guardians 1 … n, `share` is the one that `accused` published for `accuser`. Raises CeremonyError if they are not.
    """
    i, accuser, n = complaint.accused, complaint.accuser, parameters.guardian_count
    H_P = parameters.parameter_base_hash
    if [each.index for each in keys] != list(range(1, n + 1)):
        raise CeremonyError(f"expected the keys of guardians 1 to {n}, in order", 0)
    if not 1 <= accuser <= n:
        raise CeremonyError(f"complaint of guardian {accuser}: there is no such guardian", accuser)
    if not 1 <= i <= n or i == accuser:
        return accuser
    if (share.sender, share.receiver) != (i, accuser):
        raise CeremonyError(f"a complaint about the share from {i} for {accuser} is not judged by another share", 0)
    kappa, C_0 = keys[accuser - 1].communication, share.ciphertext.c_0
    try:
        verify_share_proof(share.ciphertext, H_P, i, accuser)
    except ProofError:
        return i
    if complaint.beta is None or complaint.proof is None:
        return accuser
    try:
        challenge = partial(hashing.complaint_challenge, H_P, i, accuser, kappa, C_0, complaint.beta)
        verify_equality(complaint.proof, C_0, kappa, complaint.beta, challenge, "complaint")
    except ProofError:
        return accuser
    try:
        check_share(decrypt_share(share.ciphertext, H_P, i, accuser, kappa, complaint.beta), keys[i - 1], accuser)
    except (ProofError, CeremonyError):
        return i
    return accuser

