"""Specimens: they verify, they follow from their seed alone, and an interrupted one leaves nothing."""

import hashlib
import pickle
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from cli.__main__ import psephos
from cli.specimen import making, products
from cli.specimen.ballots import sizes
from cli.specimen.making import make_specimen
from cli.specimen.seeded import Plan, SeededGroup
from engine import hashing
from engine.ballot import EncryptedBallot
from engine.elgamal import Ciphertext, multiply
from engine.encoding import from_json
from engine.group import STANDARD, Element, Scalar
from engine.hints import MAGIC
from engine.parameters import Election
from engine.proofs import Proof, verify_range
from engine.record import BALLOTS, JointKeys, read_lines, read_parameters
from engine.tally import verify_and_multiply
from verifier.verify import verify_record

LARGER = Plan(40, options=3, contests=2, discounted=4, challenged=3, guardians=2, seed=7)


def bar(_: str, __: int) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda _: None)


def make(folder: Path, plan: Plan, processes: int = 1) -> Path:
    make_specimen(folder, plan, processes, True, bar)
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(psephos, ["bench", "record", *map(str, arguments)])


def content(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of the record, of its key and of its hints."""
    paths = [path for path in folder.rglob("*") if path.is_file()] + [folder.with_name(folder.name + end) for end in (".key", ".hints")]
    return {path.relative_to(folder.parent).as_posix().replace(folder.name, "", 1): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in paths}  # fmt: skip


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("specimen") / "record", LARGER)


def election_of(folder: Path) -> Election:
    parameters = read_parameters(folder)
    keys = from_json(JointKeys, (folder / "joint_public_keys.json").read_bytes(), STANDARD)
    return Election(parameters, keys.vote_encryption_key.with_table(), keys.ballot_data_encryption_key.with_table())


def ballots_of(folder: Path) -> list[EncryptedBallot]:
    return [from_json(EncryptedBallot, line, STANDARD) for line in read_lines(folder / BALLOTS)]


def test_a_specimen_with_every_kind_of_ballot_verifies(larger: Path) -> None:
    report = verify_record(larger, bytes.fromhex(larger.with_name("record.key").read_text()))
    assert report.verified, report.text()
    assert report.ballots == {"Cast": 33, "Discounted": 4, "Challenged": 3}
    assert "Specimen, seed 7" in report.label


@pytest.mark.parametrize("plan", [Plan(9, guardians=1), Plan(10, options=5, discounted=1), Plan(8, contests=3, challenged=6)])
def test_specimens_of_other_shapes_verify(tmp_path: Path, plan: Plan) -> None:
    folder = make(tmp_path / "record", plan)
    report = verify_record(folder, bytes.fromhex(folder.with_name("record.key").read_text()))
    assert report.verified, report.text()
    assert sum(report.ballots.values()) == plan.ballots


def test_the_engine_accepts_its_ballots_and_finds_the_same_tally(larger: Path) -> None:
    found = verify_and_multiply(read_lines(larger / BALLOTS), election_of(larger))
    assert found.states.total() == LARGER.ballots
    assert all(option.alpha.to_bytes().hex().upper() in (larger / "tally.json").read_text()
               for contest in found.tally.contests for option in contest.options)  # fmt: skip


def test_its_hints_are_the_commitments_that_the_equations_give(larger: Path) -> None:
    election, ballots, hints = election_of(larger), ballots_of(larger), larger.with_name("record.hints").read_bytes()
    header = MAGIC + election.extended_base_hash
    computed = [commitments_of(ballot, election) for ballot in ballots]
    assert hints.startswith(header)
    ends = [len(header)]
    for each in computed:
        assert hints[ends[-1] : ends[-1] + len(each)] == each
        ends.append(ends[-1] + len(each))
    assert hints[ends[-1] :] == b"".join(end.to_bytes(8, "big") for end in [*ends, len(ballots)])


def commitments_of(ballot: EncryptedBallot, election: Election) -> bytes:
    """By the engine's own equations (6.1), (6.2), (37)."""
    K, seen = election.vote_encryption_key, list[bytes]()

    def note(commitments: Sequence[Element], proof: Sequence[Proof]) -> Scalar:
        seen.append(hashing.join(commitments))
        return sum((each.challenge for each in proof), start=STANDARD.scalar(0))

    for _, contest in ballot.contests:
        for pair, proof in zip(contest.pairs(), contest.range_proofs, strict=True):
            verify_range(proof, pair, 1, K, partial(note, proof=proof), "")
        total: Ciphertext = multiply(contest.pairs(), STANDARD)
        verify_range(contest.limit_proof, total, 1, K, partial(note, proof=contest.limit_proof), "")
    c, v = ballot.nonce.c_2.challenge, ballot.nonce.c_2.response
    return b"".join([*seen, (STANDARD.g**v * ballot.nonce.c_0**c).to_bytes()])


def test_two_processes_make_the_same_bytes_as_one(tmp_path: Path, larger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "CHUNK", 7)
    assert content(make(tmp_path / "two", LARGER, processes=2)) == content(larger)


def test_every_arithmetic_makes_the_same_bytes(tmp_path: Path, larger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    native = products.best_products().name.startswith("native")
    monkeypatch.setenv("PSEPHOS_ARITHMETIC", "gmpy2" if native else "native")
    assert content(make(tmp_path / "other", LARGER)) == content(larger)


def test_another_seed_makes_other_ballots_and_keys(tmp_path: Path) -> None:
    one, other = content(make(tmp_path / "one", Plan(5, seed=1))), content(make(tmp_path / "other", Plan(5, seed=2)))
    same = {path for path in one if one[path] == other[path]}
    assert same == {"/challenged_ballots.jsonl", "/totals.json"}


def test_no_two_ballots_have_a_nonce_or_an_identifier_in_common(larger: Path) -> None:
    ballots = ballots_of(larger)
    alphas = [pair.alpha for ballot in ballots for _, contest in ballot.contests for pair in contest.pairs()]
    alphas += [ballot.nonce.c_0 for ballot in ballots]
    assert len(set(alphas)) == len(alphas) == 40 * 7
    assert len({ballot.selection_encryption_identifier for ballot in ballots}) == 40


def test_without_hints_the_record_is_the_same(tmp_path: Path) -> None:
    assert run(tmp_path / "a", "--ballots", 4, "--processes", 1).exit_code == 0
    assert run(tmp_path / "b", "--ballots", 4, "--processes", 1, "--no-hints").exit_code == 0
    assert (tmp_path / "a/profile.json").read_bytes() == (tmp_path / "b/profile.json").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "a.hints", "a.key", "b", "b.key"]


@pytest.mark.parametrize("name", ["record", "record.key", "record.hints", "record.unfinished"])
def test_nothing_is_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"mine")
    result = run(tmp_path / "record", "--ballots", 4)
    assert result.exit_code == 1
    assert f"{name} exists already" in result.output
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_an_interrupted_specimen_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "CHUNK", 4)
    seen: list[list[str]] = []

    def interrupted(title: str, _: int) -> AbstractContextManager[Callable[[int], None]]:
        def advance(done: int) -> None:
            if "ballots" in title and done == 8:
                seen.append(sorted(path.name for path in tmp_path.iterdir()))
                raise KeyboardInterrupt
        return nullcontext(advance)

    for processes in (1, 2):
        with pytest.raises(KeyboardInterrupt):
            make_specimen(tmp_path / "record", Plan(40), processes, True, interrupted)
        assert list(tmp_path.iterdir()) == []
    assert seen == [["record.hints.part", "record.unfinished"]] * 2


def test_a_disk_that_is_too_small_is_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making.shutil, "disk_usage", lambda _: SimpleNamespace(free=10**9))
    result = run(tmp_path / "record", "--ballots", 100_000)
    assert result.exit_code == 1
    assert "this specimen takes 1.36 GB of the disk, and 1.00 GB are free" in result.output
    assert list(tmp_path.iterdir()) == []


def test_the_sizes_are_those_of_its_ballots(larger: Path) -> None:
    line, commitments = sizes(LARGER)
    cast = [each for each in read_lines(larger / BALLOTS) if b'"Cast"' in each]
    assert {len(each) + 1 for each in cast} == {line}
    assert larger.with_name("record.hints").stat().st_size == 48 + 40 * commitments + 8 * 42


def test_a_specimen_without_counted_ballots_is_refused(tmp_path: Path) -> None:
    assert "at least 2 are counted" in run(tmp_path / "record", "--ballots", 4, "--challenged", 3).output


def test_the_seeded_group_is_the_standard_one_with_other_chances_and_stays_where_it_is() -> None:
    plan = Plan(3)
    group, again = SeededGroup(plan), SeededGroup(plan)
    assert group == STANDARD == group
    assert hash(group) == hash(STANDARD)
    assert group.g == STANDARD.g
    drawn = [group.random_scalar() for _ in range(5)]
    assert drawn == [again.random_scalar() for _ in range(5)]
    assert len(set(drawn)) == 5
    with pytest.raises(TypeError, match="not sent"):
        pickle.dumps(group)
