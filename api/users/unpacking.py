"""Opens a spreadsheet in a process of its own, whose memory and time are bounded: whatever the file does to it, the service goes on.

    python -I -m api.users.unpacking [SHEET]     SHEET is JSON; the file on standard input; JSON on standard output, one value a line:

    {"kind", "sheet", "sheets"}      which sheet is read, and which ones there are; or {"refused": why}, and nothing more
    [row, cell, …]                   a row as a spreadsheet numbers it, from 1; a cell is text, or [kind, text] for a number or a date
    {"end"}                          the end
"""

import io
import json
import re
import resource
import sys
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import BinaryIO

from python_calamine import CalamineError, CalamineWorkbook

__all__ = ["LARGEST", "LARGEST_UNPACKED", "Refused", "check_archive", "main"]

LARGEST = 192 * 2**20
"""Bytes of a spreadsheet."""
LARGEST_UNPACKED = 2**30
"""Bytes of all that is packed in it."""
MEMORY = 3 * 2**30
"""Bytes of address space that this process may have; a sheet of a million rows and ten columns needs about one third."""
SECONDS = 600
"""Of processor time."""
_MOST_PARTS = 2000
_BLOCK = 2**20
_FORMULA = {
    "xlsx": (re.compile(r"xl/worksheets/[^/]*\.xml"), re.compile(rb"<(?:\w{1,20}:)?f[\s/>]")),
    "ods": (re.compile(r"content\.xml"), re.compile(rb":formula\s*=")),
}


class Refused(Exception):
    """A file that is not read further; the words are for whoever has sent it."""


def check_archive(file: BinaryIO) -> str:
    """`xlsx` or `ods`. Unpacks all parts once, into nothing, and compares them with what the file says of itself: a bomb is found before
    anything that trusts those numbers reads it. Raises Refused, also for formulas, whose results are whatever the sender wrote."""
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            kind = "xlsx" if "xl/workbook.xml" in names else "ods" if "content.xml" in names else ""
            if not kind:
                raise Refused("it is neither XLSX nor ODS: save it as one of them, or as CSV UTF-8")
            if len(parts) > _MOST_PARTS or len(names) < len(parts) or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
                raise Refused(f"unpacked it is larger than {LARGEST_UNPACKED} bytes or has too many parts: save it as CSV UTF-8")
            where, formula = _FORMULA[kind]
            left = LARGEST_UNPACKED
            for part in parts:
                looked_for = formula if where.fullmatch(part.filename) else None
                left -= _unpacked(file, part, left, looked_for)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError):
        raise Refused("it is damaged, or under a password") from None
    return kind


def _unpacked(file: BinaryIO, part: zipfile.ZipInfo, most: int, formula: re.Pattern[bytes] | None) -> int:
    """Bytes of a part as it really unpacks, whatever its header says."""
    if part.flag_bits & 1 or part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refused("it is under a password, or packed in an unusual way: save it again")
    file.seek(part.header_offset)
    header = file.read(30)
    if header[:4] != b"PK\x03\x04":
        raise Refused("it is damaged")
    file.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), io.SEEK_CUR)
    unpack = zlib.decompressobj(-zlib.MAX_WBITS) if part.compress_type == zipfile.ZIP_DEFLATED else None
    size, tail = 0, b""
    for content in _contents(file, part.compress_size, unpack):
        size += len(content)
        if size > most or size > part.file_size:
            raise Refused("a part of it unpacks to more than it says: it is damaged, or meant to do harm")
        if formula and formula.search(tail + content):
            raise Refused("it holds formulas: copy the sheet, insert it as values only, and save that")
        tail = content[-64:]
    if size != part.file_size or (unpack is not None and not unpack.eof):
        raise Refused("a part of it unpacks to less than it says: it is damaged")
    return size


def _contents(file: BinaryIO, packed: int, unpack: "zlib._Decompress | None") -> Iterator[bytes]:
    """A part in blocks, of which none is larger than what one read unpacks to."""
    while packed > 0 and (block := file.read(min(_BLOCK, packed))):
        packed -= len(block)
        if unpack is None:
            yield block
            continue
        while block:
            yield unpack.decompress(block, _BLOCK)
            block = unpack.unconsumed_tail
    if unpack is not None:
        yield unpack.flush()


def _rows(workbook: CalamineWorkbook, name: str) -> Iterator[str]:
    sheet = workbook.get_sheet_by_name(name)
    for row, cells in enumerate(sheet.iter_rows(), 1):
        yield json.dumps([row, *map(_cell, cells)], ensure_ascii=False) + "\n"


def _cell(value: object) -> object:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return ["number", str(value)]
    if isinstance(value, float):
        return ["number", str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)]
    if isinstance(value, datetime | date | time):
        return ["date", value.isoformat()]
    return ["date", str(value)] if isinstance(value, timedelta) else str(value)


def _open(file: io.BytesIO, wanted: str) -> tuple[CalamineWorkbook, dict[str, object]]:
    """The workbook, and the sheet that is to be read: the one that is named, or the first that has anything in it."""
    kind = check_archive(file)
    file.seek(0)
    workbook = CalamineWorkbook.from_filelike(file)
    names = workbook.sheet_names
    if wanted:
        if wanted not in names:
            raise Refused("it has no sheet of that name")
        return workbook, {"kind": kind, "sheet": wanted, "sheets": names}
    for name in names:
        if workbook.get_sheet_by_name(name).height:
            return workbook, {"kind": kind, "sheet": name, "sheets": names}
    raise Refused("all of its sheets are empty")


def main(arguments: list[str]) -> int:
    """See above."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # nobody's name in a file on the disk
    out = io.TextIOWrapper(sys.stdout.buffer, "utf-8", write_through=False)
    try:
        content = sys.stdin.buffer.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise Refused(f"it is larger than {LARGEST} bytes: save it as CSV UTF-8")
        workbook, told = _open(io.BytesIO(content), json.loads(arguments[0]) if arguments else "")
        out.write(json.dumps(told) + "\n")
        out.writelines(_rows(workbook, str(told["sheet"])))
        out.write('{"end": true}\n')
    except Refused as error:
        out.write(json.dumps({"refused": str(error)}) + "\n")
    except (CalamineError, MemoryError, ValueError, OverflowError):
        out.write(json.dumps({"refused": "it is damaged, or too large for a spreadsheet: save it as CSV UTF-8"}) + "\n")
    out.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
