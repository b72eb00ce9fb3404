"""Ballots tested together, by hints and templates: nothing false is accepted, and no file of hints changes a verdict.

That both paths say the same of every record, mutated ones too, is checked wherever `checking.run` is used.
"""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.forging import BALLOTS, KEY, STANDARD, TOY, YES_NO, Files, Forger, Sheet, e0, encode, write
from tests.verifier.checking import failed, remembering, run
from tests.verifier.elements import CHANCE, of_order, packed
from tests.verifier.hinting import MAGIC, same_report, write_hints
from verifier import __main__ as command
from verifier import batched
from verifier.aggregate import check_chunk
from verifier.ballot_files import read_ballot
from verifier.batched import RUN, TESTED, check_in_batch, with_hints
from verifier.context import Context, make_context
from verifier.hints import HintsError, open_hints
from verifier.record import open_own
from verifier.report import Report
from verifier.source import Chunk, RecordError
from verifier.strict_json import parse
from verifier.template import Template, Templates
from verifier.verify import verify_record
from verifier.work import share_out

TRIES = 200
GROUPS = {"toy": TOY, "standard": STANDARD}


# Ballots


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> tuple[Forger, Files, Path]:
    """Few ballots of one question."""
    forger = Forger(contests=[YES_NO], styles=[[1]], n=3, k=2)
    votes = [("Cast", 1, {1: values}) for values in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, 0), (0, 0, 0))]
    files = forger.files(forger.sheets(votes))
    return forger, files, tmp_path_factory.mktemp("base")


def context_of(folder: Path, hints: Path) -> tuple[Context, Chunk]:
    source = open_own(folder, TOY)
    (chunk,) = share_out(source.chunks(), 1)
    return with_hints(make_context(source, TOY, str(hints))), chunk


def negate(x: str, p: int) -> str:
    return f"{p - int(x, 16):0{len(x)}X}"


def test_false_ballots_that_fit_their_hashes_are_never_accepted(base: tuple[Forger, Files, Path], tmp_path: Path) -> None:
    """Proofs whose challenge is the hash of false commitments, which the hints hold: only the equations are wrong, or only membership."""
    forger, files, _ = base
    p = TOY.p
    r, twice_r = of_order(TOY, "r"), of_order(TOY, "2", "r")
    changes: dict[str, Callable[[int], int]] = {
        "negated": lambda a: p - a, "times g": lambda a: a * TOY.g % p, "times order r'": lambda a: a * r % p,
        "times order 2r'": lambda a: a * twice_r % p,
    }  # fmt: skip
    for name, change in changes.items():
        for place in (0, 3):
            made: list[list[int]] = []
            sheet = forger.sheet("Cast", 1, {1: (1, 0, 0)})
            contest = sheet.line["contests"]["1"]
            pair = tuple(int(contest["ciphertexts"][0][part], 16) for part in ("alpha", "beta"))

            def statement(
                parts: list[int], place: int = place, change: Any = change, made: Any = made, pair: Any = pair
            ) -> list[bytes]:
                shown = [change(x) if i == place else x for i, x in enumerate(parts)]
                made.append(shown)
                return [forger.bp(x) for x in (*pair, *shown)]

            changed = {**files, BALLOTS: list(files[BALLOTS])}
            h_i = bytes.fromhex(sheet.line["h_i"])
            prefix = b"\x24" + (1).to_bytes(4, "big") * 2
            contest["proof_ballot_correctness"][0] = forger.range_proof(h_i, prefix, pair, 1, sheet.nonces[1][0], 2, statement=statement)
            changed[BALLOTS] = [*files[BALLOTS], sheet.line]
            folder = write(tmp_path / f"{name} {place}", forger.recount(changed))
            where = next(i for i, line in enumerate(changed[BALLOTS]) if line is sheet.line)
            shown = packed(TOY, made[0])
            never_accepted(folder, where, lambda blob, shown=shown: shown + blob[len(shown) :], {"6.D"})


def test_a_ballot_with_a_negated_alpha_is_never_accepted(base: tuple[Forger, Files, Path], tmp_path: Path) -> None:
    """Its proofs come out right with −α wherever all challenges are even, so 6.A alone refuses it: the tests of equations may pass."""
    forger, files, _ = base
    for _ in range(4000):
        sheet = forger.sheet("Cast", 1, {1: (1, 0, 0)})
        contest = sheet.line["contests"]["1"]
        true = int(contest["ciphertexts"][0]["alpha"], 16)
        false = (TOY.p - true, int(contest["ciphertexts"][0]["beta"], 16))
        others = [tuple(int(each[part], 16) for part in ("alpha", "beta")) for each in contest["ciphertexts"][1:]]
        h_i, nonces, at = bytes.fromhex(sheet.line["h_i"]), sheet.nonces[1], (1).to_bytes(4, "big")
        option = forger.range_proof(h_i, b"\x24" + at + at, false, 1, nonces[0], 2)
        limit = forger.range_proof(h_i, b"\x24" + at, forger.product([false, *others]), 1, sum(nonces) % TOY.q, 2)
        real = [option[1]["c"], limit[1]["c"]]
        if all(int(c, 16) % 2 == 0 for c in real):
            break
    else:
        pytest.fail("no such proof was found")
    contest["ciphertexts"][0]["alpha"] = forger.hp(false[0])
    contest["proof_ballot_correctness"][0], contest["proof_selection_limit"] = option, limit
    forger.seal(sheet.line)
    changed = forger.recount({**files, BALLOTS: [*files[BALLOTS], sheet.line]})
    folder = write(tmp_path / "negated", changed)
    where = next(i for i, line in enumerate(changed[BALLOTS]) if line is sheet.line)
    never_accepted(folder, where, lambda blob: blob, {"6.A", "7.A"})


def settle(context: Context, folder: Path) -> None:
    """So that no ballot is seen only because it happens to be the first of its template, which is checked alone too."""
    assert context.templates is not None
    for line in (folder / BALLOTS).read_bytes().split(b"\n"):
        template = context.templates.of(line)
        if template is not None:
            template.objects = Counter()


def never_accepted(folder: Path, number: int, hints: Callable[[bytes], bytes], checks: set[str]) -> None:
    """Neither path accepts the ballot, the batch path in 200 runs, and the verdict names its line."""
    path = write_hints(folder.with_name(f"{folder.name}.hints"), folder, TOY, lambda i, blob: hints(blob) if i == number else blob)
    context, chunk = context_of(folder, path)
    settle(context, folder)
    for _ in range(TRIES):
        assert check_in_batch(context, chunk) is None
    plain = check_chunk(context, chunk)
    assert {failure.where.split(",")[1] for failure in plain.findings.failures} == {f" line {number + 1}"}
    assert checks <= set(plain.findings.failed)
    report = verify_record(folder, KEY, group=TOY, hints=path)
    assert report.exit_status == 1
    assert checks <= failed(report)
    same_report(verify_record(folder, KEY, group=TOY), report)


def beside(base: Files, forger: Forger, make: Callable[[], Sheet]) -> tuple[Files, Sheet]:
    """A record with one ballot more, which is not the first."""
    for _ in range(100):
        sheet = make()
        if sheet.line["confirmation_code"] > min(line["confirmation_code"] for line in base[BALLOTS]):
            return forger.recount({**base, BALLOTS: [*base[BALLOTS], sheet.line]}), sheet
    raise AssertionError("every code was the least")


def first_proof(forger: Forger, sheet: Sheet, **how: Any) -> list[Files]:
    """Another proof for the first option of the first contest, which is 1."""
    pair = tuple(int(sheet.line["contests"]["1"]["ciphertexts"][0][part], 16) for part in ("alpha", "beta"))
    prefix = b"\x24" + (1).to_bytes(4, "big") * 2
    return forger.range_proof(bytes.fromhex(sheet.line["h_i"]), prefix, pair, 1, sheet.nonces[1][0], 2, **how)  # type: ignore[arg-type]


def beta_of_p_and_1(forger: Forger) -> Sheet:
    nonces = [TOY.q - 1, forger.scalar(), forger.scalar()]
    pairs = [(forger.pow(TOY.g, nonces[0]), TOY.p + 1), forger.encryption(0, nonces[1]), forger.encryption(0, nonces[2])]
    return forger.sheet("Cast", 1, {1: (1, 0, 0)}, nonces=nonces, pairs=pairs)


def scalar_from_q_up(forger: Forger, name: str, more: int) -> Sheet:
    sheet = forger.sheet("Cast", 1, {1: (1, 0, 0)})
    proof = first_proof(forger, sheet, simulated={0: (5, 7)})
    proof[0][name] = forger.hq(TOY.q + more)
    sheet.line["contests"]["1"]["proof_ballot_correctness"][0] = proof
    return sheet


def another_name(forger: Forger) -> Sheet:
    sheet = forger.sheet("Cast", 1, {1: (1, 0, 0)})
    sheet.line["ballot_id"] = forger.random.randbytes(32).hex().upper()
    return sheet


FALSE: dict[str, tuple[Callable[[Forger], Sheet], str]] = {
    "β = p + 1": (beta_of_p_and_1, "6.A"),
    "c = q + 5": (lambda forger: scalar_from_q_up(forger, "c", 5), "6.B"),
    "v = q + 7": (lambda forger: scalar_from_q_up(forger, "v", 7), "6.C"),
    "foreign H_I": (lambda forger: forger.sheet("Cast", 1, {1: (1, 0, 0)}, h_i=forger.random.randbytes(32)), "5.B"),
    "foreign ballot_id": (another_name, "X17"),
}


@pytest.mark.parametrize("name", FALSE)
def test_what_no_equation_shows_is_seen_in_any_ballot(base: tuple[Forger, Files, Path], name: str, tmp_path: Path) -> None:
    """Everything that follows is made to fit, and the ballot is not the one that calibrates."""
    forger, files, _ = base
    make, check = FALSE[name]
    changed, _ = beside(files, forger, lambda: make(forger))
    report = run(write(tmp_path / "false", changed))
    assert report.exit_status == 1
    assert check in failed(report)


def test_a_commitment_from_p_up_is_seen(base: tuple[Forger, Files, Path], tmp_path: Path) -> None:
    """The commitment 1, hashed as p + 1, which is in the hints."""
    forger, files, _ = base
    shown: dict[str, bytes] = {}

    def make() -> Sheet:
        sheet = forger.sheet("Cast", 1, {1: (1, 0, 0)})
        pair = [int(sheet.line["contests"]["1"]["ciphertexts"][0][part], 16) for part in ("alpha", "beta")]
        parts: list[int] = []

        def statement(true: list[int]) -> list[bytes]:
            parts[:] = [TOY.p + 1 if x == 1 else x for x in true]
            return [forger.bp(x) for x in (*pair, *parts)]

        scalar, values = forger.scalar, iter([*(forger.scalar() for _ in range(4)), 0])
        forger.scalar = lambda: next(values)  # type: ignore[method-assign]
        sheet.line["contests"]["1"]["proof_ballot_correctness"][0] = first_proof(forger, sheet, statement=statement)
        forger.scalar = scalar  # type: ignore[method-assign]
        shown[sheet.line["confirmation_code"]] = packed(TOY, parts)
        return sheet

    changed, sheet = beside(files, forger, make)
    folder = write(tmp_path / "false", changed)
    number = changed[BALLOTS].index(sheet.line)
    known = shown[sheet.line["confirmation_code"]]
    assert forger.bp(TOY.p + 1) in known
    hints = write_hints(tmp_path / "false.hints", folder, TOY, lambda i, blob: known + blob[len(known) :] if i == number else blob)
    report = verify_record(folder, KEY, group=TOY, hints=hints)
    assert "6.D" in failed(report)
    same_report(verify_record(folder, KEY, group=TOY), report)


def test_a_device_hash_that_is_stated_falsely_leaves_nothing_to_test_together(tmp_path: Path) -> None:
    forger = Forger(contests=[YES_NO], styles=[[1]], n=2, k=2, lies={"h_di": bytes(32)})
    folder = write(tmp_path / "lie", forger.files(forger.sheets([("Cast", 1, {1: (1, 0, 0)})] * 6)))
    report = run(folder)
    assert {"8.C", "8.D"} <= failed(report)


# Hints


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Report]:
    """The base record with its true hints, and the report without them."""
    _, _, files = e0()
    folder = write(tmp_path_factory.mktemp("whole") / "record", files)
    return folder, write_hints(folder.with_name("record.hints"), folder, TOY), verify_record(folder, KEY, group=TOY)


def tested(report: Report) -> int:
    return report.findings.notes[TESTED]


def test_true_hints_put_every_ballot_but_the_challenged_into_the_test(whole: tuple[Path, Path, Report]) -> None:
    folder, hints, plain = whole
    report = verify_record(folder, KEY, group=TOY, hints=hints)
    assert report.verified
    assert tested(report) == 21
    same_report(plain, report)


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1 << CHANCE.randrange(8)]) + content[at + 1 :]


WRONG: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut off": lambda content: content[:-100],
    "cut in half": lambda content: content[: len(content) // 2],
    "other magic": lambda content: b"psephos hints 2\n" + content[16:],
    "of another record": lambda content: flipped(content, 20),
    "count of 2^64 - 1": lambda content: content[:-8] + b"\xff" * 8,
    "count of 0": lambda content: content[:-8] + bytes(8),
    "one ballot fewer": lambda content: content[:-8] + (23).to_bytes(8, "big"),
    "no ballots": lambda content: content[:48] + (48).to_bytes(8, "big") + bytes(8),
    "offsets all 0": lambda content: content[: -8 * 26] + bytes(8 * 25) + content[-8:],
    "offsets beyond the end": lambda content: content[: -8 * 26] + b"\xff" * 8 * 25 + content[-8:],
    "offsets backwards": lambda content: content[: -8 * 26] + b"".join(
        content[at : at + 8] for at in range(len(content) - 16, len(content) - 8 * 26 - 1, -8)) + content[-8:],
    "all zero": lambda content: content[:48] + bytes(len(content) - 48 - 8 * 26) + content[-8 * 26 :],
    "all ones": lambda content: content[:48] + b"\xff" * (len(content) - 48 - 8 * 26) + content[-8 * 26 :],
    "all 1": lambda content: content[:48] + (bytes(31) + b"\x01") * ((len(content) - 48 - 8 * 26) // 32) + content[-8 * 26 :],
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_hints_never_fail_a_valid_record(whole: tuple[Path, Path, Report], name: str, tmp_path: Path) -> None:
    folder, hints, plain = whole
    path = tmp_path / "wrong.hints"
    path.write_bytes(WRONG[name](hints.read_bytes()))
    report = verify_record(folder, KEY, group=TOY, hints=path)
    assert report.verified
    assert tested(report) == 0
    same_report(plain, report)


def test_missing_hints_are_noted(whole: tuple[Path, Path, Report], tmp_path: Path) -> None:
    folder, _, plain = whole
    for path in (tmp_path / "none", tmp_path):
        report = verify_record(folder, KEY, group=TOY, hints=path)
        assert report.verified
        assert any(note.startswith("hints not used") for note in report.findings.notes)
        same_report(plain, report)
        with pytest.raises(HintsError):
            open_hints(path, bytes(32))


def test_one_wrong_hint_sends_one_ballot_the_plain_path(whole: tuple[Path, Path, Report], tmp_path: Path) -> None:
    folder, hints, plain = whole
    content, size = hints.read_bytes(), 8 * 26
    for _ in range(60):
        path = tmp_path / "wrong.hints"
        path.write_bytes(flipped(content, CHANCE.randrange(48, len(content) - size)))
        report = verify_record(folder, KEY, group=TOY, hints=path)
        assert tested(report) in (20, 21)  # 21 where it hit a challenged ballot
        same_report(plain, report)


def test_hints_of_other_ballots_and_negated_ones_are_seen_by_the_hash(whole: tuple[Path, Path, Report], tmp_path: Path) -> None:
    folder, hints, plain = whole
    group, content = TOY, hints.read_bytes()
    blobs: list[bytes] = []
    write_hints(tmp_path / "again.hints", folder, group, lambda _, blob: blobs.append(blob) or blob)  # type: ignore[func-returns-value]
    assert (tmp_path / "again.hints").read_bytes() == content
    changes: list[Callable[[int, bytes], bytes]] = [
        lambda i, _: blobs[i - 1],
        lambda i, blob: packed(group, [group.p - int.from_bytes(blob[:32], "big")]) + blob[32:],
        lambda i, blob: blob[32:] + blob[:32],
        lambda i, blob: blob + blob[:32],
        lambda i, blob: blob[:-1],
        lambda i, _: b"",
    ]
    for change in changes:
        path = write_hints(tmp_path / "changed.hints", folder, group, change)
        report = verify_record(folder, KEY, group=group, hints=path)
        same_report(plain, report)
        assert tested(report) < 21


def test_any_file_of_hints_gives_the_same_report(whole: tuple[Path, Path, Report], tmp_path: Path) -> None:
    """Bytes changed anywhere, several at a time."""
    folder, hints, plain = whole
    content = hints.read_bytes()
    for _ in range(80):
        changed = content
        for _ in range(CHANCE.choice((1, 1, 3, 30))):
            changed = flipped(changed, CHANCE.randrange(len(changed)))
        path = tmp_path / "fuzzed.hints"
        path.write_bytes(changed[: CHANCE.choice((len(changed), len(changed), CHANCE.randrange(len(changed))))])
        same_report(plain, verify_record(folder, KEY, group=TOY, hints=path))


def test_the_writer_and_the_reader_have_one_format(tmp_path: Path) -> None:
    from engine.hints import MAGIC as WRITTEN
    from engine.hints import HintsWriter

    assert WRITTEN == MAGIC
    with HintsWriter(tmp_path / "x.hints", bytes(range(32))) as writer:
        for blob in (b"one", b"", b"three"):
            writer.add(blob)
    found = open_hints(tmp_path / "x.hints", bytes(range(32)))
    assert found.ballots == 3
    with found.reading(0, 3) as hints:
        assert [hints.ballot(i, size) for i, size in enumerate((3, 0, 5))] == [b"one", b"", b"three"]
        assert [hints.ballot(i, 4) for i in range(4)] == [b""] * 4
    with found.reading(2, 1) as hints:
        assert hints.ballot(0, 5) == b"three"
    with found.reading(2, 2) as hints:
        assert hints.ballot(0, 5) == b""


# Many ballots, and lines of every kind between them


def test_a_bad_ballot_among_many_is_named(tmp_path: Path) -> None:
    """More than one run of ballots, some not ordinary, in two chunks' worth; then one of them is false."""
    forger = Forger(contests=[YES_NO], styles=[[1], [1]], n=2, k=2)
    states = ["Cast"] * 20 + ["Discounted", "Challenged"]
    sheets = forger.sheets((states[i % 22], 1 + i % 2, {1: ((1, 0, 0), (0, 1, 0))[i % 2]}) for i in range(RUN + 60))
    with remembering():
        folder = write(tmp_path / "many", forger.files(sheets))
        assert run(folder).verified
        false = forger.sheet("Cast", 2, {1: (2, 0, 0)})
        folder = write(tmp_path / "false", forger.files([*sheets, false]))
        report = run(folder)
        assert {"6.D", "7.D"} <= failed(report)
        lines = [line["ballot_id"] for line in forger.files([*sheets, false])[BALLOTS]]
        named = {failure.where.split(",")[1] for failure in report.findings.failures if failure.check == "6.D"}
        assert named == {f" line {lines.index(false.line['ballot_id']) + 1}"}


# Templates


def test_what_fits_a_template_is_what_the_strict_reader_reads(whole: tuple[Path, Path, Report]) -> None:
    folder, hints, _ = whole
    context, _ = context_of(folder, hints)
    lines = (folder / BALLOTS).read_bytes().split(b"\n")[:-1]
    found = 0
    for position, line in enumerate(lines, 1):
        ballot = read_ballot(parse(line, BALLOTS, position), position, TOY, own=True)
        fitting = [(template, values) for template, values in fits(context, line)]
        assert len(fitting) == (ballot.state != "Challenged")
        for template, values in fitting:
            found += 1
            assert template.state == ballot.state
            assert template.style.index == ballot.style
            numbers = [bytes.fromhex(ballot.ballot_id), ballot.id_b, ballot.h_i, ballot.confirmation_code, ballot.nonce.c_1]
            numbers += [contest.contest_hash for contest in ballot.contests]
            numbers += [TOY.bp(x) for contest in ballot.contests for pair in contest.ciphertexts for x in (pair.alpha, pair.beta)]
            numbers.append(TOY.bp(ballot.nonce.c_0))
            for contest in ballot.contests:
                for proof in (*contest.range_proofs, contest.limit_proof, *([contest.spoil_proof] if contest.spoil_proof else [])):
                    numbers += [TOY.bq(x) for branch in proof for x in (branch.c, branch.v)]
            numbers += [TOY.bq(ballot.nonce.c_2.c), TOY.bq(ballot.nonce.c_2.v)]
            assert values == b"".join(numbers)
    assert found == 21


def test_a_line_changed_anywhere_fits_only_if_the_strict_reader_reads_other_numbers(whole: tuple[Path, Path, Report]) -> None:
    folder, hints, _ = whole
    context, _ = context_of(folder, hints)
    line = next(line for line in (folder / BALLOTS).read_bytes().split(b"\n") if b'"Discounted"' in line)
    ((template, values),) = fits(context, line)
    for at in range(len(line)):
        for character in {CHANCE.randrange(256), CHANCE.choice(b"0123456789ABCDEF"), CHANCE.choice(b'abcdef"{}[],: \x00\xff')}:
            changed = line[:at] + bytes([character]) + line[at + 1 :]
            fitting = fits(context, changed)
            if changed == line:
                continue
            for other, found in fitting:
                assert other is template
                assert found != values
                read_ballot(parse(changed, BALLOTS, 1), 1, TOY, own=True)
            if not fitting:
                try:
                    ballot = read_ballot(parse(changed, BALLOTS, 1), 1, TOY, own=True)
                except RecordError:
                    continue
                assert (ballot.state, ballot.style, ballot.device) != ("Discounted", template.style.index, 1) or changed[:at] == line[:at]
        if at % 7 == 0:
            assert not fits(context, line[:at] + line[at + 1 :])
            assert not fits(context, line[:at] + b"0" + line[at:])


def fits(context: Context, line: bytes) -> list[tuple[Template, bytes]]:
    assert context.templates is not None
    template = context.templates.of(line)
    values = template.fit(line) if template else None
    return [(template, values)] if template and values is not None else []


def test_records_whose_ballots_cannot_be_tested_together_have_no_templates(tmp_path: Path) -> None:
    forger, _, files = e0(layout="eg21-json")
    folder = write(tmp_path / "other", files, own=False)
    report = verify_record(folder, None, group=TOY, format="eg21-json", hints=write_hints(tmp_path / "other.hints", folder, TOY))
    assert report.verified
    assert tested(report) == 0


def test_random_exponents_come_from_the_operating_system(monkeypatch: pytest.MonkeyPatch, whole: tuple[Path, Path, Report]) -> None:
    """Fresh ones for each test, 16 bytes for every number in it, drawn only after the last ballot of the chunk was read."""
    folder, hints, _ = whole
    context, chunk = context_of(folder, hints)
    events: list[str] = []
    fit = Template.fit
    draw = os.urandom
    monkeypatch.setattr(Template, "fit", lambda self, line: events.append("read") or fit(self, line))  # type: ignore[func-returns-value]
    monkeypatch.setattr(os, "urandom", lambda size: events.append(f"draw {size}") or draw(size))  # type: ignore[func-returns-value]
    result = check_in_batch(context, chunk)
    assert result is not None
    last = len(events) - 1 - events[::-1].index("read")
    draws = events[last + 1 :]
    assert all(event == "read" for event in events[: last + 1])
    elements = sum(template.elements for template, _ in _accepted(context, folder))
    commitments = sum(template.commitments for template, _ in _accepted(context, folder))
    assert draws == [f"draw {16 * elements}", f"draw {16 * commitments}"]


def _accepted(context: Context, folder: Path) -> list[tuple[Template, bytes]]:
    return [found for line in (folder / BALLOTS).read_bytes().split(b"\n")[:-1] for found in fits(context, line)]


def test_encoding_used_here_is_the_records(base: tuple[Forger, Files, Path]) -> None:
    _, files, folder = base
    path = write(folder / "record", files)
    assert (path / BALLOTS).read_bytes().split(b"\n")[:-1] == [encode(line) for line in files[BALLOTS]]


def test_ballots_that_cannot_calibrate_are_not_asked_for_ever(
    base: tuple[Forger, Files, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, files, _ = base
    folder = write(tmp_path / "record", files)
    asked: list[int] = []

    def check(context: Context, ballot: Any, device: Any, findings: Any) -> bool:
        asked.append(ballot.position)
        return False

    monkeypatch.setattr(batched, "check_ballot", check)
    context, chunk = context_of(folder, write_hints(tmp_path / "record.hints", folder, TOY))
    result = check_in_batch(context, chunk)
    assert result is not None
    assert not result.findings.failures
    assert len(asked) == 2


@pytest.mark.parametrize("error", [MemoryError, OverflowError, ValueError])
@pytest.mark.parametrize("processes", [1, 2])
def test_whatever_goes_wrong_in_the_test_the_plain_path_goes_on(
    whole: tuple[Path, Path, Report], error: type[Exception], processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, hints, plain = whole

    def fail(*_: Any) -> bool:
        raise error("made up")

    monkeypatch.setattr(batched, "are_elements", fail)
    report = verify_record(folder, KEY, processes=processes, group=TOY, hints=hints)
    assert tested(report) == 0
    same_report(plain, report)


def test_a_pipe_is_no_file_of_hints(whole: tuple[Path, Path, Report], tmp_path: Path) -> None:
    """And nobody waits for what may come out of it."""
    folder, _, plain = whole
    os.mkfifo(tmp_path / "pipe")
    report = verify_record(folder, KEY, group=TOY, hints=tmp_path / "pipe")
    assert any("no ordinary file" in note for note in report.findings.notes)
    same_report(plain, report)


def test_many_tests_in_a_chunk(whole: tuple[Path, Path, Report], monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as there are enough commitments; and runs that end by their size."""
    folder, hints, plain = whole
    calls: list[int] = []
    are = batched.are_elements
    monkeypatch.setattr(batched, "are_elements", lambda group, numbers: calls.append(len(numbers)) or are(group, numbers))
    monkeypatch.setattr(batched, "MOST_TESTED", 4000)
    monkeypatch.setattr(batched, "RUN_BYTES", 12_000)
    report = verify_record(folder, KEY, group=TOY, hints=hints)
    assert tested(report) == 21
    assert len(calls) > 3
    same_report(plain, report)
    for last in range(len(calls)):
        count = iter(range(len(calls)))
        monkeypatch.setattr(batched, "are_elements", lambda group, numbers, n=last, c=count: next(c) != n and are(group, numbers))
        report = verify_record(folder, KEY, group=TOY, hints=hints)
        assert tested(report) == 0
        same_report(plain, report)


def test_templates_are_made_for_the_ballots_there_are(tmp_path: Path) -> None:
    """Not for styles without ballots, and never larger than the line that asks for one."""
    forger = Forger(contests=[YES_NO], styles=[[1]] * 400, n=2, k=2)
    folder = write(tmp_path / "styles", forger.files(forger.sheets(("Cast", 1 + i % 3, {1: (1, 0, 0)}) for i in range(12))))
    report = run(folder)
    assert report.verified
    context, chunk = context_of(folder, write_hints(tmp_path / "styles.hints", folder, TOY))
    assert context.templates is not None
    assert check_in_batch(context, chunk) is not None
    assert len(context.templates._made) == 3
    line = (folder / BALLOTS).read_bytes().split(b"\n")[0]
    assert context.templates.of(line.replace(b'"ballot_style_ix":', b'"ballot_style_ix":400')) is None
    short = line[:250]
    assert Templates(TOY, context.styles, context.contests, 1, bytes(36)).of(short) is None


# The command


def test_the_command_takes_the_hints_beside_the_record(whole: tuple[Path, Path, Report], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, hints, _ = whole
    used: list[Path | None] = []

    def verify(*_: Any, hints: Path | None, **__: Any) -> Report:
        used.append(hints)
        return whole[2]

    monkeypatch.setattr(command, "verify_record", verify)
    key = ["--quiet", "--key", KEY.hex()]
    for arguments in ([], ["--no-hints"], ["--hints", "other.hints"], ["--format", "eg21-json"]):
        assert command.main([str(folder), *key, *arguments]) == 0
    assert used == [hints, None, Path("other.hints"), None]
