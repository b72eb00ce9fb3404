"""Drafts: what a scrutineer writes by hand, made into a manifest (record-format.md, 2.3)."""

import json
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cli.errors import PsephosError
from engine.group import STANDARD, Group
from engine.manifest import Manifest, read_manifest
from engine.parameters import election_parameters
from engine.record import write_parameters
from engine.statutory import BallotType, Method, find_ballot_type

SAMPLE: dict[str, Any] = {
    "label": "Ballot of the year",
    "contests": [
        {"label": "Are you prepared to take part in a strike?", "options": ["Yes", "No"], "spoil": "I spoil this question"},
        {"label": "Executive committee", "choose_up_to": 3, "options": ["First candidate", "Second candidate", "Third candidate"],
         "spoil": "I spoil this question"},
    ],
    "ballot_styles": {"All members": [1, 2]},
    "union": "The union", "scrutineer": "The scrutineer",
    "opens": "2027-01-11T09:00:00Z", "closes": "2027-01-25T17:00:00Z",
    "trustees": ["First trustee", "Second trustee", "Third trustee"],
    "smallest_unit": 10,
}

CONTEST = {"label": str, "options": list, "choose_up_to": int, "spoil": str}
DRAFT = {
    "label": str, "contests": list, "ballot_styles": dict, "union": str, "scrutineer": str, "opens": str, "closes": str,
    "record_due": str, "trustees": list, "smallest_unit": int, "ballot_type": str, "methods": list, "hierarchy": list,
}
OPTIONAL = {"choose_up_to", "spoil", "record_due", "smallest_unit", "ballot_type", "methods", "hierarchy"}
MEANT = {str: "a text", int: "a number", list: "a list", dict: "an object"}


def read_draft(content: bytes) -> dict[str, Any]:
    """The draft in a file. Raises PsephosError if it is not JSON, or says something twice."""
    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise PsephosError(f"the draft says {twice[:40]!r} twice in one place")
        return dict(pairs)

    try:
        draft = json.loads(content.decode(), object_pairs_hook=members)
    except RecursionError:
        raise PsephosError("the draft is nested too deeply; compare: psephos scrutineer sample") from None
    except ValueError as error:
        raise PsephosError(f"the draft is not JSON in UTF-8: {error}; compare: psephos scrutineer sample") from None
    if type(draft) is not dict:
        raise PsephosError("the draft is not a JSON object; compare: psephos scrutineer sample")
    return draft


def draft_to_manifest(draft: dict[str, Any], log: str | None = None, device: str = "psephos") -> Manifest:
    """The manifest for a draft as `psephos scrutineer sample` prints one; adds a random election identifier, and the kind of `log` and the
    `device` that encrypts, which a ballot on a platform has.

    A draft that names a `ballot_type` is for a statutory ballot, electronic if it names no `methods`.

    Raises PsephosError for a member that is missing, misspelt or of a wrong kind, ManifestError for what no manifest may say.
    """
    _check(draft, DRAFT, "the draft")
    contests = []
    for number, contest in enumerate(draft["contests"], 1):
        _check(contest, CONTEST, f"contest {number} of the draft")
        entry: dict[str, Any] = {"label": contest["label"]}
        if contest.get("choose_up_to", 1) != 1:
            entry["selection_limit"] = contest["choose_up_to"]
        entry["options"] = [{"label": label} for label in contest["options"]]
        if "spoil" in contest:
            entry["options"].append({"label": contest["spoil"], "spoil": True})
        contests.append(entry)
    voting = {
        "election_identifier": secrets.token_bytes(32).hex().upper(),
        **{name: draft[name] for name in ("union", "scrutineer", "opens", "closes")},
        "record_due": draft.get("record_due") or _a_year_after(draft["closes"]),
        "trustees": draft["trustees"],
        "smallest_unit": draft.get("smallest_unit", 10),
        "device_information": device,
        "chaining_mode": "NoChaining",
        **({"log": log} if log else {}),
        **({"statutory": _statutory(draft)} if "ballot_type" in draft else {}),
    }
    styles = [{"label": label, "contests": numbers} for label, numbers in draft["ballot_styles"].items()]
    whole = {"label": draft["label"], "contests": contests, "ballot_styles": styles, "voting": voting}
    try:
        content = json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()
    except ValueError:
        raise PsephosError("the draft contains half of a character, which is no text") from None
    return read_manifest(content)


def with_type(draft: dict[str, Any], kind: str | None) -> dict[str, Any]:
    """The draft of a ballot of this kind, if one is named. Raises PsephosError if the draft names another one, ManifestError."""
    if kind is None:
        return draft
    named = find_ballot_type(kind).value
    if draft.get("ballot_type", named) != named:
        raise PsephosError(f"the draft is for a ballot on {draft['ballot_type']!r}, not on {named!r}")
    return {**draft, "ballot_type": named}


def sample_draft(kind: BallotType | None) -> dict[str, Any]:
    """A draft to start from."""
    if kind is None:
        return SAMPLE
    strike = "Are you prepared to take part in a strike?"
    questions = {
        BallotType.INDUSTRIAL_ACTION: [strike, "Are you prepared to take part in action short of a strike?"],
        BallotType.POLITICAL_FUND: ["Should the union keep a political fund?"],
        BallotType.AMALGAMATION: ["Do you agree to the instrument of amalgamation?"],
        BallotType.TRANSFER: ["Do you agree to the instrument of transfer?"],
    }.get(kind)
    spoil = "I spoil this question"
    contests = [{"label": each, "options": ["Yes", "No"], "spoil": spoil} for each in questions or ()] or SAMPLE["contests"][1:]
    styles = {"All members": list(range(1, len(contests) + 1))}
    return {**SAMPLE, "contests": contests, "ballot_styles": styles, "ballot_type": kind.value, "methods": [Method.ELECTRONIC.value]}


def _statutory(draft: dict[str, Any]) -> dict[str, Any]:
    kind = find_ballot_type(draft["ballot_type"])
    hierarchy = {"hierarchy": draft["hierarchy"]} if "hierarchy" in draft else {}
    return {"ballot_type": kind.value, "section": kind.section, "methods": draft.get("methods", [Method.ELECTRONIC.value]), **hierarchy}


def create_election(folder: Path, draft: dict[str, Any], quorum: int, group: Group = STANDARD) -> Manifest:
    """Makes a new election folder."""
    if folder.exists() and any(folder.iterdir()):
        raise PsephosError(f"{folder} is not empty; an election folder is a new one")
    manifest = draft_to_manifest(draft)
    parameters = election_parameters(group, manifest, len(manifest.voting.trustees), quorum)
    folder.mkdir(parents=True, exist_ok=True)
    write_parameters(folder, parameters)
    return manifest


def _check(members: Any, expected: dict[str, type], where: str) -> None:
    if type(members) is not dict:
        raise PsephosError(f"{where} is not an object; compare: psephos scrutineer sample")
    for name in members:
        if name not in expected:
            raise PsephosError(f"{where} says {name[:40]!r}, which is not known there; it knows {', '.join(expected)}")
    for name, kind in expected.items():
        if name not in members and name not in OPTIONAL:
            raise PsephosError(f"{where} says nothing about {name!r}; compare: psephos scrutineer sample")
        if name in members and type(members[name]) is not kind:
            raise PsephosError(f"{where}: {name!r} is not {MEANT[kind]}; compare: psephos scrutineer sample")


def _a_year_after(time: str) -> str:
    try:
        return (datetime.strptime(time, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) + timedelta(days=365)).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        raise PsephosError(f"the draft: 'closes' is {time[:40]!r}, expected a time in UTC like 2027-01-25T17:00:00Z") from None
