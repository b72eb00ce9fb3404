"""Reads records in the layout "EGRF v2", JSON lines, (foreign-records.md, section 2): rules of 2.1.0, numbered items only.

What the record says twice is compared here, because no numbered item asks for it: the ballot counts and weights of `aggregated`, the
requests for contest data, r, the copy of the manifest, the devices' names. Ballots and openings are joined by device, position and H_I.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import egrf_files
from .arithmetic import Group
from .egrf_ballots import read_ballot
from .egrf_devices import scan
from .egrf_manifest import read_manifest
from .egrf_results import read_results
from .folder import check_unchanged
from .foreign_json import Item, split
from .model import (
    Ballot,
    ContestDataDecryption,
    Device,
    Guardian,
    Manifest,
    OpenedBallot,
    OwnParts,
    Parameters,
    PublicKey,
    TallyContest,
)
from .source import Chunk, Format, RecordError

__all__ = ["EgrfSource", "open_record"]

_VERSION = re.compile(rb"v([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\0+")
_DEVIATIONS = (
    "undervoteDifferenceProof and nullVoteProof are not checked",
    "the limit proof of a contest with supplementary fields runs over the options, the undervote indicator and the write-in count once and "
    "the overvote indicator L times",
    "ballotRef, encryptedAt and closedAt are free text or times that no hash covers",
    "unknown members of the manifest are the vendor's and not read",
)


@dataclass(frozen=True, slots=True)
class EgrfSource:
    """A record in EGRF JSON lines, a RecordSource."""

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
    pieces: tuple[Chunk, ...]
    own: OwnParts | None = None

    def chunks(self) -> list[Chunk]:
        """All ballots of all devices."""
        return list(self.pieces)

    def read_chunk(self, chunk: Chunk) -> Iterator[Ballot | RecordError]:
        """The chunk's ballots in order, each either readable or the reason why it is not. Raises RecordError if the chunk has changed."""
        check_unchanged(self.folder, chunk)
        styles = {style.label: style.index for style in self.manifest.styles}
        device = next(device for device in self.devices if device.index == chunk.device)
        position = chunk.position
        try:
            for line in egrf_files.lines(self.folder, chunk.path, chunk.offset, chunk.line):
                if position == chunk.position + chunk.count:
                    return
                try:
                    item = egrf_files.only(line, "encryptedBallot")
                    yield read_ballot(item, self.group, styles, device, position)
                except RecordError as error:
                    yield error
                position += 1
        except RecordError as error:
            yield error


def open_record(folder: Path, group: Group) -> EgrfSource:
    """Reads everything but the ballots. Raises RecordError if a part is missing or malformed, or if there are pre-encrypted ballots."""
    container = egrf_files.check_names(folder)
    header = _single(folder, "header", "recordHeader")
    if header.integer("formatMajor") != 2 or header.has("formatMinor"):
        raise header.error("formatMajor", "expected version 2.0 of the format")
    header.done()
    parameters, h_p = _parameters(_single(folder, "parameters", "parameters"), group)
    manifest, chaining, h_b = _manifest(folder)
    guardian_lines = egrf_files.section(folder, ["setup/guardians.jsonl"], "GUARDIANS")
    guardians = tuple(_guardian(egrf_files.only(line, "guardianPublicKey"), group) for line in guardian_lines)
    keys = _single(folder, "election_keys", "electionKeys")
    K, K_hat, h_e = keys.number("k", group.l_p), keys.number("kHat", group.l_p), keys.data("hE", 32)
    keys.done()
    found = scan(folder, chaining)
    results = read_results(folder, group, manifest, found.count)
    deviations = (*_DEVIATIONS, f"container, not checked: {', '.join(container) or 'nothing there'}")
    return EgrfSource(
        folder=folder,
        group=group,
        format=Format("egrf-json", (2, 1, 0), deviations, not_applicable=_not_applicable(manifest)),
        parameters=parameters,
        h_p=h_p,
        h_b=h_b,
        h_e=h_e,
        manifest=manifest,
        guardians=guardians,
        K=K,
        K_hat=K_hat,
        devices=tuple(found.devices),
        tally=results.tally,
        openings=results.openings,
        contest_data=results.contest_data,
        errors=results.errors,
        pieces=tuple(found.chunks),
    )


def _not_applicable(manifest: Manifest) -> tuple[tuple[str, str], ...]:
    """The items that this record can have no object for."""
    if any(contest.data_blocks for contest in manifest.contests):
        return ()
    return tuple((item, "the manifest has no contest data") for item in ("12.A", "12.B", "12.C", "13.A"))


def _single(folder: Path, name: str, kind: str) -> Item:
    """The item of a section that has exactly one."""
    found = list(egrf_files.section(folder, [f"setup/{name}.jsonl"], name.upper()))
    if len(found) != 1:
        raise RecordError(f"setup/{name}.jsonl", 0, "", f"expected one item, got {len(found)}")
    return egrf_files.only(found[0], kind)


def _parameters(item: Item, group: Group) -> tuple[Parameters, bytes]:
    match = _VERSION.fullmatch(item.data("version", 32))
    if match is None:
        raise item.error("version", "expected text like v2.1.0, padded with zero bytes (4)")
    p, q, r, g = item.number("p", group.l_p), item.number("q", group.l_q), item.number("r", group.l_p), item.number("g", group.l_p)
    if r * group.q != group.p - 1:
        raise item.error("r", "expected (p − 1)/q of the standard parameters")
    n, k = item.integer("n", 1, 2**16), item.integer("k", 1, 2**16)
    version = (int(match[1]), int(match[2]), int(match[3]))
    h_p = item.data("hP", 32)
    item.done()
    return Parameters(version, p, q, g, n, k), h_p


def _manifest(folder: Path) -> tuple[Manifest, int, bytes]:
    item = _single(folder, "manifest", "manifestFile")
    item.choice("mediaType", {"application/vnd.electionguard.manifest+json;format=1": ""})
    content, h_b = item.data("content"), item.data("hB", 32)
    item.done()
    copy = egrf_files.read_copy(folder, "setup/manifest.json")
    if copy is not None and copy != content:
        raise RecordError("setup/manifest.json", 0, "", "not the same bytes as the manifest that is hashed")
    manifest, chaining = read_manifest(content, item.file, item.line)
    return manifest, chaining, h_b


def _guardian(item: Item, group: Group) -> Guardian:
    def key(commitments: str, proof: str) -> PublicKey:
        c, *v = split(item.data(proof, 0, group.l_q), group.l_q)
        return PublicKey(split(item.data(commitments, 0, group.l_p), group.l_p), c, tuple(v))

    vote, data = key("voteCommitments", "voteProof"), key("dataCommitments", "dataProof")
    made = Guardian(item.integer("index", 1), "", vote, data, item.number("kappa", group.l_p))
    item.done()
    return made
