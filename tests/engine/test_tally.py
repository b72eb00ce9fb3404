"""engine/tally.py"""

from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import Any

import pytest

from engine import tally as module
from engine.ballot import CAST, CHALLENGED, DISCOUNTED
from engine.elgamal import multiply
from engine.encoding import to_json
from engine.errors import EngineError, FormatError, ProofError
from engine.tally import CHUNK, IN_FLIGHT, EncryptedTally, verify_and_multiply
from tests.engine.elections import YES, Ballots, Ceremony, a_ballot, decrypt, in_order, tallies, with_contest
from tests.groups import TOY


class Recorder:
    """An executor that works at once and writes down how many futures nobody has asked for yet."""

    def __init__(self) -> None:
        self.open = self.most = 0

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        self.open += 1
        self.most = max(self.most, self.open)
        recorder = self

        class Asked(Future):  # type: ignore[type-arg]
            def result(self, timeout: float | None = None) -> Any:
                recorder.open -= 1
                return super().result(timeout)

        future: Future[Any] = Asked()
        try:
            future.set_result(work(*arguments))
        except EngineError as error:
            future.set_exception(error)
        return future


# Refused


def test_ballots_out_of_order_or_twice_are_refused(toy: Ceremony, ballots: Ballots) -> None:
    lines = ballots.lines
    for wrong in (lines[::-1], [lines[1], lines[0]], [lines[0], lines[0]], [*lines, lines[-1]], [*lines, lines[0]]):
        with pytest.raises(ProofError, match="X11"):
            verify_and_multiply(wrong, toy.election)


def test_two_ballots_with_one_identifier_are_refused(toy: Ceremony, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other choices and other nonces, so another code; the identifier alone is the same."""
    made = []
    for nonce in (b"\1" * 32, b"\2" * 32):
        with monkeypatch.context() as patch:
            patch.setattr("secrets.token_bytes", lambda _: bytes(range(32)))
            patch.setattr("tests.engine.elections.new_ballot_nonce", lambda nonce=nonce: nonce)
            made.append(a_ballot(toy.election, YES, state=CAST))
    with pytest.raises(ProofError, match="5.A"):
        in_order(made, toy.election)


@pytest.mark.parametrize("state", [None, "cast", "CAST", "Spoiled", "", "Cast "])
def test_a_ballot_of_another_state_is_refused(toy: Ceremony, state: str | None) -> None:
    ballot, _ = a_ballot(toy.election, YES)
    with pytest.raises(ProofError, match="X4"):
        verify_and_multiply([to_json(replace(ballot, state=state))], toy.election)


def test_the_first_bad_ballot_is_named(toy: Ceremony, ballots: Ballots) -> None:
    lines = ballots.lines
    with pytest.raises(FormatError, match="ballot 3 in order"):
        verify_and_multiply([*lines[:2], lines[2] + b" ", *lines[3:]], toy.election)
    bad = ballots.each[4][0]
    with pytest.raises(ProofError, match=bad.ballot_id):
        verify_and_multiply([*lines[:4], to_json(replace(bad, chaining_field=bytes(36))), *lines[5:]], toy.election)


def test_challenged_and_discounted_ballots_are_checked_like_cast_ones(toy: Ceremony) -> None:
    for state in (CAST, CHALLENGED, DISCOUNTED):
        ballot, _ = a_ballot(toy.election, YES, state=state)
        proof = ballot.contests[0][1].limit_proof
        with pytest.raises(ProofError, match="7.D"):
            verify_and_multiply([to_json(with_contest(ballot, toy.election, 1, limit_proof=proof[::-1]))], toy.election)


# Counted


def test_only_cast_ballots_are_counted(toy: Ceremony, ballots: Ballots) -> None:
    found = ballots.found
    assert [contest.ballots for contest in found.tally.contests] == [20, 10]
    assert {state: sum(number for (_, each), number in found.states.items() if each == state) for state in (CAST, CHALLENGED,
    DISCOUNTED)} == {
        CAST: 20, CHALLENGED: 3, DISCOUNTED: 1,
    }  # fmt: skip
    assert sorted(each.ballot_id for each in found.challenged) == sorted(each.ballot_id for each, _ in ballots.of(CHALLENGED))
    for position, contest in enumerate(found.tally.contests):
        for place, option in enumerate(contest.options):
            product = multiply(
                (dict(ballot.contests)[position + 1].pairs()[place] for ballot,
                _ in ballots.of(CAST) if position + 1 in dict(ballot.contests)), TOY
            )
            assert (product.alpha, product.beta) == (option.alpha, option.beta)
    expected = [[0, 0, 0], [0] * 7]
    for _, opening in ballots.of(CAST):
        for row, choices in zip(expected, opening.choices, strict=False):
            row[:] = [x + y for x, y in zip(row, choices, strict=True)]
    assert tallies(decrypt(toy.key_shares[:3], found.tally, toy.election)) == expected


def test_no_ballots_are_an_empty_tally(toy: Ceremony) -> None:
    found = verify_and_multiply([], toy.election)
    assert [contest.ballots for contest in found.tally.contests] == [0, 0]
    assert all(option.alpha == TOY.one == option.beta for contest in found.tally.contests for option in contest.options)
    assert found.states.total() == 0
    assert isinstance(found.tally, EncryptedTally)


def test_progress_tells_how_many_are_done(toy: Ceremony, ballots: Ballots) -> None:
    done: list[int] = []
    verify_and_multiply(ballots.lines, toy.election, None, done.append)
    assert done == [8, 16, 24]


def test_workers_find_the_same_as_one_process(toy: Ceremony, ballots: Ballots) -> None:
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        found = verify_and_multiply(ballots.lines, toy.election, pool)
        assert (found.tally, found.states, found.challenged) == (ballots.found.tally, ballots.found.states, ballots.found.challenged)
        with pytest.raises(ProofError, match="X11"):
            verify_and_multiply(ballots.lines[::-1], toy.election, pool)
        with pytest.raises(FormatError, match="ballot 1 in order"):
            verify_and_multiply([b"{}"], toy.election, pool)


def test_a_long_count_never_holds_all_ballots(toy: Ceremony, ballots: Ballots, monkeypatch: pytest.MonkeyPatch) -> None:
    """`Executor.map` would take every ballot before the first comes back."""
    monkeypatch.setattr(module, "CHUNK", 1)
    monkeypatch.setattr(module, "IN_FLIGHT", 3)
    recorder, taken = Recorder(), 0
    seen: list[int] = []

    def lines():
        nonlocal taken
        for line in ballots.lines:
            taken += 1
            yield line

    verify_and_multiply(lines(), toy.election, recorder, lambda done: seen.append(taken - done))  # type: ignore[arg-type]
    assert recorder.most == 3
    assert max(seen) <= 3
    assert recorder.open == 0
    assert CHUNK * IN_FLIGHT <= 1024


def test_ballots_are_counted_once_in_whatever_chunks_they_come(toy: Ceremony, ballots: Ballots, monkeypatch: pytest.MonkeyPatch) -> None:
    for size in (1, 3, 23, 24, 25):
        monkeypatch.setattr(module, "CHUNK", size)
        assert verify_and_multiply(ballots.lines, toy.election).tally == ballots.found.tally
