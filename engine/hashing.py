"""The hash function H and every one of its uses: one function for each row of the tables of §5.5, in their order.

The first argument of H is a 32-byte key, H_P, H_B, H_E or H_I; the second is the concatenation of a domain separation byte and inputs of
fixed lengths. `b(i, 4)` encodes small integers; elements and scalars encode themselves. Where a table row and its equation disagree,
`specs/readings.md` says which one is followed.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence

from engine.group import Element, Group, Scalar

VERSION = b"v2.1.0".ljust(32, b"\0")
"""ver of (4): the UTF-8 encoding of the version, padded with zero bytes to 32 bytes."""


def H(key: bytes, *inputs: bytes) -> bytes:
    """HMAC-SHA-256(key, concatenation of inputs) (130): 32 bytes. The key has exactly 32 bytes."""
    if len(key) != 32:
        raise ValueError(f"the first argument of H has 32 bytes, not {len(key)}")
    return hmac.digest(key, b"".join(inputs), hashlib.sha256)


def H_q(group: Group, key: bytes, *inputs: bytes) -> Scalar:
    """H reduced mod q (132)."""
    return group.scalar(int.from_bytes(H(key, *inputs), "big") % group.q)


def b(value: int, length: int = 4) -> bytes:
    """b(value, length): big-endian, fixed length (123)."""
    return int(value).to_bytes(length, "big")


def text(value: str) -> bytes:
    """A string of variable length: its UTF-8 length in 4 bytes, then itself (§5.1.4)."""
    encoded = value.encode()
    return b(len(encoded)) + encoded


def join(elements: Iterable[Element]) -> bytes:
    """The encodings of elements, one after the other."""
    return b"".join(element.to_bytes() for element in elements)


# 5.5.1 Parameter base and base hashes


def parameter_base_hash(group: Group, guardian_count: int, quorum: int) -> bytes:
    """H_P (4)."""
    q = b(group.q, group.scalar_length)
    return H(VERSION, b"\x00", b(group.p, group.element_length), q, group.g.to_bytes(), b(guardian_count), b(quorum))


def election_base_hash(H_P: bytes, manifest: bytes) -> bytes:
    """H_B (5), over the bytes of the manifest file."""
    return H(H_P, b"\x01", b(len(manifest)), manifest)


# 5.5.2 Key generation and extended base hash


def key_proof_challenge(H_P: bytes, label: str, i: int, commitments: Sequence[Element], kappa: Element, h: Sequence[Element]) -> Scalar:
    """c_i (11) with label "pk_vote", ĉ_i (13) with label "pk_data"; h_i,0 … h_i,k."""
    return H_q(kappa.group, H_P, b"\x10", label.encode(), b(i), join(commitments), kappa.to_bytes(), join(h))


def share_key(H_P: bytes, i: int, l: int, kappa_l: Element, alpha: Element, beta: Element) -> bytes:  # noqa: E741
    """k_i,l (16)."""
    return H(H_P, b"\x11", b(i), b(l), join([kappa_l, alpha, beta]))


def share_encryption_keys(k_i_l: bytes, i: int, l: int) -> bytes:  # noqa: E741
    """k_i,l,1 ‖ k_i,l,2 (17), (18): 64 bytes."""
    rest = b"share_enc_keys" + b"\x00" + b"share_encrypt" + b(i) + b(l) + b"\x02\x00"
    return H(k_i_l, b"\x01", rest) + H(k_i_l, b"\x02", rest)


def share_proof_challenge(H_P: bytes, i: int, l: int, gamma: Element, C_0: Element, C_1: bytes) -> Scalar:  # noqa: E741
    """c̄_i,l (22)."""
    return H_q(gamma.group, H_P, b"\x12", b(i), b(l), gamma.to_bytes(), C_0.to_bytes(), C_1)


def guardian_record_hash(
    H_B: bytes, K: Element, K_hat: Element, vote: Iterable[Element], data: Iterable[Element], kappas: Iterable[Element]
) -> bytes:
    """H_G (27): all K_i,j by guardian, then all K̂_i,j, then all κ_i."""
    return H(H_B, b"\x13", K.to_bytes(), K_hat.to_bytes(), join(vote), join(data), join(kappas))


def extended_base_hash(H_B: bytes, K: Element, K_hat: Element) -> bytes:
    """H_E (30)."""
    return H(H_B, b"\x14", K.to_bytes(), K_hat.to_bytes())


# 5.5.3 Ballot encryption and confirmation codes


def identifier_hash(H_E: bytes, id_B: bytes) -> bytes:
    """H_I (32); id_B is a string of 32 bytes that is never reduced."""
    return H(H_E, b"\x20", id_B)


def encryption_nonce(group: Group, H_I: bytes, contest: int, option: int, ballot_nonce: bytes) -> Scalar:
    """ξ_i,j (33)."""
    return H_q(group, H_I, b"\x21", b(contest), b(option), ballot_nonce)


def ballot_nonce_key(H_I: bytes, alpha: Element, beta: Element) -> bytes:
    """h (35)."""
    return H(H_I, b"\x22", alpha.to_bytes(), beta.to_bytes())


def ballot_nonce_encryption_key(h: bytes) -> bytes:
    """k_1 (36)."""
    return H(h, b"\x01", b"ballot_nonce", b"\x00", b"ballot_nonce_encrypt", b"\x01\x00")


def ballot_nonce_challenge(H_I: bytes, a: Element, C_0: Element, C_1: bytes) -> Scalar:
    """c_B (38)."""
    return H_q(a.group, H_I, b"\x23", a.to_bytes(), C_0.to_bytes(), C_1)


def range_challenge(
    H_I: bytes, contest: int, option: int, alpha: Element, beta: Element, commitments: Sequence[Element]
) -> Scalar:
    """c of an option's range proof (41), (50), (59); commitments a_0, b_0, …, a_R, b_R."""
    return H_q(alpha.group, H_I, b"\x24", b(contest), b(option), alpha.to_bytes(), beta.to_bytes(), join(commitments))


def limit_challenge(H_I: bytes, contest: int, alpha: Element, beta: Element, commitments: Sequence[Element]) -> Scalar:
    """c of a contest's selection limit proof (62): no option index; commitments a_0, b_0, …, a_L, b_L."""
    return H_q(alpha.group, H_I, b"\x24", b(contest), alpha.to_bytes(), beta.to_bytes(), join(commitments))


def contest_data_nonce(group: Group, H_I: bytes, contest: int, ballot_nonce: bytes) -> Scalar:
    """ξ (64)."""
    return H_q(group, H_I, b"\x25", b(contest), ballot_nonce)


def contest_data_key(H_I: bytes, contest: int, alpha: Element, beta: Element) -> bytes:
    """h (65)."""
    return H(H_I, b"\x26", b(contest), alpha.to_bytes(), beta.to_bytes())


def contest_data_encryption_keys(h: bytes, contest: int, blocks: int) -> bytes:
    """k_1 ‖ … ‖ k_b (66), counted from 1 in four bytes: 32 bytes for each block."""
    rest = b"data_enc_keys" + b"\x00" + b"contest_data" + b(contest) + b(256 * blocks)
    return b"".join(H(h, b(i), rest) for i in range(1, blocks + 1))


def contest_data_challenge(H_I: bytes, contest: int, a: Element, C_0: Element, C_1: bytes) -> Scalar:
    """c (69)."""
    return H_q(a.group, H_I, b"\x27", b(contest), a.to_bytes(), C_0.to_bytes(), C_1)


def contest_hash(H_I: bytes, contest: int, ciphertexts: Sequence[tuple[Element, Element]], data: bytes = b"") -> bytes:
    """χ (70); `data` is C_0 ‖ C_1 ‖ C_2 where there is contest data."""
    return H(H_I, b"\x28", b(contest), b"".join(join(pair) for pair in ciphertexts), data)


def confirmation_code(H_I: bytes, contest_hashes: Iterable[bytes], B_C: bytes) -> bytes:
    """H_C (71); contest hashes by contest index, B_C of 36 bytes."""
    return H(H_I, b"\x29", b"".join(contest_hashes), B_C)


def device_hash(H_E: bytes, device: str) -> bytes:
    """H_DI (72)."""
    return H(H_E, b"\x2a", text(device))


def chain_start(H_E: bytes, B_C_0: bytes) -> bytes:
    """H_0 of simple chaining (74)."""
    return H(H_E, b"\x29", B_C_0)


def chain_close(H_E: bytes, closing_B_C: bytes) -> bytes:
    """The closing hash of simple chaining (77)."""
    return H(H_E, b"\x29", closing_B_C)


def chain_closing_field(H_E: bytes, last_code: bytes, B_C_0: bytes) -> bytes:
    """B̄_C of simple chaining (78): 36 bytes."""
    return b"\x00\x00\x00\x01" + H(H_E, b"\x2b", last_code, B_C_0)


# 5.5.4 Verifiable decryption


def guardian_set(guardians: Iterable[int]) -> bytes:
    """The set U of available guardians: b(#U, 4), then the indices ascending."""
    indices = sorted(guardians)
    return b(len(indices)) + b"".join(b(i) for i in indices)


def tally_commitment(
    H_E: bytes, contest: int, option: int, i: int, A: Element, B: Element, a_i: Element, b_i: Element, M_i: Element, U: Iterable[int]
) -> bytes:
    """d_i (88)."""
    return H(H_E, b"\x30", b(contest), b(option), b(i), join([A, B, a_i, b_i, M_i]), guardian_set(U))


def tally_challenge(H_E: bytes, contest: int, option: int, A: Element, B: Element, a: Element, b_: Element, M: Element) -> Scalar:
    """c (90)."""
    return H_q(A.group, H_E, b"\x31", b(contest), b(option), join([A, B, a, b_, M]))


def contest_data_commitment(
    H_I: bytes, contest: int, i: int, C_0: Element, C_1: bytes, C_2: bytes, a_i: Element, b_i: Element, m_i: Element, U: Iterable[int]
) -> bytes:
    """d_i (99)."""
    return H(H_I, b"\x32", b(contest), b(i), C_0.to_bytes(), C_1, C_2, join([a_i, b_i, m_i]), guardian_set(U))


def contest_data_decryption_challenge(
    H_I: bytes, contest: int, C_0: Element, C_1: bytes, C_2: bytes, a: Element, b_: Element, beta: Element
) -> Scalar:
    """c (101)."""
    return H_q(a.group, H_I, b"\x33", b(contest), C_0.to_bytes(), C_1, C_2, join([a, b_, beta]))


# 5.5.5 Pre-encrypted ballots: hashed here so that the table is complete; the engine makes none


def selection_hash(H_I: bytes, vector: Sequence[tuple[Element, Element]]) -> bytes:
    """ψ (113), (114)."""
    return H(H_I, b"\x40", b"".join(join(pair) for pair in vector))


def pre_encrypted_contest_hash(H_I: bytes, contest: int, selection_hashes: Iterable[bytes]) -> bytes:
    """χ (115), over the selection hashes in ascending order."""
    return H(H_I, b"\x41", b(contest), b"".join(sorted(selection_hashes)))


def pre_encrypted_confirmation_code(H_I: bytes, contest_hashes: Iterable[bytes], B_C: bytes) -> bytes:
    """H_C (116)."""
    return H(H_I, b"\x42", b"".join(contest_hashes), B_C)


def pre_encrypted_chain_start(H_E: bytes, B_C_0: bytes) -> bytes:
    """H_0 (117)."""
    return H(H_E, b"\x42", B_C_0)


def pre_encrypted_chain_close(H_E: bytes, closing_B_C: bytes) -> bytes:
    """The closing hash (118)."""
    return H(H_E, b"\x42", closing_B_C)


def pre_encrypted_device_hash(H_E: bytes, device: str) -> bytes:
    """H_DI (119)."""
    return H(H_E, b"\x43", text(device))


def pre_encrypted_chain_closing_field(H_E: bytes, last_code: bytes, B_C_0: bytes) -> bytes:
    """B̄_C (120), without the four bytes that only the table row prints."""
    return b"\x00\x00\x00\x01" + H(H_E, b"\x44", last_code, B_C_0)


def pre_encryption_nonce(group: Group, H_I: bytes, contest: int, selection: int, option: int, ballot_nonce: bytes) -> Scalar:
    """ξ_i,j,k (121)."""
    return H_q(group, H_I, b"\x45", b(contest), b(selection), b(option), ballot_nonce)


# Our own uses, with domain bytes that the specification leaves free (specs/record-format.md)


def spoil_challenge(
    H_I: bytes, contest: int, option: int, alpha: Element, beta: Element, commitments: Sequence[Element]
) -> Scalar:
    """c of the spoil proof (record-format.md, 2.7); `option` is the spoil option."""
    return H_q(alpha.group, H_I, b"\x50", b(contest), b(option), alpha.to_bytes(), beta.to_bytes(), join(commitments))


def acknowledgement_challenge(H_G: bytes, i: int, kappa: Element, h: Element) -> Scalar:
    """c of a guardian's acknowledgement (record-format.md, 2.5)."""
    return H_q(kappa.group, H_G, b"\x51", b(i), kappa.to_bytes(), h.to_bytes())


def key_commitment(H_B: bytes, i: int, public_keys: bytes) -> bytes:
    """Guardian i's commitment to its public keys before it sees any other's; over their canonical bytes."""
    return H(H_B, b"\x52", b(i), b(len(public_keys)), public_keys)


def complaint_challenge(
    H_P: bytes, i: int, l: int, kappa_l: Element, C_0: Element, beta: Element, commitments: Sequence[Element]  # noqa: E741
) -> Scalar:
    """c of guardian l's proof that β is the one that decrypts guardian i's share for it; commitments (a, b)."""
    return H_q(beta.group, H_P, b"\x53", b(i), b(l), join([kappa_l, C_0, beta, *commitments]))


def nonce_share_challenge(
    H_I: bytes, i: int, C_0: Element, C_1: bytes, key: Element, m_i: Element, commitments: Sequence[Element]
) -> Scalar:
    """c of guardian i's proof that m_i is its partial decryption of a ballot nonce; `key` is g^ẑ_i, commitments (a, b)."""
    return H_q(m_i.group, H_I, b"\x54", b(i), C_0.to_bytes(), C_1, join([key, m_i, *commitments]))


def log_statement_challenge(H_E: bytes, i: int, size: int, root: bytes, key: Element, h: Element) -> Scalar:
    """c of guardian i's statement about the log (record-format.md, 2.12); `key` is g^ẑ_i, `root` 32 bytes."""
    return H_q(h.group, H_E, b"\x55", b(i), b(size, 8), root, key.to_bytes(), h.to_bytes())


def trial_nonce(group: Group, H_E: bytes, seed: bytes) -> Scalar:
    """r of the ciphertext of a trial decryption; the seed has 32 bytes (protocol.md, "Trial decryption")."""
    return H_q(group, H_E, b"\x56", seed)


def trial_tally(H_E: bytes, seed: bytes) -> bytes:
    """32 bytes, from which comes the t that is encrypted in a trial; one byte longer than what gives r."""
    return H(H_E, b"\x56", seed, b"\x01")


def trial_challenge(
    H_E: bytes, i: int, seed: bytes, source: int, key: Element, data_key: Element, A: Element, M_i: Element, commitments: Sequence[Element]
) -> Scalar:
    """c of guardian i's answer to a trial from its key medium (`source` 1) or the copy (2); keys g^z_i, g^ẑ_i; commitments (a, b, â)."""
    return H_q(M_i.group, H_E, b"\x57", b(i), seed, b(source), join([key, data_key, A, M_i, *commitments]))
