"""The line of an ordinary ballot: with a ballot style and a state, everything in it but hexadecimal numbers is known beforehand, down to
the place of every number. So reading such a line is comparing the text between the numbers and converting the numbers.

Whatever is different in the least does not fit, and is read like any other JSON. Only our own layout has templates (record-format.md, 2.7).
"""

import binascii
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from .arithmetic import Group
from .model import BallotStyle, Contest

__all__ = ["ContestPart", "ProofPart", "Template", "Templates"]

_BEGINNING = re.compile(rb'\{"ballot_id":"[0-9A-F]{64}","ballot_state":"(Cast|Discounted)","ballot_style_ix":([1-9][0-9]{0,9}),')
"""Challenged ballots have no template: they are few, and their openings have to be checked besides."""
_LOWER_CASE = (b"a", b"b", b"c", b"d", b"e", b"f")
_KEPT = 64


@dataclass(frozen=True, slots=True)
class ProofPart:
    """A range proof: `prefix` is what is hashed before the ciphertext. The proof is about the product of some of the ballot's ciphertexts:
    `targets` are the places of their α among the ballot's elements (β is the next), each with its power; `single` is the place where it is
    one ciphertext as it stands, otherwise None. `scalar` and `commitment` are the places of c_0 and a_0, `branches` their number."""

    prefix: bytes
    targets: tuple[tuple[int, int], ...]
    single: int | None
    scalar: int
    commitment: int
    branches: int


@dataclass(frozen=True, slots=True)
class ContestPart:
    """Where a contest's values are: `element` is the place of its first α among the ballot's elements, `options` how many there are, and
    `proofs` are all its proofs in the line's order. `number` is b(index, 4)."""

    index: int
    number: bytes
    element: int
    options: int
    proofs: tuple[ProofPart, ...]


@dataclass(slots=True)
class Template:
    """All lines of ballots of one style and state. `elements` are the α, β of all options of all contests in order, and C_0; `scalars` the
    c, v of all proofs in the line's order, and those of C_2; `commitments` the a, b of all proofs in the same order, and a of (38).

    `element_bytes` are where the elements begin and end in what `fit` answers. `objects`, once known, says how many objects of each check
    such a ballot adds to the report; `failed` counts ballots that could not tell.
    """

    style: BallotStyle
    state: str
    contests: tuple[ContestPart, ...]
    elements: int
    commitments: int
    length: int
    element_bytes: tuple[int, int]
    fixed: list[slice]
    text: bytes
    numbers: list[slice]
    objects: Counter[str] | None = None
    failed: int = 0

    def fit(self, line: bytes) -> bytes | None:
        """ballot_id ‖ id_B ‖ H_I ‖ code ‖ C_1 ‖ χ_1 … (32 bytes each) ‖ elements ‖ scalars, or None if the line is another one."""
        if len(line) != self.length or b"".join([line[part] for part in self.fixed]) != self.text:
            return None
        digits = b"".join([line[part] for part in self.numbers])
        if any(map(digits.__contains__, _LOWER_CASE)):  # each is looked for much faster than all digits are compared
            return None
        try:
            return binascii.unhexlify(digits)
        except ValueError:
            return None


@dataclass(slots=True)
class Templates:
    """The templates of a record's ballots, each made when the first ballot comes that could be of its kind, a few kept. The one device is
    `device`, it does not chain, and B_C of its ballots is `chaining_field`."""

    group: Group
    styles: Mapping[int, BallotStyle]
    contests: Mapping[int, Contest]
    device: int
    chaining_field: bytes
    _made: dict[tuple[str, int], Template] = field(default_factory=dict)

    def of(self, line: bytes) -> Template | None:
        """The template that the line may fit; None if there is none. No template is larger than the line that asks for it."""
        beginning = _BEGINNING.match(line)
        if beginning is None:
            return None
        state, style = beginning[1].decode(), self.styles.get(int(beginning[2]))
        if style is None:
            return None
        if (state, style.index) not in self._made:
            contests = [self.contests.get(index) for index in style.contests]
            if any(contest is None or contest.data_blocks is not None for contest in contests):
                return None
            known = [contest for contest in contests if contest is not None]
            if 4 * self.group.l_q * sum(map(_branches, known)) > len(line):
                return None
            if len(self._made) >= _KEPT:
                self._made.clear()
            self._made[state, style.index] = self._make(style, state, known)
        return self._made[state, style.index]

    def _make(self, style: BallotStyle, state: str, contests: list[Contest]) -> Template:
        writer = _Writer(self.group)
        writer.text('{"ballot_id":"').number("hash", 32)
        writer.text(f'","ballot_state":"{state}","ballot_style_ix":{style.index},"device_ix":{self.device},"id_b":"').number("hash", 32)
        writer.text('","h_i":"').number("hash", 32).text('","contests":{')
        parts: list[ContestPart] = []
        for contest in contests:
            parts.append(writer.contest(contest, first=not parts))
        c_0 = writer.count("element")
        writer.text('},"ballot_nonce_ciphertext":{"c_0":"').number("element", self.group.l_p).text('","c_1":"').number("hash", 32)
        writer.text('","c_2":').proof().text(f'}},"chaining_field":"{self.chaining_field.hex().upper()}","confirmation_code":"')
        writer.number("hash", 32).text('"}')
        ballot_id, id_b, h_i, *chi, c_1, code = writer.places["hash"]
        start = 32 * (5 + len(chi))
        return Template(
            style=style,
            state=state,
            contests=tuple(parts),
            elements=c_0 + 1,
            commitments=writer.commitments + 1,
            length=writer.length,
            element_bytes=(start, start + (c_0 + 1) * self.group.l_p),
            fixed=writer.fixed,
            text="".join(writer.texts).encode(),
            numbers=[ballot_id, id_b, h_i, code, c_1, *chi, *writer.places["element"], *writer.places["scalar"]],
        )


def _branches(contest: Contest) -> int:
    """How many branches its proofs have."""
    return sum(option.limit + 1 for option in contest.options) + (contest.limit + 1) * (2 if _with_spoil_proof(contest) else 1)


def _with_spoil_proof(contest: Contest) -> bool:
    return contest.spoil is not None and contest.limit > 1


class _Writer:
    """Writes a line as the record format has it, noting where numbers stand instead of writing them."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self.length = 0
        self.texts: list[str] = []
        self.fixed: list[slice] = []
        self.places: dict[str, list[slice]] = {"hash": [], "element": [], "scalar": []}
        self.commitments = 0

    def count(self, kind: str) -> int:
        """How many numbers of a kind there have been."""
        return len(self.places[kind])

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

    def range_proof(self, prefix: bytes, targets: tuple[tuple[int, int], ...], limit: int) -> ProofPart:
        single = targets[0][0] if len(targets) == 1 and targets[0][1] == 1 else None
        part = ProofPart(prefix, targets, single, self.count("scalar"), self.commitments, limit + 1)
        for j in range(limit + 1):
            self.text("," if j else "[").proof()
        self.text("]")
        self.commitments += 2 * (limit + 1)
        return part

    def contest(self, contest: Contest, first: bool) -> ContestPart:
        element, options, L, index = self.count("element"), contest.options, contest.limit, contest.index.to_bytes(4, "big")
        self.text(f'{"" if first else ","}"{contest.index}":{{"ciphertexts":[')
        for place in range(len(options)):
            self.text(("," if place else "") + '{"alpha":"').number("element", self.group.l_p)
            self.text('","beta":"').number("element", self.group.l_p).text('"}')
        self.text('],"proof_ballot_correctness":[')
        proofs = []
        for place, option in enumerate(options):
            self.text("," if place else "")
            proofs.append(self.range_proof(b"\x24" + index + option.index.to_bytes(4, "big"), ((element + 2 * place, 1),), option.limit))
        self.text('],"proof_selection_limit":')
        total = tuple((element + 2 * place, option.times) for place, option in enumerate(options) if option.counted)
        proofs.append(self.range_proof(b"\x24" + index, total, L))
        if contest.spoil is not None and _with_spoil_proof(contest):
            self.text(',"proof_spoil":')
            joint = tuple((element + 2 * place, L if option.index == contest.spoil else 1) for place, option in enumerate(options))
            proofs.append(self.range_proof(b"\x50" + index + contest.spoil.to_bytes(4, "big"), joint, L))
        self.text(',"contest_hash":"').number("hash", 32).text('"}')
        return ContestPart(contest.index, index, element, len(options), tuple(proofs))
