"""Reads the files that are there before the first vote: parameters, manifest, hashes, guardians, joint keys, devices (record-format.md, 2.2
to 2.6). All functions raise RecordError; none checks a value against another one, except where a text would mean nothing otherwise."""

from .arithmetic import Group
from .model import BallotStyle, Contest, Device, Guardian, Manifest, Option, Parameters, PublicKey, Statutory, Voting
from .source import RecordError
from .strict_json import Node, parse
from .text import is_time

__all__ = ["read_devices", "read_guardian", "read_hashes", "read_joint_keys", "read_manifest", "read_parameters"]

LARGEST_LIMIT = 1000
NO_LIMIT = "NO_LIMIT"
CONTEST_LIMIT = "CONTEST_LIMIT"


def read_parameters(node: Node, group: Group, own: bool) -> Parameters:
    """`election_parameters.json`. p, q and g have the widths of `group`, whatever their values."""
    top = node.members("fixed_parameters", "varying_parameters")
    fixed = top["fixed_parameters"].members("ElectionGuard_Design_Specification_version", "generation_parameters", "field", "group")
    version = fixed["ElectionGuard_Design_Specification_version"].members("number")["number"]
    generation = fixed["generation_parameters"].members(
        "q_bits_total", "p_bits_total", "p_bits_msb_fixed_1", "p_middle_bits_source", "p_bits_lsb_fixed_1"
    )
    field = fixed["field"].members("q")
    numbers = fixed["group"].members("p", "g", "q")
    optional = "" if own else "?"
    varying = top["varying_parameters"].members("n", "k", "info", "date" + optional, "ballot_chaining" + optional)
    return Parameters(
        version=tuple(item.small() for item in version.items()),
        p=_constant(numbers["p"], group.l_p, "1.B"),
        q=_constant(numbers["q"], group.l_q, "1.C"),
        g=_constant(numbers["g"], group.l_p, "1.D"),
        n=varying["n"].small(),
        k=varying["k"].small(),
        info=varying["info"].text(),
        date=varying["date"].text() if "date" in varying else "",
        ballot_chaining=varying["ballot_chaining"].text() if "ballot_chaining" in varying else "",
        generation=(
            generation["q_bits_total"].small(),
            generation["p_bits_total"].small(),
            generation["p_bits_msb_fixed_1"].small(),
            generation["p_middle_bits_source"].text(),
            generation["p_bits_lsb_fixed_1"].small(),
        ),
        field_q=_constant(field["q"], group.l_q, "1.C"),
    )


def _constant(node: Node, length: int, check: str) -> int:
    """p, q or g. One of another length belongs to another group, in which nothing else could be read."""
    try:
        return node.number(length)
    except RecordError as error:
        raise RecordError(error.file, error.line, error.member, error.reason, check) from None


def read_manifest(content: bytes, file: str, own: bool) -> Manifest:
    """`election_manifest.json`; `content` is kept, for it is what H_B hashes."""
    node = parse(content, file)
    top = node.members("label", "contests", "ballot_styles", "voting") if own else node.members(
        "label", "contests", "ballot_styles", "short_code_function?"
    )
    contests = tuple(_contest(item, i, own) for i, item in enumerate(top["contests"].items(), 1))
    styles = tuple(_style(item, i, len(contests)) for i, item in enumerate(top["ballot_styles"].items(), 1))
    return Manifest(
        content=content,
        label=top["label"].text(),
        contests=contests,
        styles=styles,
        short_code_function=top["short_code_function"].small(least=1) if "short_code_function" in top else None,
        voting=_voting(top["voting"]) if own else None,
    )


def _contest(node: Node, index: int, own: bool) -> Contest:
    members = node.members("label", "selection_limit?", "options") if own else node.members(
        "label", "selection_limit?", "options", "contest_data_blocks?"
    )
    stated = _limit(members.get("selection_limit"), NO_LIMIT, own)
    options: list[tuple[str, int | None]] = []
    spoil = None
    for i, item in enumerate(members["options"].items(), 1):
        option = item.members("label", "selection_limit?", "spoil?") if own else item.members("label", "selection_limit?")
        limit = _limit(option.get("selection_limit"), CONTEST_LIMIT, own)
        if stated is None and limit is None:
            item.refuse("has no limit of its own, and its contest has none either")
        options.append((option["label"].text(), limit))
        if "spoil" in option and option["spoil"].truth():
            if spoil is not None:
                item.refuse("is a second spoil option")
            spoil = i
    limits = [min(limit for limit in (own_limit, stated) if limit is not None) for _, own_limit in options]
    total = sum(limits)
    if own and stated is None and total > LARGEST_LIMIT:
        node.refuse(f"expected a limit of at most {LARGEST_LIMIT}, got {total}")
    return Contest(
        index=index,
        label=members["label"].text(),
        limit=total if stated is None else min(stated, total),
        options=tuple(Option(i, label, limit) for i, ((label, _), limit) in enumerate(zip(options, limits, strict=True), 1)),
        spoil=spoil,
        data_blocks=members["contest_data_blocks"].small(least=1) if "contest_data_blocks" in members else None,
    )


def _limit(node: Node | None, word: str, own: bool) -> int | None:
    """A stated limit: None for `word`, 1 if absent. The default is never written out; in our own layout there is a least and a largest."""
    if node is None:
        return 1
    if node.is_text():
        node.choice(word)
        return None
    limit = node.small()
    if own and not 2 <= limit <= LARGEST_LIMIT:
        node.refuse(f"expected a limit from 2 to {LARGEST_LIMIT}, got {limit}")
    return limit if limit != 1 else node.refuse("the default limit 1 must be left out")


def _style(node: Node, index: int, contest_count: int) -> BallotStyle:
    members = node.members("label", "contests")
    contests = tuple(item.small(least=1) for item in members["contests"].items())
    if any(contest > contest_count for contest in contests):
        members["contests"].refuse(f"names a contest beyond {contest_count}")
    if any(x >= y for x, y in zip(contests, contests[1:], strict=False)):
        members["contests"].refuse("the contest indices do not ascend")
    return BallotStyle(index, members["label"].text(), contests)


def _voting(node: Node) -> Voting:
    members = node.members(
        "election_identifier", "union", "scrutineer", "opens", "closes", "record_due", "trustees", "smallest_unit",
        "device_information", "chaining_mode", "log?", "statutory?",
    )  # fmt: skip
    return Voting(
        election_identifier=members["election_identifier"].hex(32),
        union=members["union"].text(),
        scrutineer=members["scrutineer"].text(),
        opens=read_time(members["opens"]),
        closes=read_time(members["closes"]),
        record_due=read_time(members["record_due"]),
        trustees=tuple(item.text() for item in members["trustees"].items()),
        smallest_unit=members["smallest_unit"].small(),
        device_information=members["device_information"].text(),
        chaining_mode=members["chaining_mode"].text(),
        log=members["log"].choice("witnessed") if "log" in members else "",
        statutory=_statutory(members["statutory"]) if "statutory" in members else None,
    )


def _statutory(node: Node) -> Statutory:
    members = node.members("ballot_type", "section", "methods", "hierarchy?")
    return Statutory(
        ballot_type=members["ballot_type"].text(),
        section=members["section"].text(),
        methods=tuple(item.text() for item in members["methods"].items()),
        hierarchy=tuple(item.text() for item in members["hierarchy"].items()) if "hierarchy" in members else None,
    )


def read_time(node: Node) -> str:
    """A moment as `YYYY-MM-DDTHH:MM:SSZ` that exists; kept as text, which sorts like time."""
    text = node.text()
    return text if is_time(text) else node.refuse(f"expected YYYY-MM-DDTHH:MM:SSZ, got {text[:40]!r}")


def read_hashes(node: Node) -> tuple[bytes, bytes]:
    """`hashes.json`: H_P, H_B."""
    members = node.members("h_p", "h_b")
    return members["h_p"].hex(32), members["h_b"].hex(32)


def read_joint_keys(node: Node, group: Group) -> tuple[int, int]:
    """`joint_public_keys.json`: K, K̂."""
    members = node.members("joint_vote_encryption_public_key", "joint_ballot_data_encryption_public_key")
    vote, data = members["joint_vote_encryption_public_key"], members["joint_ballot_data_encryption_public_key"]
    return vote.number(group.l_p), data.number(group.l_p)


def read_guardian(node: Node, group: Group) -> Guardian:
    """`guardian_<i>.public_key.json`."""
    members = node.members("i", "name", "vote_encryption", "ballot_data_encryption", "communication_public_key")
    return Guardian(
        index=members["i"].small(),
        name=members["name"].text(),
        vote=_public_key(members["vote_encryption"], group),
        data=_public_key(members["ballot_data_encryption"], group),
        kappa=members["communication_public_key"].number(group.l_p),
    )


def _public_key(node: Node, group: Group) -> PublicKey:
    members = node.members("coefficient_commitments", "proof")
    proof = members["proof"].members("c", "v")
    return PublicKey(
        commitments=tuple(item.number(group.l_p) for item in members["coefficient_commitments"].items()),
        challenge=proof["c"].number(group.l_q),
        responses=tuple(item.number(group.l_q) for item in proof["v"].items()),
    )


def read_devices(node: Node) -> tuple[Device, ...]:
    """`voting_devices.json`: devices with different indices, ascending. A chained one without h_0 or closing hash fails 8.F or 8.G."""
    devices = tuple(_device(item) for item in node.members("devices")["devices"].items())
    if any(x.index >= y.index for x, y in zip(devices, devices[1:], strict=False)):
        node.refuse("the device indices do not ascend")
    return devices


def _device(node: Node) -> Device:
    members = node.members(
        "device_ix", "device_information", "kind", "chaining_mode", "h_di", "ballot_count", "h_0?", "closing_hash?"
    )
    chaining = members["chaining_mode"].choice("NoChaining", "SimpleChaining")
    if chaining != "SimpleChaining" and ("h_0" in members or "closing_hash" in members):
        node.refuse("h_0 and closing_hash belong to simple chaining, and only to that")
    return Device(
        index=members["device_ix"].small(least=1),
        information=members["device_information"].text(),
        kind=members["kind"].choice("Regular", "PreEncrypted"),
        chaining=chaining,
        h_di=members["h_di"].hex(32),
        ballot_count=members["ballot_count"].small(),
        h_0=members["h_0"].hex(32) if "h_0" in members else None,
        closing_hash=members["closing_hash"].hex(32) if "closing_hash" in members else None,
    )
