"""The verifier's formulas against known answers, most of them from other implementations (tests/vectors)."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from verifier.arithmetic import STANDARD, Group, H, b
from verifier.ballots import identifier_hash
from verifier.codes import PRE_ENCRYPTED_RULES, REGULAR_RULES, chained, closing_field, contest_hash, device_hash, first_hash, unchained
from verifier.contest_data import data_key, decrypt_blocks, decryption_challenge
from verifier.keys import extended_base_hash, guardian_record_hash, key_proof_challenge
from verifier.model import Ciphertext, Guardian, Proof, PublicKey, SignedCiphertext
from verifier.parameters import base_hash, parameter_base_hash
from verifier.pre_encrypted import pre_encrypted_contest_hash, selection_hash, short_code
from verifier.ranges import LIMIT, OPTION, check_range, data_proof_holds, range_challenge
from verifier.report import Findings
from verifier.tally import tally_challenge

VECTORS = Path(__file__).resolve().parents[1] / "vectors"


def load(name: str) -> Any:
    return json.loads((VECTORS / name).read_text("utf-8"))


def number(text: str) -> int:
    return int(text, 16)


def key_of(text: str) -> int:
    """`g^5 mod p` or hexadecimal."""
    return STANDARD.g_power(int(text[2:].split()[0])) if text.startswith("g^") else int(text, 16)


def test_the_standard_parameters_are_those_of_the_specification() -> None:
    vector = load("01_parameters_and_base_hashes.json")
    assert (STANDARD.p, STANDARD.q, STANDARD.g) == (number(vector["p"]), number(vector["q"]), number(vector["g"]))
    assert (STANDARD.l_p, STANDARD.l_q) == (512, 32)
    assert STANDARD.p - 1 == STANDARD.q * number(vector["r"])
    assert STANDARD.power(2, number(vector["r"])) == STANDARD.g


def test_the_prime_is_made_from_the_logarithm_of_two() -> None:
    """§3.1.1: between 256 ones at either end stand the bits of ln 2, raised by a small δ."""
    bits = 4096 - 512
    scaled = sum((1 << (bits + 64)) // (n << n) for n in range(1, bits + 80)) >> 64  # ln 2 = Σ 1/(n 2^n)
    middle = (STANDARD.p >> 256) & ((1 << bits) - 1)
    assert math.isclose(scaled / 2**bits, math.log(2))
    assert STANDARD.p >> (4096 - 256) == STANDARD.p & (2**256 - 1) == 2**256 - 1
    assert 0 <= middle - scaled < 2**300


def test_base_hashes() -> None:
    vector = load("01_parameters_and_base_hashes.json")
    for case in vector["H_P"]:
        assert parameter_base_hash(STANDARD, case["n"], case["k"]).hex().upper() == case["value"]
    for case in vector["H_B"]:
        h_p = parameter_base_hash(STANDARD, case["n"], case["k"])
        assert base_hash(h_p, bytes.fromhex(case["manifest_hex"])).hex().upper() == case["value"]
    for case in vector["H_E"]:
        h_e = extended_base_hash(STANDARD, bytes.fromhex(case["H_B"]), number(case["K_hex"]), number(case["K_hat_hex"]))
        assert h_e.hex().upper() == case["value"]
    for case in vector["H_I"]:
        assert identifier_hash(bytes.fromhex(case["H_E"]), bytes.fromhex(case["id_B"])).hex().upper() == case["value"]


def test_guardians_key_proofs() -> None:
    proofs = load("02_guardian_keys_and_shares.json")["key_proofs"]
    h_p = bytes.fromhex(proofs["H_P"])
    for case in proofs["guardian_1"]:
        commitments, kappa, c = tuple(map(number, case["commitments"])), number(case["kappa"]), number(case["c"])
        bases = (*commitments, kappa)
        h = [STANDARD.product(STANDARD.g_power(number(v)), STANDARD.power(x, c)) for x, v in zip(bases, case["v"], strict=True)]
        assert h == [number(x) for x in case["recomputed_h"]]
        assert key_proof_challenge(STANDARD, h_p, case["label"].encode(), case["i"], commitments, kappa, h) == c


def test_guardian_record_hash() -> None:
    (case,) = load("02_guardian_keys_and_shares.json")["guardian_record_hash"]
    K, K_hat, kappa = key_of(case["K_1_0"]), key_of(case["K_hat_1_0"]), key_of(case["kappa_1"])
    guardian = Guardian(1, "", PublicKey((K,), 0, ()), PublicKey((K_hat,), 0, ()), kappa)
    h_b = base_hash(parameter_base_hash(STANDARD, 1, 1), case["manifest_utf8"].encode())
    assert guardian_record_hash(STANDARD, h_b, K, K_hat, (guardian,)).hex().upper() == case["H_G"]


def contest_data(ind_c: int, case: Any) -> SignedCiphertext:
    return SignedCiphertext(number(case["C_0"]), bytes.fromhex(case["C_1"]), Proof(number(case["c"]), number(case["v"])))


def test_ballots_contest_hashes_and_codes() -> None:
    vector = load("03_ballot_with_nonces.json")
    ballot = vector["ballot_A"]
    h_i, h_e = bytes.fromhex(ballot["H_I"]), bytes.fromhex(vector["H_E"])
    h_di = device_hash(h_e, REGULAR_RULES, ballot["device"])
    assert h_di.hex().upper() == ballot["H_DI"]
    assert unchained(h_di).hex().upper() == ballot["B_C"]
    hashes = []
    K_hat = STANDARD.g_power(7)
    for contest in ballot["contests"]:
        ciphertexts = [Ciphertext(number(x["alpha"]), number(x["beta"])) for x in contest["selections"]]
        for selection, ciphertext in zip(contest["selections"], ciphertexts, strict=True):
            assert STANDARD.g_power(number(selection["xi"])) == ciphertext.alpha
            assert STANDARD.fixed_power(STANDARD.g_power(5), number(selection["xi"]) + selection["sigma"]) == ciphertext.beta
        data = contest_data(contest["ind_c"], contest["contest_data"]) if "contest_data" in contest else None
        chi = contest_hash(STANDARD, h_i, contest["ind_c"], ciphertexts, data)
        assert chi.hex().upper() == contest["chi"]
        hashes.append(chi)
        if data is not None:
            case = contest["contest_data"]
            assert data_proof_holds(STANDARD, h_i, contest["ind_c"], data)
            beta = STANDARD.fixed_power(K_hat, number(case["xi"]))
            h = data_key(STANDARD, h_i, contest["ind_c"], data.c_0, beta)
            assert h.hex().upper() == case["h"]
            assert decrypt_blocks(h, contest["ind_c"], data.c_1).hex().upper() == case["D"]
    assert H(h_i, REGULAR_RULES.code, *hashes, bytes.fromhex(ballot["B_C"])).hex().upper() == ballot["H_C"]


def test_range_proofs() -> None:
    vector = load("04_range_proofs.json")
    h_i, K = bytes.fromhex(vector["H_I"]), number(vector["K"])
    option, limit = vector["option_proof"], vector["limit_proof"]
    findings = Findings(own=False)
    for case, indices, ciphertext, items, bound in (
        (option, (option["ind_c"], option["ind_o"]), Ciphertext(number(option["alpha"]), number(option["beta"])), OPTION, option["R"]),
        (limit, (limit["ind_c"],), Ciphertext(number(limit["alpha_bar"]), number(limit["beta_bar"])), LIMIT, limit["L"]),
    ):
        proof = tuple(Proof(number(x["c"]), number(x["v"])) for x in case["proof"])
        check_range(STANDARD, K, h_i, ciphertext, proof, bound, indices, items, "vector", findings)
        assert sum(branch.c for branch in proof) % STANDARD.q == number(case["challenge"])
    assert not findings.failures
    numbers = [number(x) for x in option["recomputed_a_b"]]
    first = Ciphertext(number(option["alpha"]), number(option["beta"]))
    assert range_challenge(STANDARD, h_i, b"\x24", (option["ind_c"], option["ind_o"]), first, numbers) == number(option["challenge"])


def test_tally_decryption() -> None:
    vector = load("05_tally_decryption.json")
    h_e, K = bytes.fromhex(vector["H_E"]), STANDARD.g_power(5)
    for case in vector["decryptions"]:
        total = Ciphertext(number(case["A"]), number(case["B"]))
        T, c, v = number(case["T"]), number(case["c"]), number(case["v"])
        M = STANDARD.product(total.beta, pow(T, -1, STANDARD.p))
        a = STANDARD.product(STANDARD.g_power(v), STANDARD.fixed_power(K, c))
        b_ = STANDARD.product(STANDARD.power(total.alpha, v), STANDARD.power(M, c))
        assert (M, a, b_) == (number(case["M"]), number(case["a"]), number(case["b"]))
        assert tally_challenge(STANDARD, h_e, case["ind_c"], case["ind_o"], total, a, b_, M) == c
        assert STANDARD.fixed_power(K, case["t"]) == T


def test_contest_data_decryption() -> None:
    vector = load("06_contest_data_decryption.json")
    h_i, K_hat = bytes.fromhex(vector["H_I"]), number(vector["K_hat_hex"])
    for case in vector["decryptions"]:
        made = case["encryption"]
        data, contest = contest_data(made["ind_c"], made), made["ind_c"]
        beta, c, v = number(case["beta"]), number(case["c"]), number(case["v"])
        a = STANDARD.product(STANDARD.g_power(v), STANDARD.power(K_hat, c))
        b_ = STANDARD.product(STANDARD.power(data.c_0, v), STANDARD.power(beta, c))
        assert (a, b_) == (number(case["a"]), number(case["b"]))
        assert decryption_challenge(STANDARD, h_i, contest, data, a, b_, beta) == c
        assert decrypt_blocks(data_key(STANDARD, h_i, contest, data.c_0, beta), contest, data.c_1).hex().upper() == made["D"]


def test_pre_encrypted_ballot() -> None:
    vector = load("07_pre_encrypted.json")
    ballot = vector["uncast_ballot"]
    h_i, K = bytes.fromhex(ballot["H_I"]), number(ballot["K"])
    chis = []
    for contest in ballot["contests"]:
        hashes = []
        for vector_ in contest["vectors"]:
            nonces = [number(x) for x in vector_["nonces"]]
            ciphertexts = tuple(
                Ciphertext(STANDARD.g_power(x), STANDARD.fixed_power(K, x + (k == vector_["j"] and not vector_["null"])))
                for k, x in enumerate(nonces, 1)
            )
            hashes.append(selection_hash(STANDARD, h_i, ciphertexts))
            assert hashes[-1].hex().upper() == vector_["psi"]
        chis.append(pre_encrypted_contest_hash(h_i, contest["ind_c"], tuple(sorted(hashes))))
        assert chis[-1].hex().upper() == contest["chi"]
    assert H(h_i, PRE_ENCRYPTED_RULES.code, *chis, bytes.fromhex(ballot["B_C"])).hex().upper() == ballot["H_C"]
    chain = vector["chain"]
    h_e = bytes.fromhex(chain["H_E"])
    h_di = device_hash(h_e, PRE_ENCRYPTED_RULES, chain["device"])
    assert h_di.hex().upper() == chain["H_DI_0x43"]
    previous = first_hash(h_e, PRE_ENCRYPTED_RULES, h_di)
    assert previous.hex().upper() == chain["H_0"]
    for name in ("H_1", "H_2"):
        link = chain[name]
        parts = [bytes.fromhex(x) for x in link["contest_hashes"]]
        previous = H(bytes.fromhex(link["H_I"]), PRE_ENCRYPTED_RULES.code, *parts, chained(previous))
        assert previous.hex().upper() == link["value"]
    closing = H(h_e, PRE_ENCRYPTED_RULES.code, closing_field(h_e, PRE_ENCRYPTED_RULES, previous, h_di))
    assert closing.hex().upper() == chain["closing_hash"] != chain["wrong_closing_hash_with_LOCK_bytes"]


def test_joint_key_of_a_threshold_sharing() -> None:
    vector = load("08_threshold_sharing.json")
    keys = [STANDARD.g_power(number(guardian["coefficients"][0])) for guardian in vector["guardians"]]
    assert STANDARD.product(*keys) == number(vector["K"])


@pytest.mark.parametrize(
    ("function", "first", "last"),
    [(1, "00", "FF"), (2, "0000", "FFFF"), (3, "A0", "Z5"), (4, "0A", "9V"), (5, "0", "255"), (6, "1", "256"), (7, "100", "355"),
     (8, "101", "356")],
)  # fmt: skip
def test_short_codes(function: int, first: str, last: str) -> None:
    assert (short_code(function, bytes(32)), short_code(function, b"\xff" * 32)) == (first, last)


def test_membership_refuses_everything_outside_the_subgroup() -> None:
    p, alpha = STANDARD.p, STANDARD.g_power(12345)
    assert STANDARD.is_element(alpha)
    assert STANDARD.is_element(1)
    for x in (0, p - 1, p, p + 1, p - alpha, alpha + p, 2, -alpha):
        assert not STANDARD.is_element(x)
    assert [STANDARD.is_scalar(x) for x in (-1, 0, STANDARD.q - 1, STANDARD.q)] == [False, True, True, False]


def test_tables_give_the_same_powers_as_pow() -> None:
    toy = Group(0xFFFFFFFFFFFFFFFF93C467E37DB1212B89995855493FF059FFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFC5,
                0x3B5431669E3E4893DF745C67CDCFD95CCDDA224878A3CD5D3226F75CC5A95638)  # fmt: skip
    for group in (STANDARD, toy):
        for exponent in (0, 1, 255, 256, group.q - 1, group.q, group.q + 1, 3**50):
            assert group.g_power(exponent) == pow(group.g, exponent, group.p)
    assert b(1, 4) == b"\x00\x00\x00\x01"
