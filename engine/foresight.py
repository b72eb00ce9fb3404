"""What the checks of ballots are going to compute, found out beforehand, so that native arithmetic computes it together (engine/group.py).

This decides nothing: ballots are read and checked afterwards as if it had not been there, and anything it misses is computed then.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from engine.errors import EngineError
from engine.group import Element
from engine.manifest import Contest
from engine.parameters import Election
from engine.powers import integer

_Wanted = list[tuple[int, list[int]]]


def foresee_ballots(contents: Iterable[bytes], election: Election) -> None:
    """Prepares reading and checking these ballots, canonical or not: membership and powers of all their numbers, powers of g and K."""
    if election.group.native is None:
        return
    wanted: _Wanted = []
    of_g: list[int] = []
    of_K: list[int] = []
    for content in contents:
        try:
            found = _Ballot(json.loads(content), election)
        except (EngineError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            continue  # the reader will say what is wrong with it
        wanted += found.wanted
        of_g += found.of_g
        of_K += found.of_K
    tables: list[tuple[Element, Sequence[int]]] = [(election.group.g, of_g), (election.vote_encryption_key, of_K)]
    election.group.foresee(wanted, tables)


class _Ballot:
    """The numbers of one ballot, if it has the shape that the manifest gives it: so nobody can ask for more work than a ballot is."""

    def __init__(self, raw: Any, election: Election) -> None:
        self.group = election.group
        self.wanted: _Wanted = []
        self.of_g: list[int] = []
        self.of_K: list[int] = []
        for index in election.manifest.ballot_style(int(raw["ballot_style_ix"])).contests:
            self._contest(raw["contests"][str(index)], election.manifest.contest(index))
        nonce = raw["ballot_nonce_ciphertext"]
        self.wanted.append((int(nonce["c_0"], 16), [int(nonce["c_2"]["c"], 16)]))  # (37)
        self.of_g.append(int(nonce["c_2"]["v"], 16))

    def _contest(self, raw: Any, contest: Contest) -> None:
        pairs = [(int(pair["alpha"], 16), int(pair["beta"], 16)) for pair in raw["ciphertexts"]]
        for option, pair, proof in zip(contest.options, pairs, raw["proof_ballot_correctness"], strict=True):
            self._proof(pair, proof, option.selection_limit)
        L = contest.selection_limit
        self._proof(self._product(pairs), raw["proof_selection_limit"], L)
        if contest.needs_spoil_proof:
            self._proof(self._product([*pairs[:-1], *[pairs[-1]] * L]), raw["proof_spoil"], L)

    def _product(self, pairs: Sequence[tuple[int, int]]) -> tuple[int, int]:
        A, B, p = integer(1), integer(1), self.group.p
        for alpha, beta in pairs:
            A, B = A * alpha % p, B * beta % p
        return int(A), int(B)

    def _proof(self, pair: tuple[int, int], proof: Any, limit: int) -> None:
        """(6.1) a_j = g^v_j · α^c_j and (6.2) b_j = K^w_j · β^c_j, where w_j = v_j − j·c_j."""
        if len(proof) != limit + 1:
            raise ValueError("not the number of branches that the manifest says")
        c = [int(branch["c"], 16) for branch in proof]
        v = [int(branch["v"], 16) for branch in proof]
        self.wanted += [(value, c) for value in pair]
        self.of_g += v
        self.of_K += [(v_j - j * c_j) % self.group.q for j, (c_j, v_j) in enumerate(zip(c, v, strict=True))]
