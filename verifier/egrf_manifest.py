"""The manifest of EGRF records (foreign-records.md, section 2; §3.1.3, §3.3.9): contests, supplementary fields, ballot styles.

The bytes are whatever was hashed into H_B, so any JSON layout is allowed and members that are not listed here are left alone (they are the
vendor's, and H_B covers them), except for such as differ from a listed one in case, `_` or `-` only.
"""

from .foreign_json import Item, parse
from .model import BallotStyle, Contest, Manifest, Option

__all__ = ["read_manifest"]

_MANIFEST = (
    *("electionId", "contests", "ballotStyles", "chainingMode", "hashTrimmingFunction"),
    *("electionName", "electionDate", "electionType", "jurisdiction", "location"),
)
_CONTEST = (
    *("id", "name", "selectionLimit", "optionSelectionLimit", "index", "choices", "supplementalFields", "writeInFieldCount"),
    "contestDataBlocks",
)
_CHOICE = ("id", "name", "index")
_FIELD = ("kind", *_CHOICE)
_STYLE = ("id", "name", "contestIds")
_KINDS = ("OvervoteIndicator", "NullVoteIndicator", "UndervoteIndicator", "UndervoteDifferenceCount", "WriteInCount")
_COUNTED = ("OvervoteIndicator", "UndervoteIndicator", "WriteInCount")


def read_manifest(content: bytes, file: str, line: int) -> tuple[Manifest, int]:
    """The manifest and the chaining mode it prescribes (0 none, 1 simple). Raises RecordError."""
    manifest = Item(parse(content, file, line), file, line, "manifest.")
    _known(manifest, _MANIFEST)
    label = manifest.text("electionId")
    contests = tuple(_contest(item, position) for position, item in enumerate(manifest.items("contests"), 1))
    _distinct(manifest, "contests", [contest.label for contest in contests])
    indices = {contest.label: contest.index for contest in contests}
    styles = tuple(_style(item, position, indices) for position, item in enumerate(manifest.items("ballotStyles"), 1))
    _distinct(manifest, "ballotStyles", [style.label for style in styles])
    chaining = _optional(manifest, "chainingMode")
    if chaining > 1:
        raise manifest.error("chainingMode", f"only modes 0 and 1 are defined (§3.4.4), got {chaining}")
    return Manifest(content, label, contests, styles, _optional(manifest, "hashTrimmingFunction") or None), chaining


def _contest(item: Item, position: int) -> Contest:
    """A contest. The limits R are those of §3.3.9: an indicator's is 1, the undervote difference count's L, the write-in count's the number
    of write-in fields. The limit proof runs over choices, undervote indicator and write-in count once, the overvote indicator L times."""
    _known(item, _CONTEST)
    _indexed(item, position)
    item.text("name")
    limit, option_limit = item.integer("selectionLimit", 1), item.integer("optionSelectionLimit", 1)
    write_ins = _optional(item, "writeInFieldCount")
    options = []
    for place, choice in enumerate(item.items("choices"), 1):
        _known(choice, _CHOICE)
        _indexed(choice, place)
        choice.text("name")
        options.append(Option(place, choice.text("id"), option_limit))
    kinds = []
    for place, supplement in enumerate(item.items("supplementalFields") if item.has("supplementalFields") else [], len(options) + 1):
        _known(supplement, _FIELD)
        _indexed(supplement, place)
        supplement.text("name")
        kind = supplement.choice("kind", {name: name for name in _KINDS})
        if kind == "WriteInCount" and not write_ins:
            raise supplement.error("kind", "a write-in count where no write-ins are offered")
        kinds.append(kind)
        bound = {"UndervoteDifferenceCount": limit, "WriteInCount": write_ins}.get(kind, 1)
        times = limit if kind == "OvervoteIndicator" else 1
        options.append(Option(place, supplement.text("id"), bound, kind in _COUNTED, times))
    _distinct(item, "supplementalFields", kinds)
    _distinct(item, "choices", [option.label for option in options])
    blocks = _optional(item, "contestDataBlocks")
    return Contest(position, item.text("id"), limit, tuple(options), None, blocks or None)


def _style(item: Item, position: int, indices: dict[str, int]) -> BallotStyle:
    _known(item, _STYLE)
    item.text("name")
    labels = item.texts("contestIds")
    for place, label in enumerate(labels):
        if label not in indices:
            raise item.error(f"contestIds[{place}]", f"no contest has the id {ascii(label)[:60]}")
    _distinct(item, "contestIds", list(labels))
    return BallotStyle(position, item.text("id"), tuple(sorted(indices[label] for label in labels)))


def _known(item: Item, names: tuple[str, ...]) -> None:
    """Refuses a member whose name differs from a known one in case, `_` and `-` only, so that no two readers see two manifests."""
    loose = {_loose(name): name for name in names}
    for member in item.members:
        if member not in names and _loose(member) in loose:
            raise item.error(ascii(member)[1:41], f"reads like {loose[_loose(member)]}")


def _loose(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _optional(item: Item, member: str) -> int:
    return item.integer(member, 0, 2**24) if item.has(member) else 0


def _indexed(item: Item, position: int) -> None:
    index = item.integer("index")
    if index != position:
        raise item.error("index", f"indices count from 1 in the manifest's order (§3.1.3): expected {position}, got {index}")


def _distinct(item: Item, member: str, labels: list[str]) -> None:
    if len(set(labels)) != len(labels):
        raise item.error(member, "two entries have the same id or kind")
