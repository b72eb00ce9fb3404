"""Staff over HTTP: every route in every role, sign-in with two factors, ballots led on by two persons (SV-03 to SV-09, SV-30, OP-12)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI

from api.auth import Role
from api.authorising import Requires, anybody, check_declared, describe
from api.errors import ApiError
from tests.api.conftest import MakeStore
from tests.api.office import ELECTION, LINK_KEY, Office

OTHER = "cd" * 32
PUBLIC, SESSION, SERVICE = ["anybody"], ["session"], ["service"]


@pytest.fixture
def office(make_store: MakeStore) -> Office:
    return Office(make_store)


@dataclass
class Operation:
    """One of the OpenAPI document, with paths filled in."""

    method: str
    path: str
    principal: list[str]
    responses: list[str]

    def at(self, election_id: str) -> str:
        filled = self.path.replace("{election_id}", election_id).replace("{account}", "ab").replace("{grant_id}", "ab")
        return filled.replace("{request_id}", "ab").replace("{factor}", "ab").replace("{name}", "hashes.json").removeprefix("/api/v1")


def operations(office: Office) -> Iterator[Operation]:
    for path, methods in office.app.openapi()["paths"].items():
        for method, described in methods.items():
            yield Operation(method.upper(), path, described["x-principal"], sorted(described["responses"]))


# Who may call what


@pytest.mark.proves("COP-084.1")
@pytest.mark.proves("COP-105c-i-c")
@pytest.mark.proves("COP-105c-i-a")
def test_sv04_every_route_refuses_every_role_that_it_does_not_name(office: Office) -> None:
    """The matrix of all operations and roles, made from the OpenAPI document: a new route is in it by itself."""
    names = {role: f"role-{role.value}" for role in Role}
    for role, name in names.items():
        office.appoint(name, role, ELECTION)
    office.hire("nobody-special")
    seen = 0
    for each in operations(office):
        roles = {Role(word) for word in each.principal if word in set(Role)}
        assert roles or each.principal in (PUBLIC, SESSION, SERVICE), each
        for role, name in names.items() if roles or each.principal == SERVICE else ():
            answer = office.call(each.method, each.at(ELECTION), {}, name)
            if each.principal == SERVICE:
                assert answer.status_code == 401, each
            elif role not in roles or "{election_id}" not in each.path:  # all are authorised for one ballot, and not for the platform
                assert answer.status_code == 403, (each, role, answer.text)
            else:
                assert answer.status_code not in (401, 403), (each, role, answer.text)
                assert answer.status_code < 500, (each, role, answer.text)
            seen += 1
        if roles:
            assert office.call(each.method, each.at(ELECTION), {}, "nobody-special").status_code == 403, each
            assert office.call(each.method, each.at(ELECTION), {}).status_code == 401, each
            assert office.call(each.method, each.at(ELECTION), {}, token="x" * 43).status_code == 401, each
    assert seen > 100


def test_sv03_nobody_reaches_another_ballot_than_their_own(office: Office) -> None:
    office.post("/ballots", office.terms(office.trustees()), "sam")
    office.post("/ballots", office.terms(office.trustees(), election_identifier=OTHER.upper()), "sam")
    for role in Role:
        office.appoint(f"role-{role.value}", role, ELECTION)
        for each in operations(office):
            if "{election_id}" in each.path and each.principal not in (SERVICE, PUBLIC):
                answer = office.call(each.method, each.at(OTHER), {}, f"role-{role.value}")
                assert answer.status_code == 403, (each, role)


@pytest.mark.proves("COP-084.2")
@pytest.mark.proves("COP-ANX-l")
def test_sv05_nothing_is_reached_with_a_password_alone(office: Office) -> None:
    office.clock.moment += timedelta(minutes=1)
    member = office.members["sam"]
    pending = office.post("/sign-in", {"sign_in_name": "sam", "password": member.password}).json()
    assert pending["factors"] == ["one-time"]
    second_step = {"/sign-in/one-time", "/sign-in/passkey/question", "/sign-in/passkey", "/sign-in/recovery", "/sign-out"}
    for each in operations(office):
        where = each.at(ELECTION)
        if each.principal != PUBLIC and where not in second_step:
            answer = office.call(each.method, where, {}, token=pending["token"])
            assert answer.status_code in (401, 422), (each, answer.text)
            assert answer.status_code == 401 or "code" in answer.text or "answer" in answer.text or "old" in answer.text, answer.text
    code = member.code(office.clock.now())
    first = office.post("/sign-in/one-time", {"code": code}, token=pending["token"])
    assert first.status_code == 200
    again = office.post("/sign-in", {"sign_in_name": "sam", "password": member.password}).json()["token"]
    assert office.post("/sign-in/one-time", {"code": code}, token=again).status_code == 401, "a code serves once"


def test_sv06_a_token_changes_with_each_step_and_ends_with_the_session(office: Office) -> None:
    old = office.tokens["sam"]
    office.sign_in("sam")
    assert office.tokens["sam"] != old
    assert office.post("/sign-out", {}, "sam").status_code == 204
    assert office.get("/me", "sam").status_code == 401
    assert office.call("GET", "/me", token=old).status_code == 200, "another session of the same person goes on"
    office.clock.moment += timedelta(hours=13)
    assert office.call("GET", "/me", token=old).status_code == 401


def test_sv07_nothing_comes_from_another_site_and_no_cookie_acts(office: Office) -> None:
    token = office.tokens["sam"]
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
        assert office.post("/sign-out", {}, "sam", **headers).status_code == 403
    assert office.post("/sign-out", {}, "sam", **{"Content-Type": "text/plain"}).status_code == 415
    for cookie in ("session", "token", "Authorization", "__Host-session"):
        assert office.call("GET", "/me", Cookie=f"{cookie}={token}").status_code == 401
    assert "set-cookie" not in office.get("/me", "sam").headers


def test_sv09_members_that_are_not_described_are_refused(office: Office) -> None:
    terms = office.terms(office.trustees())
    for member in ("state", "election", "version", "account_id", "election_id"):
        assert office.post("/ballots", terms | {member: "open"}, "sam").status_code == 422
    assert office.get("/ballots", "sam").json()["ballots"] == []


def test_sv04_a_route_that_does_not_say_who_may_call_it_is_never_started() -> None:
    router = APIRouter(prefix="/x")

    @router.get("/open")
    def declared(_: Annotated[None, Depends(anybody)]) -> int:
        return 1

    app = FastAPI()
    app.include_router(router)
    check_declared(app)

    @router.get("/forgotten")
    def forgotten() -> int:
        return 1

    app = FastAPI()
    app.include_router(router)
    with pytest.raises(ApiError, match="/x/forgotten"):
        check_declared(app)


def test_a_route_has_one_principal() -> None:
    app = FastAPI()

    @app.get("/twice", dependencies=[Depends(anybody), Depends(Requires(Role.AUDITOR))])
    def twice() -> int:
        return 1

    with pytest.raises(ApiError, match="one principal"):
        check_declared(app)
    describe(app)
    with pytest.raises(ApiError, match="one principal"):
        app.openapi()


# Ballots


def test_a_ballot_is_made_changed_and_listed(office: Office) -> None:
    trustees = office.trustees()
    made = office.post("/ballots", office.terms(trustees), "sam")
    assert (made.status_code, made.headers["etag"], made.json()["state"]) == (201, '"1"', "draft")
    assert office.post("/ballots", office.terms(trustees), "sue").status_code == 409
    changed = office.terms(trustees, label="Another label")
    assert office.call("PUT", f"/ballots/{ELECTION}", changed, "sam").status_code == 428
    assert office.call("PUT", f"/ballots/{ELECTION}", changed, "sam", **{"If-Match": '"7"'}).status_code == 409
    assert office.call("PUT", f"/ballots/{ELECTION}", changed, "sam", **{"If-Match": '"1"'}).json()["label"] == "Another label"
    assert office.call("PUT", f"/ballots/{ELECTION}", changed, "sue", **{"If-Match": '"1"'}).status_code == 409
    for number in range(3):
        office.post("/ballots", office.terms(trustees, election_identifier=f"{number:064X}"), "sam")
    first = office.get("/ballots?limit=3", "sam").json()
    rest = office.get(f"/ballots?limit=3&after={first['next']}", "sam").json()
    assert [len(first["ballots"]), len(rest["ballots"]), rest["next"]] == [3, 1, None]
    assert office.get(f"/ballots/{ELECTION}/manifest", "tom1").text == changed["manifest"]
    assert office.get(f"/ballots/{OTHER}", "sam").status_code == 404


def test_the_same_request_with_the_same_key_is_done_once(office: Office) -> None:
    terms = office.terms(office.trustees())
    key = {"Idempotency-Key": "one"}
    first = office.post("/ballots", terms, "sam", **key)
    again = office.post("/ballots", terms, "sam", **key)
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert office.post("/ballots", terms | {"quorum": 1}, "sam", **key).status_code == 422, "another body under a used key"
    assert office.post("/ballots", terms, "sue", **key).status_code == 409, "a key is its sender's own"
    assert office.post("/ballots", terms, "sam", **{"Idempotency-Key": "x" * 101}).status_code == 422
    assert office.post("/ballots", terms, token="x" * 40, **key).status_code == 401
    abandoned = [office.post(f"/ballots/{ELECTION}/steps", {"step": "abandon"}, "sam", **{"Idempotency-Key": "two"}) for _ in range(2)]
    assert [each.json() for each in abandoned] == [{"state": "draft", "missing": 1}] * 2


def test_sv04_a_kept_answer_is_for_who_is_still_authorised(office: Office) -> None:
    terms, key = office.terms(office.trustees()), {"Idempotency-Key": "one"}
    assert office.post("/ballots", terms, "sam", **key).status_code == 201
    grant = office.get("/me", "sam").json()["grants"][0]["grant"]
    assert office.post(f"/grants/{grant}/end", {"reason": "end of duty"}, "ada").status_code == 204
    assert office.post("/ballots", terms, "sam", **key).status_code == 403


@pytest.mark.proves("COP-088.1")
def test_op12_the_same_person_does_not_count_twice(office: Office) -> None:
    office.post("/ballots", office.terms(office.trustees()), "sam")
    assert office.step("abandon", "sam").json() == {"state": "draft", "missing": 1}
    assert office.step("abandon", "sam").status_code == 403
    assert office.get(f"/ballots/{ELECTION}", "sue").json()["asked"] == {"abandon": [office.members["sam"].account_id]}
    assert office.step("abandon", "sue").json() == {"state": "abandoned", "missing": 0}
    assert [each["step"] for each in office.get(f"/ballots/{ELECTION}/steps", "sam").json()] == ["abandon"]


@pytest.mark.parametrize("step", ["begin trial decryption", "open", "close", "exclude", "tally", "release", "archive"])
def test_sv30_what_comes_too_early_is_refused_in_words(office: Office, step: str) -> None:
    office.post("/ballots", office.terms(office.trustees()), "sam")
    refused = office.step(step, "sam")
    assert refused.status_code == 409
    assert "possible: begin ceremony, abandon" in refused.json()["detail"]


# The board


def test_trustees_say_what_is_theirs_to_say(office: Office) -> None:
    office.post("/ballots", office.terms(office.trustees()), "sam")
    office.step("begin ceremony", "sam")
    listed = office.get(f"/ballots/{ELECTION}/board", "tom1").json()["messages"]
    assert {each["name"] for each in listed} == {"election_parameters.json", "election_manifest.json", "hashes.json"}
    assert office.get(f"/ballots/{ELECTION}/board/election_manifest.json", "tom2").text == office.terms(["a", "b", "c"])["manifest"]
    mine, others = "ceremony/1_commitments/guardian_1.json", "ceremony/1_commitments/guardian_2.json"
    where = f"/ballots/{ELECTION}/board"
    said = office.post(where, {"name": mine, "content": "{}"}, "tom1")
    assert (said.status_code, said.json()["position"]) == (201, 4)
    assert office.post(where, {"name": mine, "content": "{}"}, "tom1").json() == said.json()
    assert office.post(where, {"name": mine, "content": "[]"}, "tom1").status_code == 409
    assert office.post(where, {"name": others, "content": "{}"}, "tom1").status_code == 403
    assert office.post(where, {"name": "hashes_ext.json", "content": "{}"}, "tom1").status_code == 403
    assert office.post(where, {"name": "../../etc/passwd", "content": "{}"}, "tom1").status_code == 422
    assert office.post(where, {"name": mine, "content": "{}"}, "sam").status_code == 403, "a scrutineer is no trustee"
    office.appoint("tom9", Role.TRUSTEE, ELECTION)
    assert office.post(where, {"name": mine, "content": "{}"}, "tom9").status_code == 403, "a trustee of none of the guardians"
    assert [each["name"] for each in office.get(f"{where}?after=3", "sam").json()["messages"]] == [mine]
    assert office.get(f"{where}/{others}", "tom1").status_code == 404


# What is told to the audit log


@pytest.mark.proves("COP-105b-ix")
def test_sv31_whoever_signs_in_or_is_authorised_stands_in_the_audit_log(office: Office) -> None:
    office.post("/sign-in", {"sign_in_name": "sam", "password": "a wrong password, quite long"})
    office.post("/ballots", office.terms(office.trustees()), "sam")
    office.step("abandon", "sam", "sue")
    office.appoint("una", Role.AUDITOR, ELECTION)
    reader = office.members["ada"].account_id
    entries = [each.entry for each in office.databases.audit.read(reader, "a test", "platform")]
    kinds = {each.kind for each in entries}
    assert {"signed_in", "unauthorised_access_attempted", "permission_changed", "platform_configured"} <= kinds
    of_ballot = [each.entry for each in office.databases.audit.read(reader, "a test", ELECTION)]
    assert of_ballot[0].kind == "ballot_created"
    assert [each.members["change"] for each in of_ballot if each.kind == "permission_changed"] == ["granted"]
    assert sum(each.kind == "platform_configured" for each in of_ballot) == 3, "two persons asked, and it was done"
    everything = "".join(str(each.members) for each in [*entries, *of_ballot])
    for secret in ("correct horse", office.tokens["sam"], "smith", "union.example"):
        assert secret not in everything.lower()


# The link between services


def test_sv26_the_link_is_for_services_that_know_its_key(office: Office) -> None:
    where = f"/link/{ELECTION}/codes"
    wanted: dict[str, Any] = {"unique_identifier": "ab" * 16, "channel": "e-mail"}
    for token in (None, "x", LINK_KEY[:-1], office.tokens["sam"]):
        assert office.post(where, wanted, token=token).status_code == 401
    assert office.post(where, wanted, token=LINK_KEY).status_code == 404, "no such ballot yet, for who knows the key"
