"""Verifications 5.B, 6, 7 and 8 of one ballot (§6.2.4) and, in our own layout, X2, X3, X5, X6, X16, X17.

Proofs are checked on ballots of every state. A ballot whose contests or options are not those of its style has no meaning, so the fault
is filed under 6.D, 7.D and 8.A too, for layouts that have no X2. The proof (38) is required by X6 in our own layout; no numbered item asks
for it, nor for (69), so in other layouts both are counted as information only.
"""

from .arithmetic import H
from .codes import confirmation_code, contest_hash, device_hash, rules_of, unchained
from .context import Context
from .model import Ballot, BallotContest, Ciphertext, Contest, Device
from .pre_encrypted import check_cast, check_uncast
from .ranges import LIMIT, OPTION, SPOIL, check_range, data_proof_holds, nonce_proof_holds
from .report import Findings

__all__ = [
    "OWN_STATES", "STATES", "check_ballot", "check_contest", "identifier_hash", "limit_factors", "nonce_commitments", "spoil_factors",
]  # fmt: skip

OWN_STATES = ("Cast", "Discounted", "Challenged")
STATES = ("Cast", "Challenged", "Spoiled", "Discounted", "Uncast")
SHAPE = "6.D 7.D 8.A X2"


def identifier_hash(h_e: bytes, id_b: bytes) -> bytes:
    """(32) H_I = H(H_E; 0x20, id_B)."""
    return H(h_e, b"\x20", id_b)


def check_ballot(context: Context, ballot: Ballot, device: Device, findings: Findings) -> bool:
    """All checks of a ballot by itself. `device` is the one whose file it stands in. Returns whether its contests and options are those of
    its style, so that it can be counted."""
    where, source = ballot.where, context.source
    h_i = identifier_hash(source.h_e, ballot.id_b)
    findings.check("5.B", h_i == ballot.h_i, where, "H_I = H(H_E; 0x20, id_B)", h_i, ballot.h_i)
    _check_state(context, ballot, device, findings)
    _check_nonce(context, ballot, findings)

    shaped = _check_style(context, ballot, findings)
    uncast = ballot.state == "Uncast"
    for contest in ballot.contests:
        manifest = context.contests.get(contest.index)
        place = f"{where}, contest {contest.index}"
        if manifest is None:
            findings.fail(SHAPE, place, "is not in the manifest")
            continue
        if device.kind == "PreEncrypted":
            (check_uncast if uncast else check_cast)(context, ballot, manifest, contest, place, findings)
        else:
            findings.check("8.A", contest.pre_encryption is None, place, "holds pre-encryption, but its device makes none")
            chi = contest_hash(context.group, ballot.h_i, contest.index, contest.ciphertexts, contest.data)
            findings.check("8.A", chi == contest.contest_hash, place, "χ = H(H_I; 0x28, …)", chi, contest.contest_hash)
        if not (uncast and device.kind == "PreEncrypted"):
            shaped &= check_contest(context, ballot.h_i, manifest, contest, place, findings)
    _check_code(context, ballot, device, findings)
    return shaped


def nonce_commitments(ballot: Ballot) -> list[int]:
    """g^ξ for each nonce of a ballot: α of each selection and C_0. With ξ = 0, or one ξ for two of them, β shows the choice."""
    return [*(ciphertext.alpha for contest in ballot.contests for ciphertext in contest.ciphertexts), ballot.nonce.c_0]


def check_contest(
    context: Context, h_i: bytes, manifest: Contest, contest: BallotContest, where: str, findings: Findings
) -> bool:
    """Verifications 6 and 7, X3 and X16 for one contest. Returns whether it has the manifest's number of ciphertexts."""
    group, K = context.group, context.source.K
    for j, ciphertext in enumerate(contest.ciphertexts, 1):
        inside = group.is_element(ciphertext.alpha) and group.is_element(ciphertext.beta)
        findings.check("6.A 7.A", inside, f"{where}, option {j}", "α and β are in Z_p^r", None, (ciphertext.alpha, ciphertext.beta))
    options = manifest.options
    shaped = findings.check(SHAPE, len(contest.ciphertexts) == len(options), where, "number of ciphertexts",
                            len(options), len(contest.ciphertexts))  # fmt: skip
    complete = findings.check("6.D X3", len(contest.range_proofs) == len(options), where, "number of option proofs",
                              len(options), len(contest.range_proofs))  # fmt: skip
    _check_data(context, h_i, manifest, contest, where, findings)
    if not shaped:
        return False
    if complete:
        for option, ciphertext, proof in zip(options, contest.ciphertexts, contest.range_proofs, strict=True):
            place = f"{where}, option {option.index}"
            check_range(group, K, h_i, ciphertext, proof, option.limit, (contest.index, option.index), OPTION, place, findings)
    alphas, betas = limit_factors(context, manifest, contest)
    total = Ciphertext(group.product(*alphas), group.product(*betas))
    check_range(group, K, h_i, total, contest.limit_proof, manifest.limit, (contest.index,), LIMIT, f"{where}, limit", findings)
    _check_spoil(context, h_i, manifest, contest, where, findings)
    return True


def limit_factors(context: Context, manifest: Contest, contest: BallotContest) -> tuple[list[int], list[int]]:
    """(7.1), (7.2): ᾱ and β̄ are the products of these, the ciphertexts that count towards the contest's limit."""
    counted = [
        (option.times, ciphertext) for option, ciphertext in zip(manifest.options, contest.ciphertexts, strict=True) if option.counted
    ]
    group = context.group
    alphas = [x.alpha if times == 1 else group.power(x.alpha, times) for times, x in counted]
    betas = [x.beta if times == 1 else group.power(x.beta, times) for times, x in counted]
    return alphas, betas


def spoil_factors(context: Context, contest: BallotContest, s: int, L: int) -> tuple[list[int], list[int]]:
    """(Π_{j≠s} α_j) · α_s^L, and likewise for β: the factors. s is the index of the spoil option, L the contest's limit."""
    group, spoil = context.group, contest.ciphertexts[s - 1]
    others = [ciphertext for j, ciphertext in enumerate(contest.ciphertexts, 1) if j != s]
    alphas = [group.power(spoil.alpha, L), *(x.alpha for x in others)]
    betas = [group.power(spoil.beta, L), *(x.beta for x in others)]
    return alphas, betas


def _check_spoil(context: Context, h_i: bytes, manifest: Contest, contest: BallotContest, where: str, findings: Findings) -> None:
    """X16: (Π_{j≠s} α_j) · α_s^L encrypts at most L; X3: the proof is there where it is required, and only there."""
    required = context.own and manifest.spoil is not None and manifest.limit > 1
    present = contest.spoil_proof is not None
    ids = "X3 X16" if required else "X3"
    if not findings.check(ids, present == required, where, "proof_spoil", "present" if required else "absent",
                          "present" if present else "absent"):  # fmt: skip
        return
    if contest.spoil_proof is None or manifest.spoil is None:
        return
    group, L, s = context.group, manifest.limit, manifest.spoil
    alphas, betas = spoil_factors(context, contest, s, L)
    joint = Ciphertext(group.product(*alphas), group.product(*betas))
    place = f"{where}, spoil"
    check_range(group, context.source.K, h_i, joint, contest.spoil_proof, L, (contest.index, s), SPOIL, place, findings, b"\x50")


def _check_data(context: Context, h_i: bytes, manifest: Contest, contest: BallotContest, where: str, findings: Findings) -> None:
    """Contest data only where the manifest has some, and of its length; X17 refuses any."""
    data = contest.data
    findings.check("X17", data is None, where, "holds no contest data")
    if data is None:
        return
    blocks = manifest.data_blocks or 0
    findings.check("8.A", len(data.c_1) == 32 * blocks, where, "length of the contest data", 32 * blocks, len(data.c_1))
    holds = data_proof_holds(context.group, h_i, contest.index, data)
    findings.note("proofs (69) of contest data that hold" if holds else "proofs (69) of contest data that DO NOT hold")


def _check_state(context: Context, ballot: Ballot, device: Device, findings: Findings) -> None:
    """X4, X5, X17 and what every layout must keep to: a known state, a weight of at least 1, the device of its file."""
    where = ballot.where
    known = ballot.state in (OWN_STATES if context.own else STATES)
    if ballot.state == "Uncast" and device.kind != "PreEncrypted":
        known = False
    findings.check("9.A 9.B X4" if not known else "X4", known, where, "state", None, ballot.state)
    weight = 1 if ballot.weight is None else ballot.weight
    if weight < 1:
        findings.fail("9.A 9.B", where, "weight", "1 or more", weight)
    findings.check("X5", ballot.weight is None, where, "no weight", None, ballot.weight)
    findings.check("X17", ballot.datetime is None, where, "no date", None, ballot.datetime)
    code = ballot.confirmation_code.hex().upper()
    findings.check("X17", ballot.ballot_id == code, where, "ballot_id is the confirmation code", code, ballot.ballot_id)
    same = ballot.device == device.index
    findings.check(f"{rules_of(device).item_device} X13", same, where, "device", device.index, ballot.device)


def _check_nonce(context: Context, ballot: Ballot, findings: Findings) -> None:
    """X6, and that no nonce is 0 (whether one is used twice is asked for all ballots together); for other layouts information only."""
    holds = nonce_proof_holds(context.group, ballot.h_i, ballot.nonce)
    findings.check("X6", holds, ballot.where, "the proof (38) of the ballot nonce's encryption does not hold")
    findings.check("X6", 1 not in nonce_commitments(ballot), ballot.where, "an encryption nonce is 0")
    if not context.own:
        findings.note("proofs (38) of ballot nonces that hold" if holds else "proofs (38) of ballot nonces that DO NOT hold")


def _check_style(context: Context, ballot: Ballot, findings: Findings) -> bool:
    """X2: the style exists and the contests are its own, each once, in order."""
    ids = SHAPE + " 19.A 19.B" if ballot.state == "Uncast" else SHAPE
    style = context.styles.get(ballot.style)
    if style is None:
        findings.fail(ids, ballot.where, "ballot style", f"1 to {len(context.styles)}", ballot.style)
        return False
    found = tuple(contest.index for contest in ballot.contests)
    return findings.check(ids, found == style.contests, ballot.where, "contests of the style", style.contests, found)


def _check_code(context: Context, ballot: Ballot, device: Device, findings: Findings) -> None:
    """8.B and 8.D, or 16.C and 16.E. Links of a chain are checked where the order of ballots is known."""
    rules = rules_of(device)
    code = confirmation_code(ballot.h_i, rules, ballot.contests, ballot.chaining_field)
    findings.check(rules.item_code, code == ballot.confirmation_code, ballot.where, "H_C", code, ballot.confirmation_code)
    if device.chaining == "NoChaining":
        field = unchained(device_hash(context.source.h_e, rules, device.information))
        ok = field == ballot.chaining_field
        findings.check(rules.item_unchained, ok, ballot.where, "B_C = 0x00000000 ‖ H_DI", field, ballot.chaining_field)
