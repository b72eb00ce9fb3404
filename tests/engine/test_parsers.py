"""100,000 malformed inputs for everything the engine reads: a typed refusal each time, and never another exception (X7)."""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from engine.ballot import EncryptedBallot, OpenedBallot, Opening, verify_ballot
from engine.decryption import (
    CommitmentHashes,
    DecryptedTally,
    NonceShares,
    PartialDecryptions,
    Responses,
    combine,
    open_challenged,
)
from engine.encoding import from_json, to_json
from engine.errors import EngineError, FormatError, ManifestError
from engine.guardian import GuardianSecretKeys, KeyShares, commit, decrypt_nonces, respond, reveal
from engine.key_ceremony import (
    Acknowledgement,
    Complaint,
    EncryptedShare,
    GuardianPublicKeys,
    KeyCommitment,
    commit_to_keys,
    judge_complaint,
    verify_acknowledgement,
    verify_public_keys,
    verify_reveal,
)
from engine.manifest import read_manifest
from engine.proofs import Proof
from engine.record import ParametersFile, Profile, Signature, Totals, parameters_file
from engine.tally import EncryptedTally, verify_and_multiply
from tests.engine.elections import Ballots, Ceremony, decrypt, manifest_bytes
from tests.groups import TOY

INPUTS = 100_000
CHUNKS = 20

Use = Callable[[Any], object]

TOKENS = [
    b"-0", b"-1", b"1e3", b"1E400", b"0.1", b"NaN", b"Infinity", b"null", b"true", b"false", b"[]", b"{}", b'""', b"9" * 40, b"9" * 5000,
    b"2147483648", b"4294967296", b"18446744073709551616", b'"' + b"F" * 64 + b'"', b'"' + b"0" * 64 + b'"', b'"\\ud800"', b'"\\u0000"',
    "\u202e\u200b\ufeff".encode(), "ａｂ１".encode(), b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\x80", b"\\", b'"', b"[" * 3000, b'{"a":' * 3000,
    b"/**/", b",", b":", b"\x00", b"\r\n", b" ", "é".encode(), "e\u0301".encode(), b"__class__", b"0x1F", b"1_0", "٣".encode(),
]  # fmt: skip
WORDS = [
    None, True, False, 0, 1, -1, 2**31, 2**32, 2**64, 10**30, 1.5, "", "1", "\ud800", "\u202eabc", "F" * 16, "0" * 64, "G" * 64, [], {},
    [[]], [None],
    {"c": "0", "v": "0"}, {"1": {}}, {"": None}, [{}] * 3, "x" * 300, "NO_LIMIT", "CONTEST_LIMIT", "Cast",
]  # fmt: skip


def damaged_bytes(content: bytes, chance: random.Random) -> bytes:
    """Bit flips, cuts, swaps and insertions."""
    kind, at = chance.randrange(8), chance.randrange(len(content))
    to = min(len(content), at + chance.choice([1, 2, 8, 64, 1000]))
    if kind == 0:
        return content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1 :]
    if kind == 1:
        return content[:at]
    if kind == 2:
        return content[:at] + content[to:]
    if kind == 3:
        return content[:to] + content[at:]
    if kind == 4:
        return content[:at] + chance.choice(TOKENS) + content[at:]
    if kind == 5:
        return content[:at] + chance.choice(TOKENS) + content[to:]
    if kind == 6:
        return content[:at] + bytes(chance.randrange(256) for _ in range(8)) + content[to:]
    parts = content.split(b",")
    first, second = chance.randrange(len(parts)), chance.randrange(len(parts))
    parts[first], parts[second] = parts[second], parts[first]
    return b",".join(parts)


def places(raw: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of a JSON value with every key or index in it."""
    for key in list(raw) if isinstance(raw, dict) else range(len(raw)):
        yield raw, key
        if isinstance(raw[key], dict | list):
            yield from places(raw[key])


def damaged_json(content: bytes, chance: random.Random) -> bytes:
    """Well-formed JSON with a value replaced, doubled, dropped, moved or renamed."""
    raw = json.loads(content)
    inside = list(places(raw))
    if not inside:
        return content + b" "
    holder, key = chance.choice(inside)
    value, kind = holder[key], chance.randrange(7)
    if kind == 0 and isinstance(holder, dict):
        holder[chance.choice(["x", "", "01", "-1", "4294967296", "\u202e", str(key).upper() + "\u0131"])] = value
    elif kind == 1:
        del holder[key]
    elif kind == 2:
        other, where = chance.choice(inside)
        if isinstance(other, dict) or where < len(other):
            holder[key], other[where] = json.loads(json.dumps([other.get(where) if isinstance(other, dict) else other[where], value]))
    elif kind == 3 and isinstance(holder, list):
        holder.insert(chance.randrange(len(holder) + 1), value)
    elif kind == 4 and isinstance(value, str) and value:
        at = chance.randrange(len(value))
        holder[key] = value[:at] + chance.choice("0123456789ABCDEFabcdefg \u200b") + value[at + chance.randrange(2) :]
    elif kind == 5 and isinstance(value, str):
        holder[key] = chance.choice([value.lower(), value + " ", "0" + value, value * 2, value[::-1], value[:-1], "0x" + value])
    else:
        holder[key] = chance.choice(WORDS)
    text = json.dumps(raw, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


@pytest.fixture(scope="module")
def readers(toy: Ceremony, ballots: Ballots) -> list[tuple[type, bytes, Use]]:
    """Everything that comes from outside: its type, a good example, and what is done with it once it is read."""
    election, parameters, tally = toy.election, toy.parameters, ballots.found.tally
    U = (1, 3, 4)
    begun = [commit(toy.key_shares[i - 1], tally, tally, U, election) for i in U]
    hashes = [each[1] for each in begun]
    values = [reveal(each[0], hashes) for each in begun]
    responses = [respond(each[0], hashes, values, election) for each in begun]
    nonces = [decrypt_nonces(toy.key_shares[i - 1], ballots.found.challenged, election) for i in U]
    challenged = ballots.found.challenged
    opened = open_challenged(challenged, nonces, election)
    share, keys = toy.shares[2, 4], toy.public[1]
    complaint = Complaint(2, 4, TOY.g, Proof(TOY.scalar(1), TOY.scalar(2)))

    def combined(each: PartialDecryptions | None = None, answer: Responses | None = None) -> object:
        return combine(tally, [each or values[0], *values[1:]], [answer or responses[0], *responses[1:]], election)

    return [
        (EncryptedBallot, ballots.lines[0], lambda ballot: verify_ballot(ballot, election)),
        (EncryptedBallot, ballots.lines[-1], lambda ballot: verify_and_multiply([to_json(ballot)], election)),
        (GuardianPublicKeys, to_json(keys), lambda each: verify_public_keys(each, parameters)),
        (GuardianPublicKeys, to_json(keys), lambda each: verify_reveal(each, commit_to_keys(keys, parameters), parameters)),
        (KeyCommitment, to_json(commit_to_keys(keys, parameters)), lambda each: verify_reveal(keys, each, parameters)),
        (EncryptedShare, to_json(share), lambda each: judge_complaint(complaint, each, toy.public, parameters)),
        (Complaint, to_json(complaint), lambda each: judge_complaint(each, share, toy.public, parameters)),
        (Acknowledgement, to_json(toy.acknowledgements[0]), lambda each: verify_acknowledgement(each, election, toy.public)),
        (CommitmentHashes, to_json(hashes[0]), lambda each: reveal(begun[0][0], [each, *hashes[1:]])),
        (PartialDecryptions, to_json(values[0]), lambda each: combined(each)),
        (Responses, to_json(responses[0]), lambda each: combined(None, each)),
        (NonceShares, to_json(nonces[0]), lambda each: open_challenged(challenged, [each, *nonces[1:]], election)),
        (EncryptedTally, to_json(tally), lambda each: commit(toy.key_shares[0], each, tally, U, election)),
        (DecryptedTally, to_json(decrypt(toy.key_shares[:3], tally, election)), to_json),
        (OpenedBallot, to_json(opened[0]), to_json),
        (Opening, to_json(ballots.each[0][1]), to_json),
        (GuardianSecretKeys, to_json(toy.secrets[0]), to_json),
        (KeyShares, to_json(toy.key_shares[0]), lambda each: commit(each, tally, tally, U, election)),
        (ParametersFile, to_json(parameters_file(parameters)), to_json),
        (Profile, b'{"profile":"psephos","version":1,"kind":"offline","files":[{"path":"a","sha256":"' + b"00" * 32 + b'"}]}', to_json),
        (Signature, b'{"date":"2026-11-21T00:00:00Z","signature":"' + b"00" * 64 + b'"}', to_json),
        (Totals, b'{"ballots":{"cast":1,"discounted":0,"challenged":0},"ballot_styles":[]}', to_json),
    ]


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_of_100000_malformed_inputs_each_is_refused_with_a_typed_error_or_is_a_canonical_value(
    chunk: int, readers: list[tuple[type, bytes, Use]]
) -> None:
    chance = random.Random(20261120 + chunk)
    manifest = manifest_bytes()
    read = used = 0
    for number in range(INPUTS // CHUNKS):
        damage = damaged_json if number % 3 else damaged_bytes
        if number % 8 == 0:
            content = damage(manifest, chance)
            try:
                assert read_manifest(content).content == content
                read += 1
            except (FormatError, ManifestError):
                pass
            continue
        kind, good, use = chance.choice(readers)
        content = damage(good, chance)
        try:
            value = from_json(kind, content, TOY)
        except FormatError:
            continue
        read += 1
        assert to_json(value) == content
        try:
            use(value)
            used += 1
        except EngineError:
            pass
    assert used <= read < INPUTS // CHUNKS // 2


def test_the_examples_themselves_are_good(readers: list[tuple[type, bytes, Use]]) -> None:
    for kind, good, use in readers:
        use(from_json(kind, good, TOY))
    assert read_manifest(manifest_bytes())
