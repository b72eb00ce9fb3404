"""Rolls as a union may send them: text in many encodings, spreadsheets made by hand, and a way to store one without a service."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from api.users.assignment import Numbers
from api.users.contact_rules import ContactRules
from api.users.importing import RowsRejected
from api.users.people import Minted, UserDatabase
from api.users.roll import Reading, checked_roll

Value = str | float | None


def load(
    users: UserDatabase, election_id: str, content: bytes, styles: Mapping[str, int], rules: ContactRules | None = None, leave_out: int = 0
) -> list[Minted]:
    """Checks a roll, and stores it. Raises RowsRejected."""
    reading = Reading(styles, rules or ContactRules(), given=True)
    with checked_roll(lambda: io.BytesIO(content), reading) as checked:
        if checked.rejected != leave_out:
            raise RowsRejected(f"{checked.rejected} rows are rejected")
        users.store_roll(election_id, checked)
    return list(map(Numbers(None).minted, users.people(election_id)))


def xlsx(sheets: Mapping[str, Sequence[Sequence[Value]]], more: str = "") -> bytes:
    """A spreadsheet. Text stands in the cells themselves; `more` is put into the first sheet as it is."""
    names = list(sheets)
    types = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": _related([("officeDocument", "xl/workbook.xml")], types),
        "xl/_rels/workbook.xml.rels": _related([("worksheet", f"worksheets/sheet{at}.xml") for at in range(1, len(names) + 1)], types),
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{types}"><sheets>'
        + "".join(f'<sheet name="{escape(name)}" sheetId="{at}" r:id="rId{at}"/>' for at, name in enumerate(names, 1))
        + "</sheets></workbook>",
    }
    for at, rows in enumerate(sheets.values(), 1):
        written = "".join(f'<row r="{row}">{"".join(_cell(row, column, cell) for column, cell in enumerate(cells))}</row>'
                          for row, cells in enumerate(rows, 1))  # fmt: skip
        data = f"<sheetData>{written}{more if at == 1 else ''}</sheetData>"
        parts[f"xl/worksheets/sheet{at}.xml"] = f'<worksheet xmlns="{main}">{data}</worksheet>'
    return packed(parts)


def ods(rows: Sequence[Sequence[Value]], more: str = "") -> bytes:
    """The same as ODS, with one sheet."""
    office = "urn:oasis:names:tc:opendocument:xmlns"
    cells = "".join("<table:table-row>" + "".join(map(_ods_cell, row)) + "</table:table-row>" for row in rows)
    content = (
        f'<office:document-content xmlns:office="{office}:office:1.0" xmlns:table="{office}:table:1.0" xmlns:text="{office}:text:1.0">'
        f'<office:body><office:spreadsheet><table:table table:name="Sheet1">{cells}{more}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>'
    )
    return packed({"mimetype": kind, "META-INF/manifest.xml": manifest, "content.xml": content})


def packed(parts: Mapping[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else None)
    return file.getvalue()


def _related(targets: list[tuple[str, str]], types: str) -> str:
    found = "".join(
        f'<Relationship Id="rId{at}" Type="{types}/{kind}" Target="{target}"/>' for at, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{found}</Relationships>'


def _cell(row: int, column: int, value: Value) -> str:
    place = f"{chr(65 + column)}{row}"
    if value is None:
        return ""
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    return f'<c r="{place}"><v>{value!r}</v></c>'


def _ods_cell(value: Value) -> str:
    if value is None:
        return "<table:table-cell/>"
    if isinstance(value, str):
        return f'<table:table-cell office:value-type="string"><text:p>{escape(value)}</text:p></table:table-cell>'
    return f'<table:table-cell office:value-type="float" office:value="{value!r}"><text:p>{value}</text:p></table:table-cell>'
