"""A small record of our own profile over the toy group with 64-bit q, made afresh by formulas written out here, without the engine.

`make()` returns the files as plain values, so that a test can change one and `write` can digest and sign the rest again.
"""

import hashlib
import hmac
import json
import random
from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from verifier.arithmetic import Group

TOY = Group(
    p=0xFFFFFFFFFFFFFFFF93C467E37DB1212B89995855493FF059FFFFFFFFFFFFFFFF,
    q=0xFFFFFFFFFFFFFFC5,
    g=0x3B5431669E3E4893DF745C67CDCFD95CCDDA224878A3CD5D3226F75CC5A95638,
)
P, Q, G = TOY.p, TOY.q, TOY.g
SIGNING_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = SIGNING_KEY.public_key().public_bytes_raw()
N, K_QUORUM = 3, 2
CONTESTS = [
    {"label": "Strike", "options": [{"label": "Yes"}, {"label": "No"}, {"label": "Spoil", "spoil": True}]},
    {"label": "Council", "selection_limit": 3,
     "options": [{"label": "Ash"}, {"label": "Birch"}, {"label": "Cedar"}, {"label": "Date"}, {"label": "Spoil", "spoil": True}]},
]  # fmt: skip
LIMITS = {1: 1, 2: 3}
STYLES = {1: (1, 2), 2: (2,)}
VOTES = [
    ("Cast", 1, {1: (1, 0, 0), 2: (1, 1, 1, 0, 0)}),
    ("Cast", 1, {1: (0, 1, 0), 2: (0, 0, 0, 1, 0)}),
    ("Cast", 1, {1: (0, 0, 1), 2: (0, 0, 0, 0, 1)}),
    ("Cast", 2, {2: (0, 1, 0, 1, 0)}),
    ("Cast", 2, {2: (0, 0, 0, 0, 0)}),
    ("Discounted", 1, {1: (1, 0, 0), 2: (1, 0, 0, 0, 0)}),
    ("Challenged", 1, {1: (1, 0, 0), 2: (0, 1, 1, 0, 0)}),
    ("Challenged", 2, {2: (0, 0, 0, 0, 1)}),
]

Files = dict[str, Any]
"""File name to value; a list of values for `.jsonl`."""


def b(n: int, length: int) -> bytes:
    return n.to_bytes(length, "big")


def bp(x: int) -> bytes:
    return b(x, TOY.l_p)


def hp(x: int) -> str:
    return bp(x).hex().upper()


def hq(x: int) -> str:
    return b(x, TOY.l_q).hex().upper()


def H(key: bytes, *parts: bytes) -> bytes:
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def Hq(key: bytes, *parts: bytes) -> int:
    return int.from_bytes(H(key, *parts), "big") % Q


class Maker:
    """Makes the parts of a record; keeps the secrets, so that tests can forge."""

    def __init__(self, seed: int = 1) -> None:
        self.random = random.Random(seed)
        manifest = {
            "label": "Ballot of the branch",
            "contests": CONTESTS,
            "ballot_styles": [{"label": f"Style {i}", "contests": list(contests)} for i, contests in STYLES.items()],
            "voting": {
                "election_identifier": hashlib.sha256(b"%d" % seed).hexdigest().upper(),
                "union": "Union of Examples", "scrutineer": "Scrutineer Limited",
                "opens": "2026-11-02T09:00:00Z", "closes": "2026-11-20T12:00:00Z", "record_due": "2026-12-20T12:00:00Z",
                "trustees": ["First", "Second", "Third"], "smallest_unit": 2,
                "device_information": "psephos", "chaining_mode": "NoChaining",
            },
        }  # fmt: skip
        self.manifest = manifest
        self.content = encode(manifest)
        self.h_p = H(b"v2.1.0".ljust(32, b"\0"), b"\0", bp(P), b(Q, 8), bp(G), b(N, 4), b(K_QUORUM, 4))
        self.h_b = H(self.h_p, b"\x01", b(len(self.content), 4), self.content)
        self.vote = [[self.scalar() for _ in range(K_QUORUM)] for _ in range(N)]
        self.data = [[self.scalar() for _ in range(K_QUORUM)] for _ in range(N)]
        self.zeta = [self.scalar() for _ in range(N)]
        self.secret = sum(a[0] for a in self.vote) % Q
        self.K = pow(G, self.secret, P)
        self.K_hat = pow(G, sum(a[0] for a in self.data) % Q, P)
        self.h_e = H(self.h_b, b"\x14", bp(self.K), bp(self.K_hat))
        self.h_di = H(self.h_e, b"\x2a", b(7, 4), b"psephos")

    def scalar(self) -> int:
        return self.random.randrange(1, Q)

    def guardian(self, i: int) -> dict[str, Any]:
        kappa = pow(G, self.zeta[i - 1], P)

        def key(label: bytes, secrets: list[int]) -> dict[str, Any]:
            commitments = [pow(G, a, P) for a in secrets]
            u = [self.scalar() for _ in range(K_QUORUM + 1)]
            h = [pow(G, x, P) for x in u]
            c = Hq(self.h_p, b"\x10", label, b(i, 4), *(bp(x) for x in (*commitments, kappa, *h)))
            v = [(x - c * a) % Q for x, a in zip(u, (*secrets, self.zeta[i - 1]), strict=True)]
            return {"coefficient_commitments": [hp(x) for x in commitments], "proof": {"c": hq(c), "v": [hq(x) for x in v]}}

        return {"i": i, "name": self.manifest["voting"]["trustees"][i - 1],  # type: ignore[index]
                "vote_encryption": key(b"pk_vote", self.vote[i - 1]), "ballot_data_encryption": key(b"pk_data", self.data[i - 1]),
                "communication_public_key": hp(kappa)}  # fmt: skip

    def acknowledgement(self, i: int) -> dict[str, Any]:
        flat = [pow(G, a, P) for keys in (self.vote, self.data) for secrets in keys for a in secrets]
        h_g = H(self.h_b, b"\x13", *(bp(x) for x in (self.K, self.K_hat, *flat, *(pow(G, z, P) for z in self.zeta))))
        u, zeta = self.scalar(), self.zeta[i - 1]
        c = Hq(h_g, b"\x51", b(i, 4), bp(pow(G, zeta, P)), bp(pow(G, u, P)))
        return {"i": i, "h_g": h_g.hex().upper(), "proof": {"c": hq(c), "v": hq((u - c * zeta) % Q)}}

    def range_proof(self, h_i: bytes, domain: bytes, indices: tuple[int, ...], alpha: int, beta: int, value: int, nonce: int,
                    limit: int) -> list[dict[str, str]]:  # fmt: skip
        c = {j: self.scalar() for j in range(limit + 1) if j != value}
        v = {j: self.scalar() for j in range(limit + 1) if j != value}
        u = self.scalar()
        parts = []
        for j in range(limit + 1):
            if j == value:
                parts += [pow(G, u, P), pow(self.K, u, P)]
            else:
                parts += [pow(G, v[j], P) * pow(alpha, c[j], P) % P, pow(self.K, (v[j] - j * c[j]) % Q, P) * pow(beta, c[j], P) % P]
        total = Hq(h_i, domain, *(b(i, 4) for i in indices), *(bp(x) for x in (alpha, beta, *parts)))
        if 0 <= value <= limit:
            c[value] = (total - sum(c.values())) % Q
            v[value] = (u - c[value] * nonce) % Q
        return [{"c": hq(c[j]), "v": hq(v[j])} for j in range(limit + 1)]

    def ballot(self, state: str, style: int, votes: dict[int, tuple[int, ...]], weight: int | None = None) -> tuple[Files, Files]:
        """The ballot's line and its opening."""
        id_b = self.random.randbytes(32)
        h_i = H(self.h_e, b"\x20", id_b)
        contests, opened, hashes = {}, [], []
        for index, values in votes.items():
            limit = LIMITS.get(index, 1)
            nonces = [self.scalar() for _ in values]
            pairs = [(pow(G, x, P), pow(self.K, (x + s) % Q, P)) for x, s in zip(nonces, values, strict=True)]
            contest: Files = {
                "ciphertexts": [{"alpha": hp(x), "beta": hp(y)} for x, y in pairs],
                "proof_ballot_correctness": [
                    self.range_proof(h_i, b"\x24", (index, j), *pair, value, nonce, 1)
                    for j, (pair, value, nonce) in enumerate(zip(pairs, values, nonces, strict=True), 1)
                ],
                "proof_selection_limit": self.range_proof(
                    h_i, b"\x24", (index,), *product(pairs), sum(values), sum(nonces) % Q, limit
                ),
            }
            if limit > 1:
                joint = product([*pairs[:-1], *([pairs[-1]] * limit)])
                value = sum(values[:-1]) + limit * values[-1]
                nonce = (sum(nonces[:-1]) + limit * nonces[-1]) % Q
                contest["proof_spoil"] = self.range_proof(h_i, b"\x50", (index, len(values)), *joint, value, nonce, limit)
            chi = H(h_i, b"\x28", b(index, 4), *(bp(x) for pair in pairs for x in pair))
            hashes.append(chi)
            contest["contest_hash"] = chi.hex().upper()
            contests[str(index)] = contest
            manifest = CONTESTS[index - 1] if index <= len(CONTESTS) else CONTESTS[0]
            labels = [option["label"] for option in manifest["options"]]  # type: ignore[index]
            opened.append({"contest_ix": index, "label": manifest["label"], "options": [
                {"label": label, "value": value, "nonce": hq(nonce)} for label, value, nonce in zip(labels, values, nonces, strict=False)
            ]})  # fmt: skip
        field = bytes(4) + self.h_di
        code = H(h_i, b"\x29", *hashes, field).hex().upper()
        line = {"ballot_id": code, "ballot_state": state, "ballot_style_ix": style, "device_ix": 1, "id_b": id_b.hex().upper(),
                "h_i": h_i.hex().upper(), "contests": contests, "ballot_nonce_ciphertext": self.nonce(h_i),
                "chaining_field": field.hex().upper(), "confirmation_code": code}  # fmt: skip
        return line, {"ballot_id": code, "contests": opened}

    def nonce(self, h_i: bytes) -> Files:
        xi, u, c_1 = self.scalar(), self.scalar(), self.random.randbytes(32)
        c = Hq(h_i, b"\x23", bp(pow(G, u, P)), bp(pow(G, xi, P)), c_1)
        return {"c_0": hp(pow(G, xi, P)), "c_1": c_1.hex().upper(), "c_2": {"c": hq(c), "v": hq((u - c * xi) % Q)}}

    def tally(self, ballots: Iterable[Files]) -> Files:
        counted = [ballot for ballot in ballots if ballot["ballot_state"] == "Cast"]
        contests = []
        for index, manifest in enumerate(CONTESTS, 1):
            options = []
            for j, option in enumerate(manifest["options"], 1):  # type: ignore[arg-type,var-annotated]
                pairs = [
                    (int(x["alpha"], 16), int(x["beta"], 16))
                    for ballot in counted if str(index) in ballot["contests"]
                    for x in [ballot["contests"][str(index)]["ciphertexts"][j - 1]]
                ]  # fmt: skip
                options.append({"label": option["label"], **self.decrypt(index, j, *product(pairs))})
            contests.append({"contest_ix": index, "label": manifest["label"], "options": options})
        return {"contests": contests}

    def decrypt(self, index: int, option: int, A: int, B: int) -> Files:
        M = pow(A, self.secret, P)
        T = B * pow(M, -1, P) % P
        t = next(t for t in range(1000) if pow(self.K, t, P) == T)
        u = self.scalar()
        parts = (A, B, pow(G, u, P), pow(A, u, P), M)
        c = Hq(self.h_e, b"\x31", b(index, 4), b(option, 4), *(bp(x) for x in parts))
        return {"encrypted_tally": {"alpha": hp(A), "beta": hp(B)}, "tally": t, "decrypted_value": hp(T),
                "proof": {"c": hq(c), "v": hq((u - c * self.secret) % Q)}}  # fmt: skip

    def files(self, votes: list[tuple[str, int, dict[int, tuple[int, ...]]]]) -> Files:
        pairs = sorted((self.ballot(*vote) for vote in votes), key=lambda pair: pair[0]["confirmation_code"])
        ballots = [line for line, _ in pairs]
        openings = [opening for line, opening in pairs if line["ballot_state"] == "Challenged"]
        parameters = {
            "fixed_parameters": {
                "ElectionGuard_Design_Specification_version": {"number": [2, 1, 0]},
                "generation_parameters": {"q_bits_total": 64, "p_bits_total": 256, "p_bits_msb_fixed_1": 256,
                                          "p_middle_bits_source": "ln_2", "p_bits_lsb_fixed_1": 256},
                "field": {"q": hq(Q)}, "group": {"p": hp(P), "g": hp(G), "q": hq(Q)},
            },
            "varying_parameters": {"n": N, "k": K_QUORUM, "info": "Ballot of the branch", "date": "2026-11-02",
                                   "ballot_chaining": "Prohibited"},
        }  # fmt: skip
        return {
            "election_parameters.json": parameters,
            "election_manifest.json": deepcopy(self.manifest),
            "hashes.json": {"h_p": self.h_p.hex().upper(), "h_b": self.h_b.hex().upper()},
            "hashes_ext.json": {"h_e": self.h_e.hex().upper()},
            "joint_public_keys.json": {
                "joint_vote_encryption_public_key": hp(self.K), "joint_ballot_data_encryption_public_key": hp(self.K_hat)
            },
            **{f"guardians/guardian_{i}.public_key.json": self.guardian(i) for i in range(1, N + 1)},
            "acknowledgements.jsonl": [self.acknowledgement(i) for i in range(1, N + 1)],
            "voting_devices.json": {"devices": [{
                "device_ix": 1, "device_information": "psephos", "kind": "Regular", "chaining_mode": "NoChaining",
                "h_di": self.h_di.hex().upper(), "ballot_count": len(ballots),
            }]},
            "ballots/device_1.jsonl": ballots,
            "challenged_ballots.jsonl": openings,
            "tally.json": self.tally(ballots),
            "totals.json": totals(ballots),
        }  # fmt: skip


def product(pairs: list[tuple[int, int]]) -> tuple[int, int]:
    A = B = 1
    for x, y in pairs:
        A, B = A * x % P, B * y % P
    return A, B


def totals(ballots: list[Files]) -> Files:
    def count(style: int | None) -> Files:
        return {word: sum(ballot["ballot_state"] == word.capitalize() and style in (None, ballot["ballot_style_ix"]) for ballot in ballots)
                for word in ("cast", "discounted", "challenged")}  # fmt: skip

    result = {"ballots": count(None), "ballot_styles": [{"ballot_style_ix": style, **count(style)} for style in STYLES]}
    return result if count(None)["cast"] else {**result, "statement": "No ballot was cast."}


def encode(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def make(seed: int = 1) -> tuple[Maker, Files]:
    maker = Maker(seed)
    return maker, maker.files(VOTES)


def write(folder: Path, files: Files, date: str = "2026-11-20T18:00:00Z", version: int = 1) -> Path:
    """Writes the files, then a profile with true digests and a valid signature. A bytes value is written as it is."""
    digests = []
    for name, value in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(value, bytes):
            content = value
        elif name.endswith(".jsonl"):
            content = b"".join((item if isinstance(item, bytes) else encode(item)) + b"\n" for item in value)
        else:
            content = encode(value)
        path.write_bytes(content)
        digests.append({"path": name, "sha256": hashlib.sha256(content).hexdigest().upper()})
    profile = encode({"profile": "psephos", "version": version, "kind": "offline", "files": sorted(digests, key=lambda item: item["path"])})
    (folder / "profile.json").write_bytes(profile)
    message = b"psephos election record v1\n" + hashlib.sha256(profile).hexdigest().upper().encode() + b"\n" + date.encode() + b"\n"
    signature = SIGNING_KEY.sign(message).hex().upper()
    (folder / "signature.json").write_bytes(encode({"date": date, "signature": signature}))
    return folder
