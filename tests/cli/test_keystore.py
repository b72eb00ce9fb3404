"""Sealed files, and files that are written once."""

import errno
import json
import os
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cli import keystore
from cli.errors import PsephosError
from cli.keystore import ask_passphrase, erase, read_at_most, seal, unseal, write_new
from tests.cli.folders import Crash, Killed

PASSPHRASE = b"correct horse battery staple"


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    seal(tmp_path / "a.keys", b"the secret", "a purpose", PASSPHRASE)
    return tmp_path / "a.keys"


def test_another_passphrase_opens_nothing(sealed: Path) -> None:
    for wrong in (b"", PASSPHRASE + b" ", PASSPHRASE.upper()):
        with pytest.raises(PsephosError, match="the passphrase is wrong, or the file is damaged"):
            unseal(sealed, "a purpose", wrong)


def test_a_file_sealed_for_another_purpose_is_refused(sealed: Path) -> None:
    with pytest.raises(PsephosError, match="sealed for another purpose: 'a purpose', expected 'key share of guardian 2'"):
        unseal(sealed, "key share of guardian 2", PASSPHRASE)


def test_a_file_with_any_byte_changed_is_refused(sealed: Path) -> None:
    whole = sealed.read_bytes()
    for position, byte in enumerate(whole):
        for other in {byte ^ 1, byte ^ 0x20, 0}:  # 0x20: the other case of a hexadecimal digit
            sealed.write_bytes(whole[:position] + bytes([other]) + whole[position + 1 :])
            with pytest.raises(PsephosError):
                unseal(sealed, "a purpose", PASSPHRASE)


def test_a_file_that_is_cut_off_or_longer_is_refused(sealed: Path) -> None:
    whole = sealed.read_bytes()
    for changed in (b"", whole[:1], whole[:-1], whole[:-40], whole + b"\n", whole + whole, b" " + whole, b"\xef\xbb\xbf" + whole):
        sealed.write_bytes(changed)
        with pytest.raises(PsephosError):
            unseal(sealed, "a purpose", PASSPHRASE)


HOSTILE = {
    "memory_kib": [10**12, -1, 0, 32.0, "32", None, True, [32], {}, 10**400, float("nan")],
    "iterations": [10**12, -(10**30), 0, 1.5, "1", None, True, [1]],
    "lanes": [0, -1, 10**6, "4", None, [4]],
    "kdf": ["scrypt", None, 5, ["argon2id"]],
    "cipher": ["AES-128-GCM", "none", 0, None],
    "salt": ["", "00", "zz" * 16, 5, None, ["00"] * 32, "00" * 17, " " * 32],
    "nonce": ["", "00", "00 " * 12, 5, None, "00" * 13, "g" * 24],
    "purpose": [5, None, ["a purpose"], {"a": 1}, "\ud800"],
    "ciphertext": ["", "00", "0", 7, None, ["00"], "GG"],
    "another": [1],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_header_is_refused_before_it_costs_anything(sealed: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = json.loads(sealed.read_bytes())

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a key was derived")

    monkeypatch.setattr(keystore, "Argon2id", never)
    for value in HOSTILE[name]:
        if (name, value) == ("ciphertext", "") or (name, value) == ("ciphertext", "00"):
            continue  # well formed: refused below, after the key is derived
        sealed.write_text(json.dumps({**whole, name: value}) + "\n")
        with pytest.raises(PsephosError):
            unseal(sealed, "a purpose", PASSPHRASE)
    if name in whole:
        del whole[name]
        sealed.write_text(json.dumps(whole) + "\n")
        with pytest.raises(PsephosError):
            unseal(sealed, "a purpose", PASSPHRASE)


def test_a_ciphertext_without_its_tag_is_refused(sealed: Path) -> None:
    whole = json.loads(sealed.read_bytes())
    for ciphertext in ("", "00", "00" * 16):
        sealed.write_text(json.dumps({**whole, "ciphertext": ciphertext}) + "\n")
        with pytest.raises(PsephosError):
            unseal(sealed, "a purpose", PASSPHRASE)


@pytest.mark.parametrize(
    "content",
    [b"[" * 100_000, b'{"a":' * 100_000, b"[]\n", b"null\n", b"5\n", b'"text"\n', b"\xff\xfe", b"{}\n", b"NaN"],
    ids=range(9),
)
def test_what_is_no_sealed_file_at_all_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(PsephosError, match="not a sealed file of this program"):
        unseal(tmp_path / "x", "a purpose", PASSPHRASE)


def test_a_folder_a_pipe_and_a_huge_file_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(PsephosError, match="is not a file"):
            unseal(tmp_path / name, "a purpose", PASSPHRASE)
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(PsephosError, match="is larger than"):
        unseal(tmp_path / "huge", "a purpose", PASSPHRASE)


def test_too_little_memory_is_said_in_a_line(sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(**_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(keystore, "Argon2id", exhausted)
    with pytest.raises(PsephosError, match="of memory free"):
        unseal(sealed, "a purpose", PASSPHRASE)


def test_what_was_sealed_is_unsealed_and_only_its_owner_can_read_the_file(sealed: Path) -> None:
    assert unseal(sealed, "a purpose", PASSPHRASE) == b"the secret"
    assert sealed.stat().st_mode & 0o777 == 0o600
    assert b"the secret" not in sealed.read_bytes()


def test_two_files_of_the_same_secret_have_nothing_in_common(sealed: Path, tmp_path: Path) -> None:
    seal(tmp_path / "b.keys", b"the secret", "a purpose", PASSPHRASE)
    one, two = json.loads(sealed.read_bytes()), json.loads((tmp_path / "b.keys").read_bytes())
    assert {name for name in one if one[name] == two[name]} == {"purpose", "kdf", "memory_kib", "iterations", "lanes", "cipher"}


def test_nothing_is_ever_overwritten(sealed: Path, tmp_path: Path) -> None:
    before = sealed.read_bytes()
    with pytest.raises(PsephosError, match="exists already and is never overwritten"):
        seal(sealed, b"another", "a purpose", PASSPHRASE)
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(PsephosError, match="exists already and is never overwritten"):
        write_new(tmp_path / "link", b"x")
    assert sealed.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.keys", "link"]


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_stick_that_knows_no_links_gets_its_files_too_and_nothing_is_overwritten(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)
    write_new(tmp_path / "x", b"first")
    with pytest.raises(PsephosError, match="never overwritten"):
        write_new(tmp_path / "x", b"second")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("x", b"first")]


def test_a_disk_error_is_not_taken_for_a_stick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(OSError, match="Input/output"):
        write_new(tmp_path / "x", b"first")


def test_after_a_crash_anywhere_a_new_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    for at in range(1, 20):
        path, crash = tmp_path / f"{at}" / "x", Crash(at)
        path.parent.mkdir()
        try:
            with crash():
                write_new(path, b"content")
            break
        except Killed:
            assert not path.exists() or path.read_bytes() == b"content"
            if not path.exists():
                write_new(path, b"content")
            assert path.read_bytes() == b"content"
    assert at > 2


def test_after_a_crash_anywhere_an_erased_file_is_there_whole_or_gone_and_erased_when_asked_again(sealed: Path) -> None:
    whole = sealed.read_bytes()
    for at in range(1, 20):
        sealed.write_bytes(whole)
        crash = Crash(at)
        try:
            with crash():
                erase(sealed)
            break
        except Killed:
            assert not sealed.exists() or sealed.read_bytes() == whole
            erase(sealed)
            assert list(sealed.parent.iterdir()) == []
    assert at > 2


def test_erasing_reaches_every_name_of_the_file(sealed: Path, tmp_path: Path) -> None:
    os.link(sealed, tmp_path / "draft that a crash left")
    whole = sealed.read_bytes()
    erase(sealed)
    left = (tmp_path / "draft that a crash left").read_bytes()
    assert len(left) == len(whole)
    assert left[:20] != whole[:20]


def test_a_short_passphrase_is_refused_when_it_is_new_and_not_when_it_opens_something(tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    for short in ("", "eleven char", " " * 40, "short      \n" + "x" * 40):
        file.write_text(short)
        with pytest.raises(PsephosError, match="take at least 12"):
            ask_passphrase(file, confirm=True)
    assert ask_passphrase(file) == b"short      "


def test_a_passphrase_file_that_is_no_text_is_refused_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PsephosError, match="is not a text in UTF-8"):
        ask_passphrase(tmp_path / "passphrase")


def test_a_passphrase_is_the_first_line_whatever_editor_or_keyboard_wrote_it(tmp_path: Path) -> None:
    found = set()
    for text in ("caf\xe9 on the corner", "caf\xe9 on the corner\n", "caf\xe9 on the corner\r\nmore", "cafe\u0301 on the corner\n"):
        (tmp_path / "passphrase").write_bytes(text.encode())
        found.add(ask_passphrase(tmp_path / "passphrase", confirm=True))
    assert found == {"café on the corner".encode()}


def test_a_typed_passphrase_is_not_shown_and_asked_twice_if_it_is_new() -> None:
    @click.command()
    def command() -> None:
        click.echo(len(ask_passphrase(None, confirm=True)))

    result = CliRunner().invoke(command, input="a passphrase typed\nanother passphrase\na passphrase typed\na passphrase typed\n")
    assert result.exit_code == 0
    assert "do not match" in result.output
    assert "typed" not in result.output


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    write_new(tmp_path / "x", b"12345")
    assert read_at_most(tmp_path / "x", 5) == b"12345"
    with pytest.raises(PsephosError, match="larger than 4 bytes"):
        read_at_most(tmp_path / "x", 4)
