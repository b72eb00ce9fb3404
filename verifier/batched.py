"""Checks a chunk of ballots as one, with the hints that came with the record: the second, independent path.

Ballots are read by template, their proofs' commitments taken from the hints and hashed; what remains, membership of all elements and the
equations of all proofs, is one test (`batch.py`). A ballot that is not ordinary in every respect, or whose hints are not right, goes the
plain path by itself. If the test fails some ballot of the chunk is bad, and the plain path, all over again, finds which.
"""

import os
from collections import Counter
from dataclasses import dataclass, field, replace
from hmac import digest
from pathlib import Path

from .aggregate import ChunkChecks, ChunkResult
from .ahead import prepared
from .ballots import check_ballot
from .batch import RANDOM, Equations, are_elements, is_sound
from .codes import unchained
from .context import Context
from .hints import HintsError, open_hints
from .model import Ballot
from .record import JsonSource
from .report import Findings
from .source import Chunk, RecordError
from .template import STATES, Template, make_template

__all__ = ["check_in_batch", "with_hints"]

RUN = 256
"""Ballots that are looked at together before they go into the test."""
TESTED = "ballots whose proofs were tested together, by the hints beside the record"


def _templates(context: Context) -> dict[int, list[Template]]:
    """The templates of a record's ballots by the length of their lines: none where its ballots can't go into a test together."""
    source, by_length = context.source, dict[int, list[Template]]()
    if not context.own or len(source.devices) != 1 or not is_sound(context.group) or not context.group.is_element(source.K):
        return by_length
    device = source.devices[0]
    if device.kind != "Regular" or device.chaining != "NoChaining":
        return by_length
    for style in source.manifest.styles:
        if all(index in context.contests and context.contests[index].data_blocks is None for index in style.contests):
            for state in STATES:
                made = make_template(style, state, context.contests, device.index, unchained(device.h_di), context.group)
                by_length.setdefault(made.length, []).append(made)
    return by_length


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


def check_in_batch(context: Context, chunk: Chunk) -> ChunkResult | None:
    """As `check_chunk`, with hints. None if that is not possible, or if the test fails: some ballot is bad then."""
    if context.opened is None or not context.templates or not isinstance(context.source, JsonSource):
        return None
    reader = _Reader(context, context.source, chunk)
    waiting: list[_Line] = []
    hints = context.opened.read(chunk.position - 1, chunk.count)
    for number, (line, hint) in enumerate(zip(context.source.lines(chunk), hints, strict=True)):
        waiting.append(_Line(chunk.position + number, line, hint))
        if len(waiting) == RUN:
            reader.take(waiting)
            waiting = []
    reader.take(waiting)
    return reader.finish()


@dataclass(slots=True)
class _Line:
    """A line with its hints; if it fits a template, the values that stand in it, and the products that its proofs speak of."""

    position: int
    content: bytes | RecordError
    hints: memoryview
    template: Template | None = None
    values: bytes = b""
    commitments: bytes = b""
    scalars: list[int] = field(default_factory=list)
    totals: list[bytes] = field(default_factory=list)
    accepted: bool = False


class _Reader:
    """Reads lines in runs, and either accepts a ballot into the test or checks it by itself."""

    def __init__(self, context: Context, source: JsonSource, chunk: Chunk) -> None:
        group = context.group
        self.context, self.source, self.chunk, self.group = context, source, chunk, group
        self.checks = ChunkChecks(context, chunk)
        self.device = context.devices[chunk.device]
        self.chaining_field = unchained(self.device.h_di)
        self.zero, self.one, self.p = bytes(group.l_p), group.bp(1), group.bp(group.p)
        self.accepted: list[tuple[Template, int]] = []  # and where its elements begin
        self.elements = bytearray()
        self.scalars: list[list[int]] = []
        self.commitments: list[memoryview] = []

    def take(self, run: list[_Line]) -> None:
        """The next lines."""
        self._multiply([line for line in run if self._fits(line)])
        for line in run:
            line.accepted = line.template is not None and self._hashes_fit(line, line.template) and self._calibrated(line, line.template)
        alone = prepared(self.context, [self._read(line) for line in run if not line.accepted])
        for line in run:
            if line.accepted and line.template is not None:
                self._accept(line, line.template)
            else:
                self.checks.check(next(alone))

    def finish(self) -> ChunkResult | None:
        """The test. None if it fails."""
        group, source = self.group, self.context.source
        result = self.checks.finish()
        if not self.accepted:
            return result
        elements = bytes(self.elements)
        if not are_elements(group, elements):
            return None
        commitments = _joined(self.commitments)
        randoms = os.urandom(RANDOM * (len(commitments) // group.l_p))
        exponents, g, K = self._exponents(randoms)
        if not Equations(commitments, randoms, elements, exponents, g, K).hold(group, source.K):
            return None
        self._count(elements, result)
        return result

    # one ballot

    def _fits(self, line: _Line) -> bool:
        """Reads a line by its template, and looks whether all numbers are in range."""
        if isinstance(line.content, RecordError):
            return False
        group, templates = self.group, self.context.templates.get(len(line.content), ())
        for template in templates:
            values = template.fit(line.content)
            if values is not None and len(line.hints) == template.commitments * group.l_p:
                break
        else:
            return False
        first, last = template.element_bytes
        elements = _split(values[first:last], group.l_p)
        scalars = [int.from_bytes(each, "big") for each in _split(values[last:], group.l_q)]
        line.commitments = bytes(line.hints)
        hints = _split(line.commitments, group.l_p)
        in_range = self.zero < min(elements) and max(elements) < self.p and self.zero < min(hints) and max(hints) < self.p
        if not in_range or max(scalars) >= group.q or self.one in elements[::2]:  # every other one is an α, the last one C_0
            return False
        line.template, line.values, line.scalars = template, values, scalars
        return True

    def _multiply(self, lines: list[_Line]) -> None:
        """The products of ciphertexts that limit and spoil proofs speak of, for all lines of a template at once."""
        group, size = self.group, 2 * self.group.l_p
        by_template: dict[int, list[_Line]] = {}
        for line in lines:
            by_template.setdefault(id(line.template), []).append(line)
        for same in by_template.values():
            template = same[0].template
            if template is None:
                continue
            start = template.element_bytes[0]
            for part in template.contests:
                for proof in part.proofs:
                    if proof.single is not None:
                        continue
                    rows = []
                    for option, times in enumerate(proof.powers):
                        at = start + (part.element + 2 * option) * group.l_p
                        rows += [line.values[at : at + size] for line in same] * times
                    products = [group.bp(x) for x in group.products(b"".join(rows), 2 * len(same))]
                    for line, alpha, beta in zip(same, products[::2], products[1::2], strict=True):
                        line.totals.append(alpha + beta)

    def _hashes_fit(self, line: _Line, template: Template) -> bool:
        """(32), (70), (71), the challenges of all proofs with the hints as commitments, and X17."""
        values, hints, q, l_p = line.values, line.commitments, self.group.q, self.group.l_p
        ballot_id, id_b, h_i, code, c_1 = (values[at : at + 32] for at in range(0, 160, 32))
        start, _ = template.element_bytes
        if ballot_id != code or digest(self.context.source.h_e, b"\x20" + id_b, "sha256") != h_i:
            return False
        totals = iter(line.totals)
        at = 160
        for part in template.contests:
            first = start + part.element * l_p
            ciphertexts = values[first : first + 2 * part.options * l_p]
            if digest(h_i, b"\x28" + part.number + ciphertexts, "sha256") != values[at : at + 32]:
                return False
            at += 32
            for proof in part.proofs:
                single = proof.single
                ciphertext = next(totals) if single is None else ciphertexts[2 * single * l_p : (2 * single + 2) * l_p]
                commitments = hints[proof.commitment * l_p : (proof.commitment + 2 * proof.branches) * l_p]
                c = digest(h_i, proof.prefix + ciphertext + commitments, "sha256")
                if (sum(line.scalars[proof.scalar : proof.scalar + 2 * proof.branches : 2]) - int.from_bytes(c, "big")) % q:
                    return False
        c_0 = values[start + (template.elements - 1) * l_p : start + template.elements * l_p]
        c = digest(h_i, b"\x23" + hints[-l_p:] + c_0 + c_1, "sha256")
        if int.from_bytes(c, "big") % q != line.scalars[-2]:
            return False
        return digest(h_i, b"\x29" + values[160:at] + self.chaining_field, "sha256") == code

    def _calibrated(self, line: _Line, template: Template) -> bool:
        """Of each template one ballot is checked alone too: what it adds to the report is what each one adds."""
        if template.objects is None:
            ballot, findings = self._read(line), Findings(self.context.own)
            if isinstance(ballot, RecordError) or not check_ballot(self.context, ballot, self.device, findings) or findings.failures:
                return False
            template.objects = findings.objects
        return True

    def _accept(self, line: _Line, template: Template) -> None:
        """Into the test."""
        start, end = template.element_bytes
        id_b, code, elements = line.values[32:64], line.values[96:128], line.values[start:end]
        self.checks.follow(f"{self.chunk.path}, line {line.position}", self.chaining_field, code)
        self.accepted.append((template, len(self.elements)))
        self.elements += elements
        self.scalars.append(line.scalars)
        self.commitments.append(line.hints)
        self.checks.packer.add(line.position, id_b, code, code.hex().upper().encode(), _split(elements, self.group.l_p)[::2])

    def _read(self, line: _Line) -> Ballot | RecordError:
        return line.content if isinstance(line.content, RecordError) else self.source.read_line(self.chunk, line.position, line.content)

    # all accepted ballots

    def _exponents(self, randoms: bytes) -> tuple[bytes, int, int]:
        """The exponents of the elements, of g and of K, with `randoms` for the commitments in their order."""
        q, l_q = self.group.q, self.group.l_q
        numbers = iter([int.from_bytes(each, "big") for each in _split(randoms, RANDOM)])
        exponents = []
        g = K = 0
        for (template, _), scalars in zip(self.accepted, self.scalars, strict=True):
            powers = [0] * template.elements
            for branch in template.branches:
                c, v, rho, sigma = scalars[branch.scalar], scalars[branch.scalar + 1], next(numbers), next(numbers)
                g += rho * v
                K += sigma * (v - branch.j * c)
                rho *= c
                sigma *= c
                for alpha, times in branch.targets:
                    powers[alpha] += rho * times
                    powers[alpha + 1] += sigma * times
            rho = next(numbers)
            g += rho * scalars[-1]
            powers[-1] = rho * scalars[-2]
            exponents += [(power % q).to_bytes(l_q, "big") for power in powers]
        return b"".join(exponents), g, K

    def _count(self, elements: bytes, result: ChunkResult) -> None:
        """What the accepted ballots add to findings and sums."""
        group, counts = self.group, result.counts
        places: dict[int, list[int]] = {}
        found = {id(template): template for template, _ in self.accepted}
        for template, at in self.accepted:
            places.setdefault(id(template), []).append(at)
        for key, starts in places.items():
            template, number = found[key], len(starts)
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


def _joined(parts: list[memoryview]) -> bytes:
    return b"".join(parts)
