"""Exponential ElGamal encryption of small integers under K (§3.3.1)."""

from collections.abc import Iterable
from dataclasses import dataclass

from engine.errors import GroupError
from engine.group import Element, Group, Scalar


@dataclass(frozen=True, slots=True)
class Ciphertext:
    """(α, β) = (g^ξ, K^(σ+ξ)); a product of ciphertexts encrypts the sum of their integers."""

    alpha: Element
    beta: Element

    def __mul__(self, other: "Ciphertext") -> "Ciphertext":
        return Ciphertext(self.alpha * other.alpha, self.beta * other.beta)

    def __pow__(self, factor: Scalar) -> "Ciphertext":
        return Ciphertext(self.alpha**factor, self.beta**factor)


def encrypt(value: int, nonce: Scalar, vote_encryption_key: Element) -> Ciphertext:
    """Enc(σ, ξ) (31). Raises GroupError for ξ = 0, which would show σ."""
    if nonce.value == 0:
        raise GroupError("the encryption nonce is 0")
    group, K = vote_encryption_key.group, vote_encryption_key
    return Ciphertext(group.g**nonce, K ** (group.scalar(value) + nonce))


def multiply(ciphertexts: Iterable[Ciphertext], group: Group) -> Ciphertext:
    """The product of ciphertexts, component by component (79); (1, 1) if there are none."""
    alphas, betas = [], []
    for ciphertext in ciphertexts:
        alphas.append(ciphertext.alpha)
        betas.append(ciphertext.beta)
    return Ciphertext(group.product(alphas), group.product(betas))
