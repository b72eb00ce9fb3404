"""The line of an ordinary ballot: with a ballot style and a state, everything in it but hexadecimal numbers is known beforehand, down to
the place of every number. So reading such a line is comparing the text between the numbers and converting the numbers.

Whatever is different in the least does not fit, and is read like any other JSON. Only our own layout has templates (record-format.md, 2.7).
"""

import binascii
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .arithmetic import Group
from .model import BallotStyle, Contest

__all__ = ["STATES", "Branch", "ContestPart", "Template", "make_template"]

STATES = ("Cast", "Discounted")
"""Challenged ballots are few, and their openings have to be checked besides."""


_LOWER_CASE = (b"a", b"b", b"c", b"d", b"e", b"f")


@dataclass(frozen=True, slots=True)
class Branch:
    """Branch j of a proof that some ciphertext is in its range. `scalar` is the place of its challenge among the ballot's scalars (its
    response is the next), `targets` the places of α among the ballot's elements (β is the next), each with the power in which the
    ciphertext contains it."""

    j: int
    scalar: int
    targets: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class ContestPart:
    """Where a contest's values are: `element` is the place of its first α among the ballot's elements, `options` how many there are, and
    `proofs` are all its proofs in the line's order."""

    index: int
    element: int
    options: int
    proofs: tuple["ProofPart", ...]

    @property
    def number(self) -> bytes:
        """b(index, 4)."""
        return self.index.to_bytes(4, "big")


@dataclass(frozen=True, slots=True)
class ProofPart:
    """A range proof: `prefix` is what is hashed before the ciphertext; `powers` says of which product of the contest's ciphertexts it
    speaks: one power for each option; if it is one option by itself, `single` is its place from 0, otherwise None. `scalar` and
    `commitment` are the places of c_0 and a_0, `branches` their number."""

    prefix: bytes
    powers: tuple[int, ...]
    single: int | None
    scalar: int
    commitment: int
    branches: int


@dataclass(slots=True)
class Template:
    """All lines of ballots of one style and state. `elements` are the α, β of all options of all contests in order, and C_0; `scalars` the
    c, v of all proofs in the line's order, and those of C_2; `commitments` the a, b of all proofs in the same order, and a of (38).

    `element_bytes` are where the elements begin and end in what `fit` answers. `objects`, once known, says how many objects of each check
    such a ballot adds to the report.
    """

    style: BallotStyle
    state: str
    contests: tuple[ContestPart, ...]
    branches: tuple[Branch, ...]
    elements: int
    scalars: int
    commitments: int
    length: int
    element_bytes: tuple[int, int]
    objects: Counter[str] | None = None
    _fixed: list[slice] = field(default_factory=list)
    _text: bytes = b""
    _numbers: list[slice] = field(default_factory=list)

    def fit(self, line: bytes) -> bytes | None:
        """ballot_id ‖ id_B ‖ H_I ‖ code ‖ C_1 ‖ χ_1 … (32 bytes each) ‖ elements ‖ scalars, or None if the line is another one."""
        if len(line) != self.length or b"".join([line[part] for part in self._fixed]) != self._text:
            return None
        digits = b"".join([line[part] for part in self._numbers])
        if any(map(digits.__contains__, _LOWER_CASE)):  # each is looked for much faster than all digits are compared
            return None
        try:
            return binascii.unhexlify(digits)
        except ValueError:
            return None


def make_template(
    style: BallotStyle, state: str, contests: Mapping[int, Contest], device: int, chaining_field: bytes, group: Group
) -> Template:
    """The template for ballots of `style` and `state` on the device, which does not chain: `chaining_field` is B_C."""
    writer = _Writer(group)
    writer.text('{"ballot_id":"').number("hash", 32)
    writer.text(f'","ballot_state":"{state}","ballot_style_ix":{style.index},"device_ix":{device},"id_b":"').number("hash", 32)
    writer.text('","h_i":"').number("hash", 32).text('","contests":{')
    parts = []
    for place, index in enumerate(style.contests):
        parts.append(writer.contest(contests[index], first=place == 0))
    c_0 = writer.count["element"]
    writer.text('},"ballot_nonce_ciphertext":{"c_0":"').number("element", group.l_p).text('","c_1":"').number("hash", 32)
    writer.text('","c_2":').proof().text(f'}},"chaining_field":"{chaining_field.hex().upper()}","confirmation_code":"').number("hash", 32)
    writer.text('"}')
    hashes = writer.places["hash"]
    ballot_id, id_b, h_i, *chi, c_1, code = hashes
    branches = tuple(_branches(parts))
    return Template(
        style=style,
        state=state,
        contests=tuple(parts),
        branches=branches,
        elements=c_0 + 1,
        scalars=writer.count["scalar"],
        commitments=2 * len(branches) + 1,
        length=writer.length,
        element_bytes=(32 * len(hashes), 32 * len(hashes) + (c_0 + 1) * group.l_p),
        _fixed=writer.fixed,
        _text="".join(writer.texts).encode(),
        _numbers=[ballot_id, id_b, h_i, code, c_1, *chi, *writer.places["element"], *writer.places["scalar"]],
    )


def _branches(parts: list[ContestPart]) -> Iterator[Branch]:
    for part in parts:
        for proof in part.proofs:
            targets = tuple((part.element + 2 * option, power) for option, power in enumerate(proof.powers) if power)
            for j in range(proof.branches):
                yield Branch(j, proof.scalar + 2 * j, targets)


class _Writer:
    """Writes a line as the record format has it, noting where numbers stand instead of writing them."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self.length = 0
        self.texts: list[str] = []
        self.fixed: list[slice] = []
        self.places: dict[str, list[slice]] = {"hash": [], "element": [], "scalar": []}
        self.commitments = 0

    @property
    def count(self) -> dict[str, int]:
        """How many numbers of each kind there have been."""
        return {kind: len(places) for kind, places in self.places.items()}

    def text(self, text: str) -> "_Writer":
        self.texts.append(text)
        self.fixed.append(slice(self.length, self.length + len(text)))
        self.length += len(text)
        return self

    def number(self, kind: str, size: int) -> "_Writer":
        self.places[kind].append(slice(self.length, self.length + 2 * size))
        self.length += 2 * size
        return self

    def proof(self) -> "_Writer":
        return self.text('{"c":"').number("scalar", self.group.l_q).text('","v":"').number("scalar", self.group.l_q).text('"}')

    def range_proof(self, prefix: bytes, powers: tuple[int, ...], limit: int) -> ProofPart:
        single = powers.index(1) if sum(powers) == 1 else None
        part = ProofPart(prefix, powers, single, self.count["scalar"], self.commitments, limit + 1)
        for j in range(limit + 1):
            self.text("," if j else "[").proof()
        self.text("]")
        self.commitments += 2 * (limit + 1)
        return part

    def contest(self, contest: Contest, first: bool) -> ContestPart:
        element, options, L, index = self.count["element"], contest.options, contest.limit, contest.index.to_bytes(4, "big")
        self.text(f'{"" if first else ","}"{contest.index}":{{"ciphertexts":[')
        for place in range(len(options)):
            self.text(("," if place else "") + '{"alpha":"').number("element", self.group.l_p)
            self.text('","beta":"').number("element", self.group.l_p).text('"}')
        self.text('],"proof_ballot_correctness":[')
        proofs = []
        for place, option in enumerate(options):
            self.text("," if place else "")
            powers = tuple(int(place == other) for other in range(len(options)))
            proofs.append(self.range_proof(b"\x24" + index + option.index.to_bytes(4, "big"), powers, option.limit))
        self.text('],"proof_selection_limit":')
        proofs.append(self.range_proof(b"\x24" + index, tuple(option.times if option.counted else 0 for option in options), L))
        if contest.spoil is not None and L > 1:
            self.text(',"proof_spoil":')
            powers = tuple(L if option.index == contest.spoil else 1 for option in options)
            proofs.append(self.range_proof(b"\x50" + index + contest.spoil.to_bytes(4, "big"), powers, L))
        self.text(',"contest_hash":"').number("hash", 32).text('"}')
        return ContestPart(contest.index, element, len(options), tuple(proofs))
