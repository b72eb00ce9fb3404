"""Every leaf of records in the layout of others (EG21 JSON), plain, chained, and with contest data, changed three ways: the numbered items
refuse it. What no numbered item covers, the specification leaves open; those leaves are listed, and nothing else may pass."""

import json
import re
from collections import Counter
from copy import deepcopy
from pathlib import Path

import pytest

from tests.forging import BALLOTS, DATA, DEVICES, MANIFEST, OPENINGS, PARAMETERS, Files, Folder, Forger, content_of, contents_of, e0
from tests.verifier.attacks import EG21
from tests.verifier.checking import failed, remembering, run
from tests.verifier.mutations import Leaf, Mutation, leaves, mutations, named, put

VARIANTS = {"plain": {}, "chained": {"chained": True}, "with_contest_data": {"data_blocks": 1}}
OPEN = {
    # no signature and no acknowledgements: texts that no item compares with anything
    f"{PARAMETERS} fixed_parameters.generation_parameters": "how p is made is compared for the standard group only",
    f"{PARAMETERS} varying_parameters.info": "a text", f"{PARAMETERS} varying_parameters.date": "a text",
    f"{PARAMETERS} varying_parameters.ballot_chaining": "a text; the devices say what holds",
    "guardians name": "a text",
    # §3.3.4 gives the encrypted nonce a proof, and no item checks it (specs/readings.md, 17)
    f"{BALLOTS} ballot_nonce_ciphertext": "reported for information",
    f"{BALLOTS} ballot_id": "any name that is its own",
}  # fmt: skip


def is_open(leaf: Leaf) -> bool:
    file = "guardians" if leaf.file.startswith("guardians/") else leaf.file
    return any(f"{file} {leaf.sort}".startswith(prefix) for prefix in OPEN)


def expected(mutation: Mutation, files: Files, forger: Forger) -> set[str]:
    """The numbered items that must refuse a naive change."""
    leaf, new = mutation.leaf, mutation.value
    if leaf.file == DATA or "contest_data" in leaf.path:
        return _data(leaf, new, files)
    if leaf.file == DEVICES and leaf.name in ("h_0", "closing_hash"):
        return {"8.F" if leaf.name == "h_0" else "8.G"} if _is_hash(new) else {"format"}
    checks = {"format" if check == "X7" else check for check in named(mutation, files, forger, adaptive=False)}
    chained = forger.chained
    if leaf.file == BALLOTS and leaf.sort == "chaining_field" and chained and "8.D" in checks:
        return {"8.B", "8.E"}
    if leaf.file == BALLOTS and leaf.sort == "ballot_state" and new in ("Challenged", "Spoiled", "Cast", "Discounted"):
        return {"13.B"} if "Challenged" in (leaf.value, new) else {"9.A", "9.B"}
    if leaf.file == BALLOTS and leaf.sort == "ballot_state":
        return {"9.A", "9.B"} if isinstance(new, str) else {"format"}
    if leaf.file == BALLOTS and leaf.sort == "ballot_style_ix" and "X2" in checks:
        return {"6.D", "7.D"}
    if leaf.file == DEVICES and leaf.name in ("kind", "chaining_mode", "ballot_count") and "format" not in checks:
        return {"ballot_count": {"9.A", "9.B"}, "kind": {"16.C", "16.D"}, "chaining_mode": {"8.E"}}[leaf.name]
    if leaf.file == DEVICES and leaf.name == "chaining_mode" and new == "SimpleChaining":
        return {"8.E"}
    if leaf.file == MANIFEST and leaf.name == "contest_data_blocks":
        return {"1.F", "8.A"} if isinstance(new, int) and 1 <= new < 2**31 else {"format"}
    return {check for check in checks if check[0] != "X"}


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9A-F]{64}", value) is not None


def _data(leaf: Leaf, new: object, files: Files) -> set[str]:
    width = len(leaf.value) if isinstance(leaf.value, str) else 0
    if leaf.name == "contest_ix":
        return {"12.B"} if isinstance(new, int) and not isinstance(new, bool) and 0 <= new < 2**31 else {"format"}
    if leaf.name == "ballot_id":
        return {"12.B"} if isinstance(new, str) else {"format"}
    if not isinstance(new, str) or not re.fullmatch(f"[0-9A-F]{{{width}}}", new):
        return {"format"}
    if leaf.file == OPENINGS:
        return {"13.A"}
    if leaf.file == BALLOTS:
        return {"8.A"}
    return {"12.C"} if leaf.name == "data" else {"12.B"}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_change_of_every_leaf_is_refused_by_numbered_items(variant: str, tmp_path: Path) -> None:
    forger, _, files = e0(layout=EG21, **VARIANTS[variant])
    everything = [leaf for name in files for leaf in leaves(files[name], (name,))]
    made = mutations(everything, forger)
    if variant != "plain":  # what differs from the plain record, and a part of the rest
        made = [each for number, each in enumerate(made) if number % 7 == 0 or each.leaf.file in (DEVICES, DATA) or _special(each.leaf)]
    contents, folder = contents_of(files, own=False), Folder(tmp_path)
    missed, passed = [], Counter[str]()
    with remembering():
        assert run(folder.put(contents), layout=EG21).exit_status == 0
        for mutation in made:
            changed = deepcopy({mutation.leaf.file: files[mutation.leaf.file]})
            put(changed, mutation.leaf.path, mutation.value)
            file = mutation.leaf.file
            report = run(folder.put({**contents, file: content_of(file, changed[file])}), layout=EG21)
            found = failed(report)
            if is_open(mutation.leaf):
                passed[mutation.leaf.sort] += report.exit_status == 0
                continue
            wanted = expected(mutation, files, forger)
            if report.exit_status == 0 or not wanted or not wanted <= found:
                missed.append(f"{mutation}: expected {sorted(wanted)}, refused by {sorted(found)}")
    assert passed
    assert not missed, f"{len(missed)} of {len(made)}:\n" + "\n".join(missed[:60])
    assert json.loads(report.json())["format"] == EG21


def _special(leaf: Leaf) -> bool:
    return "contest_data" in leaf.path or leaf.name in ("chaining_field", "contest_data_blocks")
