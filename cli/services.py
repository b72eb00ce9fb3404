"""What whoever installs the platform needs: sealing keys, databases, and the services themselves."""

import os
import secrets
from pathlib import Path

import click

from api.errors import Conflict
from api.sealing import STORES, KeyRing
from cli.errors import PsephosError
from cli.keystore import sync_folder, write_new


@click.group()
def keys() -> None:
    """Sealing keys of the databases: AES-256, one ring of keys for each database.

    A ring is a secret. Give it to the service as a systemd credential <store>.keys, or in PSEPHOS_<STORE>_KEYS, and keep a copy away
    from the databases and their backups.
    """


_store = click.argument("store", type=click.Choice(STORES))


@keys.command()
@_store
@click.option("--output", type=click.Path(path_type=Path), required=True, help="New file for the ring: secret.")
def new(store: str, output: Path) -> None:
    """Make a ring of sealing keys for the new database STORE, in a new file that only you can read."""
    write_new(output, KeyRing.generate(store).to_json())
    click.echo(f"the keys of the database {store} are in {output}; without them nothing in it can be read", err=True)


@keys.command()
@_store
@click.option("--keys", "file", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=True, help="The ring's file.")
def rotate(store: str, file: Path) -> None:
    """Exchange the sealing key of the database STORE, which PSEPHOS_<STORE>_DATABASE names, for a new one; the old one then opens nothing.

    Stop the service first and start it with the new file. If this is interrupted run it again: the file always opens everything.
    """
    from api.databases import rotate_keys
    from api.settings import Settings

    ring = KeyRing.from_json(store, file.read_bytes()).with_new_key()
    _replace(file, ring)
    count = rotate_keys(Settings.read(os.environ), store, ring)
    _replace(file, ring.newest_only())
    click.echo(f"{count} data keys of the database {store} are sealed with the new key; {file} holds it alone", err=True)


def _replace(file: Path, ring: KeyRing) -> None:
    draft = file.with_name(f".{file.name}.new")
    draft.unlink(missing_ok=True)
    write_new(draft, ring.to_json())
    draft.replace(file)
    sync_folder(file.parent)


@keys.command()
@click.option("--output", type=click.Path(path_type=Path), required=True, help="New file for the key: secret.")
def log(output: Path) -> None:
    """Make a key that signs checkpoints of logs, in a new file that only you can read.

    There are two: the credential log.key for the audit log, and witness.key for the log of votes, which the staff's service has alone.
    """
    write_new(output, secrets.token_hex(32).encode() + b"\n")


@keys.command()
@click.option("--output", type=click.Path(path_type=Path), required=True, help="New file for the key: secret.")
def link(output: Path) -> None:
    """Make the key of the link from the service for rolls to the staff's, in a new file that only you can read: the credential link.key."""
    write_new(output, secrets.token_urlsafe(32).encode() + b"\n")


@click.group()
def database() -> None:
    """The platform's databases, as the environment names them (`psephos serve --help`)."""


@database.command("upgrade")
def upgrade_databases() -> None:
    """Make the tables of new databases, or bring older ones to this version. Refused while a ballot is open."""
    from api.clock import Clock
    from api.databases import upgrade_all
    from api.settings import Settings

    done = upgrade_all(Settings.read(os.environ), Clock())
    if not done:
        raise PsephosError("the environment names no database: set PSEPHOS_VOTERS_DATABASE and the others")
    click.echo(f"ready: {', '.join(done)}", err=True)


@database.command("check")
@click.option("--integrity", is_flag=True, help="Look at every row of the voter database: has its owner edited, added or removed one?")
def check_databases(integrity: bool) -> None:
    """Say what tables the databases have otherwise than this version declares. Exit status 1 if there is anything.

    With --integrity, which needs the keys of the voter database, what came of it is noted for the audit log.
    """
    from api.clock import Clock
    from api.databases import check_all, check_voters
    from api.settings import Settings

    settings = Settings.read(os.environ)
    if integrity:
        checked = check_voters(settings, Clock())
        for each in checked.findings:
            click.echo(str(each))
        if checked.count:
            raise Conflict(f"{checked.count} findings in {checked.rows} rows: somebody has edited the voter database")
        click.echo(f"voters: {checked.rows} rows, nothing was changed")
        return
    found = check_all(settings)
    for name, difference in found.items():
        click.echo(f"{name}: {difference or 'as declared'}")
    if any(found.values()):
        raise Conflict("a database is not as this version declares it; run `psephos database upgrade`")


@click.group()
def serve() -> None:
    """Run a service of the platform, with everything it needs in environment variables.

    \b
    PSEPHOS_<STORE>_DATABASE   sqlite:////FILE or postgresql+psycopg://USER@HOST/NAME; <STORE>: ACCOUNTS, AUDIT, ELECTIONS, USERS, VOTERS
    PSEPHOS_<STORE>_KEYS       sealing keys from `psephos keys new`; under systemd rather a credential <store>.keys
    PSEPHOS_HOSTS              host names the service answers to, with commas
    PSEPHOS_PROXIES            addresses or networks of our own proxies, with commas
    PSEPHOS_PROCESSES          processes that check proofs (2)
    PSEPHOS_WAITING            ballots that may wait for them before others are told to come back (64)
    PSEPHOS_SUPPORT            how voters get help, as messages and the voting page say it (voting, rolls)
    PSEPHOS_METRICS            address and port of this machine where Prometheus reads /metrics, like 127.0.0.1:9464 (nowhere)

    The staff's service and the one for rolls need more:

    \b
    PSEPHOS_FOLDER             folder for counts and released records (staff)
    PSEPHOS_LOG_KEY            key of the audit log, from `psephos keys log`; rather a credential log.key (staff, rolls)
    PSEPHOS_WITNESS_KEY        another such key, for the log of votes; rather a credential witness.key (staff)
    PSEPHOS_LOG_NAME           name of this platform's logs, such as ballots.example/log (staff, rolls)
    PSEPHOS_LINK_KEY           key of the link from rolls to staff, from `psephos keys link`; rather a credential link.key (staff, rolls)
    PSEPHOS_LINK               address of the staff's service, https://HOST:PORT (rolls)
    PSEPHOS_PAGE               address of the voting page, https://HOST/vote; links add the beginning of the ballot's identifier (rolls)
    PSEPHOS_SENDER             e-mail address that messages are from (rolls)
    PSEPHOS_OUTBOX             folder that messages are put into (rolls)

    `psephos doctor` looks for mistakes in all of this. What a service writes and counts is in specs/operation.md.
    """


@serve.command()
@click.option("--host", default="127.0.0.1", help="Address to listen at; a proxy in front of it speaks TLS.")
@click.option("--port", default=8000, type=click.IntRange(1, 65535), help="Port to listen at.")
def voting(host: str, port: int) -> None:
    """The service that voters reach: it knows the voter database, and refuses to know any other."""
    from api import running, serving
    from api.settings import Settings

    running.run(serving.voting, "voting", host, port, Settings.read(os.environ).metrics)


_host = click.option("--host", default="127.0.0.1", help="Address to listen at; a proxy in front of it speaks TLS.")


@serve.command()
@_host
@click.option("--port", default=8001, type=click.IntRange(1, 65535), help="Port to listen at.")
def staff(host: str, port: int) -> None:
    """The service that staff and trustees reach: accounts, ballots, the trustees' board, count and release. It never knows people's names.

    The first account is made with `psephos accounts first`, before it is started.
    """
    from api import running, serving_staff
    from api.settings import Settings
    from cli.verifying import verify_apart

    running.run(lambda: serving_staff.staff(verify_apart), "staff", host, port, Settings.read(os.environ).metrics)


@serve.command()
@_host
@click.option("--port", default=8002, type=click.IntRange(1, 65535), help="Port to listen at.")
def rolls(host: str, port: int) -> None:
    """The service that takes rolls and sends access codes: it knows people, and refuses to know votes."""
    from api import running, serving_staff
    from api.settings import Settings

    running.run(serving_staff.rolls, "rolls", host, port, Settings.read(os.environ).metrics)


@click.group()
def accounts() -> None:
    """Accounts of staff, for whoever installs the platform; everything else about them is done over the service."""


@accounts.command()
@click.option("--name", required=True, help="The person's name.")
@click.option("--email", required=True, help="The person's own e-mail address.")
@click.option("--sign-in-name", required=True, help="What the person signs in with.")
@click.option("--days", default=365, type=click.IntRange(1, 366), help="How long the authorisation lasts.")
def first(name: str, email: str, sign_in_name: str, days: int) -> None:
    """Make the first account, an administrator's, and print the invitation with which its owner chooses a password. Works once."""
    from api.serving_staff import first_administrator

    click.echo(first_administrator(name, email, sign_in_name, days))
    click.echo("hand this invitation to its owner and to nobody else; it serves once, for seven days", err=True)
