"""A file as rows of text, whatever a union has saved: CSV, TSV or semicolons in any usual encoding, XLSX, ODS.

Rows are numbered as a spreadsheet shows them, from 1. What a cell is about is not known here.
"""

import codecs
import csv
import io
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, BinaryIO

from charset_normalizer import from_bytes

from api.errors import Invalid
from api.users.unpacking import LARGEST as LARGEST_SPREADSHEET

__all__ = ["LARGEST", "MOST_COLUMNS", "MOST_ROWS", "Converted", "FileRefused", "Layout", "Open", "Row", "Table", "read_table"]

LARGEST = 512 * 2**20
"""Bytes of a file of text; of a spreadsheet see `unpacking`."""
MOST_ROWS = 2_000_000
MOST_COLUMNS = 200
_BLOCK = 2**20
_SAMPLE = 2**16  # bytes that an encoding is guessed from
_DELIMITERS = ",;\t|"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_LIKE = {"mac_iceland": "mac_roman", "mac_latin2": "mac_roman", "cp437": "cp850", "cp858": "cp850", "ascii": "utf-8", "utf_8": "utf-8"}
_WESTERN = ("cp1252", "latin_1", "iso8859_15", "iso8859_14")

Open = Callable[[], BinaryIO]
"""Opens the file from its beginning; it may be called again."""
Row = tuple[int, list[str]]


class FileRefused(Invalid):
    """A file that cannot be read as rows at all."""

    title = "Roll not taken"


class Converted(str):
    """Text of a cell that is no text in the spreadsheet: a number or a date, so that leading zeros, or digits, may be lost."""

    __slots__ = ("kind",)
    kind: str

    def __new__(cls, kind: str, text: str) -> "Converted":
        """`kind` is number or date."""
        made = super().__new__(cls, text)
        made.kind = kind
        return made


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file was read: `kind` is text, xlsx or ods; encoding and delimiter of text; the sheet of a spreadsheet, and all there are."""

    kind: str
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """The layout, and the rows, once; the first is that of the names. Raises FileRefused where the file cannot be read further."""

    layout: Layout
    rows: Iterator[Row] = field(repr=False)


@contextmanager
def read_table(opened: Open, *, encoding: str = "", sheet: str = "") -> Iterator[Table]:
    """A context with the file's table. `encoding` and `sheet` go before what would be guessed. Raises FileRefused."""
    with opened() as file:
        head = file.read(_SAMPLE)
    if not head.strip():
        raise FileRefused("the file is empty")
    if head.startswith(b"PK\x03\x04"):
        with _spreadsheet(opened, sheet) as table:
            yield Table(table.layout, _bounded(table.rows))
        return
    if head.startswith((b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b", b"PK")):
        raise FileRefused("the file is no CSV, XLSX or ODS; an older spreadsheet, or one under a password, has to be saved again as XLSX")
    if sheet:
        raise FileRefused("the file is text and has no sheets")
    found = _encoding(opened, head, encoding)
    with opened() as file, io.TextIOWrapper(file, found, errors="replace", newline="") as text:
        delimiter = _delimiter(text.read(_SAMPLE))
    with opened() as file, io.TextIOWrapper(file, found, errors="replace", newline="") as text:
        yield Table(Layout("text", found.removesuffix("-sig"), delimiter), _bounded(_text_rows(text, delimiter)))


def _bounded(rows: Iterator[Row]) -> Iterator[Row]:
    for number, cells in rows:
        if number > MOST_ROWS:
            raise FileRefused(f"the file has more than {MOST_ROWS} rows")
        if len(cells) > MOST_COLUMNS:
            raise FileRefused(f"row {number}: has more than {MOST_COLUMNS} columns")
        yield number, cells


def _text_rows(text: io.TextIOWrapper, delimiter: str) -> Iterator[Row]:
    number = 0
    try:
        for cells in csv.reader(text, delimiter=delimiter, strict=True):
            number += 1
            yield number, cells
    except csv.Error:
        problem = "a quotation mark is out of place, or a cell is too long; nothing behind it was read"
        raise FileRefused(f"row {number + 1}: {problem}") from None


def _delimiter(head: str) -> str:
    """The one that the first line with anything in it has most of, outside of quotation marks."""
    line = next((each for each in head.splitlines() if each.strip()), "")
    bare = "".join(line.split('"')[::2])
    return max(_DELIMITERS, key=bare.count)


def _encoding(opened: Open, head: bytes, wanted: str) -> str:
    """The mark at the beginning says it; else whoever sends the file; else UTF-8 if all of it is; else what looks most like it."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    if wanted:
        with suppress(LookupError):
            if codecs.lookup(wanted).name not in ("utf-7", "idna", "punycode") and isinstance(b"a".decode(wanted), str):
                return wanted
        raise FileRefused("there is no such encoding; utf-8, cp1252 and mac_roman are usual")
    for name, zeros in (("utf-16-le", head[1:200:2]), ("utf-16-be", head[0:200:2])):
        if len(head) > 3 and zeros.count(0) > 0.9 * len(zeros):
            return name
    sample = _not_utf_8(opened)
    if not sample:
        return "utf-8"
    matches = [each.encoding for each in from_bytes(sample)]
    if not matches or set(matches) & set(_WESTERN):  # what is so often right goes before what fits a little better
        return "cp1252"
    return _LIKE.get(matches[0], matches[0])


def _not_utf_8(opened: Open) -> bytes:
    """Empty if all of the file is UTF-8; else lines with other characters than those of ASCII, as many as an encoding is guessed from."""
    decoder, ascii_only = codecs.getincrementaldecoder("utf-8")(), True
    with opened() as file:
        try:
            while block := file.read(_BLOCK):
                if not (ascii_only and block.isascii()):
                    ascii_only = False
                    decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            pass
        else:
            return b""
    sample = bytearray()
    with opened() as file:
        for line in file:
            if not line[:10_000].isascii():
                sample += line[:10_000]
            if len(sample) > _SAMPLE:
                break
    return bytes(sample) or b"\xff"


@contextmanager
def _spreadsheet(opened: Open, sheet: str) -> Iterator[Table]:
    """The table of XLSX or ODS, read by a process of its own (see `unpacking`)."""
    command = [sys.executable, "-I", "-m", "api.users.unpacking", *([json.dumps(sheet)] if sheet else [])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("both are asked for above")
        feeding = threading.Thread(target=_feed, args=(opened, process.stdin), daemon=True)
        feeding.start()
        try:
            first = _line(process.stdout)
            if not isinstance(first, dict) or "sheet" not in first:
                raise FileRefused(f"the spreadsheet cannot be read: {first['refused'] if isinstance(first, dict) else 'it is damaged'}")
            yield Table(Layout(first["kind"], sheet=first["sheet"], sheets=tuple(first["sheets"])), _sheet_rows(process.stdout))
        finally:
            process.kill()
            feeding.join()


def _feed(opened: Open, stdin: IO[bytes]) -> None:
    with suppress(OSError, ValueError), opened() as file, stdin:
        sent = 0
        while sent <= LARGEST_SPREADSHEET and (block := file.read(_BLOCK)):
            stdin.write(block)
            sent += len(block)


def _line(stdout: IO[bytes]) -> object:
    line = stdout.readline()
    if not line:
        raise FileRefused("the spreadsheet cannot be read: it is damaged, or needs too much memory or time; save it as CSV UTF-8")
    return json.loads(line)


def _sheet_rows(stdout: IO[bytes]) -> Iterator[Row]:
    while True:
        found = _line(stdout)
        if isinstance(found, dict):
            if "refused" in found:
                raise FileRefused(f"the spreadsheet cannot be read: {found['refused']}")
            return
        if not isinstance(found, list):
            raise FileRefused("the spreadsheet cannot be read")
        number, *cells = found
        while cells and cells[-1] == "":
            cells.pop()
        yield number, [Converted(*cell) if isinstance(cell, list) else cell for cell in cells]
