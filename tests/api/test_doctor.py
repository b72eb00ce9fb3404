"""Everything that can be wrong with an installation, planted one by one and found; a good one has nothing."""

import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner

from api.clock import Clock
from api.databases import KNOWN, upgrade_all
from api.doctor import machine as machine_module
from api.doctor import variables
from api.doctor.examination import CHECKS, examine
from api.doctor.finding import Finding, Place
from api.doctor.machine import Machine
from api.doctor.postgresql import EVIDENCE
from api.migrating import upgrade
from api.pages import PAGES
from api.sealing import STORES, KeyRing
from api.settings import Settings
from api.store import Store
from cli.__main__ import psephos
from tests.api.postgres import Server

ROOT = Path(__file__).parents[2]
CORES = 4


@dataclass
class Good:
    """A voting service that is installed as it should be, in a folder, and a machine with nothing wrong."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        os.umask(0o077)
        self.data, self.keys, self.code = self.folder / "data", self.folder / "keys", self.folder / "code"
        for each in (self.data, self.keys, self.code):
            each.mkdir(mode=0o700)
        (self.keys / "voters.keys").write_bytes(KeyRing.generate("voters").to_json())
        self.lock = self.folder / "core.txt"
        self.lock.write_text(f"alembic=={version('alembic')} \\\n    --hash=sha256:0\nother==1 ; sys_platform == 'win32' \\\n")
        self.environment = {
            "PATH": os.defpath, "LANG": "C.UTF-8", "CREDENTIALS_DIRECTORY": str(self.keys),
            "PSEPHOS_VOTERS_DATABASE": f"sqlite:///{self.data}/voters.db", "PSEPHOS_HOSTS": "vote.example.org, vote.example.org:8443",
            "PSEPHOS_PROXIES": "10.0.0.2, fd00::/64", "PSEPHOS_PROCESSES": "2", "PSEPHOS_METRICS": "127.0.0.1:9464",
        }  # fmt: skip
        self.upgrade()
        self.pages = self.folder / "pages"
        self.pages.mkdir()
        for name in PAGES:
            (self.pages / name).write_text("<!doctype html>")
        self.machine = Machine(
            uid=os.geteuid() or 1, umask=0o077, cores=CORES, core_limit=0, core_pattern="core", swaps=(), synchronised=True,
            now=self.code.stat().st_mtime + 1e6, code=(self.code,), free=lambda _: (2**40, 0.5), filesystem=lambda _: "ext4",
            users_of=lambda _: frozenset({123}), packages={"alembic": version("alembic")}, pages=self.pages,
        )  # fmt: skip
        if os.geteuid() == 0:  # nobody runs services as root, so the files are somebody else's
            for each in [self.data, *self.data.iterdir()]:
                os.chown(each, 1, 1)

    @property
    def file(self) -> Path:
        return self.data / "voters.db"

    def upgrade(self) -> None:
        upgrade_all(Settings.read(self.environment), Clock())

    def examine(self, service: str = "voting") -> list[Finding]:
        return examine(Place(self.environment, self.machine, service, self.lock))

    def set(self, **variables: str) -> None:
        self.environment |= variables

    def on(self, **answers: object) -> None:
        self.machine = replace(self.machine, **answers)  # type: ignore[arg-type]

    def other_key(self, store: str) -> None:
        content = json.loads((self.keys / "voters.keys").read_bytes()) | {"store": store}
        (self.keys / f"{store}.keys").write_text(json.dumps(content))
        (self.keys / f"{store}.keys").chmod(0o600)
        self.set(**{f"PSEPHOS_{store.upper()}_DATABASE": f"sqlite:///{self.data}/{store}.db"})


@pytest.fixture
def good(tmp_path: Path) -> Good:
    before = os.umask(0o077)
    os.umask(before)
    try:
        return Good(tmp_path)
    finally:
        os.umask(before)


def older(good: Good) -> None:
    store = Store("voters", f"sqlite:///{good.file}", KeyRing.generate("voters"), KNOWN["voters"][0])
    with store.connection() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'voters_0001'")
    store.close()


def beside(good: Good) -> None:
    shutil.copy(good.keys / "voters.keys", good.data / "voters.keys")
    good.set(CREDENTIALS_DIRECTORY=str(good.data))


PLANTED: list[tuple[str, Callable[[Good], object], str, str]] = [
    ("unknown-variable", lambda good: good.set(PSEPHOS_HOST="x"), "PSEPHOS_HOST is set", "rename it to PSEPHOS_HOSTS"),
    ("unknown-variable", lambda good: good.set(PSEPHOS_VOTER_DATABASE="x"), "nothing reads it", "PSEPHOS_VOTERS_DATABASE"),
    ("unknown-variable", lambda good: good.set(psephos_proxies="x"), "psephos_proxies", "PSEPHOS_PROXIES"),
    ("no-database", lambda good: good.environment.pop("PSEPHOS_VOTERS_DATABASE"), "names no database", "set PSEPHOS_VOTERS_DATABASE"),
    ("foreign-store", lambda good: good.set(PSEPHOS_USERS_DATABASE=f"sqlite:///{good.data}/u.db"), "USERS", "unset PSEPHOS_USERS_DATABASE"),
    ("foreign-store", lambda good: good.set(PSEPHOS_USERS_KEYS="{}"), "PSEPHOS_USERS_KEYS", "unset"),
    ("bad-address", lambda good: good.set(PSEPHOS_VOTERS_DATABASE="voters.db"), "no address", "sqlite:////FOLDER"),
    ("bad-address", lambda good: good.set(PSEPHOS_VOTERS_DATABASE="postgresql://a@h/b"), "kind postgresql", "postgresql+psycopg://"),
    ("relative-address", lambda good: good.set(PSEPHOS_VOTERS_DATABASE="sqlite:///voters.db"), "started in", "four strokes"),
    ("password-in-address", lambda good: good.set(PSEPHOS_VOTERS_DATABASE="postgresql+psycopg://u:PASSWORD@/x"), "password", "passfile"),
    ("password-in-environment", lambda good: good.set(PGPASSWORD="PASSWORD"), "PGPASSWORD", "passfile"),
    ("no-such-file", lambda good: good.file.rename(good.folder / "elsewhere"), "there is no file", "correct the address"),
    ("open-folder", lambda good: good.data.chmod(0o750), "0750", "chmod 0700"),
    ("open-file", lambda good: good.file.chmod(0o640), "0640", "chmod 0600"),
    ("open-file", lambda good: os.close(os.open(good.data / "voters.db-shm", os.O_CREAT, 0o640)), "-shm", "chmod 0600"),
    ("wrong-owner", lambda good: good.on(uid=4711), "belongs to the account number", "chown"),
    ("network-file-system", lambda good: good.on(filesystem=lambda _: "nfs4"), "nfs4", "PostgreSQL"),
    ("several-instances", lambda good: good.on(users_of=lambda _: frozenset({1, 2})), "2 processes", "PostgreSQL"),
    ("disk-nearly-full", lambda good: good.on(free=lambda _: (2**40, 0.04)), "4%", "free at least"),
    ("disk-nearly-full", lambda good: good.on(free=lambda _: (2**29, 0.5)), "512 MiB", "free at least"),
    ("no-keys", lambda good: (good.keys / "voters.keys").unlink(), "no sealing keys", "psephos keys new voters"),
    ("no-keys", lambda good: (good.keys / "voters.keys").write_text("{}"), "form", "copy"),
    ("open-keys", lambda good: (good.keys / "voters.keys").chmod(0o644), "0644", "chmod 0600"),
    ("keys-beside-database", beside, "in the folder", "another disk"),
    ("not-at-this-version", older, "voters_0001", "psephos database upgrade"),
    ("no-hosts", lambda good: good.set(PSEPHOS_HOSTS=" , "), "not set or empty", "vote.example.org"),
    ("wildcard-host", lambda good: good.set(PSEPHOS_HOSTS="*.example.org"), "wildcard", "each name"),
    ("host-with-scheme", lambda good: good.set(PSEPHOS_HOSTS="https://vote.example.org"), "https", "leave out"),
    ("host-is-address", lambda good: good.set(PSEPHOS_HOSTS="192.0.2.7:8443"), "192.0.2.7", "certificate"),
    ("bad-host", lambda good: good.set(PSEPHOS_HOSTS="Vote.example.org"), "small letters", "browsers"),
    ("trusts-everybody", lambda good: good.set(PSEPHOS_PROXIES="0.0.0.0/0"), "almost everybody", "our own proxies"),
    ("trusts-everybody", lambda good: good.set(PSEPHOS_PROXIES="10.0.0.2,::/0"), "::/0", "our own proxies"),
    ("bad-proxy", lambda good: good.set(PSEPHOS_PROXIES="proxy.local"), "proxy.local", "10.0.0.0/24"),
    ("bad-setting", lambda good: good.set(PSEPHOS_PROCESSES="many"), "PSEPHOS_PROCESSES", "write it so"),
    ("bad-setting", lambda good: good.set(PSEPHOS_METRICS="0.0.0.0:9464"), "this machine alone", "write it so"),
    ("too-many-processes", lambda good: good.set(PSEPHOS_PROCESSES="5"), "5, processors are 4", "PSEPHOS_PROCESSES=4"),
    ("too-few-waiting", lambda good: good.set(PSEPHOS_WAITING="1"), "1, fewer", "at least 2"),
    ("debugging", lambda good: good.set(PYTHONASYNCIODEBUG="1"), "PYTHONASYNCIODEBUG", "unset"),
    ("debugging", lambda good: good.set(LD_PRELOAD="x.so"), "LD_PRELOAD", "unset"),
    ("writable-code", lambda good: good.code.chmod(0o777), "others may write", "chmod go-w"),
    ("root", lambda good: good.on(uid=0), "root", "accounts of their own"),
    ("umask", lambda good: good.on(umask=0o022), "0022", "UMask=0077"),
    ("core-dumps", lambda good: good.on(core_limit=-1), "memory", "LimitCORE=0"),
    ("core-handler", lambda good: good.on(core_pattern="|/usr/share/apport/apport %p"), "apport", "core_pattern"),
    ("open-swap", lambda good: good.on(swaps=("/dev/sda2",)), "/dev/sda2", "dm-crypt"),
    ("clock-not-synchronised", lambda good: good.on(synchronised=False), "no time service", "timedatectl"),
    ("clock-unknown", lambda good: good.on(synchronised=None), "does not say", "timedatectl"),
    ("wrong-clock", lambda good: good.on(now=1e9), "before the day", "timedatectl"),
    ("other-package", lambda good: good.on(packages={"alembic": "0.1"}), "installed as 0.1", "--require-hashes"),
    ("package-missing", lambda good: good.on(packages={}), "not installed", "--require-hashes"),
    ("no-lock", lambda good: good.lock.unlink(), "core.txt", "requirements/core.txt"),
    ("no-tls", lambda good: good.set(PSEPHOS_VOTERS_DATABASE="postgresql+psycopg://u@127.0.0.2:1/x?sslmode=require"), "TLS", "verify-full"),
    ("no-pages", lambda good: (good.pages / "check.html").unlink(), "check.html", "build the pages"),
    ("no-pages", lambda good: good.on(pages=good.folder / "elsewhere"), "index.html, check.html", "install again"),
    ("bad-pages", lambda good: ((good.pages / "assets").mkdir(), (good.pages / "assets" / "x.exe").touch()), "x.exe", "build the pages"),
    ("check-failed", lambda good: good.on(swaps=None), "memory", "run this"),
]


def test_a_good_installation_has_nothing(good: Good) -> None:
    assert good.examine() == []


@pytest.mark.parametrize(("kind", "plant", "found", "fix"), PLANTED, ids=[f"{at}-{each[0]}" for at, each in enumerate(PLANTED)])
def test_what_is_wrong_is_found_with_what_to_do(good: Good, kind: str, plant: Callable[[Good], object], found: str, fix: str) -> None:
    plant(good)
    matching = [each for each in good.examine() if each.id == kind]
    assert matching, good.examine()
    assert any(found in each.found and fix in each.fix for each in matching), matching


def test_many_kinds_are_planted() -> None:
    assert len({each[0] for each in PLANTED}) >= 40
    assert len(CHECKS) == len({each.__name__ for each in CHECKS})


def test_one_database_or_one_key_for_two_stores_is_found(good: Good) -> None:
    good.other_key("users")
    assert {each.id for each in good.examine("installation")} == {"shared-keys", "no-such-file"}
    good.set(PSEPHOS_USERS_DATABASE=good.environment["PSEPHOS_VOTERS_DATABASE"] + "?timeout=5")
    assert "shared-database" in {each.id for each in good.examine("installation")}


def test_nothing_secret_is_shown(good: Good) -> None:
    secret = json.loads((good.keys / "voters.keys").read_bytes())["keys"][0]["key"]
    canary = "canary-goldfinch"
    good.set(PGPASSWORD=canary, PSEPHOS_VOTERS_DATABASE=f"postgresql+psycopg://u:{canary}@127.0.0.2:1/x", PSEPHOS_VOTERS_KEYS=canary)
    good.set(**{f"PSEPHOS_{store.upper()}_DATABASE": f"mysql://u:{canary}@127.0.0.2:1/{store}" for store in STORES if store != "voters"})
    (good.keys / "voters.keys").unlink()
    place = Place(good.environment, good.machine, "installation", good.lock)
    shown = repr(examine(place)) + repr(place.environment and "") + "".join(each.found for each in examine(place))
    assert "password-in-address" in shown
    assert canary not in shown
    assert secret not in shown


def test_every_variable_that_is_read_is_known() -> None:
    """A setting that is added elsewhere has to be added to the checks, or it would be called a mistake."""
    read = set()
    for package in ("api", "engine", "cli", "verifier"):
        for path in (ROOT / package).rglob("*.py"):
            read |= set(re.findall(r'"(PSEPHOS_[A-Z_]+[A-Z])"', path.read_text(encoding="utf-8")))
    assert {name for name in read if "…" not in name} <= variables.KNOWN


# PostgreSQL


@pytest.fixture
def on_postgres(good: Good, postgres: Server) -> Callable[[str], list[Finding]]:
    database = postgres.new_database()
    postgres.grant("voters", database)
    made = Store("voters", postgres.address(database, "psephos_voters_owner"), KeyRing.generate("voters"), KNOWN["voters"][0])
    upgrade(made)
    made.close()
    postgres.grant("voters", database)
    good.set(DATABASE=database)

    def examined(account: str) -> list[Finding]:
        good.set(PSEPHOS_VOTERS_DATABASE=postgres.address(database, account).render_as_string(hide_password=False))
        return [each for each in good.examine() if each.id not in ("unknown-variable", "other-database")]

    return examined


def test_a_service_with_least_rights_has_nothing(on_postgres: Callable[[str], list[Finding]]) -> None:
    assert on_postgres("psephos_voters") == []


@pytest.mark.parametrize(
    ("account", "statements", "kind"),
    [
        ("psephos", [], "superuser"),
        ("psephos_voters_owner", [], "may-change-evidence"),
        ("psephos_voters", ["GRANT UPDATE (sealed) ON vote TO psephos_voters"], "may-change-evidence"),
        ("psephos_voters", ["GRANT DELETE ON log_leaf TO PUBLIC"], "may-change-evidence"),
        ("psephos_voters", ["ALTER ROLE psephos_voters CREATEROLE"], "powerful-account"),
        ("psephos_voters", ["ALTER ROLE psephos_voters SET synchronous_commit = off"], "not-durable"),
    ],
)
def test_sv16_an_account_with_more_rights_is_found(
    good: Good, postgres: Server, on_postgres: Callable[[str], list[Finding]], account: str, statements: list[str], kind: str
) -> None:
    database = good.environment["DATABASE"]
    try:
        postgres.run(*statements, database=database)
        assert kind in {each.id for each in on_postgres(account)}
    finally:
        postgres.grant("voters", database)


def test_sv26_an_account_that_enters_another_store_is_found(
    good: Good, postgres: Server, on_postgres: Callable[[str], list[Finding]]
) -> None:
    other = postgres.new_database()
    on_postgres("psephos_voters")
    assert any(each.id == "other-database" and other in each.found for each in good.examine())


def test_a_server_that_does_not_answer_is_found(good: Good) -> None:
    good.set(PSEPHOS_VOTERS_DATABASE=f"postgresql+psycopg://u@/x?host={good.folder}")
    assert [each.id for each in good.examine()] == ["not-at-this-version"]


def test_the_tables_of_evidence_are_there() -> None:
    for store, tables in EVIDENCE.items():
        assert set(tables) <= set(KNOWN[store][0].tables)


# The machine itself, and the command


def test_this_machine_answers(tmp_path: Path) -> None:
    this = Machine.this()
    assert this.cores >= 1
    assert this.packages["alembic"] == version("alembic")
    assert this.synchronised in (True, False, None)
    assert this.filesystem(tmp_path)
    assert 0 <= this.free(tmp_path)[1] <= 1
    assert all(each.is_dir() for each in this.code)
    with (tmp_path / "file").open("w"):
        assert os.getpid() not in this.users_of(tmp_path / "file")


def test_swap_in_memory_or_encrypted_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {
        "/proc/swaps": "Filename Type\n/dev/zram0 partition 1 0 1\n/dev/dm-0 partition 1 0 1\n/dev/sda2 partition 1 0 1\n",
        "/sys/block/dm-0/dm/uuid": "CRYPT-PLAIN-swap",
    }
    monkeypatch.setattr(machine_module, "_text", lambda path: texts.get(str(path), ""))
    assert machine_module._open_swaps() == ["/dev/sda2"]


def test_the_command_prints_every_finding_and_its_fix(good: Good) -> None:
    environment: dict[str, str | None] = {name: None for name in os.environ if name.startswith(("PSEPHOS", "PYTHON"))}
    environment |= good.environment | {"PSEPHOS_HOSTS": "*", "PSEPHOS_HOST": "x"}
    result = CliRunner().invoke(psephos, ["doctor", "--service", "voting"], env=environment)
    assert result.exit_code == 1
    assert "wrong: wildcard-host: " in result.output
    assert "    to do: rename it to PSEPHOS_HOSTS" in result.output
    result = CliRunner().invoke(psephos, ["doctor", "--service", "voting", "--json"], env=environment)
    assert result.exit_code == 1
    listed = json.loads(result.output)
    assert {"unknown-variable", "wildcard-host"} <= {each["id"] for each in listed}
    assert all(set(each) == {"id", "found", "fix", "warning"} for each in listed)


def test_the_command_is_content_with_warnings(good: Good, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Machine, "this", lambda: replace(good.machine, swaps=("/dev/sda2",)))
    environment: dict[str, str | None] = dict.fromkeys(os.environ) | good.environment
    result = CliRunner().invoke(psephos, ["doctor", "--service", "voting"], env=environment)
    assert result.exit_code == 0, result.output
    assert "warning: open-swap" in result.output
