"""Files as unions save them, and as nobody should: encodings, delimiters, spreadsheets, bombs (SV-22)."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis.strategies import binary

from api.users import unpacking
from api.users.sheets import MOST_COLUMNS, Converted, FileRefused, Layout, read_table
from api.users.unpacking import Refused, check_archive
from tests.api.rolls import ods, packed, xlsx

NAMES = ["reference,name", "M1,Siân Jones", "M2,Zoë O’Brien", "M3,Seán Müller", "M4,François Lefèvre"]
ROWS = [["reference", "name"], ["M1", "Ann"], [None, None], ["M2", "Bo"]]


def read(content: bytes, **named: str) -> tuple[Layout, list[tuple[int, list[str]]]]:
    with read_table(lambda: io.BytesIO(content), **named) as table:
        return table.layout, list(table.rows)


def refused(content: bytes, **named: str) -> str:
    with pytest.raises(FileRefused) as error:
        read(content, **named)
    return error.value.detail


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_text_is_read_in_the_encodings_that_spreadsheets_save(encoding: str, end: str) -> None:
    layout, rows = read((end.join(NAMES) + end).encode(encoding))
    assert [",".join(cells) for _, cells in rows] == NAMES
    assert [number for number, _ in rows] == [1, 2, 3, 4, 5]
    assert layout.encoding == encoding.removesuffix("-sig")


@pytest.mark.parametrize("encoding", ["mac_roman", "cp850", "cp1252", "iso8859_14"])
def test_an_encoding_that_is_named_goes_before_a_guess(encoding: str) -> None:
    content = "\n".join(NAMES).replace("’", "'").encode(encoding)
    assert [cells[-1] for _, cells in read(content, encoding=encoding)[1]][1] == "Siân Jones"
    assert "no such encoding" in refused(content, encoding="nonsense")
    assert "no such encoding" in refused(content, encoding="zlib_codec")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_and_quotation_marks_hide_it(delimiter: str) -> None:
    layout, rows = read(f'"a,a;b"{delimiter}b{delimiter}c\n1{delimiter}"2{delimiter}3"{delimiter}4\n'.encode())
    assert layout.delimiter == delimiter
    assert rows[1] == (2, ["1", f"2{delimiter}3", "4"])


def test_rows_are_numbered_as_a_spreadsheet_shows_them() -> None:
    _, rows = read(b'a,b\n\n1,"two\nlines"\n3,4\n')
    assert rows == [(1, ["a", "b"]), (2, []), (3, ["1", "two\nlines"]), (4, ["3", "4"])]


@pytest.mark.parametrize("make", [lambda rows: xlsx({"Empty": [], "Roll": rows}), ods])
def test_a_spreadsheet_is_read_as_its_rows_are_numbered(make: object) -> None:
    layout, rows = read(make(ROWS))  # type: ignore[operator]
    assert [row for row in rows if row[1]] == [(1, ["reference", "name"]), (2, ["M1", "Ann"]), (4, ["M2", "Bo"])]
    assert layout.kind in ("xlsx", "ods")


def test_the_first_sheet_with_anything_in_it_is_read_or_the_one_that_is_named() -> None:
    content = xlsx({"Empty": [], "One": [["a"]], "Two": [["b"]]})
    layout, rows = read(content)
    assert (layout.sheet, layout.sheets, rows) == ("One", ("Empty", "One", "Two"), [(1, ["a"])])
    assert read(content, sheet="Two")[1] == [(1, ["b"])]
    assert "no sheet of that name" in refused(content, sheet="Three")
    assert "all of its sheets are empty" in refused(xlsx({"Empty": []}))
    assert "no sheets" in refused(b"a,b\n", sheet="One")


def test_what_is_no_text_in_a_spreadsheet_is_told_apart() -> None:
    _, rows = read(xlsx({"A": [[123.0, 7.9e9, 1.5, 1e20, "123"]]}))
    assert rows == [(1, ["123", "7900000000", "1.5", "1e+20", "123"])]
    assert [isinstance(cell, Converted) for cell in rows[0][1]] == [True, True, True, True, False]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"  \n ", "empty"),
        (b"PK\x03\x04 but no more", "damaged"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "older spreadsheet"),
        (b"%PDF-1.7", "no CSV"),
        (packed({"word/document.xml": "<w/>"}), "neither XLSX nor ODS"),
        (xlsx({"A": ROWS}, '<row r="9"><c r="A9"><f>HYPERLINK("x")</f><v>2</v></c></row>'), "formulas"),
        (xlsx({"A": ROWS}, '<row r="9"><c r="A9"><f t="shared" si="0"/><v>2</v></c></row>'), "formulas"),
        (ods(ROWS, '<table:table-row><table:table-cell table:formula="of:=1"/></table:table-row>'), "formulas"),
        (xlsx({"A": ROWS}, '<row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'), "too much memory"),
        (b'a,b\n"open,1\n2,3\n', "row 2: a quotation mark"),
        (b'a,b\n"x"y,1\n', "row 2: a quotation mark"),
        (b"a," + b"x" * 200_000, "row 1"),
        (b"," * (MOST_COLUMNS + 1), "columns"),
    ],
)  # fmt: skip
def test_sv22_what_cannot_be_read_is_refused_with_what_to_do(content: bytes, reason: str) -> None:
    assert reason in refused(content)


def bomb(size: int, claimed: int | None = None) -> bytes:
    """A spreadsheet with a part of zeros; `claimed`: what its headers say instead."""
    content = bytearray(packed({"xl/workbook.xml": "<w/>", "xl/sharedStrings.xml": b"0" * size}))
    if claimed is not None:
        for at in range(len(content)):
            if content[at : at + 4] in ((size).to_bytes(4, "little"),):
                content[at : at + 4] = claimed.to_bytes(4, "little")
    return bytes(content)


def test_sv22_a_bomb_is_found_by_what_it_says_and_by_what_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "LARGEST_UNPACKED", 2**22)
    assert check_archive(io.BytesIO(bomb(2**21 + 1))) == "xlsx"
    with pytest.raises(Refused, match="larger than"):
        check_archive(io.BytesIO(bomb(2**22 + 1)))
    with pytest.raises(Refused, match="more than it says"):
        check_archive(io.BytesIO(bomb(2**22 + 1, claimed=1000)))
    with pytest.raises(Refused, match="less than it says"):
        check_archive(io.BytesIO(bomb(1001, claimed=2**20)))


def test_sv22_parts_that_are_there_twice_or_under_a_password_are_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", "<a/>")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("xl/workbook.xml", "<b/>")
    assert "too many parts" in refused(file.getvalue())
    content = bytearray(packed({"xl/workbook.xml": "<w/>"}))
    at = content.rindex(b"PK\x01\x02")
    content[at + 8] |= 1
    assert "password" in refused(bytes(content))


@given(binary(max_size=300))
def test_sv22_any_bytes_are_rows_or_a_refusal(content: bytes) -> None:
    if content.startswith(b"PK\x03\x04"):
        return
    try:
        read(content)
    except FileRefused:
        return
