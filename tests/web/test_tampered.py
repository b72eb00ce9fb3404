"""CL-01: an encryptor that does something else than the voter chose is caught: by the second device, the service, or the page itself."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Route

from api.errors import Invalid
from api.voters.ballot_box import BallotBox, check, check_challenged
from api.voters.errors import BallotTaken
from engine.ballot import Selections, encrypt_ballot, new_ballot_nonce
from engine.encoding import to_json
from tests.web.conftest import Desk, heading, press, to_casting
from tests.web.node import NODE, WEB, Encryptor, encryptor
from tests.web.site import Site
from tests.web.test_ballots import parts_of

YES = [[1, 0, 0]]
FLIPS = ("ballot.ts", "  checkSelections(choices, contests);\n", "  checkSelections(choices, contests);\n  choices = [[0, 1, 0]];\n")
FLIPS_AND_LIES = ("ballot.ts", "opening: { choices, ballotNonce", "opening: { choices: [[1, 0, 0]], ballotNonce")
ONE_NONCE = ("hashing.ts", "H_I.H_q(0x21, b(contest), b(option), ballotNonce)", "H_I.H_q(0x21, b(contest), b(1), ballotNonce)")
SAME_NONCE = ("ballot.ts", "  random(ballotNonce);\n  random(id_B);\n", "  ballotNonce.fill(7);\n  id_B.fill(7);\n")
OTHER_DERIVATION = ("hashing.ts", "H_I.H_q(0x21,", "H_I.H_q(0x22,")


@contextmanager
def tampered(folder: Path, *changes: tuple[str, str, str]) -> Iterator[Encryptor]:
    """The encryptor, built from sources that somebody has changed."""
    shutil.copytree(WEB / "src", folder / "src")
    shutil.copytree(WEB / "tests", folder / "tests")
    (folder / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    for name, old, new in changes:
        source = (folder / "src" / name).read_text(encoding="utf-8")
        assert source.count(old) == 1, f"{name}: {old}"
        (folder / "src" / name).write_text(source.replace(old, new), encoding="utf-8")
    with subprocess.Popen([NODE, "tests/lines.ts"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Encryptor(process)
        assert process.stdin is not None
        process.stdin.close()


@pytest.mark.parametrize("honest", [True, False], ids=["says what it did", "says what was chosen"])
def test_cl01_a_flipped_choice_is_seen_on_the_second_device(site: Site, tmp_path: Path, honest: bool) -> None:
    changes = [FLIPS] if honest else [FLIPS, FLIPS_AND_LIES]
    with tampered(tmp_path / "changed", *changes) as wrong, encryptor() as right:
        for each in (wrong, right):
            each.ask(election=parts_of(site.election))
        made = wrong.ask(style=1, choices=YES)
        told = right.ask(ballot=made["ballot"], opening=made["opening"])
        slip = right.ask(slip=made["ballot"], opening=made["opening"])
    assert site.decrypted(made["ballot"].encode()) == [[0, 1, 0]]
    code = json.loads(made["ballot"])["confirmation_code"]
    if honest:
        assert (told["choices"], slip["choices"], slip["confirmationCode"]) == ([[0, 1, 0]], [[0, 1, 0]], code), "not what the voter chose"
    else:
        assert "encrypts something else" in told["refused"]
        assert slip["confirmationCode"] != code, "not the code of the first device"
        with pytest.raises(Invalid, match="cannot be opened"):
            check_challenged(made["ballot"].encode(), made["opening"].encode(), 1, site.election)


def test_cl01_one_nonce_for_all_options_is_refused_by_the_service(site: Site, tmp_path: Path) -> None:
    with tampered(tmp_path / "changed", ONE_NONCE) as wrong:
        wrong.ask(election=parts_of(site.election))
        made = wrong.ask(style=1, choices=YES)
    with pytest.raises(Invalid, match="nonce is 0 or used twice"):
        check(made["ballot"].encode(), 1, site.election)


def test_cl01_one_nonce_for_two_voters_is_refused_by_the_service(site: Site, tmp_path: Path) -> None:
    box = BallotBox(site.database, site.clock)
    with tampered(tmp_path / "changed", SAME_NONCE) as wrong:
        wrong.ask(election=parts_of(site.election))
        first, second = (check(wrong.ask(style=1, choices=choices)["ballot"].encode(), 1, site.election) for choices in (YES, [[0, 0, 1]]))
    box.cast(site.window, site.code(), first, "127.0.0.1")
    with pytest.raises(BallotTaken):
        box.cast(site.window, site.code(), second, "127.0.0.1")


def test_cl01_nonces_that_are_derived_in_another_way_are_caught_when_a_vote_is_checked(site: Site, tmp_path: Path) -> None:
    with tampered(tmp_path / "changed", OTHER_DERIVATION) as wrong, encryptor() as right:
        for each in (wrong, right):
            each.ask(election=parts_of(site.election))
        made = wrong.ask(style=1, choices=YES)
        slip = right.ask(slip=made["ballot"], opening=made["opening"])
    check(made["ballot"].encode(), 1, site.election)  # nothing is wrong that can be seen without opening it
    assert slip["confirmationCode"] != json.loads(made["ballot"])["confirmation_code"]
    with pytest.raises(Invalid, match="cannot be opened"):
        check_challenged(made["ballot"].encode(), made["opening"].encode(), 1, site.election)


def test_cl01_a_worker_that_was_changed_on_its_way_is_not_started(site: Site, desk: Desk) -> None:
    def changed(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text() + "\n")

    page = desk.context.new_page()
    page.route("**/assets/worker-*.js", changed)
    page.goto(site.link())
    heading(page, "Do not vote on this page")
    assert not any("/form" in each.url for each in desk.requests)


def test_cl10_what_leaves_the_page_holds_no_choice_in_clear(site: Site, desk: Desk) -> None:
    page = desk.open(site.link())
    to_casting(page, "No, I am not")
    press(page, "Cast this vote")
    heading(page, "Your vote has been received")
    sent = desk.posted()[-1].post_data_buffer
    assert set(json.loads(sent)) == {
        "ballot_id", "ballot_style_ix", "device_ix", "id_b", "h_i", "contests", "ballot_nonce_ciphertext", "chaining_field",
        "confirmation_code",
    }  # fmt: skip
    assert not re.search(rb"Yes|No|Spoil|strike|choices", sent)
    numbers = set(re.findall(r'"(?:alpha|beta)":"([0-9A-F]+)"', sent.decode()))
    for choices in ((1, 0, 0), (0, 1, 0), (0, 0, 1)):  # the same choice again gives other numbers
        again, _ = encrypt_ballot(Selections(1, (choices,)), site.election, new_ballot_nonce())
        assert not numbers & set(re.findall(r'"(?:alpha|beta)":"([0-9A-F]+)"', to_json(again).decode()))


def test_cl15_a_long_ballot_over_a_slow_line_arrives(desk: Desk, tmp_path: Path) -> None:
    """60 options are 149 kB: longer on their way than an answer may take."""
    options = [{"label": f"Candidate {number}"} for number in range(1, 61)]
    with Site(tmp_path, contests=[{"label": "President", "options": options}], styles=[{"label": "All", "contests": [1]}]) as long:
        page = desk.context.new_page()
        page.add_init_script("const wait = setTimeout; globalThis.setTimeout = (done, ms, ...more) => wait(done, ms / 20, ...more);")
        page.goto(long.link())  # twenty times faster, so that the test is: 40 kB a second, and 3 s for an answer
        to_casting(page, "Candidate 7")
        session = desk.context.new_cdp_session(page)
        slow = {"offline": False, "latency": 300, "downloadThroughput": 40_960, "uploadThroughput": 40_960}
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", slow)
        press(page, "Cast this vote")
        heading(page, "Your vote has been received")
        assert len(desk.posted()) == 1
        assert len(desk.posted()[0].post_data_buffer) > 140_000


def test_cl15_a_ballot_that_is_too_long_is_refused_before_it_is_read(site: Site, desk: Desk) -> None:
    code = site.code().grouped()
    address = f"{site.address}/api/v1/elections/{site.election_id}/votes"
    for length, status in ((site.window.longest + 1, 422), (12 * 2**20 + 1, 413)):
        headers = {"Access-Code": code, "Content-Type": "application/json"}
        answer = desk.context.request.post(address, data=b"x" * length, headers=headers)
        assert (answer.status, "nothing was stored" in answer.text()) == (status, True)
