"""Small elections for the engine's tests, and the tools of an attacker who repairs everything that he can."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import Any

from engine import hashing
from engine.ballot import (
    CAST,
    CHALLENGED,
    DISCOUNTED,
    EncryptedBallot,
    EncryptedContest,
    Opening,
    OptionCiphertext,
    Selections,
    encrypt_ballot,
    new_ballot_nonce,
    spoil_ciphertext,
)
from engine.confirmation import confirmation_code, contest_hash
from engine.decryption import DecryptedTally, combine
from engine.elgamal import Ciphertext, multiply
from engine.encoding import to_json
from engine.group import Element, Group, Scalar
from engine.guardian import (
    GuardianSecretKeys,
    KeyShares,
    acknowledge,
    commit,
    generate_guardian_keys,
    receive_shares,
    respond,
    reveal,
    share_keys,
)
from engine.key_ceremony import Acknowledgement, EncryptedShare, GuardianPublicKeys, join_keys
from engine.manifest import Manifest, read_manifest
from engine.parameters import Election, ElectionParameters, election_parameters
from engine.proofs import Proof
from engine.tally import BallotSet, EncryptedTally, verify_and_multiply
from tests.groups import TOY

YES, NO, SPOIL = (1, 0, 0), (0, 1, 0), (0, 0, 1)
TRIED = count(1)


def manifest_file(trustees: int = 5, **changes: Any) -> dict[str, Any]:
    """The base manifest: yes, no, spoil; up to three of six, or spoil; two ballot styles."""
    file = {
        "label": "Test ballot",
        "contests": [
            {"label": "Strike", "options": [{"label": "Yes"}, {"label": "No"}, {"label": "Spoil", "spoil": True}]},
            {
                "label": "Executive",
                "selection_limit": 3,
                "options": [*({"label": f"Candidate {letter}"} for letter in "ABCDEF"), {"label": "Spoil", "spoil": True}],
            },
        ],
        "ballot_styles": [{"label": "One", "contests": [1]}, {"label": "Both", "contests": [1, 2]}],
        "voting": {
            "election_identifier": "AB" * 32,
            "union": "Union of Examples",
            "scrutineer": "Scrutineer",
            "opens": "2026-11-01T09:00:00Z",
            "closes": "2026-11-20T17:00:00Z",
            "record_due": "2027-11-20T17:00:00Z",
            "trustees": [f"Trustee {i}" for i in range(1, trustees + 1)],
            "smallest_unit": 2,
            "device_information": "psephos",
            "chaining_mode": "NoChaining",
        },
    }
    file["voting"].update({name: value for name, value in changes.items() if name in file["voting"] or name in ("log", "statutory")})
    file.update({name: value for name, value in changes.items() if name in file})
    return file


def manifest_bytes(trustees: int = 5, **changes: Any) -> bytes:
    return json.dumps(manifest_file(trustees, **changes), ensure_ascii=False, separators=(",", ":")).encode()


def a_manifest(trustees: int = 5, **changes: Any) -> Manifest:
    return read_manifest(manifest_bytes(trustees, **changes))


@dataclass
class Ceremony:
    """A finished key ceremony, secrets and all. Guardian i is at position i − 1."""

    parameters: ElectionParameters
    secrets: list[GuardianSecretKeys]
    public: list[GuardianPublicKeys]
    shares: dict[tuple[int, int], EncryptedShare]
    key_shares: list[KeyShares]
    election: Election
    acknowledgements: list[Acknowledgement]

    def received(self, l: int) -> list[EncryptedShare]:  # noqa: E741
        return [share for (_, receiver), share in sorted(self.shares.items()) if receiver == l]

    def secret_key(self) -> Scalar:
        """s, which nobody ever holds outside a test."""
        return sum((each.coefficients[0] for each in self.secrets), start=self.parameters.group.scalar(0))


def hold_ceremony(n: int = 5, k: int = 3, group: Group = TOY, manifest: Manifest | None = None) -> Ceremony:
    parameters = election_parameters(group, manifest or a_manifest(n), n, k)
    made = [generate_guardian_keys(parameters, i) for i in range(1, n + 1)]
    secrets, public = [each[0] for each in made], [each[1] for each in made]
    shares = {(s.index, p.index): share_keys(s, p, parameters) for s in secrets for p in public if s.index != p.index}
    key_shares = [
        receive_shares(s, public, [shares[i, s.index] for i in range(1, n + 1) if i != s.index], parameters) for s in secrets
    ]
    election = join_keys(parameters, public)
    return Ceremony(parameters, secrets, public, shares, key_shares, election, [acknowledge(s, election, public) for s in secrets])


@dataclass
class Ballots:
    """Ballots in the order of the record, each with the opening that its voter keeps."""

    each: list[tuple[EncryptedBallot, Opening]]
    found: BallotSet

    @property
    def lines(self) -> list[bytes]:
        return [to_json(ballot) for ballot, _ in self.each]

    def of(self, state: str) -> list[tuple[EncryptedBallot, Opening]]:
        return [each for each in self.each if each[0].state == state]


def a_ballot(election: Election, *choices: Sequence[int], style: int = 0, state: str | None = None) -> tuple[EncryptedBallot, Opening]:
    ballot, opening = encrypt_ballot(
        Selections(style or len(choices), tuple(tuple(each) for each in choices)), election, new_ballot_nonce()
    )
    return (ballot.with_state(state) if state else ballot), opening


EXECUTIVE = [(1, 1, 1, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0, 1), (0,) * 7, (0, 1, 0, 0, 0, 1, 0)]


def base_ballots(election: Election) -> Ballots:
    """20 cast, 3 challenged, 1 discounted; every second of style Both. All choices occur."""
    states = [CAST] * 20 + [CHALLENGED] * 3 + [DISCOUNTED]
    made = []
    for number, state in enumerate(states):
        choices: list[Sequence[int]] = [(YES, NO, SPOIL)[number % 3]]
        if number % 2:
            choices.append(EXECUTIVE[number // 2 % 4])
        made.append(a_ballot(election, *choices, state=state))
    return in_order(made, election)


def in_order(made: Sequence[tuple[EncryptedBallot, Opening]], election: Election) -> Ballots:
    each = sorted(made, key=lambda pair: pair[0].confirmation_code)
    return Ballots(each, verify_and_multiply([to_json(ballot) for ballot, _ in each], election))


def decrypt(key_shares: Sequence[KeyShares], tally: EncryptedTally, election: Election) -> DecryptedTally:
    """All three rounds with the guardians whose shares are given."""
    U = [share.index for share in key_shares]
    begun = [commit(share, tally, tally, U, election) for share in key_shares]
    hashes = [each[1] for each in begun]
    values = [reveal(each[0], hashes) for each in begun]
    return combine(tally, values, [respond(each[0], hashes, values, election) for each in begun], election)


def tallies(decrypted: DecryptedTally) -> list[list[int]]:
    return [[option.tally for option in contest.options] for contest in decrypted.contests]


# The attacker's tools


def repaired(ballot: EncryptedBallot, election: Election, **changes: Any) -> EncryptedBallot:
    """`ballot` with changes, and every hash and code that anybody can recompute, recomputed."""
    ballot = replace(ballot, **changes)
    H_I = hashing.identifier_hash(election.extended_base_hash, ballot.selection_encryption_identifier)
    contests = tuple((index, replace(each, contest_hash=contest_hash(each.pairs(), index, H_I))) for index, each in ballot.contests)
    code = confirmation_code([each.contest_hash for _, each in contests], H_I, election)
    return replace(ballot, identifier_hash=H_I, contests=contests, confirmation_code=code, ballot_id=code.hex().upper())


def with_contest(ballot: EncryptedBallot, election: Election, index: int, **changes: Any) -> EncryptedBallot:
    """`ballot` with one contest changed, and repaired."""
    contests = tuple((i, replace(each, **changes) if i == index else each) for i, each in ballot.contests)
    return repaired(ballot, election, contests=contests)


def any_encryption(value: int, nonce: Scalar, K: Element) -> Ciphertext:
    """Enc(value, nonce) of any integer at all, negative ones included."""
    group = K.group
    return Ciphertext(group.g**nonce, K ** (group.scalar(value % group.q) + nonce))


def best_range_proof(
    value: int, nonce: Scalar, branches: int, K: Element, challenge: Callable[[Sequence[Element]], Scalar]
) -> tuple[Proof, ...]:
    """A proof with `branches` branches as good as can be made: true if 0 <= value < branches, otherwise with one branch that is false."""
    group = K.group
    true = value if 0 <= value < branches else branches - 1
    u = [group.random_scalar() for _ in range(branches)]
    faked = [group.random_scalar() for _ in range(branches)]
    commitments: list[Element] = []
    for j in range(branches):
        t_j = u[j] if j == true else u[j] + group.scalar((value - j) % group.q) * faked[j]
        commitments += [group.g ** u[j], K**t_j]
    c = challenge(commitments)
    others = sum((faked[j] for j in range(branches) if j != true), start=group.scalar(0))
    challenges = [c - others if j == true else faked[j] for j in range(branches)]
    return tuple(Proof(c_j, u_j - c_j * nonce) for c_j, u_j in zip(challenges, u, strict=True))


def forged_contest(
    values: Sequence[int],
    index: int,
    election: Election,
    H_I: bytes,
    *,
    nonces: Sequence[Scalar] | None = None,
    branches: Sequence[int] | None = None,
    limit_branches: int | None = None,
) -> EncryptedContest:
    """A contest with any values at all and the best proofs for them, branches as in the manifest unless given."""
    manifest, group, K = election.manifest.contest(index), election.group, election.vote_encryption_key
    nonces = list(nonces or [group.random_scalar() for _ in values])
    limits = [option.selection_limit for option in manifest.options]
    branches = branches or [(limits[at] if at < len(limits) else 1) + 1 for at in range(len(values))]
    L = manifest.selection_limit
    pairs, proofs = [], []
    for position, (value, nonce, size) in enumerate(zip(values, nonces, branches, strict=True), 1):
        pair = any_encryption(value, nonce, K)
        pairs.append(pair)
        proofs.append(
            best_range_proof(value, nonce, size, K, partial(hashing.range_challenge, H_I, index, position, pair.alpha, pair.beta))
        )
    total, xi = multiply(pairs, group), sum(nonces, start=group.scalar(0))
    limit = best_range_proof(
        sum(values), xi, limit_branches or L + 1, K, partial(hashing.limit_challenge, H_I, index, total.alpha, total.beta)
    )
    spoil = None
    if manifest.needs_spoil_proof and len(values) == len(manifest.options):
        weighted = spoil_ciphertext(pairs, manifest)
        value = sum(values[:-1]) + L * values[-1]
        xi = sum(nonces[:-1], start=group.scalar(L) * nonces[-1])
        statement = partial(hashing.spoil_challenge, H_I, index, len(manifest.options), weighted.alpha, weighted.beta)
        spoil = best_range_proof(value, xi, L + 1, K, statement)
    options = tuple(OptionCiphertext(each.alpha, each.beta) for each in pairs)
    return EncryptedContest(options, tuple(proofs), limit, spoil, contest_hash(pairs, index, H_I))


def forged_ballot(election: Election, values: dict[int, Sequence[int]], style: int | None = None, **how: Any) -> EncryptedBallot:
    """A ballot with any values in any contests, best proofs everywhere and everything recomputed."""
    ballot, _ = a_ballot(election, YES)
    contests = tuple((index, forged_contest(each, index, election, ballot.identifier_hash, **how)) for index, each in values.items())
    return repaired(ballot, election, contests=contests, style=style or len(values))


@contextmanager
def without(monkeypatch: Any, owner: Any, *names: str, by: Any = None) -> Iterator[None]:
    """The weakened twin: the named checks do nothing, or what `by` does."""
    with monkeypatch.context() as patch:
        for name in names:
            patch.setattr(owner, name, by or (lambda *_: []))
        yield
