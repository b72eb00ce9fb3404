"""Checks the ballots of a chunk, in whatever process, and what a chunk hands on: findings, partial products, counts, ends.

Memory: a chunk's result is a few numbers for each option and a few bytes for each ballot; results are merged in the order of the ballots.
"""

from collections import Counter
from dataclasses import dataclass, field

from .ahead import prepared
from .ballots import check_ballot, nonce_commitments
from .challenged import check_opening
from .codes import chained, check_device, first_hash, rules_of
from .contest_data import check_contest_data
from .context import Context
from .log import Tree
from .model import Ballot
from .report import Findings
from .source import Chunk, RecordError
from .uniqueness import NOTHING, Packed, Packer

__all__ = ["Ballots", "ChunkChecks", "ChunkResult", "Counts", "check_chunk", "check_neighbours"]


@dataclass(slots=True)
class Counts:
    """Sums over ballots. `products` are (A, B) by contest and option index over the counted ballots, `weights` and `counted` the sum of
    weights and the number of counted ballots by contest, `states` by state and style, `lines` by device with unreadable ballots, `data`
    the ballots that a contest data decryption names, `seen` the contests that stand on any ballot."""

    products: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    weights: Counter[int] = field(default_factory=Counter)
    counted: Counter[int] = field(default_factory=Counter)
    states: Counter[tuple[str, int]] = field(default_factory=Counter)
    lines: Counter[int] = field(default_factory=Counter)
    data: Counter[str] = field(default_factory=Counter)
    seen: set[int] = field(default_factory=set)

    def add(self, context: Context, ballot: Ballot, shaped: bool) -> None:
        """One ballot. Only Cast ballots are multiplied, (9.A), (9.B), each to the power of its weight."""
        self.states[ballot.state, ballot.style] += 1
        self.seen.update(contest.index for contest in ballot.contests)
        if ballot.state != "Cast" or not shaped:
            return
        group = context.group
        weight = 1 if ballot.weight is None else max(ballot.weight, 0)
        for contest in ballot.contests:
            self.weights[contest.index] += weight
            self.counted[contest.index] += 1
            for option, ciphertext in enumerate(contest.ciphertexts, 1):
                alpha, beta = ciphertext.alpha, ciphertext.beta
                if weight != 1:
                    alpha, beta = group.power(alpha, weight), group.power(beta, weight)
                A, B = self.products.get((contest.index, option), (1, 1))
                self.products[contest.index, option] = (group.product(A, alpha), group.product(B, beta))

    def merge(self, other: "Counts", context: Context) -> None:
        """Adds another part."""
        for key, (alpha, beta) in other.products.items():
            A, B = self.products.get(key, (1, 1))
            self.products[key] = (context.group.product(A, alpha), context.group.product(B, beta))
        self.weights += other.weights
        self.counted += other.counted
        self.states += other.states
        self.lines += other.lines
        self.data += other.data
        self.seen |= other.seen


@dataclass(slots=True)
class ChunkResult:
    """`values` is what must not occur twice; `first` is the first ballot's place, chaining field and code, None if it could not be read;
    `last` the last ballot's code. `leaves` are the hashes of the lines in records with a log, None if one could not be read."""

    chunk: Chunk
    findings: Findings
    values: Packed = NOTHING
    counts: Counts = field(default_factory=Counts)
    challenged: set[str] = field(default_factory=set)
    first: tuple[str, bytes, bytes] | None = None
    last: bytes | None = None
    leaves: bytes | None = b""


class ChunkChecks:
    """Takes the ballots of a chunk one after the other; `result` is what has come of it so far."""

    def __init__(self, context: Context, chunk: Chunk) -> None:
        self.context = context
        self.result = ChunkResult(chunk, Findings(context.own))
        self.packer = Packer(chunk.device)
        self._previous: bytes | None = None
        self._begun = False
        self._leaves: bytearray | None = bytearray()

    def check(self, item: Ballot | RecordError) -> None:
        """The next ballot, with all checks that need it alone or with the one before; or why it cannot be read."""
        context, result = self.context, self.result
        if isinstance(item, RecordError):
            result.counts.lines[result.chunk.device] += 1
            result.findings.read_error(item)
            self._previous, self._begun, self._leaves = None, True, None
            return
        self.follow(item.where, item.chaining_field, item.confirmation_code, item.leaf)
        shaped = check_ballot(context, item, context.devices[result.chunk.device], result.findings)
        if item.state == "Challenged":
            check_opening(context, item, result.findings)
            result.challenged.add(item.ballot_id)
        check_contest_data(context, item, result.findings)
        if item.ballot_id in context.contest_data:
            result.counts.data[item.ballot_id] += 1
        result.counts.add(context, item, shaped)
        nonces = [context.group.bp(x) for x in nonce_commitments(item)] if context.own else ()
        self.packer.add(item.position, item.id_b, item.confirmation_code, item.ballot_id.encode("utf-8", "backslashreplace"), nonces)

    def follow(self, where: str, chaining_field: bytes, code: bytes, leaf: bytes) -> None:
        """The next ballot's place among the others."""
        if self._leaves is not None:
            self._leaves += leaf
        device = self.result.chunk.device
        self.result.counts.lines[device] += 1
        if self._begun:
            check_neighbours(self.context, device, self._previous, where, chaining_field, code, self.result.findings)
        else:
            self.result.first = (where, chaining_field, code)
        self._previous, self._begun = code, True

    def finish(self) -> ChunkResult:
        """After the last ballot."""
        self.result.last, self.result.values = self._previous, self.packer.packed()
        self.result.leaves = None if self._leaves is None else bytes(self._leaves)
        return self.result


def check_chunk(context: Context, chunk: Chunk) -> ChunkResult:
    """All checks that need one ballot, or two neighbours within the chunk."""
    checks = ChunkChecks(context, chunk)
    for item in prepared(context, context.source.read_chunk(chunk)):
        checks.check(item)
    return checks.finish()


def check_neighbours(
    context: Context, device_index: int, previous: bytes | None, where: str, chaining_field: bytes, code: bytes, findings: Findings
) -> None:
    """8.E or 16.F, and X11: a ballot and the code of the one before it (H_0 for the first), None if that could not be read."""
    device = context.devices[device_index]
    if device.chaining == "SimpleChaining":
        expected = None if previous is None else chained(previous)
        ok = expected == chaining_field
        findings.check(rules_of(device).item_chained, ok, where, "B_C = 0x00000001 ‖ H_j−1", expected, chaining_field)
    elif previous is not None:
        findings.check("X11", previous < code, where, "confirmation codes ascend", None, code)


@dataclass(slots=True)
class Ballots:
    """Joins chunk results, which must come in the order of the chunks."""

    context: Context
    findings: Findings
    counts: Counts = field(default_factory=Counts)
    challenged: set[str] = field(default_factory=set)
    tree: Tree | None = field(default_factory=Tree)
    _device: int | None = None
    _last: bytes | None = None
    _closed: set[int] = field(default_factory=set)

    def add(self, result: ChunkResult) -> None:
        """One more chunk."""
        device = result.chunk.device
        if device != self._device:
            self._close()
            self._device, self._last = device, self._start(device)
        self.counts.merge(result.counts, self.context)
        self.challenged |= result.challenged
        if self.tree is None or result.leaves is None:
            self.tree = None
        else:
            self.tree.add(result.leaves)
        if result.first is not None:
            where, chaining_field, code = result.first
            check_neighbours(self.context, device, self._last, where, chaining_field, code, self.findings)
        self.findings.merge(result.findings)  # after what concerns the chunk's first ballot: failures come in the order of the ballots
        self._last = result.last

    def finish(self) -> None:
        """After the last chunk: closing hashes, and devices without ballots."""
        self._close()
        for index, device in self.context.devices.items():
            if index not in self._closed:
                check_device(self.context.source.h_e, device, self._start(index), self.findings)

    def _start(self, index: int) -> bytes | None:
        """What comes before a device's first ballot: H_0 if chained; nothing otherwise."""
        device = self.context.devices[index]
        return first_hash(self.context.source.h_e, rules_of(device), device.h_di) if device.chaining == "SimpleChaining" else b""

    def _close(self) -> None:
        if self._device is not None:
            check_device(self.context.source.h_e, self.context.devices[self._device], self._last, self.findings)
            self._closed.add(self._device)
