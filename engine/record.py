"""The published record: which files there are and what is in them, written from an allow-list (§3.7; record-format.md)."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from engine.ballot import CAST, CHALLENGED, DEVICE, DISCOUNTED, OpenedBallot
from engine.decryption import DecryptedTally
from engine.encoding import from_json, member, to_json
from engine.errors import FormatError, ManifestError, ProofError
from engine.group import STANDARD, Element, Group
from engine.key_ceremony import Acknowledgement, GuardianPublicKeys
from engine.log import RecordLog, log_of
from engine.manifest import WITNESSED, read_manifest
from engine.parameters import Election, ElectionParameters, election_parameters
from engine.tally import BallotSet

PROFILE, SIGNATURE, LOG = "profile.json", "signature.json", "log.json"
PARAMETERS, MANIFEST = "election_parameters.json", "election_manifest.json"
BALLOTS = f"ballots/device_{DEVICE}.jsonl"


@dataclass(frozen=True, slots=True)
class VersionNumber:
    """`ElectionGuard_Design_Specification_version`."""

    number: tuple[int, ...] = member()


@dataclass(frozen=True, slots=True)
class GenerationParameters:
    """How p and q were made (§3.1.1)."""

    q_bits_total: int = member()
    p_bits_total: int = member()
    p_bits_msb_fixed_1: int = member()
    p_middle_bits_source: str = member()
    p_bits_lsb_fixed_1: int = member()


@dataclass(frozen=True, slots=True)
class FieldParameters:
    """q, the order of the field of exponents."""

    q: bytes = member()


@dataclass(frozen=True, slots=True)
class GroupParameters:
    """p, g and again q."""

    p: bytes = member()
    g: bytes = member()
    q: bytes = member()


@dataclass(frozen=True, slots=True)
class FixedParameters:
    """What the specification fixes."""

    version: VersionNumber = member("ElectionGuard_Design_Specification_version")
    generation_parameters: GenerationParameters = member()
    field: FieldParameters = member()
    group: GroupParameters = member()


@dataclass(frozen=True, slots=True)
class VaryingParameters:
    """What each election chooses."""

    n: int = member()
    k: int = member()
    info: str = member()
    date: str = member()
    ballot_chaining: str = member()


@dataclass(frozen=True, slots=True)
class ParametersFile:
    """`election_parameters.json`, the official file."""

    fixed_parameters: FixedParameters = member()
    varying_parameters: VaryingParameters = member()


@dataclass(frozen=True, slots=True)
class Hashes:
    """`hashes.json`."""

    parameter_base_hash: bytes = member("h_p", length=32)
    election_base_hash: bytes = member("h_b", length=32)


@dataclass(frozen=True, slots=True)
class ExtendedHash:
    """`hashes_ext.json`."""

    extended_base_hash: bytes = member("h_e", length=32)


@dataclass(frozen=True, slots=True)
class JointKeys:
    """`joint_public_keys.json`: K and K̂."""

    vote_encryption_key: Element = member("joint_vote_encryption_public_key")
    ballot_data_encryption_key: Element = member("joint_ballot_data_encryption_public_key")


@dataclass(frozen=True, slots=True)
class Device:
    """The one device that stands for the service."""

    index: int = member("device_ix")
    information: str = member("device_information")
    kind: str = member()
    chaining_mode: str = member()
    device_hash: bytes = member("h_di", length=32)
    ballot_count: int = member()


@dataclass(frozen=True, slots=True)
class Devices:
    """`voting_devices.json`."""

    devices: tuple[Device, ...] = member()


@dataclass(frozen=True, slots=True)
class StateCounts:
    """How many ballots there are of each state."""

    cast: int = member()
    discounted: int = member()
    challenged: int = member()


@dataclass(frozen=True, slots=True)
class StyleCounts:
    """The same for one ballot style."""

    style: int = member("ballot_style_ix")
    cast: int = member()
    discounted: int = member()
    challenged: int = member()


@dataclass(frozen=True, slots=True)
class Totals:
    """`totals.json`."""

    ballots: StateCounts = member()
    styles: tuple[StyleCounts, ...] = member("ballot_styles")
    statement: str | None = member()


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file of the record and its SHA-256."""

    path: str = member()
    sha256: bytes = member(length=32)


@dataclass(frozen=True, slots=True)
class Profile:
    """`profile.json`."""

    profile: str = member()
    version: int = member()
    kind: str = member()
    files: tuple[ListedFile, ...] = member()


@dataclass(frozen=True, slots=True)
class Signature:
    """`signature.json`."""

    date: str = member()
    signature: bytes = member(length=64)


@dataclass(frozen=True)
class Record:
    """What is published, and nothing else. `ballots` yields the canonical bytes of each ballot with its state, ascending by code. `log` is
    given if, and only if, the manifest says that there is one."""

    election: Election
    guardians: Sequence[GuardianPublicKeys]
    acknowledgements: Sequence[Acknowledgement]
    ballots: Iterable[bytes]
    found: BallotSet
    tally: DecryptedTally
    openings: Sequence[OpenedBallot]
    log: RecordLog | None = None


def parameters_file(parameters: ElectionParameters) -> ParametersFile:
    """`election_parameters.json` of these parameters."""
    group, voting = parameters.group, parameters.manifest.voting
    q = group.q.to_bytes(group.scalar_length, "big")
    generation = GenerationParameters(group.q.bit_length(), group.p.bit_length(), 256, "ln_2", 256)
    shown = GroupParameters(group.p.to_bytes(group.element_length, "big"), group.g.to_bytes(), q)
    varying = VaryingParameters(
        parameters.guardian_count, parameters.quorum, parameters.manifest.label, voting.opens[:10], "Prohibited"
    )
    return ParametersFile(FixedParameters(VersionNumber((2, 1, 0)), generation, FieldParameters(q), shown), varying)


def write_parameters(folder: Path, parameters: ElectionParameters) -> None:
    """Writes what must be known before the key ceremony: parameters, manifest and hashes."""
    _write(folder / PARAMETERS, to_json(parameters_file(parameters)))
    _write(folder / MANIFEST, parameters.manifest.content)
    _write(folder / "hashes.json", to_json(Hashes(parameters.parameter_base_hash, parameters.election_base_hash)))


def read_parameters(folder: Path, group: Group = STANDARD) -> ElectionParameters:
    """Reads back what `write_parameters` wrote, trusting only the manifest and n, k. Raises EngineError."""
    manifest = read_manifest((folder / MANIFEST).read_bytes())
    content = (folder / PARAMETERS).read_bytes()
    varying = from_json(ParametersFile, content, group).varying_parameters
    parameters = election_parameters(group, manifest, varying.n, varying.k)
    hashes = to_json(Hashes(parameters.parameter_base_hash, parameters.election_base_hash))
    if content != to_json(parameters_file(parameters)) or (folder / "hashes.json").read_bytes() != hashes:
        raise FormatError(f"{folder}: parameters or hashes are not those of this manifest (1.A to 1.F)")
    return parameters


def write_keys(folder: Path, election: Election, keys: Sequence[GuardianPublicKeys], acknowledgements: Sequence[Acknowledgement]) -> None:
    """Writes what the key ceremony publishes: guardians' keys, joint keys, H_E, acknowledgements."""
    (folder / "guardians").mkdir(exist_ok=True)
    for each in keys:
        _write(folder / f"guardians/guardian_{each.index}.public_key.json", to_json(each))
    _write(folder / "joint_public_keys.json", to_json(JointKeys(election.vote_encryption_key, election.ballot_data_encryption_key)))
    _write(folder / "hashes_ext.json", to_json(ExtendedHash(election.extended_base_hash)))
    _write(folder / "acknowledgements.jsonl", b"".join(to_json(each) + b"\n" for each in acknowledgements))


def write_record(folder: Path, record: Record, signing_key: bytes, date: datetime) -> None:
    """Writes the whole record into `folder`, which must be empty or new, and signs it. Same input, same bytes.

    `signing_key` is the scrutineer's Ed25519 private key, 32 bytes, a secret. Raises as `write_unsigned`, and ManifestError for a date
    before the close or after `record_due`: such a record would not verify (X15).
    """
    check_date(record.election, date)
    write_unsigned(folder, record)
    sign_record(folder, signing_key, date)


def check_date(election: Election, date: datetime) -> None:
    """Raises ManifestError unless a record may be signed at that time."""
    manifest = election.manifest
    if not manifest.closes <= date <= manifest.record_due:
        raise ManifestError(f"a record is signed from {manifest.voting.closes} to {manifest.voting.record_due}")


def write_unsigned(folder: Path, record: Record) -> bytes:
    """Writes all of the record but its signature into `folder`, which must be empty or new, and answers the record's hash, 32 bytes.

    Raises FileExistsError; ManifestError if there is a log and the manifest does not say so, or the other way round (X13); ProofError if
    the log is not that of these ballots (X11).
    """
    election, found, manifest = record.election, record.found, record.election.manifest
    if (record.log is None) != (manifest.voting.log is None):
        raise ManifestError("a record has a log if, and only if, the manifest says so (X13)")
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty")
    write_parameters(folder, election.parameters)
    write_keys(folder, election, record.guardians, record.acknowledgements)
    (folder / "ballots").mkdir()
    with (folder / BALLOTS).open("wb") as file:
        if record.log is None:
            file.writelines(line + b"\n" for line in record.ballots)
        elif log_of(_written(record.ballots, file)) != record.log.stated:
            raise ProofError("the log is not that of these ballots (X11)")
    if record.log is not None:
        _write(folder / LOG, to_json(record.log))
    voting = manifest.voting
    count = found.states.total()
    device = Device(DEVICE, voting.device_information, "Regular", voting.chaining_mode, election.device_hash, count)
    _write(folder / "voting_devices.json", to_json(Devices((device,))))
    _write(folder / "tally.json", to_json(record.tally))
    _write(folder / "challenged_ballots.jsonl", b"".join(to_json(each) + b"\n" for each in record.openings))
    _write(folder / "totals.json", to_json(totals(found, len(manifest.ballot_styles))))
    return _write_profile(folder)


def totals(found: BallotSet, styles: int) -> Totals:
    """`totals.json` of these ballots."""
    def counts(style: int) -> tuple[int, int, int]:
        cast, discounted, challenged = (found.states[style, state] for state in (CAST, DISCOUNTED, CHALLENGED))
        return cast, discounted, challenged

    each = [counts(style) for style in range(1, styles + 1)]
    whole = StateCounts(*(sum(column) for column in zip(*each, strict=True)))
    by_style = tuple(StyleCounts(style, *numbers) for style, numbers in enumerate(each, 1))
    return Totals(whole, by_style, None if whole.cast else "No ballot was cast.")


def sign_record(folder: Path, signing_key: bytes, date: datetime) -> None:
    """Writes `profile.json` over every file in `folder`, then `signature.json` (record-format.md, 2.1, 2.11). With a log the kind is
    witnessed, otherwise offline."""
    signed = signed_bytes(_write_profile(folder), as_date(date))
    add_signature(folder, date, Ed25519PrivateKey.from_private_bytes(signing_key).sign(signed))


def add_signature(folder: Path, date: datetime, signature: bytes) -> None:
    """Writes `signature.json`: an Ed25519 signature, 64 bytes, over `signed_bytes`. Whether it is one is not looked at here."""
    _write(folder / SIGNATURE, to_json(Signature(as_date(date), signature)))


def as_date(moment: datetime) -> str:
    """A time as records have it: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _write_profile(folder: Path) -> bytes:
    listed = tuple(ListedFile(path, digest(folder / path)) for path in sorted(_files(folder)))
    _write(folder / PROFILE, to_json(Profile("psephos", 1, WITNESSED if (folder / LOG).exists() else "offline", listed)))
    return digest(folder / PROFILE)


def signed_bytes(profile_digest: bytes, date: str) -> bytes:
    """What the signature is over."""
    return b"psephos election record v1\n" + profile_digest.hex().upper().encode() + b"\n" + date.encode() + b"\n"


def digest(path: Path) -> bytes:
    """SHA-256 of a file, 32 bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def read_lines(path: Path) -> Iterator[bytes]:
    """The lines of a `.jsonl` file without their LF. Raises FormatError if the last one is not ended."""
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                raise FormatError(f"{path.name}: the last line is not ended")
            yield line[:-1]


def _written(lines: Iterable[bytes], file: BinaryIO) -> Iterator[bytes]:
    """The same lines, each once it is written."""
    for line in lines:
        file.write(line + b"\n")
        yield line


def _files(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in (PROFILE, SIGNATURE):
            yield name


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
