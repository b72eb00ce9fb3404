"""Attacks on a record: tampering with a finished one, and dishonest production by people who hold every key. Ids are those of the list of
attacks; `only` names the one check that refuses a record whose other parts are all made to fit: without it the attack succeeds.

An attack changes the files of a `World`. Naively that is all; adaptively everything is then recomputed that follows (`rederive`), the
guardians decrypt truly whatever the ballots now say (unless `guardians` is false), and the record is signed with the scrutineer's key.
"""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from tests.forging import (
    BALLOTS,
    DEVICES,
    OPENINGS,
    PARAMETERS,
    TALLY,
    TOTALS,
    Files,
    Forger,
    H,
    Sheet,
    b,
    contest_hash,
    hexadecimal,
    number,
)

__all__ = ["ATTACKS", "EG21", "OWN", "Attack", "World"]

OWN, EG21 = "psephos", "eg21-json"


@dataclass
class World:
    """A record under attack: values, secrets, and another election of the same size (E1)."""

    forger: Forger
    sheets: list[Sheet]
    files: Files
    other: "World | None" = None
    adaptive: bool = True

    @property
    def lines(self) -> list[Files]:
        return list(self.files[BALLOTS])

    def line(self, state: str = "Cast", style: int = 2, skip: int = 0) -> Files:
        """A ballot of that state and style. `Discounted` finds the state that the layout has for it."""
        states = ("Discounted", "Spoiled") if state == "Discounted" else (state,)
        found = [line for line in self.files[BALLOTS] if line["ballot_state"] in states and line["ballot_style_ix"] == style]
        return found[skip]

    def sheet(self, line: Files) -> Sheet:
        """The secrets of a ballot."""
        return next(sheet for sheet in self.sheets if sheet.line["id_b"] == line["id_b"])

    def put(self, old: Files, sheet: Sheet) -> Files:
        """Another ballot in the place of one; what is opened of it follows."""
        self.files[BALLOTS][self.files[BALLOTS].index(old)] = sheet.line
        self.sheets.append(sheet)
        if old["ballot_state"] == "Challenged":
            for place, opening in enumerate(self.files[OPENINGS]):
                if opening["ballot_id"] == old["ballot_id"]:
                    self.files[OPENINGS][place] = self.forger.opening(sheet)
        return sheet.line

    def replace(self, votes: dict[int, Any], state: str = "Cast", style: int = 2, **how: Any) -> Files:
        """A ballot exchanged for one with these votes, true proofs where there are any."""
        old = self.line(state, style)
        return self.put(old, self.forger.sheet(old["ballot_state"], style, votes, **how))

    def seal(self, line: Files) -> None:
        """Repairs hashes and code of a ballot."""
        if not self.forger.chained:
            self.forger.seal(line)


@dataclass(frozen=True)
class Attack:
    """See the module. `checks` must be among those that fail, X checks only in our own layout; `naive` if they are others then."""

    name: str
    change: Callable[[World], None]
    checks: frozenset[str]
    naive: frozenset[str]
    layouts: tuple[str, ...]
    kept: tuple[str, ...]
    guardians: bool
    strengths: tuple[str, ...]
    only: str
    repaired: bool
    how: Files = field(hash=False, default_factory=dict)


ATTACKS: list[Attack] = []


def attack(
    name: str,
    checks: str,
    *,
    naive: str | None = None,
    layouts: tuple[str, ...] = (OWN, EG21),
    kept: tuple[str, ...] = (),
    guardians: bool = True,
    strengths: tuple[str, ...] = ("naive", "adaptive"),
    only: str = "",
    repaired: bool = True,
    **how: Any,
) -> Callable[[Callable[[World], None]], Callable[[World], None]]:
    def register(change: Callable[[World], None]) -> Callable[[World], None]:
        sets = frozenset(checks.split()), frozenset((checks if naive is None else naive).split())
        assert name not in {each.name for each in ATTACKS}, name
        ATTACKS.append(Attack(name, change, *sets, layouts, kept, guardians, strengths, only, repaired, how))
        return change

    return register


ADAPTIVE = ("adaptive",)


# CR-05 to CR-09: ballots copied, malleated, in other numbers


@attack("cr05_the_same_line_twice", "5.A 8.B X11", naive="5.A 8.B X10 X11")
def _(w: World) -> None:
    w.files[BALLOTS].insert(3, deepcopy(w.files[BALLOTS][2]))


@attack("cr05_the_same_identifier_with_other_proofs", "5.A", naive="5.A X10", only="5.A")
def _(w: World) -> None:
    line = w.line()
    w.files[BALLOTS].append(w.forger.sheet("Cast", 2, w.sheet(line).votes, id_b=bytes.fromhex(line["id_b"])).line)


@attack("cr05_a_new_identifier_with_old_proofs", "6.D 7.D X6", naive="5.A 8.B")
def _(w: World) -> None:
    line = deepcopy(w.line())
    if w.adaptive:
        line["id_b"] = hexadecimal(w.forger.random.randbytes(32))
        line["h_i"] = hexadecimal(H(w.forger.h_e, b"\x20", bytes.fromhex(line["id_b"])))
        w.seal(line)
    w.files[BALLOTS].append(line)


@attack("cr05_an_identifier_in_lower_case", "X7 format", naive="X7 format", strengths=("naive",))
def _(w: World) -> None:
    line = deepcopy(w.line())
    line["id_b"] = line["id_b"].lower()
    w.files[BALLOTS].append(line)


def _pair(w: World, line: Files, j: int = 0, index: int = 2) -> tuple[Files, int, int]:
    pair = line["contests"][str(index)]["ciphertexts"][j]
    return pair, int(pair["alpha"], 16), int(pair["beta"], 16)


@attack("cr06_multiplied_by_an_encryption_of_0", "6.D 7.D", naive="6.D 7.D 8.A 9.A 9.B")
def _(w: World) -> None:
    f, line = w.forger, w.line()
    pair, alpha, beta = _pair(w, line)
    x = f.scalar()
    pair |= {"alpha": f.hp(alpha * f.pow(f.g, x) % f.p), "beta": f.hp(beta * f.pow(f.K, x) % f.p)}
    w.seal(line) if w.adaptive else None


@attack("cr06_multiplied_by_an_encryption_of_1", "6.D 7.D", naive="6.D 7.D 8.A 9.B")
def _(w: World) -> None:
    f, line = w.forger, w.line()
    pair, _, beta = _pair(w, line)
    pair["beta"] = f.hp(beta * f.K % f.p)


@attack("cr06_options_exchanged", "6.D", naive="6.D 8.A")
def _(w: World) -> None:
    contest = w.line()["contests"]["2"]
    for name in ("ciphertexts", "proof_ballot_correctness"):
        contest[name][0], contest[name][1] = contest[name][1], contest[name][0]


def _wide_branch(w: World, domain: bytes, of_contest: bool, place: str) -> None:
    """A true proof, one of whose simulated branches has a number from q to 2^64 − 1, as a free choice of the prover."""
    f = w.forger
    line = w.line("Discounted" if f.own else "Cast", 2)
    sheet, h_i = w.sheet(line), bytes.fromhex(line["h_i"])
    values, nonces, contest = sheet.votes[2], sheet.nonces[2], line["contests"]["2"]
    pairs = [(int(x["alpha"], 16), int(x["beta"], 16)) for x in contest["ciphertexts"]]
    if of_contest:
        pair, value, nonce, branches, prefix = f.product(pairs), sum(values), sum(nonces) % f.q, 4, domain + b(2, 4)
    else:
        pair, value, nonce, branches, prefix = pairs[0], values[0], nonces[0], 2, domain + b(2, 4) + b(1, 4)
    simulated = (value + 1) % branches
    wide = f.q + 5
    chosen = (wide, f.scalar()) if place == "c" else (f.scalar(), wide)
    proof = f.range_proof(h_i, prefix, pair, value, nonce, branches, simulated={simulated: chosen})
    if of_contest:
        contest["proof_selection_limit"] = proof
    else:
        contest["proof_ballot_correctness"][0] = proof


for _item, _of, _place in (("6.B", False, "c"), ("6.C", False, "v"), ("7.B", True, "c"), ("7.C", True, "v")):

    @attack(f"cr07_a_number_of_q_or_more_in_a_true_proof_{_item}", _item, only=_item)
    def _(w: World, of: bool = _of, place: str = _place) -> None:
        _wide_branch(w, b"\x24", of, place)


for _name, _text in {
    "a_leading_zero": lambda x: "0" + x, "lower_case": lambda x: x.lower(), "0x": lambda x: "0x" + x[2:], "one_digit_less": lambda x: x[1:],
    "base64": lambda x: "q83v" + x[4:], "an_integer": lambda x: int(x, 16) % 2**62, "a_blank": lambda x: x[:-1] + " ",
    "fullwidth_digits": lambda x: x[:-1] + "\uff11", "a_plus": lambda x: "+" + x[1:], "an_underscore": lambda x: x[0] + "_" + x[2:],
}.items():  # fmt: skip

    @attack(f"cr07_a_number_written_with_{_name}", "X7 format", guardians=False, repaired=False, strengths=ADAPTIVE)
    def _(w: World, text: Callable[[str], Any] = _text) -> None:
        place = w.line()["contests"]["2"]["proof_ballot_correctness"][0][0]
        place["v"] = text("AB" + place["v"][2:])


def _outsiders(f: Forger) -> dict[str, int]:
    """Numbers that are no elements."""
    cofactor = (f.p - 1) // (2 * f.q)
    return {"0": 0, "p": f.p, "p_plus_1": f.p + 1, "minus_1": f.p - 1, "a_random_number": 12345678901234567890,
            "an_element_of_the_order_of_the_cofactor": pow(7, 2 * f.q, f.p), "a_square_outside": pow(3, 2, f.p) if cofactor > 1 else 9,
            "minus_g": f.p - f.g}  # fmt: skip


for _name in ("0", "p", "p_plus_1", "minus_1", "a_random_number", "an_element_of_the_order_of_the_cofactor", "a_square_outside", "minus_g"):
    for _part in ("alpha", "beta"):

        @attack(f"cr08_{_part}_is_{_name}_with_forged_proofs", "6.A 7.A", naive="6.A 7.A 8.A")
        def _(w: World, name: str = _name, part: str = _part) -> None:
            f = w.forger
            line = w.line("Discounted", 2)
            sheet = w.sheet(line)
            pairs = [(int(x["alpha"], 16), int(x["beta"], 16)) for x in line["contests"]["2"]["ciphertexts"]]
            x = _outsiders(f)[name]
            pairs[0] = (x, pairs[0][1]) if part == "alpha" else (pairs[0][0], x)
            values = [0, *sheet.votes[2][1:]]
            made, _ = f.contest(bytes.fromhex(line["h_i"]), 2, values, nonces=sheet.nonces[2], pairs=pairs)
            line["contests"]["2"] = {**made, "contest_hash": line["contests"]["2"]["contest_hash"]}
            w.seal(line) if w.adaptive else None


@attack("cr08_minus_alpha_where_all_challenges_are_even", "6.A 7.A", naive="6.A 7.A 8.A", only="6.A 7.A")
def _(w: World) -> None:
    """Every equation holds with −α for α if α meets even challenges only: slip 12 of the specification."""
    f = w.forger
    line = w.line("Discounted", 2)
    sheet, h_i = w.sheet(line), bytes.fromhex(line["h_i"])
    contest, values, nonces = line["contests"]["2"], sheet.votes[2], sheet.nonces[2]
    pairs = [(int(x["alpha"], 16), int(x["beta"], 16)) for x in contest["ciphertexts"]]
    pairs[0] = f.p - pairs[0][0], pairs[0][1]

    def even(make: Callable[[], list[Files]]) -> list[Files]:
        while True:
            proof = make()
            if all(int(branch["c"], 16) % 2 == 0 for branch in proof):
                return proof

    contest["ciphertexts"][0]["alpha"] = f.hp(pairs[0][0])
    contest["proof_ballot_correctness"][0] = even(
        lambda: f.range_proof(h_i, b"\x24" + b(2, 4) + b(1, 4), pairs[0], values[0], nonces[0], 2)
    )
    contest["proof_selection_limit"] = even(
        lambda: f.range_proof(h_i, b"\x24" + b(2, 4), f.product(pairs), sum(values), sum(nonces) % f.q, 4)
    )
    if f.own:
        contest["proof_spoil"] = even(lambda: f.spoil_proof(h_i, 2, pairs, values, nonces, 3))
    w.seal(line) if w.adaptive else None


@attack("cr09_an_encryption_nonce_is_0", "X6", naive="X6 9.A", layouts=(OWN,), only="X6")
def _(w: World) -> None:
    w.replace({1: (1, 0, 0)}, style=1, nonces=[0, w.forger.scalar(), w.forger.scalar()])


@attack("cr09_a_nonce_is_used_twice_on_a_ballot", "X6", naive="X6 9.A", layouts=(OWN,), only="X6")
def _(w: World) -> None:
    x = w.forger.scalar()
    w.replace({1: (1, 0, 0)}, style=1, nonces=[x, w.forger.scalar(), x])


@attack("cr09_a_nonce_is_used_on_two_ballots", "X6", naive="X6 9.A", layouts=(OWN,), only="X6")
def _(w: World) -> None:
    other = w.sheet(w.line("Discounted", 2)).nonces[1]
    w.replace({1: (1, 0, 0)}, style=1, nonces=[w.forger.scalar(), other[0], w.forger.scalar()])


# CR-10: parameters. What is stated is changed, and H_P goes on being made from the true ones, or from what is stated


@attack("cr10_another_p", "1.B", only="1.B")
def _(w: World) -> None:
    w.files[PARAMETERS]["fixed_parameters"]["group"]["p"] = w.forger.hp(w.forger.p - 2)


@attack("cr10_another_q", "1.C", only="1.C")
def _(w: World) -> None:
    w.files[PARAMETERS]["fixed_parameters"]["group"]["q"] = w.forger.hq(w.forger.q - 2)


@attack("cr10_another_q_of_the_field", "1.C", only="1.C")
def _(w: World) -> None:
    w.files[PARAMETERS]["fixed_parameters"]["field"]["q"] = w.forger.hq(w.forger.q - 2)


for _name, _of_g in {"1": lambda f: 1, "of_order_2q": lambda f: f.p - f.g, "another_generator": lambda f: f.pow(f.g, 2)}.items():

    @attack(f"cr10_g_is_{_name}", "1.D", only="1.D")
    def _(w: World, of_g: Callable[[Forger], int] = _of_g) -> None:
        w.files[PARAMETERS]["fixed_parameters"]["group"]["g"] = w.forger.hp(of_g(w.forger))


for _version in ([1, 9, 0], [2, 0, 0], [2, 1], [2, 1, 1], [2, 1, 0, 0], [], [3, 0, 0]):

    @attack(f"cr10_version_{'_'.join(map(str, _version)) or 'none'}", "1.A", only="1.A")
    def _(w: World, version: list[int] = _version) -> None:
        w.files[PARAMETERS]["fixed_parameters"]["ElectionGuard_Design_Specification_version"]["number"] = list(version)


# CR-12 to CR-14: keys


def _guardian(w: World, i: int) -> Files:
    found: Files = w.files[f"guardians/guardian_{i}.public_key.json"]
    return found


@attack("cr12_a_rogue_key_without_knowledge", "2.C X9", naive="2.C 3.A", repaired=False)
def _(w: World) -> None:
    f = w.forger
    others, _ = f.product((f.commitments(i, "vote")[0], 1) for i in range(1, f.n))
    rogue = f.pow(f.g, 4711) * pow(others, -1, f.p) % f.p
    _guardian(w, f.n)["vote_encryption"]["coefficient_commitments"][0] = f.hp(rogue)


@attack("cr13_a_guardians_proof_copied", "2.C", only="2.C")
def _(w: World) -> None:
    _guardian(w, 2)["vote_encryption"]["proof"] = deepcopy(_guardian(w, 1)["vote_encryption"]["proof"])


@attack("cr13_a_guardians_whole_key_copied", "2.C X8 X9", naive="2.C 3.A X8 X9", repaired=False)
def _(w: World) -> None:
    name = _guardian(w, 2)["name"]
    w.files["guardians/guardian_2.public_key.json"] = {**deepcopy(_guardian(w, 1)), "i": 2, "name": name}


@attack("cr13_the_proof_of_one_key_for_the_other", "2.C", only="2.C")
def _(w: World) -> None:
    _guardian(w, 2)["vote_encryption"]["proof"] = deepcopy(_guardian(w, 2)["ballot_data_encryption"]["proof"])


for _more in (1, -1):

    @attack(f"cr14_{'one_commitment_more' if _more > 0 else 'one_commitment_less'}_with_a_fitting_proof", "2.C X8", repaired=False)
    def _(w: World, more: int = _more) -> None:
        f = w.forger
        shown = [*f.commitments(2, "vote"), f.g][: f.k + more]
        f.vote[1].append(1)
        _guardian(w, 2)["vote_encryption"] = f.key(2, "vote", shown)


@attack("cr14_one_response_more", "2.C X8")
def _(w: World) -> None:
    _guardian(w, 2)["vote_encryption"]["proof"]["v"].append(w.forger.hq(1))


@attack("cr14_a_communication_key_is_1", "2.A X8 X9", naive="2.A 2.C X8 X9")
def _(w: World) -> None:
    _guardian(w, 2)["communication_public_key"] = w.forger.hp(1)


@attack("cr14_quorum_lowered", "1.E 2.C X8", repaired=False)
def _(w: World) -> None:
    w.files[PARAMETERS]["varying_parameters"]["k"] = 2


@attack("cr14_quorum_0", "2.C 3.A X8", naive="1.E 2.C X8", repaired=False)
def _(w: World) -> None:
    w.files[PARAMETERS]["varying_parameters"]["k"] = 0


@attack("cr14_quorum_above_the_number_of_guardians", "2.C 3.A X8", naive="1.E 2.C X8", repaired=False)
def _(w: World) -> None:
    w.files[PARAMETERS]["varying_parameters"]["k"] = 6


@attack("cr14_a_guardian_is_missing", "2.C 3.A 3.B X8 X9", repaired=False)
def _(w: World) -> None:
    del w.files["guardians/guardian_5.public_key.json"]


@attack("cr14_a_guardian_twice", "2.C 3.A 3.B X8 X9", naive="2.C 3.A 3.B X8", repaired=False)
def _(w: World) -> None:
    w.files["guardians/guardian_6.public_key.json"] = {**deepcopy(_guardian(w, 5)), "i": 6}


@attack("cr14_one_file_says_that_it_is_another_guardians", "X7 format", repaired=False)
def _(w: World) -> None:
    _guardian(w, 5)["i"] = 4


@attack("cr14_a_commitment_outside_the_group_with_a_fitting_proof", "2.A", naive="2.A", only="2.A", strengths=ADAPTIVE, production=True)
def _(w: World) -> None:
    """−K_2,1 with an even challenge."""


# CR-19, CR-20, CR-41 to CR-44, CR-46: tally


def _option(w: World, contest: int = 0, option: int = 0) -> Files:
    found: Files = w.files[TALLY]["contests"][contest]["options"][option]
    return found


def _again(w: World, contest: int, option: int, **how: Any) -> None:
    """Decrypts an option again."""
    place = _option(w, contest, option)
    A, B = (int(place["encrypted_tally"][name], 16) for name in ("alpha", "beta"))
    place.update(w.forger.decrypt(contest + 1, option + 1, A, B, **how))


@attack("cr19_decrypted_with_the_wrong_set_of_guardians", "10.B 10.C", kept=("tally",), guardians=False)
def _(w: World) -> None:
    _again(w, 0, 0, secret=w.forger.secret + 1)


@attack("cr19_proved_with_the_wrong_set_of_guardians", "10.B", kept=("tally",), guardians=False, only="10.B")
def _(w: World) -> None:
    place = _option(w)
    T, t = int(place["decrypted_value"], 16), place["tally"]
    _again(w, 0, 0, secret=w.forger.secret + 1, T=T, t=t)


@attack("cr20_another_result_with_a_false_proof", "10.B", kept=("tally",), guardians=False, only="10.B")
def _(w: World) -> None:
    t = _option(w)["tally"] - 1
    _again(w, 0, 0, T=w.forger.pow(w.forger.K, t), t=t)


for _name, _tally in {
    "t_plus_q": lambda t, q: t + q, "t_minus_q": lambda t, q: t - q, "minus_1": lambda t, q: -1, "10_to_30": lambda t, q: 10**30,
    "q": lambda t, q: q, "one_more_than_ballots": lambda t, q: 21, "10_to_12": lambda t, q: 10**12,
}.items():  # fmt: skip

    @attack(f"cr41_a_tally_of_{_name}", "10.C X1", kept=("tally",), guardians=False)
    def _(w: World, tally: Callable[[int, int], int] = _tally) -> None:
        f, place = w.forger, _option(w)
        t = tally(place["tally"], f.q)
        T = f.pow(f.K, t)
        if int(place["decrypted_value"], 16) == T:
            place["tally"] = t
        else:
            place.update({"tally": t, "decrypted_value": f.hp(T)})


for _name, _value in {"1.0": 1.0, "a_string": "3", "true": True, "null": None, "a_list": [3], "minus_0": -0.0, "1e1": 1e1}.items():

    @attack(f"cr41_a_tally_written_as_{_name}", "X7 format", kept=("tally",), guardians=False)
    def _(w: World, value: Any = _value) -> None:
        _option(w)["tally"] = value


@attack("cr41_a_tally_other_than_what_was_decrypted", "10.C", kept=("tally",), guardians=False, only="10.C")
def _(w: World) -> None:
    _option(w)["tally"] += 1 if _option(w)["tally"] < 9 else -1


@attack("cr42_a_decryption_proof_of_another_option", "10.B", kept=("tally",), guardians=False, only="10.B")
def _(w: World) -> None:
    _option(w)["proof"] = deepcopy(_option(w, 0, 1)["proof"])


@attack("cr42_a_decryption_proof_of_another_contest", "10.B", kept=("tally",), guardians=False, only="10.B")
def _(w: World) -> None:
    _option(w)["proof"] = deepcopy(_option(w, 1, 0)["proof"])


@attack("cr42_a_decryption_proof_of_another_election", "10.B", kept=("tally",), guardians=False, only="10.B")
def _(w: World) -> None:
    assert w.other is not None
    _option(w)["proof"] = deepcopy(_option(w.other)["proof"])


@attack("cr42_a_whole_entry_of_another_election", "9.A 9.B 10.B", kept=("tally",), guardians=False)
def _(w: World) -> None:
    assert w.other is not None
    _option(w).update({**deepcopy(_option(w.other)), "label": _option(w)["label"]})


def _aggregate(w: World, states: tuple[str, ...] = ("Cast",), drop: str = "") -> None:
    """A tally of other ballots than the counted ones, truly decrypted."""
    w.files[TALLY] = w.forger.tally([line for line in w.files[BALLOTS] if line["id_b"] != drop], states)


@attack("cr43_a_ballot_left_out_of_the_tally", "9.A 9.B", kept=("tally",), guardians=False)
def _(w: World) -> None:
    _aggregate(w, drop=w.line()["id_b"])


@attack("cr43_challenged_ballots_counted", "9.A 9.B", kept=("tally",), guardians=False)
def _(w: World) -> None:
    _aggregate(w, ("Cast", "Challenged"))


@attack("cr43_a_discounted_ballot_counted", "9.A 9.B", kept=("tally",), guardians=False)
def _(w: World) -> None:
    _aggregate(w, ("Cast", "Discounted", "Spoiled"))


@attack("cr43_a_contest_counted_twice", "9.A 9.B", kept=("tally",), guardians=False)
def _(w: World) -> None:
    f, (A, B) = w.forger, w.forger.aggregate(w.lines, 1, 1)
    _option(w).update(f.decrypt(1, 1, A * A % f.p, B * B % f.p))


@attack("cr43_times_an_encryption_of_1", "9.A 9.B", kept=("tally",), guardians=False)
def _(w: World) -> None:
    f, (A, B), x = w.forger, w.forger.aggregate(w.lines, 1, 1), w.forger.scalar()
    _option(w).update(f.decrypt(1, 1, A * f.pow(f.g, x) % f.p, B * f.pow(f.K, x + 1) % f.p))


@attack("cr43_one_vote_more_by_beta_alone", "9.B", kept=("tally",), guardians=False, only="9.B")
def _(w: World) -> None:
    f, (A, B) = w.forger, w.forger.aggregate(w.lines, 1, 1)
    _option(w).update(f.decrypt(1, 1, A, B * f.K % f.p))


@attack("cr43_one_vote_less_by_alpha_alone", "9.A", kept=("tally",), guardians=False, only="9.A")
def _(w: World) -> None:
    f, (A, B) = w.forger, w.forger.aggregate(w.lines, 1, 1)
    _option(w).update(f.decrypt(1, 1, A * f.g % f.p, B))


@attack("cr43_a_negated_decryption", "10.B 10.C", kept=("tally",), guardians=False)
def _(w: World) -> None:
    place = _option(w)
    place["decrypted_value"] = w.forger.hp(w.forger.p - int(place["decrypted_value"], 16))


@attack("cr43_a_negated_aggregate", "9.A 10.B", kept=("tally",), guardians=False)
def _(w: World) -> None:
    f, place = w.forger, _option(w)["encrypted_tally"]
    place["alpha"] = f.hp(f.p - int(place["alpha"], 16))


@attack("cr44_yes_and_no_exchanged_in_the_tally", "11.B 11.C X18", kept=("tally",), guardians=False)
def _(w: World) -> None:
    first, second = _option(w), _option(w, 0, 1)
    first["label"], second["label"] = second["label"], first["label"]


@attack("cr44_options_in_another_order", "11.B 11.C X18", naive="9.A 11.B 11.C X18", kept=("tally",), guardians=False)
def _(w: World) -> None:
    w.files[TALLY]["contests"][0]["options"].reverse()


@attack("cr44_contests_in_another_order", "11.A X18", kept=("tally",), guardians=False)
def _(w: World) -> None:
    w.files[TALLY]["contests"].reverse()


@attack("cr44_a_contest_without_its_tally", "11.C 11.D X18", kept=("tally",), guardians=False)
def _(w: World) -> None:
    w.files[TALLY]["contests"].pop()


@attack("cr44_a_contest_tallied_twice", "11.A X18", kept=("tally",), guardians=False)
def _(w: World) -> None:
    w.files[TALLY]["contests"].append(deepcopy(w.files[TALLY]["contests"][1]))


@attack("cr44_an_option_without_its_tally", "11.C X18", kept=("tally",), guardians=False)
def _(w: World) -> None:
    w.files[TALLY]["contests"][1]["options"].pop(2)


@attack("cr44_an_option_more_in_the_tally", "11.B X18", kept=("tally",), guardians=False)
def _(w: World) -> None:
    w.files[TALLY]["contests"][1]["options"].append({**deepcopy(_option(w, 1, 0)), "label": "Candidate Z"})


@attack("cr44_an_unknown_contest_in_the_tally", "11.A X18", kept=("tally",), guardians=False)
def _(w: World) -> None:
    w.files[TALLY]["contests"].append({**deepcopy(w.files[TALLY]["contests"][1]), "contest_ix": 3})


@attack("cr44_a_contest_under_another_label_in_the_tally", "11.A X18", kept=("tally",), guardians=False)
def _(w: World) -> None:
    w.files[TALLY]["contests"][0]["label"] = "strike"


@attack("cr44_a_contest_under_another_label_in_the_tally_of_others", "11.A", layouts=(EG21,), kept=("tally",), guardians=False, only="11.A")
def _(w: World) -> None:
    w.files[TALLY]["contests"][0]["label"] = "strike"


@attack("cr46_t_is_10_to_12_in_the_exponent_too", "10.B 10.C X1", kept=("tally",), guardians=False)
def _(w: World) -> None:
    _option(w).update({"tally": 10**12, "decrypted_value": w.forger.hp(w.forger.pow(w.forger.K, 10**12))})


# CR-26 to CR-31: what a ballot may hold


@attack("cr26_an_option_of_2_within_the_contests_limit", "6.D", naive="6.D 9.A", only="6.D")
def _(w: World) -> None:
    w.replace({1: (1, 0, 0), 2: (2, 0, 0, 0, 0, 0, 0)})


for _name, _values in {
    "minus_1": (-1, 1, 0), "minus_1_and_plus_2": (-1, 2, 0), "one_million": (10**6, 0, 0), "q_minus_1": (-1, 0, 0),
}.items():  # fmt: skip

    @attack(f"cr26_a_vote_of_{_name}", "6.D", naive="6.D 9.A")
    def _(w: World, values: tuple[int, ...] = _values) -> None:
        w.replace({1: values}, "Cast", 1)


@attack("cr26_yes_and_no", "7.D", naive="7.D 9.A", only="7.D")
def _(w: World) -> None:
    w.replace({1: (1, 1, 0)}, "Cast", 1)


@attack("cr26_four_of_three", "7.D X16", naive="7.D 9.A X16")
def _(w: World) -> None:
    w.replace({1: (1, 0, 0), 2: (1, 1, 1, 1, 0, 0, 0)})


@attack("cr26_a_discounted_ballot_with_an_impossible_vote", "6.D", naive="6.D")
def _(w: World) -> None:
    w.replace({1: (1, 0, 0), 2: (2, 0, 0, 0, 0, 0, 0)}, "Discounted")


@attack("cr27_spoil_and_a_choice", "X16", naive="X16 9.A", layouts=(OWN,), only="X16")
def _(w: World) -> None:
    w.replace({1: (1, 0, 0), 2: (1, 0, 0, 0, 0, 0, 1)})


@attack("cr27_spoil_and_two_choices", "X16", naive="X16 9.A", layouts=(OWN,), only="X16")
def _(w: World) -> None:
    w.replace({1: (1, 0, 0), 2: (1, 1, 0, 0, 0, 0, 1)})


@attack("cr27_without_the_spoil_proof", "X3 X16", naive="X3 X16 9.A", layouts=(OWN,))
def _(w: World) -> None:
    w.replace({1: (1, 0, 0), 2: (1, 1, 0, 0, 0, 0, 1)}, spoil=False)


@attack("cr28_a_spoil_proof_where_none_belongs", "X3", layouts=(OWN,), only="X3")
def _(w: World) -> None:
    contest = w.line("Cast", 1)["contests"]["1"]
    proof = deepcopy(w.line()["contests"]["2"]["proof_spoil"])
    chi = contest.pop("contest_hash")
    contest |= {"proof_spoil": proof, "contest_hash": chi}


@attack("cr28_the_ballot_says_5_for_an_option", "6.D X3", naive="6.D X3 9.A")
def _(w: World) -> None:
    w.replace({1: (1, 0, 0), 2: (3, 0, 0, 0, 0, 0, 0)}, limits=[5] * 7)


@attack("cr28_the_ballot_says_10_for_a_contest", "7.D X3", naive="7.D X3 9.A")
def _(w: World) -> None:
    w.replace({1: (1, 0, 0), 2: (1, 1, 1, 1, 1, 0, 0)}, limit=10)


@attack("cr28_a_vote_of_7_with_spare_branches", "6.D X3", naive="6.D X3 9.A")
def _(w: World) -> None:
    w.replace({1: (7, 0, 0)}, "Cast", 1, limits=[7, 1, 1], limit=7)


@attack("cr28_a_branch_less", "6.D X3", naive="6.D X3")
def _(w: World) -> None:
    w.line()["contests"]["2"]["proof_ballot_correctness"][0].pop()


@attack("cr28_no_branches", "6.D X3")
def _(w: World) -> None:
    w.line()["contests"]["2"]["proof_ballot_correctness"][0].clear()


@attack("cr28_no_proofs_of_options", "6.D X3")
def _(w: World) -> None:
    w.line()["contests"]["2"]["proof_ballot_correctness"].clear()


@attack("cr28_no_branches_of_the_limit", "7.D X3")
def _(w: World) -> None:
    w.line()["contests"]["2"]["proof_selection_limit"].clear()


SHAPE = "6.D 7.D 8.A X2"
for _name, _style, _votes in (
    ("a_contest_of_another_style", 1, {1: (1, 0, 0), 2: (0,) * 7}), ("a_contest_missing", 2, {1: (1, 0, 0)}),
    ("only_the_other_contest", 1, {2: (0,) * 7}), ("an_unknown_contest", 1, {1: (1, 0, 0), 3: (0,) * 7}), ("no_contest", 1, {}),
    ("an_option_missing", 2, {1: (1, 0), 2: (0,) * 7}), ("an_option_more", 2, {1: (1, 0, 0, 0), 2: (0,) * 7}),
    ("no_option", 2, {1: (), 2: (0,) * 7}),
):  # fmt: skip

    @attack(f"cr29_{_name}", SHAPE, strengths=("naive", "adaptive"))
    def _(w: World, style: int = _style, votes: dict[int, Any] = _votes) -> None:
        w.replace(votes, "Cast", style)


@attack("cr29_a_contest_twice", "X7 format", strengths=ADAPTIVE, guardians=False, repaired=False)
def _(w: World) -> None:
    lines = w.files[BALLOTS]
    line = json.dumps(lines[0], ensure_ascii=False, separators=(",", ":"))
    once = json.dumps(lines[0]["contests"]["1"], separators=(",", ":"))
    lines[0] = line.replace('"contests":{', f'"contests":{{"1":{once},', 1).encode()


@attack("cr29_contests_in_another_order", "X7 format", strengths=ADAPTIVE, guardians=False, repaired=False)
def _(w: World) -> None:
    line = w.line()
    line["contests"] = dict(reversed(line["contests"].items()))


@attack("cr30_a_ballot_moved_to_another_style", "6.D X2", naive="6.D X2 X10")
def _(w: World) -> None:
    w.line("Cast", 1)["ballot_style_ix"] = 2


@attack("cr30_a_ballot_moved_to_a_smaller_style", "6.D X2", naive="6.D X2 X10")
def _(w: World) -> None:
    w.line("Cast", 2)["ballot_style_ix"] = 1


@attack("cr30_a_ballot_of_no_style", "6.D X2", naive="6.D X2")
def _(w: World) -> None:
    w.line("Cast", 2)["ballot_style_ix"] = 3


def _weigh(w: World, weight: Any) -> None:
    line = w.line("Cast", 1)
    items = list(line.items())
    place = next(i for i, (name, _) in enumerate(items) if name == "id_b")
    line.clear()
    line.update([*items[:place], ("weight", weight), *items[place:]])


for _weight in (5, 0, -1, 2**40):

    @attack(f"cr31_a_weight_of_{_weight}", "X5", naive="X5 9.A 9.B", guardians=False, layouts=(OWN,))
    def _(w: World, weight: int = _weight) -> None:
        _weigh(w, weight)


@attack("cr31_a_weight_of_1", "X5", layouts=(OWN,), only="X5")
def _(w: World) -> None:
    _weigh(w, 1)


for _weight in (0, -1, -5):

    @attack(f"cr31_a_weight_of_{_weight}_in_the_layout_of_others", "9.A 9.B", layouts=(EG21,), guardians=False)
    def _(w: World, weight: int = _weight) -> None:
        _weigh(w, weight)


@attack("cr31_a_weight_that_the_tally_does_not_know", "9.A 9.B", layouts=(EG21,), guardians=False, strengths=("naive",))
def _(w: World) -> None:
    _weigh(w, 5)


# CR-32 to CR-36, CR-40: states, exchanged and added ballots


@attack("cr32_a_cast_ballot_is_said_to_be_challenged", "13.B 14.B X4", naive="13.B 14.B X4 9.A", kept=("openings",))
def _(w: World) -> None:
    w.line()["ballot_state"] = "Challenged"


@attack("cr32_a_challenged_ballot_is_counted", "13.B 14.B X4", naive="13.B 14.B X4 9.A", kept=("openings",))
def _(w: World) -> None:
    w.line("Challenged")["ballot_state"] = "Cast"


@attack("cr32_a_challenged_ballot_is_discounted", "13.B 14.B X4", kept=("openings",))
def _(w: World) -> None:
    w.line("Challenged")["ballot_state"] = "Discounted" if w.forger.own else "Spoiled"


@attack("cr32_a_discounted_ballot_is_counted_without_the_guardians", "10.B", naive="9.A 9.B X10", guardians=False)
def _(w: World) -> None:
    w.line("Discounted")["ballot_state"] = "Cast"


@attack("cr32_a_cast_ballot_is_discounted_without_the_guardians", "10.B", naive="9.A 9.B X10", guardians=False)
def _(w: World) -> None:
    w.line()["ballot_state"] = "Discounted" if w.forger.own else "Spoiled"


for _state in ("cast", "Void", "", "Uncast", "Cast "):

    @attack(f"cr32_a_state_of_{_state.replace(' ', '_') or 'nothing'}", "9.A 9.B X4", naive="9.A 9.B X4", kept=("openings",))
    def _(w: World, state: str = _state) -> None:
        w.line()["ballot_state"] = state


@attack("cr33_a_ballot_exchanged_after_casting_without_the_guardians", "10.B", naive="9.A 9.B X11", guardians=False)
def _(w: World) -> None:
    lines = w.files[BALLOTS]
    old = next(line for line in lines[5:] if line["ballot_state"] == "Cast" and line["ballot_style_ix"] == 1)
    while True:
        sheet = w.forger.sheet("Cast", 1, {1: (0, 1, 0)})
        if w.adaptive or sheet.line["confirmation_code"] < lines[0]["confirmation_code"]:
            break
    w.put(old, sheet)


@attack("cr34_three_ballots_dropped_without_the_guardians", "10.B", naive="9.A 9.B X10", guardians=False)
def _(w: World) -> None:
    for skip in (0, 0, 0):
        w.files[BALLOTS].remove(w.line(skip=skip))


@attack("cr34_a_challenged_ballot_dropped", "13.B 14.B X4", naive="X10 13.B 14.B X4", kept=("openings",))
def _(w: World) -> None:
    w.files[BALLOTS].remove(w.line("Challenged"))


@attack("cr35_a_ballot_more_without_the_guardians", "10.B", naive="9.A 9.B X10", guardians=False)
def _(w: World) -> None:
    w.files[BALLOTS].append(w.forger.sheet("Cast", 1, {1: (1, 0, 0)}).line)


@attack("cr36_one_code_for_two_ballots", "8.B 5.A X11", naive="5.A 8.B X10 X11")
def _(w: World) -> None:
    line = deepcopy(w.line())
    line["ballot_nonce_ciphertext"] = w.forger.nonce(bytes.fromhex(line["h_i"]))
    w.files[BALLOTS].append(line)


@attack("cr36_a_code_that_is_not_the_ballots", "8.B", only="8.B", kept=("confirmation_code",))
def _(w: World) -> None:
    line = w.line()
    line["confirmation_code"] = line["ballot_id"] = "00" + line["confirmation_code"][2:]


@attack("cr36_a_contest_hash_that_is_not_the_contests", "8.A", naive="8.A 8.B", only="8.A", kept=("contest_hash",))
def _(w: World) -> None:
    line = w.line()
    line["contests"]["1"]["contest_hash"] = "00" * 32
    number(line) if w.adaptive else None


@attack("cr36_an_identifier_hash_that_is_not_the_identifiers", "5.B", naive="5.B 9.A", kept=("h_i",), only="5.B")
def _(w: World) -> None:
    w.replace({1: (1, 0, 0)}, "Cast", 1, h_i=w.forger.random.randbytes(32))


@attack("cr36_two_ballots_under_one_name", "8.B X17", layouts=(OWN, EG21), kept=("ballot_id",))
def _(w: World) -> None:
    w.line()["ballot_id"] = w.line(skip=1)["ballot_id"]


@attack("cr36_a_ballot_under_another_name", "X17", layouts=(OWN,), kept=("ballot_id",), only="X17")
def _(w: World) -> None:
    w.line()["ballot_id"] = "0" * 64


@attack("cr36_ballots_out_of_order", "X11", layouts=(OWN,), kept=("order",), only="X11")
def _(w: World) -> None:
    lines = w.files[BALLOTS]
    lines[3], lines[4] = lines[4], lines[3]


@attack("cr36_the_last_ballot_first", "X11", layouts=(OWN,), kept=("order",), only="X11")
def _(w: World) -> None:
    w.files[BALLOTS].insert(0, w.files[BALLOTS].pop())


@attack("cr40_encrypted_nonces_exchanged", "X6", layouts=(OWN,), only="X6")
def _(w: World) -> None:
    first, second = w.line(), w.line(skip=1)
    name = "ballot_nonce_ciphertext"
    first[name], second[name] = second[name], first[name]


@attack("cr40_a_false_nonce_proof", "X6", layouts=(OWN,), only="X6")
def _(w: World) -> None:
    w.line()["ballot_nonce_ciphertext"]["c_2"]["v"] = w.forger.hq(1)


@attack("cr40_proofs_exchanged_between_ballots", "6.D")
def _(w: World) -> None:
    first, second = w.line()["contests"]["2"], w.line(skip=1)["contests"]["2"]
    name = "proof_ballot_correctness"
    first[name], second[name] = second[name], first[name]


@attack("cr40_limit_proofs_exchanged_between_ballots", "7.D", only="7.D")
def _(w: World) -> None:
    first, second = w.line()["contests"]["2"], w.line(skip=1)["contests"]["2"]
    name = "proof_selection_limit"
    first[name], second[name] = second[name], first[name]


# Opened ballots


def _opening(w: World, style: int = 2) -> tuple[Files, Files]:
    line = w.line("Challenged", style)
    return line, next(opening for opening in w.files[OPENINGS] if opening["ballot_id"] == line["ballot_id"])


@attack("cr25_an_opening_with_another_nonce", "13.B", kept=("openings",), only="13.B")
def _(w: World) -> None:
    _opening(w)[1]["contests"][0]["options"][0]["nonce"] = w.forger.hq(4711)


@attack("cr25_an_opening_with_another_choice", "13.B", kept=("openings",), only="13.B")
def _(w: World) -> None:
    options = _opening(w)[1]["contests"][0]["options"]
    for option in options:
        option["value"] = 0


@attack("cr25_a_nonce_of_q_or_more", "13.B", naive="13.B")
def _(w: World) -> None:
    old = w.line("Challenged", 1)
    line = w.put(old, w.forger.sheet("Challenged", 1, {1: (1, 0, 0)}, nonces=[5, w.forger.scalar(), w.forger.scalar()]))
    opening = next(each for each in w.files[OPENINGS] if each["ballot_id"] == line["ballot_id"])
    opening["contests"][0]["options"][0]["nonce"] = w.forger.hq(w.forger.q + 5)


@attack("cr25_an_opening_is_missing", "13.B 14.B X4", kept=("openings",))
def _(w: World) -> None:
    w.files[OPENINGS].pop()


@attack("cr25_all_openings_are_missing", "13.B 14.B X4", kept=("openings",))
def _(w: World) -> None:
    w.files[OPENINGS].clear()


@attack("cr25_a_ballot_opened_twice", "13.B 14.B X4", kept=("openings",))
def _(w: World) -> None:
    w.files[OPENINGS].append(deepcopy(w.files[OPENINGS][-1]))


@attack("cr25_a_cast_ballot_opened", "13.B 14.B X4", kept=("openings",))
def _(w: World) -> None:
    w.files[OPENINGS].append(w.forger.opening(w.sheet(w.line())))
    w.files[OPENINGS].sort(key=lambda opening: opening["ballot_id"])


@attack("cr25_a_discounted_ballot_opened", "13.B 14.B X4", kept=("openings",))
def _(w: World) -> None:
    w.files[OPENINGS].append(w.forger.opening(w.sheet(w.line("Discounted"))))
    w.files[OPENINGS].sort(key=lambda opening: opening["ballot_id"])


@attack("cr25_an_unknown_ballot_opened", "13.B 14.B X4", kept=("openings",))
def _(w: World) -> None:
    w.files[OPENINGS].append({**deepcopy(w.files[OPENINGS][-1]), "ballot_id": "F" * 64})


@attack("cr25_a_challenged_ballot_encrypts_2", "6.D 14.E", naive="6.D 14.E")
def _(w: World) -> None:
    w.replace({1: (1, 0, 0), 2: (2, 0, 0, 0, 0, 0, 0)}, "Challenged")


@attack("cr25_a_challenged_ballot_encrypts_minus_1", "6.D 14.E", naive="6.D 14.E")
def _(w: World) -> None:
    w.replace({1: (-1, 1, 0)}, "Challenged", 1)


@attack("cr25_a_challenged_ballot_above_the_contests_limit", "7.D 14.F", naive="7.D 14.F")
def _(w: World) -> None:
    w.replace({1: (1, 1, 0)}, "Challenged", 1)


@attack("cr25_an_opened_value_plus_q", "14.E", kept=("openings",))
def _(w: World) -> None:
    _opening(w)[1]["contests"][0]["options"][0]["value"] += w.forger.q


@attack("cr25_an_opened_value_is_negative", "14.E", kept=("openings",))
def _(w: World) -> None:
    _opening(w)[1]["contests"][0]["options"][0]["value"] -= w.forger.q


@attack("cr25_opened_values_plus_q_and_minus_q", "14.E", kept=("openings",), only="14.E")
def _(w: World) -> None:
    options = _opening(w)[1]["contests"][0]["options"]
    options[0]["value"] += w.forger.q
    options[1]["value"] -= w.forger.q


@attack("cr25_an_opened_value_is_no_integer", "X7 format", kept=("openings",))
def _(w: World) -> None:
    _opening(w)[1]["contests"][0]["options"][0]["value"] = True


@attack("cr44_yes_and_no_exchanged_in_an_opening", "14.C 14.D X18", kept=("openings",))
def _(w: World) -> None:
    first, second = _opening(w)[1]["contests"][0]["options"][:2]
    first["label"], second["label"] = second["label"], first["label"]


@attack("cr44_an_opened_contest_under_another_label", "14.A X18", kept=("openings",))
def _(w: World) -> None:
    _opening(w)[1]["contests"][0]["label"] = "strike"


@attack("cr44_an_opened_contest_under_another_label_with_others", "14.A", layouts=(EG21,), kept=("openings",), only="14.A")
def _(w: World) -> None:
    _opening(w)[1]["contests"][0]["label"] = "strike"


@attack("cr44_an_opened_contest_is_missing", "13.B 14.B X18", kept=("openings",))
def _(w: World) -> None:
    _opening(w)[1]["contests"].pop()


@attack("cr44_an_opened_contest_twice", "13.B 14.B X18", kept=("openings",))
def _(w: World) -> None:
    contests = _opening(w)[1]["contests"]
    contests.append(deepcopy(contests[-1]))


@attack("cr44_opened_contests_in_another_order", "14.B X18", kept=("openings",))
def _(w: World) -> None:
    _opening(w)[1]["contests"].reverse()


@attack("cr44_an_opened_contest_of_another_style", "14.A X18", kept=("openings",))
def _(w: World) -> None:
    _opening(w, 1)[1]["contests"].append(deepcopy(_opening(w)[1]["contests"][1]))


@attack("cr44_an_opened_option_is_missing", "14.D X18", kept=("openings",))
def _(w: World) -> None:
    _opening(w)[1]["contests"][1]["options"].pop(3)


@attack("cr44_an_opened_option_more", "14.C X18", kept=("openings",))
def _(w: World) -> None:
    options = _opening(w)[1]["contests"][1]["options"]
    options.append({**deepcopy(options[0]), "label": "Candidate Z"})


@attack("cr44_no_opened_options", "13.B 14.D X18", kept=("openings",))
def _(w: World) -> None:
    _opening(w)[1]["contests"][1]["options"].clear()


@attack("cr44_openings_in_another_order", "X18", layouts=(OWN,), kept=("openings",), only="X18")
def _(w: World) -> None:
    w.files[OPENINGS].reverse()


# Devices, totals, free text: CR-38 without a chain, CR-52, CR-53


@attack("cr38_a_device_hash_that_is_not_the_devices", "8.C", kept=("h_di",), only="8.C")
def _(w: World) -> None:
    w.files[DEVICES]["devices"][0]["h_di"] = "AB" * 32


@attack("cr38_a_ballot_that_is_not_bound_to_its_device", "8.D", naive="8.B 8.D", kept=("chaining_field",), only="8.D")
def _(w: World) -> None:
    line = w.line()
    line["chaining_field"] = line["chaining_field"][:8] + "AB" * 32
    number(line) if w.adaptive else None


@attack("cr38_a_ballot_chained_on_a_device_without_chaining", "8.D", naive="8.B 8.D", kept=("chaining_field",), only="8.D")
def _(w: World) -> None:
    first, second = w.line(), w.line(skip=1)
    second["chaining_field"] = "00000001" + first["confirmation_code"]
    number(second) if w.adaptive else None


@attack("cr38_chaining_other_than_declared", "8.E 8.F 8.G X13", guardians=False, naive="8.E 8.F 8.G X13")
def _(w: World) -> None:
    w.files[DEVICES]["devices"][0]["chaining_mode"] = "SimpleChaining"


@attack("cr38_a_ballot_of_another_device", "8.C X13", kept=("device_ix",))
def _(w: World) -> None:
    w.line()["device_ix"] = 2


@attack("cr38_a_second_device", "X13", layouts=(OWN,), strengths=ADAPTIVE, repaired=False, guardians=False)
def _(w: World) -> None:
    device = {**w.files[DEVICES]["devices"][0], "device_ix": 2, "ballot_count": 0}
    w.files[DEVICES]["devices"].append(device)
    w.files["ballots/device_2.jsonl"] = []


@attack("cr38_no_device", "X13 X14", layouts=(OWN,), strengths=ADAPTIVE, repaired=False, guardians=False)
def _(w: World) -> None:
    w.files[DEVICES]["devices"].clear()


@attack("cr52_another_device_string", "X13", layouts=(OWN,), naive="8.C X13", only="X13", production=True, strengths=ADAPTIVE)
def _(w: World) -> None:
    """Made in `production`."""


@attack("cr52_a_member_more", "X7 format", repaired=False)
def _(w: World) -> None:
    w.line()["memo"] = "mark"


@attack("cr52_a_member_more_in_a_proof", "X7 format", repaired=False)
def _(w: World) -> None:
    w.line()["contests"]["2"]["proof_selection_limit"][0]["memo"] = "mark"


@attack("cr52_a_date_on_a_ballot", "X17", layouts=(OWN,), only="X17")
def _(w: World) -> None:
    line = w.line()
    items = list(line.items())
    line.clear()
    line.update([*items[:4], ("encryption_datetime", "2026-11-03T10:11:12Z"), *items[4:]])


@attack("cr52_contest_data_on_a_ballot", "X17", layouts=(OWN,))
def _(w: World) -> None:
    line = w.line()
    contest = line["contests"]["2"]
    data, _ = w.forger.contest_data(bytes.fromhex(line["h_i"]), 2, bytes(32))
    chi = contest.pop("contest_hash")
    contest |= {"contest_data": data, "contest_hash": chi}
    w.seal(line) if w.adaptive else None


@attack("cr53_a_contest_index_of_2_to_31", "X7 format", repaired=False)
def _(w: World) -> None:
    line = w.line("Cast", 1)
    line["contests"][str(2**31)] = line["contests"].pop("1")


@attack("cr53_a_contest_index_with_a_leading_zero", "X7 format", repaired=False)
def _(w: World) -> None:
    line = w.line("Cast", 1)
    line["contests"]["01"] = line["contests"].pop("1")


@attack("cr53_a_style_index_of_2_to_31", "X7 format", repaired=False)
def _(w: World) -> None:
    w.line("Cast", 1)["ballot_style_ix"] = 2**31 + 1


for _name, _change in {
    "cast": lambda t: t["ballots"].update(cast=19), "challenged": lambda t: t["ballots"].update(challenged=2),
    "discounted_of_a_style": lambda t: t["ballot_styles"][1].update(discounted=0), "a_style_missing": lambda t: t["ballot_styles"].pop(),
    "a_style_twice": lambda t: t["ballot_styles"].append(dict(t["ballot_styles"][1])),
}.items():  # fmt: skip

    @attack(f"cr43_totals_with_another_{_name}", "X10", layouts=(OWN,), kept=("totals",), only="X10")
    def _(w: World, change: Callable[[Files], Any] = _change) -> None:
        change(w.files[TOTALS])


@attack("cr43_another_number_of_ballots", "9.A 9.B X10", kept=("ballot_count",))
def _(w: World) -> None:
    w.files[DEVICES]["devices"][0]["ballot_count"] -= 1


@attack("cr56_the_statement_of_no_ballots_though_there_are_some", "X14", layouts=(OWN,), kept=("totals",), only="X14")
def _(w: World) -> None:
    w.files[TOTALS]["statement"] = "No ballot was cast."


def whole_contest_hash(line: Files, index: int) -> str:
    """For tests that build by hand."""
    return hexadecimal(contest_hash(bytes.fromhex(line["h_i"]), index, line["contests"][str(index)]))


def names() -> Iterator[str]:
    yield from (each.name for each in ATTACKS)
