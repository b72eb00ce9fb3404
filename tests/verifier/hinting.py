"""Hints for any record that a test makes, damaged ones too: the commitments by the formulas (6.1), (6.2), (38), in plain integers."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import gmpy2

from verifier.arithmetic import Group
from verifier.report import Report

__all__ = ["commitments_of", "same_report", "write_hints"]

MAGIC = b"psephos hints 1\n"
Change = Callable[[int, bytes], bytes]


def write_hints(path: Path, folder: Path, group: Group, change: Change | None = None) -> Path:
    """Writes the hints of the record in `folder` to `path`. `change` alters those of a ballot, given its number from 0."""
    h_e = _read(folder / "hashes_ext.json", "h_e", 64)
    K = int(_read(folder / "joint_public_keys.json", "joint_vote_encryption_public_key", 2 * group.l_p), 16)
    ballots = folder / "ballots/device_1.jsonl"
    lines = ballots.read_bytes().split(b"\n")[:-1] if ballots.is_file() else []
    blobs = [commitments_of(line, group, K) for line in lines]
    if change:
        blobs = [change(number, blob) for number, blob in enumerate(blobs)]
    offsets = [len(MAGIC) + 32]
    for blob in blobs:
        offsets.append(offsets[-1] + len(blob))
    numbers = [*offsets, len(blobs)]
    path.write_bytes(MAGIC + bytes.fromhex(h_e) + b"".join(blobs) + b"".join(number.to_bytes(8, "big") for number in numbers))
    return path


@lru_cache(maxsize=2**14)
def commitments_of(line: bytes, group: Group, K: int) -> bytes:
    """What a verifier would compute for this line; nothing where that makes no sense."""
    try:
        return b"".join((x % group.p).to_bytes(group.l_p, "big") for x in _commitments(json.loads(line), group, K))
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, ZeroDivisionError, OverflowError):
        return b""


def same_report(one: Report, other: Report) -> None:
    """Asserts that two reports say the same but for how many ballots were tested together."""
    assert _without_notes(one).text() == _without_notes(other).text()
    assert _without_notes(one).json() == _without_notes(other).json()


def _without_notes(report: Report) -> Report:
    return replace(report, findings=replace(report.findings, notes=Counter()))


def _commitments(ballot: Any, group: Group, K: int) -> Iterator[int]:
    for contest in ballot["contests"].values():
        pairs = [(int(each["alpha"], 16), int(each["beta"], 16)) for each in contest["ciphertexts"]]
        for pair, proof in zip(pairs, contest["proof_ballot_correctness"], strict=True):
            yield from _branches(group, K, pair, proof)
        yield from _branches(group, K, _product(group, pairs), contest["proof_selection_limit"])
        if "proof_spoil" in contest:
            L = len(contest["proof_spoil"]) - 1
            yield from _branches(group, K, _product(group, [*pairs[:-1], *[pairs[-1]] * L]), contest["proof_spoil"])
    nonce = ballot["ballot_nonce_ciphertext"]
    c, v = (int(nonce["c_2"][name], 16) for name in ("c", "v"))
    yield _pow(group.g, v, group.p) * _pow(int(nonce["c_0"], 16), c, group.p)


def _branches(group: Group, K: int, pair: tuple[int, int], proof: Any) -> Iterator[int]:
    for j, branch in enumerate(proof):
        c, v = int(branch["c"], 16), int(branch["v"], 16)
        yield _pow(group.g, v, group.p) * _pow(pair[0], c, group.p)
        yield _pow(K, (v - j * c) % group.q, group.p) * _pow(pair[1], c, group.p)


def _product(group: Group, pairs: list[tuple[int, int]]) -> tuple[int, int]:
    alpha = beta = 1
    for x, y in pairs:
        alpha, beta = alpha * x % group.p, beta * y % group.p
    return alpha, beta


@lru_cache(maxsize=2**16)
def _pow(base: int, exponent: int, p: int) -> int:
    return int(gmpy2.powmod(base, exponent, p))


def _read(path: Path, name: str, digits: int) -> str:
    try:
        value = json.loads(path.read_bytes() if path.is_file() else b"")[name]  # and waits for nothing that is no file
        bytes.fromhex(value)
    except (OSError, ValueError, TypeError, KeyError):
        return "0" * digits
    return str(value) if len(value) == digits else "0" * digits
