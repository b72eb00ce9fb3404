"""Signed hashed ElGamal: encryption of key shares and of ballot nonces, with proof of the encryption nonce (§3.2.2, §3.3.4)."""

from dataclasses import dataclass

from engine import hashing
from engine.encoding import member
from engine.errors import ProofError
from engine.group import Element, Scalar
from engine.proofs import Proof


@dataclass(frozen=True, slots=True)
class SignedCiphertext:
    """(C_0, C_1, C_2): α, the bytes under the key stream, and a Schnorr proof (c, v) of the nonce."""

    c_0: Element = member()
    c_1: bytes = member()
    c_2: Proof = member()


def xor(left: bytes, right: bytes) -> bytes:
    """Bitwise XOR of two byte strings of one length."""
    return bytes(x ^ y for x, y in zip(left, right, strict=True))


def encrypt_share(share: bytes, H_P: bytes, i: int, l: int, kappa_l: Element) -> SignedCiphertext:  # noqa: E741
    """E_l(P_i(l), P̂_i(l)) (15) to (22): `share` is the 64 bytes b(P_i(l), 32) ‖ b(P̂_i(l), 32), a guardian's secret."""
    g = kappa_l.group.g
    xi = kappa_l.group.random_scalar()
    alpha, beta = g.secret_power(xi), kappa_l.secret_power(xi)
    C_1 = xor(share, hashing.share_encryption_keys(hashing.share_key(H_P, i, l, kappa_l, alpha, beta), i, l))
    u = kappa_l.group.random_scalar()
    c = hashing.share_proof_challenge(H_P, i, l, g.secret_power(u), alpha, C_1)
    return SignedCiphertext(alpha, C_1, Proof(c, u - c * xi))


def verify_share_proof(ciphertext: SignedCiphertext, H_P: bytes, i: int, l: int) -> None:  # noqa: E741
    """The Schnorr proof of (22). Raises ProofError; nothing is decrypted before this passes."""
    c, v = ciphertext.c_2.challenge, ciphertext.c_2.response
    gamma = c.group.g**v * ciphertext.c_0**c
    if len(ciphertext.c_1) != 64 or c != hashing.share_proof_challenge(H_P, i, l, gamma, ciphertext.c_0, ciphertext.c_1):
        raise ProofError(f"share from guardian {i} for guardian {l}: (22) the proof of the encryption nonce does not fit")


def decrypt_share(ciphertext: SignedCiphertext, H_P: bytes, i: int, l: int, kappa_l: Element, beta: Element) -> bytes:  # noqa: E741
    """The 64 bytes of (23), given β = C_0^ζ_l. Raises ProofError if the proof of (22) fails."""
    verify_share_proof(ciphertext, H_P, i, l)
    key = hashing.share_key(H_P, i, l, kappa_l, ciphertext.c_0, beta)
    return xor(ciphertext.c_1, hashing.share_encryption_keys(key, i, l))


def encrypt_ballot_nonce(ballot_nonce: bytes, H_I: bytes, K_hat: Element, xi: Scalar) -> SignedCiphertext:
    """C_ξB of (34) to (38), for a ballot nonce of 32 bytes and a fresh encryption nonce ξ̂_B."""
    u = K_hat.group.random_scalar()
    alpha, a = K_hat.group.g.powers([xi, u])
    beta = K_hat**xi
    C_1 = xor(ballot_nonce, hashing.ballot_nonce_encryption_key(hashing.ballot_nonce_key(H_I, alpha, beta)))
    c = hashing.ballot_nonce_challenge(H_I, a, alpha, C_1)
    return SignedCiphertext(alpha, C_1, Proof(c, u - c * xi))


def verify_ballot_nonce(ciphertext: SignedCiphertext, H_I: bytes) -> Element:
    """The Schnorr proof (38), bound to this ballot's H_I; no guardian decrypts before this passes (§3.6.7). Answers a of (37).

    Raises ProofError.
    """
    c, v = ciphertext.c_2.challenge, ciphertext.c_2.response
    a = c.group.g**v * ciphertext.c_0**c
    if len(ciphertext.c_1) != 32 or c != hashing.ballot_nonce_challenge(H_I, a, ciphertext.c_0, ciphertext.c_1):
        raise ProofError("encrypted ballot nonce: (38) the proof of the encryption nonce does not fit")
    return a


def decrypt_ballot_nonce(ciphertext: SignedCiphertext, H_I: bytes, beta: Element) -> bytes:
    """ξ_B, 32 bytes, given β_B = C_0^ŝ (§3.6.7)."""
    return xor(ciphertext.c_1, hashing.ballot_nonce_encryption_key(hashing.ballot_nonce_key(H_I, ciphertext.c_0, beta)))
