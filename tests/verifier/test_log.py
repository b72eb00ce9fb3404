"""Records of kind witnessed: they verify on every path, and whatever was done to their ballots or their log is refused by X6, X11 or X13.

Adaptively everything is recomputed that can be: hashes, codes, counts, the tally truly decrypted, size and root of the log, digests and the
scrutineer's signature. Only the guardians' statements are not, for they are on the guardians' own machines.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.forging import (
    BALLOTS,
    DEVICES,
    KEY,
    LOG,
    MANIFEST,
    OPENINGS,
    PARAMETERS,
    STANDARD,
    TALLY,
    TOTALS,
    TOY,
    YES_NO,
    Files,
    Folder,
    Forger,
    Sheet,
    contents_of,
    e0,
    encode,
    hexadecimal,
    profile_of,
    rederive,
    signature,
    totals,
    tree_hash,
    write,
)
from tests.verifier.checking import failed, refused, remembering, run
from tests.verifier.hinting import write_hints
from verifier import log, work
from verifier.context import make_context
from verifier.layouts import open_record
from verifier.log import Tree, leaf_hash
from verifier.page import to_html
from verifier.report import Report
from verifier.source import RecordError
from verifier.verify import verify_record

WITNESSED: Files = {"log": "witnessed"}


@pytest.fixture(scope="module")
def made() -> tuple[Forger, list[Sheet], Files]:
    return e0(voting=WITNESSED)


@pytest.fixture(scope="module")
def other() -> tuple[Forger, list[Sheet], Files]:
    return e0(seed=1, voting=WITNESSED)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    with remembering():
        yield Folder(tmp_path_factory.mktemp("witnessed"))


def attacked(made: tuple[Forger, list[Sheet], Files], folder: Folder, change: Callable[[Forger, list[Sheet], Files], Any]) -> Report:
    """The report on a record after a change, with all that can be repaired, and a true tally."""
    forger, sheets, files = deepcopy(made)
    change(forger, sheets, files)
    if isinstance(files.get(LOG), dict) and "kept" not in files[LOG]:
        files = rederive(forger, files)
    else:
        files = rederive(forger, files, ("log",))
    if isinstance(files.get(LOG), dict):
        files[LOG].pop("kept", None)
    files[TALLY] = forger.tally(files[BALLOTS])
    return run(folder.put(contents_of(files)))


# The tree


def test_trees_have_the_known_roots() -> None:
    """Those that the implementations of Certificate Transparency test with."""
    leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    roots = {
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    }
    for size, root in roots.items():
        tree = Tree()
        tree.add(b"".join(leaf_hash(bytes.fromhex(each)) for each in leaves[:size]))
        assert (tree.size, tree.root().hex()) == (size, root)
    assert (Tree().size, Tree().root()) == (0, hashlib.sha256(b"").digest())


@pytest.mark.parametrize("size", [*range(1, 20), 63, 64, 65, 100])
def test_a_tree_does_not_depend_on_how_its_leaves_come(size: int) -> None:
    lines = [b"%d" % number for number in range(size)]
    leaves = b"".join(map(leaf_hash, lines))
    for step in (1, 3, 64):
        tree = Tree()
        for at in range(0, size, step):
            tree.add(leaves[32 * at : 32 * (at + step)])
        assert tree.root() == tree_hash(lines)
        assert tree.size == size
        assert len(tree._perfect) == size.bit_count()


# Verified


def test_a_witnessed_record_verifies_and_says_what_it_is(made: tuple[Forger, list[Sheet], Files], folder: Folder) -> None:
    report = run(folder.put(contents_of(made[2])))
    assert report.exit_status == 0, report.text()
    root = made[2][LOG]["root"]
    assert f"Log: 24 ballots, root {root}, stated by guardians 1, 3, 4" in report.text()
    assert "kind witnessed" in report.text()
    shown = json.loads(report.json())
    assert (shown["kind"], shown["log"]) == ("witnessed", {"size": 24, "root": root, "guardians": [1, 3, 4]})
    written = to_html(report)
    assert "followed the list of accepted ballots" in written
    assert root in written


def test_an_offline_record_says_that_there_is_no_log(folder: Folder) -> None:
    report = run(folder.put(contents_of(e0()[2])))
    assert report.exit_status == 0
    assert "no log in this record" in report.text()
    assert json.loads(report.json())["log"] == {}
    assert "followed the list" not in to_html(report)


@pytest.mark.parametrize("guardians", [(1, 2, 3), (3, 4, 5), (1, 2, 3, 4, 5)])
def test_any_quorum_may_state_it(guardians: tuple[int, ...], made: tuple[Forger, list[Sheet], Files], folder: Folder) -> None:
    forger, _, files = deepcopy(made)
    files[LOG] = forger.log(files[BALLOTS], guardians)
    assert run(folder.put(contents_of(files))).exit_status == 0


def test_a_witnessed_record_without_ballots_verifies(folder: Folder) -> None:
    forger = Forger(voting=WITNESSED)
    files = forger.files([])
    assert files[LOG]["root"] == hashlib.sha256(b"").hexdigest().upper()
    assert run(folder.put(contents_of(files))).exit_status == 0


def test_a_witnessed_record_of_the_standard_group_verifies(tmp_path: Path) -> None:
    forger = Forger(STANDARD, 7, n=2, k=2, contests=(YES_NO,), styles=((1,),), voting=WITNESSED)
    votes = [("Cast", 1, {1: (1, 0, 0)}), ("Cast", 1, {1: (0, 1, 0)}), ("Challenged", 1, {1: (1, 0, 0)})]
    files = forger.files(forger.sheets(votes))
    files[LOG] = forger.log(files[BALLOTS], (1, 2))
    with remembering():
        folder = Folder(tmp_path / "record")
        assert run(folder.put(contents_of(files)), group=STANDARD).exit_status == 0
        files[LOG]["statements"][1] = forger.statement(2, 4, bytes.fromhex(files[LOG]["root"]))
        assert refused(run(folder.put(contents_of(files)), group=STANDARD)) == {"X11"}


def test_every_path_says_the_same(tmp_path: Path) -> None:
    """One process, several, hints, and a run that was stopped after each of its chunks."""
    forger = Forger(voting=WITNESSED, contests=(YES_NO,), styles=((1,),))
    files = forger.files(forger.sheets([("Cast", 1, {1: (1, 0, 0)})] * 90))
    good = write(tmp_path / "good", files)
    wrong = write(tmp_path / "wrong", files | {LOG: forger.log(files[BALLOTS], root=bytes(32))})
    for folder, status in ((good, 0), (wrong, 1)):
        alone = verify_record(folder, KEY, group=TOY)
        assert alone.exit_status == status
        hints = write_hints(tmp_path / "hints", folder, TOY)
        assert verify_record(folder, KEY, processes=2, group=TOY).json() == alone.json()
        for processes in (1, 2):
            report = verify_record(folder, KEY, processes=processes, group=TOY, hints=hints)
            assert (report.exit_status, failed(report)) == (status, failed(alone))
        stopped = 0

        def stop(what: str, done: int, total: int) -> None:
            nonlocal stopped
            if what == "ballots" and 0 < done < total and stopped < 5:
                stopped += 1
                raise InterruptedError

        journal = tmp_path / "journal"
        while True:
            try:
                report = verify_record(folder, KEY, group=TOY, journal=journal, progress=stop)
                break
            except InterruptedError:
                assert journal.exists()
        assert stopped == 5
        assert report.json() == alone.json()


def test_a_worker_that_opens_the_record_itself_hands_on_the_same_leaves(
    made: tuple[Forger, list[Sheet], Files], folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder.put(contents_of(made[2]))
    source = open_record(path, TOY, "psephos")
    job = work.make_job(make_context(source, TOY), path)
    with monkeypatch.context() as patch:
        patch.setattr(work, "self_test", lambda *_: None)
        results = [work.run_task(work.Task(job, chunk)) for chunk in source.chunks()]
        assert b"".join(result.leaves or b"" for result in results) == b"".join(leaf_hash(encode(line)) for line in made[2][BALLOTS])
        work.forget(job)
        contents = contents_of(made[2])
        (path / "profile.json").write_bytes(contents["profile.json"].replace(b'"witnessed"', b'"offline"'))
        with pytest.raises(RecordError, match="another one"):
            work.run_task(work.Task(job, source.chunks()[0]))
        (path / "profile.json").write_bytes(contents["profile.json"])


def test_a_statement_repeated_a_hundred_thousand_times_is_refused_at_once(
    made: tuple[Forger, list[Sheet], Files], folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = deepcopy(made[2])
    files[LOG]["statements"] = [files[LOG]["statements"][0]] * 100_000
    monkeypatch.setattr(log, "statement_challenge", lambda *_: pytest.fail("nothing has to be computed"))
    report = run(folder.put(contents_of(files)), both=False)
    assert refused(report) == {"X11"}
    assert "root" in report.text()
    assert len(report.json()) < 100_000


# CR-32 to CR-40: the ballots changed after the guardians' statements


def flip(old: str, new: str) -> Callable[[Forger, list[Sheet], Files], None]:
    def change(forger: Forger, sheets: list[Sheet], files: Files) -> None:
        line = next(line for line in files[BALLOTS] if line["ballot_state"] == old)
        line["ballot_state"] = new
        if new == "Challenged":
            sheet = next(sheet for sheet in sheets if sheet.line["id_b"] == line["id_b"])
            files[OPENINGS].append(forger.opening(sheet))
        files[TOTALS] = totals(files[BALLOTS], len(forger.styles))

    return change


STATES = ("Cast", "Challenged", "Discounted")
FLIPS = [(old, new) for old in STATES for new in STATES if old != new]


@pytest.mark.parametrize(("old", "new"), FLIPS)
def test_cr32_a_state_flipped_is_refused_by_the_log_alone(
    old: str, new: str, made: tuple[Forger, list[Sheet], Files], folder: Folder
) -> None:
    assert refused(attacked(made, folder, flip(old, new))) == {"X11"}  # size and root made to fit: the statements do not


@pytest.mark.parametrize(("old", "new"), FLIPS)
def test_cr32_a_state_flipped_under_the_stated_root_is_refused_by_x6_and_x11(
    old: str, new: str, made: tuple[Forger, list[Sheet], Files], folder: Folder
) -> None:
    def change(forger: Forger, sheets: list[Sheet], files: Files) -> None:
        flip(old, new)(forger, sheets, files)
        files[LOG]["kept"] = True

    assert refused(attacked(made, folder, change)) == {"X6", "X11"}


@pytest.mark.parametrize(("old", "new"), FLIPS)
def test_cr32_the_twin_without_a_log_accepts_a_flipped_state(old: str, new: str, folder: Folder) -> None:
    assert refused(attacked(e0(), folder, flip(old, new))) == set()


def replace_ballot(forger: Forger, sheets: list[Sheet], files: Files) -> None:
    at = next(at for at, line in enumerate(files[BALLOTS]) if line["ballot_state"] == "Cast" and line["ballot_style_ix"] == 1)
    files[BALLOTS][at] = forger.sheet("Cast", 1, {1: (0, 1, 0)}).line


def drop_ballots(forger: Forger, sheets: list[Sheet], files: Files) -> None:
    del files[BALLOTS][-3:]


def add_ballot(forger: Forger, sheets: list[Sheet], files: Files) -> None:
    files[BALLOTS].append(forger.sheet("Cast", 1, {1: (0, 1, 0)}).line)


def exchange_proof(forger: Forger, sheets: list[Sheet], files: Files) -> None:
    """Another true proof of the same selection: what the confirmation code does not cover."""
    line = next(line for line in files[BALLOTS] if line["ballot_state"] == "Cast" and line["ballot_style_ix"] == 1)
    sheet = next(sheet for sheet in sheets if sheet.line["id_b"] == line["id_b"])
    contest, _ = forger.contest(bytes.fromhex(line["h_i"]), 1, sheet.votes[1], nonces=sheet.nonces[1])
    assert contest["ciphertexts"] == line["contests"]["1"]["ciphertexts"]
    line["contests"]["1"] = contest


def exchange_nonce(forger: Forger, sheets: list[Sheet], files: Files) -> None:
    """Another encrypted nonce, with a true proof (38)."""
    line = files[BALLOTS][5]
    line["ballot_nonce_ciphertext"] = forger.nonce(bytes.fromhex(line["h_i"]))


AFTERWARDS = {
    "cr33_replacement": replace_ballot, "cr34_dropping": drop_ballots, "cr35_stuffing": add_ballot, "cr40_proof": exchange_proof,
    "cr40_nonce": exchange_nonce,
}  # fmt: skip


@pytest.mark.parametrize("name", AFTERWARDS)
def test_ballots_changed_after_the_statements_are_refused_by_the_log_alone(
    name: str, made: tuple[Forger, list[Sheet], Files], folder: Folder
) -> None:
    change = AFTERWARDS[name]
    assert refused(attacked(made, folder, change)) == {"X11"}

    def under_the_stated_root(forger: Forger, sheets: list[Sheet], files: Files) -> None:
        change(forger, sheets, files)
        files[LOG]["kept"] = True

    assert refused(attacked(made, folder, under_the_stated_root)) == {"X6", "X11"}
    assert refused(attacked(e0(), folder, change)) == set()  # the twin without a log


@pytest.mark.parametrize("part", ["ballot_nonce_ciphertext", "proof_ballot_correctness"])
def test_cr40_parts_exchanged_between_two_ballots_are_refused_by_x6(
    part: str, made: tuple[Forger, list[Sheet], Files], folder: Folder
) -> None:
    def change(forger: Forger, sheets: list[Sheet], files: Files) -> None:
        one, two = (line if part in line else line["contests"]["1"] for line in files[BALLOTS][:2])
        one[part], two[part] = two[part], one[part]
        files[LOG]["kept"] = True

    assert {"X6", "X11"} <= failed(attacked(made, folder, change))


# The log itself


def stated(change: Callable[[Forger, Files], Any]) -> Callable[[Forger, list[Sheet], Files], None]:
    def whole(forger: Forger, sheets: list[Sheet], files: Files) -> None:
        made = change(forger, files)
        if made is not None:
            files[LOG] = made
        files[LOG]["kept"] = True

    return whole


def of(forger: Forger, files: Files, i: int, **how: Any) -> Files:
    return forger.statement(i, len(files[BALLOTS]), tree_hash([encode(line) for line in files[BALLOTS]]), **how)


STATEMENTS: dict[str, tuple[Callable[[Forger, Files], Any], str]] = {
    "another root, stated": (lambda f, files: f.log(files[BALLOTS], root=bytes(32)), "X6 X11"),
    "another size, stated": (lambda f, files: f.log(files[BALLOTS], size=23), "X11"),
    "the root of another order, stated": (
        lambda f, files: f.log(files[BALLOTS], root=tree_hash([encode(line) for line in files[BALLOTS][::-1]])), "X6 X11"
    ),
    "a last leaf twice (CR-39), stated": (
        lambda f, files: f.log(files[BALLOTS], root=tree_hash([encode(line) for line in [*files[BALLOTS], files[BALLOTS][-1]]])), "X6 X11"
    ),
    "nobody's": (lambda f, files: f.log(files[BALLOTS], ()), "X11"),
    "fewer than a quorum": (lambda f, files: f.log(files[BALLOTS], (1, 5)), "X11"),
    "one of a guardian twice": (lambda f, files: f.log(files[BALLOTS], (1, 3, 3)), "X11"),
    "one of a guardian twice beside a quorum": (lambda f, files: f.log(files[BALLOTS], (1, 2, 3, 3)), "X11"),
    "in another order": (lambda f, files: f.log(files[BALLOTS], (3, 1, 4)), "X11"),
    "an unknown guardian's": (lambda f, files: f.log(files[BALLOTS], (1, 3, 6)), "X11"),
    "an unknown guardian's beside a quorum": (lambda f, files: f.log(files[BALLOTS], (1, 2, 3, 6)), "X11"),
    "guardian 0's": (lambda f, files: f.log(files[BALLOTS], (0, 1, 2, 3)), "X11"),
    "one made with another guardian's share": (
        lambda f, files: files[LOG]["statements"].__setitem__(1, of(f, files, 3, as_guardian=4)), "X11"
    ),
    "one of another guardian, renamed": (lambda f, files: files[LOG]["statements"].__setitem__(1, of(f, files, 4) | {"i": 3}), "X11"),
    "one that was forged": (
        lambda f, files: files[LOG]["statements"][2].update(proof={"c": f.hq(f.scalar()), "v": f.hq(f.scalar())}), "X11"
    ),
    "a challenge of q and more": (
        lambda f, files: files[LOG]["statements"][0]["proof"].update(c=f.hq(f.q + 1)), "X11"
    ),
    "a response that is the same modulo q": (
        lambda f, files: files[LOG]["statements"][0]["proof"].update(v=f.hq(int(files[LOG]["statements"][0]["proof"]["v"], 16) % 50 + f.q)),
        "X11",
    ),
    "one about another election": (lambda f, files: files[LOG]["statements"].__setitem__(0, of(f, files, 1, h_e=bytes(32))), "X11"),
}  # fmt: skip


@pytest.mark.parametrize("name", STATEMENTS)
def test_statements_that_are_not_right_are_refused_by_the_log_alone(
    name: str, made: tuple[Forger, list[Sheet], Files], folder: Folder
) -> None:
    change, checks = STATEMENTS[name]
    assert refused(attacked(made, folder, stated(change))) == set(checks.split())


def test_statements_of_another_election_and_of_another_set_are_refused(
    made: tuple[Forger, list[Sheet], Files], other: tuple[Forger, list[Sheet], Files], folder: Folder
) -> None:
    moved = attacked(made, folder, stated(lambda _, files: files[LOG].update(statements=other[2][LOG]["statements"])))
    assert refused(moved) == {"X11"}
    whole = attacked(made, folder, stated(lambda _, files: {**other[2][LOG]}))
    assert refused(whole) == {"X6", "X11"}


def test_cr01_a_statement_whose_challenge_leaves_a_part_out_passes_the_twin_alone(
    made: tuple[Forger, list[Sheet], Files], folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the root in the challenge a statement could be moved to any other set."""
    def weak(group: Any, h_e: bytes, index: int, stated: Any, key: int, h: int) -> int:
        return int(group.H_q(h_e, b"\x55", index.to_bytes(4, "big"), group.bp(key), group.bp(h)))

    forger, _, files = deepcopy(made)
    original = forger.Hq
    forger.Hq = lambda key, tag, *parts: original(key, tag, *([parts[0], *parts[3:]] if tag == b"\x55" else parts))  # type: ignore[method-assign]
    files[LOG] = forger.log(files[BALLOTS])
    replace_ballot(forger, [], files)
    forger.recount(files)
    files[LOG]["root"] = hexadecimal(tree_hash([encode(line) for line in files[BALLOTS]]))
    assert refused(run(folder.put(contents_of(files)))) == {"X11"}
    monkeypatch.setattr(log, "statement_challenge", weak)
    assert refused(run(folder.put(contents_of(files)))) == set()


def test_an_unreadable_ballot_leaves_x6_and_x11_unmade(made: tuple[Forger, list[Sheet], Files], folder: Folder) -> None:
    files = deepcopy(made[2])
    files[BALLOTS][3] = b"{}"
    report = run(folder.put(contents_of(files)))
    assert report.exit_status == 2
    assert {"X6", "X11", "X7"} <= refused(report)
    assert not {"X6", "X11"} & failed(report)


# Kind, file and manifest


@pytest.mark.parametrize("kind", ["offline", "witnessed"])
def test_a_log_in_a_record_of_the_other_kind_or_none_in_this_is_refused(
    kind: str, made: tuple[Forger, list[Sheet], Files], folder: Folder
) -> None:
    """Adaptive: the profile is written and signed with the kind that hides the log, or promises one."""
    files = deepcopy(made[2])
    if kind == "witnessed":
        del files[LOG]
    contents = contents_of(files)
    profile = encode({**json.loads(profile_of({k: v for k, v in contents.items() if k not in ("profile.json", "signature.json")})),
                      "kind": kind})  # fmt: skip
    report = run(folder.put(contents | {"profile.json": profile, "signature.json": signature(profile)}))
    if kind == "witnessed":
        assert report.exit_status == 2
        assert {"X6", "X7", "X11"} <= refused(report)
    else:
        assert refused(report) == {"X13", "X15"}


def test_a_log_taken_away_and_the_kind_with_it_is_refused_by_x13_alone(made: tuple[Forger, list[Sheet], Files], folder: Folder) -> None:
    forger, _, files = deepcopy(made)
    del files[LOG]
    replace_ballot(forger, [], files)
    forger.recount(files)
    assert refused(run(folder.put(contents_of(files)))) == {"X13"}


def test_a_log_that_the_manifest_does_not_know_of_is_refused_by_x13_alone(folder: Folder) -> None:
    forger, _, files = e0()
    files[LOG] = forger.log(files[BALLOTS])
    assert refused(run(folder.put(contents_of(files)))) == {"X13"}


@pytest.mark.parametrize("value", ["offline", "", "Witnessed", True, None])
def test_another_value_of_log_in_the_manifest_is_unreadable(value: Any, folder: Folder) -> None:
    forger = Forger(voting={"log": value})
    files = forger.files(forger.sheets([("Cast", 1, {1: (1, 0, 0)})] * 3))
    assert run(folder.put(contents_of(files)), both=False).exit_status == 2


@pytest.mark.parametrize("content", [
    b"", b"{}", b"[]", b'{"size":1,"root":"","statements":[]}', b'{"root":"%s","size":0,"statements":[]}' % (b"0" * 64),
    b'{"size":-1,"root":"%s","statements":[]}' % (b"0" * 64), b'{"size":2147483648,"root":"%s","statements":[]}' % (b"0" * 64),
    b'{"size":1,"root":"%s","statements":[],"time":1}' % (b"0" * 64), b'{"size":1,"root":"%s","statements":[{"i":1}]}' % (b"0" * 64),
    b'{"size":1,"root":"%s","statements":[]}\n' % (b"0" * 64), b'{"size":1,"root":"%s","statements":[]}' % (b"a" * 64),
])  # fmt: skip
def test_a_log_in_another_form_is_unreadable(content: bytes, made: tuple[Forger, list[Sheet], Files], folder: Folder) -> None:
    report = run(folder.put(contents_of({**made[2], LOG: content})), both=False)
    assert report.exit_status == 2
    assert {"X6", "X7", "X11"} <= refused(report)


@pytest.mark.parametrize("name", ["notes.txt", "log.jsonl", "ballots/device_2.jsonl", "ballots/log.json", "guardians/notes", "checkpoint"])
def test_cr52_a_file_that_records_do_not_have_is_refused_though_it_is_listed_and_signed(
    name: str, made: tuple[Forger, list[Sheet], Files], folder: Folder
) -> None:
    assert refused(run(folder.put(contents_of({**made[2], name: b""})))) == {"X15"}


# PR-05, PR-06


def test_pr05_the_order_of_acceptance_is_not_in_the_record(made: tuple[Forger, list[Sheet], Files]) -> None:
    """The same ballots, accepted the other way round, make the same files, but for the random numbers of the statements."""
    _, sheets, files = made
    again, reversed_sheets, _ = deepcopy(made)
    twin = again.files(reversed_sheets[::-1])
    assert contents_of(twin)[BALLOTS] == contents_of(files)[BALLOTS]
    assert (twin[LOG]["root"], twin[LOG]["size"]) == (files[LOG]["root"], files[LOG]["size"])
    in_order = [encode(sheet.line) for sheet in sheets]
    assert hexadecimal(tree_hash(in_order)) not in json.dumps(files)


NAMED = {
    f"{PARAMETERS} varying_parameters.date", f"{MANIFEST} voting.opens", f"{MANIFEST} voting.closes", f"{MANIFEST} voting.record_due",
    "signature.json date",
}  # fmt: skip
"""The only times in a record: those of the notice of the ballot, and the day on which the record was signed."""
COUNTERS = {
    f"{LOG} size", f"{LOG} statements.i", f"{DEVICES} devices.device_ix", f"{DEVICES} devices.ballot_count", f"{BALLOTS} device_ix",
    f"{BALLOTS} ballot_style_ix", f"{OPENINGS} contests.contest_ix", f"{OPENINGS} contests.options.value", f"{TALLY} contests.contest_ix",
    f"{TALLY} contests.options.tally", "acknowledgements.jsonl i", "profile.json version",
}  # fmt: skip
"""The only numbers in a record besides those of parameters, manifest and totals: none is a place in an order of voting."""


def test_pr06_no_time_counter_or_place_in_an_order_is_in_the_record(made: tuple[Forger, list[Sheet], Files]) -> None:
    times, numbers = set(), set()

    def walk(file: str, path: str, value: Any) -> None:
        if isinstance(value, dict):
            for member, item in value.items():
                walk(file, path if member.isdigit() else f"{path}.{member}".lstrip("."), item)
        elif isinstance(value, list):
            for item in value:
                walk(file, path, item)
        elif isinstance(value, int):
            numbers.add(f"{file} {path}")
        elif "-" in value:
            times.add(f"{file} {path}")  # a UUID would be here as well

    for name, content in contents_of(made[2]).items():
        for part in content.splitlines() if name.endswith(".jsonl") else [content]:
            walk(name, "", json.loads(part))
    assert times == NAMED
    constant = tuple(each for each in numbers if each.startswith((PARAMETERS, MANIFEST, TOTALS, "guardians/")))
    assert numbers - set(constant) == COUNTERS
