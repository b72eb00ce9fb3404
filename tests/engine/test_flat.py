"""engine/flat.py, and the tally from it"""

import hashlib
import mmap
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import flat as module
from engine import powers
from engine.ballot import CAST, CHALLENGED, DISCOUNTED
from engine.encoding import to_json
from engine.errors import FormatError
from engine.flat import HEAD, STATES, FlatBallots, FlatWriter, flatten, open_flat, unflatten, write_flat
from engine.group import STANDARD, Element, Group
from engine.parameters import Election
from engine.tally import multiply_stored, read_stored, verify_and_multiply
from tests.engine.elections import EXECUTIVE, NO, YES, Ballots, Ceremony, a_ballot, hold_ceremony


def digest(lines: list[bytes]) -> bytes:
    return hashlib.sha256(b"".join(line + b"\n" for line in lines)).digest()


def stored(path: Path, lines: list[bytes], election: Election) -> FlatBallots:
    write_flat(path, lines, election)
    found = open_flat(path, election, digest(lines))
    assert found
    return found


# Refused


def test_a_cache_of_something_else_is_not_used(tmp_path: Path, toy: Ceremony, other: Ceremony, ballots: Ballots) -> None:
    path, lines = tmp_path / "flat", ballots.lines
    write_flat(path, lines, toy.election)
    assert open_flat(path, toy.election, digest(lines))
    assert open_flat(path, toy.election, digest(lines[:-1])) is None
    assert open_flat(path, other.election, digest(lines)) is None
    assert open_flat(tmp_path / "nothing", toy.election, digest(lines)) is None


def test_a_cache_with_any_byte_changed_is_not_used(tmp_path: Path, toy: Ceremony, ballots: Ballots) -> None:
    path, lines = tmp_path / "flat", ballots.lines[:3]
    write_flat(path, lines, toy.election)
    good = path.read_bytes()
    for at in [*range(HEAD.size), *range(HEAD.size, len(good), 37)]:
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        assert open_flat(path, toy.election, digest(lines)) is None


def _fail_when_sealed(writer: FlatWriter) -> None:
    writer.seal(bytes(32))
    raise OSError("gone")


@pytest.mark.parametrize("cut", [0, 1, 15, HEAD.size - 1, HEAD.size, -1])
def test_a_cache_that_was_cut_off_or_has_something_behind_is_not_used(tmp_path: Path, toy: Ceremony, ballots: Ballots, cut: int) -> None:
    path, lines = tmp_path / "flat", ballots.lines[:3]
    write_flat(path, lines, toy.election)
    good = path.read_bytes()
    for wrong in (good[:cut], good + b"\0"):
        path.write_bytes(wrong)
        assert open_flat(path, toy.election, digest(lines)) is None


def test_a_writer_that_is_not_sealed_leaves_what_was_there(tmp_path: Path, toy: Ceremony, ballots: Ballots) -> None:
    path = tmp_path / "flat"
    path.write_bytes(b"older")
    with FlatWriter(path, toy.election) as writer:
        writer.add(flatten(ballots.lines[0], toy.election))
    with pytest.raises(OSError, match="gone"), FlatWriter(path, toy.election) as writer:
        _fail_when_sealed(writer)
    assert [each.name for each in tmp_path.iterdir()] == ["flat"]
    assert path.read_bytes() == b"older"


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line + b" ",
        lambda line: line.replace(b'"device_ix":1', b'"device_ix":2'),
        lambda line: line.replace(b'"Cast"', b'"Lost"'),
        lambda line: line.replace(b'"id_b":"', b'"id_b":"00'),
        lambda line: line.replace(b'{"ballot_id"', b'{"more":1,"ballot_id"'),
        lambda line: line.replace(b"A", b"a"),
        lambda line: line[:-1],
        lambda line: b"[]",
        lambda line: b"",
    ],
)
def test_what_would_not_come_back_the_same_is_refused(toy: Ceremony, change: object) -> None:
    line = to_json(a_ballot(toy.election, YES, state=CAST)[0])
    with pytest.raises(FormatError):
        flatten(change(line), toy.election)  # type: ignore[operator]


def test_a_ballot_as_received_has_no_place_here(toy: Ceremony) -> None:
    with pytest.raises(FormatError):
        flatten(to_json(a_ballot(toy.election, YES)[0]), toy.election)


# Kept


@given(which=st.lists(st.tuples(st.integers(0, 23), st.sampled_from(STATES)), max_size=30), block=st.integers(1, 9))
def test_every_ballot_comes_back_as_it_was_and_the_product_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, toy: Ceremony, ballots: Ballots, which: list[tuple[int, str]], block: int
) -> None:
    path = tmp_path_factory.mktemp("flat") / "flat"
    each = [replace(ballots.each[at][0], state=state) for at, state in which]
    lines = [to_json(ballot) for ballot in each]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)
        found = stored(path, lines, toy.election)
    assert [unflatten(ballot, toy.election) for ballot in found.ballots()] == lines
    assert dict(found.states()) == {
        key: sum((ballot.style, ballot.state) == key for ballot in each) for key in {(ballot.style, ballot.state) for ballot in each}
    }
    expected = {}
    for ballot in each:
        for index, contest in ballot.contests if ballot.state == CAST else ():
            for at, pair in enumerate(contest.pairs()):
                expected[index, at] = expected.get((index, at), pair.__class__(toy.election.group.one, toy.election.group.one)) * pair
    tally = multiply_stored(found, toy.election)
    for contest in tally.contests:
        assert contest.ballots == sum(contest.index in dict(ballot.contests) for ballot in each if ballot.state == CAST)
        for at, option in enumerate(contest.options):
            pair = expected.get((contest.index, at))
            assert (option.alpha, option.beta) == ((pair.alpha, pair.beta) if pair else (toy.election.group.one,) * 2)


def test_what_was_found_once_is_found_again(tmp_path: Path, toy: Ceremony, ballots: Ballots) -> None:
    found = read_stored(stored(tmp_path / "flat", ballots.lines, toy.election), toy.election)
    assert found == ballots.found
    with ThreadPoolExecutor(2) as threads, ProcessPoolExecutor(1, get_context("spawn")) as processes:
        again = stored(tmp_path / "flat", ballots.lines, toy.election)
        assert multiply_stored(again, toy.election, threads) == multiply_stored(again, toy.election, processes) == found.tally


def test_the_check_hands_out_ballots_and_commitments_in_order(tmp_path: Path, toy: Ceremony, ballots: Ballots) -> None:
    kept = []
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        verify_and_multiply(ballots.lines, toy.election, pool, keep=lambda *each: kept.append(each))
    assert [unflatten(flat, toy.election) for flat, _ in kept] == ballots.lines
    for (_, commitments), (ballot, _) in zip(kept, ballots.each, strict=True):
        branches = 1 + sum(
            2 * (sum(map(len, contest.range_proofs)) + len(contest.limit_proof) + len(contest.spoil_proof or ()))
            for _, contest in ballot.contests
        )
        assert len(commitments) == branches * toy.election.group.element_length


def test_no_ballots_at_all(tmp_path: Path, toy: Ceremony) -> None:
    found = read_stored(stored(tmp_path / "flat", [], toy.election), toy.election)
    assert found == verify_and_multiply([], toy.election)


@pytest.mark.parametrize("arithmetic", ["native", "gmpy2"])
def test_standard_numbers_and_the_room_they_take(tmp_path: Path, arithmetic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most a quarter more than the information content: ciphertexts, c and v of each branch, the ballot nonce, hashes."""
    if arithmetic == "gmpy2":
        monkeypatch.setattr(powers, "montgomery", None)
    election = hold_ceremony(1, 1, Group(STANDARD.p, STANDARD.q, STANDARD.generator)).election
    if arithmetic == "native" and election.group.native is None:
        pytest.skip("native arithmetic is not built")
    choices = [((YES,), CAST), ((NO,), CHALLENGED), ((YES, EXECUTIVE[0]), CAST), ((NO,), DISCOUNTED), ((NO,), CAST)]
    made = sorted((a_ballot(election, *each, state=state)[0] for each, state in choices), key=lambda ballot: ballot.confirmation_code)
    lines = [to_json(ballot) for ballot in made]
    path = tmp_path / "flat"
    found = stored(path, lines, election)
    assert to_json(multiply_stored(found, election)) == to_json(verify_and_multiply(lines, election).tally)
    one, both = 3 * (1024 + 128) + 128, 10 * (1024 + 128) + 128 + 2 * 256
    content = 4 * (one + 608 + 4 * 32) + both + 608 + 5 * 32
    assert len(path.read_bytes()) <= 1.25 * content


def test_the_product_is_taken_straight_from_the_file(
    tmp_path: Path, toy: Ceremony, ballots: Ballots, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What native arithmetic gets is a view of the file, whose numbers are the counted ballots' alone."""
    seen = []

    class Fake:
        def products(self, rows: memoryview, columns: int) -> list[int]:
            assert isinstance(rows.obj, mmap.mmap)
            seen.append((len(rows) // toy.election.group.element_length, columns))
            return [1] * columns

    found = stored(tmp_path / "flat", ballots.lines, toy.election)
    monkeypatch.setitem(vars(toy.election.group), "native", Fake())
    multiply_stored(found, toy.election)
    assert seen == [(10 * 6, 6), (10 * 20, 20)]
    assert isinstance(toy.election.group.one, Element)
