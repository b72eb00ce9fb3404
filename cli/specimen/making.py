"""A specimen from beginning to end: key ceremony, ballots, tally, decryption, record.

It goes over the ballots twice. The first time makes only what decides their confirmation codes, multiplies the tally, and sorts: a record's
ballots ascend by code. After the decryption the second time makes them whole, in that order. So nothing is stored twice, and memory holds
the codes (100 bytes a ballot), the challenged ballots and a few chunks.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path

from cli.errors import PsephosError
from cli.keystore import sync_folder, write_new
from cli.specimen.ballots import BallotMaker, sizes
from cli.specimen.challenged import make_challenged
from cli.specimen.election import SpecimenElection, hold_ceremony
from cli.specimen.products import LENGTH
from cli.specimen.seeded import Plan
from cli.specimen.workers import Workers
from engine.ballot import CAST, CHALLENGED, DISCOUNTED, EncryptedBallot, OptionCiphertext
from engine.encoding import to_json
from engine.group import Element
from engine.hints import HintsWriter
from engine.record import Record, write_record
from engine.tally import BallotSet, ContestTally, EncryptedTally

CHUNK = 512  # ballots made at a time: 7 MB with hints, for two options
SPARE = 64 * 1024 * 1024  # bytes of the disk that stay free

Bar = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""A progress bar with a title and a total: yields a function to be called with the number done so far."""
Ballot = tuple[bytes, bytes]
"""A ballot's line in the record, without LF, and the commitments of its proofs."""
Challenged = Mapping[int, tuple[EncryptedBallot, bytes]]
"""The challenged ballots by number, and the commitments of their proofs."""


def make_specimen(folder: Path, plan: Plan, processes: int, hints: bool, bar: Bar) -> str:
    """Writes the record into the new `folder`, its public key into `folder`.key and, if asked to, `folder`.hints.

    The same plan gives the same bytes, whatever the processes and the arithmetic. Until it is finished the record is in a folder whose name
    says so; after an exception nothing is left. Returns which arithmetic is in use. Raises PsephosError if one of the files is there
    already or the disk is too small.
    """
    folder = folder.absolute()
    draft, key_file, hints_file = (folder.with_name(folder.name + end) for end in (".unfinished", ".key", ".hints"))
    for path in (folder, draft, key_file, *([hints_file] if hints else [])):
        if path.exists():
            raise PsephosError(f"{path} exists already; a specimen goes where nothing is")
    folder.parent.mkdir(parents=True, exist_ok=True)
    _check_disk(folder.parent, plan, hints)
    held = hold_ceremony(plan)
    H_E = held.election.extended_base_hash
    keys = (int(held.election.vote_encryption_key.value), H_E, held.election.chaining_field)
    left = [draft, key_file, *([hints_file] if hints else [])]
    with _removed_on_failure(left), Workers(plan, keys, processes) as workers:
        numbers, choices = plan.challenged_numbers, workers.maker.choices
        challenged = {number: make_challenged(plan, held, number, choices(number)) for number in numbers}
        with bar("   codes  ", plan.ballots) as advance:
            order, found = _order(plan, held, challenged, workers, advance)
        tally, openings = held.decrypt(found)
        with bar("   ballots", plan.ballots) as advance, HintsWriter(hints_file, H_E) if hints else nullcontext() as writer:
            lines = _lines(_whole(order, challenged, workers), writer, plan.ballots, advance)
            record = Record(held.election, held.keys, held.acknowledgements, lines, found, tally, openings)
            write_record(draft, record, held.signing_key, held.date)
        write_new(key_file, held.public_key.hex().upper().encode() + b"\n", 0o644)
        draft.rename(folder)
    sync_folder(folder.parent)
    return workers.maker.arithmetic


def room(plan: Plan, hints: bool) -> int:
    """How many bytes a specimen takes on the disk, to within a few thousand."""
    line, commitments = sizes(plan)
    return plan.ballots * (line + (commitments + 8 if hints else 0)) + 100_000


def _check_disk(folder: Path, plan: Plan, hints: bool) -> None:
    needed, free = room(plan, hints), shutil.disk_usage(folder).free
    if needed + SPARE > free:
        raise PsephosError(f"{folder}: this specimen takes {needed / 1e9:.2f} GB of the disk, and {free / 1e9:.2f} GB are free")


@contextmanager
def _removed_on_failure(paths: Sequence[Path]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for path in paths:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        raise


def _order(
    plan: Plan, held: SpecimenElection, challenged: Challenged, workers: Workers, advance: Callable[[int], None]
) -> tuple[list[bytes], BallotSet]:
    """The first time over: each ballot's code and number, 40 bytes, ascending; and what the decryption is about."""
    order = [ballot.confirmation_code + number.to_bytes(8, "big") for number, (ballot, _) in challenged.items()]
    products, done = [], len(order)
    numbers = (range(plan.challenged_numbers.start), range(plan.challenged_numbers.stop, plan.ballots))
    chunks = (each[start : start + CHUNK] for each in numbers for start in range(0, len(each), CHUNK))
    for chunk, part in workers.each(BallotMaker.codes, chunks):
        order += [part.codes[32 * place :][:32] + number.to_bytes(8, "big") for place, number in enumerate(chunk)]
        products.append(part.products)
        done += len(chunk)
        advance(done)
    order.sort()
    values = _elements(workers.maker.multiply_parts(products), held)
    pairs = [OptionCiphertext(alpha, beta) for alpha, beta in zip(values[::2], values[1::2], strict=True)]
    contests = tuple(
        ContestTally(contest.index, plan.counted, tuple(pairs[(contest.index - 1) * plan.options : contest.index * plan.options]))
        for contest in held.election.manifest.contests
    )
    states = Counter({(1, CAST): plan.counted, (1, DISCOUNTED): plan.discounted, (1, CHALLENGED): plan.challenged})
    opened = sorted((ballot for ballot, _ in challenged.values()), key=lambda ballot: ballot.confirmation_code)
    return order, BallotSet(EncryptedTally(contests), states, opened)


def _elements(numbers: bytes, held: SpecimenElection) -> list[Element]:
    """Checked to be elements."""
    return [held.group.element(int.from_bytes(numbers[i : i + LENGTH], "big")) for i in range(0, len(numbers), LENGTH)]


def _whole(order: Sequence[bytes], challenged: Challenged, workers: Workers) -> Iterator[Ballot]:
    """The second time over: every ballot, in the record's order."""
    chunks = ([int.from_bytes(entry[32:], "big") for entry in order[start : start + CHUNK]] for start in range(0, len(order), CHUNK))
    for chunk, made in workers.each(partial(_without, left_out=frozenset(challenged)), chunks):
        rest = iter(made)
        for number in chunk:
            if number in challenged:
                ballot, commitments = challenged[number]
                yield to_json(ballot), commitments
            else:
                yield next(rest)


def _without(maker: BallotMaker, chunk: Sequence[int], left_out: frozenset[int]) -> list[Ballot]:
    return maker.ballots([number for number in chunk if number not in left_out])


def _lines(ballots: Iterable[Ballot], hints: HintsWriter | None, total: int, advance: Callable[[int], None]) -> Iterator[bytes]:
    """The lines of the record; the hints go to their file on the way."""
    for done, (line, commitments) in enumerate(ballots, 1):
        if hints is not None:
            hints.add(commitments)
        yield line
        if done % CHUNK == 0 or done == total:
            advance(done)
