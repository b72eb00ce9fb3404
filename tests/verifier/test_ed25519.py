"""Signatures against another implementation, and forms that must be refused."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis.strategies import binary

from verifier.ed25519 import verify

L = 2**252 + 27742317777372353535851937790883648493
P = 2**255 - 19
SMALL_ORDER = [
    bytes(32),
    b"\x01" + bytes(31),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    b"\x00" * 31 + b"\x80",
]


@settings(max_examples=20)
@given(seed=binary(min_size=32, max_size=32), message=binary(max_size=100))
def test_signatures_of_another_implementation_are_valid(seed: bytes, message: bytes) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    key, signature = private.public_key().public_bytes_raw(), private.sign(message)
    assert verify(key, message, signature)
    assert not verify(key, message + b"x", signature)
    for at in (0, 31, 32, 63):
        changed = bytearray(signature)
        changed[at] ^= 1
        assert not verify(key, message, bytes(changed))


def test_the_first_example_of_rfc_8032() -> None:
    key = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    signature = bytes.fromhex(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )
    assert verify(key, b"", signature)


def test_a_response_beyond_the_group_order_is_refused() -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    signature = private.sign(b"m")
    s = int.from_bytes(signature[32:], "little") + L
    assert not verify(private.public_key().public_bytes_raw(), b"m", signature[:32] + s.to_bytes(32, "little"))


@pytest.mark.parametrize("point", SMALL_ORDER)
def test_keys_and_commitments_of_small_order_are_refused(point: bytes) -> None:
    assert not verify(point, b"m", point + bytes(32))
    assert not verify(point, b"m", SMALL_ORDER[1] + bytes(32))
    key = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
    assert not verify(key, b"m", point + bytes(32))


def test_encodings_that_are_not_canonical_and_wrong_lengths_are_refused() -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    key, signature = private.public_key().public_bytes_raw(), private.sign(b"m")
    for y in (P, P + 1, 2**255 - 1):
        assert not verify(y.to_bytes(32, "little"), b"m", signature)
    for wrong in (b"", key[:-1], key + b"\0"):
        assert not verify(wrong, b"m", signature)
    for wrong in (b"", signature[:-1], signature + b"\0", bytes(64)):
        assert not verify(key, b"m", wrong)
