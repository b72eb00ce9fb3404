"""The report over HTTP, of a whole statutory ballot: drafted, refused while it lacks something, final once and for ever."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from api.durable import write_once
from engine.statutory import BallotType, Method
from tests.api.office import ELECTION, LINK_KEY, Office
from tests.api.test_particulars import entries, sample, statutory
from tests.cli.conftest import cheap
from tests.cli.online import platform
from tests.cli.test_platform import VOTERS, Whole
from tests.engine.elections import NO, YES

WHERE = f"/ballots/{ELECTION}"
KIND, METHODS = BallotType.UNION_ELECTION, (Method.ELECTRONIC,)
SAYS = {"satisfied": True, "accessibility": "Paper in large print on request."}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """A union election on the platform, up to a record that is signed and verifies; not released yet."""
    with pytest.MonkeyPatch.context() as patch:
        cheap(patch)
        with platform(tmp_path_factory.mktemp("reported"), statutory=statutory(KIND, METHODS)) as online:
            made, office = Whole(online), online.office
            told = sample(KIND, METHODS)
            certificates = told.pop("certificates")
            assert office.call("PUT", f"{WHERE}/particulars", told, "sam", **{"If-Match": '"0"'}).status_code == 200
            made.ready()
            refused = online.step("open", "sam")
            assert refused.status_code == 409
            assert "COP-046.1" in refused.text
            whole = {**told, "certificates": certificates}
            assert office.call("PUT", f"{WHERE}/particulars", whole, "sam", **{"If-Match": '"1"'}).status_code == 200
            named = {"electronic": VOTERS}
            numbers = {"people": VOTERS, "without_method": 0, "unranked": 0, "exceptions": 0, "particulars": 2, "named": named}
            assert office.post(f"/link/{ELECTION}/roll-numbers", numbers, token=LINK_KEY).status_code == 201
            assert made.two("open")["state"] == "open", office.get(f"{WHERE}/opening-check", "sam").text
            made.at(made.manifest.opens.replace(hour=12))
            for number in range(1, 13):
                made.vote(number, YES if number < 9 else NO)
            made.closed()
            made.counted()
            made.two("exclude")
            online.step("tally", "sam")
            office.post(f"{WHERE}/requests", {"guardians": [1, 2]}, "sue")
            assert made.decrypt(1, 2) == {1: None, 2: None}
            assert online.step("tally", "sue").json()["state"] == "tallied"
            assert made.verified(office.post(f"{WHERE}/record", {}, "sam").json())["state"] == "done"
            yield made


def pages(office: Office, name: str = "sam", **said: Any) -> Any:
    return office.post(f"{WHERE}/report/pages", said, name)


def test_the_opening_is_logged_with_its_warnings(whole: Whole) -> None:
    (checked,) = entries(whole.online.office, "opening_checked")
    assert checked.members["warnings"] == 0
    again = whole.online.office.call("PUT", f"{WHERE}/particulars", {}, "sam", **{"If-Match": '"1"'})
    assert again.status_code == 409, "what a ballot was opened with stays"


def test_a_report_is_drafted_then_final_and_never_changes(whole: Whole) -> None:
    office = whole.online.office
    draft = pages(office, **SAYS)
    assert (draft.status_code, draft.headers["content-type"]) == (200, "application/pdf"), draft.text
    assert draft.content.startswith(b"%PDF-")
    early = pages(office, **SAYS, final=True)
    assert early.status_code == 409
    assert "COP-167.1" in early.text
    assert whole.two("release")["state"] == "released"
    assert "COP-167.1" in pages(office, final=True).text, "without a statement"
    final = pages(office, **SAYS, final=True)
    assert final.status_code == 200, final.text
    assert final.content != draft.content
    office.clock.moment = office.clock.moment.replace(second=59)
    assert pages(office, "sue", satisfied=False, reservations="Something else", final=True).content == final.content
    logged = entries(office, "report_finalised")
    assert [each.members["report_hash"] for each in logged] == [sha256(final.content).hexdigest()]


@pytest.mark.parametrize("said", [{"language": "fr"}, {"satisfied": "yes"}, {"remarks": "x" * 5001}, {"other": 1}])
def test_another_form_is_refused(whole: Whole, said: dict[str, Any]) -> None:
    assert pages(whole.online.office, **said).status_code == 422


def test_only_a_scrutineer_makes_a_report(whole: Whole) -> None:
    office = whole.online.office
    for name in ("ada", "tom1"):
        office.sign_in(name)
        assert pages(office, name).status_code == 403


def test_two_final_reports_at_one_moment_are_one(tmp_path: Path) -> None:
    place = tmp_path / "report.pdf"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: write_once(place, b"%d" % number), range(64)))
    first = place.read_bytes()
    write_once(place, b"later")
    assert place.read_bytes() == first
    assert [each.name for each in tmp_path.iterdir()] == ["report.pdf"]
