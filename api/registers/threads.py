"""Which entries of a register count: those whose place no later one has taken. All of them stay in the log."""

from collections.abc import Iterable, Sequence

from api.audit.entry import Entry

__all__ = ["current", "roots"]

_EARLIER = "earlier_entry"


def current(entries: Iterable[Entry]) -> list[Entry]:
    """The entries that no other one takes the place of, in order. If two take the place of the same, both count."""
    found = list(entries)
    replaced = {str(each.members[_EARLIER]) for each in found if _EARLIER in each.members}
    return [each for each in found if each.id.hex() not in replaced]


def roots(entries: Sequence[Entry]) -> dict[str, str]:
    """For the id of each entry that of the first one of which it has, in the end, taken the place. `entries` are in order."""
    found: dict[str, str] = {}
    for each in entries:
        earlier = str(each.members.get(_EARLIER, ""))
        found[each.id.hex()] = found.get(earlier, each.id.hex())
    return found
