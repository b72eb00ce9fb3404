"""The election manifest: contests, options, ballot styles, limits, and the very bytes that are hashed (§3.1.3; record-format.md, 2.3)."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from engine.encoding import from_json, member
from engine.errors import ManifestError
from engine.group import STANDARD
from engine.statutory import Statutory, StatutoryEntry, read_statutory

LARGEST_LIMIT = 1000  # every unit of a limit is a branch of a proof: more would make ballots that no browser can encrypt
INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
"""Letters, marks and signs that show nothing; what shows nothing by its category is refused anyway."""
WITNESSED = "witnessed"
TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class OptionEntry:
    """An option as written."""

    label: str = member()
    selection_limit: int | str | None = member()
    spoil: bool | None = member()


@dataclass(frozen=True, slots=True)
class ContestEntry:
    """A contest as written."""

    label: str = member()
    selection_limit: int | str | None = member()
    options: tuple[OptionEntry, ...] = member()


@dataclass(frozen=True, slots=True)
class StyleEntry:
    """A ballot style as written; `contests` are contest indices."""

    label: str = member()
    contests: tuple[int, ...] = member()


@dataclass(frozen=True, slots=True)
class Voting:
    """The member `voting`: what the law and the record need beside the questions. Times are UTC text; `log` is "witnessed" or None;
    without `statutory` it is no statutory ballot."""

    election_identifier: bytes = member(length=32)
    union: str = member()
    scrutineer: str = member()
    opens: str = member()
    closes: str = member()
    record_due: str = member()
    trustees: tuple[str, ...] = member()
    smallest_unit: int = member()
    device_information: str = member()
    chaining_mode: str = member()
    log: str | None = member(optional=True)
    statutory: StatutoryEntry | None = member(optional=True)


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """The whole file as written."""

    label: str = member()
    contests: tuple[ContestEntry, ...] = member()
    ballot_styles: tuple[StyleEntry, ...] = member()
    voting: Voting = member()


@dataclass(frozen=True, slots=True)
class Option:
    """A selectable option; `index` from 1, `selection_limit` is the effective R."""

    index: int
    label: str
    selection_limit: int
    spoil: bool


@dataclass(frozen=True, slots=True)
class Contest:
    """A contest; `index` from 1, `selection_limit` is the effective L."""

    index: int
    label: str
    selection_limit: int
    options: tuple[Option, ...]

    @property
    def spoil(self) -> Option | None:
        """The spoil option, if the contest has one: always the last option."""
        return self.options[-1] if self.options[-1].spoil else None

    @property
    def needs_spoil_proof(self) -> bool:
        """Whether the limit proof alone would allow spoil beside other choices (T8, X16)."""
        return self.spoil is not None and self.selection_limit > 1


@dataclass(frozen=True, slots=True)
class BallotStyle:
    """A ballot style; `index` from 1, `contests` are contest indices, ascending."""

    index: int
    label: str
    contests: tuple[int, ...]


@dataclass(frozen=True)
class Manifest:
    """A manifest that may be used. `content` is the file, byte for byte: what H_B hashes."""

    content: bytes
    label: str
    contests: tuple[Contest, ...]
    ballot_styles: tuple[BallotStyle, ...]
    voting: Voting

    @cached_property
    def statutory(self) -> Statutory | None:
        """What kind of statutory ballot it is; None for a ballot that is none."""
        entry = self.voting.statutory
        return None if entry is None else read_statutory(entry)

    def contest(self, index: int) -> Contest:
        """The contest with this index, from 1. Raises ManifestError if there is none."""
        if not 1 <= index <= len(self.contests):
            raise ManifestError(f"there is no contest {index}")
        return self.contests[index - 1]

    def ballot_style(self, index: int) -> BallotStyle:
        """The ballot style with this index, from 1. Raises ManifestError if there is none."""
        if not 1 <= index <= len(self.ballot_styles):
            raise ManifestError(f"there is no ballot style {index}")
        return self.ballot_styles[index - 1]

    @cached_property
    def opens(self) -> datetime:
        """The first instant of voting."""
        return _time(self.voting.opens, "voting.opens")

    @cached_property
    def closes(self) -> datetime:
        """The end of voting. No operation moves it (T6)."""
        return _time(self.voting.closes, "voting.closes")

    @cached_property
    def record_due(self) -> datetime:
        """The last instant at which the record may be signed."""
        return _time(self.voting.record_due, "voting.record_due")


def read_manifest(content: bytes) -> Manifest:
    """The manifest in `content`. Raises FormatError or ManifestError, saying which rule is broken and where."""
    file = from_json(ManifestFile, content, STANDARD)
    voting = file.voting
    contests = tuple(_contest(index, entry) for index, entry in enumerate(file.contests, 1))
    styles = tuple(BallotStyle(index, entry.label, entry.contests) for index, entry in enumerate(file.ballot_styles, 1))
    manifest = Manifest(content, file.label, contests, styles, voting)
    _check_text(file)
    if not contests or not styles:
        raise ManifestError("a manifest has at least one contest and one ballot style")
    for style in styles:
        indices = style.contests
        if not indices or list(indices) != sorted(set(indices)) or not 1 <= indices[0] <= indices[-1] <= len(contests):
            raise ManifestError(f"ballot style {style.index}: its contests are not existing indices, ascending, each once")
    missing = set(range(1, len(contests) + 1)) - {index for style in styles for index in style.contests}
    if missing:
        raise ManifestError(f"contest {min(missing)} is in no ballot style")
    if not manifest.opens < manifest.closes < manifest.record_due:
        raise ManifestError("voting: expected opens < closes < record_due")
    if not 1 <= len(voting.trustees) <= 20:
        raise ManifestError("voting.trustees: from 1 to 20 are possible")
    if voting.smallest_unit < 2:
        raise ManifestError("voting.smallest_unit is at least 2: a unit of one shows a vote")
    if voting.chaining_mode != "NoChaining":
        raise ManifestError("voting.chaining_mode: only NoChaining keeps the order of voting out of the record")
    if voting.log not in (None, WITNESSED):
        raise ManifestError(f"voting.log: expected {WITNESSED}, or no such member")
    if manifest.statutory is not None and not all(contest.spoil for contest in contests):
        raise ManifestError("a question of a statutory ballot has no spoil option (COP-073a)")
    return manifest


def _contest(index: int, entry: ContestEntry) -> Contest:
    where = f"contest {index}"
    if not entry.options:
        raise ManifestError(f"{where} has no options")
    stated = 1 if entry.selection_limit is None else entry.selection_limit
    limits = [1 if option.selection_limit is None else option.selection_limit for option in entry.options]
    if 1 in (entry.selection_limit, *(option.selection_limit for option in entry.options)):
        raise ManifestError(f"{where}: a limit of 1 is not written")
    if isinstance(stated, str) and (stated != "NO_LIMIT" or any(isinstance(limit, str) for limit in limits)):
        raise ManifestError(f"{where}: the limit is a number, or NO_LIMIT with numbers for all options")
    if any(isinstance(limit, str) and limit != "CONTEST_LIMIT" for limit in limits) or 0 in (stated, *limits):
        raise ManifestError(f"{where}: an option's limit is a number from 1 or CONTEST_LIMIT")
    largest = stated if isinstance(stated, int) else sum(limit for limit in limits if isinstance(limit, int))
    effective = [min(limit, largest) if isinstance(limit, int) else largest for limit in limits]
    if max(min(largest, sum(effective)), *(limit for limit in (stated, *limits) if isinstance(limit, int))) > LARGEST_LIMIT:
        raise ManifestError(f"{where}: a limit is at most {LARGEST_LIMIT}")
    spoils = [position for position, option in enumerate(entry.options) if option.spoil is not None]
    if any(entry.options[position].spoil is False for position in spoils):
        raise ManifestError(f"{where}: spoil is only ever written as true")
    if spoils and (spoils != [len(entry.options) - 1] or effective[-1] != 1 or len(entry.options) == 1):
        raise ManifestError(f"{where}: a spoil option is the last of several, the only one, and has limit 1")
    options = tuple(
        Option(position, option.label, limit, option.spoil is True)
        for position, (option, limit) in enumerate(zip(entry.options, effective, strict=True), 1)
    )
    return Contest(index, entry.label, min(largest, sum(effective)), options)


def _time(text: str, where: str) -> datetime:
    try:
        if not TIME.fullmatch(text):
            raise ValueError
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise ManifestError(f"{where}: expected a time like 2026-11-20T17:00:00Z") from None


def _check_text(file: ManifestFile) -> None:
    """Refuses what could make two readers see two ballots (CR-45)."""
    voting = file.voting
    scopes: list[tuple[str, list[str]]] = [
        ("contests", [contest.label for contest in file.contests]),
        ("ballot styles", [style.label for style in file.ballot_styles]),
    ]
    scopes += [(f"contest {index}", [option.label for option in contest.options]) for index, contest in enumerate(file.contests, 1)]
    for scope, labels in scopes:
        folded = [unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", label).casefold()) for label in labels]
        if len(set(folded)) != len(folded):
            raise ManifestError(f"{scope}: two labels are the same, or look the same")
    texts = [file.label, voting.union, voting.scrutineer, voting.device_information, *voting.trustees]
    texts += [label for _, labels in scopes for label in labels]
    for text in texts:
        problem = text_problem(text)
        if problem:
            raise ManifestError(f"the text {text[:40]!a} {problem}")
    scripts = _scripts(texts)
    if len(scripts) > 1:
        raise ManifestError(f"the texts mix letters of several scripts ({', '.join(sorted(scripts))}), which can look alike")


def text_problem(text: str) -> str | None:
    """Why `text` may not stand in a manifest, or None (record-format.md, 2.3)."""
    if not 1 <= len(text) <= 200:
        return "is empty or longer than 200 characters"
    if unicodedata.normalize("NFC", text) != text:
        return "is not in Unicode normal form C"
    for character in text:
        category = unicodedata.category(character)
        if category in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") or (category == "Zs" and character != " ") or INVISIBLE.match(character):
            return f"contains the character U+{ord(character):04X}, which is invisible or changes the direction of text"
    if text != text.strip() or "  " in text:
        return "begins or ends with a space, or has two together"
    if any(unicodedata.category(character).startswith("M") for character in (text[0], *re.findall(" (.)", text))):
        return "has a mark that stands on no letter"
    return None


def _scripts(texts: Iterable[str]) -> set[str]:
    return {
        unicodedata.name(character, "UNKNOWN").split()[0]
        for text in texts
        for character in text
        if unicodedata.category(character).startswith("L")
    }
