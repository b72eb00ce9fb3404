"""Every leaf of every file of a small record, changed three ways, naively and adaptively, is refused by the check that is named for it.

The figures are written to `artefacts/mutations.txt`: leaves, changes, detected; how many were refused by nothing but the named checks; and
for each check, how many changes it alone refused (then the record passes the twin of the verifier that lacks the check).
"""

import json
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.forging import (
    BALLOTS,
    DATE,
    LOG,
    MANIFEST,
    OPENINGS,
    OTHER_KEY,
    STANDARD,
    TOY,
    YES_NO,
    Files,
    Folder,
    Forger,
    content_of,
    contents_of,
    e0,
    profile_of,
    rederive,
    signature,
)
from tests.verifier.checking import failed, refused, remembering, run
from tests.verifier.mutations import Mutation, leaves, mutations, named, put
from verifier.arithmetic import Group

ARTEFACTS = Path(__file__).parents[2] / "artefacts"
SLICES = 8
"""The file of ballots has most of the leaves; it is shared out, so that several processes can work on it."""
FILES = (
    "acknowledgements.jsonl", "challenged_ballots.jsonl", "election_manifest.json", "election_parameters.json",
    *(f"guardians/guardian_{i}.public_key.json" for i in range(1, 6)),
    "hashes.json", "hashes_ext.json", "joint_public_keys.json", "profile.json", "signature.json", "tally.json", "totals.json",
    "voting_devices.json", *(f"{BALLOTS} {i}" for i in range(1, SLICES + 1)),
)  # fmt: skip


@dataclass
class Figures:
    """What is counted. `alone` are the checks that were the only one to fail, with the number of changes."""

    leaves: int = 0
    changes: int = 0
    detected: int = 0
    only_named: int = 0
    alone: dict[str, int] = field(default_factory=dict)


@dataclass
class Base:
    """The untouched record: values, bytes, secrets, and the folder that is rewritten."""

    forger: Forger
    files: Files
    contents: dict[str, bytes]
    folder: Folder
    group: Group


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Base]:
    forger, _, files = e0()
    with remembering():
        yield base(forger, files, tmp_path_factory.mktemp("e0"), TOY)


def base(forger: Forger, files: Files, path: Path, group: Group) -> Base:
    contents = contents_of(files)
    files = {**files, **{name: json.loads(contents[name]) for name in ("profile.json", "signature.json")}}
    return Base(forger, files, contents, Folder(path), group)


def changed(record: Base, mutation: Mutation, *, adaptive: bool) -> dict[str, bytes]:
    """The bytes of the whole record after the change."""
    leaf, value = mutation.leaf, mutation.value
    if not adaptive or leaf.file in ("profile.json", "signature.json"):
        file = deepcopy(record.files[leaf.file])
        put({leaf.file: file}, leaf.path, value)
        contents = {**record.contents, leaf.file: content_of(leaf.file, file)}
        if adaptive:
            date = value if leaf.name == "date" and isinstance(value, str) else DATE
            signed = json.loads(signature(contents["profile.json"], date, OTHER_KEY))
            if leaf.file == "profile.json" or leaf.name == "date":
                contents["signature.json"] = content_of("", {**signed, "date": value if leaf.name == "date" else DATE})
        return contents
    files = {name: item for name, item in deepcopy(record.files).items() if name not in ("profile.json", "signature.json")}
    put(files, leaf.path, value)
    try:
        after = rederive(record.forger, deepcopy(files), kept_by(mutation, files))
        follow(after, mutation, record.forger)
        files = after
    except (ValueError, TypeError, KeyError, OverflowError, AttributeError, IndexError):
        pass  # unreadable even for the attacker; he signs it all the same
    contents = {name: content_of(name, item) for name, item in files.items()}
    profile = profile_of(contents)
    another = leaf.name == "ballot_state" and leaf.value == "Challenged" and value == "Discounted" and LOG not in files
    signed_by = signature(profile, DATE, OTHER_KEY) if another else signature(profile)
    return contents | {"profile.json": profile, "signature.json": signed_by}


def kept_by(mutation: Mutation, files: Files) -> tuple[str, ...]:
    """What the attacker does not repair, because it is what he has changed."""
    leaf = mutation.leaf
    kept: tuple[str, ...] = (leaf.name,)
    if leaf.file == "tally.json":
        return (*kept, "tally")
    if leaf.file == "totals.json":
        return (*kept, "totals")
    if leaf.file == LOG:
        return (*kept, "log")
    if leaf.file == OPENINGS:
        return (*kept, "openings") if leaf.name == "ballot_id" else kept
    if leaf.file == BALLOTS and leaf.name == "confirmation_code":
        files[BALLOTS][leaf.path[1]]["ballot_id"] = mutation.value
    return kept


def follow(files: Files, mutation: Mutation, forger: Forger) -> None:
    """What goes with a changed value though it is no hash: T with t."""
    leaf = mutation.leaf
    if leaf.file == "tally.json" and leaf.name == "tally":
        _, _, contest, _, option, _ = leaf.path
        files["tally.json"]["contests"][contest]["options"][option]["decrypted_value"] = forger.hp(forger.pow(forger.K, mutation.value))


def attack(record: Base, chosen: list[Mutation], total: int, both: int = 1) -> Figures:
    """Makes every change in both ways, and asserts that it is refused by the checks named. Every `both`-th changed record goes through
    both paths of the verifier."""
    figures = Figures(leaves=total)
    record.folder.put(record.contents)
    assert run(record.folder.path, group=record.group).exit_status == 0
    missed = []
    for mutation in chosen:
        for adaptive in (False, True):
            contents = changed(record, mutation, adaptive=adaptive)
            report = run(record.folder.put(contents), group=record.group, both=figures.changes % both == 0)
            found, expected = failed(report), named(mutation, record.files, record.forger, adaptive=adaptive)
            figures.changes += 1
            way = "adaptive" if adaptive else "naive"
            if report.exit_status == 0 or not expected <= found:
                missed.append(f"{way} {mutation}: expected {sorted(expected)}, refused by {sorted(found)}")
                continue
            figures.detected += 1
            left = refused(report) - {"X15"} if not adaptive else refused(report)
            figures.only_named += left <= expected
            if len(left) == 1:
                figures.alone[min(left)] = figures.alone.get(min(left), 0) + 1
    record.folder.put(record.contents)
    assert run(record.folder.path, group=record.group).exit_status == 0
    assert not missed, f"{len(missed)} of {figures.changes}:\n" + "\n".join(missed[:40])
    return figures


def publish(name: str, figures: Figures) -> None:
    """Adds the figures of a part to those of the others, and writes the sum."""
    parts = ARTEFACTS / "mutations"
    parts.mkdir(parents=True, exist_ok=True)
    (parts / f"{name.replace('/', '_').replace(' ', '_')}.json").write_text(json.dumps(asdict(figures)))
    whole: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    lines = []
    for path in sorted(parts.glob("*.json")):
        part: dict[str, Any] = json.loads(path.read_text())
        alone.update(part.pop("alone"))
        whole.update(part)
        lines.append(f"{path.stem:<44}" + "".join(f"{number:>10}" for number in part.values()))
    heading = f"{'part':<44}" + "".join(f"{word:>10}" for word in ("leaves", "changes", "detected", "by named"))
    total = f"{'total':<44}" + "".join(f"{whole[word]:>10}" for word in ("leaves", "changes", "detected", "only_named"))
    share = 100 * whole["detected"] / max(whole["changes"], 1)
    text = [heading, *lines, total, f"detected by the named check: {share:.2f} %", "", "changes that one check alone refused:"]
    text += [f"  {check:<6}{number:>8}" for check, number in sorted(alone.items())]
    (ARTEFACTS / "mutations.txt").write_text("\n".join(text) + "\n")


@pytest.mark.parametrize("name", FILES)
def test_every_change_of_every_leaf_is_refused_by_the_named_check(name: str, toy: Base, pytestconfig: pytest.Config) -> None:
    file, _, part = name.partition(" ")
    everything = [leaf for item in toy.files for leaf in leaves(toy.files[item], (item,))]
    own = [leaf for leaf in everything if leaf.file == file and not (toy.group == TOY and "generation" in leaf.sort)]
    chosen = mutations(own, toy.forger)
    if part:
        own = own[int(part) - 1 :: SLICES]
        kept = set(own)
        chosen = [mutation for mutation in chosen if mutation.leaf in kept]
    assert len(chosen) == 3 * len(own) > 0
    publish(name, attack(toy, chosen, len(own), both=1 if pytestconfig.getoption("--both-paths") else 9))


def test_every_change_of_the_log_of_the_states_and_of_a_ballot_is_refused_where_there_is_a_log(tmp_path: Path) -> None:
    """Challenged or Discounted: only here is there anything but the signature that says which."""
    forger, _, files = e0(voting={"log": "witnessed"})
    with remembering():
        record = base(forger, files, tmp_path, TOY)
        everything = [leaf for item in record.files for leaf in leaves(record.files[item], (item,))]
        of_log = [leaf for leaf in everything if leaf.file == LOG or (leaf.file == MANIFEST and leaf.name == "log")]
        of_ballots = [leaf for leaf in everything if leaf.file == BALLOTS and (leaf.name == "ballot_state" or leaf.path[1] == 0)]
        chosen = mutations(of_log, forger) + mutations(of_ballots, forger)
        publish("log", attack(record, chosen, len(of_log) + len(of_ballots), both=9))


def test_nothing_of_the_record_is_left_out(toy: Base) -> None:
    assert {name.partition(" ")[0] for name in FILES} == set(toy.files)


def test_the_attacker_repairs_an_untouched_record_into_itself(toy: Base) -> None:
    files = {name: item for name, item in toy.files.items() if name not in ("profile.json", "signature.json")}
    assert rederive(toy.forger, deepcopy(files)) == files


SMALL_CONTEST: Files = {
    "label": "Council", "selection_limit": 2, "options": [{"label": "Ash"}, {"label": "Birch"}, {"label": "Spoil", "spoil": True}]
}  # fmt: skip


def small_standard_record() -> tuple[Forger, Files]:
    """Two guardians, one question of yes and no and one of two out of two, five ballots, with real parameters."""
    forger = Forger(STANDARD, 7, n=2, k=2, contests=(YES_NO, SMALL_CONTEST), styles=((1,), (1, 2)))
    votes = [("Cast", 1, {1: (1, 0, 0)}), ("Cast", 2, {1: (0, 1, 0), 2: (1, 1, 0)}), ("Cast", 2, {1: (0, 0, 1), 2: (0, 0, 1)}),
             ("Challenged", 1, {1: (1, 0, 0)}), ("Discounted", 1, {1: (0, 1, 0)})]  # fmt: skip
    return forger, forger.files(forger.sheets(votes))


def test_changes_of_a_record_with_real_parameters_are_refused_by_the_named_check(tmp_path: Path) -> None:
    forger, files = small_standard_record()
    with remembering():
        record = base(forger, files, tmp_path, STANDARD)
        everything = [leaf for item in record.files for leaf in leaves(record.files[item], (item,))]
        generation = [mutation for mutation in mutations(everything, forger) if "generation" in mutation.leaf.sort]
        sample = {}
        for number, mutation in enumerate(mutations(everything, forger)):
            sample.setdefault((mutation.leaf.file, mutation.leaf.sort), []).append((number * 7919 % 104729, number, mutation))
        chosen = [min(each)[2] for each in sample.values() if "generation" not in each[0][2].leaf.sort]
        publish("real parameters", attack(record, [*generation, *chosen], len(generation) // 3 + len(chosen)))
