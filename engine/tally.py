"""The tally: every ballot read, checked and multiplied, option by option, over the counted ballots alone (§3.5).

Whoever has checked the ballots once and kept them flat (engine/flat.py) multiplies them again from there, much faster.
"""

import mmap
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from pathlib import Path

from engine.ballot import CAST, CHALLENGED, DISCOUNTED, EncryptedBallot, OptionCiphertext, nonce_commitments, verify_ballot
from engine.encoding import from_json, member
from engine.errors import EngineError, FormatError, ProofError
from engine.flat import FlatBallot, FlatBallots, Rectangle, flatten, unflatten
from engine.foresight import foresee_ballots
from engine.group import Element, Group
from engine.parameters import Election

CHUNK = 8  # ballots that go to a worker at a time
IN_FLIGHT = 64  # chunks handed to workers before the first has to come back: the rest of the ballots stay where they are


@dataclass(frozen=True, slots=True)
class ContestTally:
    """(A, B) of every option of contest `index`, and how many counted ballots contain the contest."""

    index: int = member("contest_ix")
    ballots: int = member()
    options: tuple[OptionCiphertext, ...] = member()


@dataclass(frozen=True, slots=True)
class EncryptedTally:
    """The one aggregate of an election: every contest of the manifest, in its order."""

    contests: tuple[ContestTally, ...] = member()


@dataclass
class BallotSet:
    """What one pass over all ballots found. `challenged` keeps the ballots to be opened."""

    tally: EncryptedTally
    states: Counter[tuple[int, str]] = field(default_factory=Counter)
    challenged: list[EncryptedBallot] = field(default_factory=list)


@dataclass
class _Part:
    """What one chunk contributes: products by (contest, option), counts, and identifiers."""

    products: dict[tuple[int, int], tuple[Element, Element]] = field(default_factory=dict)
    contests: Counter[int] = field(default_factory=Counter)
    states: Counter[tuple[int, str]] = field(default_factory=Counter)
    challenged: list[EncryptedBallot] = field(default_factory=list)
    identifiers: list[bytes] = field(default_factory=list)
    codes: list[bytes] = field(default_factory=list)
    nonces: list[list[bytes]] = field(default_factory=list)  # short digests of g^ξ for each nonce of each ballot
    kept: list[tuple[FlatBallot, bytes]] = field(default_factory=list)  # if they are wanted: ballots, and the commitments of their proofs


Keep = Callable[[FlatBallot, bytes], None]
"""Takes a checked ballot and the commitments of its proofs as a file of hints has them, to be kept for another time."""


def verify_and_multiply(
    ballots: Iterable[bytes],
    election: Election,
    executor: Executor | None = None,
    progress: Callable[[int], None] | None = None,
    keep: Keep | None = None,
) -> BallotSet:
    """Reads and checks every ballot (its canonical bytes, with state) and multiplies the counted ones (79).

    Ballots ascend strictly by confirmation code and no two have the same identifier or an encryption nonce in common. Raises EngineError
    naming the first ballot that fails. `progress` is called with the number of ballots done, `keep` with each ballot in its order. Needs
    some 100 bytes of memory for each ciphertext, and at most IN_FLIGHT chunks of ballots.
    """
    whole, last = _Part(), b""
    done, identifiers, nonces = 0, set[bytes](), set[bytes]()
    for part in _parts(partial(_check_chunk, election=election, keep=keep is not None), _chunks(ballots), executor):
        for code, identifier, own in zip(part.codes, part.identifiers, part.nonces, strict=True):
            if code <= last:
                raise ProofError(f"ballot {code.hex().upper()}: ballots do not ascend strictly by confirmation code (X11)")
            if identifier in identifiers:
                raise ProofError(f"ballot {code.hex().upper()}: another ballot has the same identifier (5.A)")
            if not nonces.isdisjoint(own):
                raise ProofError(f"ballot {code.hex().upper()}: it shares an encryption nonce with another ballot (CR-09)")
            identifiers.add(identifier)
            nonces.update(own)
            last = code
        _merge(whole, part)
        if keep:
            for flat, commitments in part.kept:
                keep(flat, commitments)
        done += len(part.codes)
        if progress:
            progress(done)
    return BallotSet(_tally(whole, election), whole.states, whole.challenged)


_Chunk = list[tuple[int, bytes]]  # places from 1, and ballots


def _chunks(ballots: Iterable[bytes]) -> Iterator[_Chunk]:
    chunk: _Chunk = []
    for place, content in enumerate(ballots, 1):
        chunk.append((place, content))
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _parts(work: Callable[[_Chunk], _Part], chunks: Iterable[_Chunk], executor: Executor | None) -> Iterator[_Part]:
    """The parts in the order of the chunks. `Executor.map` would read all ballots at once."""
    if executor is None:
        yield from map(work, chunks)
        return
    waiting: deque[Future[_Part]] = deque()
    try:
        for chunk in chunks:
            waiting.append(executor.submit(work, chunk))
            if len(waiting) == IN_FLIGHT:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def _check_chunk(chunk: _Chunk, election: Election, keep: bool) -> _Part:
    part = _Part()
    foresee_ballots((content for _, content in chunk), election)
    for place, content in chunk:
        try:
            ballot = from_json(EncryptedBallot, content, election.group)
        except FormatError as error:
            raise FormatError(f"ballot {place} in order: {error}") from None
        try:
            commitments = verify_ballot(ballot, election)
        except EngineError as error:
            raise ProofError(f"ballot {ballot.confirmation_code.hex().upper()}: {error}") from None
        if ballot.state not in (CAST, CHALLENGED, DISCOUNTED):
            raise ProofError(f"ballot {ballot.confirmation_code.hex().upper()}: unknown state {str(ballot.state)[:20]!a} (X4)")
        part.identifiers.append(ballot.selection_encryption_identifier)
        part.codes.append(ballot.confirmation_code)
        part.nonces.append([blake2b(each.to_bytes(), digest_size=16).digest() for each in nonce_commitments(ballot)])
        part.states[ballot.style, ballot.state] += 1
        if keep:
            part.kept.append((flatten(content, election), b"".join(each.to_bytes() for each in commitments)))
        if ballot.state == CHALLENGED:
            part.challenged.append(ballot)
        if ballot.state == CAST:
            for index, contest in ballot.contests:
                part.contests[index] += 1
                for position, option in enumerate(contest.ciphertexts, 1):
                    _multiply_in(part, (index, position), option.alpha, option.beta)
    return part


def _multiply_in(part: _Part, key: tuple[int, int], alpha: Element, beta: Element) -> None:
    A, B = part.products.get(key, (alpha.group.one, alpha.group.one))
    part.products[key] = A * alpha, B * beta


def _merge(whole: _Part, part: _Part) -> None:
    for key, (A, B) in part.products.items():
        _multiply_in(whole, key, A, B)
    whole.contests.update(part.contests)
    whole.states.update(part.states)
    whole.challenged += part.challenged


def _tally(part: _Part, election: Election) -> EncryptedTally:
    nothing = (election.group.one, election.group.one)
    contests = []
    for contest in election.manifest.contests:
        products = [part.products.get((contest.index, option.index), nothing) for option in contest.options]
        contests.append(ContestTally(contest.index, part.contests[contest.index], tuple(OptionCiphertext(A, B) for A, B in products)))
    return EncryptedTally(tuple(contests))


def read_stored(stored: FlatBallots, election: Election, executor: Executor | None = None) -> BallotSet:
    """What `verify_and_multiply` found when it checked these ballots."""
    challenged = [from_json(EncryptedBallot, unflatten(each, election), election.group) for each in stored.ballots(CHALLENGED)]
    return BallotSet(multiply_stored(stored, election, executor), stored.states(), challenged)


def multiply_stored(stored: FlatBallots, election: Election, executor: Executor | None = None) -> EncryptedTally:
    """The product of the counted ballots (79), which were checked when they were stored; straight from the file in memory."""
    group, part = election.group, _Part()
    products: Iterator[list[Element]]
    if executor is None:
        products = (_multiply_rectangle(stored.content, each, group) for each in stored.rectangles)
    else:
        products = executor.map(partial(_multiply_in_file, stored.path, group=group), stored.rectangles, chunksize=4)
    for rectangle, columns in zip(stored.rectangles, products, strict=True):
        elements = iter(columns)
        for index in election.manifest.ballot_style(rectangle.style).contests:
            part.contests[index] += rectangle.rows
            for option in election.manifest.contest(index).options:
                _multiply_in(part, (index, option.index), next(elements), next(elements))
    return _tally(part, election)


def _multiply_in_file(path: Path, rectangle: Rectangle, group: Group) -> list[Element]:
    """In a worker, which looks at the file itself: no ballot travels."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return _multiply_rectangle(content, rectangle, group)


def _multiply_rectangle(content: mmap.mmap, rectangle: Rectangle, group: Group) -> list[Element]:
    end = rectangle.start + rectangle.rows * rectangle.columns * group.element_length
    with memoryview(content) as whole, whole[rectangle.start : end] as numbers:
        return group.products_of_columns(numbers, rectangle.columns)
