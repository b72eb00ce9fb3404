"""verifier/ahead.py and plan.py: what is worked out ahead changes no report, whatever a record holds, and leaves nothing to do singly."""

import random
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest

from tests.forging import BALLOTS, KEY, YES_NO, Files, Forger, write
from tests.verifier.arithmetics import ALL, using
from tests.verifier.checking import failed, run
from tests.verifier.foreign_samples import unpack
from tests.verifier.sample import KEY as TOY_KEY
from tests.verifier.sample import TOY, make
from tests.verifier.sample import write as write_toy
from verifier import ahead, arithmetic
from verifier.aggregate import check_chunk
from verifier.ahead import prepared
from verifier.arithmetic import STANDARD
from verifier.context import Context, make_context
from verifier.plan import Plan
from verifier.record import open_own

P, Q = STANDARD.p, STANDARD.q
COUNCIL: Files = {"label": "Council", "selection_limit": 2, "options": YES_NO["options"]}


def made() -> Files:
    """Three ballots cast and one challenged, with real parameters."""
    forger = Forger(STANDARD, 21, n=1, k=1, contests=(YES_NO, COUNCIL), styles=((1,), (1, 2)))
    votes = [
        ("Cast", 1, {1: (1, 0, 0)}),
        ("Cast", 2, {1: (0, 1, 0), 2: (1, 1, 0)}),
        ("Cast", 2, {1: (0, 0, 1), 2: (0, 0, 1)}),
        ("Challenged", 2, {1: (0, 1, 0), 2: (0, 1, 0)}),
    ]
    return forger.files(forger.sheets(votes))


@pytest.fixture(scope="module")
def files() -> Files:
    return made()


def at(*path: str | int) -> Callable[[Files, Callable[[int], int]], None]:
    """Changes the number there on the last ballot of style 2."""

    def change(files: Files, turn: Callable[[int], int]) -> None:
        value = [ballot for ballot in files[BALLOTS] if ballot["ballot_style_ix"] == 2][-1]
        for step in path[:-1]:
            value = value[step]
        text = value[path[-1]]
        value[path[-1]] = f"{turn(int(text, 16)):0{len(text)}X}"

    return change


ALPHA, BETA = at("contests", "1", "ciphertexts", 0, "alpha"), at("contests", "2", "ciphertexts", 2, "beta")
NONCE = at("ballot_nonce_ciphertext", "c_0")
OPTION = ("contests", "1", "proof_ballot_correctness", 1)
DAMAGE: dict[str, tuple[Callable[[Files, Callable[[int], int]], None], Callable[[int], int], str]] = {
    "alpha is 0": (ALPHA, lambda x: 0, "6.A"),
    "alpha is 1": (ALPHA, lambda x: 1, "6.D"),
    "alpha is p - 1": (ALPHA, lambda x: P - 1, "6.A"),
    "alpha is p": (ALPHA, lambda x: P, "6.A"),
    "alpha is p + 1": (ALPHA, lambda x: P + 1, "6.A"),
    "alpha has the other sign": (ALPHA, lambda x: P - x, "6.A"),
    "beta is all ones": (BETA, lambda x: 2**4096 - 1, "6.A"),
    "beta has the other sign": (BETA, lambda x: P - x, "6.A"),
    "beta is another element": (BETA, lambda x: x * STANDARD.g % P, "7.D"),
    "C_0 is 0": (NONCE, lambda x: 0, "X6"),
    "C_0 has the other sign": (NONCE, lambda x: P - x, "X6"),
    "a challenge is q": (at(*OPTION, 0, "c"), lambda x: Q, "6.B"),
    "a challenge is all ones": (at(*OPTION, 1, "c"), lambda x: 2**256 - 1, "6.B"),
    "a challenge is another": (at(*OPTION, 1, "c"), lambda x: x ^ 1, "6.D"),
    "a response is q + 1": (at(*OPTION, 0, "v"), lambda x: Q + 1, "6.C"),
    "a response is another": (at("contests", "2", "proof_selection_limit", 2, "v"), lambda x: x ^ 2, "7.D"),
    "a response about the spoil option is another": (at("contests", "2", "proof_spoil", 1, "v"), lambda x: x ^ 2, "X16"),
}


def reports(folder: Path, names: tuple[str, ...] = ALL, **how: object) -> dict[str, str]:
    """The report in each arithmetic."""
    found = {}
    for name in names:
        with using(name):
            found[name] = run(folder, **how).json()  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_record_has_one_report_in_all_arithmetics(kind: str, files: Files, tmp_path: Path) -> None:
    change, turn, check = DAMAGE[kind]
    damaged = deepcopy(files)
    change(damaged, turn)
    folder = write(tmp_path / "record", damaged)
    names = ALL if kind in ("alpha has the other sign", "a challenge is q") else ("native", "gmpy2")
    assert len(set(reports(folder, names, group=STANDARD, key=KEY).values())) == 1
    assert check in failed(run(folder, group=STANDARD, key=KEY))


def test_a_true_record_has_one_report_in_all_arithmetics(files: Files, tmp_path: Path) -> None:
    folder = write(tmp_path / "record", files)
    assert len(set(reports(folder, group=STANDARD, key=KEY).values())) == 1
    assert run(folder, group=STANDARD, key=KEY).verified


def test_several_processes_have_the_same_report(files: Files, tmp_path: Path) -> None:
    folder = write(tmp_path / "record", files)
    assert reports(folder, ("native",), group=STANDARD, key=KEY, processes=2) == reports(folder, ("native",), group=STANDARD, key=KEY)


def test_a_toy_record_has_one_report_in_all_arithmetics_true_or_damaged(tmp_path: Path) -> None:
    for number, damage in enumerate((False, True)):
        toy = make()[1]
        if damage:
            toy[BALLOTS][0]["ballot_nonce_ciphertext"]["c_0"] = f"{TOY.p - 1:064X}"
        folder = write_toy(tmp_path / str(number), toy)
        assert len(set(reports(folder, key=TOY_KEY).values())) == 1
        assert run(folder, key=TOY_KEY).verified is not damage


@pytest.mark.parametrize("sample", ["native_example_core_v2.1.0", "native_example_full_v2.1.0"])
def test_a_sample_has_one_report_in_all_arithmetics(sample: str, tmp_path: Path) -> None:
    folder = unpack(sample, tmp_path)
    names = ALL if "core" in sample else ("native", "gmpy2")
    found = reports(folder, names, group=STANDARD, layout="eg21-json")
    assert len(set(found.values())) == 1
    assert run(folder, group=STANDARD, layout="eg21-json").verified


# The plan


@pytest.fixture
def context(files: Files, tmp_path: Path) -> Context:
    return make_context(open_own(write(tmp_path / "record", files), STANDARD), STANDARD)


def test_ballots_leave_nothing_to_be_worked_out_singly(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missed costs time only, but much of it."""
    with using("native"):
        singly = []
        monkeypatch.setattr(arithmetic, "_ladder", lambda *given: singly.append(given))
        monkeypatch.setattr(arithmetic, "_comb", lambda group, base: _Once(real(group, base), singly))
        assert all(not check_chunk(context, chunk).findings.failures for chunk in context.source.chunks())
        monkeypatch.undo()
        assert singly == []


class _Once:
    """A table that may be asked for many powers at a time, and for none singly."""

    def __init__(self, comb: object, singly: list[object]) -> None:
        self.powers, self.power = comb.powers, singly.append  # type: ignore[attr-defined]


real = arithmetic._comb


def test_items_come_as_they_are_and_the_table_is_gone_in_the_end(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "ENOUGH", 10)
    ballots = [item for chunk in context.source.chunks() for item in context.source.read_chunk(chunk)]
    items = [*ballots, "no ballot", *ballots, "the end"]
    for name in ALL:
        with using(name):
            found = []
            for item in prepared(context, iter(items)):
                found.append(item)
                assert bool(arithmetic._here.known.powers) is (name == "native" and item != "the end")
                assert len(arithmetic._here.known.members) <= 10 + 40
            assert list(map(id, found)) == list(map(id, items))
            assert arithmetic._here.known.p == 0


def test_the_table_is_gone_when_the_reader_fails_or_nobody_goes_on(context: Context) -> None:
    ballots = [item for chunk in context.source.chunks() for item in context.source.read_chunk(chunk)]

    def failing():
        yield ballots[0]
        raise OSError("the disk")

    with using("native"):
        with pytest.raises(OSError, match="the disk"):
            list(prepared(context, failing()))
        assert arithmetic._here.known.p == 0
        halfway = prepared(context, iter(ballots))
        next(halfway)
        assert arithmetic._here.known.p == P
        halfway.close()
        assert arithmetic._here.known.p == 0


def test_a_plan_computes_what_the_built_in_power_does() -> None:
    chance, g = random.Random(9), STANDARD.g
    numbers = [1, 2, P - 1, g, pow(g, 7, P), *(chance.randrange(1, P) for _ in range(6))]
    exponents = [0, 1, 2**32, Q - 1, *(chance.randrange(Q) for _ in range(3))]
    with using("native"):
        plan = Plan(STANDARD)
        asked = [(x, e) for i, x in enumerate(numbers) for e in exponents[: i % 4]]
        for x in numbers:
            plan.element(x)
        for x, e in asked:
            assert plan.power(x, e)
        for e in exponents:
            assert plan.fixed_power(g, e)
            plan.commitment(g, e, numbers[-1], e)
        total = plan.product(numbers)
        known = plan.compute()
    assert all(known.powers[x][e] == pow(x, e, P) for x, e in (*asked, *((g, e) for e in exponents)))
    assert known.members == {x: pow(x, Q, P) == 1 for x in numbers}
    assert known.products[tuple(numbers)] == total
    assert all(known.products[pow(g, e, P), pow(numbers[-1], e, P)] == pow(g, e, P) * pow(numbers[-1], e, P) % P for e in exponents)


def test_what_is_no_number_mod_p_or_q_is_not_planned() -> None:
    """The native arithmetic would take it for its remainder, and p + 1 for the member 1."""
    with using("native"):
        plan = Plan(STANDARD)
        for x in (-1, 0, P, P + 1, 2**4096 - 1, 2**4096):
            assert not plan.element(x)
            assert not plan.power(x, 5)
            assert not plan.fixed_power(x, 5)
            plan.commitment(STANDARD.g, 5, x, 5)
        for e in (-1, Q, Q + 1, 2**256):
            assert not plan.power(2, e)
            assert not plan.fixed_power(2, e)
            plan.commitment(STANDARD.g, e, 3, 5)
        known = plan.compute()
        assert len(plan) == 0
        assert known.powers == {STANDARD.g: {5: pow(STANDARD.g, 5, P)}}
        assert (known.members, known.products) == ({}, {})
