"""engine/hashing.py: every row of the tables of §5.5 and our own five uses, with the printed length (CR-04)."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import pytest

from engine import hashing
from engine.group import STANDARD, Element, Scalar

KEY = bytes(range(32))
E = [STANDARD.g ** STANDARD.scalar(x) for x in range(3, 60)]
OTHER = STANDARD.g ** STANDARD.scalar(1001)
DIGEST = hashlib.sha256(b"some hash").digest()
NONCE = hashlib.sha256(b"some nonce").digest()
B_C = bytes(4) + DIGEST
BLOCKS = 3
DATA = bytes(range(32 * BLOCKS))
RESPONSE = bytes(64)
N, K_, M, R = 3, 2, 4, 5  # guardians, quorum, options, limit
G = STANDARD

Row = tuple[str, int, int, Callable[..., Any], tuple[Any, ...]]

# What the table prints, with the symbols above for n, k, m, R, L, m_B, b_Λ, #U: name, domain byte, len(B_1), function, arguments.
SPECIFICATION: list[Row] = [
    ("(4) parameter base hash", 0x00, 1065, hashing.parameter_base_hash, (G, N, K_)),
    ("(5) base hash", 0x01, 5 + 18, hashing.election_base_hash, (KEY, b'{"election":"kat"}')),
    ("(11) key proof", 0x10, 12 + 2 * (K_ + 1) * 512, hashing.key_proof_challenge, (KEY, "pk_vote", 1, E[:2], E[2], E[3:6])),
    ("(13) data key proof", 0x10, 12 + 2 * (K_ + 1) * 512, hashing.key_proof_challenge, (KEY, "pk_data", 1, E[:2], E[2], E[3:6])),
    ("(16) share key", 0x11, 1545, hashing.share_key, (KEY, 1, 2, E[0], E[1], E[2])),
    ("(22) share proof", 0x12, 1097, hashing.share_proof_challenge, (KEY, 1, 2, E[0], E[1], bytes(64))),
    (
        "(27) guardian record", 0x13, 1 + (2 + 2 * N * K_ + N) * 512,
        hashing.guardian_record_hash, (KEY, E[0], E[1], E[2:8], E[8:14], E[14:17]),
    ),
    ("(30) extended base hash", 0x14, 1025, hashing.extended_base_hash, (KEY, E[0], E[1])),
    ("(32) identifier hash", 0x20, 33, hashing.identifier_hash, (KEY, DIGEST)),
    ("(33) encryption nonce", 0x21, 41, hashing.encryption_nonce, (G, KEY, 1, 2, NONCE)),
    ("(35) ballot nonce key", 0x22, 1025, hashing.ballot_nonce_key, (KEY, E[0], E[1])),
    ("(38) ballot nonce proof", 0x23, 1057, hashing.ballot_nonce_challenge, (KEY, E[0], E[1], NONCE)),
    ("(41), (50) 0/1 range proof", 0x24, 3081, hashing.range_challenge, (KEY, 1, 2, E[0], E[1], E[2:6])),
    ("(59) range proof", 0x24, 9 + (2 * R + 4) * 512, hashing.range_challenge, (KEY, 1, 2, E[0], E[1], E[2 : 4 + 2 * R])),
    ("(62) limit proof", 0x24, 5 + (2 * R + 4) * 512, hashing.limit_challenge, (KEY, 1, E[0], E[1], E[2 : 4 + 2 * R])),
    ("(64) contest data nonce", 0x25, 37, hashing.contest_data_nonce, (G, KEY, 1, NONCE)),
    ("(65) contest data key", 0x26, 1029, hashing.contest_data_key, (KEY, 1, E[0], E[1])),
    ("(69) contest data proof", 0x27, 1029 + BLOCKS * 32, hashing.contest_data_challenge, (KEY, 1, E[0], E[1], DATA)),
    (
        "(70) contest hash with contest data", 0x28, 69 + (2 * M + 1) * 512 + BLOCKS * 32,
        hashing.contest_hash, (KEY, 1, list(zip(E[:4], E[4:8], strict=True)), E[8].to_bytes() + DATA + RESPONSE),
    ),
    ("(70) contest hash without", 0x28, 5 + 2 * M * 512, hashing.contest_hash, (KEY, 1, list(zip(E[:4], E[4:8], strict=True)))),
    ("(71) confirmation code", 0x29, 37 + 2 * 32, hashing.confirmation_code, (KEY, [DIGEST, NONCE], B_C)),
    ("(72) device", 0x2A, 5 + 7, hashing.device_hash, (KEY, "psephos")),
    ("(74) chain start", 0x29, 37, hashing.chain_start, (KEY, B_C)),
    ("(77) chain close", 0x29, 37, hashing.chain_close, (KEY, B_C)),
    ("(78) chain closing field", 0x2B, 69, hashing.chain_closing_field, (KEY, DIGEST, B_C)),
    ("(88) tally commitment", 0x30, 2577 + 4 * 3, hashing.tally_commitment, (KEY, 1, 2, 4, *E[:5], (1, 3, 4))),
    ("(90) tally challenge", 0x31, 2569, hashing.tally_challenge, (KEY, 1, 2, *E[:5])),
    (
        "(99) contest data commitment", 0x32, 2125 + 32 * BLOCKS + 4 * 3,
        hashing.contest_data_commitment, (KEY, 1, 4, E[0], DATA, RESPONSE, E[1], E[2], E[3], (1, 3, 4)),
    ),
    (
        "(101) contest data decryption", 0x33, 2117 + 32 * BLOCKS,
        hashing.contest_data_decryption_challenge, (KEY, 1, E[0], DATA, RESPONSE, E[1], E[2], E[3]),
    ),
    ("(113), (114) selection hash", 0x40, 1 + 2 * M * 512, hashing.selection_hash, (KEY, list(zip(E[:4], E[4:8], strict=True)))),
    ("(115) pre-encrypted contest", 0x41, 5 + 2 * 32, hashing.pre_encrypted_contest_hash, (KEY, 1, [DIGEST, NONCE])),
    ("(116) pre-encrypted code", 0x42, 37 + 2 * 32, hashing.pre_encrypted_confirmation_code, (KEY, [DIGEST, NONCE], B_C)),
    ("(117) pre-encrypted chain start", 0x42, 37, hashing.pre_encrypted_chain_start, (KEY, B_C)),
    ("(118) pre-encrypted chain close", 0x42, 37, hashing.pre_encrypted_chain_close, (KEY, B_C)),
    ("(119) pre-encrypting device", 0x43, 5 + 7, hashing.pre_encrypted_device_hash, (KEY, "psephos")),
    ("(120) pre-encrypted closing field", 0x44, 69, hashing.pre_encrypted_chain_closing_field, (KEY, DIGEST, B_C)),
    ("(121) pre-encryption nonce", 0x45, 45, hashing.pre_encryption_nonce, (G, KEY, 1, 2, 3, NONCE)),
]  # fmt: skip

OUR_OWN: list[Row] = [
    ("spoil proof", 0x50, 9 + (2 * R + 4) * 512, hashing.spoil_challenge, (KEY, 1, 3, E[0], E[1], E[2 : 4 + 2 * R])),
    ("acknowledgement", 0x51, 1029, hashing.acknowledgement_challenge, (KEY, 1, E[0], E[1])),
    ("key commitment", 0x52, 9 + 11, hashing.key_commitment, (KEY, 1, b"public keys")),
    ("complaint", 0x53, 9 + 5 * 512, hashing.complaint_challenge, (KEY, 1, 2, E[0], E[1], E[2], E[3:5])),
    ("nonce share", 0x54, 5 + 5 * 512 + 32, hashing.nonce_share_challenge, (KEY, 1, E[0], NONCE, E[1], E[2], E[3:5])),
    ("log statement", 0x55, 1069, hashing.log_statement_challenge, (KEY, 1, 24, DIGEST, E[0], E[1])),
    ("trial's nonce", 0x56, 1 + 32, hashing.trial_nonce, (G, KEY, DIGEST)),
    ("trial's tally", 0x56, 1 + 32 + 1, hashing.trial_tally, (KEY, DIGEST)),
    ("trial's answer", 0x57, 9 + 32 + 7 * 512, hashing.trial_challenge, (KEY, 1, DIGEST, 2, *E[:4], E[4:7])),
]

# KDF calls have no row of their own; (17), (18), (36), (66) print them. Label, 00, context, length.
KDF: list[tuple[str, list[int], Callable[..., Any], tuple[Any, ...]]] = [
    ("(17), (18)", [1 + 14 + 1 + 13 + 8 + 2] * 2, hashing.share_encryption_keys, (KEY, 1, 2)),
    ("(36)", [1 + 12 + 1 + 20 + 2], hashing.ballot_nonce_encryption_key, (KEY,)),
    ("(66)", [4 + 13 + 1 + 12 + 4 + 4] * BLOCKS, hashing.contest_data_encryption_keys, (KEY, 1, BLOCKS)),
]

ROWS = SPECIFICATION + OUR_OWN
IDS = [row[0] for row in ROWS]


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, bytes]]:
    """Every (B_0, B_1) that is hashed, written down on the way to the one HMAC there is."""
    seen: list[tuple[bytes, bytes]] = []
    real = hmac.digest

    def digest(key: bytes, message: bytes, how: Any) -> bytes:
        seen.append((bytes(key), bytes(message)))
        assert how is hashlib.sha256
        return real(key, message, how)

    monkeypatch.setattr(hmac, "digest", digest)
    return seen


# Refused


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_key_of_another_length_than_32_is_refused(length: int) -> None:
    """HMAC pads a short key with zeros and hashes a long one: two keys would be one."""
    with pytest.raises(ValueError, match="32 bytes"):
        hashing.H(bytes(length), b"message")


@pytest.mark.parametrize("value", [-1, 2**32])
def test_an_index_that_does_not_fit_four_bytes_is_refused(value: int) -> None:
    with pytest.raises(OverflowError):
        hashing.b(value)


# The tables


@pytest.mark.parametrize(("name", "domain", "length", "function", "arguments"), ROWS, ids=IDS)
def test_cr04_each_input_has_the_printed_domain_byte_and_length(
    messages: list[tuple[bytes, bytes]], name: str, domain: int, length: int, function: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    function(*arguments)
    ((key, message),) = messages
    assert len(key) == 32
    assert key == (hashing.VERSION if domain == 0 else KEY)
    assert message[0] == domain
    assert len(message) == length


@pytest.mark.parametrize(("name", "lengths", "function", "arguments"), KDF, ids=[row[0] for row in KDF])
def test_cr04_each_key_derivation_has_the_printed_length(
    messages: list[tuple[bytes, bytes]], name: str, lengths: list[int], function: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    keys = function(*arguments)
    assert [len(message) for _, message in messages] == lengths
    assert len(keys) == 32 * len(lengths)
    assert len({keys[at : at + 32] for at in range(0, len(keys), 32)}) == len(lengths)


def altered(value: Any) -> list[Any]:
    """`value` with one thing in it changed, in every way that matters."""
    if isinstance(value, Element):
        return [OTHER]
    if isinstance(value, int):
        return [value + 1, value + 2**24]
    if isinstance(value, bytes):
        return [bytes([value[0] ^ 1]) + value[1:], value[:-1] + bytes([value[-1] ^ 0x80])]
    if isinstance(value, str):
        return [value + "x", value[:-1]]
    changed = []
    for at, each in enumerate(value):
        changed += [[*value[:at], other, *value[at + 1 :]] for other in altered(each)]
    changed.append(list(value)[:-1])
    if len(value) > 1:
        changed.append([value[1], value[0], *value[2:]])
    return [tuple(each) if isinstance(value, tuple) else each for each in changed]


@pytest.mark.parametrize(("name", "domain", "length", "function", "arguments"), ROWS, ids=IDS)
def test_cr04_changing_any_input_changes_the_output(
    name: str, domain: int, length: int, function: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    base = function(*arguments)
    seen = {base.to_bytes() if isinstance(base, Scalar) else base}
    for at, argument in enumerate(arguments):
        if argument is G:
            continue
        changes = altered(argument)
        if function is hashing.pre_encrypted_contest_hash and at == 2:  # sorted: order says nothing
            changes.pop()
        if argument == (1, 3, 4):  # a set: order says nothing
            changes.pop()
        assert changes
        for other in changes:
            result = function(*arguments[:at], other, *arguments[at + 1 :])
            seen_now = result.to_bytes() if isinstance(result, Scalar) else result
            assert seen_now not in seen, (name, at)
            seen.add(seen_now)


def test_cr04_a_twin_that_forgets_an_input_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "extended_base_hash", lambda H_B, K, K_hat: hashing.H(H_B, b"\x14", K.to_bytes()))
    with pytest.raises(AssertionError):
        test_cr04_changing_any_input_changes_the_output("(30)", 0x14, 1025, hashing.extended_base_hash, (KEY, E[0], E[1]))


def test_the_rows_are_all_there_is() -> None:
    """No function of the module hashes anything that is not in a table above."""
    helpers = {"H", "H_q", "b", "text", "join", "guardian_set"}
    own = {name for name, each in vars(hashing).items() if callable(each) and getattr(each, "__module__", "") == hashing.__name__}
    assert own - helpers == {row[3].__name__ for row in ROWS} | {row[2].__name__ for row in KDF}


def test_no_two_different_rows_ever_hash_the_same_message(messages: list[tuple[bytes, bytes]]) -> None:
    same = {("(74) chain start", "(77) chain close"), ("(117) pre-encrypted chain start", "(118) pre-encrypted chain close")}
    seen: dict[bytes, str] = {}
    for name, _, _, function, arguments in ROWS:
        function(*arguments)
        message = messages[-1][1]
        assert (seen.get(message), name) in same or message not in seen
        seen.setdefault(message, name)


def test_a_hash_modulo_q_is_the_hash_reduced() -> None:
    expected = int.from_bytes(hmac.digest(KEY, b"ab", "sha256"), "big") % G.q
    assert hashing.H_q(G, KEY, b"a", b"b") == G.scalar(expected)


def test_text_carries_its_length_in_bytes_not_characters() -> None:
    assert hashing.text("Zürich") == b"\0\0\0\x07" + "Zürich".encode()
    assert hashing.text("") == bytes(4)


def test_cr53_text_in_another_normal_form_is_another_text() -> None:
    assert hashing.device_hash(KEY, "Zürich") != hashing.device_hash(KEY, "Zu\u0308rich")


@pytest.mark.parametrize("guardians", [(3, 1, 4), (4, 3, 1), (1, 3, 4)])
def test_the_set_of_guardians_is_hashed_ascending(guardians: tuple[int, ...]) -> None:
    assert hashing.guardian_set(guardians) == bytes.fromhex("00000003" "00000001" "00000003" "00000004")


def test_the_domain_bytes_of_our_own_are_free_in_the_specification() -> None:
    assert not {row[1] for row in OUR_OWN} & {row[1] for row in SPECIFICATION}
    assert {row[1] for row in OUR_OWN} == {0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57}
    assert len({(row[1], row[2]) for row in OUR_OWN}) == len(OUR_OWN)
