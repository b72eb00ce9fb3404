"""Ballots made inside Chromium and WebKit pass engine, server and standalone verifier; ballots of the engine open in both browsers."""

import json
import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Browser

from api.voters.ballot_box import check, check_challenged
from api.voters.public import PublicElection
from engine.ballot import CAST, CHALLENGED, EncryptedBallot, Opening, Selections, encrypt_ballot, new_ballot_nonce
from engine.decryption import open_challenged
from engine.encoding import from_json, to_json
from engine.group import STANDARD
from engine.guardian import decrypt_nonces
from engine.manifest import Contest, Manifest
from engine.parameters import Election
from engine.record import Record, write_record
from tests.engine.elections import Ceremony, a_manifest, decrypt, hold_ceremony, in_order
from tests.web.in_browsers import BrowserEncryptor, in_chromium, in_webkit, worker_site
from tests.web.node import Encryptor, encryptor
from tests.web.webkit import webkit_browser
from verifier.verify import verify_record

BALLOTS = int(os.environ.get("PSEPHOS_BROWSER_BALLOTS", "84"))
"""Over all manifests. Before a release: 500."""
SIGNING = bytes(range(32))
KEY = Ed25519PrivateKey.from_private_bytes(SIGNING).public_key().public_bytes_raw()
SPOIL = {"label": "Spoil", "spoil": True}
IN_WELSH = [{"label": "Ydw"}, {"label": "Nac ydw"}, {"label": "Gwrthod pob dewis", "spoil": True}]


def options(count: int, *more: dict[str, Any], **of_each: Any) -> list[dict[str, Any]]:
    return [*({"label": f"Option {number}", **of_each} for number in range(1, count + 1)), *more]


MANIFESTS: dict[str, dict[str, Any]] = {
    "yes or no": {"contests": [{"label": "Strike", "options": options(2, SPOIL)}], "ballot_styles": [{"label": "All", "contests": [1]}]},
    "two questions": {
        "contests": [{"label": "Strike", "options": options(2, SPOIL)}, {"label": "Action short of it", "options": options(2, SPOIL)}],
        "ballot_styles": [{"label": "First", "contests": [1]}, {"label": "Both", "contests": [1, 2]}, {"label": "Second", "contests": [2]}],
    },
    "several of six": {
        "contests": [{"label": "Executive", "selection_limit": 3, "options": options(6, SPOIL)}],
        "ballot_styles": [{"label": "All", "contests": [1]}],
    },
    "twenty candidates": {
        "contests": [{"label": "President", "options": options(20, SPOIL)}], "ballot_styles": [{"label": "All", "contests": [1]}],
    },
    "points": {
        "contests": [
            {"label": "Points", "selection_limit": 5, "options": options(3, selection_limit=3)},
            {"label": "As many as wanted", "selection_limit": "NO_LIMIT", "options": options(4)},
        ],
        "ballot_styles": [{"label": "All", "contests": [1, 2]}],
    },
    "in Welsh": {
        "label": "Pleidlais ar streicio — Gŵyl Ŷd “2026” \\ é",
        "contests": [{"label": "Ydych chi’n barod i gymryd rhan mewn streic?", "options": IN_WELSH}],
        "ballot_styles": [{"label": "Pawb", "contests": [1]}],
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def outside() -> Iterator[Encryptor]:
    """The browser's code outside a browser."""
    with encryptor() as running:
        yield running


@pytest.fixture(scope="module")
def browsers(chromium: Browser) -> Iterator[list[BrowserEncryptor]]:
    """The built worker, in two engines."""
    with worker_site() as address, webkit_browser() as webkit:
        yield [in_chromium(chromium, address), in_webkit(webkit, address)]


@pytest.fixture(scope="module", params=MANIFESTS)
def ceremony(request: pytest.FixtureRequest) -> Ceremony:
    return hold_ceremony(2, 2, STANDARD, a_manifest(2, **MANIFESTS[request.param]))


def parts_of(election: Election) -> str:
    parameters = election.parameters
    keys = election.vote_encryption_key, election.ballot_data_encryption_key
    return to_json(PublicElection(election.manifest.content, parameters.guardian_count, parameters.quorum, *keys)).decode()


def any_choices(manifest: Manifest, style: int, chance: random.Random) -> list[list[int]]:
    return [any_of(manifest.contest(index), chance) for index in manifest.ballot_style(style).contests]


def any_of(contest: Contest, chance: random.Random) -> list[int]:
    """Anything that is allowed: nothing, one, several, as many as possible, or spoil."""
    chosen = [0] * len(contest.options)
    if contest.spoil and chance.random() < 0.2:
        return [*chosen[:-1], 1]
    others = contest.options[: -1 if contest.spoil else None]
    for _ in range(chance.randint(0, contest.selection_limit)):
        option = chance.choice(others)
        chosen[option.index - 1] += chosen[option.index - 1] < option.selection_limit
    return chosen


@pytest.mark.filterwarnings("ignore:setting remote_server_addr:DeprecationWarning")  # Selenium's own
def test_ballots_made_in_both_browsers_verify_everywhere(browsers: list[BrowserEncryptor], ceremony: Ceremony, tmp_path: Path) -> None:
    election, chance = ceremony.election, random.Random(ceremony.election.manifest.label)
    for browser in browsers:
        browser.prepare(parts_of(election))
    made, wanted = list[tuple[EncryptedBallot, Opening]](), [[0] * len(contest.options) for contest in election.manifest.contests]
    for number in range(BALLOTS // len(MANIFESTS)):
        style = 1 + number % len(election.manifest.ballot_styles)
        choices = any_choices(election.manifest, style, chance)
        content, opening = browsers[number // len(election.manifest.ballot_styles) % 2].encrypt(style, choices)
        assert check(content, style, election).content == content  # the server, and with it the engine
        _, opened = check_challenged(content, opening, style, election)
        assert [[option.value for option in contest.options] for contest in opened.contests] == choices
        state = CHALLENGED if number % 7 == 3 else CAST
        if state == CAST:
            for index, chosen in zip(election.manifest.ballot_style(style).contests, choices, strict=True):
                wanted[index - 1] = [old + new for old, new in zip(wanted[index - 1], chosen, strict=True)]
        ballot = from_json(EncryptedBallot, content, STANDARD).with_state(state)
        made.append((ballot, from_json(Opening, opening, STANDARD)))
    published = in_order(made, election)
    openings = open_challenged(
        published.found.challenged, [decrypt_nonces(share, published.found.challenged, election) for share in ceremony.key_shares], election
    )
    tally = decrypt(ceremony.key_shares, published.found.tally, election)
    assert [[option.tally for option in contest.options] for contest in tally.contests] == wanted
    record = Record(election, ceremony.public, ceremony.acknowledgements, published.lines, published.found, tally, openings)
    write_record(tmp_path / "record", record, SIGNING, datetime(2026, 11, 21, tzinfo=UTC))
    report = verify_record(tmp_path / "record", KEY)
    assert report.exit_status == 0, report.text()


@pytest.mark.filterwarnings("ignore:setting remote_server_addr:DeprecationWarning")  # Selenium's own
def test_ballots_made_by_the_engine_open_in_both_browsers(browsers: list[BrowserEncryptor], outside: Encryptor, ceremony: Ceremony) -> None:
    election, chance = ceremony.election, random.Random(1)
    assert outside.ask(election=parts_of(election)) == {}
    for browser in browsers:
        browser.prepare(parts_of(election))
    for style in range(1, 1 + len(election.manifest.ballot_styles)):
        choices = any_choices(election.manifest, style, chance)
        ballot, opening = encrypt_ballot(Selections(style, tuple(map(tuple, choices))), election, new_ballot_nonce())
        text, opened = to_json(ballot).decode(), to_json(opening).decode()
        wanted = {"style": style, "confirmationCode": ballot.confirmation_code.hex().upper(), "choices": choices}
        assert outside.ask(ballot=text, opening=opened) == wanted
        for browser in browsers:
            assert browser.recompute(text.encode(), opened.encode()) == wanted, browser.name
        other = json.dumps(json.loads(opened) | {"choices": [[*chosen[1:], chosen[0]] for chosen in choices]}, separators=(",", ":"))
        if any(len(set(chosen)) > 1 for chosen in choices):
            assert "encrypts something else" in outside.ask(ballot=text, opening=other)["refused"]
