"""Encrypted ballots of an EGRF record (foreign-records.md, section 2)."""

import re

from .arithmetic import Group
from .foreign_json import Item, split
from .model import Ballot, BallotContest, Ciphertext, Device, Proof, SignedCiphertext

__all__ = ["ballot_name", "proofs", "read_ballot", "timestamp"]

_STATUS = {"BALLOT_STATUS_CAST": "Cast", "BALLOT_STATUS_CHALLENGED": "Challenged", "BALLOT_STATUS_SPOILED": "Spoiled"}
_TIME = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{3})?Z")


def ballot_name(h_di: bytes, position: int, h_i: bytes) -> str:
    """What joins a ballot and its decryptions: the device, the 1-based position on it, and the identifier hash H_I."""
    return f"{h_di.hex()}/{position}/{h_i.hex()}"


def read_ballot(item: Item, group: Group, styles: dict[str, int], device: Device, position: int) -> Ballot:
    """The ballot at `position` on `device`. `styles` maps the manifest's labels of ballot styles to indices. Raises RecordError."""
    h_i = item.data("hI", 32)
    if item.has("ballotRef"):
        item.text("ballotRef")
    ballot = Ballot(
        where=f"{item.file}, line {item.line}",
        position=position,
        ballot_id=ballot_name(device.h_di, position, h_i),
        state=item.choice("status", _STATUS),
        style=styles.get(item.text("ballotStyle"), 0),
        device=device.index,
        id_b=item.data("idB", 32),
        h_i=h_i,
        contests=tuple(_contest(contest, group) for contest in item.items("contests")),
        nonce=_signed(item.item("encryptedBallotNonce"), group, 32),
        chaining_field=item.data("chainingField", 36),
        confirmation_code=item.data("confirmationCode", 32),
        weight=item.integer("weight", 1),
        datetime=timestamp(item, "encryptedAt") if item.has("encryptedAt") else None,
    )
    item.done()
    return ballot


def proofs(item: Item, member: str, group: Group) -> tuple[Proof, ...]:
    """c_0 ‖ v_0 ‖ c_1 ‖ v_1 …"""
    numbers = split(item.data(member, 0, 2 * group.l_q), group.l_q)
    return tuple(Proof(c, v) for c, v in zip(numbers[::2], numbers[1::2], strict=True))


def timestamp(item: Item, member: str) -> str:
    """A time in UTC, as text."""
    text = item.text(member)
    if _TIME.fullmatch(text) is None or text.endswith(".000Z"):
        raise item.error(member, "expected a time like 2026-11-03T20:00:00Z or 2026-11-03T20:00:00.005Z")
    return text


def _contest(item: Item, group: Group) -> BallotContest:
    fields = item.items("fields") if item.has("fields") else []
    ciphertexts = tuple(Ciphertext(field.number("alpha", group.l_p), field.number("beta", group.l_p)) for field in fields)
    range_proofs = tuple(proofs(field, "rangeProof", group) for field in fields)
    for field in fields:
        field.done()
    for ignored in ("undervoteDifferenceProof", "nullVoteProof"):
        if item.has(ignored):
            proofs(item, ignored, group)
    contest = BallotContest(
        index=item.integer("index", 1),
        ciphertexts=ciphertexts,
        range_proofs=range_proofs,
        limit_proof=proofs(item, "limitProof", group),
        contest_hash=item.data("contestHash", 32),
        data=_signed(item.item("contestData"), group, 0) if item.has("contestData") else None,
    )
    item.done()
    return contest


def _signed(item: Item, group: Group, width: int) -> SignedCiphertext:
    """(C_0, C_1, C_2 = c ‖ v) of a ballot nonce (`width` 32) or contest data (`width` 0: blocks of 32 bytes)."""
    c, v = split(item.data("c2", 2 * group.l_q), group.l_q)
    made = SignedCiphertext(item.number("c0", group.l_p), item.data("c1", width, 32), Proof(c, v))
    item.done()
    return made
