"""Attacks that a look at the source excludes: small groups in production, other bases, secrets in quick powers, other randomness."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import group as group_module
from engine import hashing
from engine.ballot import new_ballot_nonce
from engine.group import STANDARD
from tests.groups import TOY

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = [path for package in ("engine", "cli", "api", "verifier") for path in sorted((ROOT / package).rglob("*.py"))]
ENGINE = {path.stem: ast.parse(path.read_bytes()) for path in sorted((ROOT / "engine").glob("*.py"))}


def calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == name:
            yield node


def functions(tree: ast.AST) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


# CR-11: no other group

SMALL = {TOY.p, TOY.q, TOY.generator}
"""Numbers of the appendix's other groups: p, q and g of the reduced and toy parameters, 16 bits or more."""
SMALL |= {59183, 32616, 65521, 4214179679, 496451214, 281010572049407, 109132885510074, 16777213, 18444843247520538623}
SMALL |= {4294967291, 79227651399410325621583970303, 0x29D995240DFB12B36FD0F8CCE06B657D, 0xFFFFFFFFFFC5}
SMALL |= {0xFFFFFFFFFFFFFFFF9ECB779649D9A82DFFFFFFFFFFFFFFFF, 0x0B5DA0900B367E3C92A1101954DB5E3C873E929A0E324F00}
DELTA_3072 = 298707407953437995876300625370749906325322663598036756391867662926569213935809577593
SMALL |= {DELTA_3072, 0x4A1523CB0111B38104EBCDE5163F581EEEDD91637AC57544C1D2283234272732}


def test_cr11_there_is_something_to_look_at() -> None:
    assert {"group", "guardian", "ballot"} <= set(ENGINE)
    assert len(PRODUCTION) > 20


@pytest.mark.parametrize("path", PRODUCTION, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_cr11_production_knows_no_parameters_but_the_standard_ones(path: Path) -> None:
    """No import from the tests, no number of a small group, in any spelling."""
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            assert not any(re.match(r"(tests|groups)(\.|$)", name) or name == "TOY" for name in names), f"line {node.lineno}"
    numbers = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and type(node.value) is int}
    assert not numbers & SMALL
    squeezed = re.sub(r"[\s_\"']", "", source).upper()
    allowed = f"{STANDARD.p:X} {STANDARD.q:X} {STANDARD.generator:X}"
    for number in SMALL:
        if number > 2**60:
            assert f"{number:X}" not in squeezed or f"{number:X}" in allowed
            assert str(number) not in squeezed


def test_cr11_only_the_standard_group_is_ever_made() -> None:
    made = [(name, ast.unparse(call)) for name, tree in ENGINE.items() for call in calls(tree, "Group")]
    assert made == [("group", "Group(p, q, generator)"), ("group", "Group(p, q, pow(2, (p - 1) // q, p))")]
    assert [each for each in vars(group_module).values() if isinstance(each, group_module.Group)] == [STANDARD]


def test_cr11_nothing_in_the_engine_looks_at_the_environment() -> None:
    """But for which arithmetic multiplies, which changes no result."""
    seen = []
    for name, tree in ENGINE.items():
        for node in ast.walk(tree):
            text = ast.unparse(node) if isinstance(node, ast.Attribute | ast.Name) else ""
            if text in {"os.environ", "os.getenv", "environ", "getenv", "sys.argv", "sys.flags"}:
                seen.append((name, text))
            assert not isinstance(node, ast.Assert), f"{name}: an assertion is no check; -O removes it"
    assert seen == [("powers", "os.environ")]
    (read,) = [call for call in calls(ENGINE["powers"], "get") if "environ" in ast.unparse(call)]
    assert ast.unparse(read) == "os.environ.get('PSEPHOS_ARITHMETIC')"


def test_cr11_the_group_that_unpickling_makes_is_the_pickled_one_and_no_default() -> None:
    (made,) = [ast.unparse(node) for node in functions(ENGINE["group"])["_group"].body if isinstance(node, ast.Return)]
    assert made == "return STANDARD if group == STANDARD else group"


# CR-23: randomness


def test_cr23_only_the_operating_systems_generator_reaches_exponents() -> None:
    users = Counter()
    for name, tree in ENGINE.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name for alias in node.names} | {getattr(node, "module", None)}
                assert not names & {"random", "numpy", "uuid", "time"}, name
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"secrets.randbelow", "secrets.token_bytes"}:
                users[name] += 1
            if isinstance(node, ast.Attribute):
                assert node.attr not in {"urandom", "getrandbits", "random_state"}, name
    assert users == {"group": 1, "ballot": 2}


def chi_square(top: list[int]) -> float:
    counts = Counter(top)
    expected = len(top) / 256
    return sum((counts[byte] - expected) ** 2 / expected for byte in range(256))


GENERATORS = {
    "random scalars": lambda _: STANDARD.random_scalar().to_bytes(),
    "random scalars of the small group": lambda _: TOY.random_scalar().to_bytes(),
    "ballot nonces": lambda _: new_ballot_nonce(),
    "encryption nonces": lambda at: hashing.encryption_nonce(STANDARD, bytes(32), 1 + at % 40, 1 + at // 40, bytes(range(32))).to_bytes(),
}
FAR_BEYOND_CHANCE = 420  # 255 degrees of freedom: less than one in a billion


@pytest.mark.parametrize("name", GENERATORS)
def test_cr23_100000_nonces_are_evenly_spread_and_never_repeat(name: str) -> None:
    made = [GENERATORS[name](at) for at in range(100_000)]
    assert len(set(made)) == len(made)
    for position in (0, 1, len(made[0]) // 2, -1):
        assert chi_square([each[position] for each in made]) < FAR_BEYOND_CHANCE


def test_cr23_a_twin_of_240_bits_is_noticed() -> None:
    made = [bytes(2) + new_ballot_nonce()[2:] for _ in range(2_000)]
    assert chi_square([each[0] for each in made]) > FAR_BEYOND_CHANCE


def test_cr23_a_twin_that_reduces_a_longer_number_carelessly_is_noticed() -> None:
    """A byte modulo 200 instead of an even choice."""
    made = [new_ballot_nonce()[0] % 200 for _ in range(20_000)]
    assert chi_square(made) > FAR_BEYOND_CHANCE


# CR-54: secret exponents


def powers(tree: ast.AST) -> list[str]:
    """Every quick power, a ** b."""
    return [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow)]


def secret_powers(tree: ast.AST) -> list[str]:
    return [ast.unparse(node.args[0]) for node in calls(tree, "secret_power")]


def test_cr54_a_guardians_program_raises_nothing_to_a_power_but_quietly() -> None:
    """Every exponent in guardian.py is a secret: no quick power stands there at all."""
    assert powers(ENGINE["guardian"]) == []
    assert not list(calls(ENGINE["guardian"], "pow"))
    assert set(secret_powers(ENGINE["guardian"])) == {"zeta", "a_j", "u", "u_i", "share.vote", "share.data", "secret.communication"}


@pytest.mark.parametrize(
    ("module", "function", "exponents"),
    [
        ("signed_elgamal", "encrypt_share", {"xi", "u"}),
        ("proofs", "prove_knowledge", {"u_j"}),
        ("proofs", "prove_equality", {"u"}),
        ("proofs", "prove_equal_and_known", {"u", "w"}),
        ("trial_answer", "answer_trial", {"share.vote", "share.data"}),
        ("key_ceremony", "check_share", {"group.scalar(number)"}),
        ("witness", "state_log", {"u"}),
    ],
)
def test_cr54_what_a_guardians_program_calls_with_secrets_is_quiet_too(module: str, function: str, exponents: set[str]) -> None:
    body = functions(ENGINE[module])[function]
    assert powers(body) == []
    assert set(secret_powers(body)) == exponents


def test_cr54_quiet_powers_are_the_only_ones_that_secrets_reach_and_have_no_table() -> None:
    body = functions(ENGINE["group"])["secret_power"]
    assert [ast.unparse(call.func) for call in ast.walk(body) if isinstance(call, ast.Call)] == ["Element", "secret_power"]
    assert "_comb" not in ast.unparse(body)


def test_cr54_secrets_are_compared_in_constant_time() -> None:
    (scalar,) = [node for node in ENGINE["group"].body if isinstance(node, ast.ClassDef) and node.name == "Scalar"]
    assert "compare_digest" in ast.unparse(functions(scalar)["__eq__"])
    assert "compare_digest" in ast.unparse(functions(ENGINE["key_ceremony"])["verify_reveal"])


# CR-60: bases

BASES = {
    "ballot": {"K", "group.g"},
    "decryption": {"A", "K", "M", "each.ballots[position].m", "g", "keys[i]", "value.m"},
    "discrete_log": {"K"},
    "elgamal": {"K", "group.g", "self.alpha", "self.beta"},
    "group": {"self"},
    "key_ceremony": {"kappa", "kappa.group.g"},
    "log": {"election.group.g", "key"},  # key is g^ẑ_i, from the guardians' commitments
    "opening": {"K_hat", "g"},
    "parameters": {"K_j"},
    "proofs": {"K", "X_j", "alpha", "base", "beta", "g", "key", "key.group.g", "other_key", "result"},
    "signed_elgamal": {"K_hat", "K_hat.group.g", "c.group.g", "ciphertext.c_0"},
    "trial": {"K", "each.m", "group.g"},
}
SECRET_BASES = {
    "guardian": {"AB.alpha", "C.c_0", "C_0", "election.group.g", "g", "group.g"},
    "key_ceremony": {"group.g"},
    "proofs": {"base", "group.g"},
    "signed_elgamal": {"g", "kappa_l"},
    "witness": {"election.group.g"},
    "trial_answer": {"A", "g"},
}


def test_cr60_every_base_of_a_power_is_on_the_list() -> None:
    """g, the joint keys, guardians' keys, and what is itself checked: ciphertexts, commitments, partial decryptions.

    An added base needs a derivation by hashing, with a check that everybody can make.

    No commitment of the Pedersen kind is there, so no pair of bases whose logarithm could open one both ways.
    """
    found: dict[str, set[str]] = {}
    quiet: dict[str, set[str]] = {}
    for name, tree in ENGINE.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and not isinstance(node.left, ast.Constant):
                found.setdefault(name, set()).add(ast.unparse(node.left))
        for call in calls(tree, "powers"):
            if name not in ("group", "native") and isinstance(call.func, ast.Attribute):
                found.setdefault(name, set()).add(ast.unparse(call.func.value))
        for call in calls(tree, "secret_power"):
            if name not in ("group", "powers") and isinstance(call.func, ast.Attribute):
                quiet.setdefault(name, set()).add(ast.unparse(call.func.value))
    assert found == BASES
    assert quiet == SECRET_BASES


def test_cr60_no_element_is_made_out_of_a_constant() -> None:
    """Elements come from the generator, from 1, from products and powers, or from outside through the membership test."""
    made = Counter((name, ast.unparse(call)) for name, tree in ENGINE.items() for call in calls(tree, "Element"))
    assert {name for name, _ in made} == {"group", "discrete_log"}
    constants = [text for _, text in made if re.search(r"\d", text)]
    assert constants == ["Element(self, integer(1))", "Element(self.group, integer(pow(int(self.value), -1, self.group.p)))"]
