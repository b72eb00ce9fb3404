"""The devices of an EGRF record: header, ballots in chain order, close (foreign-records.md, section 2; §3.4.3, §3.4.4)."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from . import egrf_files
from .egrf_ballots import timestamp
from .egrf_files import Line
from .foreign_json import Item
from .model import Device
from .source import Chunk, RecordError

__all__ = ["Count", "Scan", "scan"]

_CHUNK = 16
_KIND = {"DEVICE_KIND_REGULAR": "Regular", "DEVICE_KIND_PRE_ENCRYPTING": "PreEncrypted"}
_CHAINING = ("NoChaining", "SimpleChaining")


@dataclass(slots=True)
class Count:
    """What the cast ballots add up to: how many, their weights, and the weights by contest index."""

    ballots: int = 0
    weight: int = 0
    contests: dict[int, int] = field(default_factory=dict)

    def add(self, ballot: Item) -> None:
        """Counts a ballot. What is malformed counts as nothing; reading the ballot will say so."""
        weight, contests = ballot.members.get("weight"), ballot.members.get("contests")
        if ballot.members.get("status") != "BALLOT_STATUS_CAST" or not isinstance(weight, int) or not isinstance(contests, list):
            return
        self.ballots += 1
        self.weight += weight
        for contest in contests:
            index = contest.get("index") if isinstance(contest, dict) else None
            if isinstance(index, int):
                self.contests[index] = self.contests.get(index, 0) + weight


@dataclass(slots=True)
class Scan:
    """The devices and where their ballots are."""

    devices: list[Device] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)
    count: Count = field(default_factory=Count)


def scan(folder: Path, chaining: int) -> Scan:
    """Goes through all devices. `chaining` is the manifest's mode. Raises RecordError, also for pre-encrypting devices."""
    made = Scan()
    for index, (place, h_di) in enumerate(egrf_files.device_folders(folder), 1):
        files = egrf_files.numbered(folder, place)
        lines = egrf_files.section(folder, files, "DEVICE", b"\x01" + h_di)
        first = next(lines, None)
        if first is None:
            raise RecordError(place, 0, "", "a device without items")
        device = _open(egrf_files.only(first, "deviceHeader"), index, h_di, chaining)
        last = _ballots(lines, index, made)
        if last is None:
            raise RecordError(place, 0, "", "expected deviceClose as the last item")
        made.devices.append(_close(egrf_files.only(last, "deviceClose"), device))
    return made


def _ballots(lines: Iterator[Line], index: int, made: Scan) -> Line | None:
    """Notes where the ballots are. Returns the line after the last of them."""
    position = 1
    last: Line | None = None
    piece: list[Line] = []

    def cut() -> None:
        nonlocal position
        content = b"".join(line.content for line in piece)
        parts = ((len(content), hashlib.sha256(content).digest()),)
        made.chunks.append(Chunk(piece[0].file, piece[0].offset, position, len(piece), index, piece[0].number, parts))
        position += len(piece)
        piece.clear()

    for line in lines:
        if last is not None:
            _note(last, made.count)
            if piece and (len(piece) == _CHUNK or piece[0].file != last.file):
                cut()
            piece.append(last)
        last = line
    if piece:
        cut()
    return last


def _note(line: Line, count: Count) -> None:
    try:
        kind, item = egrf_files.item(line)
    except RecordError:  # reported when the ballot is read
        return
    if kind.startswith("preEncrypted"):
        raise item.error("", egrf_files.PRE_ENCRYPTED)
    if kind == "encryptedBallot":
        count.add(item)


def _open(item: Item, index: int, h_di: bytes, chaining: int) -> Device:
    if item.choice("kind", _KIND) != "Regular":
        raise item.error("kind", egrf_files.PRE_ENCRYPTED)
    if item.data("hDi", 32) != h_di:
        raise item.error("hDi", "not the hash in the name of the device's folder")
    mode = item.integer("chainingMode", 1) if item.has("chainingMode") else 0
    if mode != chaining:
        raise item.error("chainingMode", f"the manifest prescribes {chaining}, got {mode}")
    information = item.text("deviceId") if item.has("deviceId") else ""
    h_0 = item.data("initialHash", 32) if item.has("initialHash") else None
    if not mode and h_0 is not None:
        raise item.error("initialHash", "a device without chaining has none")
    item.done()
    return Device(index, information, "Regular", _CHAINING[mode], h_di, 0, h_0)


def _close(item: Item, device: Device) -> Device:
    """The device with its ballot count, closing field and closing hash."""
    count = item.decimal("ballotCount", 1) if item.has("ballotCount") else 0
    closing_field = item.data("closingChainingField", 36) if item.has("closingChainingField") else None
    closing_hash = item.data("closingHash", 32) if item.has("closingHash") else None
    if device.chaining == "NoChaining" and (closing_field is not None or closing_hash is not None):
        raise item.error("closingHash", "a device without chaining has neither closing field nor closing hash")
    if item.has("closedAt"):
        timestamp(item, "closedAt")
    item.done()
    return replace(device, ballot_count=count, closing_hash=closing_hash, closing_field=closing_field)
