"""Engine and verifier share no line of code, and agree: what one refuses the other refuses, over changed and damaged ballots, keys,
acknowledgements, decryption proofs, manifests and parameters. The base record is made by neither of them (`forging.py`)."""

import json
import random
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.ballot import CAST, CHALLENGED, DISCOUNTED, EncryptedBallot, verify_ballot
from engine.decryption import DecryptedTally, verify_tally_proof
from engine.encoding import from_json
from engine.errors import EngineError
from engine.key_ceremony import Acknowledgement, GuardianPublicKeys, join_keys, verify_acknowledgement, verify_public_keys
from engine.manifest import read_manifest
from engine.parameters import Election
from engine.record import read_parameters
from engine.tally import verify_and_multiply
from tests.forging import (
    ACKNOWLEDGEMENTS,
    BALLOTS,
    HASHES,
    MANIFEST,
    PARAMETERS,
    TALLY,
    Files,
    Folder,
    Forger,
    H,
    Sheet,
    b,
    contents_of,
    e0,
    encode,
    hexadecimal,
)
from tests.groups import TOY
from tests.verifier.attacks import ATTACKS, OWN, World
from tests.verifier.checking import failed, refused, remembering, run
from tests.verifier.mutations import leaves, mutations, put
from tests.verifier.test_attacks import LABELS, RAW_MANIFESTS
from tests.verifier.test_parser_fuzz import damage
from verifier.ballot_files import read_ballot
from verifier.ballots import check_ballot
from verifier.context import Context, make_context
from verifier.record import open_own
from verifier.report import Findings
from verifier.source import RecordError
from verifier.strict_json import parse

PREPARED = {"X7", "X13", "X14", "X18", "1.A", "1.B", "1.C", "1.D", "1.E", "1.F"}


@dataclass
class Both:
    """The record with what each side needs to judge a part of it."""

    forger: Forger
    sheets: list[Sheet]
    files: Files
    contents: dict[str, bytes]
    folder: Folder
    election: Election
    keys: list[GuardianPublicKeys]
    context: Context


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    forger, sheets, files = e0()
    contents, folder = contents_of(files), Folder(tmp_path_factory.mktemp("agreement"))
    path = folder.put(contents)
    parameters = read_parameters(path, TOY)
    keys = [from_json(GuardianPublicKeys, contents[f"guardians/guardian_{i}.public_key.json"], TOY) for i in range(1, 6)]
    with remembering():
        context = make_context(open_own(path, forger.group), forger.group)
        yield Both(forger, sheets, files, contents, folder, join_keys(parameters, keys), keys, context)


def engine_accepts_ballot(line: bytes, both: Both) -> bool:
    try:
        ballot = from_json(EncryptedBallot, line, TOY)
        verify_ballot(ballot, both.election)
    except EngineError:
        return False
    return ballot.state in (CAST, CHALLENGED, DISCOUNTED)


def verifier_accepts_ballot(line: bytes, both: Both) -> bool:
    findings = Findings(own=True)
    try:
        ballot = read_ballot(parse(line, BALLOTS, 1), 1, both.forger.group, own=True)
    except RecordError:
        return False
    check_ballot(both.context, ballot, both.context.devices[1], findings)
    alphas = [ciphertext.alpha for contest in ballot.contests for ciphertext in contest.ciphertexts]
    return not findings.failed and len({*alphas, ballot.nonce.c_0}) == len(alphas) + 1


def compare_ballots(lines: list[bytes], both: Both) -> tuple[int, int]:
    """How many both accept, and how many both refuse."""
    accepted = 0
    for line in lines:
        engine, verifier = engine_accepts_ballot(line, both), verifier_accepts_ballot(line, both)
        assert engine == verifier, f"engine {engine}, verifier {verifier}: {line[:300]!r}"
        accepted += engine
    return accepted, len(lines) - accepted


def test_both_accept_the_untouched_record(both: Both) -> None:
    lines = [encode(line) for line in both.files[BALLOTS]]
    assert compare_ballots(lines, both) == (24, 0)
    found = verify_and_multiply(lines, both.election)
    stated = both.files[TALLY]["contests"]
    for contest, of_record in zip(found.tally.contests, stated, strict=True):
        for pair, option in zip(contest.options, of_record["options"], strict=True):
            assert pair.alpha.to_bytes().hex().upper() == option["encrypted_tally"]["alpha"]
            assert pair.beta.to_bytes().hex().upper() == option["encrypted_tally"]["beta"]
    assert run(both.folder.put(both.contents)).exit_status == 0


@pytest.mark.parametrize("state", ["Cast", "Challenged", "Discounted"])
def test_both_judge_every_change_of_a_ballot_alike(state: str, both: Both) -> None:
    """Each leaf three ways, as it is and with hashes and code repaired."""
    lines = [line for line in both.files[BALLOTS] if line["ballot_state"] == state]
    chosen = lines[:1] + [line for line in lines if line["ballot_style_ix"] == 2][:1]
    made = []
    for line in chosen:
        everything = [leaf for other in both.files[BALLOTS] for leaf in leaves(other, (BALLOTS, other["id_b"]))]
        for mutation in mutations(everything, both.forger):
            if mutation.leaf.path[1] == line["id_b"]:
                changed = deepcopy(line)
                put(changed, mutation.leaf.path[2:], mutation.value)
                made.append(encode(changed))
                if mutation.leaf.name not in ("contest_hash", "confirmation_code", "ballot_id", "h_i"):
                    try:
                        changed["h_i"] = hexadecimal(H(both.forger.h_e, b"\x20", bytes.fromhex(changed["id_b"])))
                        made.append(encode(both.forger.seal(changed)))
                    except (ValueError, TypeError, AttributeError):
                        continue
    accepted, refused_ = compare_ballots(made, both)
    assert refused_ > 400
    assert accepted <= 8  # another known state, with the code repaired or not


def test_both_judge_the_ballots_of_all_attacks_alike(both: Both) -> None:
    made = []
    for attack in ATTACKS:
        if OWN not in attack.layouts or "production" in attack.how:
            continue
        for adaptive in (False, True):
            forger, sheets, files = deepcopy((both.forger, both.sheets, both.files))
            world = World(forger, sheets, files, World(*e0(seed=1)), adaptive=adaptive)
            attack.change(world)
            before = {encode(line) for line in both.files[BALLOTS]}
            made += [line for each in files.get(BALLOTS, []) if (line := each if isinstance(each, bytes) else encode(each)) not in before]
    assert len(made) > 150
    accepted, refused_ = compare_ballots(made, both)
    assert refused_ > 120
    assert accepted > 10  # states, second ballots and the like, which are no matter of one ballot alone


@pytest.mark.parametrize("part", range(4))
def test_both_judge_damaged_ballots_alike(part: int, both: Both) -> None:
    generator = random.Random(part)
    lines = [encode(line) for line in both.files[BALLOTS]]
    made = [damage(generator, generator.choice(lines), generator.choice(lines)) for _ in range(2500)]
    accepted, refused_ = compare_ballots([line for line in made if line not in lines], both)
    assert refused_ > 2000
    assert accepted < 20


def test_both_refuse_ballots_that_do_not_go_together(both: Both) -> None:
    f = both.forger
    lines = [encode(line) for line in both.files[BALLOTS]]
    first = both.files[BALLOTS][0]
    twice = f.sheet("Cast", 1, {1: (1, 0, 0)}, id_b=bytes.fromhex(first["id_b"])).line
    same_nonce = f.sheet("Cast", 1, {1: (1, 0, 0)}, nonces=[both.sheets[0].nonces[1][0], f.scalar(), f.scalar()]).line
    for wrong in ([lines[1], lines[0], *lines[2:]], [lines[0], *lines],
                  sorted([*lines, encode(twice)], key=lambda line: json.loads(line)["confirmation_code"]),
                  sorted([*lines, encode(same_nonce)], key=lambda line: json.loads(line)["confirmation_code"])):  # fmt: skip
        with pytest.raises(EngineError):
            verify_and_multiply(wrong, both.election)
        content = b"".join(line + b"\n" for line in wrong)
        found = failed(run(both.folder.put(contents_of({**both.files, BALLOTS: content}))))
        assert found & {"5.A", "8.B", "X6", "X11"}
    both.folder.put(both.contents)


def changes_of(file: str, both: Both) -> list[tuple[str, bytes]]:
    """The file's content with each leaf changed three ways, and with random damage."""
    everything = [leaf for name in both.files for leaf in leaves(both.files[name], (name,))]
    made = []
    for mutation in mutations(everything, both.forger):
        if mutation.leaf.file == file:
            changed = deepcopy({file: both.files[file]})
            put(changed, mutation.leaf.path, mutation.value)
            made.append((mutation.leaf.name, contents_of(changed, own=False)[file]))
    generator = random.Random(file)
    content = both.contents[file]
    made += [("damage", damage(generator, content, content)) for _ in range(150)] if not file.endswith(".jsonl") else []
    return [(name, item) for name, item in made if item != content]


def judged(file: str, content: bytes, both: Both) -> set[str]:
    """What fails of the whole record, signed again."""
    return refused(run(both.folder.put(contents_of({**both.files, file: content}))))


def test_both_judge_changed_keys_alike(both: Both) -> None:
    file = "guardians/guardian_2.public_key.json"
    for name, content in changes_of(file, both):
        try:
            keys = from_json(GuardianPublicKeys, content, TOY)
            verify_public_keys(keys, both.election.parameters)
            join_keys(both.election.parameters, [both.keys[0], keys, *both.keys[2:]])
            engine = True
        except EngineError:
            engine = False
        found = judged(file, content, both)
        assert engine == (not found & {"2.A", "2.B", "2.C", "X7", "X8", "X18"}), f"{name}: engine {engine}, refused by {sorted(found)}"
    both.folder.put(both.contents)


def test_both_judge_changed_acknowledgements_alike(both: Both) -> None:
    for name, content in changes_of(ACKNOWLEDGEMENTS, both):
        try:
            found_by_engine = [from_json(Acknowledgement, line, TOY) for line in content.split(b"\n")[:-1]]
            for i, acknowledgement in enumerate(found_by_engine, 1):
                verify_acknowledgement(acknowledgement, both.election, both.keys)
                assert acknowledgement.index == i
            engine = True
        except (EngineError, AssertionError):
            engine = False
        found = judged(ACKNOWLEDGEMENTS, content, both)
        assert engine == (not found), f"{name}: engine {engine}, refused by {sorted(found)}"
        assert found == set() or found & {"X7", "X9"}
    both.folder.put(both.contents)


def test_both_judge_changed_decryptions_alike(both: Both) -> None:
    for name, content in changes_of(TALLY, both):
        try:
            stated = from_json(DecryptedTally, content, TOY)
            for place, contest in enumerate(stated.contests, 1):
                assert contest.index == place
                for j, option in enumerate(contest.options, 1):
                    verify_tally_proof(option, contest.index, j, both.election)
            engine = True
        except (EngineError, AssertionError):
            engine = False
        found = judged(TALLY, content, both)
        if engine:  # labels and completeness are the verifier's business alone
            assert not found & {"10.A", "10.B", "10.C", "X7"}, name
        else:
            assert found & {"10.A", "10.B", "10.C", "11.A", "X7"}, name
    both.folder.put(both.contents)


def test_both_judge_changed_parameters_alike(both: Both, tmp_path: Path) -> None:
    """`read_parameters` refuses exactly what fails 1.A to 1.F, X13 or cannot be read."""
    folder = Folder(tmp_path)
    for file in (PARAMETERS, HASHES):
        for name, content in changes_of(file, both):
            generation = encode(both.files[PARAMETERS]["fixed_parameters"]["generation_parameters"])
            if file == PARAMETERS and generation not in content:
                continue  # how p is made is checked for the standard group only
            try:
                read_parameters(folder.put({**both.contents, file: content}), TOY)
                engine = True
            except EngineError:
                engine = False
            found = judged(file, content, both)
            assert engine == (not found & (PREPARED | {"X8"})), f"{name}: engine {engine}, refused by {sorted(found)}"
    both.folder.put(both.contents)


_STRIKE = {"ballot_type": "industrial action", "section": "226(1)(a)", "methods": ["electronic", "hybrid", "workplace"],
           "hierarchy": ["workplace", "hybrid electronic", "hybrid postal"]}  # fmt: skip
STATUTORY: dict[str, Any] = {
    "a strike": _STRIKE,
    "an election": {"ballot_type": "union election", "section": "46(1)(a)", "methods": ["electronic"]},
    "an empty hierarchy": {"ballot_type": "union election", "section": "46(1)(a)", "methods": ["electronic"], "hierarchy": []},
    "post alone": {"ballot_type": "political fund", "section": "72C(1)", "methods": ["postal"]},
    "no hierarchy": {name: value for name, value in _STRIKE.items() if name != "hierarchy"},
    "not an object": "industrial action", "nothing": None, "empty": {}, "another order": dict(reversed(_STRIKE.items())),
    **{
        f"{name} {value}": {**_STRIKE, name: value}
        for name, values in {
            "ballot_type": ["", "strike", "union election", 1], "section": ["", "46(1)(a)", None],
            "methods": [[], ["hybrid", "electronic", "workplace"], ["electronic"], ["hybrid"] * 2, ["telephone"], "hybrid", [1]],
            "hierarchy": [[], ["workplace"], ["workplace"] * 2, ["hybrid electronic", "hybrid postal"], ["workplace", "postal"], None, [1]],
        }.items()
        for value in values
    },
}  # fmt: skip
"""Values of the member `statutory`."""


def manifests(both: Both) -> list[tuple[str, bytes]]:
    """Manifests that may or may not be used."""
    made: list[tuple[str, bytes]] = [("untouched", both.contents[MANIFEST])]
    made += [(name, change(both.contents[MANIFEST])) for name, change in RAW_MANIFESTS.items()]
    for name, label in LABELS.items():
        for place in (("contests", 0, "options", 1), ("contests", 1), ("ballot_styles", 0), ("voting",), ()):
            manifest: Any = deepcopy(both.files[MANIFEST])
            at = manifest
            for part in place:
                at = at[part]
            at["union" if place == ("voting",) else "label"] = label
            made.append((name, encode(manifest)))
    for name, value in STATUTORY.items():
        manifest = deepcopy(both.files[MANIFEST])
        manifest["voting"]["statutory"] = value
        made.append((name, encode(manifest)))
    return [*made, *changes_of(MANIFEST, both)]


def test_both_judge_manifests_alike(both: Both) -> None:
    """The engine opens no election with a manifest for which the verifier would refuse the record, and the other way round."""
    f, accepted = both.forger, 0
    for name, content in manifests(both):
        try:
            manifest = read_manifest(content)
            assert len(manifest.voting.trustees) == 5
            engine = True
        except (EngineError, AssertionError):
            engine = False
        h_b = hexadecimal(H(f.h_p, b"\x01", b(len(content), 4), content))
        hashes = {**both.files[HASHES], "h_b": h_b}
        parameters = deepcopy(both.files[PARAMETERS])
        if engine:
            parameters["varying_parameters"] |= {"info": manifest.label, "date": manifest.voting.opens[:10]}
        files = {**both.files, MANIFEST: content, HASHES: hashes, PARAMETERS: parameters}
        guardians = {}
        if engine:
            for i, trustee in enumerate(manifest.voting.trustees, 1):
                file = f"guardians/guardian_{i}.public_key.json"
                guardians[file] = {**both.files[file], "name": trustee}
        report = run(both.folder.put(contents_of({**files, **guardians})))
        places = ("manifest", "election_manifest", "contest ", "ballot style", "guardians")
        about = {each.check for each in report.findings.failures if each.where.startswith(places) or each.check == "X7"}
        about -= {"X12"} if engine and manifest.voting.record_due > manifest.voting.closes else set()
        assert engine == (not about), f"{name}: engine {engine}, refused by {sorted(about)}: {content[:400]!r}"
        accepted += engine
    assert accepted > 20
    both.folder.put(both.contents)
