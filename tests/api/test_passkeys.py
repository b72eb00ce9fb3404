"""Passkeys answer one question of one site once, for one account (COP-085b, SV-05)."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis.strategies import binary, data, dictionaries, integers, none, sampled_from, text

from api.accounts.errors import NotSignedIn
from api.accounts.passkeys import LARGEST, Passkey, PasskeyRefused, Site, checked_answer, checked_passkey, credential_of
from api.accounts.second_factors import CHALLENGE_FOR, Kind
from api.errors import Conflict, Invalid
from tests.api.authenticator import PRESENT, VERIFIED, Authenticator, decoded, encoded
from tests.api.conftest import MakeStore
from tests.api.staff import SITE, Member, Staff, a_staff

CHALLENGE = bytes(range(32))
QUESTION = json.dumps({"challenge": encoded(CHALLENGE)})
ACCOUNT = "0" * 32


@pytest.fixture
def staff(make_store: MakeStore) -> Staff:
    return a_staff(make_store)


def register(staff: Staff, member: Member, authenticator: Authenticator) -> None:
    enrolment, token = staff.accounts.enrolment, staff.sign_in(member)
    enrolment.confirm_passkey(token, authenticator.make(enrolment.begin_passkey(token)))


def question(staff: Staff, member: Member) -> tuple[str, str]:
    """A pending session and what it asks for."""
    pending = staff.pending(member)
    return pending, staff.accounts.sign_in.passkey_options(pending)


# Answers that are wrong, by themselves


def known(authenticator: Authenticator) -> Passkey:
    return checked_passkey(SITE, CHALLENGE, authenticator.make(QUESTION))


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "https://ballots.example.evil"}, {"origin": "http://ballots.example"}, {"origin": "https://evil.example"},
        {"domain": "evil.example"}, {"flags": 0}, {"flags": VERIFIED}, {"step": 0, "count": 0}, {"step": 0, "count": 1},
        {"handle": b"1" * 32}, {"credential_id": b"another one"}, {"key": Authenticator(b"x").key},
    ],
)  # fmt: skip
def test_sv05_an_answer_of_another_site_account_or_passkey_is_refused(change: dict[str, object]) -> None:
    authenticator = Authenticator(b"one", handle=ACCOUNT.encode())
    passkey = known(authenticator)
    changed = replace(authenticator, **change)  # type: ignore[arg-type]
    with pytest.raises(PasskeyRefused):
        checked_answer(SITE, ACCOUNT, CHALLENGE, passkey, changed.answer(QUESTION))
    assert checked_answer(SITE, ACCOUNT, CHALLENGE, passkey, authenticator.answer(QUESTION)) == 2


@pytest.mark.parametrize("change", [{"origin": "https://evil.example"}, {"domain": "evil.example"}, {"flags": 0}, {"credential_id": b""}])
def test_sv05_a_passkey_made_for_another_site_is_refused(change: dict[str, object]) -> None:
    changed = replace(Authenticator(b"one"), **change)  # type: ignore[arg-type]
    with pytest.raises(PasskeyRefused):
        checked_passkey(SITE, CHALLENGE, changed.make(QUESTION))


def test_sv05_questions_and_answers_are_not_mixed_up() -> None:
    authenticator = Authenticator(b"one")
    passkey = known(authenticator)
    other = json.dumps({"challenge": encoded(bytes(32))})
    for attempt in (
        lambda: checked_passkey(SITE, CHALLENGE, authenticator.answer(QUESTION)),
        lambda: checked_passkey(SITE, CHALLENGE, authenticator.make(other)),
        lambda: checked_answer(SITE, ACCOUNT, CHALLENGE, passkey, authenticator.make(QUESTION)),
        lambda: checked_answer(SITE, ACCOUNT, CHALLENGE, passkey, authenticator.answer(other)),
    ):
        with pytest.raises(PasskeyRefused):
            attempt()


HOSTILE = ["", "null", "[]", "{}", "0", '"x"', "[" * 5000, '{"rawId":0}', '{"rawId":"é"}', "x" * (LARGEST + 1), "\ud800", '{"rawId":"A"}']


@pytest.mark.parametrize("answer", HOSTILE)
def test_what_is_no_answer_is_refused(answer: str) -> None:
    passkey = Passkey(b"one", b"", 0)
    for attempt in (
        lambda: checked_passkey(SITE, CHALLENGE, answer),
        lambda: checked_answer(SITE, ACCOUNT, CHALLENGE, passkey, answer),
        lambda: credential_of(answer) and checked_answer(SITE, ACCOUNT, CHALLENGE, passkey, answer),
    ):
        with pytest.raises(PasskeyRefused):
            attempt()


AUTHENTICATOR = Authenticator(b"one", handle=ACCOUNT.encode())
KNOWN = known(AUTHENTICATOR)
ANSWERS = {"make": AUTHENTICATOR.make(QUESTION), "answer": AUTHENTICATOR.answer(QUESTION)}


@given(data())
def test_sv05_one_byte_changed_is_refused_or_harmless_and_raises_nothing_else(drawn: object) -> None:
    draw = drawn.draw  # type: ignore[attr-defined]
    kind = draw(sampled_from(["make", "answer"]))
    answer = json.loads(ANSWERS[kind])
    member = draw(sampled_from(sorted(answer["response"])))
    content = bytearray(decoded(answer["response"][member]))
    place = draw(integers(0, len(content) - 1))
    content[place] ^= draw(integers(1, 255))
    answer["response"][member] = encoded(bytes(content[: draw(sampled_from([len(content), max(1, place)]))]))
    try:
        if kind == "answer":
            checked_answer(SITE, ACCOUNT, CHALLENGE, KNOWN, json.dumps(answer))
        else:
            made = checked_passkey(SITE, CHALLENGE, json.dumps(answer))
            assert isinstance(made.credential_id, bytes)
            return
    except PasskeyRefused:
        return
    raise AssertionError(f"{member} changed at {place} and taken")


MEMBERS = ["id", "rawId", "type", "response", "authenticatorAttachment", "clientDataJSON", "authenticatorData", "signature", "userHandle"]


@given(dictionaries(sampled_from(MEMBERS), none() | integers() | text() | binary().map(encoded)))
def test_no_json_raises_anything_else(members: dict[str, object]) -> None:
    for answer in (members, {**json.loads(ANSWERS["answer"]), **members}, {**json.loads(ANSWERS["answer"]), "response": members}):
        if answer != json.loads(ANSWERS["answer"]):
            for attempt in (
                lambda content: checked_passkey(SITE, CHALLENGE, content),
                lambda content: checked_answer(SITE, ACCOUNT, CHALLENGE, KNOWN, content),
            ):
                accept(attempt, json.dumps(answer))


def accept(attempt: Callable[[str], object], content: str) -> None:
    try:
        attempt(content)
    except PasskeyRefused:
        return


@pytest.mark.parametrize(
    ("domain", "origins"),
    [
        ("", ("https://x.example",)), ("x.example", ()), ("x.example", ("http://x.example",)),
        ("x.example", ("https://x.example", "x.example")), ("x.example", ("https://x.example/",)),
        ("localhost", ("http://localhost.evil.example",)), ("localhost", ("http://localhost:80@evil",)),
    ],
)  # fmt: skip
def test_passkeys_need_https(domain: str, origins: tuple[str, ...]) -> None:
    with pytest.raises(Invalid):
        Site(domain, origins)


def test_a_demonstration_may_run_on_this_machine() -> None:
    Site("localhost", ("http://localhost", "http://localhost:8000"))


# In sessions


@pytest.mark.proves("COP-085b")
def test_a_passkey_is_a_second_factor(staff: Staff) -> None:
    authenticator = Authenticator(b"one", handle=staff.ada.account_id.encode())
    register(staff, staff.ada, authenticator)
    pending = staff.accounts.sign_in.password("ada", staff.ada.password)
    assert pending.kinds == {Kind.ONE_TIME, Kind.PASSKEY}
    options = json.loads(staff.accounts.sign_in.passkey_options(pending.token))
    assert [each["id"] for each in options["allowCredentials"]] == [encoded(b"one")]
    token = staff.accounts.sign_in.passkey(pending.token, authenticator.answer(json.dumps(options)))
    assert staff.accounts.sessions.full(token) == staff.ada.account_id


def test_sv05_an_answer_serves_once_and_only_its_own_session(staff: Staff) -> None:
    authenticator = Authenticator(b"one")
    register(staff, staff.ada, authenticator)
    (first, asked), (second, _) = question(staff, staff.ada), question(staff, staff.ada)
    answer = authenticator.answer(asked)
    for token in (second, second):
        with pytest.raises(NotSignedIn):
            staff.accounts.sign_in.passkey(token, answer)
    staff.accounts.sign_in.passkey(first, answer)
    with pytest.raises(NotSignedIn):
        staff.accounts.sign_in.passkey(first, answer)


def test_sv05_a_wrong_answer_uses_the_question_up(staff: Staff) -> None:
    authenticator = Authenticator(b"one")
    register(staff, staff.ada, authenticator)
    pending, asked = question(staff, staff.ada)
    with pytest.raises(NotSignedIn):
        staff.accounts.sign_in.passkey(pending, replace(authenticator, flags=0).answer(asked))
    with pytest.raises(NotSignedIn):
        staff.accounts.sign_in.passkey(pending, authenticator.answer(asked))
    authenticator.count += 5
    staff.accounts.sign_in.passkey(pending, authenticator.answer(staff.accounts.sign_in.passkey_options(pending)))


def test_sv05_a_question_does_not_wait(staff: Staff) -> None:
    authenticator = Authenticator(b"one")
    register(staff, staff.ada, authenticator)
    pending, asked = question(staff, staff.ada)
    staff.later(CHALLENGE_FOR)
    with pytest.raises(NotSignedIn):
        staff.accounts.sign_in.passkey(pending, authenticator.answer(asked))


def test_sv05_a_copied_passkey_is_noticed_by_its_count(staff: Staff) -> None:
    authenticator = Authenticator(b"one")
    register(staff, staff.ada, authenticator)
    copy = replace(authenticator)
    pending, asked = question(staff, staff.ada)
    staff.accounts.sign_in.passkey(pending, authenticator.answer(asked))
    pending, asked = question(staff, staff.ada)
    with pytest.raises(NotSignedIn):
        staff.accounts.sign_in.passkey(pending, copy.answer(asked))
    assert staff.events[-1] == ("sign-in failed", {"account": staff.ada.account_id, "step": "passkey"})


def test_an_authenticator_that_counts_nothing_serves(staff: Staff) -> None:
    authenticator = Authenticator(b"one", step=0, flags=PRESENT)
    register(staff, staff.ada, authenticator)
    for _ in range(2):
        pending, asked = question(staff, staff.ada)
        staff.accounts.sign_in.passkey(pending, authenticator.answer(asked))


def test_sv05_somebody_else_s_passkey_opens_nothing_and_cannot_be_registered_twice(staff: Staff) -> None:
    bob, own = staff.hire("bob"), Authenticator(b"one")
    register(staff, bob, own)
    register(staff, staff.ada, Authenticator(b"two"))
    pending, asked = question(staff, staff.ada)
    with pytest.raises(NotSignedIn):
        staff.accounts.sign_in.passkey(pending, own.answer(asked))
    token = staff.sign_in(staff.ada)
    with pytest.raises(Conflict):
        staff.accounts.enrolment.confirm_passkey(token, Authenticator(b"one").make(staff.accounts.enrolment.begin_passkey(token)))


def test_sv05_a_passkey_that_was_given_up_opens_nothing(staff: Staff) -> None:
    authenticator = Authenticator(b"one")
    register(staff, staff.ada, authenticator)
    token = staff.sign_in(staff.ada)
    passkey = next(factor for factor in staff.accounts.enrolment.factors(token) if factor.kind is Kind.PASSKEY)
    pending, asked = question(staff, staff.ada)
    staff.accounts.enrolment.end_factor(token, passkey.factor_id)
    with pytest.raises(NotSignedIn):
        staff.accounts.sign_in.passkey(pending, authenticator.answer(asked))


def test_a_new_passkey_answers_the_latest_question_in_time(staff: Staff) -> None:
    enrolment, token, authenticator = staff.accounts.enrolment, staff.sign_in(staff.ada), Authenticator(b"one")
    asked = enrolment.begin_passkey(token)
    answer = authenticator.make(asked)
    other = staff.sign_in(staff.ada)
    enrolment.begin_passkey(other)
    for attempt in (
        lambda: enrolment.confirm_passkey(other, answer),
        lambda: enrolment.confirm_passkey(token, ""),
        lambda: enrolment.begin_passkey(token) and enrolment.confirm_passkey(token, answer),
    ):
        with pytest.raises(Invalid):
            attempt()
    late = authenticator.make(enrolment.begin_passkey(token))
    staff.later(CHALLENGE_FOR + timedelta(seconds=1))
    with pytest.raises(Invalid):
        enrolment.confirm_passkey(token, late)
    first = enrolment.confirm_passkey(token, authenticator.make(enrolment.begin_passkey(token)))
    options = json.loads(enrolment.begin_passkey(token))
    assert [each["id"] for each in options["excludeCredentials"]] == [encoded(b"one")]
    assert decoded(options["user"]["id"]) == staff.ada.account_id.encode()
    assert first.token == token
