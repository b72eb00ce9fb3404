"""Whatever is asked of any service, nobody learns of a vote: not of a confirmation code, not whether somebody voted, from no role and no
route (PR-07, PR-13, PR-17, SV-02), and nothing opens a ballot that was cast (PR-16).
"""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import event

from api.audit.entry import Entry
from api.audit.events import BALLOT_CREATED
from api.audit.log import AuditLog
from api.audit.models import TABLES as AUDIT_TABLES
from api.elections.states import State
from api.store import Store
from api.tally.counting import Counting
from api.voters.access import issue, reissue
from api.voters.access_code import AccessCode
from api.voters.ballot_box import StoredBallot
from api.voters.checking import Checker
from engine.encoding import to_json
from engine.errors import DecryptionRefused, FormatError
from engine.manifest import read_manifest
from tests.api.conftest import MakeStore
from tests.api.office import LINK_KEY
from tests.api.services import ELECTION, ROLES, Answered, Operation, Services, a_checker, answered, body_of, resolver, strings
from tests.api.voting import ELECTION as KEYS
from tests.api.voting import a_voting, checked
from tests.engine.elections import YES, a_ballot, manifest_file
from tests.groups import TOY

API = Path(__file__).resolve().parent.parent.parent / "api"


@pytest.fixture(scope="module")
def checker() -> Iterator[Checker]:
    with a_checker() as made:
        yield made


# A confirmation code


def question(services: Services, operation: Operation, place: str, name: str, code: str) -> Answered:
    """An operation called with a code at one place, by somebody who may call it."""
    headers, query = services.who(operation), ""
    path = operation.at(**{name: quote(code)}) if place == "path" else operation.at()
    if place == "query":
        query = f"?{name}={code}"
    elif place == "header":
        headers[name] = code
    body: Any = body_of(operation, resolver(services.apps[operation.service]), "ab") if operation.method != "GET" else None
    if place == "body":
        body = {**body, name: [code] if isinstance(body[name], list) else code} if name else code.encode()
    return answered(services.call(operation.service, operation.method, path + query, body, headers=headers))


def settled(answer: Answered, *words: str) -> Answered:
    """What an answer tells, whatever it repeats of the request, and whatever is random in it."""
    status, content, headers = answer
    for word in words:
        content = content.replace(word.encode(), b"?")
    content = re.sub(rb'"(account|token|invitation|grant|request|code|secret)":"[^"]*"', rb'"\1":"?"', content)
    return status, content, tuple(each for each in headers if each[0] not in ("content-length", "etag"))


@pytest.mark.proves("COP-074.3")
@pytest.mark.parametrize("state", [State.OPEN, State.EXCLUDED])
def test_pr07_before_the_release_no_question_about_a_code_is_answered(make_store: MakeStore, checker: Checker, state: State) -> None:
    services = Services(make_store, checker)
    services.led_to(State.OPEN)
    sent = len(services.sender.messages)
    # Both before ELECTION in the order of lists.
    cast, other = (next(each for each in iter(checked, None) if each.confirmation_code[0] < 0xA0) for _ in range(2))
    services.voting.cast(services.codes[0], cast)
    known, unknown = cast.confirmation_code.hex(), other.confirmation_code.hex()
    if state is not State.OPEN:
        services.voting.close()
        services.office.app.state.tally.counting.make(ELECTION)
        services.led_to(state)
    asked = 0
    for operation in services.operations():
        for place, name in strings(operation, resolver(services.apps[operation.service])):
            for form in (str.upper, str.lower) if name != "unique_identifier" else (lambda code: code[:32],):
                one, two = form(known), form(unknown)
                first = settled(question(services, operation, place, name, one), one)
                second = settled(question(services, operation, place, name, two), two)
                assert first == second, (str(operation), place, name)
                assert first[0] != 200 or operation.principal != ["anybody"] or "openapi" not in operation.path
                asked += 1
    assert asked > 200
    assert len(services.sender.messages) == sent, "and nothing was sent when the vote came"
    assert services.call("staff", "GET", f"/api/v1/records/{ELECTION}").status_code == 404


# Whether somebody has voted

RANDOM = re.compile(rb'"(token|invitation|code|secret|address|request|account|grant|file_hash|checkpoint|challenge)":\s*"[^"]*"')


def walk(services: Services, uid: str) -> dict[tuple[str, str], tuple[int, bytes]]:
    """Every operation in every role, asked about the person M1 in whatever way there is."""
    found = {}
    values: dict[str, Any] = {
        "most": 5000, "reference": "M1", "reason": "lost", "unique_identifier": uid, "channel": "e-mail", "by": "ab", "approved_by": "cd",
        "sign_in_name": "M1", "name": "Person 1", "email": "person1@members.example",
    }  # fmt: skip
    people = {**{role.value: name for role, name in ROLES.items()}, "scrutineer of all": "sam", "administrator of all": "ada"}
    for operation in services.operations():
        if operation.path.endswith(("/sign-out", "/password", "/recovery-codes")) or "factors" in operation.path:
            continue
        body = body_of(operation, resolver(services.apps[operation.service])) if operation.method != "GET" else None
        body = {name: values.get(name, value) for name, value in body.items()} if body else body
        for who, token in {**{who: services.office.tokens[name] for who, name in people.items()}, "nobody": "", "link": LINK_KEY}.items():
            for path in {operation.at(), operation.at(account=uid, grant_id=uid, request_id=uid, name=uid)}:
                answer = services.call(operation.service, operation.method, path, body, token)
                found[str(operation), f"{who} {path}"] = (answer.status_code, RANDOM.sub(rb'"\1":"?"', answer.content))
    return found


@pytest.mark.proves("COP-081.2")
@pytest.mark.proves("COP-112.2")
@pytest.mark.proves("COP-077.2")
@pytest.mark.parametrize("make_store", ["sqlite"], indirect=True)
def test_pr13_no_answer_to_anybody_changes_with_who_has_voted(make_store: MakeStore, checker: Checker) -> None:
    """One platform at three moments: nobody has voted, X has, Y has in place of X (as many votes, other people)."""
    services = Services(make_store, checker)
    services.led_to(State.OPEN)
    users = services.apps["rolls"].state.desk.users
    x, y = (users.find(ELECTION, reference).unique_identifier for reference in ("M1", "M2"))
    database, window = services.voting.database, services.voting.window
    walk(services, x)  # what is made once is there from now on
    nobody = walk(services, x)
    services.voting.cast(issue(database, window, x, "e-mail"))
    with_x = walk(services, x)
    changed = {operation for (operation, who), answer in with_x.items() if nobody[operation, who] != answer}
    growing = {each for each in changed if each.endswith(("/permissions", "/report", "/board", "/log", "/steps", "/grants", "/accounts"))}
    assert changed == growing, changed - growing
    assert not {each for each in growing if "/log" not in each and each.startswith(("voting", "rolls"))}
    services.voting.cast(issue(database, window, y, "e-mail"))
    assert {key: answer for key, answer in walk(services, y).items() if key[0].startswith("rolls")} == {
        (operation, who.replace(x, y)): answer for (operation, who), answer in with_x.items() if operation.startswith("rolls")
    }


@pytest.mark.proves("COP-081.2")
def test_pr13_reminders_cannot_be_aimed(make_store: MakeStore, checker: Checker) -> None:
    """Who is sent something is decided by the roll and by what was sent before, and by nothing else."""
    services = Services(make_store, checker)
    services.led_to(State.OPEN)
    users = services.apps["rolls"].state.desk.users
    database, window = services.voting.database, services.voting.window
    for reference in ("M1", "M2", "M3"):
        services.voting.cast(issue(database, window, users.find(ELECTION, reference).unique_identifier, "post"))
    token = services.office.tokens["sam"]
    done = services.call("rolls", "POST", f"/api/v1/ballots/{ELECTION}/dispatch", {"most": 100}, token)
    assert done.json() == {"sent": 12, "failed": 0, "unreachable": 0, "waiting": 0}, "who has voted is sent one, too"
    assert sorted(str(each["To"]) for each in services.sender.messages) == sorted(f"person{n}@members.example" for n in range(1, 13))


# The same steps for every code that opens nothing


def statements(store: Store, call: Any) -> list[str]:
    """What the database is asked while something is called."""
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        seen.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        call()
    finally:
        event.remove(store.engine, "before_cursor_execute", note)
    return seen


@pytest.mark.proves("COP-070.2")
@pytest.mark.parametrize("closed", [False, True])
def test_sv02_the_database_is_asked_the_same_for_every_code_that_opens_nothing(
    make_store: MakeStore, checker: Checker, closed: bool
) -> None:
    """What is done decides how long it takes: the same statements in the same order, whatever is wrong with a code."""
    services = Services(make_store, checker)
    services.led_to(State.OPEN)
    voting = services.voting
    used, replaced, _ = services.codes
    voting.cast(used)
    reissue(voting.database, voting.window, "voter 2", "e-mail")
    codes = {"unknown": AccessCode.generate(), "used": used, "replaced": replaced}
    if closed:
        codes["expired"] = services.codes[2]
        voting.close()
    content = to_json(a_ballot(KEYS, YES)[0])
    for where in ("form", "votes"):
        asked = {}
        for name, code in codes.items():
            headers = {"Access-Code": code.grouped()}
            path = f"/api/v1/elections/{ELECTION}/{where}"

            def call(path: str = path, headers: dict[str, str] = headers) -> None:
                assert services.call("voting", "POST", path, content, headers=headers).status_code == 409

            call()
            asked[name] = statements(voting.database.store, call)
        assert len(asked["unknown"]) >= 1
        assert all(each == asked["unknown"] for each in asked.values()), asked


# One ballot by itself


def test_pr16_a_cast_or_discounted_ballot_that_is_called_challenged_is_not_opened(
    make_store: MakeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that marks a vote as challenged, so that the trustees would open it: nobody has shown its opening."""
    voting = a_voting(make_store)
    for code in voting.voters(3):
        voting.cast(code)
    voting.close()
    box = type(voting.box)
    honest = box.ballots

    def marked(own: Any, window: Any) -> Iterator[StoredBallot]:
        ballots = list(honest(own, window))
        yield from [StoredBallot(ballots[0].content, "Challenged"), *ballots[1:]]

    audit = AuditLog(make_store("audit", AUDIT_TABLES), voting.clock, Ed25519PrivateKey.generate(), "office.example/audit")
    audit.add(Entry(voting.election_id, BALLOT_CREATED, voting.window.opens, {"by": "ab", "version": "1"}))
    counting = Counting(voting.database, voting.clock, TOY, tmp_path / "honest", 1, audit)
    assert counting.make(voting.election_id).number("Challenged") == 0
    monkeypatch.setattr(box, "ballots", marked)
    with pytest.raises(DecryptionRefused, match="nobody has shown its opening"):
        Counting(voting.database, voting.clock, TOY, tmp_path / "marked", 1, audit).make(voting.election_id)


def calls(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func).rpartition(".")[2]


def test_pr16_no_server_code_can_open_a_ballot() -> None:
    """All that ends in a plaintext: the combination of trustees' answers, for aggregates and challenged ballots; and an opening that the
    ballot's maker has handed in, compared with the ballot. Each is called in one place."""
    callers: dict[str, set[str]] = {name: set() for name in ("verify_opening", "open_ballot", "combine", "decrypt", "discrete_log")}
    for path in sorted(API.rglob("*.py")):
        for called in calls(path):
            if called in callers:
                callers[called].add(path.relative_to(API).as_posix())
    assert callers["verify_opening"] == {"ceremony/requests.py", "voters/ballot_box.py"}
    assert callers["combine"] <= {"ceremony/answers.py", "ceremony/attempts.py", "tally/service.py"}
    assert callers["open_ballot"] | callers["decrypt"] | callers["discrete_log"] <= {"audit/bundle.py", "sealing.py", "ceremony/answers.py"}


@pytest.mark.parametrize("member", ["ranked", "vote_variation", "rank_limit", "preferences", "write_in"])
def test_pr16_no_contest_can_be_ranked(member: str) -> None:
    for value in (True, "ranked", 3):
        file = manifest_file(3)
        file["contests"][1][member] = value
        with pytest.raises(FormatError):
            read_manifest(to_text(file))


def to_text(file: dict[str, Any]) -> bytes:
    return json.dumps(file, separators=(",", ":")).encode()


# Both databases


def stores_of(value: Any, seen: set[int], depth: int = 0) -> set[str]:
    """The stores that can be reached from an object through its attributes."""
    if id(value) in seen or depth > 8 or isinstance(value, str | bytes | int | float | type(None) | type):
        return set()
    seen.add(id(value))
    if isinstance(value, Store):
        return {value.name}
    if isinstance(value, dict):
        inside: list[Any] = list(value.values())
    elif isinstance(value, list | tuple | set | frozenset):
        inside = list(value)
    else:
        inside = list(getattr(value, "__dict__", {}).values())
        inside += [getattr(value, name, None) for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
        inside += [cell.cell_contents for cell in getattr(value, "__closure__", None) or ()]
        inside.append(getattr(value, "__self__", None))
    return set().union(*(stores_of(each, seen, depth + 1) for each in inside)) if inside else set()


@pytest.mark.proves("COP-079c.1")
@pytest.mark.proves("COP-078")
def test_pr17_no_service_holds_both_databases(make_store: MakeStore, checker: Checker) -> None:
    services = Services(make_store, checker)
    reached = {name: stores_of(app.state._state, set()) for name, app in services.apps.items()}
    reached["staff"] |= set()
    assert reached["voting"] == {"voters"}
    assert reached["staff"] == {"accounts", "elections", "voters", "audit"}
    assert reached["rolls"] - {"voters"} == {"accounts", "elections", "users", "audit"}
    rolls = services.apps["rolls"].state
    rolls.desk.voters._office = None  # the tests' own way to the other service, in place of a network
    assert "voters" not in stores_of(rolls._state, set())


@pytest.mark.proves("COP-079c.1")
def test_pr17_no_module_but_those_for_whoever_installs_knows_both_databases() -> None:
    both = []
    for path in sorted(API.rglob("*.py")):
        imported = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                imported |= {".".join([node.module or "", each.name]) for each in node.names}
            elif isinstance(node, ast.Import):
                imported |= {each.name for each in node.names}
        if all(any(name.startswith(f"api.{store}.") for name in imported) for store in ("users", "voters")):
            both.append(path.relative_to(API).as_posix())
    assert set(both) <= {"databases.py", "doctor/examination.py", "doctor/files.py", "doctor/postgresql.py", "doctor/surroundings.py"}
    source = (API / "databases.py").read_text(encoding="utf-8")
    assert "UserDatabase" not in source, "it makes their tables and exchanges their keys, and reads nobody"


def test_pr17_no_answer_joins_a_person_to_a_ballot(make_store: MakeStore, checker: Checker) -> None:
    """Members of all answers of all services: none has a name or contact beside anything of a vote."""
    services = Services(make_store, checker)
    members: dict[str, set[str]] = {}
    for operation in services.operations():
        schemas = services.apps[operation.service].openapi()["components"]["schemas"]
        for status, answer in operation.described["responses"].items():
            for content in answer.get("content", {}).values() if status.startswith("2") else ():
                reference = content.get("schema", {}).get("$ref", "") or content.get("schema", {}).get("items", {}).get("$ref", "")
                if reference:
                    members[str(operation)] = set(schemas[reference.rpartition("/")[2]].get("properties", {}))
    personal = {"name", "email", "mobile", "reference", "unique_identifier", "sign_in_name"}
    assert members
    for operation_name, names in members.items():
        if "/accounts" not in operation_name and "/board" not in operation_name:
            assert not names & personal, operation_name
        assert not {each for each in names if "voted" in each or "participat" in each or "turnout" in each}, operation_name
