"""Checks of PostgreSQL: the way to it, what the account may do, and whether what is acknowledged is durable."""

from collections.abc import Iterator

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from api.doctor.finding import SERVICES, Check, Finding, Place

__all__ = ["CHECKS", "EVIDENCE"]

EVIDENCE = {
    "accounts": ("permission", "frozen_list", "recovery_step", "data_key"),
    "audit": ("audit_entry", "audit_checkpoint", "data_key"),
    "elections": ("approval", "transition", "board_message", "answered"),
    "users": ("roll", "roll_version", "contact_rules", "dispatch", "data_key"),
    "voters": ("roll_size", "removed_voter", "vote", "vote_status", "challenged", "seen", "log_leaf", "data_key"),
}
"""Tables of each store to which its service adds, and in which it never changes or deletes anything."""
_GRANTS = "run deploy/postgresql.sql for this store, and give the service the account psephos_<store>"
_LOCAL = ("", "localhost", "127.0.0.1", "::1")


def transport(place: Place) -> Iterator[Finding]:
    """Databases on another machine, reached without proof of who it is."""
    for store, url in place.addresses().items():
        if url.get_backend_name() != "postgresql":
            continue
        asked = url.query.get("host", url.host or "")
        host = asked if isinstance(asked, str) else asked[0]
        if host in _LOCAL or host.startswith("/"):
            continue
        if url.query.get("sslmode") != "verify-full":
            fix = "add ?sslmode=verify-full&sslrootcert=FILE to the address; FILE: certificate of the authority that signed the server's"
            yield Finding("no-tls", f"{store}: the database is on another machine, and TLS is not enforced", fix)


def server(place: Place) -> Iterator[Finding]:
    """What the server answers about itself and this account. A server that does not answer is found elsewhere."""
    for store, url in place.addresses().items():
        if url.drivername != "postgresql+psycopg":
            continue
        engine = create_engine(url, hide_parameters=True, connect_args={"connect_timeout": 10})
        try:
            with engine.connect() as connection:
                yield from _durable(connection, store)
                if place.service != "installation" and store in SERVICES[place.service]:
                    yield from _rights(connection, store)
                yield from _cipher(connection, store)
        except SQLAlchemyError:
            continue
        finally:
            engine.dispose()


def _durable(connection: Connection, store: str) -> Iterator[Finding]:
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        value = _one(connection, f"SELECT current_setting('{name}')")
        if value == "off":
            fix = f"ALTER SYSTEM SET {name} = on; SELECT pg_reload_conf(); and ALTER ROLE … RESET {name}, ALTER DATABASE … RESET {name}"
            yield Finding("not-durable", f"{store}: PostgreSQL has {name} off: what it acknowledged may be lost", fix)
    if int(str(_one(connection, "SELECT current_setting('server_version_num')"))) < 150_000:
        yield Finding("old-postgresql", f"{store}: PostgreSQL is older than 15", "upgrade it: older ones let everybody make tables")
    if _one(connection, "SELECT current_setting('server_encoding')") != "UTF8":
        yield Finding("encoding", f"{store}: the database is not encoded in UTF-8", "make it anew with ENCODING 'UTF8'")


def _rights(connection: Connection, store: str) -> Iterator[Finding]:
    if _one(connection, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        yield Finding("superuser", f"{store}: the service's account is a superuser", _GRANTS)
        return
    more = "rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls"
    if _one(connection, f"SELECT {more} FROM pg_roles WHERE rolname = current_user"):  # noqa: S608
        yield Finding("powerful-account", f"{store}: the service's account may make accounts or databases, or copy all of them", _GRANTS)
    others = connection.execute(text(
        "SELECT datname FROM pg_database WHERE datname <> current_database() AND datallowconn AND NOT datistemplate "
        "AND datname <> 'postgres' AND has_database_privilege(datname, 'CONNECT') ORDER BY 1"
    )).scalars().all()  # fmt: skip
    if others:
        fix = f"REVOKE CONNECT ON DATABASE {', '.join(others)} FROM PUBLIC, and from this account"
        yield Finding("other-database", f"{store}: the service's account may enter {', '.join(others)}", fix)
    may = (
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname = ANY(:names) AND ("
        "has_any_column_privilege(oid, 'UPDATE') OR has_table_privilege(oid, 'DELETE, TRUNCATE, TRIGGER') "
        "OR pg_has_role(relowner, 'MEMBER')) ORDER BY 1"
    )
    tables = connection.execute(text(may), {"names": list(EVIDENCE[store])}).scalars().all()
    if tables:
        yield Finding("may-change-evidence", f"{store}: the service's account may change or delete rows of {', '.join(tables)}", _GRANTS)


def _cipher(connection: Connection, store: str) -> Iterator[Finding]:
    row = connection.execute(text("SELECT ssl, version, bits FROM pg_stat_ssl WHERE pid = pg_backend_pid()")).one_or_none()
    if row is not None and row[0] and row[2] < 256:
        fix = "let the server offer AES-256 alone (specs/operation.md, TLS)"
        yield Finding("weak-cipher", f"{store}: the connection is encrypted with {row[2]} bits, by {row[1]}", fix)


def _one(connection: Connection, query: str) -> object:
    return connection.execute(text(query)).scalar_one()


CHECKS: tuple[Check, ...] = (transport, server)
