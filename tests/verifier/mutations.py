"""Every leaf of a record, three changes of each, and the checks that have to refuse them, written from the record format and the
specification. Used by `test_mutations.py`.

A leaf is a string, number or truth value; its path is file, then members and positions. Kinds of change: `flip` (lowest digit, next
number, another letter), `swap` (the same leaf's value from another place of the record), `edge` (out of range, or in a form that is not
canonical). A change is applied *naively*, files as they were otherwise, or *adaptively*: everything that follows is recomputed and signed
again with the scrutineer's own key, so that no digest gives the change away.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.forging import (
    ACKNOWLEDGEMENTS,
    BALLOTS,
    DEVICES,
    EXTENDED,
    HASHES,
    JOINT,
    LOG,
    MANIFEST,
    OPENINGS,
    PARAMETERS,
    TALLY,
    TOTALS,
    Files,
    Forger,
)

__all__ = ["KINDS", "Leaf", "Mutation", "get", "leaves", "mutations", "named", "put"]

KINDS = ("flip", "swap", "edge")
UNREADABLE = {"X7"}
_HEX = re.compile("[0-9A-F]{16,}")
_TIME = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_GUARDIAN = re.compile(r"guardians/guardian_[1-5]\.public_key\.json")


@dataclass(frozen=True)
class Leaf:
    """A leaf: `path` starts with the file; `kind_of_leaf` is the path without positions."""

    path: tuple[str | int, ...]
    value: Any

    @property
    def file(self) -> str:
        return str(self.path[0])

    @property
    def name(self) -> str:
        """The last member's name."""
        return next(str(part) for part in reversed(self.path) if isinstance(part, str))

    @property
    def sort(self) -> str:
        """The path without positions and contest indices, which is the same for all leaves of a kind."""
        return ".".join(str(part) for part in self.path[1:] if isinstance(part, str) and not part.isdigit())


@dataclass(frozen=True)
class Mutation:
    """A leaf and what stands in its place."""

    leaf: Leaf
    kind: str
    value: Any

    def __str__(self) -> str:
        return f"{self.kind} of {'/'.join(map(str, self.leaf.path))}: {str(self.leaf.value)[:20]!r} becomes {str(self.value)[:20]!r}"


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[Leaf]:
    """All leaves below a value, in the order written."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(item, (*path, name))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from leaves(item, (*path, position))
    else:
        yield Leaf(path, value)


def get(files: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        files = files[part]
    return files


def put(files: Any, path: tuple[str | int, ...], value: Any) -> None:
    get(files, path[:-1])[path[-1]] = value


def mutations(chosen: list[Leaf], forger: Forger) -> list[Mutation]:
    """Three changes of each leaf."""
    values: dict[str, list[Any]] = {}
    widths: dict[int, list[str]] = {}
    for leaf in chosen:
        values.setdefault(leaf.sort, []).append(leaf.value)
        if isinstance(leaf.value, str):
            widths.setdefault(len(leaf.value), []).append(leaf.value)
    made = []
    for number, leaf in enumerate(chosen):
        swapped = _swap(leaf, values[leaf.sort], widths)
        made += [Mutation(leaf, "flip", _flip(leaf.value)), Mutation(leaf, "swap", swapped)]
        made.append(Mutation(leaf, "edge", _edge(leaf, number, forger)))
    assert all(type(mutation.value) is not type(mutation.leaf.value) or mutation.value != mutation.leaf.value for mutation in made)
    return made


def _flip(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if _HEX.fullmatch(value):
        return value[:-1] + f"{int(value[-1], 16) ^ 1:X}"
    if _TIME.fullmatch(value):
        return value[:-2] + f"{int(value[-2]) ^ 1}Z"
    return value[:-1] + chr(ord(value[-1]) ^ 1)


def _swap(leaf: Leaf, alike: list[Any], widths: dict[int, list[str]]) -> Any:
    """Another value of the same kind; if all are equal, one of another kind but the same width, or simply another one."""
    at = alike.index(leaf.value)
    others = [value for value in (*alike[at + 1 :], *alike[:at]) if value != leaf.value]
    if others:
        return others[0]
    value = leaf.value
    if isinstance(value, bool):
        return "true"
    if isinstance(value, int):
        return value - 1 if value else 2
    others = [other for other in widths.get(len(value), []) if other != value]
    others = [other for other in others if (_HEX.fullmatch(other) is None) == (_HEX.fullmatch(value) is None)]
    if others:
        return others[0]
    known = {"NoChaining": "SimpleChaining", "Regular": "PreEncrypted", "Prohibited": "Required", "psephos": "eg21-json"}
    return known.get(value, value[::-1] if value[::-1] != value else value + "s")


def _edge(leaf: Leaf, number: int, forger: Forger) -> Any:
    """Values at and beyond the limits, and forms that are not canonical, in turn."""
    value, p, q = leaf.value, forger.p, forger.q
    if isinstance(value, bool):
        return 1
    if isinstance(value, int):
        tries: list[Any] = [2**31, -1, f"{value}", 0 if value else 3, 10**99, [value], 2**31 - 1]
        if leaf.name == "tally":
            tries = [value + q, value - q, -1, float(value), f"{value}", 10**30, 10**12]
        return tries[number % len(tries)]
    if _HEX.fullmatch(value):
        x, width = int(value, 16), len(value)
        lower = value.lower() if value.lower() != value else value + "0"
        tries = ["0" * width, lower, "00" + value, value[2:], "F" * width, "0x" + value[2:]]
        if width == 2 * forger.l_p:
            tries += [forger.hp(p), forger.hp(p - 1), forger.hp(p - x) if 0 < x < p else "", f"{p + 1:0{width}X}", forger.hp(1)]
        elif width == 2 * forger.l_q:
            tries += [forger.hq(q), f"{q + 1:0{width}X}"]
        return next(text for text in (*tries[number % len(tries) :], *tries) if text != value)
    if _TIME.fullmatch(value):
        tries = [value[:-1], value.replace("T", " "), "2026-02-30T00:00:00Z", value[:-1] + "+00:00", "", 5]
    else:
        tries = [value + " ", "", value + "\u200b", f"\u202e{value}", value.upper() + "\u0301", None, 7, value.encode("ascii").hex() * 50]
    return tries[number % len(tries)]


# What must refuse a change


def named(mutation: Mutation, files: Files, forger: Forger, *, adaptive: bool) -> set[str]:
    """The checks that must be among those that fail. `files` are the untouched ones. X15 is left out: naively it fails always."""
    if not _readable(mutation, files):
        return UNREADABLE
    leaf, new = mutation.leaf, mutation.value
    if leaf.file == PARAMETERS:
        return _parameters(leaf, new, adaptive)
    if leaf.file == MANIFEST:
        return {"X9", "6.D", "10.B"} if adaptive else {"1.F"}
    if leaf.file == HASHES:
        if leaf.name == "h_p":
            return {"1.E", "2.C"}
        return {"1.F", "X9"}
    if leaf.file == EXTENDED:
        return {"4.A", "6.D", "10.B"} if adaptive else {"4.A", "5.B"}
    if leaf.file == JOINT:
        item = "3.A" if "vote" in leaf.name else "3.B"
        return {item, "X9"} if adaptive else {item, "4.A"}
    if _GUARDIAN.fullmatch(leaf.file):
        return _guardian(leaf, new, forger, adaptive)
    if leaf.file == ACKNOWLEDGEMENTS:
        return {"X9"}
    if leaf.file == DEVICES:
        return _device(leaf, adaptive)
    if leaf.file == BALLOTS:
        checks = _ballot(leaf, new, files, forger, adaptive)
        return checks if LOG not in files else (checks - {"X15"}) | {"X11"} | (set() if adaptive else {"X6"})
    if leaf.file == LOG:
        return {"X6", "X11"} if leaf.name == "root" else {"X11"}
    if leaf.file == OPENINGS:
        return _opening(leaf, new, files)
    if leaf.file == TALLY:
        return _tally(leaf, new, files, forger, adaptive)
    if leaf.file == TOTALS:
        return {"X10"}
    return {"X15"}  # profile.json, signature.json


def _readable(mutation: Mutation, files: Files) -> bool:
    """Whether the record format (sections 1 and 2) lets the value stand there at all, whatever it means."""
    leaf, new = mutation.leaf, mutation.value
    old = leaf.value
    if type(new) is not type(old) and not (leaf.name == "selection_limit" and new == "NO_LIMIT"):
        return False
    if leaf.name in ("tally", "value"):
        return True
    if isinstance(old, bool):
        return False
    if isinstance(old, int):
        if not 0 <= new < 2**31 or (leaf.name == "version" and leaf.file == "profile.json"):
            return False
        if leaf.file == MANIFEST and leaf.path[1] == "ballot_styles":
            style = [*get(files, leaf.path[:-1])]
            style[int(leaf.path[-1])] = new
            return style == sorted(set(style)) and all(1 <= index <= len(files[MANIFEST]["contests"]) for index in style)
        if leaf.file == DEVICES and leaf.name == "device_ix":
            return new >= 1
        return not (leaf.name == "selection_limit" and new == 1) and not (_GUARDIAN.fullmatch(leaf.file) and leaf.name == "i")
    if leaf.file == MANIFEST and leaf.name == "log":
        return False
    if _TIME.fullmatch(old):
        return bool(_TIME.fullmatch(new)) and "02-30" not in new
    if leaf.name == "ballot_id":
        return True  # text, which X17 or X4 compares with the code
    if _HEX.fullmatch(old):
        return bool(re.fullmatch(f"[0-9A-F]{{{len(old)}}}", new))
    if leaf.file == "profile.json":
        listed = [entry["path"] for entry in files["profile.json"]["files"]]
        return leaf.name == "path" and _ascends([new if path == old else path for path in listed])
    if leaf.file == DEVICES and leaf.name == "kind":
        return new == "PreEncrypted"
    if leaf.file == DEVICES and leaf.name == "chaining_mode":
        return new == "SimpleChaining"
    return True


def _ascends(texts: list[str]) -> bool:
    return all(x.encode() < y.encode() for x, y in zip(texts, texts[1:], strict=False))


def _outside(value: str, forger: Forger) -> bool:
    """Whether a number modulo p is not in the group."""
    x = int(value, 16)
    return not 0 < x < forger.p or pow(x, forger.q, forger.p) != 1


def _parameters(leaf: Leaf, new: Any, adaptive: bool) -> set[str]:
    if leaf.name == "number":
        return {"1.A"}
    if "generation" in leaf.sort or leaf.name == "p":
        return {"1.B"}
    if leaf.name in ("q", "g"):
        return {"1.C"} if leaf.name == "q" else {"1.D"}
    if leaf.name in ("n", "k"):
        return {"X8", "2.C"} | ({"X9"} if adaptive else {"1.E"}) | ({"3.A", "3.B"} if leaf.name == "n" else set())
    return {"X13"}


def _guardian(leaf: Leaf, new: Any, forger: Forger, adaptive: bool) -> set[str]:
    if leaf.name == "name":
        return {"X18"}
    checks = {"2.C"}
    if leaf.name == "v" and int(new, 16) >= forger.q:
        checks |= {"2.B"}
    if leaf.name in ("coefficient_commitments", "communication_public_key"):
        checks |= {"X9"} | ({"2.A"} if _outside(new, forger) else set())
        if int(new, 16) == 1:
            checks |= {"2.A", "X8"}
        if leaf.name == "coefficient_commitments" and leaf.path[-1] == 0 and not adaptive:
            checks |= {"3.A"} if "ballot_data" not in leaf.sort else {"3.B"}
    return checks


def _device(leaf: Leaf, adaptive: bool) -> set[str]:
    if leaf.name == "device_ix":
        return {"X13"} if adaptive else UNREADABLE  # there is no file of ballots for that device
    if leaf.name == "device_information":
        return {"X13"} if adaptive else {"X13", "8.C"}
    return {"kind": {"X13"}, "chaining_mode": {"X13"}, "h_di": {"8.C"}, "ballot_count": {"X10"}}[leaf.name]


def _ballot(leaf: Leaf, new: Any, files: Files, forger: Forger, adaptive: bool) -> set[str]:
    state = files[BALLOTS][leaf.path[1]]["ballot_state"]
    inside = leaf.sort
    if inside == "ballot_id":
        return {"X17"} | ({"X4", "13.B"} if state == "Challenged" else set())
    if inside == "ballot_state":
        return _state(state, new, adaptive)
    if inside == "ballot_style_ix":
        return {"X2"}
    if inside == "device_ix":
        return {"X13", "8.C"}
    if inside == "id_b":
        return {"6.D", "7.D", "X6"} if adaptive else {"5.B"}
    if inside == "h_i":
        return {"5.B"}
    if inside.startswith("ballot_nonce_ciphertext"):
        return {"X6"}
    if inside == "chaining_field":
        return {"8.D"} if adaptive else {"8.D", "8.B"}
    if inside == "confirmation_code":
        return {"8.B"} if adaptive else {"8.B", "X17"}
    if inside == "contests.contest_hash":
        return {"8.A"} if adaptive else {"8.A", "8.B"}
    if leaf.name in ("alpha", "beta"):
        checks = {"6.D", "7.D"} | ({"6.A", "7.A"} if _outside(new, forger) else set())
        if not adaptive:
            checks |= {"8.A"} | ({"9.A" if leaf.name == "alpha" else "9.B"} if state == "Cast" else set())
        else:
            checks |= {"Cast": {"10.B"}, "Challenged": {"13.B"}}.get(state, set())
        return checks
    item = {"proof_ballot_correctness": "6", "proof_selection_limit": "7"}.get(inside.split(".")[1], "X16")
    if item == "X16":
        return {"X16"}
    wide = {f"{item}.B" if leaf.name == "c" else f"{item}.C"} if int(new, 16) >= forger.q else set()
    return wide if int(new, 16) % forger.q == int(leaf.value, 16) else wide | {f"{item}.D"}


def _state(old: str, new: str, adaptive: bool) -> set[str]:
    if new not in ("Cast", "Challenged", "Discounted") or new == "Challenged" or (old == "Challenged" and not adaptive):
        return {"X4"}
    if old == "Challenged" and new == "Discounted":
        return {"X15"}  # nothing but the signature says which of the uncounted ballots were opened
    return {"10.B"} if adaptive else {"X10", "9.A", "9.B"}


def _opening(leaf: Leaf, new: Any, files: Files) -> set[str]:
    opening = files[OPENINGS][leaf.path[1]]
    if leaf.sort == "ballot_id":
        return {"X4", "13.B"}
    if leaf.name == "contest_ix":
        style = [contest["contest_ix"] for contest in opening["contests"]]
        return {"14.B", "X18"} | (set() if new in style else {"14.A"})
    if leaf.sort == "contests.label":
        return {"14.A", "X18"}
    if leaf.name == "label":
        return {"14.C", "14.D", "X18"}
    if leaf.name == "value":
        return {"14.E"} if not 0 <= new <= 1 else {"13.B"}
    return {"13.B"}


def _tally(leaf: Leaf, new: Any, files: Files, forger: Forger, adaptive: bool) -> set[str]:
    if leaf.name == "contest_ix":
        return {"11.A", "11.C", "X18"}
    if leaf.sort == "contests.label":
        return {"11.A", "X18"}
    if leaf.name == "label":
        return {"11.B", "11.C", "X18"}
    if leaf.name in ("alpha", "beta"):
        return {"9.A" if leaf.name == "alpha" else "9.B", "10.B"}
    if leaf.name == "tally":
        index = files[TALLY]["contests"][leaf.path[2]]["contest_ix"]
        counted = sum(line["ballot_state"] == "Cast" and str(index) in line["contests"] for line in files[BALLOTS])
        checks = {"X1", "10.C"} if not 0 <= new <= counted else set()
        same = (new - leaf.value) % forger.q == 0
        return checks if same else checks | ({"10.B"} if adaptive else {"10.C"})
    if leaf.name == "decrypted_value":
        return {"10.B", "10.C"}
    return {"10.A", "10.B"} if leaf.name == "v" and int(new, 16) >= forger.q else {"10.B"}
