"""The style sheet of the HTML report: black on white, nothing said by colour alone, A4 in print."""

import re

__all__ = ["style_sheet"]

_SCREEN = """
:root{color-scheme:light}
*{box-sizing:border-box}
html{background:#fff;color:#111;font:1rem/1.5 "Liberation Serif","Times New Roman",Times,serif}
body{margin:0 auto;max-width:60rem;padding:1.5rem 1.25rem 4rem}
h1,h2,h3,caption,thead th,th[scope=rowgroup],table.facts th,.verdict{font-family:"Liberation Sans",Arial,Helvetica,sans-serif}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .25rem}
h2{font-size:1.3rem;line-height:1.3;margin:2.5rem 0 .75rem;padding-top:.5rem;border-top:2px solid #111}
h3{font-size:1.05rem;line-height:1.3;margin:1.5rem 0 .4rem}
p,ul{margin:.5rem 0 .75rem}
li{margin:.35rem 0}
h1,h2,h3,p,li,td,th{overflow-wrap:break-word}
bdi,.mono{overflow-wrap:anywhere}
code,.mono{font-family:"Liberation Mono","Courier New",monospace;font-size:.9em}
.verdict{border:4px solid #111;padding:1rem 1.25rem;margin:1rem 0}
.verdict strong{display:block;font-size:2.4rem;line-height:1.15;letter-spacing:.02em}
.verdict strong i{font-style:normal}
.verdict p{margin:.35rem 0 0}
.verdict.good{border-style:double;border-width:10px;border-color:#0b5a24;color:#0b4a1e}
.verdict.bad{border-style:solid;border-width:10px;border-color:#8f1010;color:#7a0c0c}
.warning{border:3px solid #8f1010;padding:.6rem .9rem;font-weight:bold}
.advice{border-left:5px solid #111;padding:.1rem 0 .1rem .9rem}
.basis{color:#333;font-size:.9rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem;font-size:.95rem;line-height:1.4}
caption{text-align:left;font-weight:bold;padding:.3rem 0;font-size:.95rem}
th,td{border:1px solid #555;padding:.3rem .5rem;text-align:left;vertical-align:top}
thead th{background:#e6e6e6}
th[scope=rowgroup]{background:#f1f1f1}
tbody th[scope=row]{font-weight:normal}
td.number,th.number{text-align:right;white-space:nowrap}
td.status,td.check,th.check{white-space:nowrap}
tr.failed td,tr.failed th[scope=row]{font-weight:bold;border-width:2px}
table.facts th{width:13rem;font-weight:bold}
table.ballots th:first-child{width:9rem}
th.file{min-width:10rem}
table.totals th.option{width:46%}
table.totals .number{width:7.5rem}
table.totals td.bar{vertical-align:middle}
svg.bar{display:block;width:100%;height:1rem}
svg.bar rect{fill:#1d3f72;stroke:#111;stroke-width:1}
svg.bar.doubtful rect{fill:#fff;stroke-dasharray:4 3}
footer{margin-top:2.5rem;border-top:1px solid #555;font-size:.9rem;color:#333}
@media (forced-colors:active){svg.bar rect{fill:CanvasText;stroke:CanvasText}}
"""

_PRINT = """
@page{size:A4;margin:18mm 16mm 20mm;
@bottom-left{content:"FOOT";font:8pt Arial,sans-serif}
@bottom-right{content:"Page " counter(page) " of " counter(pages);font:8pt Arial,sans-serif}}
@media print{
html{font-size:10pt}
body{max-width:none;padding:0}
h1,h2,h3,caption{break-after:avoid}
h2{margin-top:1.6rem}
p,li{orphans:3;widows:3}
tr,.verdict,.warning,.advice,li,svg{break-inside:avoid}
.whole{break-inside:avoid}
thead{display:table-header-group}
tr.group{break-after:avoid}
.scroll{overflow:visible}
thead th,th[scope=rowgroup]{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
"""


def style_sheet(foot: str) -> str:
    """The style sheet; `foot` is what stands at the foot of each printed page: letters, digits, blanks and simple marks alone."""
    return _SCREEN + _PRINT.replace("FOOT", re.sub(r"[^A-Za-z0-9 .,:()-]", "", foot))
