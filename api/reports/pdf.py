"""The report as PDF: accessible (PDF/UA-1) and for archives (PDF/A-3a), the result attached as data; the same facts are the same bytes."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typst

from api.errors import ApiError
from api.reports.blocks import Block
from api.reports.words import HEADINGS, Language

__all__ = ["Pages", "to_pdf"]

_LAYOUT = Path(__file__).with_name("report.typ")
_FOREIGN = re.compile("[^\n\t -~\u00a0-\u024f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03ce\u0400-\u045f\u2010-\u2026\u20ac]")
_STANDARDS: Any = ["a-3a", "ua-1"]


@dataclass(frozen=True, slots=True)
class Pages:
    """A report that is ready to be laid out. `made` is the only time in it, `attachment` the result as JSON."""

    title: str
    subtitle: str
    author: str
    made: datetime
    draft: bool
    language: Language
    blocks: Sequence[Block]
    attachment: bytes


def to_pdf(pages: Pages) -> bytes:
    """The report's bytes. A character that no font at hand has stands as U+… in it, and as itself in the attachment."""
    at = list(Language).index(pages.language)
    words = {name: both[at] for name, both in HEADINGS.items()}
    made = pages.made.astimezone(UTC)
    report: dict[str, Any] = {
        "title": pages.title, "subtitle": pages.subtitle, "author": pages.author, "date": [made.year, made.month, made.day],
        "language": pages.language.value, "draft": pages.draft, "draft_word": words["draft"], "header": f"{pages.title}, {made:%d %B %Y}",
        "attachment": pages.attachment.decode(), "attachment_words": words["attachment"],
        "blocks": [block.plain((words["item"], words["content"])) for block in pages.blocks],
    }  # fmt: skip
    timestamp = int(made.timestamp())
    try:
        return _laid_out(report, timestamp)
    except RuntimeError:  # a character that no font at hand has
        attachment = report.pop("attachment")
        return _laid_out({**_displayable(report), "attachment": attachment}, timestamp)


def _laid_out(report: dict[str, Any], timestamp: int) -> bytes:
    made = typst.compile(
        str(_LAYOUT), sys_inputs={"report": json.dumps(report, ensure_ascii=False)}, format="pdf", pdf_standards=_STANDARDS,
        ignore_system_fonts=True, timestamp=timestamp,
    )  # fmt: skip
    if not isinstance(made, bytes):
        raise ApiError("the report cannot be laid out")
    return made


def _displayable(part: Any) -> Any:
    """The same with U+… in place of every character that is not Latin, Greek, Cyrillic or common punctuation."""
    if isinstance(part, str):
        return _FOREIGN.sub(lambda match: f"[U+{ord(match[0]):04X}]", part)
    if isinstance(part, dict):
        return {name: _displayable(value) for name, value in part.items()}
    return [_displayable(each) for each in part] if isinstance(part, list) else part
