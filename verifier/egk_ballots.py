"""Encrypted ballots and decryptions in the JSON layout of egk-ec (foreign-records.md, section 3)."""

import re

from .arithmetic import Group
from .egk_values import Decrypted, DecryptedContest, DecryptedData, DecryptedOption, HashedCiphertext, OldBallot, OldContest
from .foreign_json import Item
from .model import Ciphertext, Proof

__all__ = ["contest_data_plaintext", "read_ballot", "read_decrypted"]

_BAUX = re.compile(r"([0-9A-F]{2})*")
_STATES = {"CAST": "Cast", "CHALLENGED": "Challenged", "UNKNOWN": "Unknown"}
_STATUS = ("normal", "null_vote", "over_vote", "under_vote")


def read_ballot(item: Item, group: Group) -> OldBallot:
    """A file of `encrypted_ballots/<device>`. Raises RecordError, also for pre-encrypted ballots."""
    if item.flag("is_preencrypt"):
        raise item.error("is_preencrypt", "contains pre-encrypted ballots, not supported")
    folder = item.file.split("/")[-2]
    item.integer("timestamp", -(2**63), 2**63)
    if item.has("encrypted_sn"):
        _ciphertext(item, "encrypted_sn", group)
    baux = item.text("code_baux")
    if _BAUX.fullmatch(baux) is None:
        raise item.error("code_baux", "expected pairs of upper-case hexadecimal digits")
    ballot = OldBallot(
        where=item.file,
        ballot_id=item.text("ballot_id"),
        style=item.text("ballot_style_id"),
        device=item.text("encrypting_device"),
        folder=folder,
        code_baux=bytes.fromhex(baux),
        confirmation_code=item.data("confirmation_code", 32),
        election_id=item.data("election_id", 32),
        contests=tuple(_contest(contest, group) for contest in item.items("contests")),
        state=item.choice("state", _STATES),
    )
    _named(item, "ballot_id", "eballot-")
    item.done()
    return ballot


def read_decrypted(item: Item, group: Group, prefix: str) -> Decrypted:
    """`tally.json` (`prefix` empty) or a file of `challenged_ballots` (`prefix` "dballot-"). Raises RecordError."""
    name = item.text("id")
    if prefix:
        _named(item, "id", prefix)
    contests = tuple(_decrypted_contest(contest, group) for contest in item.items("contests"))
    election_id = item.data("election_id", 32)
    item.done()
    return Decrypted(item.file, name, contests, election_id)


def contest_data_plaintext(overvotes: tuple[int, ...], write_ins: tuple[str, ...], status: str) -> bytes:
    """The encoding of contest data: counted lists of numbers and strings, numbers in groups of seven bits, lowest first, and 32 bits wide
    (-1 stands for what was cut off). Zero bytes that follow it in the plaintext are padding."""
    parts = [_varint(len(overvotes)), *(_varint(overvote % 2**32) for overvote in overvotes), _varint(len(write_ins))]
    for text in (*write_ins, status):
        content = text.encode("utf-8")
        parts += [_varint(len(content)), content]
    return b"".join(parts)


def _varint(number: int) -> bytes:
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    made.append(number)
    return bytes(made)


def _named(item: Item, member: str, prefix: str) -> None:
    """A file's name is the ballot's id with blanks replaced."""
    if item.file.rpartition("/")[2] != f"{prefix}{item.text(member).replace(' ', '_')}.json":
        raise item.error(member, "not the id in the file's name")


def _ciphertext(item: Item, member: str, group: Group) -> Ciphertext:
    pair = item.item(member)
    made = Ciphertext(pair.number("pad", group.l_p), pair.number("data", group.l_p))
    pair.done()
    return made


def _proof(item: Item, group: Group) -> Proof:
    made = Proof(item.number("challenge", group.l_q), item.number("response", group.l_q))
    item.done()
    return made


def _branches(item: Item, group: Group) -> tuple[Proof, ...]:
    outer = item.item("proof")
    made = tuple(_proof(branch, group) for branch in outer.items("proofs"))
    outer.done()
    return made


def _hashed(item: Item, member: str, group: Group) -> HashedCiphertext:
    inner = item.item(member)
    length = inner.integer("numBytes", 1, 2**24)
    made = HashedCiphertext(inner.number("c0", group.l_p), inner.data("c1", 0, 32), inner.data("c2", 32), length)
    if len(made.c_1) != (made.length + 31) // 32 * 32:
        raise inner.error("numBytes", f"{made.length} bytes do not make {len(made.c_1)} bytes in blocks of 32")
    inner.done()
    return made


def _contest(item: Item, group: Group) -> OldContest:
    if item.has("pre_encryption"):
        raise item.error("pre_encryption", "contains pre-encrypted ballots, not supported")
    options, ciphertexts, range_proofs = [], [], []
    for selection in item.items("selections"):
        options.append((selection.text("selection_id"), selection.integer("sequence_order")))
        ciphertexts.append(_ciphertext(selection, "encrypted_vote", group))
        range_proofs.append(_branches(selection, group))
        selection.done()
    contest = OldContest(
        index=item.integer("sequence_order"),
        label=item.text("contest_id"),
        options=tuple(options),
        ciphertexts=tuple(ciphertexts),
        range_proofs=tuple(range_proofs),
        limit_proof=_branches(item, group),
        contest_hash=item.data("contest_hash", 32),
        data=_hashed(item, "encrypted_contest_data", group),
    )
    item.done()
    return contest


def _decrypted_contest(item: Item, group: Group) -> DecryptedContest:
    options = []
    for selection in item.items("selections"):
        options.append(
            DecryptedOption(
                label=selection.text("selection_id"),
                tally=selection.integer("tally", -(2**31)),
                T=selection.number("b_over_m", group.l_p),
                ciphertext=_ciphertext(selection, "encrypted_vote", group),
                proof=_proof(selection.item("proof"), group),
            )
        )
        selection.done()
    if item.has("ballot_count"):
        item.integer("ballot_count")
    data = _decrypted_data(item.item("decrypted_contest_data"), group) if item.has("decrypted_contest_data") else None
    made = DecryptedContest(item.text("contest_id"), tuple(options), data)
    item.done()
    return made


def _decrypted_data(item: Item, group: Group) -> DecryptedData:
    data = item.item("contest_data")
    status = data.choice("status", {name: name for name in _STATUS})
    plaintext = contest_data_plaintext(data.integers("over_votes", -(2**31)), data.texts("write_ins"), status)
    data.done()
    ciphertext = _hashed(item, "encrypted_contest_data", group)
    made = DecryptedData(plaintext, ciphertext, _proof(item.item("proof"), group), item.number("beta", group.l_p))
    item.done()
    return made
