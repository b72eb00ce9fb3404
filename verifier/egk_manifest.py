"""The manifest of egk-ec (foreign-records.md, section 3): contests, options and, by way of geopolitical units, ballot styles.

Its bytes are hashed into H_M; only labels, indices and limits mean anything to the protocol, the rest is read for its form alone.
"""

from .foreign_json import Item, parse
from .model import BallotStyle, Contest, Manifest, Option

__all__ = ["read_manifest"]


def read_manifest(content: bytes, file: str) -> Manifest:
    """Contests and options in ascending order of their indices (`sequence_order`). A style holds the contests whose `electoral_district_id`
    is among its geopolitical units. Raises RecordError."""
    item = Item(parse(content, file), file)
    for member in ("spec_version", "type", "start_date", "end_date"):
        item.text(member)
    units = _objects(item, "geopolitical_units", ("object_id", "name", "type"), ("contact_information",))
    _objects(item, "parties", ("object_id", "name"), ("abbreviation", "color", "logo_uri"))
    candidates = _candidates(item)
    _objects(item, "name", ("value", "language"), ())
    if item.has("contact_information"):
        contact = item.item("contact_information")
        contact.texts("address_line")
        _texts(contact, (), ("email", "phone", "name"))
        contact.done()
    districts: dict[int, str] = {}
    contests = sorted((_contest(contest, districts, units, candidates) for contest in item.items("contests")), key=lambda made: made.index)
    _distinct(item, "contests", [contest.label for contest in contests], [contest.index for contest in contests])
    styles = []
    for index, style in enumerate(item.items("ballot_styles"), 1):
        own = style.texts("geopolitical_unit_ids")
        style.texts("party_ids")
        _texts(style, ("object_id",), ("image_url",))
        style.done()
        styles.append(BallotStyle(index, style.text("object_id"), tuple(made.index for made in contests if districts[made.index] in own)))
    _distinct(item, "ballot_styles", [style.label for style in styles], [])
    label = item.text("election_scope_id")
    item.done()
    return Manifest(content, label, tuple(contests), tuple(styles))


def _contest(item: Item, districts: dict[int, str], units: list[str], candidates: list[str]) -> Contest:
    _texts(item, ("object_id", "electoral_district_id", "vote_variation", "name"), ("ballot_title", "ballot_subtitle"))
    item.integer("number_elected")
    index, limit = item.integer("sequence_order", 1), item.integer("votes_allowed", 1)
    option_limit = item.integer("option_selection_limit", 1) if item.has("option_selection_limit") else 1
    districts[index] = item.text("electoral_district_id")
    if districts[index] not in units:
        raise item.error("electoral_district_id", "no geopolitical unit has this id")
    options = []
    for option in item.items("ballot_selections"):
        if option.text("candidate_id") not in candidates:
            raise option.error("candidate_id", "no candidate has this id")
        options.append(Option(option.integer("sequence_order", 1), option.text("object_id"), option_limit))
        option.done()
    options.sort(key=lambda made: made.index)
    _distinct(item, "ballot_selections", [option.label for option in options], [option.index for option in options])
    item.done()
    return Contest(index, item.text("object_id"), limit, tuple(options))


def _candidates(item: Item) -> list[str]:
    made = []
    for candidate in item.items("candidates"):
        _texts(candidate, ("object_id",), ("name", "party_id", "image_url"))
        candidate.flag("is_write_in")
        candidate.done()
        made.append(candidate.text("object_id"))
    return made


def _objects(item: Item, member: str, required: tuple[str, ...], optional: tuple[str, ...]) -> list[str]:
    """The first required text of each object in an array of objects that hold nothing but texts."""
    made = []
    for entry in item.items(member):
        _texts(entry, required, optional)
        entry.done()
        made.append(entry.text(required[0]))
    return made


def _texts(item: Item, required: tuple[str, ...], optional: tuple[str, ...]) -> None:
    for member in (*required, *(name for name in optional if item.has(name))):
        item.text(member)


def _distinct(item: Item, member: str, labels: list[str], indices: list[int]) -> None:
    if len(set(labels)) != len(labels) or len(set(indices)) != len(indices):
        raise item.error(member, "two entries have the same object_id or sequence_order")
