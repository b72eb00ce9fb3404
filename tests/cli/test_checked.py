"""cli/checked.py, cli/progress.py, cli/tally.py: what a machine has checked itself it checks only once, and nobody else's cache is used."""

import hashlib
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from api.tally import checked as module
from cli import exchange
from cli import tally as tally_module
from cli.__main__ import psephos
from cli.checked import Own, own_cache
from cli.exchange import CLOSED, ElectionFolder
from cli.progress import Pace, ballots_bar
from cli.request import check_closed
from cli.result import release, save_result
from engine.encoding import to_json
from engine.errors import EngineError
from engine.hints import MAGIC
from engine.tally import verify_and_multiply
from tests.cli.folders import AFTER, EXPECTED, Count, close, totals
from tests.groups import TOY


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each pass that checks proofs."""
    passes: list[int] = []

    def counted(*arguments, **keywords):
        passes.append(1)
        return verify_and_multiply(*arguments, **keywords)

    monkeypatch.setattr(module, "verify_and_multiply", counted)
    return passes


def own(voted: Count, hints: bool = True) -> Own:
    return Own(voted.path / "own", hints)


def test_what_was_checked_once_is_not_checked_again(voted: Count, checks: list[int]) -> None:
    first = check_closed(voted.board, voted.election, 1, own(voted))
    assert check_closed(voted.board, voted.election, 1, own(voted)) == first
    assert check_closed(voted.board, voted.election, 2, own(voted)) == first
    assert len(checks) == 1
    assert first[1] == hashlib.sha256((voted.board.path / CLOSED).read_bytes()).digest()
    assert check_closed(voted.board, voted.election, 1) == first
    assert len(checks) == 2


def test_other_ballots_are_checked_and_refused_whatever_the_cache_says(voted: Count, checks: list[int]) -> None:
    check_closed(voted.board, voted.election, 1, own(voted))
    file = voted.board.path / CLOSED
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]))
    check_closed(voted.board, voted.election, 1, own(voted))
    assert len(checks) == 2
    file.write_bytes(b"".join(lines).replace(b'"Discounted"', b'"Counted"'))
    with pytest.raises(EngineError):
        check_closed(voted.board, voted.election, 1, own(voted))
    assert not own(voted).flat.exists()
    assert not own(voted).hints.exists()


@pytest.mark.parametrize("name", ["flat", "hints"])
def test_a_cache_that_is_damaged_or_incomplete_is_made_again(voted: Count, checks: list[int], name: str) -> None:
    first = check_closed(voted.board, voted.election, 1, own(voted))
    good = own(voted).flat.read_bytes(), own(voted).hints.read_bytes()
    if name == "flat":
        own(voted).flat.write_bytes(good[0][:-1] + bytes([good[0][-1] ^ 1]))
    else:
        own(voted).hints.unlink()
    assert check_closed(voted.board, voted.election, 1, own(voted)) == first
    assert len(checks) == 2
    assert (own(voted).flat.read_bytes(), own(voted).hints.read_bytes()) == good


def test_a_trustee_checks_every_ballot_himself_and_keeps_no_hints(voted: Count, checks: list[int]) -> None:
    """CR-43 to CR-48: the scrutineer's cache, or one that somebody put into the election folder, is none of his."""
    check_closed(voted.board, voted.election, 1, own(voted))
    for name in ("checked.flat", "checked.hints"):
        shutil.copy(own(voted).folder / name, voted.board.path / name)
    voted.ask(1, 3)
    before = len(checks)
    raised = voted.together(1, 3)
    assert raised == {1: None, 3: None}
    assert len(checks) == before + 2
    assert totals(voted.combined()) == EXPECTED
    for i in (1, 3):
        assert (voted.own(i).path / "checked.flat").exists()
        assert not (voted.own(i).path / "checked.hints").exists()


def test_an_opening_that_is_gone_is_missed_though_the_ballots_are_in_the_cache(voted: Count) -> None:
    check_closed(voted.board, voted.election, 1, own(voted))
    (challenged,) = (voted.board.path / "challenged").glob("*.json")
    challenged.unlink()
    with pytest.raises(EngineError, match="nobody has shown its opening"):
        check_closed(voted.board, voted.election, 1, own(voted))


def test_where_nothing_can_be_kept_the_count_goes_on(voted: Count, capsys: pytest.CaptureFixture[str]) -> None:
    (voted.path / "own").write_bytes(b"a file where a folder should be")
    assert check_closed(voted.board, voted.election, 1, own(voted)) == check_closed(voted.board, voted.election, 1)
    assert "nothing is kept there, so ballots will be checked again" in capsys.readouterr().err


def test_the_cache_is_this_users_and_named_after_the_election(voted: Count, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    assert own_cache(voted.election).folder == tmp_path / "elsewhere/psephos" / voted.election.extended_base_hash.hex()
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert own_cache(voted.election).folder.is_relative_to(tmp_path / "home/.cache/psephos")
    cache = own_cache(voted.election)
    check_closed(voted.board, voted.election, 1, cache)
    assert cache.folder.stat().st_mode & 0o777 == 0o700


def released(voted: Count, checks: list[int]) -> Path:
    voted.ask(1, 3)
    assert voted.together(1, 3) == {1: None, 3: None}
    save_result(voted.board, voted.combined(), ())
    found, _ = check_closed(voted.board, voted.election, 1, own(voted))
    record = voted.path / "record"
    release(voted.board, voted.election, found, record, bytes(32), AFTER, own(voted).hints)
    return record


def test_release_copies_the_hints_that_the_check_computed(voted: Count, checks: list[int]) -> None:
    record = released(voted, checks)
    hints, election = record.with_name("record.hints").read_bytes(), voted.election
    assert hints == own(voted).hints.read_bytes()
    assert hints.startswith(MAGIC + election.extended_base_hash)
    kept: list[bytes] = []
    lines = list(voted.board.closed_ballots())
    verify_and_multiply(lines, election, keep=lambda _, commitments: kept.append(commitments))
    assert hints[48 : 48 + len(b"".join(kept))] == b"".join(kept)
    assert int.from_bytes(hints[-8:], "big") == len(lines)
    assert sorted(path.name for path in record.parent.glob("*record*")) == ["record", "record.hints", "record.key"]


def test_other_hints_of_that_name_are_never_overwritten(voted: Count, checks: list[int]) -> None:
    (voted.path / "record.hints").write_bytes(b"somebody's")
    with pytest.raises(exchange.PsephosError, match=r"record\.hints exists already with other content"):
        released(voted, checks)
    assert not (voted.path / "record").exists()
    assert (voted.path / "record.hints").read_bytes() == b"somebody's"


def test_psephos_tally_prints_the_product_and_the_digest(voted: Count, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally_module, "ElectionFolder", lambda path: ElectionFolder(path, TOY))
    answers = [CliRunner().invoke(psephos, ["tally", str(voted.board.path), "--processes", "1"]) for _ in range(2)]
    for result in answers:
        assert result.exit_code == 0, result.output
        found, digest = check_closed(voted.board, voted.election, 1)
        content = json.loads(result.stdout)
        assert content == {"ballots": digest.hex().upper(), "tally": json.loads(to_json(found.tally))}
        assert f"4 of 6 ballots are counted; SHA-256 of the ballots: {digest.hex().upper()}" in result.stderr
        assert hashlib.sha256(result.stdout.strip().encode()).hexdigest().upper() in result.stderr
    assert answers[0].stdout == answers[1].stdout


def test_a_file_that_was_changed_in_the_box_is_named_at_the_close(finished: Count) -> None:
    from tests.cli.folders import NO, YES, cast

    cast(finished, YES, (1, 1, 0, 0))
    ballot = cast(finished, NO)
    path = finished.board.path / f"ballots/{ballot.ballot_id}.json"
    good = path.read_bytes()
    begin = len(f'{{"ballot_id":"{ballot.ballot_id}",')
    for bad in (
        good + b"\n",
        good + b" ",
        good[:-1],
        b"",
        b"{}",
        good.replace(b"\x22device_ix\x22:1", b"\x22device_ix\x22:01"),
        good[:begin] + b'"ballot_state":"Cast",' + good[begin:],
        good.replace(b"\x22id_b\x22", b"\n\x22id_b\x22"),
    ):
        path.write_bytes(bad)
        with pytest.raises(exchange.PsephosError, match=f"{ballot.ballot_id}.json: .*take it away"):
            close(finished)
        assert not finished.board.is_closed()
        assert not list(finished.board.path.glob(".closing*"))
    path.write_bytes(good)
    close(finished)
    assert datetime.now(UTC) > AFTER or finished.board.is_closed()


def test_without_a_terminal_one_line_tells_the_pace(capsys: pytest.CaptureFixture[str]) -> None:
    with ballots_bar("checking ballots", 500) as advance:
        advance(100)
    err = capsys.readouterr().err
    assert err.startswith("checking ballots: 500 in 0.0 s, ")
    assert err.endswith("/s\n")


def test_on_a_terminal_the_bar_shows_how_many_a_second_and_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    from io import StringIO

    from rich.console import Console

    from cli import progress

    screen = StringIO()
    monkeypatch.setattr(progress, "Console", lambda **_: Console(file=screen, force_terminal=True, width=120))
    with ballots_bar("checking ballots", 500) as advance:
        for done in range(0, 501, 100):
            advance(done)
    shown = screen.getvalue()
    assert "500/500" in shown
    assert "/s" in shown
    assert "0:00:00" in shown
    assert Pace().max_refresh is None
