"""Checks a chunk of ballots as one, with the hints that came with the record: the second, independent path.

Ballots are read by template, their proofs' commitments taken from the hints and hashed; what remains, membership of all elements and the
equations of all proofs, is one test (`batch.py`). A ballot that is not ordinary in every respect, or whose hints are not right, goes the
plain path by itself. If the test fails some ballot of the chunk is bad, and the plain path, all over again, finds which.
"""

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from hmac import digest
from pathlib import Path

from .aggregate import ChunkChecks, ChunkResult
from .ahead import prepared
from .ballots import check_ballot
from .batch import RANDOM, Equations, are_elements, is_sound
from .codes import REGULAR_RULES, device_hash, unchained
from .context import Context
from .hints import HintsError, open_hints
from .log import leaf_hash
from .model import Ballot
from .record import JsonSource
from .report import Findings
from .source import Chunk, RecordError
from .template import Template, Templates

__all__ = ["check_in_batch", "with_hints"]

RUN, RUN_BYTES = 256, 2**22
"""So many ballots, or bytes of their lines, are looked at together before they go into a test."""
MOST_TESTED = 72 * 2**20
"""So many bytes of commitments go into one test: those of ten thousand yes/no ballots."""
TESTED = "ballots whose proofs were tested together, by the hints beside the record"
_CALIBRATIONS = 2


def with_hints(context: Context, findings: Findings | None = None) -> Context:
    """The context with its hints opened. If they can't be used the reason is noted, and nothing else happens."""
    if context.hints is None:
        return context
    try:
        opened = open_hints(Path(context.hints), context.source.h_e)
    except HintsError as error:
        if findings is not None:
            findings.note(f"hints not used: {error}")
        return context
    return replace(context, opened=opened, templates=_templates(context))


def _templates(context: Context) -> Templates | None:
    """What knows the ordinary ballots of this record; None if they can't go into a test together."""
    source, group = context.source, context.group
    if not context.own or len(source.devices) != 1 or not is_sound(group) or not group.is_element(source.K):
        return None
    device = source.devices[0]
    h_di = device_hash(source.h_e, REGULAR_RULES, device.information)
    if device.kind != "Regular" or device.chaining != "NoChaining" or device.h_di != h_di:
        return None
    return Templates(group, context.styles, context.contests, device.index, unchained(h_di))


def check_in_batch(context: Context, chunk: Chunk) -> ChunkResult | None:
    """As `check_chunk`, with hints. None if that is not possible, or if a test fails: some ballot is bad then."""
    if context.opened is None or context.templates is None or not isinstance(context.source, JsonSource):
        return None
    reader = _Reader(context, context.source, context.templates, chunk)
    waiting: list[_Line] = []
    size = 0
    with context.opened.reading(chunk.position - 1, chunk.count) as hints:
        for number, content in enumerate(context.source.lines(chunk)):
            line = _Line(chunk.position + number, content)
            if not isinstance(content, RecordError):
                size += len(content)
                template = context.templates.of(content)
                if template is not None and template.failed < _CALIBRATIONS:
                    line.template, line.hints = template, hints.ballot(number, template.commitments * context.group.l_p)
            waiting.append(line)
            if len(waiting) == RUN or size >= RUN_BYTES:
                if not reader.take(waiting):
                    return None
                waiting, size = [], 0
        return reader.finish() if reader.take(waiting) else None


@dataclass(slots=True)
class _Line:
    """A line; as long as it may go into a test, its template, its hints, the values that stand in it, and the products that its proofs
    speak of."""

    position: int
    content: bytes | RecordError
    template: Template | None = None
    hints: bytes = b""
    values: bytes = b""
    scalars: list[int] = field(default_factory=list)
    totals: list[bytes] = field(default_factory=list)


class _Reader:
    """Reads lines in runs, and either accepts a ballot into the test or checks it by itself."""

    def __init__(self, context: Context, source: JsonSource, templates: Templates, chunk: Chunk) -> None:
        group = context.group
        self.context, self.source, self.chunk, self.group = context, source, chunk, group
        self.checks = ChunkChecks(context, chunk)
        self.device = context.devices[chunk.device]
        self.chaining_field = templates.chaining_field
        self.zero, self.one, self.p = bytes(group.l_p), group.bp(1), group.bp(group.p)
        self._begin_test()

    def take(self, run: list[_Line]) -> bool:
        """The next lines. False if there are enough for a test, and it fails."""
        for line in run:
            if line.template is not None and not self._fits(line, line.template):
                line.template = None
        self._multiply(run)
        for line in run:
            if line.template is not None and not (self._hashes_fit(line, line.template) and self._calibrated(line, line.template)):
                line.template = None
        alone = prepared(self.context, [self._read(line) for line in run if line.template is None])
        for line in run:
            if line.template is not None:
                self._accept(line, line.template)
            else:
                self.checks.check(next(alone))
        return len(self.commitments) < MOST_TESTED or self._test()

    def finish(self) -> ChunkResult | None:
        """After the last line; None if the last test fails."""
        return self.checks.finish() if self._test() else None

    # one ballot

    def _fits(self, line: _Line, template: Template) -> bool:
        """Reads a line by its template, and looks whether all numbers are in range."""
        group = self.group
        values = None if isinstance(line.content, RecordError) or not line.hints else template.fit(line.content)
        if values is None:
            return False
        first, last = template.element_bytes
        elements, hints = _split(values[first:last], group.l_p), _split(line.hints, group.l_p)
        if not (self.zero < min(elements) and max(elements) < self.p and self.zero < min(hints) and max(hints) < self.p):
            return False
        line.values, line.scalars = values, [int.from_bytes(each, "big") for each in _split(values[last:], group.l_q)]
        return max(line.scalars) < group.q and self.one not in elements[::2]  # every other one is an α, the last one C_0

    def _multiply(self, run: Iterable[_Line]) -> None:
        """The products of ciphertexts that limit and spoil proofs speak of, for all lines of a template at once."""
        group, size = self.group, 2 * self.group.l_p
        by_template: dict[int, tuple[Template, list[_Line]]] = {}
        for line in run:
            if line.template is not None:
                by_template.setdefault(id(line.template), (line.template, []))[1].append(line)
        for template, lines in by_template.values():
            start = template.element_bytes[0]
            for proof in (proof for part in template.contests for proof in part.proofs if proof.single is None):
                rows = []
                for element, times in proof.targets:
                    at = start + element * group.l_p
                    pairs = [line.values[at : at + size] for line in lines]
                    rows += pairs if times == 1 else [self._power(pair, times) for pair in pairs]
                products = group.products(b"".join(rows), 2 * len(lines)) if rows else [1] * (2 * len(lines))
                for line, alpha, beta in zip(lines, products[::2], products[1::2], strict=True):
                    line.totals.append(group.bp(alpha) + group.bp(beta))

    def _power(self, pair: bytes, times: int) -> bytes:
        """A ciphertext to a small power."""
        return b"".join(self.group.bp(self.group.power(int.from_bytes(x, "big"), times)) for x in _split(pair, self.group.l_p))

    def _hashes_fit(self, line: _Line, template: Template) -> bool:
        """(32), (70), (71), the challenges of all proofs with the hints as commitments, and X17."""
        values, hints, q, l_p = line.values, line.hints, self.group.q, self.group.l_p
        ballot_id, id_b, h_i, code, c_1 = (values[at : at + 32] for at in range(0, 160, 32))
        start, end = template.element_bytes
        if ballot_id != code or digest(self.context.source.h_e, b"\x20" + id_b, "sha256") != h_i:
            return False
        totals = iter(line.totals)
        at = 160
        for part in template.contests:
            first = start + part.element * l_p
            if digest(h_i, b"\x28" + part.number + values[first : first + 2 * part.options * l_p], "sha256") != values[at : at + 32]:
                return False
            at += 32
            for proof in part.proofs:
                place = None if proof.single is None else start + proof.single * l_p
                ciphertext = next(totals) if place is None else values[place : place + 2 * l_p]
                commitments = hints[proof.commitment * l_p : (proof.commitment + 2 * proof.branches) * l_p]
                c = digest(h_i, proof.prefix + ciphertext + commitments, "sha256")
                if (sum(line.scalars[proof.scalar : proof.scalar + 2 * proof.branches : 2]) - int.from_bytes(c, "big")) % q:
                    return False
        c = digest(h_i, b"\x23" + hints[-l_p:] + values[end - l_p : end] + c_1, "sha256")
        if int.from_bytes(c, "big") % q != line.scalars[-2]:
            return False
        return digest(h_i, b"\x29" + values[160:at] + self.chaining_field, "sha256") == code

    def _calibrated(self, line: _Line, template: Template) -> bool:
        """Of each template one ballot is checked alone too: what it adds to the report is what each one adds. After a few that don't pass
        none is asked any more, and the template is not used."""
        if template.objects is None and template.failed < _CALIBRATIONS:
            ballot, findings = self._read(line), Findings(self.context.own)
            if isinstance(ballot, RecordError) or not check_ballot(self.context, ballot, self.device, findings) or findings.failures:
                template.failed += 1
            else:
                template.objects = findings.objects
        return template.objects is not None

    def _accept(self, line: _Line, template: Template) -> None:
        """Into the test."""
        start, end = template.element_bytes
        id_b, code, elements = line.values[32:64], line.values[96:128], line.values[start:end]
        leaf = leaf_hash(line.content) if self.source.format.witnessed and isinstance(line.content, bytes) else b""
        self.checks.follow(f"{self.chunk.path}, line {line.position}", self.chaining_field, code, leaf)
        self.accepted.append((template, len(self.elements), line.scalars))
        self.elements += elements
        self.commitments += line.hints
        self.checks.packer.add(line.position, id_b, code, code.hex().upper().encode(), _split(elements, self.group.l_p)[::2])

    def _read(self, line: _Line) -> Ballot | RecordError:
        return line.content if isinstance(line.content, RecordError) else self.source.read_line(self.chunk, line.position, line.content)

    # all accepted ballots

    def _begin_test(self) -> None:
        self.accepted: list[tuple[Template, int, list[int]]] = []  # with where its elements begin, and its scalars
        self.elements = bytearray()
        self.commitments = bytearray()

    def _test(self) -> bool:
        """Tests what has been accepted since the last test, and counts it."""
        group = self.group
        if not self.accepted:
            return True
        elements, commitments = bytes(self.elements), self.commitments
        if not are_elements(group, elements):
            return False
        randoms = os.urandom(RANDOM * (len(commitments) // group.l_p))
        exponents, g, K = self._exponents(randoms)
        if not Equations(commitments, randoms, elements, exponents, g, K).hold(group, self.context.source.K):
            return False
        self._count(elements)
        self._begin_test()
        return True

    def _exponents(self, randoms: bytes) -> tuple[bytes, int, int]:
        """The exponents of the elements, of g and of K, with `randoms` for the commitments in their order."""
        q, l_q = self.group.q, self.group.l_q
        numbers = iter([int.from_bytes(each, "big") for each in _split(randoms, RANDOM)])
        exponents = []
        g = K = 0
        for template, _, scalars in self.accepted:
            powers = [0] * template.elements
            for part in template.contests:
                for proof in part.proofs:
                    for_alpha = for_beta = 0
                    for j in range(proof.branches):
                        c, v = scalars[proof.scalar + 2 * j : proof.scalar + 2 * j + 2]
                        rho, sigma = next(numbers), next(numbers)
                        g += rho * v
                        K += sigma * (v - j * c)
                        for_alpha += rho * c
                        for_beta += sigma * c
                    for element, times in proof.targets:
                        powers[element] += for_alpha * times
                        powers[element + 1] += for_beta * times
            rho = next(numbers)
            g += rho * scalars[-1]
            powers[-1] = rho * scalars[-2]
            exponents += [(power % q).to_bytes(l_q, "big") for power in powers]
        return b"".join(exponents), g, K

    def _count(self, elements: bytes) -> None:
        """What the accepted ballots add to findings and sums."""
        group, result, counts = self.group, self.checks.result, self.checks.result.counts
        places: dict[int, tuple[Template, list[int]]] = {}
        for template, at, _ in self.accepted:
            places.setdefault(id(template), (template, []))[1].append(at)
        for template, starts in places.values():
            number = len(starts)
            for check, objects in (template.objects or Counter()).items():
                result.findings.count(check, objects * number)
            result.findings.note(TESTED, number)
            counts.states[template.state, template.style.index] += number
            counts.seen.update(template.style.contests)
            if template.state != "Cast":
                continue
            width = template.elements * group.l_p
            rows = elements if number == len(self.accepted) else b"".join([elements[at : at + width] for at in starts])
            products = group.products(rows, template.elements)
            for part in template.contests:
                counts.weights[part.index] += number
                counts.counted[part.index] += number
                for option in range(part.options):
                    alpha, beta = products[part.element + 2 * option : part.element + 2 * option + 2]
                    A, B = counts.products.get((part.index, option + 1), (1, 1))
                    counts.products[part.index, option + 1] = (group.product(A, alpha), group.product(B, beta))


def _split(numbers: bytes, size: int) -> list[bytes]:
    return [numbers[at : at + size] for at in range(0, len(numbers), size)]
