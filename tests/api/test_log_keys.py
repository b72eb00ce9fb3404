"""The two keys of logs: the audit log's, which staff and rolls have, and the one of the log of votes, which staff's service has alone."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api import serving_staff
from api.clock import Clock
from api.databases import upgrade_all
from api.records.verifying import Verdict
from api.sealing import STORES, KeyRing
from api.settings import Settings, SettingsError
from api.staff_settings import log_key, witness_key
from engine.errors import EngineError
from engine.merkle import read_checkpoint
from tests.api.conftest import MakeStore
from tests.api.office import AUDIT_KEY, LOG_KEY, Office
from tests.api.voting import a_voting
from tests.groups import TOY

LOG, WITNESS = "1a" * 32, "2b" * 32
KNOWS = {"staff": ("accounts", "audit", "elections", "voters"), "rolls": ("accounts", "audit", "elections", "users")}


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    """A folder as systemd hands it to a service, with everything that both services have."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    for store in STORES:
        (folder / f"{store}.keys").write_bytes(KeyRing.generate(store).to_json())
    (folder / "log.key").write_text(LOG)
    (folder / "link.key").write_text("a key of the link, for tests alone: 0123456789")
    upgrade_all(Settings.read(surroundings(folder, STORES)), Clock())
    return folder


def surroundings(credentials: Path, stores: tuple[str, ...]) -> dict[str, str]:
    databases = {f"PSEPHOS_{store.upper()}_DATABASE": f"sqlite:///{credentials.parent}/{store}.db" for store in stores}
    return {**databases, "CREDENTIALS_DIRECTORY": str(credentials)}


def settle(monkeypatch: pytest.MonkeyPatch, credentials: Path, service: str) -> None:
    others = {
        "PSEPHOS_HOSTS": "office.example", "PSEPHOS_LOG_NAME": "office.example/log", "PSEPHOS_FOLDER": str(credentials.parent / "folder"),
        "PSEPHOS_LINK": "https://office.example", "PSEPHOS_PAGE": "https://vote.example", "PSEPHOS_SUPPORT": "020 7946 0000",
        "PSEPHOS_SENDER": "ballot@vote.example", "PSEPHOS_OUTBOX": str(credentials.parent / "outbox"),
    }  # fmt: skip
    for name, value in {**surroundings(credentials, KNOWS[service]), **others}.items():
        monkeypatch.setenv(name, value)


def staff() -> None:
    serving_staff.staff(lambda *_: Verdict(verified=False, report=""))


@pytest.mark.parametrize("wrong", ["", "no key", "1a" * 31, "1a" * 33, "1g" * 32])
def test_what_is_no_key_is_refused_and_not_repeated(wrong: str) -> None:
    for read, name in ((log_key, "PSEPHOS_LOG_KEY"), (witness_key, "PSEPHOS_WITNESS_KEY")):
        with pytest.raises(SettingsError, match=name) as error:
            read({name: wrong, "PSEPHOS_LOG_NAME": "office.example/log"})
        assert not wrong or wrong not in str(error.value)


def test_neither_key_stands_in_for_the_other(tmp_path: Path) -> None:
    (tmp_path / "log.key").write_text(LOG)
    environment: Mapping[str, str] = {
        "CREDENTIALS_DIRECTORY": str(tmp_path), "PSEPHOS_LOG_KEY": LOG, "PSEPHOS_LOG_NAME": "office.example/log",
    }  # fmt: skip
    with pytest.raises(SettingsError, match="no credential witness.key"):
        witness_key(environment)
    (tmp_path / "log.key").rename(tmp_path / "witness.key")
    with pytest.raises(SettingsError, match="no credential log.key"):
        log_key({"CREDENTIALS_DIRECTORY": str(tmp_path), "PSEPHOS_WITNESS_KEY": WITNESS})


def test_staffs_service_does_not_start_without_a_witness_key_of_its_own(credentials: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch, credentials, "staff")
    with pytest.raises(SettingsError, match="no credential witness.key"):
        staff()
    (credentials / "witness.key").write_text(LOG)
    with pytest.raises(SettingsError, match="is the key of the audit log"):
        staff()
    (credentials / "witness.key").write_text(WITNESS)
    staff()


def test_the_service_for_rolls_never_reads_the_witness_key(credentials: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not handed it (deploy/), and starts without; were it there by mistake, nobody would look at it."""
    settle(monkeypatch, credentials, "rolls")
    serving_staff.rolls()
    (credentials / "witness.key").write_text("this is no key at all")
    monkeypatch.setenv("PSEPHOS_WITNESS_KEY", "neither is this")
    app = serving_staff.rolls()
    assert not hasattr(app.state, "log")


def test_each_log_is_signed_with_its_own_key(make_store: MakeStore) -> None:
    office = Office(make_store)
    voting = a_voting(lambda *_: office.databases.voters.store)
    votes, _ = office.app.state.log.checkpoint(voting.window.election_id, 0)
    origin = office.app.state.log.public(voting.window.election_id).origin
    assert TOY is office.app.state.group
    read_checkpoint(votes, origin, LOG_KEY.public_key())
    audit = office.databases.audit.checkpoint("platform")
    read_checkpoint(audit, "office.example/audit/platform", AUDIT_KEY.public_key())
    for note, of, key in ((votes, origin, AUDIT_KEY), (audit, "office.example/audit/platform", LOG_KEY)):
        with pytest.raises(EngineError):
            read_checkpoint(note, of, key.public_key())
    assert isinstance(AUDIT_KEY, Ed25519PrivateKey)
