"""What services write: one object a line, members from a list, nothing that anybody sent (SV-19, PR-15)."""

import logging
import sys
import threading
import warnings

import pytest

from api import logs
from tests.api.watching import configured, lines

CANARY = "Canary Person 07700 900123"
NASTY = 'x\r\n{"level":"critical","event":"forged"}\x1b[2J\x1b]0;title\x07\x00\x7f\u2028\u202e\x85"}\n'


def raised() -> ValueError:
    secret = CANARY
    try:
        try:
            raise KeyError(secret)
        except KeyError as error:
            raise ValueError(f"not for {secret}") from error
    except ValueError as error:
        return error


def test_sv19_no_text_can_end_a_line_or_forge_another() -> None:
    with configured() as written:
        logs.logger("api.test").warning(NASTY, route=NASTY, **{"from": NASTY})
        logging.getLogger("a.library").warning(NASTY)
        logging.getLogger("uvicorn.error").warning(NASTY)
    found = lines(written)
    assert len(found) == 3
    assert [each["level"] for each in found] == ["warning"] * 3
    assert found[0]["route"] == NASTY
    assert NASTY not in str(found[1])


def test_a_member_that_is_not_on_the_list_is_not_written() -> None:
    with configured() as written:
        logs.logger("api.test").info("request", name=CANARY, path=CANARY, status=200, places=[CANARY, {"a": CANARY}], count=raised())
    (line,) = lines(written)
    assert line["event"] == "request"
    assert line["places"] == [CANARY, "<dict>"]
    assert line["count"] == "<ValueError>"
    assert set(line) == {"time", "level", "service", "event", "status", "places", "count"}


def test_pr15_an_exception_is_its_types_and_its_places() -> None:
    with configured() as written:
        logs.logger("api.test").error("a mistake", **logs.exception_members(raised()))
        logging.getLogger("asyncio").error(f"Task exception was never retrieved {raised()!r}", exc_info=raised())
        logging.getLogger("uvicorn.error").error(f"Exception in ASGI application\n{CANARY}", exc_info=raised())
        logging.getLogger("a.library").error("could not send to %s", CANARY)
    found = lines(written)
    assert CANARY not in written.getvalue()
    assert [each.get("exception") for each in found] == ["ValueError from KeyError"] * 3 + [None]
    assert "test_logs:" in str(found[0]["places"])
    assert found[2]["event"] == "Exception in ASGI application"
    assert str(found[3]["from"]).startswith("a.library:")


def test_pr15_warnings_and_what_nobody_caught_are_written_the_same_way() -> None:
    with configured() as written:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning(UserWarning(CANARY), UserWarning, "/srv/place/module.py", 7)
        error = raised()
        sys.excepthook(type(error), error, error.__traceback__)

        def fails() -> None:
            raise ValueError(CANARY)

        thread = threading.Thread(target=fails)
        thread.start()
        thread.join()
    assert CANARY not in written.getvalue()
    found = lines(written)
    assert [each["exception"] for each in found] == ["UserWarning", "ValueError", "ValueError"]
    assert found[0]["places"] == ["module.py:7"]
    assert "/srv" not in written.getvalue()


def test_a_line_that_cannot_be_written_is_not_written_in_another_way(capsys: pytest.CaptureFixture[str]) -> None:
    with configured() as written:
        written.close()
        logs.logger("api.test").error("a mistake", **logs.exception_members(raised()))
    shown = capsys.readouterr()
    assert shown.err == shown.out == ""


def test_a_configured_process_has_no_access_log() -> None:
    with configured() as written:
        logging.getLogger("uvicorn.access").error('192.0.2.1 - "GET /secret"')
        logging.getLogger("uvicorn.error").info("started")
    assert written.getvalue() == ""
