"""An attacker who knows everything: makes records E0, honest or not, and keeps every secret that went into them.

All formulas are written out here in plain integers, without engine and verifier. `Forger` makes a whole record by the honest rules, or with
`lies`: values that it states and builds everything else on. `rederive` is the adaptive attacker: after a change of some values it
recomputes all that needs no secret of guardians or voters. `write` puts digests and a valid signature on whatever came out.
"""

import hashlib
import hmac
import json
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gmpy2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from verifier.arithmetic import STANDARD, Group

__all__ = ["BALLOTS", "KEY", "OPENINGS", "STANDARD", "TALLY", "TOY", "Files", "Forger", "Sheet", "e0", "encode", "rederive", "write"]

TOY = Group(
    p=0xFFFFFFFFFFFFFFFF93C467E37DB1212B89995855493FF059FFFFFFFFFFFFFFFF,
    q=0xFFFFFFFFFFFFFFC5,
    g=0x3B5431669E3E4893DF745C67CDCFD95CCDDA224878A3CD5D3226F75CC5A95638,
)
SIGNING_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(2, 34)))
KEY = SIGNING_KEY.public_key().public_bytes_raw()
DATE = "2026-11-20T18:00:00Z"
BALLOTS, OPENINGS, TALLY = "ballots/device_1.jsonl", "challenged_ballots.jsonl", "tally.json"
MANIFEST, PARAMETERS, DEVICES = "election_manifest.json", "election_parameters.json", "voting_devices.json"
HASHES, EXTENDED, JOINT, TOTALS = "hashes.json", "hashes_ext.json", "joint_public_keys.json", "totals.json"
ACKNOWLEDGEMENTS, DATA, LOG = "acknowledgements.jsonl", "contest_data_decryptions.jsonl", "log.json"
OWN_ONLY = (ACKNOWLEDGEMENTS, TOTALS, LOG)

Files = dict[str, Any]
"""File name to value; a list of values for `.jsonl`; bytes stand for themselves."""

YES_NO: Files = {"label": "Strike", "options": [{"label": "Yes"}, {"label": "No"}, {"label": "Spoil", "spoil": True}]}
EXECUTIVE: Files = {
    "label": "Executive",
    "selection_limit": 3,
    "options": [*({"label": f"Candidate {letter}"} for letter in "ABCDEF"), {"label": "Spoil", "spoil": True}],
}
YES, NO, SPOIL = (1, 0, 0), (0, 1, 0), (0, 0, 1)
SLATES = ((1, 1, 1, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0, 1), (0,) * 7, (0, 1, 0, 0, 0, 1, 0))
Votes = dict[int, Sequence[int]]


def e0_votes() -> list[tuple[str, int, Votes]]:
    """20 cast, 3 challenged, 1 discounted; every second of style 2; all choices occur."""
    made: list[tuple[str, int, Votes]] = []
    for number, state in enumerate(["Cast"] * 20 + ["Challenged"] * 3 + ["Discounted"]):
        votes: Votes = {1: (YES, NO, SPOIL)[number % 3]}
        if number % 2:
            votes[2] = SLATES[number // 2 % 4]
        made.append((state, 1 + number % 2, votes))
    return made


def b(n: int, length: int) -> bytes:
    return n.to_bytes(length, "big")


def H(key: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, b"".join(parts), hashlib.sha256)


def encode(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def hexadecimal(content: bytes) -> str:
    return content.hex().upper()


def limits_of(contest: Files) -> tuple[list[int], int]:
    """R of each option, and L."""
    stated = contest.get("selection_limit", 1)
    own = [option.get("selection_limit", 1) for option in contest["options"]]
    each = [min(x for x in (limit, stated) if isinstance(x, int)) for limit in own]
    return each, sum(each) if stated == "NO_LIMIT" else min(stated, sum(each))


@dataclass
class Sheet:
    """A ballot's line with the votes and nonces in it, by contest index."""

    line: Files
    votes: dict[int, list[int]]
    nonces: dict[int, list[int]]
    data: dict[int, tuple[int, bytes]] = field(default_factory=dict)


class Forger:
    """Makes records. `lies` may hold h_p, h_b, h_e, h_di (bytes), K, K_hat (a logarithm): what is stated instead of the truth, everything
    after it being built on the lie. Everything random comes from `seed`."""

    def __init__(
        self,
        group: Group = TOY,
        seed: int = 0,
        *,
        layout: str = "psephos",
        n: int = 5,
        k: int = 3,
        contests: Sequence[Files] = (YES_NO, EXECUTIVE),
        styles: Sequence[Sequence[int]] = ((1,), (1, 2)),
        chained: bool = False,
        data_blocks: int = 0,
        voting: Files | None = None,
        label: str = "Ballot of the branch",
        lies: Files | None = None,
    ) -> None:
        self.group, self.p, self.q, self.g, self.n, self.k = group, group.p, group.q, group.g, n, k
        self.l_p, self.l_q = group.l_p, group.l_q
        self.random, self.own, self.chained, self.lies = random.Random(seed), layout == "psephos", chained, lies or {}
        self.contests = [json.loads(encode(contest)) for contest in contests]
        self.styles = [list(style) for style in styles]
        self.manifest: Files = {
            "label": label,
            "contests": [json.loads(encode(contest)) for contest in contests],
            "ballot_styles": [{"label": f"Style {i}", "contests": list(style)} for i, style in enumerate(self.styles, 1)],
        }
        if self.own:
            self.manifest["voting"] = {
                "election_identifier": hashlib.sha256(b"%d" % seed).hexdigest().upper(),
                "union": "Union of Examples", "scrutineer": "Scrutineer Limited",
                "opens": "2026-11-02T09:00:00Z", "closes": "2026-11-20T12:00:00Z", "record_due": "2026-12-20T12:00:00Z",
                "trustees": [f"Trustee {i}" for i in range(1, n + 1)], "smallest_unit": 2,
                "device_information": "psephos", "chaining_mode": "NoChaining",
            } | (voting or {})  # fmt: skip
        else:
            for contest in self.manifest["contests"]:
                for option in contest["options"]:
                    option.pop("spoil", None)
                if data_blocks:
                    contest["contest_data_blocks"] = data_blocks
        self.data_blocks = data_blocks
        self.vote = [[self.scalar() for _ in range(k)] for _ in range(n)]
        self.data = [[self.scalar() for _ in range(k)] for _ in range(n)]
        self.zeta = [self.scalar() for _ in range(n)]
        self.shown: dict[tuple[int, str, int], int] = {}
        """Commitments shown in place of the true ones, by guardian, "vote" or "data", position."""
        self.settle()

    def settle(self) -> None:
        """Computes what follows from the secrets, the manifest and the lies."""
        lies = self.lies
        self.content = encode(self.manifest)
        self.h_p = lies.get("h_p") or H(
            b"v2.1.0".ljust(32, b"\0"), b"\0", self.bp(self.p), self.bq(self.q), self.bp(self.g), b(self.n, 4), b(self.k, 4)
        )
        self.h_b = lies.get("h_b") or H(self.h_p, b"\x01", b(len(self.content), 4), self.content)
        self.secret = lies.get("K", sum(a[0] for a in self.vote) % self.q)
        self.data_secret = lies.get("K_hat", sum(a[0] for a in self.data) % self.q)
        self.K, self.K_hat = self.pow(self.g, self.secret), self.pow(self.g, self.data_secret)
        self.h_e = lies.get("h_e") or H(self.h_b, b"\x14", self.bp(self.K), self.bp(self.K_hat))
        self.h_di = lies.get("h_di") or H(self.h_e, b"\x2a", b(7, 4), b"psephos")

    # Arithmetic and writing

    def pow(self, base: int, exponent: int) -> int:
        return int(gmpy2.powmod(base, exponent % self.q, self.p))

    def product(self, pairs: Iterable[tuple[int, int]]) -> tuple[int, int]:
        A = B = 1
        for x, y in pairs:
            A, B = A * x % self.p, B * y % self.p
        return A, B

    def scalar(self) -> int:
        return self.random.randrange(1, self.q)

    def bp(self, x: int) -> bytes:
        return b(x, self.l_p)

    def bq(self, x: int) -> bytes:
        return b(x, self.l_q)

    def hp(self, x: int) -> str:
        return hexadecimal(self.bp(x))

    def hq(self, x: int) -> str:
        return hexadecimal(self.bq(x))

    def Hq(self, key: bytes, *parts: bytes) -> int:
        return int.from_bytes(H(key, *parts), "big") % self.q

    # Keys

    def commitments(self, i: int, kind: str) -> list[int]:
        secrets = (self.vote if kind == "vote" else self.data)[i - 1]
        return [self.shown.get((i, kind, j), self.pow(self.g, a)) for j, a in enumerate(secrets)]

    def key(self, i: int, kind: str, commitments: list[int] | None = None) -> Files:
        """A guardian's public key with its proof, as good as it can be made."""
        secrets = (self.vote if kind == "vote" else self.data)[i - 1]
        shown = self.commitments(i, kind) if commitments is None else commitments
        kappa = self.pow(self.g, self.zeta[i - 1])
        label = b"pk_vote" if kind == "vote" else b"pk_data"
        u = [self.scalar() for _ in range(len(shown) + 1)]
        h = [self.pow(self.g, x) for x in u]
        c = self.Hq(self.h_p, b"\x10", label, b(i, 4), *(self.bp(x) for x in (*shown, kappa, *h)))
        known = (*secrets[: len(shown)], *[0] * (len(shown) - len(secrets)), self.zeta[i - 1])
        v = [(x - c * a) % self.q for x, a in zip(u, known, strict=True)]
        return {"coefficient_commitments": [self.hp(x) for x in shown], "proof": {"c": self.hq(c), "v": [self.hq(x) for x in v]}}

    def guardian(self, i: int) -> Files:
        name = self.manifest["voting"]["trustees"][i - 1] if self.own else f"Trustee {i}"
        return {"i": i, "name": name, "vote_encryption": self.key(i, "vote"), "ballot_data_encryption": self.key(i, "data"),
                "communication_public_key": self.hp(self.pow(self.g, self.zeta[i - 1]))}  # fmt: skip

    def h_g(self) -> bytes:
        flat = [x for kind in ("vote", "data") for i in range(1, self.n + 1) for x in self.commitments(i, kind)]
        kappas = [self.pow(self.g, zeta) for zeta in self.zeta]
        return H(self.h_b, b"\x13", *(self.bp(x) for x in (self.K, self.K_hat, *flat, *kappas)))

    def acknowledgement(self, i: int, h_g: bytes | None = None) -> Files:
        h_g, u, zeta = h_g or self.h_g(), self.scalar(), self.zeta[i - 1]
        c = self.Hq(h_g, b"\x51", b(i, 4), self.bp(self.pow(self.g, zeta)), self.bp(self.pow(self.g, u)))
        return {"i": i, "h_g": hexadecimal(h_g), "proof": {"c": self.hq(c), "v": self.hq((u - c * zeta) % self.q)}}

    # Ballots

    def log(self, lines: Sequence[Files], guardians: Sequence[int] = (1, 3, 4), **lies: Any) -> Files:
        """`log.json` of these lines; `lies` may be a size or root that is stated instead."""
        stated = {"size": len(lines), "root": tree_hash([encode(line) for line in lines])} | lies
        return {"size": stated["size"], "root": hexadecimal(stated["root"]), "statements": [self.statement(i, **stated) for i in guardians]}

    def statement(self, i: int, size: int, root: bytes, *, as_guardian: int = 0, h_e: bytes | None = None) -> Files:
        """Guardian i's statement, or one made with the share of another."""
        share = sum(a * pow(as_guardian or i, m, self.q) for secrets in self.data for m, a in enumerate(secrets)) % self.q
        key, u = self.pow(self.g, share), self.scalar()
        c = self.Hq(h_e or self.h_e, b"\x55", b(i, 4), b(size, 8), root, self.bp(key), self.bp(self.pow(self.g, u)))
        return {"i": i, "proof": {"c": self.hq(c), "v": self.hq((u - c * share) % self.q)}}

    def encryption(self, value: int, nonce: int) -> tuple[int, int]:
        return self.pow(self.g, nonce), self.pow(self.K, nonce + value)

    def range_proof(
        self,
        key: bytes,
        prefix: bytes,
        pair: tuple[int, int],
        value: int,
        nonce: int,
        branches: int,
        *,
        K: int | None = None,
        statement: Callable[[list[int]], Sequence[bytes]] | None = None,
        simulated: dict[int, tuple[int, int]] | None = None,
    ) -> list[Files]:
        """A proof of `branches` branches: true if the value is below that, otherwise the best one can do, with one branch that is false.
        `statement` says what is hashed after `prefix`, given all commitments; `simulated` fixes (c, v) of simulated branches."""
        K, (alpha, beta) = self.K if K is None else K, pair
        true = value if 0 <= value < branches else branches - 1
        c = {j: self.scalar() for j in range(branches)}
        v = {j: self.scalar() for j in range(branches)}
        for j, (c_j, v_j) in (simulated or {}).items():
            c[j], v[j] = c_j, v_j
        u, parts = self.scalar(), list[int]()
        for j in range(branches):
            if j == true:
                parts += [self.pow(self.g, u), self.pow(K, u)]
            else:
                parts += [self.pow(self.g, v[j]) * self.pow(alpha, c[j]) % self.p,
                          self.pow(K, v[j] - j * c[j]) * self.pow(beta, c[j]) % self.p]  # fmt: skip
        hashed = statement(parts) if statement else [self.bp(x) for x in (alpha, beta, *parts)]
        total = self.Hq(key, prefix, *hashed)
        c[true] = (total - sum(c[j] for j in range(branches) if j != true)) % self.q
        v[true] = (u - c[true] * nonce) % self.q
        return [{"c": self.hq(c[j]), "v": self.hq(v[j])} for j in range(branches)]

    def contest(
        self,
        h_i: bytes,
        index: int,
        values: Sequence[int],
        *,
        nonces: Sequence[int] | None = None,
        pairs: Sequence[tuple[int, int]] | None = None,
        limits: Sequence[int] | None = None,
        limit: int | None = None,
        spoil: bool | None = None,
        K: int | None = None,
    ) -> tuple[Files, list[int]]:
        """A contest with any values, and with the limits of the manifest unless others are given. Returns it with its nonces."""
        manifest = self.contests[index - 1] if index <= len(self.contests) else self.contests[-1]
        own_limits, own_limit = limits_of(manifest)
        limits = list(limits or own_limits)
        limits += [1] * (len(values) - len(limits))
        limit = own_limit if limit is None else limit
        nonces = list(nonces or [self.scalar() for _ in values])
        pairs = list(pairs or [self.encryption(value, nonce) for value, nonce in zip(values, nonces, strict=True)])
        at = b(index, 4)
        contest: Files = {
            "ciphertexts": [{"alpha": self.hp(x), "beta": self.hp(y)} for x, y in pairs],
            "proof_ballot_correctness": [
                self.range_proof(h_i, b"\x24" + at + b(j, 4), pair, value, nonce, R + 1, K=K)
                for j, (pair, value, nonce, R) in enumerate(zip(pairs, values, nonces, limits, strict=False), 1)
            ],
            "proof_selection_limit": self.range_proof(
                h_i, b"\x24" + at, self.product(pairs), sum(values), sum(nonces) % self.q, limit + 1, K=K
            ),
        }
        spoil = (self.own and own_limit > 1 and "spoil" in manifest["options"][-1]) if spoil is None else spoil
        if spoil:
            contest["proof_spoil"] = self.spoil_proof(h_i, index, pairs, values, nonces, own_limit)
        contest["contest_hash"] = ""
        return contest, nonces

    def spoil_proof(
        self, h_i: bytes, index: int, pairs: Sequence[tuple[int, int]], values: Sequence[int], nonces: Sequence[int], L: int
    ) -> list[Files]:
        joint = self.product([*pairs[:-1], *([pairs[-1]] * L)])
        value = sum(values[:-1]) + L * values[-1]
        nonce = (sum(nonces[:-1]) + L * nonces[-1]) % self.q
        return self.range_proof(h_i, b"\x50" + b(index, 4) + b(len(values), 4), joint, value, nonce, L + 1)

    def nonce(self, h_i: bytes) -> Files:
        xi, u, c_1 = self.scalar(), self.scalar(), self.random.randbytes(32)
        c_0 = self.pow(self.g, xi)
        c = self.Hq(h_i, b"\x23", self.bp(self.pow(self.g, u)), self.bp(c_0), c_1)
        return {"c_0": self.hp(c_0), "c_1": hexadecimal(c_1), "c_2": {"c": self.hq(c), "v": self.hq((u - c * xi) % self.q)}}

    def contest_data(self, h_i: bytes, index: int, content: bytes) -> tuple[Files, int]:
        """Contest data (63) to (69), for the layout EG21 JSON. Returns it with its nonce."""
        xi, u = self.scalar(), self.scalar()
        alpha, beta = self.pow(self.g, xi), self.pow(self.K_hat, xi)
        c_1 = self.mask(h_i, index, alpha, beta, content)
        c = self.Hq(h_i, b"\x27", b(index, 4), self.bp(self.pow(self.g, u)), self.bp(alpha), c_1)
        return {"c_0": self.hp(alpha), "c_1": hexadecimal(c_1), "c_2": {"c": self.hq(c), "v": self.hq((u - c * xi) % self.q)}}, xi

    def mask(self, h_i: bytes, index: int, alpha: int, beta: int, content: bytes) -> bytes:
        h = H(h_i, b"\x26", b(index, 4), self.bp(alpha), self.bp(beta))
        context = b"data_enc_keys\x00contest_data" + b(index, 4) + b(len(content) * 8, 4)
        keys = b"".join(H(h, b(i, 4) + context) for i in range(1, len(content) // 32 + 1))
        return bytes(x ^ y for x, y in zip(content, keys, strict=True))

    def data_decryption(self, sheet: Sheet, index: int) -> Files:
        """A line of `contest_data_decryptions.jsonl`."""
        h_i, encrypted = bytes.fromhex(sheet.line["h_i"]), sheet.line["contests"][str(index)]["contest_data"]
        C_0, u = int(encrypted["c_0"], 16), self.scalar()
        beta = self.pow(C_0, self.data_secret)
        hashed = bytes.fromhex(encrypted["c_0"] + encrypted["c_1"] + encrypted["c_2"]["c"] + encrypted["c_2"]["v"])
        c = self.Hq(h_i, b"\x33", b(index, 4), hashed, self.bp(self.pow(self.g, u)), self.bp(self.pow(C_0, u)), self.bp(beta))
        return {"ballot_id": sheet.line["ballot_id"], "contest_ix": index, "beta": self.hp(beta),
                "proof": {"c": self.hq(c), "v": self.hq((u - c * self.data_secret) % self.q)},
                "data": hexadecimal(sheet.data[index][1])}  # fmt: skip

    def sheet(
        self,
        state: str,
        style: int,
        votes: Votes,
        *,
        id_b: bytes | None = None,
        h_i: bytes | None = None,
        h_e: bytes | None = None,
        **how: Any,
    ) -> Sheet:
        """A ballot with any votes; `how` goes to `contest`."""
        id_b = id_b or self.random.randbytes(32)
        h_i = h_i or H(h_e or self.h_e, b"\x20", id_b)
        contests, nonces, data = {}, {}, {}
        for index, values in votes.items():
            contests[str(index)], nonces[index] = self.contest(h_i, index, values, **how)
            if self.data_blocks:
                content = (b"%d: write-in" % index).ljust(32 * self.data_blocks, b"\0")
                encrypted, xi = self.contest_data(h_i, index, content)
                contests[str(index)] = {**without(contests[str(index)], "contest_hash"), "contest_data": encrypted, "contest_hash": ""}
                data[index] = xi, content
        line = {"ballot_id": "", "ballot_state": state, "ballot_style_ix": style, "device_ix": 1, "id_b": hexadecimal(id_b),
                "h_i": hexadecimal(h_i), "contests": contests, "ballot_nonce_ciphertext": self.nonce(h_i),
                "chaining_field": hexadecimal(bytes(4) + self.h_di), "confirmation_code": ""}  # fmt: skip
        sheet = Sheet(line, {index: list(values) for index, values in votes.items()}, nonces, data)
        self.seal(line)
        return sheet

    def seal(self, line: Files, *, chaining_field: bytes | None = None) -> Files:
        """Recomputes contest hashes and code from what stands on the ballot, H_I as written."""
        h_i = bytes.fromhex(line["h_i"])
        for index, contest in line["contests"].items():
            contest["contest_hash"] = hexadecimal(contest_hash(h_i, int(index), contest))
        if chaining_field is not None:
            line["chaining_field"] = hexadecimal(chaining_field)
        return number(line)

    def chain(self, lines: Sequence[Files]) -> Files:
        """Links ballots in the given order; returns H_0 and the closing hash."""
        first = previous = H(self.h_e, b"\x29", b(1, 4) + self.h_di)
        for line in lines:
            self.seal(line, chaining_field=b(1, 4) + previous)
            previous = bytes.fromhex(line["confirmation_code"])
        closing = b(1, 4) + H(self.h_e, b"\x2b", previous, b(1, 4) + self.h_di)
        return {"h_0": hexadecimal(first), "closing_hash": hexadecimal(H(self.h_e, b"\x29", closing))}

    def opening(self, sheet: Sheet) -> Files:
        """What the guardians publish of a challenged ballot."""
        contests = []
        for index, values in sheet.votes.items():
            manifest = self.contests[index - 1]
            options = [{"label": option["label"], "value": value, "nonce": self.hq(nonce)}
                       for option, value, nonce in zip(manifest["options"], values, sheet.nonces[index], strict=False)]  # fmt: skip
            contest = {"contest_ix": index, "label": manifest["label"], "options": options}
            if index in sheet.data:
                xi, content = sheet.data[index]
                contest["contest_data"] = {"nonce": self.hq(xi), "data": hexadecimal(content)}
            contests.append(contest)
        return {"ballot_id": sheet.line["ballot_id"], "contests": contests}

    # Tally and record

    def decrypt(
        self, index: int, option: int, A: int, B: int, *, secret: int | None = None, T: int | None = None, t: int | None = None,
        statement: Callable[..., Sequence[bytes]] | None = None, h_e: bytes | None = None,
    ) -> Files:  # fmt: skip
        """A decryption with its proof. Another `secret` than that of K makes it false; T and t can be stated."""
        s = self.secret if secret is None else secret
        M = self.pow(A, s)
        if T is not None:
            M = B * pow(T, -1, self.p) % self.p
        else:
            T = B * pow(M, -1, self.p) % self.p
        u = self.scalar()
        numbers = [A, B, self.pow(self.g, u), self.pow(A, u), M]
        hashed = statement(index, option, *numbers) if statement else (b(index, 4), b(option, 4), *(self.bp(x) for x in numbers))
        c = self.Hq(h_e or self.h_e, b"\x31", *hashed)
        return {"encrypted_tally": {"alpha": self.hp(A), "beta": self.hp(B)}, "tally": self.logarithm(T) if t is None else t,
                "decrypted_value": self.hp(T), "proof": {"c": self.hq(c), "v": self.hq((u - c * s) % self.q)}}  # fmt: skip

    def logarithm(self, T: int, most: int = 400) -> int:
        """t with K^t = T; 0 if there is no small one."""
        power = 1
        for t in range(most):
            if power == T:
                return t
            power = power * self.K % self.p
        return 0

    def aggregate(self, lines: Iterable[Files], index: int, option: int, states: Sequence[str] = ("Cast",)) -> tuple[int, int]:
        counted = [line for line in lines if line["ballot_state"] in states and str(index) in line["contests"]]
        return self.product(
            (pow(int(x["alpha"], 16), weight, self.p), pow(int(x["beta"], 16), weight, self.p))
            for line in counted
            for weight in [max(line.get("weight", 1), 0)]
            for x in line["contests"][str(index)]["ciphertexts"][option - 1 : option]
        )

    def tally(self, lines: Sequence[Files], states: Sequence[str] = ("Cast",), **how: Any) -> Files:
        """The tally of these ballots with true proofs."""
        contests = []
        for index, manifest in enumerate(self.contests, 1):
            options = [
                {"label": option["label"], **self.decrypt(index, j, *self.aggregate(lines, index, j, states), **how)}
                for j, option in enumerate(manifest["options"], 1)
            ]
            contests.append({"contest_ix": index, "label": manifest["label"], "options": options})
        return {"contests": contests}

    def parameters(self) -> Files:
        q, p = self.hq(self.q), self.hp(self.p)
        fixed = {
            "ElectionGuard_Design_Specification_version": {"number": [2, 1, 0]},
            "generation_parameters": {"q_bits_total": self.q.bit_length(), "p_bits_total": self.p.bit_length(), "p_bits_msb_fixed_1": 256,
                                      "p_middle_bits_source": "ln_2", "p_bits_lsb_fixed_1": 256},
            "field": {"q": q}, "group": {"p": p, "g": self.hp(self.g), "q": q},
        }  # fmt: skip
        date = self.manifest["voting"]["opens"][:10] if self.own else "2026-11-02"
        varying = {"n": self.n, "k": self.k, "info": self.manifest["label"], "date": date,
                   "ballot_chaining": "Required" if self.chained else "Prohibited"}  # fmt: skip
        return {"fixed_parameters": fixed, "varying_parameters": varying}

    def sheets(self, votes: Iterable[tuple[str, int, Votes]]) -> list[Sheet]:
        discarded = "Discounted" if self.own else "Spoiled"
        return [self.sheet(discarded if state == "Discounted" else state, style, each) for state, style, each in votes]

    def files(self, sheets: Sequence[Sheet]) -> Files:
        """The whole record of these ballots."""
        lines = [sheet.line for sheet in sheets]
        device: Files = {"device_ix": 1, "device_information": "psephos", "kind": "Regular",
                         "chaining_mode": "SimpleChaining" if self.chained else "NoChaining",
                         "h_di": hexadecimal(self.h_di), "ballot_count": len(lines)}  # fmt: skip
        if self.chained:
            device |= self.chain(lines)
        else:
            lines.sort(key=lambda line: line["confirmation_code"])
        openings = [self.opening(sheet) for sheet in sheets if sheet.line["ballot_state"] == "Challenged"]
        files: Files = {
            PARAMETERS: self.parameters(),
            MANIFEST: json.loads(self.content),
            HASHES: {"h_p": hexadecimal(self.h_p), "h_b": hexadecimal(self.h_b)},
            EXTENDED: {"h_e": hexadecimal(self.h_e)},
            JOINT: {"joint_vote_encryption_public_key": self.hp(self.K), "joint_ballot_data_encryption_public_key": self.hp(self.K_hat)},
            **{f"guardians/guardian_{i}.public_key.json": self.guardian(i) for i in range(1, self.n + 1)},
            DEVICES: {"devices": [device]},
            BALLOTS: lines,
            OPENINGS: sorted(openings, key=lambda opening: opening["ballot_id"]),
            TALLY: self.tally(lines),
        }
        if self.own:
            files[ACKNOWLEDGEMENTS] = [self.acknowledgement(i) for i in range(1, self.n + 1)]
            files[TOTALS] = totals(lines, len(self.styles))
            if "log" in self.manifest["voting"]:
                files[LOG] = self.log(lines)
        if self.data_blocks:
            opened = [(sheet, index) for sheet in sheets if sheet.line["ballot_state"] == "Cast" for index in sheet.data][:6]
            files[DATA] = [self.data_decryption(sheet, index) for sheet, index in opened]
        return files

    def recount(self, files: Files, sheets: Sequence[Sheet] | None = None, *, tally: bool = True) -> Files:
        """After ballots have changed: order, counts, openings and, with the guardians' help, a true tally."""
        lines = files[BALLOTS]
        lines.sort(key=lambda line: line["confirmation_code"])
        files[DEVICES]["devices"][0]["ballot_count"] = len(lines)
        if self.own:
            files[TOTALS] = totals(lines, len(self.styles))
        if sheets is not None:
            opened = [self.opening(sheet) for sheet in sheets if sheet.line["ballot_state"] == "Challenged"]
            files[OPENINGS] = sorted(opened, key=lambda opening: opening["ballot_id"])
        if tally:
            files[TALLY] = self.tally(lines)
        return files


def tree_hash(leaves: Sequence[bytes]) -> bytes:
    """The Merkle tree hash of RFC 9162, 2.1.1, as it is defined there."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return hashlib.sha256(b"\1" + tree_hash(leaves[:k]) + tree_hash(leaves[k:])).digest()


def without(value: Files, name: str) -> Files:
    return {key: item for key, item in value.items() if key != name}


def contest_hash(h_i: bytes, index: int, contest: Files) -> bytes:
    """(70) over what stands in the contest."""
    numbers = "".join(pair["alpha"] + pair["beta"] for pair in contest["ciphertexts"])
    if data := contest.get("contest_data"):
        numbers += data["c_0"] + data["c_1"] + data["c_2"]["c"] + data["c_2"]["v"]
    return H(h_i, b"\x28", b(index, 4), bytes.fromhex(numbers))


def number(line: Files) -> Files:
    """(71) The code from what stands on the ballot."""
    hashes = [bytes.fromhex(contest["contest_hash"]) for contest in line["contests"].values()]
    line["confirmation_code"] = hexadecimal(H(bytes.fromhex(line["h_i"]), b"\x29", *hashes, bytes.fromhex(line["chaining_field"])))
    line["ballot_id"] = line["confirmation_code"]
    return line


def totals(lines: Sequence[Files], styles: int) -> Files:
    def count(style: int | None) -> Files:
        return {word: sum(line["ballot_state"] == word.capitalize() and style in (None, line["ballot_style_ix"]) for line in lines)
                for word in ("cast", "discounted", "challenged")}  # fmt: skip

    result = {"ballots": count(None), "ballot_styles": [{"ballot_style_ix": style, **count(style)} for style in range(1, styles + 1)]}
    return result if count(None)["cast"] else {**result, "statement": "No ballot was cast."}


def rederive(forger: Forger, files: Files, kept: tuple[str, ...] = ()) -> Files:
    """The adaptive attacker, who holds no secret of a guardian or a voter: recomputes all that follows from the values as they stand,
    except what he has just falsified. `kept` names what he leaves alone, as the last member of its path: "h_p", "contest_hash" …, or
    "tally" for everything in the tally. Unreadable values stop him where he needs them; the rest stays as it was."""
    group = forger.group

    def element(text: str) -> int:
        return int(text, 16) % group.p

    varying = files[PARAMETERS]["varying_parameters"]
    n, k = varying["n"], varying["k"]
    if "h_p" not in kept:
        h_p = H(b"v2.1.0".ljust(32, b"\0"), b"\0", forger.bp(group.p), forger.bq(group.q), forger.bp(group.g), b(n, 4), b(k, 4))
        files[HASHES]["h_p"] = hexadecimal(h_p)
    content = encode(files[MANIFEST])
    if "h_b" not in kept:
        files[HASHES]["h_b"] = hexadecimal(H(bytes.fromhex(files[HASHES]["h_p"]), b"\x01", b(len(content), 4), content))
    guardians = [files[name] for name in sorted(files) if name.startswith("guardians/")]
    for name, kind in (("joint_vote_encryption_public_key", "vote_encryption"),
                       ("joint_ballot_data_encryption_public_key", "ballot_data_encryption")):  # fmt: skip
        if name not in kept:
            joint, _ = forger.product((element(guardian[kind]["coefficient_commitments"][0]), 1) for guardian in guardians)
            files[JOINT][name] = forger.hp(joint)
    if "h_e" not in kept:
        keys = bytes.fromhex("".join(files[JOINT].values()))
        files[EXTENDED]["h_e"] = hexadecimal(H(bytes.fromhex(files[HASHES]["h_b"]), b"\x14", keys))
    h_e = bytes.fromhex(files[EXTENDED]["h_e"])
    device = files[DEVICES]["devices"][0]
    information = device["device_information"].encode()
    if "h_di" not in kept:
        device["h_di"] = hexadecimal(H(h_e, b"\x2a", b(len(information), 4), information))
    h_di = H(h_e, b"\x2a", b(len(information), 4), information)
    lines, renamed = files[BALLOTS], {}
    for line in lines:
        before = line["ballot_id"]
        if "device_ix" not in kept:
            line["device_ix"] = device["device_ix"]
        if "h_i" not in kept:
            line["h_i"] = hexadecimal(H(h_e, b"\x20", bytes.fromhex(line["id_b"])))
        if "contest_hash" not in kept:
            for index, contest in line["contests"].items():
                contest["contest_hash"] = hexadecimal(contest_hash(bytes.fromhex(line["h_i"]), int(index), contest))
        if "chaining_field" not in kept and not forger.chained:
            line["chaining_field"] = hexadecimal(bytes(4) + h_di)
        if "confirmation_code" not in kept and "ballot_id" not in kept and not forger.chained:
            number(line)
        renamed[before] = line["ballot_id"]
    if "order" not in kept and not forger.chained:
        lines.sort(key=lambda line: line["confirmation_code"])
    if "openings" not in kept:
        for opening in files[OPENINGS]:
            opening["ballot_id"] = renamed.get(opening["ballot_id"], opening["ballot_id"])
        challenged = {line["ballot_id"] for line in lines if line["ballot_state"] == "Challenged"}
        files[OPENINGS] = sorted((each for each in files[OPENINGS] if each["ballot_id"] in challenged), key=lambda each: each["ballot_id"])
    if "ballot_count" not in kept:
        device["ballot_count"] = len(lines)
    if forger.own and "totals" not in kept:
        files[TOTALS] = totals(lines, len(files[MANIFEST]["ballot_styles"]))
    if "tally" not in kept:
        for contest in files[TALLY]["contests"]:
            for j, option in enumerate(contest["options"], 1):
                A, B = forger.aggregate(lines, contest["contest_ix"], j)
                option["encrypted_tally"] = {"alpha": forger.hp(A), "beta": forger.hp(B)}
    if LOG in files and "log" not in kept:  # the statements stay as they are: nobody but the guardians can make others
        written = [line if isinstance(line, bytes) else encode(line) for line in lines]
        files[LOG] |= {"size": len(lines), "root": hexadecimal(tree_hash(written))}
    if device["device_ix"] != 1:
        files[f"ballots/device_{device['device_ix']}.jsonl"] = files.pop(BALLOTS)
    return files


def content_of(name: str, value: Any) -> bytes:
    """The bytes of a file."""
    if isinstance(value, bytes):
        return value
    if name.endswith(".jsonl"):
        return b"".join((item if isinstance(item, bytes) else encode(item)) + b"\n" for item in value)
    return encode(value)


def signature(profile: bytes, date: str = DATE, signing_key: Ed25519PrivateKey = SIGNING_KEY) -> bytes:
    """`signature.json` for this `profile.json`."""
    digest = hashlib.sha256(profile).hexdigest().upper().encode()
    signed = signing_key.sign(b"psephos election record v1\n" + digest + b"\n" + date.encode() + b"\n")
    return encode({"date": date, "signature": hexadecimal(signed)})


def profile_of(contents: dict[str, bytes]) -> bytes:
    """`profile.json` with true digests."""
    listed = [{"path": name, "sha256": hashlib.sha256(content).hexdigest().upper()} for name, content in sorted(contents.items())]
    kind = "witnessed" if LOG in contents else "offline"
    return encode({"profile": "psephos", "version": 1, "kind": kind, "files": listed})


def contents_of(files: Files, *, own: bool = True, date: str = DATE) -> dict[str, bytes]:
    """The bytes of every file of a record, with profile and valid signature if it is in our own layout."""
    contents = {name: content_of(name, value) for name, value in files.items()}
    if own:
        profile = profile_of(contents)
        contents |= {"profile.json": profile, "signature.json": signature(profile, date)}
    return contents


class Folder:
    """A record's folder that is rewritten only where a file changes."""

    def __init__(self, path: Path) -> None:
        self.path, self.written = path, dict[str, bytes]()

    def put(self, contents: dict[str, bytes]) -> Path:
        for name in self.written.keys() - contents.keys():
            (self.path / name).unlink()
        for name, content in contents.items():
            if self.written.get(name) != content:
                (self.path / name).parent.mkdir(parents=True, exist_ok=True)
                (self.path / name).write_bytes(content)
        self.written = dict(contents)
        return self.path


def write(path: Path, files: Files, *, own: bool = True, date: str = DATE) -> Path:
    """Writes a record into a new folder."""
    return Folder(path).put(contents_of(files, own=own, date=date))


def e0(group: Group = TOY, seed: int = 0, **how: Any) -> tuple[Forger, list[Sheet], Files]:
    """The base record: 5 guardians, quorum 3, two contests, two styles, 20 cast, 3 challenged, 1 discounted. Another seed: E1."""
    forger = Forger(group, seed, **how)
    sheets = forger.sheets(e0_votes())
    return forger, sheets, forger.files(sheets)
