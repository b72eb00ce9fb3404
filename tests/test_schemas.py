"""The JSON Schemas of specs/schemas describe every file of a record that the engine makes, and refuse what is not of its form."""

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from engine.ballot import CAST, CHALLENGED, DISCOUNTED
from engine.decryption import open_challenged
from engine.encoding import to_json
from engine.group import STANDARD
from engine.guardian import decrypt_nonces
from engine.log import as_received, check_log, record_log
from engine.merkle import leaf_hash
from engine.record import Record, write_record
from engine.tally import verify_and_multiply
from engine.witness import state_log
from tests.engine.elections import a_ballot, a_manifest, decrypt, hold_ceremony

SCHEMAS = Path(__file__).parent.parent / "specs" / "schemas"
FORMAT = Path(__file__).parent.parent / "specs" / "record-format.md"
PATHS = {
    "profile": "profile.json",
    "election_parameters": "election_parameters.json",
    "election_manifest": "election_manifest.json",
    "hashes": "hashes.json",
    "hashes_ext": "hashes_ext.json",
    "guardian_public_key": "guardians/guardian_1.public_key.json",
    "joint_public_keys": "joint_public_keys.json",
    "acknowledgement": "acknowledgements.jsonl",
    "voting_devices": "voting_devices.json",
    "ballot": "ballots/device_1.jsonl",
    "log": "log.json",
    "challenged_ballot": "challenged_ballots.jsonl",
    "tally": "tally.json",
    "totals": "totals.json",
    "signature": "signature.json",
}
OPTIONAL = {"selection_limit", "spoil", "proof_spoil", "statement", "log"}
CONTESTS = [
    {"label": "Strike", "options": [{"label": "Yes"}, {"label": "No"}, {"label": "Spoil", "spoil": True}]},
    {
        "label": "Executive",
        "selection_limit": 2,
        "options": [{"label": "A", "selection_limit": "CONTEST_LIMIT"}, {"label": "B"}, {"label": "Spoil", "spoil": True}],
    },
]
Place = tuple[str | int, ...]


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record of kind witnessed of one guardian and four ballots at standard parameters."""
    styles = [{"label": "Both", "contests": [1, 2]}, {"label": "One", "contests": [1]}]
    made = hold_ceremony(1, 1, STANDARD, a_manifest(1, contests=CONTESTS, ballot_styles=styles, log="witnessed"))
    election = made.election
    choices = [
        (1, CAST, (1, 0, 0), (2, 0, 0)),
        (1, CAST, (0, 0, 1), (0, 0, 1)),
        (1, CHALLENGED, (0, 1, 0), (1, 1, 0)),
        (2, DISCOUNTED, (1, 0, 0)),
    ]
    ballots = [a_ballot(election, *chosen, style=style, state=state)[0] for style, state, *chosen in choices]
    lines = [to_json(ballot) for ballot in sorted(ballots, key=lambda ballot: ballot.confirmation_code)]
    found = verify_and_multiply(lines, election)
    openings = open_challenged(found.challenged, [decrypt_nonces(made.key_shares[0], found.challenged, election)], election)
    folder = tmp_path_factory.mktemp("records") / "record"
    tally = decrypt(made.key_shares, found.tally, election)
    checked = check_log([leaf_hash(as_received(line)) for line in lines], [], lines)
    log = record_log(checked, [state_log(made.key_shares[0], checked, election)], election)
    whole = Record(election, made.public, made.acknowledgements, lines, found, tally, openings, log)
    write_record(folder, whole, bytes(32), datetime(2026, 11, 21, tzinfo=UTC))
    return folder


def schema(name: str) -> Draft202012Validator:
    content = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(content)
    return Draft202012Validator(content)


def values(record: Path, name: str) -> list[Any]:
    content = (record / PATHS[name]).read_text("utf-8")
    return [json.loads(line) for line in (content.splitlines() if PATHS[name].endswith(".jsonl") else [content])]


def places(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every value in a value, with the way to it."""
    yield place, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*place, key))


def altered(value: Any, place: Place, change: Any) -> Any:
    """A copy in which `change` has been made to the value at `place`: a function of it that returns the new one."""
    if not place:
        return change(deepcopy(value))
    copy = deepcopy(value)
    holder = copy
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = change(holder[place[-1]])
    return copy


def is_hex(value: Any) -> bool:
    return isinstance(value, str) and len(value) in (64, 72, 128, 1024) and set(value) <= set("0123456789ABCDEF")


def lowered(text: str) -> str:
    """With one digit in lower case."""
    return ("a" + text[1:]) if text[0] not in "ABCDEF" else text[0].lower() + text[1:]


def test_every_file_of_a_record_has_its_schema(record: Path) -> None:
    files = {path.relative_to(record).as_posix() for path in record.rglob("*") if path.is_file()}
    assert files == set(PATHS.values())
    assert {path.name for path in SCHEMAS.iterdir()} == {f"{name}.schema.json" for name in PATHS}


@pytest.mark.parametrize("name", PATHS)
def test_what_the_engine_writes_is_valid(record: Path, name: str) -> None:
    found = values(record, name)
    assert found
    for value in found:
        assert list(schema(name).iter_errors(value)) == []


@pytest.mark.parametrize("name", PATHS)
def test_an_unknown_member_is_refused_everywhere(record: Path, name: str) -> None:
    check, value = schema(name), values(record, name)[0]
    for place, part in places(value):
        if isinstance(part, dict):
            assert not check.is_valid(altered(value, place, lambda part: {**part, "extra": 1})), place


@pytest.mark.parametrize("name", PATHS)
def test_a_missing_member_is_refused_everywhere(record: Path, name: str) -> None:
    check = schema(name)
    for value in values(record, name):
        for place, part in places(value):
            if isinstance(part, dict) and place[-1:] != ("contests",):
                for member in part.keys() - OPTIONAL:
                    changed = altered(value, place, lambda part, gone=member: {k: v for k, v in part.items() if k != gone})
                    assert not check.is_valid(changed), (place, member)


@pytest.mark.parametrize("name", PATHS)
def test_wrong_width_and_lower_case_are_refused_everywhere(record: Path, name: str) -> None:
    check, value = schema(name), values(record, name)[0]
    for place, part in places(value):
        if is_hex(part):
            changes = (lowered, lambda text: text[1:], lambda text: "0" + text, lambda text: text[:-1] + "G", lambda text: text + "\n")
            for change in changes:
                assert not check.is_valid(altered(value, place, change)), place


@pytest.mark.parametrize("name", PATHS)
def test_another_type_and_null_are_refused_everywhere(record: Path, name: str) -> None:
    check, value = schema(name), values(record, name)[0]
    for place, part in places(value):
        for other in (None, -1, "", 1.5, [], {}, True):
            if other != part or type(other) is not type(part):
                assert not check.is_valid(altered(value, place, lambda _, new=other: new)), (place, other)


@pytest.mark.parametrize("name", PATHS)
def test_every_member_is_described(name: str) -> None:
    content = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    assert content["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for place, part in places(content):
        if isinstance(part, dict) and part.get("type") == "object":
            assert part["additionalProperties"] is False, place
            assert part["properties"].keys() >= set(part["required"]) if "properties" in part else "patternProperties" in part, place
        if place and place[-1] == "properties":
            for member, node in part.items():
                assert node.get("description"), (place, member)


@pytest.mark.parametrize("name", PATHS)
def test_members_stand_in_the_documented_order(record: Path, name: str) -> None:
    """A schema cannot ask for an order, but it shows one: the one of the record."""

    def order(node: Any, value: Any, definitions: Any) -> None:
        node = {**definitions.get(node.get("$ref", "").rpartition("/")[2], {}), **node}
        if isinstance(value, dict):
            listed = [member for member in node.get("properties", value) if member in value]
            assert list(value) == listed
            inner = next(iter(node.get("patternProperties", {}).values()), None)
            for member, item in value.items():
                order(node["properties"][member] if inner is None else inner, item, definitions)
        elif isinstance(value, list) and "items" in node:
            for item in value:
                order(node["items"], item, definitions)

    content = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    for value in values(record, name):
        order(content, value, content.get("$defs", {}))


def test_the_optional_parts_were_there_to_be_checked(record: Path) -> None:
    contests = values(record, "ballot")[0]["contests"] | values(record, "ballot")[1]["contests"]
    assert "proof_spoil" in contests["2"]
    assert "proof_spoil" not in contests["1"]
    totals = values(record, "totals")[0]
    assert schema("totals").is_valid({**totals, "statement": "No ballot was cast."})
    assert not schema("totals").is_valid({**totals, "statement": "Nobody voted."})


def test_the_page_names_every_schema() -> None:
    assert "specs/schemas" in FORMAT.read_text("utf-8")


NUMBERS = {
    "acknowledgement i", "ballot ballot_style_ix", "challenged_ballot contest_ix", "challenged_ballot value",
    "election_manifest contests", "election_manifest selection_limit", "election_manifest smallest_unit", "election_parameters k",
    "election_parameters n", "guardian_public_key i", "log i", "log size", "tally contest_ix", "tally tally", "totals ballot_style_ix",
    "totals cast", "totals challenged", "totals discounted", "voting_devices ballot_count",
}  # fmt: skip
TIMES = {*(f"election_manifest {name}" for name in ("opens", "closes", "record_due")), "election_parameters date", "signature date"}


@pytest.mark.proves("COP-102")
def test_pr06_the_record_has_no_place_for_a_time_a_counter_or_an_identifier_that_shows_one() -> None:
    """The members that may hold a number or a time, in all schemas; any other is a constant, hexadecimal of full width, or a label."""
    numbers, times, texts = set(), set(), set()
    for name in PATHS:
        content = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))

        def walk(node: Any, member: str, name: str = name, content: Any = content) -> None:
            node = content["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node
            label = f"{name} {member}"
            if node.get("type") == "integer":
                numbers.add(label)
            elif "T[" in node.get("pattern", "") or "[0-9]{4}-" in node.get("pattern", ""):
                times.add(label)
            elif node.get("type") == "string" and "enum" not in node and "[0-9A-F]{" not in node.get("pattern", ""):
                texts.add(label)
            for one in (*node.get("anyOf", ()), *node.get("oneOf", ())):
                walk(one, member)
            for key, item in node.get("properties", {}).items():
                walk(item, key)
            for item in (node.get("items"), *node.get("patternProperties", {}).values()):
                if item:
                    walk(item, member)

        walk(content, "")
    assert numbers == NUMBERS
    assert times == TIMES
    assert {label for label in texts if label.startswith(("ballot ", "challenged_ballot ", "log "))} == {"challenged_ballot label"}
