"""The verifier's readers meet 100,000 malformed files: each is read or refused with RecordError, and nothing else happens.

And whole records with damaged, linked, missing or surplus files never verify and never make the verifier fail. All seeds are fixed.
"""

import gc
import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.forging import BALLOTS, TOY, Folder, contents_of, e0
from tests.verifier.checking import failed, remembering, run
from verifier.ballot_files import read_ballot, read_contest_data_decryption, read_opening, read_tally
from verifier.own_files import read_acknowledgement, read_profile, read_signature, read_totals
from verifier.setup_files import read_devices, read_guardian, read_hashes, read_joint_keys, read_manifest, read_parameters
from verifier.source import RecordError
from verifier.strict_json import canonical, parse

INPUTS = 100_000
PARTS = 10

Reader = Callable[[bytes], Any]


def node(read: Callable[..., Any], *arguments: Any) -> Reader:
    return lambda content: read(parse(content, "file"), *arguments)


def readers(own: bool) -> dict[str, Reader]:
    """A reader for each file, or each line."""
    return {
        "election_parameters.json": node(read_parameters, TOY, own),
        "election_manifest.json": lambda content: read_manifest(content, "file", own),
        "hashes.json": node(read_hashes),
        "hashes_ext.json": lambda content: parse(content, "file").members("h_e")["h_e"].hex(32),
        "joint_public_keys.json": node(read_joint_keys, TOY),
        "guardians/guardian_1.public_key.json": node(read_guardian, TOY),
        "voting_devices.json": node(read_devices),
        "ballots/device_1.jsonl": lambda content: read_ballot(parse(content, "file", 1), 1, TOY, own),
        "challenged_ballots.jsonl": node(read_opening, TOY, own),
        "tally.json": node(read_tally, TOY),
        "acknowledgements.jsonl": node(read_acknowledgement, TOY),
        "totals.json": node(read_totals),
        "profile.json": node(read_profile),
        "signature.json": node(read_signature),
        "contest_data_decryptions.jsonl": node(read_contest_data_decryption, TOY),
    }


def seeds() -> list[tuple[str, Reader, bytes]]:
    """Every file, or the first lines of it, in both layouts, with contest data and chaining too."""
    found = []
    for own, how in ((True, {}), (False, {"layout": "eg21-json", "data_blocks": 1}), (False, {"layout": "eg21-json", "chained": True})):
        _, _, files = e0(**how)
        contents = contents_of(files, own=own)
        for name, read in readers(own).items():
            if name in contents:
                parts = contents[name].split(b"\n")[:4] if name.endswith(".jsonl") else [contents[name]]
                found += [(name, read, part) for part in parts if part]
    return found


TOKENS = [
    b"null", b"true", b"false", b"0", b"-0", b"-1", b"1", b"2", b"1.0", b"1e400", b"-1e9", b"NaN", b"Infinity", b"-Infinity",
    b"2147483648", b"9" * 99, b"9" * 101, b"9" * 5000, b"-" + b"9" * 60, b"1E2", b"00", b"0x10", b"[]", b"{}", b'""',
    b'"' + b"0" * 64 + b'"', b'"\\u0000"', b'"\\ud800"', b'"\\udfff\\ud800"', b'"\\u00e9"', b'"\xc3\xa9"', b'"e\xcc\x81"',
    b'"\xef\xbb\xbf"', b'"\xe2\x80\xae"', b'"\xf4\x90\x80\x80"', b'"\xed\xa0\x80"', b'"\xc0\x80"', b'"\\/"', b'"\t"', b'"\\x"',
    b"[" * 300, b"{" * 300, b'{"a":' * 60, b"[[[[[[[[]]]]]]]]", b"'a'", b"//", b"/**/", b"\xef\xbb\xbf", b"\xff\xfe", b"\x00",
    b"\xe2\x80\xa8", b"\x85", b"\r\n", b",", b":", b'"', b"\\", b" ", b"NO_LIMIT", b'"CONTEST_LIMIT"', "\uff11".encode(),
    "\u0661".encode(), '"\u0660\u0660"'.encode(), b'"1_0"', b'"+1"', b'"0000000001"', b'"4294967297"',
]  # fmt: skip


def spans(content: bytes) -> list[tuple[int, int]]:
    """Where values stand, roughly: strings and what lies between punctuation."""
    found, start = [], 0
    for at, byte in enumerate(content):
        if byte in b"{}[],:":
            if at > start:
                found.append((start, at))
            start = at + 1
    return found or [(0, len(content))]


def damage(random: random.Random, content: bytes, other: bytes) -> bytes:
    """One of many kinds of damage."""
    kind = random.randrange(12)
    at = random.randrange(len(content))
    if kind == 0:
        return content[:at] + bytes([content[at] ^ 1 << random.randrange(8)]) + content[at + 1 :]
    if kind == 1:
        return content[:at]
    if kind == 2:
        return content[at:]
    if kind == 3:
        return content[:at] + random.choice(TOKENS) + content[at:]
    if kind in (4, 5, 6):
        start, end = random.choice(spans(content))
        return content[:start] + random.choice(TOKENS) + content[end:]
    if kind == 7:
        start, end = random.choice(spans(content))
        first, last = random.choice(spans(other))
        return content[:start] + other[first:last] + content[end:]
    if kind == 8:  # a piece twice: members and items
        start, end = sorted((at, random.randrange(len(content))))
        return content[:end] + content[start : min(end, start + 4000)] + content[end:]
    if kind == 9:
        start = random.randrange(len(content))
        return content[:start] + content[start + random.randrange(1, 80) :]
    if kind == 10:
        return bytes(random.choices(content, k=random.randrange(1, 60)))
    value = json.loads(content)
    place, names = value, []
    while isinstance(place, (dict, list)) and place and len(names) < random.randrange(1, 9):
        names.append((place, random.choice(list(place) if isinstance(place, dict) else range(len(place)))))
        place = place[names[-1][1]]
    parent, name = names[-1]
    parent[name] = random.choice([None, True, 0, -1, 2**31, 2**64, 10**120, 1.5, "", "x", "é", [], {}, [place], {"a": place}, [place] * 50])
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("part", range(PARTS))
def test_malformed_files_are_read_or_refused_with_a_record_error(part: int) -> None:
    generator = random.Random(part)
    files = seeds()
    refused = 0
    gc.disable()
    try:
        for _ in range(INPUTS // PARTS):
            _, read, content = generator.choice(files)
            _, _, other = generator.choice(files)
            damaged = damage(generator, content, other)
            if generator.randrange(4) == 0:
                damaged = damage(generator, damaged, other) if _is_json(damaged) else damaged
            try:
                read(damaged)
            except RecordError:
                refused += 1
            else:
                assert canonical(json.loads(damaged)) == damaged  # what is read is in the one form of its value
    finally:
        gc.enable()
    assert refused > INPUTS // PARTS // 2


def _is_json(content: bytes) -> bool:
    try:
        return isinstance(json.loads(content), (dict, list)) and bool(content)
    except ValueError:
        return False
    except RecursionError:
        return False


@pytest.mark.parametrize("depth", [100, 1000, 5000, 100_000])
@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
def test_deep_nesting_is_refused(depth: int, opening: bytes) -> None:
    closing = {b"[": b"]", b'{"a":': b"}", b'[{"a":': b"}]"}[opening]
    for content in (opening * depth, opening * depth + b"1" + closing * depth):
        for read in readers(own=True).values():
            with pytest.raises(RecordError):
                read(content)


def test_huge_numbers_and_texts_are_refused() -> None:
    for content in (b"9" * 10**6, b'{"label":' + b"9" * 10**6 + b"}", b'"' + b"A" * 10**6 + b'"', b'{"h_e":"' + b"A" * 10**6 + b'"}',
                    b"-" * 10**6, b"[" + b"1," * 10**5 + b"1]", b'{"a":1' + b',"a":1' * 10**4 + b"}"):  # fmt: skip
        for read in readers(own=True).values():
            with pytest.raises(RecordError):
                read(content)


# Whole folders


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, bytes], Folder]]:
    _, _, files = e0()
    with remembering():
        yield contents_of(files), Folder(tmp_path_factory.mktemp("record"))


@pytest.mark.parametrize("part", range(4))
def test_a_record_with_a_damaged_file_never_verifies(part: int, record: tuple[dict[str, bytes], Folder]) -> None:
    contents, folder = record
    generator = random.Random(part)
    for _ in range(150):
        name = generator.choice(sorted(contents))
        content = contents[name]
        whole = damage(generator, content, content) if not name.endswith(".jsonl") else _damaged_line(generator, content)
        if whole == content:
            continue
        report = run(folder.put({**contents, name: whole}))
        assert report.exit_status in (1, 2), name
        assert failed(report) & {"X7", "X15"}
        assert json.loads(report.json())["verified"] is False
        assert report.text()
    assert run(folder.put(contents)).exit_status == 0


def _damaged_line(generator: random.Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    place = generator.randrange(len(lines) - 1)
    lines[place] = damage(generator, lines[place], lines[0])
    return b"\n".join(lines)


@pytest.mark.parametrize("part", range(4))
def test_a_record_with_changed_bytes_in_the_layout_of_others_never_fails_to_be_judged(part: int, tmp_path: Path) -> None:
    """Without digests a byte may change and mean nothing only where no check looks: there is no such place but a guardian's name, the
    label, date and other texts of the parameters, the way p is made in toy groups, and encrypted nonces."""
    _, _, files = e0(layout="eg21-json")
    contents, folder = contents_of(files, own=False), Folder(tmp_path)
    generator = random.Random(part)
    with remembering():
        for _ in range(100):
            name = generator.choice(sorted(contents))
            content = bytearray(contents[name])
            at = generator.randrange(len(content))
            content[at] ^= 1 << generator.randrange(8)
            report = run(folder.put({**contents, name: bytes(content)}), layout="eg21-json")
            line = bytes(content[content.rfind(b"\n", 0, at) + 1 : at])
            loose = name == "election_parameters.json"
            loose |= name.startswith("guardians/") and b"coefficient" not in line
            loose |= name == BALLOTS and (b"ballot_nonce_ciphertext" in line or b'"ballot_state"' not in line or line.count(b'"') < 12)
            assert report.exit_status in (1, 2) or loose, (name, at)


def _put_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _put_link(path: Path) -> None:
    moved = path.parent.parent / f"moved {path.name}" if path.parent.name != "record" else path.parent.parent / path.name
    shutil.move(path, moved)
    path.symlink_to(moved)


def _put_hard_link_loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


def _put_empty(path: Path) -> None:
    path.write_bytes(b"")


def _put_nothing(path: Path) -> None:
    path.unlink()


def _put_other_case(path: Path) -> None:
    shutil.move(path, path.with_name(path.name.upper()))


def _put_huge(path: Path) -> None:
    with path.open("ab") as file:
        file.truncate(2**26 + 1)


def _put_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _put_newline(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def _put_without_last_byte(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


HARM = {"a folder": _put_directory, "a link": _put_link, "a loop": _put_hard_link_loop, "empty": _put_empty, "missing": _put_nothing,
        "another case": _put_other_case, "huge": _put_huge, "a pipe": _put_pipe, "a newline more": _put_newline,
        "a byte less": _put_without_last_byte}  # fmt: skip


@pytest.mark.parametrize("harm", HARM)
def test_a_file_that_is_no_proper_file_is_never_verified(harm: str, tmp_path: Path) -> None:
    _, _, files = e0()
    contents = contents_of(files)
    with remembering():
        for name in contents:
            folder = tmp_path / str(len(list(tmp_path.iterdir()))) / "record"
            folder.parent.mkdir()
            Folder(folder).put(contents)
            if harm == "empty" and not contents[name]:
                continue
            HARM[harm](folder / name)
            report = run(folder)
            assert report.exit_status in (1, 2), name
            assert failed(report) & {"X7", "X15"}, name


@pytest.mark.parametrize(
    "name",
    ["notes.txt", ".hidden", "ballots/device_2.jsonl", "guardians/guardian_6.public_key.json", "a\\b", "é.json", "Tally.json", "\udcff",
     "guardians/Guardian_1.public_key.json", "line\nend", "x" * 200],
)  # fmt: skip
def test_a_surplus_file_is_never_verified(name: str, tmp_path: Path) -> None:
    _, _, files = e0()
    with remembering():
        folder = Folder(tmp_path / "record").put(contents_of(files))
        (folder / name).write_bytes(b"{}")
        report = run(folder)
    assert report.exit_status in (1, 2)
    assert failed(report) & {"X7", "X15"}
    assert report.text().encode("utf-8", "replace")
    assert report.json()


def test_a_folder_that_is_none_is_unreadable(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"{}")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    for folder in (file, link, tmp_path / "missing", tmp_path):
        for layout in ("psephos", "eg21-json", "egrf-json", "egk-json"):
            assert run(folder, layout=layout).exit_status == 2
