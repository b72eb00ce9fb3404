"""Reads the files that only our own record has: profile, acknowledgements, totals, signature, log (record-format.md, 2.1, 2.5, 2.10 to
2.12). All functions raise RecordError."""

from .arithmetic import Group
from .model import Acknowledgement, Proof
from .own_model import FileDigest, Log, LogStatement, Signature, StateCounts, Totals
from .setup_files import read_time
from .strict_json import Node

__all__ = ["KINDS", "PROFILE", "VERSION", "read_acknowledgement", "read_log", "read_profile", "read_signature", "read_totals"]

PROFILE = "psephos"
VERSION = 1
KINDS = ("offline", "witnessed")


def read_profile(node: Node) -> tuple[str, tuple[FileDigest, ...]]:
    """`profile.json`: the kind, and the files it lists, ascending. Another name, version or kind is unreadable."""
    members = node.members("profile", "version", "kind", "files")
    members["profile"].choice(PROFILE)
    if (version := members["version"].small()) != VERSION:
        members["version"].refuse(f"expected {VERSION}, got {version}")
    kind = members["kind"].choice(*KINDS)
    files = []
    for item in members["files"].items():
        entry = item.members("path", "sha256")
        files.append(FileDigest(entry["path"].text(), entry["sha256"].hex(32)))
    if any(x.path.encode() >= y.path.encode() for x, y in zip(files, files[1:], strict=False)):
        members["files"].refuse("the paths do not ascend")
    return kind, tuple(files)


def read_acknowledgement(node: Node, group: Group) -> Acknowledgement:
    """One line of `acknowledgements.jsonl`."""
    members = node.members("i", "h_g", "proof")
    proof = members["proof"].members("c", "v")
    return Acknowledgement(
        index=members["i"].small(),
        h_g=members["h_g"].hex(32),
        proof=Proof(proof["c"].number(group.l_q), proof["v"].number(group.l_q)),
    )


def read_totals(node: Node) -> Totals:
    """`totals.json`."""
    members = node.members("ballots", "ballot_styles", "statement?")
    ballots = _counts(members["ballots"].members("cast", "discounted", "challenged"))
    styles = []
    for item in members["ballot_styles"].items():
        entry = item.members("ballot_style_ix", "cast", "discounted", "challenged")
        styles.append((entry["ballot_style_ix"].small(), _counts(entry)))
    return Totals(ballots, tuple(styles), members["statement"].text() if "statement" in members else "")


def _counts(members: dict[str, Node]) -> StateCounts:
    return StateCounts(members["cast"].small(), members["discounted"].small(), members["challenged"].small())


def read_signature(node: Node) -> Signature:
    """`signature.json`."""
    members = node.members("date", "signature")
    return Signature(read_time(members["date"]), members["signature"].hex(64))


def read_log(node: Node, group: Group) -> Log:
    """`log.json`."""
    members = node.members("size", "root", "statements")
    statements = []
    for item in members["statements"].items():
        entry = item.members("i", "proof")
        proof = entry["proof"].members("c", "v")
        statements.append(LogStatement(entry["i"].small(), proof["c"].number(group.l_q), proof["v"].number(group.l_q)))
    return Log(members["size"].small(), members["root"].hex(32), tuple(statements))
