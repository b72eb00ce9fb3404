"""A PostgreSQL server of the tests' own: made in a folder, reached by a socket in it, thrown away at the end."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
from sqlalchemy import URL

GRANTS = Path(__file__).parents[2] / "deploy" / "postgresql.sql"
_numbers = count(1)


@dataclass(frozen=True)
class Server:
    """A running server; `folder` holds its socket."""

    folder: Path

    def address(self, database: str, account: str = "psephos") -> URL:
        return URL.create("postgresql+psycopg", username=account, database=database, query={"host": str(self.folder)})

    def run(self, *statements: str, database: str = "postgres") -> None:
        with psycopg.connect(host=str(self.folder), user="psephos", dbname=database, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def grant(self, store: str, database: str | None = None) -> None:
        """Runs `deploy/postgresql.sql` as whoever installs the platform does."""
        names = [f"store={store}", *([f"database={database}"] if database else [])]
        options = [option for name in names for option in ("-v", name)]
        options += ["-v", "ON_ERROR_STOP=1", "-h", str(self.folder), "-U", "psephos", "-f", str(GRANTS), "postgres"]
        done = subprocess.run([folder_of_programs() / "psql", "-Xq", *options], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def new_database(self, template: str = "template1") -> str:
        name = f"test_{os.getpid()}_{next(_numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name


@contextmanager
def server() -> Iterator[Server]:
    """Started here, stopped at the end. It refuses to run as root: then it runs as the account of Debian's package, or as nobody."""
    programs = folder_of_programs()
    owner = None
    if os.geteuid() == 0:
        owner = next(name for name in ("postgres", "nobody") if name in {entry.pw_name for entry in pwd.getpwall()})
    folder = Path(tempfile.mkdtemp(prefix="psephos-pg-", dir="/tmp"))  # a socket's path must be short
    if owner:
        shutil.chown(folder, owner)
    else:
        folder.chmod(0o700)

    def run(program: str, *arguments: str) -> None:
        done = subprocess.run(
            [programs / program, *arguments], user=owner, cwd=folder, env={"PATH": os.defpath, "LC_ALL": "C", "HOME": str(folder)},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
        )
        assert done.returncode == 0, f"{program}: {done.stderr[-2000:]}"

    try:
        run("initdb", "--pgdata=data", "--username=psephos", "--auth=trust", "--encoding=UTF8", "--no-sync")
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c max_connections=200 -c timezone=Europe/London"
        run("pg_ctl", "--pgdata=data", "--log=log", "--wait", f"--options={options}", "start")
        try:
            yield Server(folder)
        finally:
            run("pg_ctl", "--pgdata=data", "--mode=immediate", "--wait", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def folder_of_programs() -> Path:
    """Where initdb is: on the path, or where Debian puts it. `./run test` installs it."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    place = next((place for place in places if (place / "initdb").exists() and (place / "pg_ctl").exists()), None)
    assert place is not None, "PostgreSQL is not installed: run the tests with ./run test"
    return place
