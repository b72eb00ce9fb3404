"""Reads records in the JSON layout of egk-ec (foreign-records.md, section 3): rules of specification 2.0.0, checked by `edition_2_0.py`.

`private_data`, which test records carry, is never read.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from .arithmetic import Group
from .egk_ballots import read_ballot, read_decrypted
from .egk_manifest import read_manifest
from .egk_values import Constants, Decrypted, EncryptedTally, OldBallot, OldGuardian, TallyEntry
from .foreign_json import Item, decode_base64, exists, parse, read_file
from .model import Ciphertext, Manifest, Proof
from .source import Format, RecordError

__all__ = ["EgkSource", "open_record"]

_FILES = ("constants.json", "election_config.json", "election_initialized.json", "encrypted_tally.json", "manifest.json", "tally.json")
_FOLDERS = ("challenged_ballots", "encrypted_ballots", "private_data")
_HEX = re.compile(r"[1-9a-f][0-9a-f]*")
_DEVIATIONS = (
    "rules of specification 2.0.0, reported under the numbers of 2.1.0: one key, a Schnorr proof for each coefficient (2), ballot ids and "
    "the election id instead of selection encryption identifiers (5), challenged ballots decrypted by the guardians with proofs (13)",
    "the edition is protocolVersion of constants.json; config_version and the manifest's spec_version say nothing",
    "contest data is keyed under other labels than in 2.0.0 and C_1 is hashed as upper-case hexadecimal text (12)",
    "contest data of ballots that were not challenged is covered by no hash and no proof, and not checked",
    "an aggregate without ballots may be any encryption; its tally must be 0",
    "encrypted_sn, timestamp, ballot_count and metadata are covered by no hash and not checked",
)
_NOT_APPLICABLE = (
    ("3.B", "2.0.0 has no ballot data encryption key"),
    ("13.A", "challenged ballots are decrypted by the guardians; see 12"),
    *((item, "the confirmation codes are not chained") for item in ("8.E", "8.F", "8.G")),
)


@dataclass(frozen=True, slots=True)
class EgkSource:
    """An opened record under 2.0.0. `ballots` lists the ballots' files; they are read one at a time by `read`."""

    folder: Path
    group: Group
    format: Format
    constants: Constants
    n: int
    k: int
    h_p: bytes
    h_m: bytes
    h_b: bytes
    baux_0: bytes
    manifest: Manifest
    K: int
    h_e: bytes
    guardians: tuple[OldGuardian, ...]
    encrypted_tally: EncryptedTally
    tally: Decrypted
    challenged: tuple[Decrypted, ...]
    ballots: tuple[str, ...]

    def read(self, file: str) -> OldBallot:
        """One ballot. Raises RecordError."""
        return read_ballot(_object(self.folder, file), self.group)


def open_record(folder: Path, group: Group) -> EgkSource:
    """Reads everything but the ballots. Raises RecordError, also for what is not supported: other groups, chained codes."""
    for name in _names(folder, ""):
        if name not in (*_FILES, *_FOLDERS):
            raise RecordError(name, 0, "", "not a part of a record of egk-ec")
    config = _object(folder, "election_config.json")
    config.text("config_version")
    n, k = config.integer("number_of_guardians", 1, 2**16), config.integer("quorum", 1, 2**16)
    if config.flag("chain_confirmation_codes"):
        raise config.error("chain_confirmation_codes", "chained confirmation codes of specification 2.0.0 are not supported")
    try:
        baux_0 = decode_base64(config.text("baux0"))
    except ValueError as error:
        raise config.error("baux0", str(error)) from None
    h_p, h_m, h_b = (config.data(name, 32) for name in ("parameter_base_hash", "manifest_hash", "election_base_hash"))
    _metadata(config)
    config.done()
    initialized = _object(folder, "election_initialized.json")
    guardians = tuple(_guardian(item, group) for item in initialized.items("guardians"))
    K, h_e = initialized.number("joint_public_key", group.l_p), initialized.data("extended_base_hash", 32)
    _metadata(initialized)
    initialized.done()
    return EgkSource(
        folder=folder,
        group=group,
        format=Format("egk-json", (2, 0, 0), _DEVIATIONS, not_applicable=_NOT_APPLICABLE),
        constants=_constants(_object(folder, "constants.json")),
        n=n,
        k=k,
        h_p=h_p,
        h_m=h_m,
        h_b=h_b,
        baux_0=baux_0,
        manifest=read_manifest(read_file(folder, "manifest.json"), "manifest.json"),
        K=K,
        h_e=h_e,
        guardians=guardians,
        encrypted_tally=_encrypted_tally(_object(folder, "encrypted_tally.json"), group),
        tally=read_decrypted(_object(folder, "tally.json"), group, ""),
        challenged=tuple(read_decrypted(_object(folder, file), group, "dballot-") for file in _challenged(folder)),
        ballots=tuple(_ballots(folder)),
    )


def _object(folder: Path, file: str) -> Item:
    return Item(parse(read_file(folder, file), file), file)


def _names(folder: Path, place: str) -> list[str]:
    try:
        return sorted(entry.name for entry in (folder / place).iterdir())
    except OSError as error:
        raise RecordError(place or ".", 0, "", f"cannot be read: {error.strerror}") from None


def _challenged(folder: Path) -> list[str]:
    names = _names(folder, "challenged_ballots") if exists(folder, "challenged_ballots") else []
    return [f"challenged_ballots/{name}" for name in names]


def _ballots(folder: Path) -> list[str]:
    made = []
    for device in _names(folder, "encrypted_ballots"):
        for name in _names(folder, f"encrypted_ballots/{device}"):
            made.append(f"encrypted_ballots/{device}/{name}")
    return made


def _metadata(item: Item) -> None:
    """An optional object of texts, which mean nothing."""
    if item.has("metadata"):
        metadata = item.item("metadata")
        for member in metadata.members:
            metadata.text(member)


def _constants(item: Item) -> Constants:
    """Numbers in lower-case hexadecimal without leading zeros."""
    item.text("name")
    item.choice("type", {"IntegerGroup": ""})
    version = item.text("protocolVersion")
    constants = item.item("constants")
    numbers = []
    for member in ("largePrime", "smallPrime", "cofactor", "generator"):
        text = constants.text(member)
        if _HEX.fullmatch(text) is None or len(text) > 4096:
            raise constants.error(member, "expected lower-case hexadecimal digits")
        numbers.append(int(text, 16))
    constants.done()
    item.done()
    p, q, r, g = numbers
    return Constants(version, p, q, r, g)


def _guardian(item: Item, group: Group) -> OldGuardian:
    commitments, proofs = [], []
    for coefficient in item.items("coefficient_proofs"):
        commitments.append(coefficient.number("public_key", group.l_p))
        proofs.append(Proof(coefficient.number("challenge", group.l_q), coefficient.number("response", group.l_q)))
        coefficient.done()
    made = OldGuardian(item.integer("x_coordinate"), item.text("guardian_id"), tuple(commitments), tuple(proofs))
    item.done()
    return made


def _encrypted_tally(item: Item, group: Group) -> EncryptedTally:
    contests = []
    for contest in item.items("contests"):
        options, aggregates = [], []
        for selection in contest.items("selections"):
            options.append((selection.text("selection_id"), selection.integer("sequence_order")))
            pair = selection.item("encrypted_vote")
            aggregates.append(Ciphertext(pair.number("pad", group.l_p), pair.number("data", group.l_p)))
            pair.done()
            selection.done()
        if contest.has("ballot_count"):
            contest.integer("ballot_count")
        contests.append(TallyEntry(contest.integer("sequence_order"), contest.text("contest_id"), tuple(options), tuple(aggregates)))
        contest.done()
    made = EncryptedTally(item.text("tally_id"), tuple(contests), item.texts("cast_ballot_ids"), item.data("election_id", 32))
    item.done()
    return made
