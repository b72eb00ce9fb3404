"""Results of an EGRF record (foreign-records.md, section 2): tally, opened challenged ballots, decrypted contest data."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from . import egrf_files
from .arithmetic import Group
from .egrf_ballots import ballot_name
from .egrf_devices import Count
from .foreign_json import Item, exists, split
from .model import (
    Ciphertext,
    Contest,
    ContestDataDecryption,
    Manifest,
    OpenedBallot,
    OpenedContest,
    OpenedOption,
    Proof,
    TallyContest,
    TallyOption,
)
from .source import RecordError

__all__ = ["Results", "read_results"]


@dataclass(frozen=True, slots=True)
class Results:
    """What follows the ballots. `errors` are claims that the ballots contradict."""

    tally: tuple[TallyContest, ...]
    openings: tuple[OpenedBallot, ...]
    contest_data: tuple[ContestDataDecryption, ...]
    errors: tuple[RecordError, ...]


def read_results(folder: Path, group: Group, manifest: Manifest, count: Count) -> Results:
    """Reads `aggregated` and `final`. `count` is what the ballots add up to. Raises RecordError."""
    errors: list[RecordError] = []
    aggregates = _aggregates(folder, group, manifest, count, errors)
    tally = tuple(_tally(item, group, aggregates) for item in _ascending(_file(folder, "final/decrypted_tally", "decryptedTallyContest")))
    openings = tuple(_opening(item, group) for item in _folder(folder, "final/challenged_ballot_decryptions", "challengedBallotDecryption"))
    requests = [_request(item) for item in _file(folder, "aggregated/contest_data_requests", "contestDataRequest", optional=True)]
    decryptions = tuple(
        _contest_data(item, group) for item in _folder(folder, "final/contest_data_decryptions", "contestDataDecryption")
    )
    if sorted(requests) != sorted((made.ballot_id, made.contest) for made in decryptions):
        errors.append(RecordError("aggregated/contest_data_requests.jsonl", 0, "", "not the requests for what was decrypted"))
    for item in _folder(folder, "final/uncast_nonce_releases", "uncastNonceRelease"):
        raise item.error("", egrf_files.PRE_ENCRYPTED)
    return Results(tally, openings, decryptions, tuple(errors))


def _file(folder: Path, name: str, kind: str, optional: bool = False) -> Iterator[Item]:
    """The items of a section that is one file."""
    if optional and not exists(folder, f"{name}.jsonl"):
        return
    section = name.rpartition("/")[2].upper()
    for line in egrf_files.section(folder, [f"{name}.jsonl"], section):
        yield egrf_files.only(line, kind)


def _folder(folder: Path, name: str, kind: str) -> Iterator[Item]:
    """The items of a section that is a folder; none if it is missing."""
    for line in egrf_files.section(folder, egrf_files.numbered(folder, name), name.rpartition("/")[2].upper()):
        yield egrf_files.only(line, kind)


def _ascending(items: Iterable[Item]) -> Iterator[Item]:
    """The same items; raises RecordError unless their indices ascend."""
    before = 0
    for item in items:
        index = item.integer("index", 1)
        if index <= before:
            raise item.error("index", "indices must ascend")
        before = index
        yield item


def _aggregates(
    folder: Path, group: Group, manifest: Manifest, count: Count, errors: list[RecordError]
) -> dict[int, tuple[Ciphertext, ...]]:
    """The aggregate (A, B) of every verifiable field by contest index, and the comparison of the counts with the ballots."""
    lines = egrf_files.section(folder, ["aggregated/encrypted_tally.jsonl"], "ENCRYPTED_TALLY")
    first = next(lines, None)
    if first is None:
        raise RecordError("aggregated/encrypted_tally.jsonl", 0, "", "expected encryptedTallyHeader")
    header = egrf_files.only(first, "encryptedTallyHeader")
    _agree(header, "castBallotCount", count.ballots, errors)
    _agree(header, "totalCastWeight", count.weight, errors)
    header.done()
    made: dict[int, tuple[Ciphertext, ...]] = {}
    contests: dict[int, Contest] = {contest.index: contest for contest in manifest.contests}
    for item in _ascending(egrf_files.only(line, "encryptedTallyContest") for line in lines):
        index = item.integer("index", 1)
        numbers = split(item.data("fields", 0, 2 * group.l_p), group.l_p)
        if index not in contests or len(numbers) != 2 * len(contests[index].options):
            raise item.error("fields", "not the verifiable fields that the manifest has for this contest")
        made[index] = tuple(Ciphertext(A, B) for A, B in zip(numbers[::2], numbers[1::2], strict=True))
        _agree(item, "castWeight", count.contests.get(index, 0), errors)
        item.done()
    if len(made) != len(contests):
        raise RecordError("aggregated/encrypted_tally.jsonl", 0, "", f"expected {len(contests)} contests, got {len(made)}")
    return made


def _agree(item: Item, member: str, expected: int, errors: list[RecordError]) -> None:
    stated = item.decimal(member, 1) if item.has(member) else 0
    if stated != expected:
        errors.append(item.error(member, f"the ballots add up to {expected}, the record says {stated}"))


def _tally(item: Item, group: Group, aggregates: dict[int, tuple[Ciphertext, ...]]) -> TallyContest:
    index = item.integer("index", 1)
    if index not in aggregates:
        raise item.error("index", "no such contest in the encrypted tally")
    options = []
    for field in _ascending(item.items("fields")):
        place = field.integer("index", 1)
        if place > len(aggregates[index]):
            raise field.error("index", "no such field in the encrypted tally")
        tally = field.decimal("tally", 1) if field.has("tally") else 0
        T = field.number("encodedTally", group.l_p)
        options.append(TallyOption(field.text("label"), aggregates[index][place - 1], tally, T, _proof(field, group)))
        field.done()
    made = TallyContest(index, item.text("label"), tuple(options))
    item.done()
    return made


def _proof(item: Item, group: Group) -> Proof:
    c, v = split(item.data("proof", 2 * group.l_q), group.l_q)
    return Proof(c, v)


def _ballot(item: Item) -> str:
    """The name of the ballot that an item is about: its locator and H_I."""
    locator = item.item("ballot")
    if locator.choice("kind", {"DEVICE_KIND_REGULAR": "Regular", "DEVICE_KIND_PRE_ENCRYPTING": "PreEncrypted"}) != "Regular":
        raise locator.error("kind", egrf_files.PRE_ENCRYPTED)
    name = ballot_name(locator.data("hDi", 32), locator.decimal("position", 1), item.data("hI", 32))
    locator.done()
    return name


def _opening(item: Item, group: Group) -> OpenedBallot:
    contests = []
    for contest in _ascending(item.items("contests")):
        options = []
        for place, field in enumerate(contest.items("fields"), 1):
            if field.integer("index", 1) != place:
                raise field.error("index", f"expected {place}")
            value = field.integer("value", 1) if field.has("value") else 0
            options.append(OpenedOption(field.text("label"), value, field.number("nonce", group.l_q)))
            field.done()
        nonce, data = None, None
        if contest.has("contestData"):
            released = contest.item("contestData")
            nonce, data = released.number("nonce", group.l_q), released.data("data", 0, 32)
            released.done()
        contests.append(OpenedContest(contest.integer("index", 1), contest.text("label"), tuple(options), nonce, data))
        contest.done()
    made = OpenedBallot(f"{item.file}, line {item.line}", _ballot(item), tuple(contests))
    item.done()
    return made


def _request(item: Item) -> tuple[str, int]:
    made = _ballot(item), item.integer("contestIndex", 1)
    item.done()
    return made


def _contest_data(item: Item, group: Group) -> ContestDataDecryption:
    made = ContestDataDecryption(
        where=f"{item.file}, line {item.line}",
        ballot_id=_ballot(item),
        contest=item.integer("contestIndex", 1),
        beta=item.number("beta", group.l_p),
        proof=_proof(item, group),
        data=item.data("data", 0, 32),
    )
    item.done()
    return made
