"""Opens a record in our own layout or in EG21 JSON, which share most files (record-format.md, section 2)."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from .arithmetic import Group
from .ballot_files import read_ballot, read_contest_data_decryption, read_opening, read_tally
from .folder import digest_files, exists, line_chunks, list_files, read_file, read_lines, scan_lines
from .log import leaf_hash
from .model import Ballot, ContestDataDecryption, Device, Guardian, Manifest, OpenedBallot, OwnParts, Parameters, TallyContest
from .own_files import read_acknowledgement, read_log, read_profile, read_signature, read_totals
from .own_model import FileDigest
from .setup_files import read_devices, read_guardian, read_hashes, read_joint_keys, read_manifest, read_parameters
from .source import Chunk, Format, Reading, RecordError
from .strict_json import Node, parse

__all__ = ["EG21_JSON", "PSEPHOS", "JsonSource", "open_eg21", "open_own"]

_NO_CHAINING = "every ballot of a Psephos record has chaining mode NoChaining (X13)"
_NO_DATA = "a Psephos record holds no contest data (X17)"
_NO_PRE = "a Psephos record holds no pre-encrypted ballots (X13)"

PSEPHOS = Format(
    "psephos",
    own=True,
    not_applicable=(
        *((item, _NO_CHAINING) for item in ("8.E", "8.F", "8.G")),
        *((item, _NO_DATA) for item in ("12.A", "12.B", "12.C", "13.A")),
        *((item, _NO_PRE) for item in (
            "15.A", "16.A", "16.B", "16.C", "16.D", "16.E", "16.F", "16.G", "16.H", "17.A", "18.A", "19.A", "19.B", "19.C", "19.D",
        )),
    ),
)  # fmt: skip
KINDS = {
    "offline": replace(
        PSEPHOS, kind="offline", remark="kind offline: there is no log in this record; X6 and X11 check what can be checked without one"
    ),
    "witnessed": replace(
        PSEPHOS,
        kind="witnessed",
        remark="kind witnessed: guardians state that these ballots are exactly those of the log of accepted ballots whose checkpoints they "
        "kept; X6 and X11 check it",
    ),
}
"""Our own layout, by the kind of record."""
EG21_JSON = Format("eg21-json")

_GUARDIAN = re.compile(r"guardians/guardian_([1-9][0-9]{0,8})\.public_key\.json")
_BALLOTS = re.compile(r"ballots/device_([1-9][0-9]{0,8})\.jsonl")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class JsonSource:
    """A `RecordSource` read from JSON files; see there."""

    folder: Path
    group: Group
    format: Format
    parameters: Parameters
    h_p: bytes
    h_b: bytes
    h_e: bytes
    manifest: Manifest
    guardians: tuple[Guardian, ...]
    K: int
    K_hat: int
    devices: tuple[Device, ...]
    tally: tuple[TallyContest, ...] | None
    openings: tuple[OpenedBallot, ...] | None
    contest_data: tuple[ContestDataDecryption, ...] | None
    errors: tuple[RecordError, ...]
    own: OwnParts | None
    pieces: Mapping[str, list[Chunk]] = field(default_factory=dict)
    """Of ballot files that were gone through while they were digested."""

    def chunks(self) -> list[Chunk]:
        """All ballots in pieces. Raises RecordError."""
        files = [(_ballot_file(device.index), device.index) for device in self.devices]
        return [chunk for file, device in files for chunk in self.pieces.get(file) or line_chunks(self.folder, file, device)]

    def read_chunk(self, chunk: Chunk) -> Iterator[Ballot | RecordError]:
        """The chunk's ballots or, one by one, why they cannot be read."""
        for position, line in enumerate(self.lines(chunk), chunk.position):
            yield line if isinstance(line, RecordError) else self.read_line(chunk, position, line)

    def lines(self, chunk: Chunk) -> Iterator[bytes | RecordError]:
        """The chunk's lines or, one by one, why they cannot be read."""
        return read_lines(self.folder, chunk)

    def read_line(self, chunk: Chunk, position: int, line: bytes) -> Ballot | RecordError:
        """The ballot in a line, which stands at that position of the device's file, or why it cannot be read."""
        try:
            ballot = read_ballot(parse(line, chunk.path, position), position, self.group, self.format.own)
        except RecordError as error:
            return error
        return replace(ballot, leaf=leaf_hash(line)) if self.format.witnessed else ballot


def open_own(folder: Path, group: Group, digests: bool = True, reading: Reading | None = None) -> JsonSource:
    """Opens a record of our own profile; without `digests` as a worker needs it, without the parts that no check of a ballot asks for.
    Raises RecordError if what every check needs cannot be read."""
    profile = read_file(folder, "profile.json")
    kind, listed = read_profile(parse(profile, "profile.json"))
    if not digests:
        return _open(folder, group, KINDS[kind], *list_files(folder), None)
    files, errors = list_files(folder)
    found, pieces, unread = _digests(folder, [file for file in files if file not in ("profile.json", "signature.json")], reading)
    errors += unread

    parts = OwnParts(
        profile_sha256=hashlib.sha256(profile).digest(),
        listed=listed,
        found=tuple(found),
        acknowledgements=_attempt(
            errors, lambda: tuple(read_acknowledgement(node, group) for node in _lines(folder, "acknowledgements.jsonl"))
        ),
        totals=_attempt(errors, lambda: read_totals(_json(folder, "totals.json"))),
        signature=_attempt(errors, lambda: read_signature(_json(folder, "signature.json"))),
        log=_attempt(errors, lambda: read_log(_json(folder, "log.json"), group)) if KINDS[kind].witnessed else None,
    )
    return _open(folder, group, KINDS[kind], files, errors, parts, pieces)


def open_eg21(folder: Path, group: Group) -> JsonSource:
    """Opens a record in the layout EG21 JSON. Raises RecordError if what every check needs cannot be read."""
    files, errors = list_files(folder)
    return _open(folder, group, EG21_JSON, files, errors, None)


def _open(
    folder: Path,
    group: Group,
    layout: Format,
    files: list[str],
    errors: list[RecordError],
    parts: OwnParts | None,
    pieces: Mapping[str, list[Chunk]] | None = None,
) -> JsonSource:
    own = layout.own
    parameters = read_parameters(_json(folder, "election_parameters.json"), group, own)
    manifest = read_manifest(read_file(folder, "election_manifest.json"), "election_manifest.json", own)
    h_p, h_b = read_hashes(_json(folder, "hashes.json"))
    h_e = _json(folder, "hashes_ext.json").members("h_e")["h_e"].hex(32)
    guardians = tuple(_guardian(folder, int(match[1]), match[0], group) for match in _guardian_files(files))
    K, K_hat = read_joint_keys(_json(folder, "joint_public_keys.json"), group)
    devices = read_devices(_json(folder, "voting_devices.json"))
    errors += [
        RecordError(file, 0, "", "belongs to no device of voting_devices.json")
        for file in files
        if file.startswith("ballots/") and not own and file not in {_ballot_file(device.index) for device in devices}
    ]
    data_file = "contest_data_decryptions.jsonl"
    data = () if own or not exists(folder, data_file) else _attempt(
        errors, lambda: tuple(read_contest_data_decryption(node, group) for node in _lines(folder, data_file))
    )
    opened_file = "challenged_ballots.jsonl"  # records of others may leave it out where it would be empty
    openings = () if not own and not exists(folder, opened_file) else _attempt(
        errors, lambda: tuple(read_opening(node, group, own) for node in _lines(folder, opened_file))
    )
    return JsonSource(
        folder=folder,
        group=group,
        format=layout,
        parameters=parameters,
        h_p=h_p,
        h_b=h_b,
        h_e=h_e,
        manifest=manifest,
        guardians=guardians,
        K=K,
        K_hat=K_hat,
        devices=devices,
        tally=_attempt(errors, lambda: read_tally(_json(folder, "tally.json"), group)),
        openings=openings,
        contest_data=data,
        errors=tuple(errors),
        own=parts,
        pieces=pieces or {},
    )


def _guardian_files(files: list[str]) -> list[re.Match[str]]:
    matches = [match for file in files if (match := _GUARDIAN.fullmatch(file))]
    return sorted(matches, key=lambda match: int(match[1]))


def _guardian(folder: Path, index: int, file: str, group: Group) -> Guardian:
    node = _json(folder, file)
    guardian = read_guardian(node, group)
    return guardian if guardian.index == index else node.refuse(f"expected guardian {index}, got {guardian.index}")


def _ballot_file(device: int) -> str:
    return f"ballots/device_{device}.jsonl"


def _json(folder: Path, file: str) -> Node:
    return parse(read_file(folder, file), file)


def _lines(folder: Path, file: str) -> Iterator[Node]:
    for chunk in line_chunks(folder, file, 0):
        for number, line in enumerate(read_lines(folder, chunk), chunk.position):
            if isinstance(line, RecordError):
                raise line
            yield parse(line, file, number)


def _digests(
    folder: Path, files: list[str], reading: Reading | None
) -> tuple[list[FileDigest], dict[str, list[Chunk]], list[RecordError]]:
    """The digests of all files, or of none and why; and the pieces of ballot files, which are so read once and not twice."""
    found: list[FileDigest] = []
    pieces: dict[str, list[Chunk]] = {}
    try:
        for file in files:
            if match := _BALLOTS.fullmatch(file):
                pieces[file], digest = scan_lines(folder, file, int(match[1]), reading)
                found.append(FileDigest(file, digest))
            else:
                found += digest_files(folder, [file], reading)
    except RecordError as error:
        return [], {}, [error]
    return found, pieces, []


def _attempt(errors: list[RecordError], read: Callable[[], _T]) -> _T | None:
    """What `read` returns; None if it raises RecordError, which is kept."""
    try:
        return read()
    except RecordError as error:
        errors.append(error)
        return None
