"""From a voter's browser to the verifier that anyone can run: codes, votes, a checked vote, close, tally, record, verifier.pyz."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from engine.ballot import EncryptedBallot, Opening
from engine.decryption import open_challenged
from engine.encoding import from_json
from engine.group import STANDARD
from engine.guardian import decrypt_nonces
from engine.record import Record, write_record
from tests.engine.elections import decrypt, in_order, tallies
from tests.web.conftest import Desk, heading, press, to_casting
from tests.web.site import SPOIL, STRIKE, Site

ROOT = Path(__file__).resolve().parents[2]
SIGNING = bytes(range(32))
CHOICES = ["Yes, I am", "No, I am not", "Spoil this question", "Yes, I am"]


@pytest.mark.proves("COP-064.2")
@pytest.mark.proves("COP-075.1")
def test_votes_of_browsers_are_counted_and_everybody_can_check_it(desk: Desk, tmp_path: Path) -> None:
    with Site(
        tmp_path, contests=[STRIKE | {"options": [*STRIKE["options"][:2], SPOIL]}], styles=[{"label": "All", "contests": [1]}]
    ) as site:
        for number, choice in enumerate(CHOICES):
            page = desk.open(site.link())
            to_casting(page, choice)
            if number == 1:
                press(page, "Check this vote first")
                page.locator(".psephos-qr svg").wait_for()
                second = desk.open(page.locator(".psephos-slip").get_attribute("href") or "")
                second.locator(".psephos-code").wait_for()
                assert second.locator(".psephos-code").inner_text() == page.locator(".psephos-code").inner_text()
                assert choice in second.inner_text("main")
                press(page, "Go back to voting")
                press(page, "Continue")
            press(page, "Cast this vote")
            heading(page, "Your vote has been received")
        stored, ceremony, election = site.closed(), site.ceremony, site.election
    assert sorted(each.state for each in stored) == ["Cast"] * 4 + ["Challenged"]
    made = [
        (
            from_json(EncryptedBallot, each.content, STANDARD).with_state(each.state),
            from_json(Opening, each.opening, STANDARD) if each.opening else Opening((), b"", STANDARD.scalar(0)),
        )
        for each in stored
    ]
    published = in_order(made, election)
    shares = [decrypt_nonces(share, published.found.challenged, election) for share in ceremony.key_shares]
    openings = open_challenged(published.found.challenged, shares, election)
    assert [option.value for option in openings[0].contests[0].options] == [0, 1, 0]
    tally = decrypt(ceremony.key_shares, published.found.tally, election)
    assert tallies(tally) == [[2, 1, 1]]
    record = Record(election, ceremony.public, ceremony.acknowledgements, published.lines, published.found, tally, openings)
    write_record(tmp_path / "record", record, SIGNING, site.window.closes + timedelta(days=1))
    key = tmp_path / "record.key"
    key.write_text(Ed25519PrivateKey.from_private_bytes(SIGNING).public_key().public_bytes_raw().hex().upper() + "\n", encoding="utf-8")
    built = subprocess.run([sys.executable, "run", "verifier", "--output", str(tmp_path / "verifier.pyz")], cwd=ROOT, check=False)
    assert built.returncode == 0
    command = [sys.executable, "-I", "-S", str(tmp_path / "verifier.pyz"), str(tmp_path / "record"), "--key", str(key)]
    verified = subprocess.run(command, capture_output=True, text=True, check=False)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "VERIFIED" in verified.stdout
