"""X6 and X11 in records with a log: the ballots, as they stand in their order, make the tree whose root guardians have stated to be that of
the log which they witnessed (record-format.md, 2.12; RFC 9162, 2.1.1).
"""

import hashlib
from itertools import zip_longest

from .arithmetic import Group, b
from .own_model import Log, LogStatement
from .report import Findings, LogLine, Report
from .source import RecordSource

__all__ = ["LEAF", "Tree", "check_log", "leaf_hash", "statement_challenge", "verification_keys"]

LEAF = 32
"""Bytes of a leaf's hash."""


def leaf_hash(line: bytes) -> bytes:
    """SHA-256(0x00 ‖ line), the line without its LF."""
    return hashlib.sha256(b"\x00" + line).digest()


class Tree:
    """The tree of leaves that are added one after the other; it keeps the roots of perfect subtrees only, and how many leaves each has."""

    def __init__(self) -> None:
        self._perfect: list[tuple[int, bytes]] = []

    def add(self, leaves: bytes) -> None:
        """More leaves: their hashes, one after the other."""
        for at in range(0, len(leaves), LEAF):
            leaf = leaves[at : at + LEAF]
            number = 1
            while self._perfect and self._perfect[-1][0] == number:
                _, left = self._perfect.pop()
                number, leaf = 2 * number, _node(left, leaf)
            self._perfect.append((number, leaf))

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return sum(number for number, _ in self._perfect)

    def root(self) -> bytes:
        """The hash of all; that of nothing for an empty tree."""
        if not self._perfect:
            return hashlib.sha256().digest()
        (_, root), *others = reversed(self._perfect)
        for _, left in others:
            root = _node(left, root)
        return root


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def check_log(source: RecordSource, group: Group, tree: Tree | None, report: Report) -> None:
    """The part of X6 and X11 that is about the log; `tree` is of all ballots, None if one could not be read."""
    if source.own is None or source.own.log is None:
        return report.miss("X6 X11", "log.json could not be read")
    log, findings = source.own.log, report.findings
    stated_by = {statement.index for statement in log.statements} & _guardians(source)
    report.log = LogLine(log.size, log.root, sorted(stated_by))
    if tree is None:
        report.miss("X6 X11", "a ballot could not be read, so that nobody can tell whether it is in the log")
    else:
        findings.check("X11", log.size == tree.size, "log.json", "size: as many as there are ballots", tree.size, log.size)
        root = tree.root()
        findings.check("X6 X11", log.root == root, "log.json", "root of the tree whose leaves are the ballots' lines", root, log.root)
    _check_statements(source, group, log, findings)
    return None


def statement_challenge(group: Group, h_e: bytes, index: int, log: Log, key: int, h: int) -> int:
    """c of guardian i's statement; `key` is g^ẑ_i. The second input is 45 + 2·512 bytes long."""
    return group.H_q(h_e, b"\x55", b(index, 4), b(log.size, 8), log.root, group.bp(key), group.bp(h))


def verification_keys(source: RecordSource, group: Group, indices: list[int]) -> dict[int, int]:
    """g^ẑ_i for each i, from what all guardians have published: Π_m (Π_j K̂_j,m)^(i^m), the outer product by Horner's rule."""
    columns = zip_longest(*(guardian.data.commitments for guardian in source.guardians), fillvalue=1)
    joint = [group.product(*column) for column in columns]
    keys = {}
    for i in indices:
        key = 1
        for commitment in reversed(joint):
            key = group.product(group.power(key, i), commitment)
        keys[i] = key
    return keys


def _guardians(source: RecordSource) -> set[int]:
    return {guardian.index for guardian in source.guardians if guardian.index <= source.parameters.n}


def _check_statements(source: RecordSource, group: Group, log: Log, findings: Findings) -> None:
    """At least k guardians, ascending, each once, and each has made the statement about this very root, in this election."""
    k, known = source.parameters.k, _guardians(source)
    indices = [statement.index for statement in log.statements]
    ascend = all(x < y for x, y in zip(indices, indices[1:], strict=False))
    if not findings.check("X11", ascend, "log.json", "statements of different guardians, ascending", None, indices[:20]):
        return  # or one statement, written a hundred thousand times, would keep this program busy for an hour
    findings.check("X11", len(set(indices)) >= k, "log.json", "statements of a quorum", f"{k} or more", len(set(indices)))
    for i in indices:
        findings.check("X11", i in known, "log.json", f"statement of guardian {i}: there is no such guardian")
    keys = verification_keys(source, group, sorted(known.intersection(indices)))
    for statement in log.statements:
        if statement.index in keys:
            _check_statement(source, group, log, statement, keys[statement.index], findings)


def _check_statement(source: RecordSource, group: Group, log: Log, statement: LogStatement, key: int, findings: Findings) -> None:
    """h = g^v · (g^ẑ_i)^c, then c = H_q(H_E; 0x55, b(i,4), b(size,8), root, g^ẑ_i, h)."""
    where, c, v = f"log.json, statement of guardian {statement.index}", statement.c, statement.v
    if findings.check("X11", group.is_scalar(c) and group.is_scalar(v), where, "c and v are in Z_q", None, (c, v)):
        h = group.product(group.g_power(v), group.power(key, c))
        expected = statement_challenge(group, source.h_e, statement.index, log, key, h)
        findings.check("X11", c == expected, where, "c = H_q(H_E; 0x55, i, size, root, g^ẑ_i, g^v · (g^ẑ_i)^c)", expected, c)
