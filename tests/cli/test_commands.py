"""The commands as people type them: the whole way offline, help, and errors in one line."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from cli import ballot, scrutineer, scrutineer_afterwards, trustee
from cli.__main__ import psephos
from cli.errors import PsephosError
from tests.cli.folders import AFTER, DURING, a_draft

BEFORE = datetime(2026, 10, 1, tzinfo=UTC)


class Clock:
    """The time of day, for every command."""

    now_is = BEFORE

    @classmethod
    def now(cls, _: object = None) -> datetime:
        return cls.now_is


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    Clock.now_is = BEFORE
    for module in (ballot, scrutineer, scrutineer_afterwards, trustee):
        monkeypatch.setattr(module, "datetime", Clock)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(psephos, [str(argument) for argument in arguments])


def done(*arguments: object) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def refused(*arguments: object, status: int = 1) -> str:
    """The one line that says why not."""
    result = run(*arguments)
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == status, result.output
    if status == 1:
        lines = [line for line in result.output.splitlines() if not line.startswith(("checking ballots: ", "multiplying ballots "))]
        assert len(lines) == 1, result.output
        assert lines[0].startswith("Error: "), result.output
    return result.output


class Place:
    """An election folder, three trustees' folders, and a passphrase file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.election = path / "election"
        (path / "passphrase").write_text("a passphrase for tests\n")
        (path / "draft.json").write_text(json.dumps(a_draft()))

    def trustee(self, command: str, i: int, *more: object) -> list[object]:
        own = ["--election", self.election, "--own", self.path / f"trustee_{i}", "--passphrase-file", self.path / "passphrase"]
        return ["trustee", command, *own, *more]

    def vote(self, number: int, **choices: list[str]) -> str:
        names = {"strike": "Strike", "executive": "Executive"}
        content = {"ballot_style": "Both", "choices": {names[name]: chosen for name, chosen in choices.items()}}
        (self.path / f"choices_{number}.json").write_text(json.dumps(content))
        made = ["--choices", self.path / f"choices_{number}.json", "--ballot", self.ballot(number), "--opening", self.opening(number)]
        return done("ballot", "encrypt", self.election, *made).strip()

    def ballot(self, number: int) -> Path:
        return self.path / f"ballot_{number}.json"

    def opening(self, number: int) -> Path:
        return self.path / f"opening_{number}.json"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_whole_ballot_offline_from_the_draft_to_a_record_that_verifies(place: Place) -> None:
    election, record = place.election, place.path / "record"
    status: Callable[[], str] = lambda: done("scrutineer", "status", election)  # noqa: E731
    secret = ["--passphrase-file", place.path / "passphrase"]
    public_key = done("scrutineer", "key", place.path / "signing.key", *secret).splitlines()[0]
    assert "never overwritten" in refused("scrutineer", "key", place.path / "signing.key", *secret)
    done("scrutineer", "create", election, "--draft", place.path / "draft.json", "--quorum", 2)
    assert "3 trustees, 2 are needed for the count, so 1 may be lost" in status()
    assert "next: psephos trustee keys" in status()
    assert "acknowledgements of guardians 1, 2, 3 are awaited" in refused("scrutineer", "open", election)
    early = refused("ballot", "cast", election, place.path / "draft.json")
    assert "the key ceremony is not finished; run: psephos scrutineer open" in early

    for i in (1, 2, 3):
        done(*place.trustee("keys", i, "--guardian", i))
    assert "this far. Awaited are guardians 2, 3 (public keys)" in done(*place.trustee("ceremony", 1))
    assert "you are guardian 1, Trustee 1" in done("trustee", "status", "--election", election, "--own", place.path / "trustee_1")
    assert "nothing for you until guardians 2, 3 did: psephos trustee ceremony" in done(
        "trustee", "status", "--election", election, "--own", place.path / "trustee_1"
    )
    spoken = [[done(*place.trustee("ceremony", i)) for i in (1, 2, 3)] for _ in range(4)][-1]
    assert len({output[output.index("  words:") :] for output in spoken}) == 1
    assert "next: psephos scrutineer open" in status()
    done("scrutineer", "open", election)
    try_out(place)
    for i in (1, 2, 3):
        assert "the key share is readable and fits the published keys" in done(*place.trustee("check", i))

    code = place.vote(1, strike=["Yes"], executive=["First", "Third"])
    assert "voting is open from" in refused("ballot", "cast", election, place.ballot(1))
    Clock.now_is = DURING
    assert code in done("ballot", "cast", election, place.ballot(1))
    place.vote(2, strike=["Yes"], executive=["Spoil"])
    done("ballot", "cast", election, place.ballot(2))
    place.vote(3, strike=["No"], executive=[])
    assert done("ballot", "challenge", election, place.ballot(3), place.opening(3)) == "Strike: No\nExecutive: nothing\n"
    assert "encrypt a new one" in refused("ballot", "cast", election, place.ballot(3))
    assert "cast already" in refused("ballot", "challenge", election, place.ballot(1), place.opening(1))
    discounted = place.vote(4, strike=["No"])
    done("ballot", "cast", election, place.ballot(4))
    for people, words in (
        (["A. Person"], "two different persons"),
        (["A. Person", "a.  person "], "two different persons"),
        (["A. Person", " "], "two different persons"),
    ):
        approved = [argument for person in people for argument in ("--approved-by", person)]
        assert words in refused("scrutineer", "discount", election, discounted, "--reason", "a reason", *approved)
    approved = ["--approved-by", "A. Person", "--approved-by", "B. Person"]
    assert "needs a reason" in refused("scrutineer", "discount", election, discounted, "--reason", " ", *approved)
    assert "no ballot with this code" in refused("scrutineer", "discount", election, "../x", "--reason", "a reason", *approved)
    done("scrutineer", "discount", election, discounted.lower(), "--reason", "a reason", *approved)
    assert "discounted already" in refused("scrutineer", "discount", election, discounted, "--reason", "a reason", *approved)

    assert "voting is open until 2026-11-20T17:00:00Z, and no command moves that" in refused("scrutineer", "close", election)
    assert "nothing is decrypted before" in refused(*place.trustee("decrypt", 1))
    assert "nothing is decrypted before" in refused("scrutineer", "tally", election, "--guardians", "1,3")
    Clock.now_is = AFTER
    assert "voting is open from" in refused("ballot", "cast", election, place.ballot(1))
    assert "next: after 2026-11-20T17:00:00Z: psephos scrutineer close" in status()
    assert "first, after the closing time: psephos scrutineer close" in refused("scrutineer", "tally", election, "--guardians", "1,3")
    done("scrutineer", "close", election, "--processes", 1)
    assert "fixed already" in refused("scrutineer", "close", election, "--processes", 1)
    assert "nobody has been asked to decrypt yet" in status()
    one = ["--processes", 1]
    assert "only 1 are named" in refused("scrutineer", "tally", election, "--guardians", "2", *one)
    assert "expected numbers separated by commas" in refused("scrutineer", "tally", election, "--guardians", "1;2", *one)
    assert "there is no result yet" in refused(
        "scrutineer", "release", election, record, "--key", place.path / "signing.key", *secret, *one
    )
    assert "answers are awaited of guardians 1, 3" in refused(
        "scrutineer", "tally", election, "--guardians", "3,1", "--no-wait", *one
    )
    assert "count: asked are 1, 3 (request 1, attempt 1); done: none" in status()
    together(*(place.trustee("decrypt", i, *one) for i in (1, 3)))
    assert "next: psephos scrutineer tally" in status()
    table = done("scrutineer", "tally", election, "--guardians", "1,3", *one)
    assert "Strike" in table
    assert "Third" in done("scrutineer", "tally", election, "--guardians", "1,2,3", *one)  # the result that is there, nobody is asked anew
    assert not (election / "decryption/request_2.json").exists()
    assert "the result is there" in status()
    done("scrutineer", "release", election, record, "--key", place.path / "signing.key", *secret, *one)
    assert "a record goes to a new folder" in refused(
        "scrutineer", "release", election, record, "--key", place.path / "signing.key", *secret, *one
    )
    assert (place.path / "record.key").read_text().strip() == public_key
    verified = run("verify", record)
    assert verified.exit_code == 0, verified.output
    assert "Cast 2, Challenged 1, Discounted 1" in verified.output


def try_out(place: Place) -> None:
    """The trial decryption, from medium and copy."""
    election = place.election
    assert "nobody has asked for a trial decryption yet" in refused(*place.trustee("trial", 1))
    assert done("scrutineer", "trial", election).count("awaited: guardian") == 6
    for i in (1, 2, 3):
        assert "next: the same with --copy" in done(*place.trustee("trial", i))
        own = place.path / f"trustee_{i}"
        assert "is no copy but the very file" in refused(*place.trustee("trial", i, "--copy", own))
        (place.path / f"backup_{i}").write_bytes((own / f"guardian_{i}.share").read_bytes())
        assert "warning: this copy lies on the same medium" in done(*place.trustee("trial", i, "--copy", place.path / f"backup_{i}"))
    assert "all trustees can read their key shares" in done("scrutineer", "trial", election)
    assert "trial decryption, round 1: all have answered" in done("scrutineer", "status", election)
    assert "round 2" in done("scrutineer", "trial", election, "--again")


def together(*commands: list[object]) -> None:
    """Commands at the same time, each in a thread, as in processes of their own."""
    raised: list[BaseException] = []

    def one(command: list[object]) -> None:
        try:
            psephos.main([str(argument) for argument in command], standalone_mode=False)
        except BaseException as error:  # noqa: BLE001
            raised.append(error)

    threads = [threading.Thread(target=one, args=(command,), daemon=True) for command in commands]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive(), raised
    assert raised == []


def test_the_scrutineers_secret_key_is_not_overwritten_by_the_public_one(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """`release ELECTION record` puts the public key into `record.key`; somebody keeps the secret one under that very name."""
    from cli import result
    from engine.decryption import DecryptedTally

    (place.path / "record.key").write_bytes(b"the sealed secret key")

    class Board:
        def read(self, *_: object) -> DecryptedTally:
            return DecryptedTally(())

    class Election:
        class manifest:
            class voting:
                record_due = "2027-11-20T17:00:00Z"

    with pytest.raises(PsephosError, match="record.key exists already with other content and is never overwritten"):
        result.release(Board(), Election(), None, place.path / "record", bytes(32), AFTER)  # type: ignore[arg-type]
    assert (place.path / "record.key").read_bytes() == b"the sealed secret key"
    assert not (place.path / "record").exists()
    Election.manifest.voting.record_due = "2026-11-20T17:00:00Z"
    with pytest.raises(PsephosError, match="was due by 2026-11-20T17:00:00Z: signed now, it would not verify"):
        result.release(Board(), Election(), None, place.path / "record", bytes(32), AFTER)  # type: ignore[arg-type]


def test_when_all_trustees_are_needed_it_is_said_at_once(place: Place) -> None:
    output = done("scrutineer", "create", place.election, "--draft", place.path / "draft.json", "--quorum", 3)
    assert "warning: all 3 trustees are needed for the count; if one is lost, the ballot cannot be counted" in output
    assert "none may be lost: without any one of them nothing can be counted" in done("scrutineer", "status", place.election)


def test_when_one_trustee_is_enough_it_is_said_at_once(place: Place) -> None:
    output = done("scrutineer", "create", place.election, "--draft", place.path / "draft.json", "--quorum", 1)
    assert "warning: any one trustee alone can decrypt every ballot" in output


def test_a_voting_period_that_is_over_is_said_at_once(place: Place) -> None:
    Clock.now_is = AFTER
    output = done("scrutineer", "create", place.election, "--draft", place.path / "draft.json", "--quorum", 2)
    assert "warning: the voting period is over already" in output


@pytest.mark.parametrize("name", ["election_manifest.json", "election_parameters.json", "hashes.json"])
@pytest.mark.parametrize("content", [b"", b"garbage", b"{}", b"[" * 100_000, b"\xff"], ids=range(5))
def test_a_damaged_election_folder_gives_one_line(place: Place, name: str, content: bytes) -> None:
    done("scrutineer", "create", place.election, "--draft", place.path / "draft.json", "--quorum", 2)
    (place.election / name).write_bytes(content)
    refused("scrutineer", "status", place.election)
    refused(*place.trustee("keys", 1, "--guardian", 1))
    (place.election / name).unlink()
    assert name in refused("scrutineer", "status", place.election)


def test_mistakes_in_naming_folders_and_files_give_one_line(place: Place) -> None:
    done("scrutineer", "create", place.election, "--draft", place.path / "draft.json", "--quorum", 2)
    assert "the first command is: psephos trustee keys" in refused(*place.trustee("ceremony", 1))
    assert "the first command is: psephos trustee keys" in refused(*place.trustee("decrypt", 1))
    assert "there is no guardian 7" in refused(*place.trustee("keys", 7, "--guardian", 7))
    refused(*place.trustee("keys", 1, "--guardian", 0), status=2)
    refused("trustee", "keys", "--election", place.path / "not there", "--own", place.path / "own", "--guardian", 1, status=2)
    (place.path / "passphrase").write_text("short")
    assert "take at least 12, such as five random words" in refused(*place.trustee("keys", 1, "--guardian", 1))
    assert not (place.path / "trustee_1").exists() or list((place.path / "trustee_1").glob("*.keys")) == []
    (place.path / "unreadable").write_bytes(b"x")
    refused("trustee", "status", "--election", place.path / "unreadable", status=2)


def test_a_message_from_somebody_elses_file_plays_no_tricks_on_the_terminal() -> None:
    error = PsephosError("a name \x1b[2J\x07 with\nlines \u202e and \u200b signs")
    assert error.format_message() == "a name  [2J  with lines   and   signs"


def commands(group: click.Group = psephos, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, group
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


@pytest.mark.parametrize(("path", "command"), list(commands()), ids=lambda value: " ".join(value) if isinstance(value, tuple) else "")
def test_every_command_option_and_argument_explains_itself(path: tuple[str, ...], command: click.Command) -> None:
    if path == ("verify",):
        assert run("verify", "--help").exit_code == 0
        return
    text = done(*path, "--help")
    assert command.help is not None
    assert len(command.help.split()) >= 5
    assert command.help.rstrip().split("\n")[0].rstrip()[-1] in ".,:"
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{path}: {parameter.opts}"
            assert parameter.opts[0] in text
        else:
            name = str(parameter.metavar or parameter.name).upper()
            assert name in text.split("\n", 2)[2].upper() or name == "ELECTION", f"{path}: nothing is said about {name}"
    if isinstance(command, click.Group):
        for name in command.commands:
            assert name in text


def test_there_are_the_commands_that_are_promised() -> None:
    names = {" ".join(path) for path, command in commands() if not isinstance(command, click.Group)}
    assert {f"trustee {name}" for name in ("join", "keys", "ceremony", "trial", "watch", "decrypt", "status", "check")} <= names
    of_the_scrutineer = ("key", "sample", "create", "open", "trial", "status", "discount", "close", "tally", "release")
    assert {f"scrutineer {name}" for name in of_the_scrutineer} <= names
    assert {"ballot encrypt", "ballot cast", "ballot challenge", "verify", "demo"} <= names
