"""Verifies records under ElectionGuard specification 2.0.0 (layout `egk-json`), reported under the numbers of 2.1.0.

    H_P = H("v2.0.0"; 0x00, p, q, g)        H_M = H(H_P; 0x01, b(len,4), manifest)
    H_B = H(H_P; 0x02, H_M, n, k)           H_E = H(H_B; 0x12, K)
    c_i,j = H_q(H_P; 0x10, i, j, K_i,j, g^v · K_i,j^c)        for each coefficient, j from 0

1.F covers H_M and H_B, 3.A and 4.A the one key K. The ballots' own items are in `edition_2_0_ballots.py`.
"""

import multiprocessing
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from .arithmetic import Group, H, b
from .catalogue import PRE_ENCRYPTED
from .edition_2_0_ballots import check_ballot, check_decryption
from .egk import EgkSource
from .egk_values import Decrypted, OldGuardian
from .model import Ciphertext
from .report import Findings, Report, TallyLine
from .source import RecordError

__all__ = ["Counted", "check_ballots", "check_keys", "check_parameters", "check_set", "check_tally", "start", "verify"]

_VER = b"v2.0.0".ljust(32, b"\0")
_CHUNK = 4
_Place = tuple[str, str]


@dataclass(slots=True)
class Counted:
    """What a part of the ballots comes to. `products` and `contests` are over cast ballots only; keys of `products` are the labels of
    contest and option, of `contests` the contest's label."""

    findings: Findings
    ballots: list[tuple[str, str, bytes, str]] = field(default_factory=list)
    products: dict[_Place, Ciphertext] = field(default_factory=dict)
    contests: Counter[str] = field(default_factory=Counter)

    def multiply(self, group: Group, place: _Place, factor: Ciphertext) -> None:
        """Multiplies a ciphertext into the product of its option."""
        before = self.products.get(place, Ciphertext(1, 1))
        self.products[place] = Ciphertext(group.product(before.alpha, factor.alpha), group.product(before.beta, factor.beta))

    def merge(self, other: "Counted", group: Group) -> None:
        """Adds another part."""
        self.findings.merge(other.findings)
        self.ballots += other.ballots
        self.contests += other.contests
        for place, product in other.products.items():
            self.multiply(group, place, product)


def verify(source: EgkSource, group: Group, processes: int = 1) -> Report:
    """Every item that a record of this layout has an object for."""
    report = start(source)
    check_parameters(source, group, report)
    check_keys(source, group, report)
    counted = Counted(report.findings)
    for part in _parts(source, processes):
        counted.merge(part, group)
    check_set(source, counted, report)
    check_tally(source, counted, report)
    return report


def start(source: EgkSource) -> Report:
    """A report that rules out what this layout has no object for."""
    report = Report(source.format, Findings(own=False), label=source.manifest.label)
    for check, reason in source.format.not_applicable:
        report.exclude((check,), reason)
    report.exclude(PRE_ENCRYPTED, "the record holds no pre-encrypted ballots")
    return report


def check_parameters(source: EgkSource, group: Group, report: Report) -> None:
    """1.A to 1.F."""
    findings, constants, where = report.findings, source.constants, "constants.json"
    findings.check("1.A", constants.version == "v2.0.0", where, "protocolVersion", "v2.0.0", constants.version)
    findings.check("1.B", constants.p == group.p, where, "p", group.p, constants.p)
    findings.check("1.B", constants.r * group.q == group.p - 1, where, "r = (p − 1)/q", (group.p - 1) // group.q, constants.r)
    findings.check("1.C", constants.q == group.q, where, "q", group.q, constants.q)
    findings.check("1.D", constants.g == group.g, where, "g", group.g, constants.g)
    where = "election_config.json"
    h_p = H(_VER, b"\x00", group.bp(group.p), group.bq(group.q), group.bp(group.g))
    findings.check("1.E", h_p == source.h_p, where, "H_P = H(ver; 0x00, p, q, g)", h_p, source.h_p)
    content = source.manifest.content
    h_m = H(source.h_p, b"\x01", b(len(content), 4), content)
    findings.check("1.F", h_m == source.h_m, where, "H_M = H(H_P; 0x01, manifest)", h_m, source.h_m)
    h_b = H(source.h_p, b"\x02", source.h_m, b(source.n, 4), b(source.k, 4))
    findings.check("1.F", h_b == source.h_b, where, "H_B = H(H_P; 0x02, H_M, n, k)", h_b, source.h_b)
    report.done("1.A 1.B 1.C 1.D 1.E 1.F")


def check_keys(source: EgkSource, group: Group, report: Report) -> None:
    """2.A to 4.A. Every guardian's keys are needed, whichever of them take part in decryption."""
    findings, where = report.findings, "election_initialized.json"
    indices = [guardian.index for guardian in source.guardians]
    complete = len(indices) == source.n and indices == list(range(1, len(indices) + 1)) and 1 <= source.k <= source.n
    findings.check("2.C 3.A", complete, where, "guardians 1 to n, each once, and 1 <= k <= n", (source.n, source.k), indices)
    names = len({guardian.name for guardian in source.guardians})
    findings.check("2.C", names == len(indices), where, "guardians with different ids", len(indices), names)
    for guardian in source.guardians:
        _check_guardian(source, guardian, group, findings)
    K = group.product(*(guardian.commitments[0] for guardian in source.guardians if guardian.commitments))
    findings.check("3.A", K == source.K, where, "K = Π K_i,0", K, source.K)
    findings.check("3.A", group.is_element(source.K) and source.K != 1, where, "K is in Z_p^r and not 1", None, source.K)
    h_e = H(source.h_b, b"\x12", group.bp(source.K))
    findings.check("4.A", h_e == source.h_e, where, "H_E = H(H_B; 0x12, K)", h_e, source.h_e)
    report.done("2.A 2.B 2.C 3.A 4.A")


def _check_guardian(source: EgkSource, guardian: OldGuardian, group: Group, findings: Findings) -> None:
    where = f"guardian {guardian.index}"
    findings.check("2.C", len(guardian.commitments) == source.k, where, "number of coefficients", source.k, len(guardian.commitments))
    for j, (commitment, proof) in enumerate(zip(guardian.commitments, guardian.proofs, strict=True)):
        place = f"{where}, coefficient {j}"
        inside = group.is_element(commitment) and commitment != 1
        findings.check("2.A", inside, place, "K_i,j is in Z_p^r and not 1", None, commitment)
        findings.check("2.B", group.is_scalar(proof.v), place, "0 <= v < q", None, proof.v)
        h = group.product(group.g_power(proof.v), group.power(commitment, proof.c))
        c = group.H_q(source.h_p, b"\x10", b(guardian.index, 4), b(j, 4), group.bp(commitment), group.bp(h))
        findings.check("2.C", c == proof.c, place, "c = H_q(H_P; 0x10, i, j, K_i,j, g^v · K_i,j^c)", c, proof.c)


def check_ballots(source: EgkSource, files: tuple[str, ...]) -> Counted:
    """The ballots in `files`, each by itself."""
    counted = Counted(Findings(own=False))
    openings = {opening.name: opening for opening in source.challenged}
    for file in files:
        try:
            ballot = source.read(file)
        except RecordError as error:
            counted.findings.read_error(error)
            continue
        shaped = check_ballot(source, ballot, openings, counted.findings)
        counted.ballots.append((ballot.ballot_id, ballot.state, ballot.confirmation_code, ballot.where))
        if ballot.state != "Cast":
            continue
        counted.findings.check("9.A 9.B 11.D", shaped, ballot.where, "cannot be counted: its contests are not those of its style")
        for contest in ballot.contests if shaped else ():
            counted.contests[contest.label] += 1
            for (label, _), ciphertext in zip(contest.options, contest.ciphertexts, strict=True):
                counted.multiply(source.group, (contest.label, label), ciphertext)
    return counted


def _parts(source: EgkSource, processes: int) -> Iterator[Counted]:
    chunks = [source.ballots[i : i + _CHUNK] for i in range(0, len(source.ballots), _CHUNK)]
    if processes <= 1 or len(chunks) <= 1 or "fork" not in multiprocessing.get_all_start_methods():
        for chunk in chunks:
            yield check_ballots(source, chunk)
        return
    with ProcessPoolExecutor(min(processes, len(chunks)), multiprocessing.get_context("fork")) as executor:
        yield from executor.map(check_ballots, [source] * len(chunks), chunks)


def check_set(source: EgkSource, counted: Counted, report: Report) -> None:
    """What concerns all ballots together: 5.A, 8.B, the set of openings, the set of cast ballots."""
    findings = report.findings
    report.ballots = Counter(state for _, state, _, _ in counted.ballots)
    for check, place, rule in (("5.A", 0, "ballot id occurs once"), ("8.B", 2, "confirmation code occurs once")):
        seen: set[object] = set()
        for ballot in counted.ballots:
            findings.check(check, ballot[place] not in seen, ballot[3], rule, None, ballot[place])
            seen.add(ballot[place])
    challenged = {name for name, state, _, _ in counted.ballots if state == "Challenged"}
    opened = Counter(opening.name for opening in source.challenged)
    for opening in source.challenged:
        one = opening.name in challenged and opened[opening.name] == 1
        findings.check("13.B 14.A", one, opening.where, "decryption of a challenged ballot, once", None, opening.name)
    cast = sorted(name for name, state, _, _ in counted.ballots if state == "Cast")
    stated = sorted(source.encrypted_tally.cast)
    findings.check("9.A 9.B", cast == stated, "encrypted_tally.json", "cast_ballot_ids are the cast ballots", len(cast), len(stated))
    report.done("format 5.A 5.B 6.A 6.B 6.C 6.D 7.A 7.B 7.C 7.D 8.A 8.B 8.C 8.D 12.A 12.B 12.C 13.B 14.A 14.B 14.C 14.D 14.E 14.F")


def check_tally(source: EgkSource, counted: Counted, report: Report) -> None:
    """Verifications 9 to 11 on `encrypted_tally.json` and `tally.json`, both of which must hold the manifest's contests in its order."""
    findings, where = report.findings, "encrypted_tally.json"
    encrypted = source.encrypted_tally
    findings.check("9.A 9.B", encrypted.election_id == source.h_e, where, "election_id is H_E", source.h_e, encrypted.election_id)
    expected = [(made.label, made.index, tuple((x.label, x.index) for x in made.options)) for made in source.manifest.contests]
    found = [(made.label, made.index, made.options) for made in encrypted.contests]
    findings.check("9.A 9.B", found == expected, where, "contests and options of the manifest", len(expected), len(found))
    aggregates: dict[_Place, Ciphertext] = {}
    for contest in encrypted.contests:
        for (label, _), aggregate in zip(contest.options, contest.aggregates, strict=True):
            place = f"{where}, {contest.label}, {label}"
            aggregates[contest.label, label] = aggregate
            if counted.contests[contest.label]:
                product = counted.products.get((contest.label, label), Ciphertext(1, 1))
                findings.check("9.A", product.alpha == aggregate.alpha, place, "A = Π α_j", product.alpha, aggregate.alpha)
                findings.check("9.B", product.beta == aggregate.beta, place, "B = Π β_j", product.beta, aggregate.beta)
    _check_result(source, source.tally, aggregates, counted.contests, report)
    report.done("9.A 9.B 10.A 10.B 10.C 11.A 11.B 11.C 11.D")


def _check_result(
    source: EgkSource, tally: Decrypted, aggregates: Mapping[_Place, Ciphertext], ballots: Counter[str], report: Report
) -> None:
    findings, where = report.findings, tally.where
    findings.check("10.B", tally.election_id == source.h_e, where, "election_id is H_E", source.h_e, tally.election_id)
    findings.check("10.B", tally.name == source.encrypted_tally.name, where, "id", source.encrypted_tally.name, tally.name)
    manifest = {contest.label: contest for contest in source.manifest.contests}
    found = [contest.label for contest in tally.contests]
    findings.check("11.A 11.D", found == list(manifest), where, "the manifest's contests, each once, in order", list(manifest), found)
    for contest in tally.contests:
        place = f"{where}, {contest.label}"
        findings.check("11.B", contest.data is None, place, "a tally has no contest data")
        limits = {option.label: option.limit for option in manifest[contest.label].options} if contest.label in manifest else {}
        labels = [option.label for option in contest.options]
        findings.check("11.B", all(label in limits for label in labels), place, "options of the manifest", list(limits), labels)
        findings.check("11.C", labels == list(limits), place, "options of the manifest, each once, in order", list(limits), labels)
        for option in contest.options:
            spot = f"{place}, {option.label}"
            aggregate = aggregates.get((contest.label, option.label))
            same = aggregate == option.ciphertext
            findings.check("10.B", same, spot, "encrypted_vote is the encrypted tally's", aggregate, option.ciphertext)
            check_decryption(source, option, spot, findings, ("10.A", "10.B", "10.C"))
            bound = limits.get(option.label, 0) * ballots[contest.label]
            findings.check("10.C", 0 <= option.tally <= bound, spot, "0 <= t <= R · ballots", bound, option.tally)
            report.tally.append(TallyLine(contest.label, option.label, option.tally))
