"""The picture: time to verify against the number of ballots, both logarithmic, in an SVG file without font or script from elsewhere.

What was measured is drawn solid with a dot for each record. What is extrapolated, in proportion to the number of ballots, is dashed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 960, 612
LEFT, RIGHT, TOP, BOTTOM = 74, 236, 108, 112
MOST = 1_300_000
TIMES = ((1, "1 s"), (10, "10 s"), (60, "1 min"), (600, "10 min"), (3_600, "1 h"), (36_000, "10 h"), (86_400, "1 day"))
BALLOTS = ((100, "100"), (1_000, "1,000"), (10_000, "10,000"), (100_000, "100,000"), (MOST, "1.3 million"))
LIGHT = {"paper": "#ffffff", "ink": "#1f2328", "soft": "#59636e", "grid": "#d9dee3",
         "c0": "#6e7781", "c1": "#bc4c00", "c2": "#9a6700", "c3": "#8250df", "c4": "#0969da", "c5": "#116329"}  # fmt: skip
DARK = {"paper": "#0d1117", "ink": "#e6edf3", "soft": "#9198a1", "grid": "#30363d",
        "c0": "#9198a1", "c1": "#f0883e", "c2": "#d4a72c", "c3": "#bc8cff", "c4": "#58a6ff", "c5": "#56d364"}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One way to verify: `points` are (ballots, seconds), measured, ascending. `seconds_a_ballot` instead, where only one was measured."""

    name: str
    points: Sequence[tuple[int, float]] = ()
    seconds_a_ballot: float = 0.0

    def at(self, ballots: int) -> float:
        """Seconds, extrapolated beyond the largest record; what a record takes without any ballots is small there."""
        if not self.points:
            return self.seconds_a_ballot * ballots
        largest, seconds = self.points[-1]
        return seconds * ballots / largest


def picture(title: str, lines: Sequence[Line], notes: Sequence[str]) -> str:
    """The SVG. The first line is the peer's, in grey; the others have colours of their own."""
    fewest = min((line.points[0][0] for line in lines if line.points), default=1_000)
    everything = [seconds for line in lines for _, seconds in line.points] + [line.at(MOST) for line in lines]
    everything += [line.at(fewest) for line in lines if not line.points]
    x0, x1 = math.log10(fewest) - 0.04, math.log10(MOST)
    y0, y1 = math.log10(min(everything)) - 0.15, math.log10(max(everything)) + 0.12

    def x(ballots: float) -> float:
        return LEFT + (math.log10(ballots) - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT)

    def y(seconds: float) -> float:
        return HEIGHT - BOTTOM - (math.log10(seconds) - y0) / (y1 - y0) * (HEIGHT - TOP - BOTTOM)

    parts = [_grid(x, y, fewest, 10**y0, 10**y1)]
    ends = _apart([y(line.at(MOST)) for line in lines], 36)
    for number, (line, end) in enumerate(zip(lines, ends, strict=True)):
        parts.append(_drawn(line, f"c{number}", fewest, end, x, y))
    below = "".join(_text(LEFT, HEIGHT - 48 + 16 * i, note, "soft small") for i, note in enumerate(notes))
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img">',
        f"<title>{escape(title)}</title>", _style(), f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>',
        _text(LEFT, 34, title, "ink title"),
        _text(LEFT, 58, "Both axes are logarithmic. Dots were measured; what is dashed is extrapolated in proportion.", "soft"),
        *parts, below, "</svg>\n",
    ])  # fmt: skip


def duration(seconds: float) -> str:
    """In the unit a person would choose."""
    for unit, length in (("h", 3_600), ("min", 60), ("s", 1)):
        if seconds >= 2 * length or unit == "s":
            value = seconds / length
            return f"{value:.0f} {unit}" if value >= 10 else f"{value:.1f} {unit}"
    raise AssertionError


def _style() -> str:
    def rules(colours: dict[str, str]) -> str:
        lines = "".join(f".{name}{{fill:{colour}}} .line.{name}{{stroke:{colour};fill:none}}" for name, colour in colours.items())
        return lines + f".dot{{stroke:{colours['paper']};stroke-width:1.5}} .grid{{stroke:{colours['grid']};fill:none}}"

    base = "text{font:13px system-ui,sans-serif} .title{font-size:19px;font-weight:600} .name{font-weight:600} .small{font-size:12px}"
    shape = ".line{stroke-width:2.4;stroke-linejoin:round} .guessed{stroke-dasharray:2 5;stroke-linecap:round}"
    return f"<style>{base} {shape} {rules(LIGHT)} @media (prefers-color-scheme:dark){{{rules(DARK)}}}</style>"


def _grid(x, y, fewest: int, least: float, longest: float) -> str:
    right, bottom, parts = x(MOST), y(least), []
    for seconds, label in TIMES:
        if least <= seconds <= longest:
            parts.append(f'<path class="grid" d="M{LEFT} {y(seconds):.1f}H{right:.1f}"/>')
            parts.append(_text(LEFT - 9, y(seconds) + 4.5, label, "soft", "end"))
    for ballots, label in BALLOTS:
        if ballots >= fewest:
            parts.append(f'<path class="grid" d="M{x(ballots):.1f} {TOP}V{bottom:.1f}"/>')
            parts.append(_text(x(ballots), bottom + 20, label, "soft", "middle"))
    parts.append(_text((LEFT + right) / 2, bottom + 41, "ballots in the record (one question, yes or no)", "soft", "middle"))
    parts.append(_text(LEFT, TOP - 12, "time to verify the whole record", "soft"))
    return "\n".join(parts)


def _drawn(line: Line, colour: str, fewest: int, end: float, x, y) -> str:
    measured = [(x(ballots), y(seconds)) for ballots, seconds in line.points]
    start = measured[-1] if measured else (x(fewest), y(line.at(fewest)))
    last, edge = (x(MOST), y(line.at(MOST))), WIDTH - RIGHT + 14
    parts = []
    if start[0] < last[0] - 0.5:
        parts.append(f'<path class="line guessed {colour}" d="M{start[0]:.1f} {start[1]:.1f}L{last[0]:.1f} {last[1]:.1f}"/>')
    if measured:
        parts.append(f'<path class="line {colour}" d="M{"L".join(f"{a:.1f} {b:.1f}" for a, b in measured)}"/>')
        parts += [f'<circle class="dot {colour}" cx="{a:.1f}" cy="{b:.1f}" r="4.5"/>' for a, b in measured]
    if abs(end - last[1]) > 4:  # a label that had to move: a thin line leads to it
        parts.append(f'<path class="grid" d="M{last[0] + 3:.1f} {last[1]:.1f}L{edge - 3:.1f} {end:.1f}"/>')
    parts.append(_text(edge, end - 1, line.name, f"{colour} name"))
    parts.append(_text(edge, end + 14, f"1.3 million in {duration(line.at(MOST))}", "soft small"))
    return "\n".join(parts)


def _apart(wanted: Sequence[float], distance: float) -> list[float]:
    """Places as near to those wanted as may be, in the same order, none nearer to another than `distance`."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    places = [wanted[i] for i in order]
    for _ in range(200):
        for i in range(1, len(places)):
            missing = distance - (places[i] - places[i - 1])
            if missing > 0:
                places[i - 1] -= missing / 2
                places[i] += missing / 2
    found = [0.0] * len(wanted)
    for i, place in zip(order, places, strict=True):
        found[i] = place
    return found


def _text(x: float, y: float, text: str, kind: str, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
