"""The ballots of a specimen, hundreds at a time: ordinary ciphertexts and proofs, but from nonces that hang together.

A fresh exponent costs 31 multiplications. Here every exponent is x = row + column for one of a few hundred rows of its own and one of a few
thousand columns for all, so that g^x and K^x cost one each. To verify, that makes no difference: every proof holds, and is checked in full.
Nonces that hang together give away everything, which a specimen does anyway.

The faked branch j of a range proof needs t_j = u_j + (σ − j)·c_j (58): u_j and t_j are taken from the rows, and c_j is what makes it true.

`chunk` below is a list of ballot numbers. Which ballot is made from a number does not depend on the others of its chunk.
"""

import hashlib
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from cli.specimen.products import LENGTH, best_products
from cli.specimen.seeded import Plan
from engine.ballot import DEVICE
from engine.group import STANDARD
from engine.hashing import H, b

q = STANDARD.q
PAIR = 2 * LENGTH
OPTION, LIMIT, NONCE = 6, 4, 2  # numbers: α, β, a_0, b_0, a_1, b_1 of an option; a_0, b_0, a_1, b_1 of a limit; a, C_0 of a ballot
OPTION_ROWS, LIMIT_ROWS, NONCE_ROWS = 4, 3, 2  # exponents: ξ, u_0, u_1, t; u_0, u_1, t; u, ξ


@dataclass(frozen=True, slots=True)
class CodedPart:
    """The confirmation codes of a chunk, 32 bytes each, and the products of its counted ballots: α, β of each option in turn."""

    codes: bytes
    products: bytes


class BallotMaker:
    """Makes any of the plan's cast and discounted ballots from its number."""

    def __init__(self, plan: Plan, K: int, extended_base_hash: bytes, chaining_field: bytes) -> None:
        self._plan, self._products, self._seed = plan, best_products(), plan.digest("ballots")
        self._H_E, self._chaining_field = extended_base_hash, chaining_field
        contest_rows = plan.options * OPTION_ROWS + LIMIT_ROWS
        row_sets = plan.contests * contest_rows + NONCE_ROWS
        self._width = row_width(plan.ballots)
        self._rows = [plan.scalar("row", i) for i in range(row_sets * self._width)]
        self._columns = [plan.scalar("column", i) for i in range(-(-plan.ballots // self._width))]
        powers = self._products.powers
        nonces = [
            (contest * contest_rows + option * OPTION_ROWS) * self._width
            for contest in range(plan.contests)
            for option in range(plan.options)
        ]
        moved = [(self._rows[start + i] + 1) % q for start in nonces for i in range(self._width)]  # K^(ξ + 1), for a vote of 1
        self._table = b"".join([powers(STANDARD.generator, self._rows), powers(K, self._rows), powers(K, moved)])
        self._g_columns, self._K_columns = powers(STANDARD.generator, self._columns), powers(K, self._columns)
        first_column = len(self._table) // LENGTH
        self._first_column = first_column
        patterns = [
            [_pattern(plan, contest, choice, len(self._rows), self._width) for choice in range(plan.options + 1)]
            for contest in range(plan.contests)
        ]
        shifted = partial(_shifted, width=self._width)
        self._factors = [[shifted(numbers) for numbers, _ in contest] for contest in patterns]
        self._ciphertext_factors = [[shifted(ciphertexts) for _, ciphertexts in contest] for contest in patterns]
        last = plan.contests * contest_rows * self._width
        self._nonce_factors = shifted([last, last + self._width])
        self._line = template(plan)

    @property
    def arithmetic(self) -> str:
        """Which arithmetic is in use."""
        return self._products.name

    def codes(self, chunk: Sequence[int]) -> CodedPart:
        """What decides the order of ballots, and the tally."""
        plan, random = self._plan, [self._drawn(number) for number in chunk]
        made = self._multiply(chunk, random, whole=False)
        options = plan.options * PAIR
        size, codes, counted = plan.contests * options, [], []
        for place, (number, bits) in enumerate(zip(chunk, random, strict=True)):
            start = place * size
            h_i = H(self._H_E, b"\x20", bits[:32])  # (32)
            contests = [made[start + i * options : start + (i + 1) * options] for i in range(plan.contests)]
            hashes = [H(h_i, b"\x28", b(index), pairs) for index, pairs in enumerate(contests, 1)]  # (70)
            codes.append(H(h_i, b"\x29", *hashes, self._chaining_field))  # (71)
            if plan.discounted <= number:
                counted.append(made[start : start + size])
        return CodedPart(b"".join(codes), self._products.columns(b"".join(counted), size // LENGTH))

    def multiply_parts(self, parts: Iterable[bytes]) -> bytes:
        """The products of several chunks together."""
        return self._products.columns(b"".join(parts), self._plan.contests * self._plan.options * 2)

    def ballots(self, chunk: Sequence[int]) -> list[tuple[bytes, bytes]]:
        """Each ballot as its line in the record, without LF, and the commitments of its proofs in the order of hints."""
        plan, random = self._plan, [self._drawn(number) for number in chunk]
        made = self._multiply(chunk, random, whole=True)
        contest_size = (plan.options * OPTION + LIMIT) * LENGTH
        size = plan.contests * contest_size + NONCE * LENGTH
        totals = []
        for contest in range(plan.contests):
            starts = [contest * contest_size + option * OPTION * LENGTH for option in range(plan.options)]
            pairs = [made[at : at + PAIR] for start in starts for at in range(start, start + len(chunk) * size, size)]
            totals.append(self._products.columns(b"".join(pairs), 2 * len(chunk)))
        ballots = []
        for place, (number, bits) in enumerate(zip(chunk, random, strict=True)):
            own_totals = [each[place * PAIR : (place + 1) * PAIR] for each in totals]
            ballots.append(self._ballot(number, bits, made[place * size : (place + 1) * size], own_totals))
        return ballots

    def choices(self, number: int) -> list[int]:
        """What ballot `number` chooses: for each contest the position of an option from 0, or the number of options for none."""
        return self._chosen(self._drawn(number))

    def _drawn(self, number: int) -> bytes:
        """What is random about a ballot and no exponent: id_B, 32 bytes; C_1, which no guardian will ever open; a byte for each choice."""
        return hashlib.shake_256(self._seed + number.to_bytes(8, "big")).digest(64 + self._plan.contests)

    def _chosen(self, random: bytes) -> list[int]:
        return [byte % (self._plan.options + 1) for byte in random[64:]]

    def _multiply(self, chunk: Sequence[int], random: Sequence[bytes], whole: bool) -> bytes:
        """The numbers of each ballot, one ballot behind the other: all of them, or only α and β of each option."""
        width, used = self._width, sorted({number // self._width for number in chunk})
        place_of = {column: self._first_column + place for place, column in enumerate(used)}
        g = b"".join(self._g_columns[i * LENGTH : (i + 1) * LENGTH] for i in used)
        K = b"".join(self._K_columns[i * LENGTH : (i + 1) * LENGTH] for i in used)
        factors = self._factors if whole else self._ciphertext_factors
        left, right = array("I"), array("I")
        for number, bits in zip(chunk, random, strict=True):
            row, column, start = number % width, place_of[number // width], len(left)
            for contest, choice in zip(factors, self._chosen(bits), strict=True):
                left += contest[choice][row]
            right += array("I", (column, column + len(used))) * ((len(left) - start) // 2)
            if whole:
                left += self._nonce_factors[row]
                right += array("I", (column, column))
        pairs = array("I", bytes(8 * len(left)))
        pairs[0::2], pairs[1::2] = left, right
        return self._products.multiply(b"".join([self._table, g, K]), pairs)

    def _ballot(self, number: int, random: bytes, numbers: bytes, totals: Sequence[bytes]) -> tuple[bytes, bytes]:
        plan, width, at = self._plan, self._width, 0
        h_i = H(self._H_E, b"\x20", random[:32])  # (32)
        column = self._columns[number // width]
        exponents = [x + column for x in self._rows[number % width :: width]]
        contests: list[str] = []
        hashes, hints, row = [], [], 0
        for index, choice in enumerate(self._chosen(random), 1):
            pairs, proofs, xi_sum = [], list[int](), 0
            for option in range(plan.options):
                xi, u_0, u_1, t = exponents[row : row + OPTION_ROWS]
                row += OPTION_ROWS
                c = H(h_i, b"\x24", b(index), b(option + 1), numbers[at : at + OPTION * LENGTH])  # (59)
                proofs += _branches(choice == option, xi, u_0, u_1, t, c)
                pairs.append(numbers[at : at + PAIR])
                hints.append(numbers[at + PAIR : at + OPTION * LENGTH])
                xi_sum += xi
                at += OPTION * LENGTH
            u_0, u_1, t = exponents[row : row + LIMIT_ROWS]
            row += LIMIT_ROWS
            commitments = numbers[at : at + LIMIT * LENGTH]
            at += LIMIT * LENGTH
            c = H(h_i, b"\x24", b(index), totals[index - 1], commitments)  # (62)
            proofs += _branches(choice < plan.options, xi_sum, u_0, u_1, t, c)
            hints.append(commitments)
            ciphertexts = b"".join(pairs)
            hashes.append(H(h_i, b"\x28", b(index), ciphertexts))  # (70)
            digits = ciphertexts.hex().upper()
            contests += [digits[i : i + PAIR] for i in range(0, len(digits), PAIR)]
            contests += [f"{value:064X}" for value in proofs]
            contests.append(hashes[-1].hex().upper())
        u, xi = exponents[row:]
        c_1, nonce_numbers = random[32:64], numbers[at:]
        c_B = int.from_bytes(H(h_i, b"\x23", nonce_numbers, c_1), "big") % q  # (38)
        hints.append(nonce_numbers[:LENGTH])
        code = H(h_i, b"\x29", *hashes, self._chaining_field).hex().upper()  # (71)
        nonce = (nonce_numbers[LENGTH:].hex().upper(), c_1.hex().upper(), f"{c_B:064X}", f"{(u - c_B * xi) % q:064X}")
        head = (code, plan.state(number), random[:32].hex().upper(), h_i.hex().upper())
        line = self._line % (*head, *contests, *nonce, self._chaining_field.hex().upper(), code)
        return line.encode(), b"".join(hints)


def _pattern(plan: Plan, contest: int, choice: int, rows: int, width: int) -> tuple[list[int], list[int]]:
    """Where in the table the left factors of a contest's numbers are, for one choice and row 0: of all, and of α and β of each option.

    The table is the powers of g, those of K, then K^(ξ + 1) for each ξ. Powers of g and of K take turns.
    """
    numbers, ciphertexts, row = [], [], contest * (plan.options * OPTION_ROWS + LIMIT_ROWS)
    for option in range(plan.options):
        xi, u_0, u_1, t = (i * width for i in range(row, row + OPTION_ROWS))
        voted = choice == option
        pair = [xi, 2 * rows + (contest * plan.options + option) * width if voted else rows + xi]
        ciphertexts += pair
        numbers += [*pair, *_commitments(voted, u_0, u_1, t, rows)]
        row += OPTION_ROWS
    u_0, u_1, t = (i * width for i in range(row, row + LIMIT_ROWS))
    return [*numbers, *_commitments(choice < plan.options, u_0, u_1, t, rows)], ciphertexts


def _commitments(value: bool, u_0: int, u_1: int, t: int, rows: int) -> list[int]:
    """a_0, b_0, a_1, b_1 (57), (58): t takes the place of u in the branch that is faked."""
    return [u_0, rows + (t if value else u_0), u_1, rows + (u_1 if value else t)]


def _shifted(places: Sequence[int], width: int) -> "list[array[int]]":
    """The same for every row."""
    return [array("I", [place + row for place in places]) for row in range(width)]


def _branches(value: bool, xi: int, u_0: int, u_1: int, t: int, hashed: bytes) -> tuple[int, int, int, int]:
    """c_0, v_0, c_1, v_1 of a range proof of `value` (60), (61)."""
    c = int.from_bytes(hashed, "big") % q
    c_0, c_1 = (t - u_0, c - t + u_0) if value else (c - u_1 + t, u_1 - t)
    return c_0 % q, (u_0 - c_0 * xi) % q, c_1 % q, (u_1 - c_1 * xi) % q


def row_width(ballots: int) -> int:
    """How many rows each exponent has: as many as keep both rows and columns few."""
    width = 8
    while 64 * width * width < ballots:
        width *= 2
    return width


def template(plan: Plan) -> str:
    """A line of the record, with %s for what differs."""
    branches = '[{"c":"%s","v":"%s"},{"c":"%s","v":"%s"}]'
    ciphertexts = ",".join(['{"alpha":"%s","beta":"%s"}'] * plan.options)
    proofs = ",".join([branches] * plan.options)
    of_options = f'"ciphertexts":[{ciphertexts}],"proof_ballot_correctness":[{proofs}]'
    contest = f'{{{of_options},"proof_selection_limit":{branches},"contest_hash":"%s"}}'
    contests = ",".join(f'"{index}":{contest}' for index in range(1, plan.contests + 1))
    return (
        f'{{"ballot_id":"%s","ballot_state":"%s","ballot_style_ix":1,"device_ix":{DEVICE},"id_b":"%s","h_i":"%s","contests":{{{contests}}},'
        '"ballot_nonce_ciphertext":{"c_0":"%s","c_1":"%s","c_2":{"c":"%s","v":"%s"}},"chaining_field":"%s","confirmation_code":"%s"}'
    )


def sizes(plan: Plan) -> tuple[int, int]:
    """Bytes of a cast ballot's line in the record, LF included, and of its hints."""
    fixed = len(template(plan).replace("%s", "")) + len("Cast") + 1
    scalars = plan.contests * (plan.options + 1) * 4 + 2
    elements = plan.contests * plan.options * 2 + 1
    hashes = plan.contests + 5  # and the chaining field, 36 bytes
    hints = (plan.contests * (plan.options + 1) * 4 + 1) * LENGTH
    return fixed + 2 * (32 * (scalars + hashes) + 36 + LENGTH * elements), hints
