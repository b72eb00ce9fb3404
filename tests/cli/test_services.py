"""Keys and databases of the platform from the command line: private, exchangeable, never upgraded under an open ballot (SV-25, OP-11)."""

import json
import sqlite3
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.audit.log import AuditLog
from api.clock import Clock
from api.databases import KNOWN, open_store
from api.sealing import KeyRing
from api.settings import Settings
from api.voters.database import VoterDatabase
from api.voters.models import VotingWindow
from api.voters.window import open_window, prepare
from cli import services
from cli.__main__ import psephos
from tests.api.voting import AUDIT, public_election
from tests.groups import TOY

OTHERS = {f"PSEPHOS_{name.upper()}_DATABASE": None for name in KNOWN if name != "voters"}
SEALED = [name for name, (_, key_table) in KNOWN.items() if key_table is not None]


class Place:
    """A folder with databases and keys, and the environment that names them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {f"PSEPHOS_{name.upper()}_DATABASE": f"sqlite:///{folder}/{name}.db" for name in KNOWN}
        self.environment["CREDENTIALS_DIRECTORY"] = str(folder)

    def run(self, *arguments: str, status: int = 0) -> Result:
        result = CliRunner().invoke(psephos, list(arguments), env=self.environment)
        assert result.exit_code == status, result.output
        return result

    @property
    def settings(self) -> Settings:
        return Settings.read(self.environment)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    for name in SEALED:
        made.run("keys", "new", name, "--output", str(tmp_path / f"{name}.keys"))
    made.run("database", "upgrade")
    return made


def test_new_keys_are_private_different_and_never_overwritten(place: Place) -> None:
    rings = {name: KeyRing.from_json(name, (place.folder / f"{name}.keys").read_bytes()) for name in SEALED}
    assert len({ring.keys[0].secret for ring in rings.values()}) == len(SEALED)
    assert stat.S_IMODE((place.folder / "voters.keys").stat().st_mode) == 0o600
    shown = place.run("keys", "new", "voters", "--output", str(place.folder / "voters.keys"), status=1).output
    assert "never overwritten" in shown
    assert rings["voters"].keys[0].secret.hex() not in shown


@pytest.mark.proves("COP-064.1")
@pytest.mark.parametrize("ruin", ["missing", "empty", "of another database"])
def test_nothing_is_opened_without_its_keys(place: Place, ruin: str) -> None:
    file = place.folder / "voters.keys"
    content = {"empty": b"", "of another database": (place.folder / "users.keys").read_bytes()}.get(ruin)
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    assert "voters" in place.run("database", "upgrade", status=1).output


def test_databases_are_made_and_checked(place: Place) -> None:
    assert place.run("database", "check").output.splitlines() == [f"{name}: as declared" for name in sorted(KNOWN)]
    assert f"ready: {', '.join(sorted(KNOWN))}" in place.run("database", "upgrade").output
    place.environment = {}
    assert "names no database" in place.run("database", "upgrade", status=1).output


def test_op11_nothing_is_upgraded_while_a_ballot_is_open(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(place.settings, "voters")
    open_window(VoterDatabase(store), prepare(VoterDatabase(store), public_election(), AUDIT.public_key().public_bytes_raw(), TOY))
    with store.reading() as session:
        window = session.get(VotingWindow, "ab" * 32)
    assert window is not None
    for moment, refused in ((window.opens, True), (window.closes, False)):
        at = moment.timestamp() if moment.tzinfo else moment.replace(tzinfo=None).timestamp()
        monkeypatch.setattr("api.clock.time.time", lambda at=at: at)
        monkeypatch.setattr(Clock.__init__, "__defaults__", (lambda at=at: at, lambda: 0.0))
        output = place.run("database", "upgrade", status=int(refused)).output
        assert ("a ballot is open" in output) == refused


def keys_of(place: Place) -> KeyRing:
    return KeyRing.from_json("voters", (place.folder / "voters.keys").read_bytes())


def test_sv25_keys_are_exchanged_and_the_old_ones_open_nothing(place: Place) -> None:
    database = VoterDatabase(open_store(place.settings, "voters"))
    before, index = keys_of(place), database.index.key
    place.run("keys", "rotate", "voters", "--keys", str(place.folder / "voters.keys"))
    after = keys_of(place)
    assert len(after.keys) == 1
    assert after.keys[0].secret != before.keys[0].secret
    assert VoterDatabase(open_store(place.settings, "voters")).index.key == index
    (place.folder / "voters.keys").write_bytes(before.to_json())
    with pytest.raises(Exception, match="which is not here"):
        VoterDatabase(open_store(place.settings, "voters"))


@pytest.mark.parametrize("step", range(4))
def test_sv25_an_exchange_that_is_interrupted_loses_nothing_and_can_be_run_again(
    place: Place, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    index = VoterDatabase(open_store(place.settings, "voters")).index.key
    left = step

    def fails(original: object) -> object:
        def call(*arguments: object) -> object:
            nonlocal left
            if left == 0:
                raise OSError(5, "interrupted")
            left -= 1
            return original(*arguments)  # type: ignore[operator]

        return call

    with monkeypatch.context() as patch:
        patch.setattr(services, "write_new", fails(services.write_new))
        patch.setattr(services, "sync_folder", fails(services.sync_folder))
        place.run("keys", "rotate", "voters", "--keys", str(place.folder / "voters.keys"), status=1)
    assert VoterDatabase(open_store(place.settings, "voters")).index.key == index
    place.run("keys", "rotate", "voters", "--keys", str(place.folder / "voters.keys"))
    assert VoterDatabase(open_store(place.settings, "voters")).index.key == index
    assert len(keys_of(place).keys) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "must know the voter database alone"),
        (OTHERS, "PSEPHOS_HOSTS is not set"),
        ({**OTHERS, "PSEPHOS_VOTERS_DATABASE": None, "PSEPHOS_HOSTS": "x"}, "PSEPHOS_VOTERS_DATABASE is not set"),
        ({"PSEPHOS_PROXIES": "everybody"}, "PSEPHOS_PROXIES"),
        ({"PSEPHOS_PROCESSES": "many"}, "PSEPHOS_PROCESSES"),
        ({"PSEPHOS_WAITING": "0"}, "PSEPHOS_WAITING"),
    ],
)
def test_sv26_a_service_with_wrong_settings_does_not_start(place: Place, changes: dict[str, str | None], words: str) -> None:
    for name, value in changes.items():
        if value is None:
            del place.environment[name]
        else:
            place.environment[name] = value
    shown = place.run("serve", "voting", status=1).output
    assert words in shown
    assert json.loads((place.folder / "voters.keys").read_bytes())["keys"][0]["key"] not in shown


def test_sv16_the_voter_database_is_looked_through_from_the_command_line_and_that_is_noted(place: Place) -> None:
    store = open_store(place.settings, "voters")
    database = VoterDatabase(store)
    prepare(database, public_election(), AUDIT.public_key().public_bytes_raw(), TOY)
    assert "1 rows, nothing was changed" in place.run("database", "check", "--integrity").output
    with sqlite3.connect(place.folder / "voters.db") as owner:
        owner.execute("DROP TRIGGER voting_window_no_update")
        owner.execute("UPDATE voting_window SET closes = '2031-01-01 00:00:00.000000'")
    owner.close()
    shown = place.run("database", "check", "--integrity", status=1).output
    assert "voting_window" in shown
    assert "somebody has edited the voter database" in shown
    audit = AuditLog(open_store(place.settings, "audit"), Clock(), Ed25519PrivateKey.generate(), "example/audit")
    database.relay(audit)
    entries = [each.entry for each in audit.read("ab" * 16, "a test", "platform") if each.entry.kind == "integrity_checked"]
    assert sorted(each.members["outcome"] for each in entries) == ["failed", "passed"]
    store.close()
    audit.store.close()
