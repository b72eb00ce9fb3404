"""Hostile text in every string of every operation: no mistake of the program, no table changed (SV-08); nothing undescribed is taken, from
nobody's site, and for no other ballot, by any of the three services (SV-03, SV-04, SV-06, SV-07, SV-09).
"""

import ast
import os
from collections.abc import Iterator
from itertools import cycle, product
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import inspect, text

from api.elections.states import State
from api.store import Store
from api.voters.checking import Checker
from tests.api.conftest import MakeStore
from tests.api.office import LINK_KEY
from tests.api.services import ELECTION, ROLES, Operation, Services, a_checker, body_of, resolver, strings

API = Path(__file__).resolve().parent.parent.parent / "api"
OTHER = "cd" * 32
EACH = int(os.environ.get("PSEPHOS_INJECTION_CASES", "12"))
"""Payloads for each string of each operation; all of them are used in turn. Before a release: 1000, which is all for each."""

_CLOSINGS = ("", "'", '"', "')", '")', "'))", "`", "\\'", "$$", "%27", "'||'", "];")
_STATEMENTS = (
    "OR 1=1", "OR '1'='1", "AND 1=0 UNION SELECT sealed FROM vote", "UNION ALL SELECT NULL,NULL,NULL", "; DROP TABLE vote",
    "; DELETE FROM voter", "; UPDATE election SET state='open'", "; INSERT INTO account VALUES(1)", "AND pg_sleep(5)",
    "AND randomblob(1000000000)", "; ATTACH DATABASE '/tmp/x' AS x", "; COPY vote TO PROGRAM 'id'", "AND load_extension('x')",
    "ORDER BY 99", "; PRAGMA writable_schema=1", "; VACUUM INTO '/tmp/x'", "LIKE '%'", "ESCAPE '!'",
)  # fmt: skip
_ENDS = ("", " --", " #", "/*")
_ODD = (
    "\x00", "a\x00b", "\ud800", "\udfff\ud800", "\ufffe", "\u202e", "%00", "%s%n", "{0.__class__}", "${jndi:ldap://x}", "{{7*7}}",
    "../../../etc/passwd", "..\\..\\", "file:///etc/passwd", "\r\nSet-Cookie: a=b", "\r\n\r\n", "\x1b[2J", "<script>", "'\"><", "",
    " ", "null", "NaN", "-1", "0x41", "1e999", "9" * 400, "é" * 90, "𝕏" * 60, "true", "[]", "{}", "\\", "\\u0000",
    "*", "?", ";", "|id", "`id`",
)  # fmt: skip
PAYLOADS = [f"{a} {b}{c}".strip() for (a, b), c in zip(product(_CLOSINGS, _STATEMENTS), cycle(_ENDS))] + list(_ODD)


@pytest.fixture(scope="module")
def checker() -> Iterator[Checker]:
    with a_checker() as made:
        yield made


@pytest.fixture
def services(make_store: MakeStore, checker: Checker) -> Services:
    made = Services(make_store, checker)
    made.led_to(State.OPEN)
    return made


def sent(services: Services, operation: Operation, place: str, name: str, payload: str) -> int:
    """The status that comes of a payload at one place; 0 if no request can hold it there."""
    headers, query = services.who(operation), ""
    safe = quote(payload, safe="", errors="surrogatepass")
    path = operation.at(**{name: safe}) if place == "path" else operation.at()
    if place == "query":
        query = f"?{name}={safe}"
    elif place == "header":
        if not payload.isascii() or not payload.isprintable():
            return 0
        headers[name] = payload
    body: Any = body_of(operation, resolver(services.apps[operation.service])) if operation.method != "GET" else None
    if place == "body":
        body = {**body, name: [payload] if isinstance(body[name], list) else payload} if name else payload.encode(errors="surrogatepass")
    return services.call(operation.service, operation.method, path + query, body, headers=headers).status_code


def shape(store: Store) -> Any:
    """Tables with their columns, triggers, and all rows of what is evidence or a roll."""
    inspector = inspect(store.engine)
    tables = {name: [str(each["name"]) for each in inspector.get_columns(name)] for name in sorted(inspector.get_table_names())}
    with store.engine.connect() as connection:
        triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'" if store.is_sqlite else "SELECT tgname FROM pg_trigger"
        found = sorted(connection.execute(text(triggers)).scalars())
        kept = {"voters", "users"} & {store.name}
        rows = {
            table.name: sorted(map(repr, connection.execute(table.select())))
            for table in (store.tables.sorted_tables if kept else ())
            if table.name not in ("outbox", "access_method", "dispatch")  # codes are sent again, and that is noted
        }
    return tables, found, rows


def every_string(services: Services) -> list[tuple[Operation, str, str]]:
    return [
        (operation, place, name)
        for operation in services.operations()
        for place, name in strings(operation, resolver(services.apps[operation.service]))
    ]


@pytest.mark.proves("COP-105c-ii-b")
def test_sv08_no_text_reaches_a_database_as_anything_but_text(services: Services) -> None:
    assert len(set(PAYLOADS)) > 240
    databases = services.office.databases
    stores = [databases.accounts.store, databases.elections, databases.voters.store, databases.audit.store, services.users]
    before = [shape(store) for store in stores]
    payloads, used, places = cycle(PAYLOADS), 0, every_string(services)
    assert len(places) > 100
    for operation, place, name in places:
        for _ in range(min(EACH, len(PAYLOADS))):
            payload = next(payloads)
            status = sent(services, operation, place, name, payload)
            assert status < 500, (str(operation), place, name, payload, status)
            used += 1
    assert used >= len(PAYLOADS)
    services.sign_in()
    assert [shape(store) for store in stores] == before
    services.voting.cast(services.codes[0])


MADE_OF_STRINGS = {"append_only.py", "doctor/postgresql.py"}
"""Triggers, whose names are written in migrations; and what whoever installs the platform is told about accounts of the database."""
RUNS = {"text", "execute", "exec_driver_sql", "executescript", "executemany", "scalar", "scalars"}


def made_of_strings(source: str) -> list[int]:
    """Lines in which something is run that is put together from strings."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in RUNS:
            for argument in node.args[:1]:
                joined = isinstance(argument, ast.JoinedStr) and any(isinstance(each, ast.FormattedValue) for each in argument.values)
                added = isinstance(argument, ast.BinOp) and isinstance(argument.op, ast.Add | ast.Mod)
                formatted = isinstance(argument, ast.Call) and ast.unparse(argument.func).endswith((".format", ".join"))
                if joined or added or formatted:
                    found.append(node.lineno)
    return found


def test_sv08_no_statement_is_made_of_strings() -> None:
    found = {path.relative_to(API).as_posix() for path in sorted(API.rglob("*.py")) if made_of_strings(path.read_text(encoding="utf-8"))}
    assert found <= MADE_OF_STRINGS
    for source in ("s.execute(f'SELECT {x}')", "text('a' + b)", "c.exec_driver_sql('a %s' % b)", "op.execute('{}'.format(x))"):
        assert made_of_strings(source)
    assert not made_of_strings("s.execute(select(Vote)); text('SELECT 1'); s.execute(f'SELECT 1')")


# What holds for staff's service holds for all three


@pytest.mark.proves("COP-105c-i-b")
def test_sv04_every_operation_of_every_service_names_who_may_call_it_and_refuses_others(services: Services) -> None:
    seen = 0
    for operation in services.operations():
        known = operation.roles or operation.principal in (["anybody"], ["session"], ["service"], ["voter"])
        assert known, str(operation)
        if operation.principal == ["anybody"]:
            continue
        tokens = {role.value: services.office.tokens[name] for role, name in ROLES.items()} | {"nobody": "", "made up": "x" * 43}
        for who, token in tokens.items():
            code = {"Access-Code": services.codes[2].grouped()} if operation.principal != ["voter"] else {}
            answer = services.call(operation.service, operation.method, operation.at(), {}, token, code)
            if operation.principal == ["session"]:
                allowed = who in [role.value for role in ROLES]
            else:
                allowed = who in operation.principal and "{election_id}" in operation.path
            if operation.principal == ["voter"]:
                assert answer.status_code == 422, "no access code, whatever the token"
            elif not allowed:
                unread = {422} if operation.principal == ["session"] and who == "made up" else set()  # the body is read before the token
                assert answer.status_code in {401, 403} | unread, (str(operation), who)
            seen += 1
            if operation.path.endswith(("sign-out", "/password")):
                services.sign_in()
                tokens = {role.value: services.office.tokens[name] for role, name in ROLES.items()}
    assert seen > 350


def test_sv03_nobody_reaches_another_ballot_by_the_roll_service_or_with_a_code(services: Services) -> None:
    for operation in services.operations():
        if operation.service == "rolls" and operation.roles:
            for name in ROLES.values():
                answer = services.call("rolls", operation.method, operation.at(election_id=OTHER), {}, services.office.tokens[name])
                assert answer.status_code == 403, (str(operation), name)
        if operation.service == "voting" and "{election_id}" in operation.path:
            headers = {"Access-Code": services.codes[0].grouped()}
            answer = services.call("voting", operation.method, operation.at(election_id=OTHER), {}, headers=headers)
            assert answer.status_code == 404, str(operation)


def test_sv07_every_service_refuses_what_comes_from_another_site_or_is_no_json(services: Services) -> None:
    for operation in services.operations():
        if operation.method == "GET":
            continue
        headers = services.who(operation)
        for foreign in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
            assert services.call(operation.service, operation.method, operation.at(), {}, headers=headers | foreign).status_code == 403
        plain = headers | {"Content-Type": "text/plain"}
        assert services.call(operation.service, operation.method, operation.at(), {}, headers=plain).status_code == 415
        token = headers.pop("Authorization", "")
        if token:
            cookie = {"Cookie": f"session={token.removeprefix('Bearer ')}; __Host-session={token.removeprefix('Bearer ')}"}
            assert services.call(operation.service, operation.method, operation.at(), {}, headers=cookie).status_code == 401


def test_sv06_a_session_that_has_ended_opens_no_service(services: Services) -> None:
    where = f"/api/v1/ballots/{ELECTION}"
    token = services.office.tokens["sam"]
    assert services.call("rolls", "GET", f"{where}/roll", token=token).status_code == 200
    assert services.call("staff", "POST", "/api/v1/sign-out", {}, token).status_code == 204
    assert services.call("rolls", "GET", f"{where}/roll", token=token).status_code == 401
    services.sign_in()
    services.later(minutes=31)
    assert services.call("rolls", "GET", f"{where}/roll", token=services.office.tokens["sam"]).status_code == 401


def test_sv05_the_roll_service_is_not_opened_by_a_password_alone(services: Services) -> None:
    services.later()
    member = services.office.members["sam"]
    pending = services.office.post("/sign-in", {"sign_in_name": "sam", "password": member.password}).json()["token"]
    for operation in services.operations():
        if operation.service == "rolls" and operation.roles:
            assert services.call("rolls", operation.method, operation.at(), {}, pending).status_code == 401, str(operation)


@pytest.mark.parametrize("member", ["status", "election_id", "weight", "style", "unique_identifier", "account_id", "state", "ended"])
def test_sv09_no_service_takes_a_member_that_is_not_described(services: Services, member: str) -> None:
    for operation in services.operations():
        body = body_of(operation, resolver(services.apps[operation.service])) if operation.method != "GET" else None
        if body is None or member in body:
            continue
        more, who = body | {member: "cast"}, services.who(operation)
        answer = services.call(operation.service, operation.method, operation.at(), more, headers=who)
        assert answer.status_code in (422, 409, 428), (str(operation), member, answer.text)
    assert LINK_KEY not in str(services.sender.messages)
    ballot = services.call("voting", "GET", f"/api/v1/elections/{ELECTION}").content
    assert b"weight" not in ballot
