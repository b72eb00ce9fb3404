"""Reads ballots, openings, tally and decrypted contest data (record-format.md, 2.7 to 2.9; layout EG21 JSON).

Shape and widths only: how many ciphertexts or branches there should be, and what may stand on which ballot, is for the checks to say.
All functions raise RecordError.
"""

import re

from .arithmetic import Group
from .model import (
    Ballot,
    BallotContest,
    Ciphertext,
    ContestDataDecryption,
    OpenedBallot,
    OpenedContest,
    OpenedOption,
    PreEncryption,
    Proof,
    SignedCiphertext,
    TallyContest,
    TallyOption,
    Vector,
)
from .strict_json import SMALL, Node

__all__ = ["read_ballot", "read_contest_data_decryption", "read_opening", "read_tally"]

_INDEX = re.compile(r"[1-9][0-9]{0,9}")
_MAX_BLOCKS = 2**16


def read_ballot(node: Node, position: int, group: Group, own: bool) -> Ballot:
    """One line of `ballots/device_<ix>.jsonl`; `position` is its line number."""
    members = node.members(
        "ballot_id", "ballot_state", "ballot_style_ix", "device_ix", "encryption_datetime?", "weight?", "id_b", "h_i", "contests",
        "ballot_nonce_ciphertext", "chaining_field", "confirmation_code",
    )  # fmt: skip
    return Ballot(
        where=f"{node.file}, line {node.line}",
        position=position,
        ballot_id=members["ballot_id"].text(),
        state=members["ballot_state"].text(),
        style=members["ballot_style_ix"].small(),
        device=members["device_ix"].small(),
        id_b=members["id_b"].hex(32),
        h_i=members["h_i"].hex(32),
        contests=_contests(members["contests"], group, own),
        nonce=_signed(members["ballot_nonce_ciphertext"], group, 1),
        chaining_field=members["chaining_field"].hex(36),
        confirmation_code=members["confirmation_code"].hex(32),
        weight=members["weight"].integer() if "weight" in members else None,
        datetime=members["encryption_datetime"].text() if "encryption_datetime" in members else None,
    )


def _contests(node: Node, group: Group, own: bool) -> tuple[BallotContest, ...]:
    contests: list[BallotContest] = []
    last = 0
    for name, item in node.entries():
        if not _INDEX.fullmatch(name) or int(name) >= SMALL:
            item.refuse("is not named by a contest index")
        if int(name) <= last:
            item.refuse("the contest indices do not ascend")
        last = int(name)
        contests.append(_contest(item, last, group, own))
    return tuple(contests)


def _contest(node: Node, index: int, group: Group, own: bool) -> BallotContest:
    names = ("ciphertexts", "proof_ballot_correctness", "proof_selection_limit")
    if own:
        members = node.members(*names, "proof_spoil?", "contest_data?", "contest_hash")
    elif not any(name == "ciphertexts" for name, _ in node.entries()):
        members = node.members("pre_encryption", "contest_hash")
    else:
        members = node.members(*names, "pre_encryption?", "contest_data?", "contest_hash")
    filled = "ciphertexts" in members
    return BallotContest(
        index=index,
        ciphertexts=_ciphertexts(members["ciphertexts"], group) if filled else (),
        range_proofs=tuple(_branches(item, group) for item in members["proof_ballot_correctness"].items()) if filled else (),
        limit_proof=_branches(members["proof_selection_limit"], group) if filled else (),
        contest_hash=members["contest_hash"].hex(32),
        spoil_proof=_branches(members["proof_spoil"], group) if "proof_spoil" in members else None,
        data=_signed(members["contest_data"], group, _MAX_BLOCKS) if "contest_data" in members else None,
        pre_encryption=_pre_encryption(members["pre_encryption"], group) if "pre_encryption" in members else None,
    )


def _pre_encryption(node: Node, group: Group) -> PreEncryption:
    members = node.members("selection_hashes", "vectors")
    return PreEncryption(
        selection_hashes=tuple(item.hex(32) for item in members["selection_hashes"].items()),
        vectors=tuple(_vector(item, group) for item in members["vectors"].items()),
    )


def _vector(node: Node, group: Group) -> Vector:
    members = node.members("ciphertexts", "selection_hash", "short_code", "label?", "nonces?")
    return Vector(
        ciphertexts=_ciphertexts(members["ciphertexts"], group),
        selection_hash=members["selection_hash"].hex(32),
        short_code=members["short_code"].text(),
        label=members["label"].text() if "label" in members else None,
        nonces=tuple(item.number(group.l_q) for item in members["nonces"].items()) if "nonces" in members else None,
    )


def read_opening(node: Node, group: Group, own: bool) -> OpenedBallot:
    """One line of `challenged_ballots.jsonl`."""
    members = node.members("ballot_id", "contests")
    contests = tuple(_opened_contest(item, group, own) for item in members["contests"].items())
    return OpenedBallot(f"{node.file}, line {node.line}", members["ballot_id"].text(), contests)


def _opened_contest(node: Node, group: Group, own: bool) -> OpenedContest:
    names = ("contest_ix", "label", "options")
    members = node.members(*names) if own else node.members(*names, "contest_data?")
    data = members["contest_data"].members("nonce", "data") if "contest_data" in members else None
    options = []
    for item in members["options"].items():
        option = item.members("label", "value", "nonce")
        options.append(OpenedOption(option["label"].text(), option["value"].integer(), option["nonce"].number(group.l_q)))
    return OpenedContest(
        index=members["contest_ix"].small(),
        label=members["label"].text(),
        options=tuple(options),
        data_nonce=data["nonce"].number(group.l_q) if data else None,
        data=data["data"].blocks(32, _MAX_BLOCKS) if data else None,
    )


def read_tally(node: Node, group: Group) -> tuple[TallyContest, ...]:
    """`tally.json`. The tally itself may be any integer: its range is for 10.C and X1."""
    contests = []
    for item in node.members("contests")["contests"].items():
        members = item.members("contest_ix", "label", "options")
        options = tuple(_tally_option(option, group) for option in members["options"].items())
        contests.append(TallyContest(members["contest_ix"].small(), members["label"].text(), options))
    return tuple(contests)


def _tally_option(node: Node, group: Group) -> TallyOption:
    members = node.members("label", "encrypted_tally", "tally", "decrypted_value", "proof")
    return TallyOption(
        label=members["label"].text(),
        encrypted=_ciphertext(members["encrypted_tally"], group),
        tally=members["tally"].integer(),
        decrypted_value=members["decrypted_value"].number(group.l_p),
        proof=_proof(members["proof"], group),
    )


def read_contest_data_decryption(node: Node, group: Group) -> ContestDataDecryption:
    """One line of `contest_data_decryptions.jsonl`."""
    members = node.members("ballot_id", "contest_ix", "beta", "proof", "data")
    return ContestDataDecryption(
        where=f"{node.file}, line {node.line}",
        ballot_id=members["ballot_id"].text(),
        contest=members["contest_ix"].small(),
        beta=members["beta"].number(group.l_p),
        proof=_proof(members["proof"], group),
        data=members["data"].blocks(32, _MAX_BLOCKS),
    )


def _ciphertexts(node: Node, group: Group) -> tuple[Ciphertext, ...]:
    return tuple(_ciphertext(item, group) for item in node.items())


def _ciphertext(node: Node, group: Group) -> Ciphertext:
    members = node.members("alpha", "beta")
    return Ciphertext(members["alpha"].number(group.l_p), members["beta"].number(group.l_p))


def _branches(node: Node, group: Group) -> tuple[Proof, ...]:
    return tuple(_proof(item, group) for item in node.items())


def _proof(node: Node, group: Group) -> Proof:
    members = node.members("c", "v")
    return Proof(members["c"].number(group.l_q), members["v"].number(group.l_q))


def _signed(node: Node, group: Group, most_blocks: int) -> SignedCiphertext:
    members = node.members("c_0", "c_1", "c_2")
    return SignedCiphertext(
        members["c_0"].number(group.l_p), members["c_1"].blocks(32, most_blocks), _proof(members["c_2"], group)
    )
