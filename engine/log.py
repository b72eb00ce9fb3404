"""The log in the record: one hash over all ballots, and guardians' word that the witnessed log holds just these (record-format.md, 2.12).

The order in which ballots were accepted is in nobody's record: the tree here has them ascending by confirmation code. Whoever witnessed the
log, and is given it whole after the close, checks by `check_log` that both trees have the same ballots, and states it (`engine.witness`).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from engine import hashing
from engine.ballot import CAST, CHALLENGED, DISCOUNTED
from engine.decryption import check_guardians
from engine.encoding import SMALL, member
from engine.errors import FormatError, ProofError
from engine.merkle import Checkpoint, Frontier, leaf_hash
from engine.parameters import Election
from engine.proofs import Proof

_BEGINNING = re.compile(rf'(\{{"ballot_id":"([0-9A-F]{{64}})",)"ballot_state":"(?:{CAST}|{CHALLENGED}|{DISCOUNTED})",'.encode())
"""Of the line of a published ballot: members stand in the order of record-format.md, 2.7."""


@dataclass(frozen=True, slots=True)
class LogRoot:
    """How many ballots a record holds, and the hash of the tree (RFC 9162) whose leaves are their lines in the record's order, 32 bytes."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class LogStatement:
    """Guardian `index`'s word that every checkpoint it kept leads to a log of exactly the ballots under a root (record-format.md, 2.12)."""

    index: int = member("i")
    proof: Proof = member()


@dataclass(frozen=True, slots=True)
class RecordLog:
    """`log.json`."""

    size: int = member()
    root: bytes = member(length=32)
    statements: tuple[LogStatement, ...] = member()

    @property
    def stated(self) -> LogRoot:
        """What the statements are about."""
        return LogRoot(self.size, self.root)


def as_received(line: bytes) -> bytes:
    """The ballot in a line of a record as it was received, without its state: what the witnessed log has a leaf of. Raises FormatError."""
    return _split(line)[1]


def log_of(lines: Iterable[bytes]) -> LogRoot:
    """Size and root of the ballots in these lines of a record, which are looked at one by one. Raises ProofError if they do not ascend
    strictly by confirmation code, FormatError for a line that is not that of a ballot."""
    frontier, last = Frontier(), b""
    for line in lines:
        code, _ = _split(line)
        if code <= last:
            raise ProofError(f"ballot {code.decode()}: confirmation codes do not ascend (X11)")
        frontier, last = frontier.add(leaf_hash(line)), code
    if frontier.size >= SMALL:
        raise FormatError(f"a record has fewer than {SMALL} ballots")
    return LogRoot(frontier.size, frontier.root())


def check_log(leaves: Sequence[bytes], checkpoints: Iterable[Checkpoint], lines: Iterable[bytes]) -> LogRoot:
    """What a witness checks before it makes its statement, and what it then states.

    `leaves` are the hashes of the whole log in the order of acceptance, `checkpoints` all that the witness has kept of it, `lines` the
    ballots to be counted and published, with their states. Raises ProofError that says which checkpoints the log does not extend, or how
    many ballots are in the log and not in the record, or the other way round; FormatError for a line that is not that of a ballot.
    """
    _check_order(leaves, checkpoints)
    left = set(leaves)
    if len(left) < len(leaves):
        raise ProofError(f"the log has {len(leaves)} leaves, but {len(leaves) - len(left)} of them are there already")
    foreign: list[bytes] = []

    def compared() -> Iterator[bytes]:
        for line in lines:
            code, received = _split(line)
            leaf = leaf_hash(received)
            if leaf in left:
                left.remove(leaf)
            else:
                foreign.append(code)
            yield line

    found = log_of(compared())
    if left or foreign:
        first = f", the first is {foreign[0].decode()}" if foreign else ""
        raise ProofError(
            f"the record has not the ballots of the log: {len(left)} leaves of the log are not in the record, and {len(foreign)} ballots "
            f"of the record are not in the log{first} (X11)"
        )
    return found


def verify_statement(statement: LogStatement, stated: LogRoot, election: Election) -> None:
    """That guardian i made this statement about this very set of ballots. Raises ProofError.

    c = H_q(H_E; 0x55, b(i, 4), b(size, 8), root, g^ẑ_i, h) with h = g^v · (g^ẑ_i)^c
    """
    i, c, v = statement.index, statement.proof.challenge, statement.proof.response
    if not 1 <= i <= election.parameters.guardian_count:
        raise ProofError(f"statement of guardian {i}: there is no such guardian (X11)")
    key = election.data_verification_key(i)
    h = election.group.g**v * key**c
    if c != hashing.log_statement_challenge(election.extended_base_hash, i, stated.size, stated.root, key, h):
        raise ProofError(f"statement of guardian {i}: the proof does not fit (X11)")


def record_log(stated: LogRoot, statements: Iterable[LogStatement], election: Election) -> RecordLog:
    """`log.json` with these statements, in the guardians' order, each of them verified. Raises ProofError, and QuorumError if they are not
    at least k different guardians'."""
    ordered = tuple(sorted(statements, key=lambda each: each.index))
    check_guardians([each.index for each in ordered], election)
    for each in ordered:
        verify_statement(each, stated, election)
    return RecordLog(stated.size, stated.root, ordered)


def _check_order(leaves: Sequence[bytes], checkpoints: Iterable[Checkpoint]) -> None:
    """That the log extends every checkpoint (CR-37)."""
    kept: dict[int, bytes] = {}
    for each in checkpoints:
        root = kept.setdefault(each.size, each.root)
        if root != each.root:
            raise ProofError(
                f"the log was forked: of size {each.size} there are two checkpoints, with the roots {root.hex()} and {each.root.hex()}"
            )
    frontier = Frontier()
    if frontier.root() != kept.get(0, frontier.root()):
        raise ProofError("the log does not extend the checkpoint of size 0: its root is another one")
    for leaf in leaves:
        frontier = frontier.add(leaf)
        root = kept.get(frontier.size, b"")
        if root and root != frontier.root():
            raise ProofError(
                f"the log does not extend the checkpoint of size {frontier.size}: that has the root {root.hex()}, "
                f"the log had {frontier.root().hex()}"
            )
    if kept and max(kept) > len(leaves):
        raise ProofError(f"the log does not extend the checkpoint of size {max(kept)}: it has only {len(leaves)} leaves")


def _split(line: bytes) -> tuple[bytes, bytes]:
    """The confirmation code of a published ballot, as it is written, and the ballot as received."""
    beginning = _BEGINNING.match(line)
    if beginning is None:
        raise FormatError(f"expected the line of a published ballot, got {line[:40]!r}")
    return beginning[2], beginning[1] + line[beginning.end() :]
