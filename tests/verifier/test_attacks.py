"""Dishonest records are refused by the checks that are named for it, in our own layout and in that of others.

The attacks are in `attacks.py`; here they are run, with those that need another production, real parameters, files, or a weakened verifier.
"""

import json
import shutil
from collections.abc import Iterator
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.forging import (
    ACKNOWLEDGEMENTS,
    BALLOTS,
    DATA,
    DEVICES,
    EXECUTIVE,
    HASHES,
    JOINT,
    KEY,
    MANIFEST,
    OPENINGS,
    OTHER_KEY,
    PARAMETERS,
    SIGNING_KEY,
    STANDARD,
    TALLY,
    TOTALS,
    TOY,
    YES_NO,
    Files,
    Folder,
    Forger,
    H,
    Sheet,
    b,
    contents_of,
    e0,
    e0_votes,
    encode,
    hexadecimal,
    profile_of,
    rederive,
    signature,
)
from tests.verifier.attacks import ATTACKS, EG21, OWN, Attack, World
from tests.verifier.checking import failed, refused, remembering, run
from verifier import ballots, keys, ranges, tally
from verifier.arithmetic import Group
from verifier.report import Report

GUARDIAN_2 = "guardians/guardian_2.public_key.json"
CASES = [
    (attack, layout, strength)
    for attack in ATTACKS if "production" not in attack.how
    for layout in attack.layouts for strength in attack.strengths
]  # fmt: skip


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Folder]]:
    with remembering():
        yield {name: Folder(tmp_path_factory.mktemp(name)) for name in (OWN, EG21, "other")}


@pytest.fixture(scope="module")
def bases() -> dict[str, tuple[Any, Any]]:
    return {layout: (e0(layout=layout), e0(seed=1, layout=layout)) for layout in (OWN, EG21)}


def world(bases: dict[str, tuple[Any, Any]], layout: str) -> World:
    (forger, sheets, files), (other, other_sheets, other_files) = deepcopy(bases[layout])
    return World(forger, sheets, files, World(other, other_sheets, other_files))


def contents(w: World, attack: Attack, layout: str) -> dict[str, bytes]:
    """What the attack makes of the record."""
    untouched = contents_of(w.files, own=layout == OWN)
    attack.change(w)
    if w.adaptive:
        if attack.repaired:
            try:
                repaired = rederive(w.forger, deepcopy(w.files), attack.kept)
            except (ValueError, TypeError, AttributeError, OverflowError):
                repaired = w.files
            w.files = repaired
        if attack.guardians and "tally" not in attack.kept:
            w.files[TALLY] = w.forger.tally([line for line in w.files[BALLOTS] if isinstance(line, dict)])
        return contents_of(w.files, own=layout == OWN)
    after = contents_of(w.files, own=False)
    return after | {name: untouched[name] for name in ("profile.json", "signature.json") if name in untouched}


def expected(attack: Attack, layout: str, *, adaptive: bool) -> set[str]:
    checks = attack.checks if adaptive else attack.naive
    foreign = "format" if layout == OWN else "X"
    return {check for check in checks if not check.startswith(foreign)}


@pytest.mark.parametrize(("attack", "layout", "strength"), CASES, ids=[f"{a.name}-{layout}-{way}" for a, layout, way in CASES])
def test_an_attack_is_refused_by_the_named_check(
    attack: Attack, layout: str, strength: str, folders: dict[str, Folder], bases: dict[str, tuple[Any, Any]]
) -> None:
    w = world(bases, layout)
    w.adaptive = strength == "adaptive"
    report = run(folders[layout].put(contents(w, attack, layout)), layout=layout)
    named = expected(attack, layout, adaptive=w.adaptive)
    assert named
    assert named <= failed(report), f"expected {sorted(named)}, refused by {sorted(failed(report))}"
    assert report.exit_status in (1, 2)
    if w.adaptive and attack.only:
        assert refused(report) == {check for check in attack.only.split() if layout == OWN or check[0] != "X"}


@pytest.mark.parametrize("layout", [OWN, EG21])
def test_the_untouched_records_verify(layout: str, folders: dict[str, Folder], bases: dict[str, tuple[Any, Any]]) -> None:
    for base in (0, 1):
        files = deepcopy(bases[layout][base][2])
        report = run(folders[layout].put(contents_of(files, own=layout == OWN)), layout=layout)
        assert report.exit_status == 0, report.text()


# Dishonest production: everything fits, but for one thing


def made(forger: Forger, folder: Folder, *, layout: str = OWN, change: Any = None, votes: Any = None) -> Report:
    sheets = forger.sheets(votes or e0_votes())
    files = forger.files(sheets)
    if change:
        change(files, sheets)
    return run(folder.put(contents_of(files, own=layout == OWN)), layout=layout)


LIES: dict[str, tuple[Files, str]] = {
    "cr10_a_parameter_hash_of_another_padding": ({"h_p": H(b"v2.1.0".rjust(32, b"\0"), b"\0", b"anything")}, "1.E"),
    "cr10_a_parameter_hash_of_version_2_0_0": ({"h_p": H(b"v2.0.0".ljust(32, b"\0"), b"\0", b"anything")}, "1.E"),
    "cr44_a_base_hash_of_another_manifest": ({"h_b": H(bytes(32), b"\x01", b"another manifest")}, "1.F"),
    "cr03_an_extended_base_hash_of_other_keys": ({"h_e": H(bytes(32), b"\x14", b"other keys")}, "4.A"),
    "cr03_a_joint_key_that_is_nobodys_product": ({"K": 4711}, "3.A"),
    "cr03_a_joint_data_key_that_is_nobodys_product": ({"K_hat": 4711}, "3.B"),
}


@pytest.mark.parametrize("layout", [OWN, EG21])
@pytest.mark.parametrize("name", LIES)
def test_a_record_built_on_a_lie_is_refused_by_one_check_alone(name: str, layout: str, folders: dict[str, Folder]) -> None:
    lies, check = LIES[name]
    assert refused(made(Forger(TOY, 3, layout=layout, lies=lies), folders["other"], layout=layout)) == {check}


def test_cr03_a_key_substituted_after_the_acknowledgements_is_refused(folders: dict[str, Folder]) -> None:
    honest = Forger(TOY, 3)
    h_g = honest.h_g()
    liar = Forger(TOY, 3, lies={"K": 4711})

    def keep(files: Files, _: list[Sheet]) -> None:
        files[ACKNOWLEDGEMENTS] = [honest.acknowledgement(i, h_g) for i in range(1, 6)]

    assert refused(made(liar, folders["other"], change=keep)) == {"3.A", "X9"}


def test_cr03_ballots_proved_under_another_key_are_refused(folders: dict[str, Folder]) -> None:
    forger = Forger(TOY, 3)
    other = forger.pow(forger.g, 4711)

    def exchange(files: Files, sheets: list[Sheet]) -> None:
        sheet = forger.sheet("Cast", 1, {1: (1, 0, 0)}, K=other)
        files[BALLOTS].append(sheet.line)
        forger.recount(files)

    assert refused(made(forger, folders["other"], change=exchange)) == {"6.D", "7.D"}


def test_cr12_a_rogue_key_is_refused_by_its_proof_alone(folders: dict[str, Folder]) -> None:
    """The last guardian publishes g^x / Π K_i: the joint key is then his alone. Nothing but his proof says so."""
    forger = Forger(TOY, 3)
    others = sum(a[0] for a in forger.vote[:-1])
    forger.vote[-1][0] = (4711 - others) % forger.q
    forger.settle()

    def unknown(files: Files, _: list[Sheet]) -> None:
        files["guardians/guardian_5.public_key.json"]["vote_encryption"]["proof"]["v"][0] = forger.hq(1)

    assert refused(made(forger, folders["other"], change=unknown)) == {"2.C"}


def test_cr13_the_whole_key_set_of_another_election_is_refused(folders: dict[str, Folder]) -> None:
    """Key proofs know only p, q, g, n, k: replayed with everything else made to fit they are refused by the acknowledgements alone."""
    first, second = Forger(TOY, 3), Forger(TOY, 4)
    old = [second.acknowledgement(i) for i in range(1, 6)]
    first.vote, first.data, first.zeta = second.vote, second.data, second.zeta
    first.settle()

    def replay(files: Files, _: list[Sheet]) -> None:
        files[ACKNOWLEDGEMENTS] = old
        for i in range(1, 6):
            files[f"guardians/guardian_{i}.public_key.json"] = second.guardian(i)

    assert refused(made(first, folders["other"], change=replay)) == {"X9"}


@pytest.mark.parametrize("change", ["one", "other_hash", "order", "missing", "twice", "copied"])
def test_cr13_an_acknowledgement_that_is_not_right_is_refused(change: str, folders: dict[str, Folder]) -> None:
    forger = Forger(TOY, 3)

    def spoil(files: Files, _: list[Sheet]) -> None:
        lines = files[ACKNOWLEDGEMENTS]
        if change == "one":
            lines[2]["proof"]["v"] = forger.hq(1)
        elif change == "other_hash":
            lines[2] = forger.acknowledgement(3, bytes(32))
        elif change == "order":
            lines.reverse()
        elif change == "missing":
            lines.pop()
        elif change == "twice":
            lines.append(deepcopy(lines[-1]))
        else:
            lines[1] = {**lines[0], "i": 2}

    assert refused(made(forger, folders["other"], change=spoil)) == {"X9"}


def test_cr14_equal_keys_are_refused_by_x8_alone(folders: dict[str, Folder]) -> None:
    for same in ("guardians", "kinds", "communication"):
        forger = Forger(TOY, 3)
        if same == "guardians":
            forger.vote[1][1] = forger.vote[0][1]
        elif same == "kinds":
            forger.data[0][0] = forger.vote[0][0]
        else:
            forger.zeta[2] = forger.zeta[1]
        forger.settle()
        assert refused(made(forger, folders["other"])) == {"X8"}, same


def test_cr14_keys_of_1_are_refused(folders: dict[str, Folder]) -> None:
    forger = Forger(TOY, 3)
    forger.vote[1][0] = 0
    forger.settle()
    assert refused(made(forger, folders["other"])) == {"2.A", "X8"}
    forger = Forger(TOY, 3)
    forger.vote[4][0] = -sum(a[0] for a in forger.vote[:4]) % forger.q
    forger.settle()
    assert forger.K == 1
    assert {"3.A", "X8"} <= refused(made(forger, folders["other"]))


def test_cr14_21_guardians_are_refused_by_x8_alone(folders: dict[str, Folder]) -> None:
    assert refused(made(Forger(TOY, 3, n=21, k=3), folders["other"])) == {"X8"}


def test_cr14_a_commitment_outside_the_group_is_refused_by_2a_alone(folders: dict[str, Folder]) -> None:
    """−K_2,1 satisfies the key proof if the challenge is even, and is no part of the joint key."""
    forger = Forger(TOY, 3)
    forger.shown[2, "vote", 1] = forger.p - forger.pow(forger.g, forger.vote[1][1])

    def even(files: Files, _: list[Sheet]) -> None:
        while int(files[GUARDIAN_2]["vote_encryption"]["proof"]["c"], 16) % 2:
            files[GUARDIAN_2] = forger.guardian(2)

    assert refused(made(forger, folders["other"], change=even)) == {"2.A"}


@pytest.mark.parametrize("layout", [OWN, EG21])
def test_cr14_another_number_of_commitments_in_every_key_is_refused(layout: str, folders: dict[str, Folder]) -> None:
    for stated in (2, 4):
        forger = Forger(TOY, 3, layout=layout, k=3)
        forger.k = stated  # H_P and the parameters say so, the keys do not
        forger.settle()
        found = refused(made(forger, folders["other"], layout=layout))
        assert found == ({"2.C", "X8"} if layout == OWN else {"2.C"})


# CR-10: records of other groups


def test_cr10_a_record_on_a_toy_group_is_refused_by_1b_to_1d(folders: dict[str, Folder], bases: dict[str, tuple[Any, Any]]) -> None:
    for layout in (OWN, EG21):
        folder = folders[layout].put(contents_of(deepcopy(bases[layout][0][2]), own=layout == OWN))
        report = run(folder, group=STANDARD, layout=layout)
        assert report.exit_status == 2
        assert failed(report) & {"1.B", "1.C", "1.D"}


def other_group(bits: int) -> Group:
    """A group of another size: p of `bits` bits, q of 256."""
    import gmpy2

    q = 2**256 - 189
    r = (1 << (bits - 257)) | 1
    while True:
        r += 1
        p = 2 * r * q + 1
        if p.bit_length() == bits and gmpy2.is_prime(p):
            return Group(p, q, int(gmpy2.powmod(3, 2 * r, p)))


@pytest.mark.parametrize("bits", [1024, 3072])
def test_cr10_a_complete_record_on_a_smaller_group_is_refused_by_1b(bits: int, folders: dict[str, Folder]) -> None:
    group = other_group(bits)
    forger = Forger(group, 3, n=2, k=2, contests=(YES_NO,), styles=((1,),))
    files = forger.files(forger.sheets([("Cast", 1, {1: (1, 0, 0)}), ("Cast", 1, {1: (0, 1, 0)})]))
    folder = folders["other"].put(contents_of(files))
    assert run(folder, group=group).exit_status == 0
    report = run(folder, group=STANDARD)
    assert report.exit_status == 2
    assert "1.B" in failed(report)


# CR-30, CR-45, CR-52, CR-53, CR-56: manifests


def test_cr30_a_unit_of_one_voter_is_refused_by_x12_alone(folders: dict[str, Folder]) -> None:
    votes = [("Cast", 1, {1: (1, 0, 0)})] * 5 + [("Cast", 2, {1: (1, 0, 0), 2: (1, 0, 0, 0, 0, 0, 0)})]
    assert refused(made(Forger(TOY, 3), folders["other"], votes=votes)) == {"X12"}


def test_cr30_a_unit_below_the_declared_size_is_refused_by_x12_alone(folders: dict[str, Folder]) -> None:
    assert refused(made(Forger(TOY, 3, voting={"smallest_unit": 11}), folders["other"])) == {"X12"}


@pytest.mark.parametrize("size", [0, 1])
def test_cr30_a_declared_size_of_one_is_refused_by_x12_alone(size: int, folders: dict[str, Folder]) -> None:
    assert refused(made(Forger(TOY, 3, voting={"smallest_unit": size}), folders["other"])) == {"X12"}


VOTING: dict[str, tuple[Files, set[str]]] = {
    "cr52_another_device_string": ({"device_information": "psephos 2026-11-03 10.0.0.7"}, {"X13"}),
    "cr38_simple_chaining_declared": ({"chaining_mode": "SimpleChaining"}, {"X13"}),
    "cr45_two_spaces": ({"union": "Union  of Examples"}, {"X18"}),
    "cr45_a_name_too_few": ({"trustees": ["First", "Second", "Third", "Fourth"]}, {"X18"}),
    "cr45_close_before_opening": ({"opens": "2026-11-20T12:00:00Z"}, {"X12", "X13"}),
    "cr45_a_day_that_does_not_exist": ({"closes": "2026-11-31T12:00:00Z"}, {"X7"}),
    "cr45_a_time_with_a_fraction": ({"closes": "2026-11-20T12:00:00.0Z"}, {"X7"}),
    "cr45_a_close_after_the_signature": ({"closes": "2026-11-20T18:00:01Z"}, {"X12", "X15"}),
    "cr45_a_record_that_was_due_earlier": ({"record_due": "2026-11-20T17:59:59Z"}, {"X15"}),
    "cr45_a_member_more": ({"url": "https://example.org"}, {"X7"}),
    "cr45_an_identifier_of_another_length": ({"election_identifier": "AB" * 31}, {"X7"}),
}  # fmt: skip


@pytest.mark.parametrize("name", VOTING)
def test_a_record_made_for_a_manifest_that_is_not_allowed_is_refused(name: str, folders: dict[str, Folder]) -> None:
    voting, checks = VOTING[name]
    forger = Forger(TOY, 3, voting=voting)

    def declare(files: Files, _: list[Sheet]) -> None:
        names = [*forger.manifest["voting"]["trustees"], "Fifth"]
        for i in range(1, 6):
            files[f"guardians/guardian_{i}.public_key.json"]["name"] = names[i - 1]
        files[PARAMETERS]["varying_parameters"]["date"] = "2026-11-02"

    forger.manifest["voting"]["trustees"] = [*forger.manifest["voting"]["trustees"], "Fifth"][:5]
    report = run(folders["other"].put(contents_of(_files(forger, declare))))
    assert checks <= refused(report)
    if "X7" not in checks and name != "cr45_a_name_too_few":
        assert refused(report) == checks


def _files(forger: Forger, change: Any) -> Files:
    """A record of a forger whose manifest was changed, with the fifth trustee's name left out again if there were four."""
    if len(forger.manifest["voting"]["trustees"]) == 5 and "Fifth" in forger.manifest["voting"]["trustees"]:
        files = forger.files(forger.sheets(e0_votes()))
        files[MANIFEST]["voting"]["trustees"].pop()
        forger.content = encode(files[MANIFEST])
        return files
    forger.settle()
    files = forger.files(forger.sheets(e0_votes()))
    change(files, [])
    return files


LABELS = {
    "equal": "Yes", "equal_but_for_case": "YES", "full_width": "\uff39es", "cyrillic": "\u0423es", "greek": "\u03a5es",
    "from_right_to_left": "N\u202eo", "zero_width": "N\u200bo", "no_break_space": "No\u00a0way", "decomposed": "Ne\u0301",
    "empty": "", "too_long": "N" * 201, "a_blank_in_front": " No", "a_blank_at_the_end": "No ", "two_blanks": "No  way",
    "a_line_end": "No\n", "unassigned": "No\u0378", "private": "No\ue000", "a_filler": "No\u3164", "a_variation": "No\ufe0f",
    "a_joiner": "N\u034fo", "a_mark_alone": "No \u0301a", "a_soft_hyphen": "N\u00ado", "a_bell": "No\u0007",
    "a_line_separator": "No\u2028", "a_tag": "No\U000e0041",
}  # fmt: skip


@pytest.mark.parametrize("name", LABELS)
def test_cr45_a_record_made_for_an_ambiguous_manifest_is_refused_by_x18_alone(name: str, folders: dict[str, Folder]) -> None:
    contest = {**YES_NO, "options": [{"label": "Yes"}, {"label": LABELS[name]}, {"label": "Spoil", "spoil": True}]}
    found = refused(made(Forger(TOY, 3, contests=(contest, EXECUTIVE)), folders["other"]))
    assert found == ({"X18", "11.C", "14.D"} if name == "equal" else {"X18"})


@pytest.mark.parametrize(
    "options",
    [
        [{"label": "Yes"}, {"label": "Spoil", "spoil": True}, {"label": "No"}],
        [{"label": "Yes"}, {"label": "No"}, {"label": "Spoil", "selection_limit": "CONTEST_LIMIT", "spoil": True}],
    ],
    ids=["not_last", "limit"],
)
def test_cr45_a_spoil_option_in_another_place_or_with_another_limit_is_refused_by_x18(options: Any, folders: dict[str, Folder]) -> None:
    forger = Forger(TOY, 3, contests=({"label": "Council", "selection_limit": 2, "options": options},), styles=((1,),))

    def own(files: Files, sheets: list[Sheet]) -> None:
        spoil = next(j for j, option in enumerate(options) if "spoil" in option)
        for sheet in sheets:
            contest, h_i = sheet.line["contests"]["1"], bytes.fromhex(sheet.line["h_i"])
            pairs = [(int(x["alpha"], 16), int(x["beta"], 16)) for x in contest["ciphertexts"]]
            order = [j for j in range(3) if j != spoil] + [spoil]
            values, nonces = sheet.votes[1], sheet.nonces[1]
            joint = forger.product([pairs[j] for j in order[:2]] + [pairs[spoil]] * 2)
            value, nonce = sum(values) + values[spoil], (sum(nonces) + nonces[spoil]) % forger.q
            prefix = b"\x50" + b(1, 4) + b(spoil + 1, 4)
            chi = contest.pop("contest_hash")
            contest.pop("proof_spoil", None)
            contest |= {"proof_spoil": forger.range_proof(h_i, prefix, joint, value, nonce, 3), "contest_hash": chi}

    votes = [("Cast", 1, {1: (1, 0, 0)}), ("Cast", 1, {1: (0, 0, 1) if options[1].get("spoil") is None else (0, 1, 0)})]
    assert refused(made(forger, folders["other"], votes=votes, change=own)) == {"X18"}


RAW_MANIFESTS = {
    "a_member_twice": lambda c: c.replace(b'{"label":"Yes"}', b'{"label":"Yes","label":"No"}', 1),
    "blanks": lambda c: c.replace(b'":', b'": ', 1),
    "an_escape": lambda c: c.replace(b"Yes", b"\\u0059es", 1),
    "a_byte_order_mark": lambda c: b"\xef\xbb\xbf" + c,
    "a_final_newline": lambda c: c + b"\n",
    "half_a_surrogate": lambda c: c.replace(b"Yes", b"\\ud800", 1),
    "bytes_that_are_no_utf_8": lambda c: c.replace(b"Yes", b"Y\xff\xfe", 1),
    "a_default_limit_written_out": lambda c: c.replace(b'"label":"Strike",', b'"label":"Strike","selection_limit":1,', 1),
    "a_limit_of_0": lambda c: c.replace(b'"selection_limit":3', b'"selection_limit":0', 1),
    "a_limit_of_1001": lambda c: c.replace(b'"selection_limit":3', b'"selection_limit":1001', 1),
    "a_limit_with_a_fraction": lambda c: c.replace(b'"selection_limit":3', b'"selection_limit":3.0', 1),
    "no_limit_at_all": lambda c: c.replace(b'{"label":"Yes"}', b'{"label":"Yes","selection_limit":"CONTEST_LIMIT"}', 1).replace(
        b'"label":"Strike",', b'"label":"Strike","selection_limit":"NO_LIMIT",', 1),
    "two_spoil_options": lambda c: c.replace(b'{"label":"No"}', b'{"label":"No","spoil":true}', 1),
    "spoil_false": lambda c: c.replace(b'{"label":"No"}', b'{"label":"No","spoil":false}', 1),
    "a_style_with_an_unknown_contest": lambda c: c.replace(b'"contests":[1,2]', b'"contests":[1,3]', 1),
    "a_style_out_of_order": lambda c: c.replace(b'"contests":[1,2]', b'"contests":[2,1]', 1),
    "an_unknown_member": lambda c: c.replace(b'{"label":"Yes"}', b'{"label":"Yes","image":"x"}', 1),
    "an_unnamed_option": lambda c: c.replace(b'{"label":"Yes"}', b"{}", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", RAW_MANIFESTS)
def test_cr45_a_record_made_for_a_manifest_in_another_form_is_refused_by_x7(name: str, folders: dict[str, Folder]) -> None:
    forger = Forger(TOY, 3)
    content = RAW_MANIFESTS[name](forger.content)
    assert content != forger.content
    forger.lies = {"h_b": H(forger.h_p, b"\x01", b(len(content), 4), content)}
    forger.settle()

    def exchange(files: Files, _: list[Sheet]) -> None:
        files[MANIFEST] = content

    assert "X7" in failed(made(forger, folders["other"], change=exchange))


# CR-38: chains, in the layout of others


def chained(folder: Folder, change: Any) -> set[str]:
    forger = Forger(TOY, 3, layout=EG21, chained=True)
    sheets = forger.sheets(e0_votes())
    files = forger.files(sheets)
    change(forger, files)
    return refused(run(folder.put(contents_of(files, own=False)), layout=EG21))


def relink(forger: Forger, files: Files) -> None:
    files[DEVICES]["devices"][0].update(forger.chain(files[BALLOTS]), ballot_count=len(files[BALLOTS]))
    challenged = {line["id_b"]: line["ballot_id"] for line in files[BALLOTS]}
    assert challenged


def test_cr38_a_chain_verifies(folders: dict[str, Folder]) -> None:
    assert chained(folders["other"], lambda forger, files: None) == set()


def test_cr38_a_link_to_another_ballot_is_refused_by_8e_alone(folders: dict[str, Folder]) -> None:
    def change(forger: Forger, files: Files) -> None:
        lines = files[BALLOTS]
        assert all(line["ballot_state"] == "Cast" for line in lines[5:9])
        fields = [bytes.fromhex(line["chaining_field"]) for line in lines]
        forger.seal(lines[-1], chaining_field=b(1, 4) + bytes(32))
        assert fields[-1] != lines[-1]["chaining_field"]
        last = bytes.fromhex(lines[-1]["confirmation_code"])
        closing = b(1, 4) + H(forger.h_e, b"\x2b", last, b(1, 4) + forger.h_di)
        files[DEVICES]["devices"][0]["closing_hash"] = hexadecimal(H(forger.h_e, b"\x29", closing))

    assert chained(folders["other"], change) == {"8.E"}


def test_cr38_another_beginning_is_refused_by_8f_alone(folders: dict[str, Folder]) -> None:
    assert chained(folders["other"], lambda f, files: files[DEVICES]["devices"][0].update(h_0="AB" * 32)) == {"8.F"}


def test_cr38_another_end_is_refused_by_8g_alone(folders: dict[str, Folder]) -> None:
    assert chained(folders["other"], lambda f, files: files[DEVICES]["devices"][0].update(closing_hash="AB" * 32)) == {"8.G"}


def test_cr38_a_missing_beginning_or_end_is_refused(folders: dict[str, Folder]) -> None:
    assert chained(folders["other"], lambda f, files: files[DEVICES]["devices"][0].pop("h_0")) == {"8.F"}
    assert chained(folders["other"], lambda f, files: files[DEVICES]["devices"][0].pop("closing_hash")) == {"8.G"}


def test_cr38_ballots_in_another_order_are_refused(folders: dict[str, Folder]) -> None:
    def change(forger: Forger, files: Files) -> None:
        lines = files[BALLOTS]
        lines[4], lines[5] = lines[5], lines[4]

    assert chained(folders["other"], change) == {"8.E"}


def test_cr38_a_gap_is_refused(folders: dict[str, Folder]) -> None:
    def change(forger: Forger, files: Files) -> None:
        files[BALLOTS].pop(5)
        files[DEVICES]["devices"][0]["ballot_count"] -= 1
        files[TALLY] = forger.tally(files[BALLOTS])

    assert chained(folders["other"], change) == {"8.E"}


def test_cr38_a_ballot_after_the_close_is_refused(folders: dict[str, Folder]) -> None:
    def change(forger: Forger, files: Files) -> None:
        line = forger.sheet("Cast", 1, {1: (1, 0, 0)}).line
        files[BALLOTS].append(forger.seal(line, chaining_field=b(1, 4) + bytes.fromhex(files[BALLOTS][-1]["confirmation_code"])))
        files[DEVICES]["devices"][0]["ballot_count"] += 1
        files[TALLY] = forger.tally(files[BALLOTS])

    assert chained(folders["other"], change) == {"8.G"}


def test_cr38_no_chaining_said_of_a_chain_is_refused(folders: dict[str, Folder]) -> None:
    def change(forger: Forger, files: Files) -> None:
        device = files[DEVICES]["devices"][0]
        device["chaining_mode"] = "NoChaining"
        del device["h_0"], device["closing_hash"]

    assert chained(folders["other"], change) == {"8.D"}


# Contest data, in the layout of others


def with_data(folder: Folder, change: Any) -> set[str]:
    forger = Forger(TOY, 3, layout=EG21, data_blocks=2)
    sheets = forger.sheets(e0_votes())
    files = forger.files(sheets)
    change(forger, files)
    return refused(run(folder.put(contents_of(files, own=False)), layout=EG21))


def test_records_with_contest_data_verify(folders: dict[str, Folder]) -> None:
    assert with_data(folders["other"], lambda forger, files: None) == set()


@pytest.mark.parametrize(
    ("check", "change"),
    [
        ("12.B", lambda f, files: files[DATA][0]["proof"].update(v=f.hq(1))),
        ("12.B", lambda f, files: files[DATA].append(deepcopy(files[DATA][0]))),
        ("12.B", lambda f, files: files[DATA].append({**deepcopy(files[DATA][0]), "ballot_id": "F" * 64})),
        ("12.B", lambda f, files: files[DATA].append({**deepcopy(files[DATA][0]), "contest_ix": 7})),
        ("12.C", lambda f, files: files[DATA][0].update(data="00" * 64)),
        ("13.A", lambda f, files: files[OPENINGS][0]["contests"][0]["contest_data"].update(data="00" * 64)),
        ("13.A", lambda f, files: files[OPENINGS][0]["contests"][0]["contest_data"].update(nonce=f.hq(1))),
        ("13.A", lambda f, files: files[OPENINGS][0]["contests"][0].pop("contest_data")),
    ],
)
def test_contest_data_that_is_not_right_is_refused_by_one_check_alone(check: str, change: Any, folders: dict[str, Folder]) -> None:
    assert with_data(folders["other"], change) == {check}


def test_contest_data_decrypted_to_no_element_is_refused(folders: dict[str, Folder]) -> None:
    def change(forger: Forger, files: Files) -> None:
        files[DATA][0]["beta"] = forger.hp(forger.p - int(files[DATA][0]["beta"], 16))

    assert {"12.B", "12.C"} <= with_data(folders["other"], change)


def test_contest_data_of_another_length_is_refused(folders: dict[str, Folder]) -> None:
    def change(forger: Forger, files: Files) -> None:
        line = files[BALLOTS][0]
        contest = line["contests"]["1"]
        contest["contest_data"]["c_1"] += "00" * 32
        forger.seal(line)

    assert "8.A" in with_data(folders["other"], change)


# CR-55 to CR-57, X15: signatures, sections, what the record says of itself


def signed(contents: dict[str, bytes], content: bytes | None) -> dict[str, bytes]:
    rest = {name: item for name, item in contents.items() if name != "signature.json"}
    return rest if content is None else {**rest, "signature.json": content}


def _malleated(content: bytes) -> bytes:
    value = json.loads(content)
    raw = bytes.fromhex(value["signature"])
    order = 2**252 + 27742317777372353535851937790883648493
    value["signature"] = hexadecimal(raw[:32] + (int.from_bytes(raw[32:], "little") + order).to_bytes(32, "little"))
    return encode(value)


def _text(value: str, date: str = "2026-11-20T18:00:00Z") -> bytes:
    return encode({"date": date, "signature": value})


SIGNATURES: dict[str, Any] = {
    "zeros": lambda c: _text("00" * 64),
    "the_neutral_point_and_0": lambda c: _text("01" + "00" * 63),
    "of_another_key": lambda c: signature(c["profile.json"], signing_key=OTHER_KEY),
    "of_other_bytes": lambda c: signature(c["profile.json"] + b" "),
    "of_another_date": lambda c: _text(json.loads(signature(c["profile.json"]))["signature"], "2026-11-20T18:00:01Z"),
    "with_s_plus_the_group_order": lambda c: _malleated(c["signature.json"]),
    "too_early": lambda c: signature(c["profile.json"], "2026-11-20T11:59:59Z"),
    "too_late": lambda c: signature(c["profile.json"], "2026-12-20T12:00:01Z"),
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_cr55_a_signature_that_is_not_right_is_refused_by_x15(name: str, folders: dict[str, Folder], bases: dict[str, Any]) -> None:
    contents = contents_of(deepcopy(bases[OWN][0][2]))
    found = refused(run(folders["other"].put(signed(contents, SIGNATURES[name](contents)))))
    assert found == ({"X12", "X15"} if name == "too_early" else {"X15"})


def test_cr55_a_missing_or_unreadable_signature_is_a_failure(folders: dict[str, Folder], bases: dict[str, Any]) -> None:
    contents = contents_of(deepcopy(bases[OWN][0][2]))
    for content in (None, b"", b"null", b"{}", b'"signed"', _text("00" * 63), _text("ab" * 64)):
        found = refused(run(folders["other"].put(signed(contents, content))))
        assert {"X7", "X15"} <= found


def test_cr55_without_a_key_x15_is_not_made_and_the_record_does_not_verify(folders: dict[str, Folder], bases: dict[str, Any]) -> None:
    report = run(folders["other"].put(contents_of(deepcopy(bases[OWN][0][2]))), key=None)
    assert refused(report) == {"X15"}
    assert report.exit_status == 1


def test_cr55_the_key_of_another_scrutineer_is_refused(folders: dict[str, Folder], bases: dict[str, Any]) -> None:
    folder = folders["other"].put(contents_of(deepcopy(bases[OWN][0][2])))
    for key in (OTHER_KEY.public_key().public_bytes_raw(), bytes(32), b"\x01" + bytes(31), b"\xff" * 32):
        assert refused(run(folder, key=key)) == {"X15"}


SECTIONS = (PARAMETERS, MANIFEST, HASHES, "hashes_ext.json", JOINT, GUARDIAN_2, DEVICES, BALLOTS, OPENINGS, TALLY, ACKNOWLEDGEMENTS, TOTALS)


@pytest.mark.parametrize("layout", [OWN, EG21])
@pytest.mark.parametrize("section", SECTIONS)
def test_cr56_a_section_deleted_or_emptied_never_verifies(section: str, layout: str, folders: dict[str, Folder], bases: Any) -> None:
    files = bases[layout][0][2]
    if section not in files:
        return
    for content in (None, b"", b"{}", b"[]", b"null", b"\n", b'{"contests":[]}', b'{"devices":[]}', b'""'):
        changed = {name: item for name, item in files.items() if name != section or content is not None}
        if content is not None:
            changed[section] = content
        report = run(folders["other"].put(contents_of(changed, own=layout == OWN)), layout=layout)
        assert report.exit_status in (1, 2)
        if content is None:
            left_out = (section, layout) == ("challenged_ballots.jsonl", "eg21-json")  # as good as empty there: nothing is opened
            assert failed(report) & ({"13.B", "14.B"} if left_out else {"X7", "format", "2.C", "3.A"})


def _clear(files: Files, *path: Any) -> None:
    place = files
    for part in path:
        place = place[part]
    place.clear()


EMPTY: dict[str, tuple[tuple[Any, ...], set[str]]] = {
    "contests_of_the_tally": ((TALLY, "contests"), {"11.A", "11.C", "11.D", "X14"}),
    "options_of_the_tally": ((TALLY, "contests", 0, "options"), {"11.C", "X14"}),
    "ballots": ((BALLOTS,), {"9.A", "9.B", "X10", "X14"}),
    "openings": ((OPENINGS,), {"13.B", "14.B", "X4"}),
    "acknowledgements": ((ACKNOWLEDGEMENTS,), {"X9"}),
    "contests_of_the_manifest": ((MANIFEST, "contests"), {"X7"}),
    "styles_of_the_manifest": ((MANIFEST, "ballot_styles"), {"1.F", "X2", "X14"}),
    "contests_of_a_style": ((MANIFEST, "ballot_styles", 0, "contests"), {"1.F", "X2", "X14"}),
    "options_of_the_manifest": ((MANIFEST, "contests", 0, "options"), {"1.F", "X2", "X14"}),
    "styles_of_the_totals": ((TOTALS, "ballot_styles"), {"X10"}),
    "devices": ((DEVICES, "devices"), {"X13"}),
    "commitments": ((GUARDIAN_2, "vote_encryption", "coefficient_commitments"), {"2.C", "3.A", "X8"}),
    "responses": ((GUARDIAN_2, "vote_encryption", "proof", "v"), {"2.C", "X8"}),
    "contests_of_a_ballot": ((BALLOTS, 0, "contests"), {"6.D", "7.D", "8.B", "X2"}),
    "ciphertexts": ((BALLOTS, 0, "contests", "1", "ciphertexts"), {"6.D", "8.A", "X2"}),
}


@pytest.mark.parametrize("layout", [OWN, EG21])
@pytest.mark.parametrize("name", EMPTY)
def test_cr56_an_empty_list_is_refused_by_the_named_checks(name: str, layout: str, folders: dict[str, Folder], bases: Any) -> None:
    path, checks = EMPTY[name]
    files = deepcopy(bases[layout][0][2])
    if path[0] not in files:
        return
    _clear(files, *path)
    report = run(folders["other"].put(contents_of(files, own=layout == OWN)), layout=layout)
    named = checks if layout == OWN else {check for check in checks if check[0] != "X"}
    assert report.exit_status in (1, 2)
    assert named <= failed(report), f"expected {sorted(named)}, refused by {sorted(failed(report))}"


def test_cr56_no_ballots_only_with_zero_tallies_and_the_statement(folders: dict[str, Folder]) -> None:
    forger = Forger(TOY, 3)
    files = forger.files([])
    assert run(folders["other"].put(contents_of(files))).exit_status == 0
    silent = deepcopy(files)
    del silent[TOTALS]["statement"]
    assert refused(run(folders["other"].put(contents_of(silent)))) == {"X14"}
    other = deepcopy(files)
    other[TOTALS]["statement"] = "Nobody voted."
    assert refused(run(folders["other"].put(contents_of(other)))) == {"X14"}
    option = deepcopy(files)
    option[TALLY]["contests"][0]["options"][0].update(forger.decrypt(1, 1, 1, forger.K))
    assert {"9.B", "X1", "X14"} <= refused(run(folders["other"].put(contents_of(option))))


def test_cr56_only_uncounted_ballots_need_the_statement_too(folders: dict[str, Folder]) -> None:
    votes = [("Challenged", 1, {1: (1, 0, 0)}), ("Discounted", 1, {1: (1, 0, 0)})]
    assert made(Forger(TOY, 3), folders["other"], votes=votes).exit_status == 0


def test_cr56_a_contest_in_no_style_is_refused_by_x14_alone(folders: dict[str, Folder]) -> None:
    votes = [("Cast", 1, {1: (1, 0, 0)})] * 3
    assert refused(made(Forger(TOY, 3, styles=((1,),)), folders["other"], votes=votes)) == {"X14"}


def test_cr57_a_key_or_address_in_the_record_is_not_used(folders: dict[str, Folder], bases: dict[str, Any]) -> None:
    files = deepcopy(bases[OWN][0][2])
    key = OTHER_KEY.public_key().public_bytes_raw().hex().upper().encode()
    for name in ("scrutineer.key", "key", "profile.json.key", "ballots/key"):
        contents = contents_of(files)
        contents[name] = key
        contents["signature.json"] = signature(contents["profile.json"], signing_key=OTHER_KEY)
        assert "X15" in failed(run(folders["other"].put(contents)))
    contents = contents_of(files)
    profile = contents["profile.json"][:-1] + b',"key":"' + key + b'"}'
    contents |= {"profile.json": profile, "signature.json": signature(profile, signing_key=OTHER_KEY)}
    assert run(folders["other"].put(contents)).exit_status == 2


@pytest.mark.parametrize("change", ["kind", "version", "name", "unlisted", "listed twice", "another digest", "itself", "upwards"])
def test_cr57_a_profile_that_is_not_right_is_refused(change: str, folders: dict[str, Folder], bases: dict[str, Any]) -> None:
    contents = contents_of(deepcopy(bases[OWN][0][2]))
    profile = json.loads(contents["profile.json"])
    if change == "kind":
        profile["kind"] = "online"
    elif change == "version":
        profile["version"] = 2
    elif change == "name":
        profile["profile"] = "eg21-json"
    elif change == "unlisted":
        profile["files"].pop()
    elif change == "listed twice":
        profile["files"].append(profile["files"][-1])
    elif change == "another digest":
        profile["files"][0]["sha256"] = "00" * 32
    elif change == "itself":
        profile["files"] = sorted([*profile["files"], {"path": "profile.json", "sha256": "00" * 32}], key=lambda each: each["path"])
    else:
        profile["files"].insert(0, {"path": "../secret", "sha256": "00" * 32})
    content = encode(profile)
    report = run(folders["other"].put({**contents, "profile.json": content, "signature.json": signature(content)}))
    assert failed(report) & {"X7", "X15"}
    assert report.exit_status in (1, 2)


def test_x7_a_link_or_an_empty_folder_more_is_refused(folders: dict[str, Folder], bases: dict[str, Any], tmp_path: Path) -> None:
    contents = contents_of(deepcopy(bases[OWN][0][2]))
    folder = Folder(tmp_path).put(contents)
    (folder / "notes").symlink_to(folder / "tally.json")
    assert refused(run(folder)) == {"X7"}
    (folder / "notes").unlink()
    (folder / "notes").mkdir()
    assert refused(run(folder)) == {"X15"}
    (folder / "notes").rmdir()
    assert run(folder).exit_status == 0
    shutil.rmtree(folder / "guardians")
    assert {"2.C", "X15"} <= refused(run(folder))


# CR-01, CR-02, CR-04: what is hashed. The forgery passes the verifier's weakened twin, which leaves the same part out


PARTS = ("H_E", "contest index", "option index", "A", "B", "a", "b", "M")


def _weak_tally(left_out: str, forger: Forger, h_e: bytes, contest: int, option: int, A: int, B: int, a: int, b_: int, M: int) -> int:
    numbers = {"contest index": b(contest, 4), "option index": b(option, 4), **{
        name: forger.bp(x) for name, x in zip("ABabM", (A, B, a, b_, M), strict=True)}}  # fmt: skip
    key = bytes(32) if left_out == "H_E" else h_e
    return forger.Hq(key, b"\x31", *(content for name, content in numbers.items() if name != left_out))


@pytest.mark.parametrize("left_out", PARTS)
def test_cr01_a_decryption_proof_over_less_than_the_statement_is_refused(
    left_out: str, folders: dict[str, Folder], monkeypatch: pytest.MonkeyPatch
) -> None:
    forger = Forger(TOY, 3)
    sheets = forger.sheets(e0_votes())
    files = forger.files(sheets)
    A, B = forger.aggregate(files[BALLOTS], 1, 1)
    s = forger.secret
    M = forger.pow(A, s)
    if left_out == "M":  # the response is chosen first, M solved for afterwards: another result, without knowing anything of M
        a, b_, u = forger.pow(forger.g, 11), forger.pow(A, 11) * forger.K % forger.p, 11
        c = _weak_tally(left_out, forger, forger.h_e, 1, 1, A, B, a, b_, 0)
        v = (u - c * s) % forger.q
        M = forger.pow(b_ * pow(forger.pow(A, v), -1, forger.p) % forger.p, pow(c, -1, forger.q))
        T = B * pow(M, -1, forger.p) % forger.p
        place = {"decrypted_value": forger.hp(T), "proof": {"c": forger.hq(c), "v": forger.hq(v)}}
        assert pow(A, s, forger.p) != M
    else:
        u = forger.scalar()
        c = _weak_tally(left_out, forger, forger.h_e, 1, 1, A, B, forger.pow(forger.g, u), forger.pow(A, u), M)
        place = {"proof": {"c": forger.hq(c), "v": forger.hq((u - c * s) % forger.q)}}
    files[TALLY]["contests"][0]["options"][0].update(place)
    folder = folders["other"].put(contents_of(files))
    assert "10.B" in failed(run(folder))
    true = tally.tally_challenge

    def weak(group: Group, h_e: bytes, contest: int, option: int, total: Any, a: int, b_: int, M: int) -> int:
        if (contest, option) != (1, 1):
            return true(group, h_e, contest, option, total, a, b_, M)
        return _weak_tally(left_out, forger, h_e, contest, option, total.alpha, total.beta, a, b_, M)

    monkeypatch.setattr(tally, "tally_challenge", weak)
    assert "10.B" not in failed(run(folder))


@pytest.mark.parametrize(
    ("left_out", "value"), [("commitments", 10**6), ("commitments", -5), ("ciphertext", 1), ("indices", 1), ("H_I", 1)]
)
def test_cr02_a_range_proof_over_less_than_the_statement_is_refused(
    left_out: str, value: int, folders: dict[str, Folder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the commitments in the hash any value can be proved; without the others a true proof can be moved."""
    forger = Forger(TOY, 100 + len(left_out) + value)
    sheet = forger.sheet("Discounted", 1, {1: (value, 0, 0)})
    contest, h_i = sheet.line["contests"]["1"], bytes.fromhex(sheet.line["h_i"])
    pairs = [(int(x["alpha"], 16), int(x["beta"], 16)) for x in contest["ciphertexts"]]

    def weak_hash(key: bytes, domain: bytes, indices: tuple[int, ...], pair: tuple[int, int], parts: Any) -> int:
        inputs = {"indices": b"".join(b(i, 4) for i in indices), "ciphertext": b"".join(forger.bp(x) for x in pair),
                  "commitments": b"".join(forger.bp(x) for x in parts)}  # fmt: skip
        return forger.Hq(bytes(32) if left_out == "H_I" else key, domain, *(x for name, x in inputs.items() if name != left_out))

    def prove(indices: tuple[int, ...], pair: tuple[int, int], value: int, nonce: int) -> list[Files]:
        if 0 <= value <= 1:
            u, c_f, v_f = forger.scalar(), forger.scalar(), forger.scalar()
            false = 1 - value
            parts = {value: [forger.pow(forger.g, u), forger.pow(forger.K, u)],
                     false: [forger.pow(forger.g, v_f) * forger.pow(pair[0], c_f) % forger.p,
                             forger.pow(forger.K, v_f - false * c_f) * forger.pow(pair[1], c_f) % forger.p]}  # fmt: skip
            c = (weak_hash(h_i, b"\x24", indices, pair, (*parts[0], *parts[1])) - c_f) % forger.q
            branches = {value: (c, (u - c * nonce) % forger.q), false: (c_f, v_f)}
        else:
            total = weak_hash(h_i, b"\x24", indices, pair, ())
            branches = {0: (1, 2), 1: ((total - 1) % forger.q, 3)}
        return [{"c": forger.hq(c), "v": forger.hq(v)} for _, (c, v) in sorted(branches.items())]

    nonces, values = sheet.nonces[1], sheet.votes[1]
    contest["proof_ballot_correctness"] = [prove((1, j + 1), pairs[j], values[j], nonces[j]) for j in range(3)]
    contest["proof_selection_limit"] = prove((1,), forger.product(pairs), sum(values), sum(nonces) % forger.q)

    def add(files: Files, sheets: list[Sheet]) -> None:
        files[BALLOTS].append(sheet.line)
        forger.recount(files)

    assert refused(made(forger, folders["other"], change=add)) == {"6.D", "7.D"}
    true = ranges.range_challenge

    def weak(group: Group, key: bytes, domain: bytes, indices: tuple[int, ...], ciphertext: Any, commitments: Any) -> int:
        if key != h_i:
            return true(group, key, domain, indices, ciphertext, commitments)
        return weak_hash(key, domain, indices, (ciphertext.alpha, ciphertext.beta), commitments)

    monkeypatch.setattr(ranges, "range_challenge", weak)
    assert run(folders["other"].path).exit_status == 0


def test_cr04_every_input_of_every_hash_changes_it() -> None:
    from verifier import challenged, codes, contest_data, parameters
    from verifier.model import BallotContest, Ciphertext, Guardian, Proof, PublicKey, SignedCiphertext

    key, other = bytes(32), b"\x01" * 32
    pair, pair_2 = Ciphertext(2, 3), Ciphertext(2, 4)
    data, data_2 = SignedCiphertext(5, bytes(32), Proof(1, 2)), SignedCiphertext(5, bytes(32), Proof(2, 1))
    small = Group(TOY.p, TOY.q, TOY.g)
    contest = BallotContest(1, (pair,), (), (), key)
    contest_2 = BallotContest(1, (pair,), (), (), other)
    guardian = Guardian(1, "", PublicKey((2, 3), 1, ()), PublicKey((4, 5), 1, ()), 6)
    turned = Guardian(1, "", PublicKey((4, 5), 1, ()), PublicKey((2, 3), 1, ()), 6)
    groups = (Group(TOY.p - 2, TOY.q, TOY.g), Group(TOY.p, TOY.q - 2, TOY.g), Group(TOY.p, TOY.q, TOY.g + 1))
    regular = codes.REGULAR_RULES
    calls: list[tuple[Any, tuple[Any, ...], tuple[tuple[Any, ...], ...]]] = [
        (parameters.parameter_base_hash, (small, 5, 3), (groups, (4,), (2,))),
        (parameters.base_hash, (key, b"manifest"), ((other,), (b"manifesu", b"manifest "))),
        (partial(keys.key_proof_challenge, small), (key, b"pk_vote", 1, (2, 3), 4, [5, 6, 7]),
         ((other,), (b"pk_data",), (2,), ((3, 2),), (9,), ([5, 7, 6],))),
        (partial(keys.extended_base_hash, small), (key, 2, 3), ((other,), (4,), (5,))),
        (partial(keys.guardian_record_hash, small), (key, 2, 3, (guardian,)), ((other,), (4,), (5,), ((turned,),))),
        (ballots.identifier_hash, (key, bytes(32)), ((other,), (other,))),
        (partial(ranges.range_challenge, small), (key, b"\x24", (1, 2), pair, (5, 6)),
         ((other,), (b"\x50",), ((2, 1), (1,)), (pair_2,), ((6, 5),))),
        (partial(codes.contest_hash, small), (key, 1, (pair,), data), ((other,), (2,), ((pair_2,), (pair, pair)), (None, data_2))),
        (codes.confirmation_code, (key, regular, (contest,), b"field"),
         ((other,), (codes.PRE_ENCRYPTED_RULES,), ((contest_2,), (contest, contest)), (b"fielt",))),
        (codes.device_hash, (key, regular, "device"), ((other,), (codes.PRE_ENCRYPTED_RULES,), ("devicf",))),
        (codes.first_hash, (key, regular, bytes(32)), ((other,), (codes.PRE_ENCRYPTED_RULES,), (other,))),
        (codes.closing_field, (key, regular, bytes(32), bytes(32)), ((other,), (codes.PRE_ENCRYPTED_RULES,), (other,), (other,))),
        (partial(tally.tally_challenge, small), (key, 1, 2, pair, 5, 6, 7), ((other,), (3,), (3,), (pair_2,), (6,), (5,), (8,))),
        (partial(contest_data.data_key, small), (key, 1, 2, 3), ((other,), (2,), (3,), (2,))),
        (partial(contest_data.decryption_challenge, small), (key, 1, data, 2, 3, 4), ((other,), (2,), (data_2,), (3,), (2,), (5,))),
    ]  # fmt: skip
    assert challenged
    for function, arguments, others in calls:
        before = function(*arguments)
        assert len(arguments) == len(others)
        for place, changes in enumerate(others):
            for change in changes:
                assert function(*(change if at == place else argument for at, argument in enumerate(arguments))) != before


# A sample with real parameters


def standard_record(**how: Any) -> tuple[Forger, list[Sheet], Files]:
    forger = Forger(STANDARD, 5, n=2, k=2, styles=((1,), (1, 2)), contests=(YES_NO, SMALL), **how)
    votes = [("Cast", 1, {1: (1, 0, 0)}), ("Cast", 2, {1: (0, 1, 0), 2: (1, 1, 0)}), ("Cast", 2, {1: (0, 0, 1), 2: (0, 0, 1)}),
             ("Challenged", 2, {1: (1, 0, 0), 2: (1, 0, 0)}), ("Discounted", 2, {1: (1, 0, 0), 2: (0, 1, 0)})]  # fmt: skip
    sheets = forger.sheets(votes)
    return forger, sheets, forger.files(sheets)


SMALL: Files = {"label": "Council", "selection_limit": 2,
                "options": [{"label": "Ash"}, {"label": "Birch"}, {"label": "Spoil", "spoil": True}]}  # fmt: skip


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Folder, tuple[Forger, list[Sheet], Files]]]:
    with remembering():
        yield Folder(tmp_path_factory.mktemp("real")), standard_record()


def real_yes_and_no(w: World) -> None:
    w.replace({1: (1, 1, 0)}, "Cast", 1)


def real_two_for_one(w: World) -> None:
    old = next(line for line in w.lines if line["ballot_state"] == "Cast" and w.sheet(line).votes.get(2) == [1, 1, 0])
    w.put(old, w.forger.sheet("Cast", 2, {1: (1, 0, 0), 2: (2, 0, 0)}))


def real_spoil_and_choice(w: World) -> None:
    w.replace({1: (1, 0, 0), 2: (1, 0, 1)})


def real_minus_alpha(w: World) -> None:
    f, line = w.forger, w.line("Discounted", 2)
    sheet, h_i, contest = w.sheet(line), bytes.fromhex(line["h_i"]), line["contests"]["1"]
    values, nonces = sheet.votes[1], sheet.nonces[1]
    pairs = [(int(x["alpha"], 16), int(x["beta"], 16)) for x in contest["ciphertexts"]]
    pairs[0] = f.p - pairs[0][0], pairs[0][1]
    contest["ciphertexts"][0]["alpha"] = f.hp(pairs[0][0])
    for place, prefix, pair, value, nonce in (
        (("proof_ballot_correctness", 0), b(1, 4), pairs[0], values[0], nonces[0]),
        (("proof_selection_limit",), b"", f.product(pairs), sum(values), sum(nonces) % f.q),
    ):
        proof = [{"c": "1"}]
        while any(int(branch["c"], 16) % 2 for branch in proof):
            proof = f.range_proof(h_i, b"\x24" + b(1, 4) + prefix, pair, value, nonce, 2)
        at: Any = contest
        for part in place[:-1]:
            at = at[part]
        at[place[-1]] = proof
    w.seal(line)


def real_t_plus_q(w: World) -> None:
    w.files[TALLY]["contests"][0]["options"][0]["tally"] += w.forger.q


def real_wide_challenge(w: World) -> None:
    f, line = w.forger, w.line("Discounted", 2)
    sheet, contest = w.sheet(line), line["contests"]["1"]
    pair = (int(contest["ciphertexts"][0]["alpha"], 16), int(contest["ciphertexts"][0]["beta"], 16))
    value, nonce = sheet.votes[1][0], sheet.nonces[1][0]
    contest["proof_ballot_correctness"][0] = f.range_proof(
        bytes.fromhex(line["h_i"]), b"\x24" + b(1, 4) + b(1, 4), pair, value, nonce, 2, simulated={1 - value: (f.q + 7, f.scalar())}
    )


def real_one_vote_more(w: World) -> None:
    f, (A, B) = w.forger, w.forger.aggregate(w.lines, 1, 1)
    w.files[TALLY]["contests"][0]["options"][0].update(f.decrypt(1, 1, A, B * f.K % f.p))


def real_challenged_left_out(w: World) -> None:
    w.files[OPENINGS].clear()


def real_nonce_swap(w: World) -> None:
    first, second = w.line(), w.line(skip=1)
    name = "ballot_nonce_ciphertext"
    first[name], second[name] = second[name], first[name]


def real_key_proof_copied(w: World) -> None:
    w.files[GUARDIAN_2]["vote_encryption"]["proof"] = w.files["guardians/guardian_1.public_key.json"]["vote_encryption"]["proof"]


def real_another_generation(w: World) -> None:
    w.files[PARAMETERS]["fixed_parameters"]["generation_parameters"]["p_bits_msb_fixed_1"] = 255


REAL: dict[str, tuple[Any, set[str], tuple[str, ...]]] = {
    "cr26_yes_and_no": (real_yes_and_no, {"7.D"}, ()),
    "cr26_two_for_one": (real_two_for_one, {"6.D"}, ()),
    "cr27_spoil_and_choice": (real_spoil_and_choice, {"X16"}, ()),
    "cr08_minus_alpha_where_all_challenges_are_even": (real_minus_alpha, {"6.A", "7.A"}, ()),
    "cr41_t_plus_q": (real_t_plus_q, {"10.C", "X1"}, ("tally",)),
    "cr07_a_challenge_of_q_or_more": (real_wide_challenge, {"6.B"}, ()),
    "cr43_one_vote_more": (real_one_vote_more, {"9.B"}, ("tally",)),
    "cr32_openings_missing": (real_challenged_left_out, {"13.B", "14.B", "X4"}, ("openings",)),
    "cr40_nonces_exchanged": (real_nonce_swap, {"X6"}, ()),
    "cr13_a_key_proof_copied": (real_key_proof_copied, {"2.C"}, ()),
    "cr10_another_way_to_make_p": (real_another_generation, {"1.B"}, ()),
}


@pytest.mark.parametrize("name", REAL)
def test_an_attack_with_real_parameters_is_refused_by_the_named_checks_alone(name: str, real: tuple[Folder, Any]) -> None:
    folder, record = real
    change, checks, kept = REAL[name]
    forger, sheets, files = deepcopy(record)
    w = World(forger, sheets, files)
    change(w)
    w.files = rederive(forger, w.files, kept)
    if not kept:
        w.files[TALLY] = forger.tally(w.files[BALLOTS])
    assert refused(run(folder.put(contents_of(w.files)), group=STANDARD)) == checks


def test_the_untouched_record_with_real_parameters_verifies(real: tuple[Folder, Any]) -> None:
    folder, (_, _, files) = real
    assert run(folder.put(contents_of(files)), group=STANDARD).exit_status == 0


def test_keys_of_the_tests_differ() -> None:
    assert SIGNING_KEY.public_key().public_bytes_raw() == KEY != OTHER_KEY.public_key().public_bytes_raw()
    assert profile_of({}) == b'{"profile":"psephos","version":1,"kind":"offline","files":[]}'


# Every failure is listed, however many there are


@pytest.mark.parametrize("processes", [1, 2])
def test_all_failures_are_listed_with_object_and_equation(processes: int, folders: dict[str, Folder]) -> None:
    forger = Forger(TOY, 3)
    sheets = forger.sheets([("Cast", 1, {1: (2, 0, 0)})] * 400)
    files = forger.files(sheets)
    folder = folders["other"].put(contents_of(files))
    report = run(folder, processes=processes)
    listed = [failure for failure in report.findings.failures if failure.check == "6.D"]
    assert len({failure.where for failure in listed}) == len(listed) == report.findings.failed["6.D"] == 400
    assert all(failure.where.endswith("contest 1, option 1") and "c = " in failure.message for failure in listed)
    assert report.text().count("6.D    ballots/device_1.jsonl, line ") == 400
    entry = next(entry for entry in json.loads(report.json())["checks"] if entry["id"] == "6.D")
    assert len(entry["failures"]) == entry["failed"] == 400


# Weakened twins. Where a record is refused by one check alone, the verifier without it lets the attack pass: the check is needed

ALONE_ELSEWHERE = {
    "1.E": "cr10_a_parameter_hash_of_another_padding", "1.F": "cr44_a_base_hash_of_another_manifest",
    "2.A": "cr14_a_commitment_outside_the_group_is_refused_by_2a_alone", "3.A": "cr03_a_joint_key_that_is_nobodys_product",
    "3.B": "cr03_a_joint_data_key_that_is_nobodys_product", "4.A": "cr03_an_extended_base_hash_of_other_keys",
    "8.E": "cr38_a_link_to_another_ballot_is_refused_by_8e_alone", "8.F": "cr38_another_beginning_is_refused_by_8f_alone",
    "8.G": "cr38_another_end_is_refused_by_8g_alone", "12.B": "contest_data_that_is_not_right_is_refused_by_one_check_alone",
    "12.C": "contest_data_that_is_not_right_is_refused_by_one_check_alone",
    "13.A": "contest_data_that_is_not_right_is_refused_by_one_check_alone",
    "X7": "x7_a_link_or_an_empty_folder_more_is_refused", "X8": "cr14_equal_keys_are_refused_by_x8_alone",
    "X9": "cr13_the_whole_key_set_of_another_election_is_refused", "X12": "cr30_a_unit_of_one_voter_is_refused_by_x12_alone",
    "X13": "a_record_made_for_a_manifest_that_is_not_allowed_is_refused",
    "X15": "cr55_a_signature_that_is_not_right_is_refused_by_x15",
}  # fmt: skip
_WIDE = "a number from q to the end of its width is a true response with probability 2^-58 here and 2^-248 with real parameters"
_LIST = "that a list is complete, in order and without repetition is one comparison, filed under every item that it breaks"
NEVER_ALONE = {
    "2.B": _WIDE, "10.A": _WIDE, "12.A": _WIDE,
    "6.A": "7.A asks the same of the same numbers", "7.A": "6.A asks the same of the same numbers",
    "11.B": _LIST, "11.C": _LIST, "11.D": _LIST, "14.C": _LIST, "14.D": _LIST,
    "14.B": "13.B recomputes the code from all opened contests, so that one more or less changes it",
    "14.F": "7.D is made on challenged ballots too, and 13.B holds the opened values to the ciphertexts",
    "X1": "10.C has the same bound, for layouts without X1", "X2": "6.D, 7.D and 8.A fail by the same faults, for layouts without X2",
    "X4": "9.A, 9.B or 13.B, 14.B fail by the same faults, for layouts without X4",
}  # fmt: skip


def test_every_check_alone_refuses_some_record_or_it_is_said_why_it_cannot() -> None:
    from verifier.catalogue import CHECKS

    alone = {attack.only for attack in ATTACKS if attack.only and " " not in attack.only} | set(ALONE_ELSEWHERE)
    names = " ".join([*LIES, *(name for name in globals() if name.startswith("test_"))])
    assert all(name in names for name in ALONE_ELSEWHERE.values())
    wanted = {check for check in CHECKS if check[0] == "X" or (check != "format" and int(check.split(".")[0]) <= 14)}
    assert alone | set(NEVER_ALONE) == wanted
    assert not alone & set(NEVER_ALONE)
