"""Values that other implementations published, on the standard group (tests/vectors). Wrong values for diagnosis must differ."""

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from engine import hashing
from engine.decryption import PartialDecryption, PartialDecryptions, combined, lagrange_coefficient
from engine.discrete_log import discrete_log
from engine.elgamal import Ciphertext, encrypt, multiply
from engine.group import STANDARD, Element, Scalar
from engine.guardian import _evaluate
from engine.parameters import commitment_at
from engine.proofs import GroupedProof, Proof, verify_knowledge, verify_range
from engine.signed_elgamal import (
    SignedCiphertext,
    decrypt_ballot_nonce,
    decrypt_share,
    encrypt_ballot_nonce,
    encrypt_share,
    verify_ballot_nonce,
    xor,
)

G = STANDARD
g = G.g
FOLDER = Path(__file__).parent.parent / "vectors"


@pytest.fixture(autouse=True, params=["native", "gmpy2"])
def arithmetic(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every answer is known to each arithmetic."""
    if request.param == "native" and G.native is None:
        pytest.skip("native arithmetic is not built")
    if request.param == "gmpy2":
        monkeypatch.setitem(vars(G), "native", None)
        monkeypatch.setattr(g, "_comb", None)


def known(name: str) -> Any:
    (path,) = FOLDER.glob(f"{name}_*.json")
    return json.loads(path.read_text(encoding="utf-8"))


ONE, TWO, THREE, FOUR, FIVE, SIX, SEVEN, EIGHT, NINE = (known(f"0{i}") for i in range(1, 10))


def raw(text: str) -> bytes:
    return bytes.fromhex(text)


def element(text: str) -> Element:
    """Hexadecimal, or `g^5`."""
    power = re.fullmatch(r"g\^(\d+)( mod p)?", text)
    return g ** G.scalar(int(power[1])) if power else G.element(int(text, 16))


def scalar(value: str | int) -> Scalar:
    return G.scalar(value if isinstance(value, int) else int(value, 16))


def shown(value: Element | Scalar | bytes) -> str:
    return (value if isinstance(value, bytes) else value.to_bytes()).hex().upper()


# 01


@pytest.mark.parametrize("case", ONE["H_P"], ids=lambda case: f"{case['n']}-{case['k']}")
def test_parameter_base_hashes(case: Any) -> None:
    value = shown(hashing.parameter_base_hash(G, case["n"], case["k"]))
    assert value == case["value"]
    assert value not in ONE["wrong_values_for_diagnosis"].values()


def test_the_version_is_padded_to_32_bytes() -> None:
    assert shown(hashing.VERSION) == ONE["ver_2_1_0"]


@pytest.mark.parametrize("case", ONE["H_B"], ids=lambda case: f"{case['manifest_length']} bytes {case['n']}-{case['k']}")
def test_election_base_hashes(case: Any) -> None:
    manifest = raw(case["manifest_hex"])
    assert len(manifest) == case["manifest_length"]
    value = shown(hashing.election_base_hash(hashing.parameter_base_hash(G, case["n"], case["k"]), manifest))
    assert value == case["value"]
    assert value not in ONE["wrong_values_for_diagnosis"].values()


def test_extended_base_hash() -> None:
    (case,) = ONE["H_E"]
    K, K_hat = element(case["K"]), element(case["K_hat"])
    assert (shown(K), shown(K_hat)) == (case["K_hex"], case["K_hat_hex"])
    assert shown(hashing.extended_base_hash(raw(case["H_B"]), K, K_hat)) == case["value"]


@pytest.mark.parametrize("case", ONE["H_I"], ids=lambda case: case["id_B"][:8])
def test_identifier_hashes_even_of_identifiers_beyond_q(case: Any) -> None:
    assert shown(hashing.identifier_hash(raw(case["H_E"]), raw(case["id_B"]))) == case["value"]


# 02


@pytest.mark.parametrize("case", TWO["key_proofs"]["guardian_1"], ids=lambda case: case["label"])
def test_key_proofs_of_a_published_record_hold(case: Any) -> None:
    H_P = raw(TWO["key_proofs"]["H_P"])
    commitments, kappa, c = [element(each) for each in case["commitments"]], element(case["kappa"]), scalar(case["c"])
    responses = [scalar(each) for each in case["v"]]
    h = [g**v_j * X_j**c for v_j, X_j in zip(responses, [*commitments, kappa], strict=True)]
    assert [shown(each) for each in h] == case["recomputed_h"]
    challenge = partial(hashing.key_proof_challenge, H_P, case["label"], case["i"], commitments, kappa)
    assert challenge(h) == c
    verify_knowledge(GroupedProof(c, tuple(responses)), [*commitments, kappa], challenge, "guardian 1")
    blank = hashing.key_proof_challenge(H_P, case["label"].replace("_", " "), case["i"], commitments, kappa, h)
    assert blank != c
    assert case["label"] != "pk_vote" or shown(blank) == TWO["key_proofs"]["wrong_challenge_with_blank_label"]


def test_joint_keys_of_a_published_record() -> None:
    case = TWO["joint_keys"]
    H_P = raw(TWO["key_proofs"]["H_P"])
    H_B = hashing.election_base_hash(H_P, case["manifest_utf8"].encode())
    assert shown(H_B) == case["H_B"]
    assert shown(hashing.extended_base_hash(H_B, element(case["K"]), element(case["K_hat"]))) == case["H_E"]


@pytest.mark.parametrize("case", TWO["share_encryption"], ids=lambda case: f"{case['i']} for {case['l']}")
def test_share_encryption(case: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    H_P, i, l, kappa = raw(case["H_P"]), case["i"], case["l"], element(case["kappa_l"])  # noqa: E741
    xi, more = scalar(case["xi_i_l"]), case["continued"]
    alpha, beta = g**xi, kappa**xi
    assert (shown(alpha), shown(beta)) == (case["alpha_hex"], case["beta_hex"])
    key = hashing.share_key(H_P, i, l, kappa, alpha, beta)
    assert shown(key) == case["k_i_l"]
    assert shown(hashing.share_encryption_keys(key, i, l)) == more["k_i_l_1"] + more["k_i_l_2"]
    share = raw(more["P_i_l"] + more["P_hat_i_l"])
    nonces = [xi, scalar(more["u"])]
    monkeypatch.setattr("engine.group.Group.random_scalar", lambda _: nonces.pop(0))
    made = encrypt_share(share, H_P, i, l, kappa)
    assert shown(made.c_0) == case["alpha_hex"]
    assert shown(made.c_1) == more["C_i_l_1"]
    assert (shown(made.c_2.challenge), shown(made.c_2.response)) == (more["c_bar"], more["v_bar"])
    assert decrypt_share(made, H_P, i, l, kappa, beta) == share


def test_guardian_record_hash() -> None:
    (case,) = TWO["guardian_record_hash"]
    H_B = hashing.election_base_hash(hashing.parameter_base_hash(G, case["n"], case["k"]), case["manifest_utf8"].encode())
    K, K_hat, kappa = element(case["K_1_0"]), element(case["K_hat_1_0"]), element(case["kappa_1"])
    assert shown(hashing.guardian_record_hash(H_B, K, K_hat, [K], [K_hat], [kappa])) == case["H_G"]


# 03

K5, KHAT7 = g ** G.scalar(5), g ** G.scalar(7)


@pytest.mark.parametrize("name", ["ballot_A", "ballot_B_contest_indices_2_and_5"])
def test_a_ballot_from_its_nonce_to_its_code(name: str) -> None:
    case = THREE[name]
    H_I, xi_B = hashing.identifier_hash(raw(THREE["H_E"]), raw(case["id_B"])), raw(case["xi_B"])
    assert shown(H_I) == case["H_I"]
    chi, bare, by_position = [], [], []
    for position, contest in enumerate(case["contests"], 1):
        index, pairs = contest["ind_c"], []
        for selection in contest["selections"]:
            xi = hashing.encryption_nonce(G, H_I, index, selection["ind_o"], xi_B)
            assert shown(xi) == selection["xi"]
            made = encrypt(selection["sigma"], xi, K5)
            assert (shown(made.alpha), shown(made.beta)) == (selection["alpha"], selection["beta"])
            pairs.append((made.alpha, made.beta))
        data = b""
        if "contest_data" in contest:
            data = contest_data(contest["contest_data"], H_I, xi_B)
        chi.append(hashing.contest_hash(H_I, index, pairs, data))
        assert shown(chi[-1]) == contest["chi"]
        bare.append(hashing.contest_hash(H_I, index, pairs))
        assert "chi_without_contest_data" not in contest or shown(bare[-1]) == contest["chi_without_contest_data"]
        by_position.append(hashing.contest_hash(H_I, position, pairs, data))
    assert shown(hashing.confirmation_code(H_I, chi, raw(case["B_C"]))) == case["H_C"]
    if name == "ballot_A":
        two = hashing.confirmation_code(H_I, bare[:2], raw(case["B_C"]))
        assert shown(two) == case["H_C_contests_1_and_2_only_without_contest_data"]
        device = hashing.device_hash(raw(THREE["H_E"]), case["device"])
        assert shown(device) == case["H_DI"]
        assert shown(b"\0\0\0\0" + device) == case["B_C"]
    else:
        wrong = hashing.confirmation_code(H_I, by_position, raw(case["B_C"]))
        assert shown(wrong) == case["wrong_H_C_if_position_is_hashed"] != case["H_C"]


def contest_data(case: Any, H_I: bytes, xi_B: bytes) -> bytes:
    """C_0 ‖ C_1 ‖ C_2 of (64) to (69)."""
    index = case["ind_c"]
    xi = hashing.contest_data_nonce(G, H_I, index, xi_B)
    assert shown(xi) == case["xi"]
    C_0, beta = g**xi, KHAT7**xi
    assert (shown(C_0), shown(beta)) == (case["C_0"], case["beta"])
    h = hashing.contest_data_key(H_I, index, C_0, beta)
    assert shown(h) == case["h"]
    keys = hashing.contest_data_encryption_keys(h, index, case["b_Lambda"])
    assert shown(keys) == case["keys"]
    C_1 = xor(raw(case["D"]), keys)
    assert shown(C_1) == case["C_1"]
    u = scalar(int(case["u"]))
    c = hashing.contest_data_challenge(H_I, index, g**u, C_0, C_1)
    v = u - c * xi
    assert (shown(c), shown(v)) == (case["c"], case["v"])
    return C_0.to_bytes() + C_1 + c.to_bytes() + v.to_bytes()


def test_simple_chaining() -> None:
    case, H_E = THREE["simple_chain"], raw(THREE["H_E"])
    start = hashing.chain_start(H_E, raw(case["B_C_0"]))
    assert shown(start) == case["H_0"]
    previous = start
    for link in (case["H_1"], case["H_2"]):
        hashes = [raw(each) for each in link["contest_hashes"]]
        if "contest_hash_of" in link:
            assert hashing.contest_hash(raw(link["H_I"]), 1, [(g ** G.scalar(21), g ** G.scalar(22))]) == hashes[0]
        previous = hashing.confirmation_code(raw(link["H_I"]), hashes, b"\0\0\0\1" + previous)
        assert shown(previous) == link["value"]
    field = hashing.chain_closing_field(H_E, previous, raw(case["B_C_0"]))
    assert shown(field) == "00000001" + case["inner_closing_hash_0x2B"]
    assert shown(hashing.chain_close(H_E, field)) == case["closing_hash"]


def test_an_empty_device_string_has_a_hash_of_its_own() -> None:
    assert shown(hashing.device_hash(raw(THREE["H_E"]), "")) == THREE["empty_device_string"]["H_DI"]


@pytest.mark.parametrize("case", THREE["ballot_nonce_encryption"], ids=lambda case: case["H_I"][:8])
def test_ballot_nonce_encryption(case: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    H_I, xi_B, xi = raw(case["H_I"]), raw(case["xi_B"]), scalar(case["xi_hat_B"])
    monkeypatch.setattr("engine.group.Group.random_scalar", lambda _: scalar(case["u_B"]))
    made = encrypt_ballot_nonce(xi_B, H_I, KHAT7, xi)
    assert shown(made.c_0) == case["alpha_B"]
    assert shown(made.c_1) == case["C_1"]
    assert (shown(made.c_2.challenge), shown(made.c_2.response)) == (case["c_B"], case["v_B"])
    beta = KHAT7**xi
    assert shown(beta) == case["beta_B"]
    assert shown(hashing.ballot_nonce_encryption_key(hashing.ballot_nonce_key(H_I, made.c_0, beta))) == case["k_1"]
    verify_ballot_nonce(made, H_I)
    assert decrypt_ballot_nonce(made, H_I, beta) == xi_B


# 04


def branches(case: Any) -> tuple[Proof, ...]:
    return tuple(Proof(scalar(each["c"]), scalar(each["v"])) for each in case["proof"])


def commitments_of(proof: tuple[Proof, ...], pair: Ciphertext, K: Element) -> list[Element]:
    made = []
    for j, each in enumerate(proof):
        c_j, v_j = each.challenge, each.response
        made += [g**v_j * pair.alpha**c_j, K ** (v_j - G.scalar(j) * c_j) * pair.beta**c_j]
    return made


def test_an_option_proof_of_a_published_record_holds() -> None:
    case, K = FOUR["option_proof"], element(FOUR["K"])
    H_I = hashing.identifier_hash(raw(FOUR["H_E"]), raw(FOUR["id_B"]))
    assert shown(H_I) == FOUR["H_I"]
    pair, proof = Ciphertext(element(case["alpha"]), element(case["beta"])), branches(case)
    commitments = commitments_of(proof, pair, K)
    assert [shown(each) for each in commitments] == case["recomputed_a_b"]
    challenge = partial(hashing.range_challenge, H_I, case["ind_c"], case["ind_o"], pair.alpha, pair.beta)
    assert shown(challenge(commitments)) == case["challenge"]
    verify_range(proof, pair, case["R"], K, challenge, "option 1")


def test_a_limit_proof_of_a_published_record_holds() -> None:
    case, K = FOUR["limit_proof"], element(FOUR["K"])
    pair, proof = Ciphertext(element(case["alpha_bar"]), element(case["beta_bar"])), branches(case)
    challenge = partial(hashing.limit_challenge, raw(FOUR["H_I"]), case["ind_c"], pair.alpha, pair.beta)
    assert shown(challenge(commitments_of(proof, pair, K))) == case["challenge"]
    verify_range(proof, pair, case["L"], K, challenge, "contest 1")


# 05


def aggregate(contest: int, option: int) -> Ciphertext:
    pairs = []
    for ballot in FIVE["ballots"]:
        votes = ballot["votes"].get(str(contest))
        if votes is not None:
            H_I = hashing.identifier_hash(raw(FIVE["H_E"]), raw(ballot["id_B"]))
            pairs.append(encrypt(votes[option - 1], hashing.encryption_nonce(G, H_I, contest, option, raw(ballot["xi_B"])), K5))
    return multiply(pairs, G)


@pytest.mark.parametrize("case", FIVE["decryptions"], ids=lambda case: f"{case['ind_c']}.{case['ind_o']} by {case['U']}")
def test_tally_decryptions(case: Any) -> None:
    H_E, U, contest, option = raw(FIVE["H_E"]), case["U"], case["ind_c"], case["ind_o"]
    AB = aggregate(contest, option)
    assert (shown(AB.alpha), shown(AB.beta)) == (case["A"], case["B"])
    A, B = AB.alpha, AB.beta
    revealed, v = [], G.scalar(0)
    for each in case["guardians"]:
        i, u, z = each["i"], scalar(each["u_i"]), scalar(each["z_i"])
        assert shown(lagrange_coefficient(i, U, G)) == each["w_i"]
        value = PartialDecryption(g.secret_power(u), A.secret_power(u), A.secret_power(z))
        assert shown(value.m) == each["M_i"]
        assert shown(hashing.tally_commitment(H_E, contest, option, i, A, B, value.a, value.b, value.m, U)) == each["d_i"]
        revealed.append(PartialDecryptions(i, ((value,),)))
    M, a, b = combined(revealed, 0, 0, G)
    assert (shown(M), shown(a), shown(b)) == (case["M"], case["a"], case["b"])
    c = hashing.tally_challenge(H_E, contest, option, A, B, a, b, M)
    for each in case["guardians"]:
        v += scalar(each["u_i"]) - c * scalar(each["w_i"]) * scalar(each["z_i"])
    assert (shown(c), shown(v)) == (case["c"], case["v"])
    T = B * M.inverse()
    assert shown(T) == case["T"]
    assert discrete_log(T, K5, 10) == case["t"]


# 06


@pytest.mark.parametrize("case", SIX["decryptions"], ids=lambda case: f"contest {case['encryption']['ind_c']} by {case['U']}")
def test_contest_data_decryptions(case: Any) -> None:
    H_I, given, U = raw(SIX["H_I"]), case["encryption"], case["U"]
    index = given["ind_c"]
    C_0, C_1 = element(given["C_0"]), raw(given["C_1"])
    C_2 = scalar(given["c"]).to_bytes() + scalar(given["v"]).to_bytes()
    contest_data(given, H_I, raw(SIX["xi_B"]))
    shares = {i: C_0 ** scalar(SIX["z_hat_i"][str(i)]) for i in U}
    beta = G.product(m ** lagrange_coefficient(i, U, G) for i, m in shares.items())
    a = G.product(g ** scalar(case["u_i"][str(i)]) for i in U)
    b = G.product(C_0 ** scalar(case["u_i"][str(i)]) for i in U)
    assert (shown(beta), shown(a), shown(b)) == (case["beta"], case["a"], case["b"])
    c = hashing.contest_data_decryption_challenge(H_I, index, C_0, C_1, C_2, a, b, beta)
    v = G.scalar(0)
    for i in U:
        v += scalar(case["u_i"][str(i)]) - c * lagrange_coefficient(i, U, G) * scalar(SIX["z_hat_i"][str(i)])
    assert (shown(c), shown(v)) == (case["c"], case["v"])
    keys = hashing.contest_data_encryption_keys(hashing.contest_data_key(H_I, index, C_0, beta), index, given["b_Lambda"])
    assert shown(xor(C_1, keys)) == given["D"]


# 07


def test_a_pre_encrypted_ballot() -> None:
    case = SEVEN["uncast_ballot"]
    K = element(case["K"]).with_table()
    H_I, xi_B = hashing.identifier_hash(raw(case["H_E"]), raw(case["id_B"])), raw(case["xi_B"])
    assert shown(H_I) == case["H_I"]
    chi = []
    for contest in case["contests"]:
        psi = []
        for vector in contest["vectors"]:
            pairs = []
            for k, nonce in enumerate(vector["nonces"], 1):
                xi = hashing.pre_encryption_nonce(G, H_I, contest["ind_c"], vector["j"], k, xi_B)
                assert shown(xi) == nonce
                made = encrypt(1 if k == vector["j"] and not vector["null"] else 0, xi, K)
                pairs.append((made.alpha, made.beta))
            psi.append(hashing.selection_hash(H_I, pairs))
            assert shown(psi[-1]) == vector["psi"]
        assert [shown(each) for each in sorted(psi)] == contest["sorted_psi"]
        chi.append(hashing.pre_encrypted_contest_hash(H_I, contest["ind_c"], psi))
        assert shown(chi[-1]) == contest["chi"]
    assert shown(hashing.pre_encrypted_confirmation_code(H_I, chi, raw(case["B_C"]))) == case["H_C"]


def test_pre_encrypted_chains() -> None:
    case = SEVEN["chain"]
    H_E = raw(case["H_E"])
    device = hashing.pre_encrypted_device_hash(H_E, case["device"])
    assert shown(device) == case["H_DI_0x43"]
    B_C_0 = b"\0\0\0\1" + device
    previous = hashing.pre_encrypted_chain_start(H_E, B_C_0)
    assert shown(previous) == case["H_0"]
    for link in (case["H_1"], case["H_2"]):
        hashes = [raw(each) for each in link["contest_hashes"]]
        previous = hashing.pre_encrypted_confirmation_code(raw(link["H_I"]), hashes, b"\0\0\0\1" + previous)
        assert shown(previous) == link["value"]
    field = hashing.pre_encrypted_chain_closing_field(H_E, previous, B_C_0)
    assert shown(hashing.pre_encrypted_chain_close(H_E, field)) == case["closing_hash"] != case["wrong_closing_hash_with_LOCK_bytes"]
    locked = b"\0\0\0\1" + hashing.H(H_E, b"\x44", b"LOCK", previous, B_C_0)
    assert shown(hashing.pre_encrypted_chain_close(H_E, locked)) == case["wrong_closing_hash_with_LOCK_bytes"]


def test_the_closing_hash_of_a_published_record() -> None:
    case, H_E = SEVEN["chain_close_of_that_record"], raw(SEVEN["uncast_ballot"]["H_E"])
    field = hashing.pre_encrypted_chain_closing_field(H_E, raw(case["last_code"]), b"\0\0\0\1" + raw(case["H_DI"]))
    assert shown(hashing.pre_encrypted_chain_close(H_E, field)) == case["closing_hash"]


# 08


def test_threshold_sharing() -> None:
    polynomials = {each["i"]: [scalar(a) for a in each["coefficients"]] for each in EIGHT["guardians"]}
    assert shown(G.product(g ** each[0] for each in polynomials.values())) == EIGHT["K"]
    assert shown(_evaluate(polynomials[1], 3)) == EIGHT["share_P_1_of_3"]
    for each in EIGHT["guardians"]:
        z = sum((scalar(int.from_bytes(_evaluate(a, each["i"]), "big")) for a in polynomials.values()), start=G.scalar(0))
        assert shown(z) == each["z_i"]
        key = G.product(commitment_at(tuple(g**a_j for a_j in a), each["i"], G) for a in polynomials.values())
        assert key == g**z


@pytest.mark.parametrize("case", EIGHT["lagrange"], ids=lambda case: str(case["U"]))
def test_lagrange_coefficients_and_what_they_recombine_to(case: Any) -> None:
    z = {each["i"]: scalar(each["z_i"]) for each in EIGHT["guardians"]}
    w = {i: lagrange_coefficient(i, case["U"], G) for i in case["U"]}
    assert {str(i): shown(each) for i, each in w.items()} == case["w"]
    whole = sum((w[i] * z[i] for i in case["U"]), start=G.scalar(0))
    assert shown(whole) == case["sum_w_z"]
    assert shown(g**whole) == EIGHT["K"]


# 09: edition 2.0.0, which the engine does not speak


def test_edition_2_0_0_hashes_otherwise() -> None:
    n, k, K = NINE["n"], NINE["k"], element(NINE["K"])
    H_P = hashing.parameter_base_hash(G, n, k)
    assert shown(H_P) != NINE["H_P"]
    old = raw(NINE["H_P"])
    assert shown(hashing.extended_base_hash(raw(NINE["H_B"]), K, K)) != NINE["H_E"]
    first = NINE["guardian_1"]
    K_0, proof = element(first["K"][0]), first["proofs"][0]
    h = g ** scalar(proof["v"]) * K_0 ** scalar(proof["c"])
    assert shown(hashing.key_proof_challenge(old, "pk_vote", 1, [K_0], K_0, [h])) != proof["c"]
    tally = NINE["tally_decryption"]
    A, B, M, c, v = element(tally["A"]), element(tally["B"]), element(tally["M"]), scalar(tally["c"]), scalar(tally["v"])
    assert hashing.tally_challenge(raw(NINE["H_E"]), 1, 1, A, B, g**v * K**c, A**v * M**c, M) != c


def test_the_signed_ciphertext_has_the_three_parts_of_the_specification() -> None:
    assert list(SignedCiphertext.__annotations__) == ["c_0", "c_1", "c_2"]
