"""Flat ballots: a cache of checked ballots in bytes, from which the tally is multiplied without reading JSON again (specs/decisions/0008).

Whoever made it from ballots that he checked himself may use it; nobody else's is ever trusted, and no verifier reads one. All integers
are big-endian; elements and scalars have their full length.

    b"psephos flat 1\\n\\0"                                                                   16 bytes
    H_E, the SHA-256 of the JSON lines (each with its LF) it was made from, that of the body   3 · 32 bytes
    length of the body                                                                         8 bytes
    body: blocks of up to BLOCK ballots that follow each other
      how many groups there are; of each the ballot style, ballots, and how many are counted   4 bytes each
      of each group   every ciphertext of each ballot, α before β: first of the counted ones, so that these are one rectangle of numbers
      of each group   what else is in each ballot: its place in the block (4 bytes), state (1), id_B, H_I, H_C; for each contest χ,
                      then c, v of all branches of the options', the limit and the spoil proof; C_0, C_1, c, v of the ballot nonce
"""

import hashlib
import json
import mmap
import os
import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from engine.ballot import CAST, CHALLENGED, DEVICE, DISCOUNTED
from engine.errors import EngineError, FormatError
from engine.parameters import Election

MAGIC = b"psephos flat 1\n\0"
HEAD = struct.Struct(">16s32s32s32sQ")
GROUP = struct.Struct(">III")
PLACE = struct.Struct(">IB")
BLOCK = 1024  # ballots
STATES = (CAST, CHALLENGED, DISCOUNTED)  # the first is counted


@dataclass(frozen=True, slots=True)
class FlatBallot:
    """One ballot: ciphertexts, and the rest from id_B on."""

    style: int
    state: int
    numbers: bytes
    rest: bytes


@dataclass(frozen=True, slots=True)
class Rectangle:
    """The ciphertexts of `rows` counted ballots of one style: where in the file they begin, `columns` numbers in each row."""

    style: int
    start: int
    rows: int
    columns: int


def flatten(line: bytes, election: Election) -> FlatBallot:
    """A published ballot of canonical JSON that was checked. Raises FormatError if `unflatten` would not give the same bytes."""
    try:
        raw = json.loads(line)
        style, state = raw["ballot_style_ix"], STATES.index(raw["ballot_state"])
        numbers, rest = [], [raw["id_b"], raw["h_i"], raw["confirmation_code"]]
        for index in election.manifest.ballot_style(style).contests:
            contest = raw["contests"][str(index)]
            for pair in contest["ciphertexts"]:
                numbers += [pair["alpha"], pair["beta"]]
            rest.append(contest["contest_hash"])
            for proof in [*contest["proof_ballot_correctness"], contest["proof_selection_limit"], contest.get("proof_spoil", ())]:
                for branch in proof:
                    rest += [branch["c"], branch["v"]]
        nonce = raw["ballot_nonce_ciphertext"]
        rest += [nonce["c_0"], nonce["c_1"], nonce["c_2"]["c"], nonce["c_2"]["v"]]
        flat = FlatBallot(style, state, bytes.fromhex("".join(numbers)), bytes.fromhex("".join(rest)))
        if unflatten(flat, election) == line:
            return flat
    except (EngineError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        pass
    raise FormatError("not a published ballot of this election in canonical form")


def unflatten(ballot: FlatBallot, election: Election) -> bytes:
    """The canonical JSON of the ballot, without LF."""
    element, scalar = election.group.element_length, election.group.scalar_length
    ciphertexts, rest = _Reader(ballot.numbers), _Reader(ballot.rest)

    def proof(limit: int) -> list[dict[str, str]]:
        return [{"c": rest.take(scalar), "v": rest.take(scalar)} for _ in range(limit + 1)]

    id_b, h_i, code = rest.take(32), rest.take(32), rest.take(32)
    contests: dict[str, dict[str, Any]] = {}
    for index in election.manifest.ballot_style(ballot.style).contests:
        manifest = election.manifest.contest(index)
        hashed = rest.take(32)
        contest: dict[str, Any] = {
            "ciphertexts": [{"alpha": ciphertexts.take(element), "beta": ciphertexts.take(element)} for _ in manifest.options],
            "proof_ballot_correctness": [proof(option.selection_limit) for option in manifest.options],
            "proof_selection_limit": proof(manifest.selection_limit),
        }
        if manifest.needs_spoil_proof:
            contest["proof_spoil"] = proof(manifest.selection_limit)
        contests[str(index)] = {**contest, "contest_hash": hashed}
    nonce = {"c_0": rest.take(element), "c_1": rest.take(32), "c_2": {"c": rest.take(scalar), "v": rest.take(scalar)}}
    if ciphertexts.left() or rest.left():
        raise FormatError("a flat ballot has another length than its style")
    value = {
        "ballot_id": code, "ballot_state": STATES[ballot.state], "ballot_style_ix": ballot.style, "device_ix": DEVICE, "id_b": id_b,
        "h_i": h_i, "contests": contests, "ballot_nonce_ciphertext": nonce, "chaining_field": election.chaining_field.hex().upper(),
        "confirmation_code": code,
    }  # fmt: skip
    return json.dumps(value, separators=(",", ":")).encode()


class _Reader:
    """Parts of a byte string from the front, in hexadecimal digits."""

    def __init__(self, content: bytes) -> None:
        self._digits = content.hex().upper()
        self._at = 0

    def take(self, length: int) -> str:
        start, self._at = self._at, self._at + 2 * length
        return self._digits[start : self._at]

    def left(self) -> bool:
        return self._at != len(self._digits)


class FlatWriter:
    """Writes the file `path`: one `add` for each ballot in the order of the JSON lines, then `seal`. A context manager.

    Unless it was sealed, there is no file at its end. An older file of that name is replaced.
    """

    def __init__(self, path: Path, election: Election) -> None:
        self._path, self._part = path, path.with_name(path.name + ".part")
        self._election = election
        self._file = open(self._part, "wb")  # noqa: SIM115 - closed in __exit__
        self._file.write(bytes(HEAD.size))
        self._body = hashlib.sha256()
        self._block: list[FlatBallot] = []
        self._length = 0
        self._sealed = False

    def __enter__(self) -> Self:
        return self

    def add(self, ballot: FlatBallot) -> None:
        """The next ballot."""
        self._block.append(ballot)
        if len(self._block) == BLOCK:
            self._write_block()

    def seal(self, source: bytes) -> None:
        """All ballots are there; `source` is the SHA-256 of their JSON lines."""
        self._write_block()
        digests = self._election.extended_base_hash, source, self._body.digest()
        self._file.seek(0)
        self._file.write(HEAD.pack(MAGIC, *digests, self._length))
        self._file.flush()
        os.fsync(self._file.fileno())
        self._sealed = True

    def _write_block(self) -> None:
        if not self._block:
            return
        groups: dict[int, list[tuple[int, FlatBallot]]] = {}
        for place, ballot in enumerate(self._block):
            groups.setdefault(ballot.style, []).append((place, ballot))
        parts = [len(groups).to_bytes(4, "big")]
        for style, members in sorted(groups.items()):
            members.sort(key=lambda member: member[1].state != 0)
            parts.append(GROUP.pack(style, len(members), sum(ballot.state == 0 for _, ballot in members)))
        parts += [ballot.numbers for _, members in sorted(groups.items()) for _, ballot in members]
        for _, members in sorted(groups.items()):
            parts += [part for place, ballot in members for part in (PLACE.pack(place, ballot.state), ballot.rest)]
        content = b"".join(parts)
        self._file.write(content)
        self._body.update(content)
        self._length += len(content)
        self._block = []

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()
        if self._sealed and kind is None:
            os.replace(self._part, self._path)
        else:
            self._part.unlink(missing_ok=True)


def write_flat(path: Path, lines: Iterable[bytes], election: Election) -> None:
    """The cache of ballots that this machine has checked, made anew from their JSON."""
    source = hashlib.sha256()
    with FlatWriter(path, election) as writer:
        for line in lines:
            source.update(line + b"\n")
            writer.add(flatten(line, election))
        writer.seal(source.digest())


class FlatBallots:
    """The file `path`, in memory as far as it is looked at."""

    def __init__(self, path: Path, election: Election, content: mmap.mmap) -> None:
        self.path = path
        self.content = content
        self._election = election
        self.rectangles: list[Rectangle] = []
        self._groups: list[list[tuple[int, int, int, int]]] = []  # by block: style, ballots, where numbers and rests begin
        at = HEAD.size
        while at < len(content):
            at = self._index(at)

    def _index(self, at: int) -> int:
        """Where the block at `at` has what; answers where the next one begins."""
        size = int.from_bytes(self.content[at : at + 4], "big")
        groups = [GROUP.unpack_from(self.content, at + 4 + place * GROUP.size) for place in range(size)]
        at += 4 + size * GROUP.size
        numbers = []
        for style, ballots, counted in groups:
            numbers.append(at)
            columns = flat_columns(self._election, style)
            if counted:
                self.rectangles.append(Rectangle(style, at, counted, columns))
            at += ballots * columns * self._election.group.element_length
        block = []
        for start, (style, ballots, _) in zip(numbers, groups, strict=True):
            block.append((style, ballots, start, at))
            at += ballots * (PLACE.size + flat_rest(self._election, style))
        self._groups.append(block)
        return at

    def ballots(self, only: str | None = None) -> Iterator[FlatBallot]:
        """All ballots in their order, or those of one state."""
        for block in self._groups:
            members: dict[int, FlatBallot] = {}
            for style, ballots, numbers, rests in block:
                width = flat_columns(self._election, style) * self._election.group.element_length
                length = PLACE.size + flat_rest(self._election, style)
                for each in range(ballots):
                    place, state = PLACE.unpack_from(self.content, rests + each * length)
                    if only not in (None, STATES[state]):
                        continue
                    rest = self.content[rests + each * length + PLACE.size : rests + (each + 1) * length]
                    members[place] = FlatBallot(style, state, self.content[numbers + each * width : numbers + (each + 1) * width], rest)
            yield from (members[place] for place in sorted(members))

    def states(self) -> Counter[tuple[int, str]]:
        """How many ballots there are of each style and state."""
        found: Counter[tuple[int, str]] = Counter()
        for block in self._groups:
            for style, ballots, _, rests in block:
                length = PLACE.size + flat_rest(self._election, style)
                found.update((style, STATES[self.content[rests + each * length + PLACE.size - 1]]) for each in range(ballots))
        return found


def open_flat(path: Path, election: Election, source: bytes) -> FlatBallots | None:
    """The cache `path`, if it was made for this election from the JSON lines with the SHA-256 `source`, and is as it was written."""
    with suppress(FileNotFoundError, ValueError, struct.error), path.open("rb") as file:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        magic, H_E, made_from, digest, length = HEAD.unpack_from(content)
        if (magic, H_E, made_from, length) == (MAGIC, election.extended_base_hash, source, len(content) - HEAD.size):
            with memoryview(content) as view:
                intact = hashlib.sha256(view[HEAD.size :]).digest() == digest
            if intact:
                return FlatBallots(path, election, content)
    return None


def flat_columns(election: Election, style: int) -> int:
    """Numbers in the ciphertexts of a ballot of this style."""
    return sum(2 * len(election.manifest.contest(index).options) for index in election.manifest.ballot_style(style).contests)


def flat_rest(election: Election, style: int) -> int:
    """Bytes of the rest of a ballot of this style, from id_B on."""
    group, branches, contests = election.group, 0, election.manifest.ballot_style(style).contests
    for index in contests:
        contest = election.manifest.contest(index)
        branches += sum(option.selection_limit + 1 for option in contest.options)
        branches += (contest.selection_limit + 1) * (2 if contest.needs_spoil_proof else 1)
    return 32 * (3 + len(contests)) + 2 * branches * group.scalar_length + group.element_length + 32 + 2 * group.scalar_length
