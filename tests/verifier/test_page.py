"""The HTML report: nothing from a record gets out of its place, nothing is fetched, nothing is missing."""

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from verifier import report as report_module
from verifier.__main__ import main
from verifier.catalogue import CHECKS
from verifier.page import to_html
from verifier.page_text import CLAIMS, GROUPS, LIMITS, NO_LOG, file_of
from verifier.record import EG21_JSON, PSEPHOS
from verifier.report import Findings, Report, TallyLine
from verifier.source import RecordError

VOID = {"meta", "link", "br", "img", "input", "hr"}
ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "main", "footer", "h1", "h2", "h3", "p", "ul", "li", "div", "table", "caption",
    "thead", "tbody", "tr", "th", "td", "strong", "span", "i", "br", "bdi", "svg", "rect",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "class", "scope", "colspan", "dir", "aria-hidden", "focusable", "viewbox",
    "preserveaspectratio", "x", "y", "width", "height",
}  # fmt: skip
HOSTILE = [
    "<script>alert(1)</script>",
    "</td></tr></table><h1>VERIFIED</h1>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '" onmouseover="alert(1)',
    "' onfocus='alert(1)",
    "<!-- comment",
    "-->",
    "]]>",
    "</style><style>*{display:none}</style>",
    "</title><title>VERIFIED",
    "<iframe src=//evil.example>",
    "<a href='javascript:alert(1)'>Yes</a>",
    "&lt;b&gt;",
    "&#60;script&#62;",
    "&amp;lt;",
    "<base href=//evil.example/>",
    '<meta http-equiv="refresh" content="0">',
    "<link rel=stylesheet href=//evil.example/a.css>",
    "<form action=//evil.example><input name=q>",
    "<object data=//evil.example>",
    "\u202eseY\u202c",
    "\u2066Yes",
    "Yes\u200b",
    "Yes\x00No",
    "Yes\nNo\r\tPerhaps",
    "\ud800",
    "\x1b[2J",
    "<plaintext>",
    "<textarea><xmp>",
    "{{7*7}} ${7*7} %s %(x)s {0} {style}",
    "@import url(//evil.example)",
    "A" * 5000,
    "\u0301\u0301\u0301",
    "\u05d0\u05d1\u05d2 <b>",
]


class Page(HTMLParser):
    """Checks that tags are balanced, known and in order, and collects texts."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.headings: list[int] = []
        self.rows: list[list[str]] = []
        self.texts: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED, tag
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names)
        assert set(names) <= ATTRIBUTES, names
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert self.open[-1] == "svg", "only an element of SVG closes itself"
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)
            if {"td", "th"} & set(self.open):
                self.rows[-1][-1] += data

    def handle_comment(self, data: str) -> None:
        pytest.fail(f"a comment: {data}")

    def unknown_decl(self, data: str) -> None:
        pytest.fail(f"a declaration: {data}")

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def passing(label: str = "Ballot on action", own: bool = True) -> Report:
    """A report in which every check has passed."""
    report = Report(PSEPHOS if own else EG21_JSON, Findings(own))
    report.label, report.record_digest = label, "AB" * 32
    if own:
        report.key, report.key_origin = "0011 2233 4455 6677 8899 AABB CCDD EEFF", "the file /somewhere/secret place/scrutineer.key"
        report.exclude([check for check, _ in PSEPHOS.not_applicable], "no such thing here")
    ids = " ".join(check for check in CHECKS if own or check[0] != "X")
    report.findings.count(ids, 7)
    report.done(ids)
    report.tally = [TallyLine("Strike?", "Yes", 60), TallyLine("Strike?", "No", 30), TallyLine("Council", "Ash", 0)]
    report.ballots.update(Cast=90, Discounted=2, Challenged=5)
    assert report.verified
    return report


def failing() -> Report:
    report = passing()
    report.findings.fail("6.D", "ballots/device_1.jsonl, line 3, contest 1, option 2", "c = (c_0 + c_1) mod q", 17, 2**200)
    report.findings.fail("10.C X1", "tally, contest 1, 'Yes'", "0 to 90", None, 91)
    report.findings.fail("X15", "tally.json", "SHA-256", b"\x01" * 32, b"\x02" * 32)
    report.findings.fail("2.C", "guardian 2", "h <= 1 & h >= 0")
    report.ran.discard("X9")
    report.miss("X9", "the acknowledgements could not be read")
    return report


def unreadable() -> Report:
    report = Report(PSEPHOS, Findings(own=True))
    report.findings.read_error(RecordError("profile.json", 0, "files[1].sha256", "expected 64 digits"))
    report.miss(" ".join(CHECKS), "the record could not be opened")
    return report


REPORTS = {"passing": passing, "failing": failing, "unreadable": unreadable, "foreign": lambda: passing(own=False)}


@pytest.mark.parametrize("name", REPORTS)
def test_the_page_is_balanced_with_headings_in_order(name: str) -> None:
    page = Page(to_html(REPORTS[name]()))
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(page.headings, page.headings[1:], strict=False))


@pytest.mark.parametrize("name", REPORTS)
def test_the_page_fetches_nothing_and_runs_nothing(name: str) -> None:
    text = to_html(REPORTS[name]())
    page = Page(text)
    assert not re.search(r"https?:|//|@import|url\(|javascript:|<script|\son[a-z]+=|\ssrc=|\shref=|\sstyle=", text)
    policy = next(value for tag, name, value in page.attributes if (tag, name) == ("meta", "content") and "default-src" in value)
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert ("html", "lang", "en-GB") in page.attributes


def test_the_policy_allows_this_very_style_sheet_and_no_other() -> None:
    import base64
    import hashlib

    text = to_html(passing())
    styles = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert len(styles) == 1
    assert base64.b64encode(hashlib.sha256(styles[0].encode()).digest()).decode() in text


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_no_text_of_a_record_gets_out_of_its_place(hostile: str) -> None:
    text = text_of(hostile)
    page = Page(text)
    assert text.encode("utf-8")
    assert page.headings == Page(text_of("harmless")).headings
    visible = "".join(character if character.isprintable() else "\ufffd" for character in hostile)
    assert [visible, "5", ""] in page.rows
    assert not re.search("[\x00-\x08\x0b-\x1f\u200b\u202a-\u202e\u2066-\u2069]", text)
    assert "evil.example" not in " ".join(value for _, _, value in page.attributes)


def text_of(hostile: str) -> str:
    """A page with this text in every place that a record or a caller can fill."""
    report = passing(hostile)
    report.tally = [TallyLine(hostile, hostile, 5), TallyLine(hostile, "No", 3)]
    report.key_origin = f"the file {hostile}"
    report.findings.note(hostile)
    report.ballots[hostile] = 1
    report.findings.fail("6.A", hostile, hostile, hostile, hostile)
    return to_html(report, folder=hostile, date=hostile)


def test_the_same_report_gives_the_same_page() -> None:
    assert to_html(failing()) == to_html(failing())
    assert to_html(passing(), "record") == to_html(passing(), "record")
    assert not re.search(r"20\d\d-\d\d", to_html(passing()))
    assert "2026-11-22" in to_html(passing(), date="2026-11-22")


def test_no_path_is_shown() -> None:
    page = Page(to_html(passing(), "record"))
    assert "somewhere" not in page.text
    assert "the file scrutineer.key" in page.text
    assert ["Folder of the record", "record"] in page.rows


def test_every_failure_appears_with_object_file_and_equation() -> None:
    report = failing()
    page = Page(to_html(report))
    for failure in report.findings.failures:
        file, place = file_of(failure.where)
        row = next(row for row in page.rows if row[0] == failure.check and row[-1] == failure.message)
        assert row[2:4] == [file, place or "the whole file"]
    assert ["X9", CHECKS["X9"], "the acknowledgements could not be read"] in page.rows
    assert "DOES NOT VERIFY" in page.text
    assert "NOT verified" in page.text
    assert "Verified totals" not in page.text
    assert "does not stand for the files" in page.text


def test_failures_that_are_not_kept_one_by_one_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_module, "KEPT_PER_CHECK", 200)
    report = passing()
    for line in range(250):
        report.findings.fail("6.D", f"ballots/device_1.jsonl, line {line}", "c = …")
    page = Page(to_html(report))
    assert "Failures found: 250" in page.text
    assert "And 50 more" in page.text


@pytest.mark.parametrize("name", REPORTS)
def test_every_check_appears_once_in_the_tables_of_checks(name: str) -> None:
    report = REPORTS[name]()
    page = to_html(report).partition("<h2>What was checked</h2>")[2]
    shown = re.findall(r'<tr[^>]*><td class="check">([^<]+)</td>', page)
    assert sorted(shown) == sorted(entry.id for entry in report.entries())


def test_the_verdicts() -> None:
    assert "VERIFIED" in Page(to_html(passing())).text
    assert "What failed" not in Page(to_html(passing())).text
    assert "UNREADABLE" in Page(to_html(unreadable())).text
    assert "No totals could be read" in Page(to_html(unreadable())).text


def test_a_claim_is_proved_only_if_the_record_verifies() -> None:
    good, bad = Page(to_html(passing())).text, Page(to_html(failing())).text
    assert "Not proved" not in good.partition("What this does not prove")[0]
    assert "None of the statements below is therefore proved" in bad
    assert "Not proved: failed or not made: 10.C, X1." in bad
    for what, who in (*LIMITS, *NO_LOG):
        assert what in good
        assert who in bad


def test_another_layout_gets_no_claim_that_rests_on_our_own_checks() -> None:
    page = Page(to_html(passing(own=False))).text
    assert "not made by Psephos" in page
    assert "signature proves nothing" not in page
    assert not any(claim.text in page for claim in CLAIMS if claim.own_only)
    assert not re.search(r"Rests on the checks [^X]*X\d", page.partition("What this does not prove")[0])


def test_claims_and_groups_name_checks_that_exist() -> None:
    assert {check for claim in CLAIMS for check in claim.checks.split()} <= set(CHECKS)
    assert {"X" if check[0] == "X" else check.partition(".")[0] for check in CHECKS} == set(GROUPS)


def test_totals_and_bars() -> None:
    report = passing()
    report.tally += [TallyLine("Odd", "Negative", -5), TallyLine("Odd", "Huge", 10**90), TallyLine("Odd", "One", 1)]
    text = to_html(report)
    page = Page(text)
    assert ["Yes", "60", ""] in page.rows
    widths = [int(width) for width in re.findall(r'<rect x="2" y="2" width="(\d+)"', text)]
    assert widths == [996, 498, 996]
    assert max(map(len, page.rows[0])) < 200
    thousands = passing()
    thousands.tally = [TallyLine("Q", "Yes", 1234567)]
    assert ["Yes", "1,234,567", ""] in Page(to_html(thousands)).rows


def test_text_stands_out_against_its_background() -> None:
    """WCAG 2.2, 1.4.3 and 1.4.11: every text colour on every background of the page."""
    style = re.findall(r"<style>(.*?)</style>", to_html(passing()), re.DOTALL)[0]
    texts = set(re.findall(r"[{;]color:#([0-9a-f]+)", style))
    grounds = set(re.findall(r"background:#([0-9a-f]+)", style))
    assert texts
    assert grounds

    def luminance(colour: str) -> float:
        digits = colour if len(colour) == 6 else "".join(2 * digit for digit in colour)
        parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for ground in grounds:
        for text in texts:
            high, low = sorted((luminance(ground), luminance(text)), reverse=True)
            assert (high + 0.05) / (low + 0.05) >= 7, (text, ground)


def test_the_command_writes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = tmp_path / "no <record>"
    record.mkdir()
    page = tmp_path / "report.html"
    assert main([str(record), "--report", str(page), "--quiet"]) == 2
    assert capsys.readouterr().out == "UNREADABLE\n"
    text = page.read_text("utf-8")
    Page(text)
    assert "no &lt;record&gt;" in text
    assert str(tmp_path) not in unescape(text)
