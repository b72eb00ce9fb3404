"""The closed catalogue of what can be logged: every kind of event, the items of the Code it serves, and the members it has.

Nothing else can be logged. No kind has a member for a name, a contact, an access code or a choice; voters are in `unique_identifier` and
nowhere else (COP-076.2). No kind says that somebody has voted, or when: that stands in the voter database, sealed to the auditor (T3).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from api.audit.members import Account, Address, Count, Document, EntryId, Hexadecimal, Line, Moment, OneOf, Type, Voter, Word
from api.errors import Invalid

__all__ = ["BALLOT_CREATED", "ITEMS", "KINDS", "UNIQUE_IDENTIFIER", "Kind", "kind_of", "references"]

BALLOT_CREATED = "ballot_created"
"""The first entry of a ballot's log, and never a later one (COP-101.1)."""
UNIQUE_IDENTIFIER = "unique_identifier"

ITEMS = (
    "COP-101.1", "COP-104.1", "COP-104.2", "COP-105a-i", "COP-105a-ii", "COP-105a-iii", "COP-105b-i", "COP-105b-ii", "COP-105b-iii",
    "COP-105b-iv", "COP-105b-v", "COP-105b-vi", "COP-105b-vii", "COP-105b-viii", "COP-105b-ix", "COP-105b-x", "COP-105b-xi",
    "COP-105b-xii-1", "COP-105b-xii-2", "COP-105b-xii-3", "COP-105c-i-a", "COP-105c-i-b", "COP-105c-i-c", "COP-105c-i-d", "COP-105c-i-e",
    "COP-105c-ii-a", "COP-105c-ii-b", "COP-105c-ii-c", "COP-105c-iii-1", "COP-105c-iii-2", "COP-105c-iii-3", "COP-105c-iii-4",
    "COP-105c-iv-1", "COP-105c-iv-2", "COP-105c-iv-3", "COP-105c-v", "COP-105d-i", "COP-105d-ii", "COP-105e",
)  # fmt: skip
"""What a ballot's log has to cover."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of event. `members` must be there, `optional` ones may. One with `grouped_by` may come in floods of no importance: those with
    equal members of these names are then counted by the minute (see `flood`). All others are critical, and each is an entry."""

    name: str
    items: tuple[str, ...]
    members: Mapping[str, Type]
    optional: Mapping[str, Type] = field(default_factory=dict)
    grouped_by: tuple[str, ...] = ()


_BY: dict[str, Type] = {"by": Account()}
_WHY: dict[str, Type] = {"by": Account(), "reason": Line()}
_HASH = Hexadecimal(32)
_ENTRY = EntryId()
_CHANNEL = OneOf(("e-mail", "message", "post", "hand"))
_METHOD = OneOf(("electronic", "workplace", "postal", "all"))
_DATABASE = OneOf(("accounts", "audit", "elections", "users", "voters"))
_PART = OneOf(("platform", "form", "accounts", "audit", "elections", "users", "voters", "key_store", "monitoring"))
_OUTCOME = OneOf(("passed", "failed"))
_STATUS = OneOf(("suspected", "confirmed", "unfounded"))
_YES = OneOf(("yes", "no"))
_EARLIER: dict[str, Type] = {"earlier_entry": _ENTRY}
"""Of an entry that takes the place of an earlier one, which stays."""
_COMPLAINTS = OneOf((
    "delivery", "access", "form", "secrecy", "violence", "damage", "financial_loss", "spiritual_pressure", "intimidation", "deception",
    "false_message", "other",
))  # fmt: skip
_INCIDENTS = OneOf(("unauthorised_access", "false_message", "other"))
_FAILURES = OneOf((
    "158a", "158b", "158c", "158d", "158e", "159a", "160a", "161a", "161b", "161c", "161d", "161e", "161f", "161g",
))  # fmt: skip
_SPAN: dict[str, Type] = {"started": Moment(), "ended": Moment()}
_TEST: dict[str, Type] = {"outcome": _OUTCOME, "findings": Count()}
_MORE: dict[str, Type] = {"report_hash": _HASH, "details": Line()}
_REFUSED = OneOf(("access_method", "sign_in", "route", "database"))
_HARMLESS = OneOf(("malformed", "too_large", "unknown_route", "too_many", "outside_area"))

_ALL = (
    # Set-up, 105(a)
    Kind(BALLOT_CREATED, ("COP-101.1", "COP-105a-i"), {**_BY, "version": Word()}),
    Kind("ballot_log_begun", ("COP-104.1",), {"ballot": _HASH}),
    Kind("platform_started", ("COP-105a-i", "COP-105b-xi"), {"part": _PART, "version": Word()}, {"configuration_hash": _HASH}),
    Kind("platform_configured", ("COP-105a-i",), {**_BY, "setting": Word(), "after": Line()}, {"before": Line()}),
    Kind(
        "manifest_fixed", ("COP-105a-i",), {**_BY, "manifest_hash": _HASH, "size": Count()}, {"ballot_type": Line(), "section": Line()},
    ),
    Kind("particulars_recorded", ("COP-105a-i",), {**_BY, "section": Word(), "version": Count(), "text": Document()}),
    Kind("opening_checked", ("COP-105a-i",), {"warnings": Count()}, {"ids": Line(many=True)}),
    Kind("key_ceremony_held", ("COP-105a-i",), {"guardian_count": Count(), "quorum": Count(), "guardian_record_hash": _HASH}),
    Kind("roll_loaded", ("COP-105a-i",), {**_BY, "count": Count(), "file_hash": _HASH}, {"refused": Count()}),
    Kind("exceptions_sent", ("COP-105e",), {**_BY, "count": Count(), "list_hash": _HASH, "sent": Moment()}),
    Kind("identifiers_generated", ("COP-105a-ii",), {"generator": Word(), "random_bits": Count(), "count": Count()}),
    Kind(
        "access_methods_generated", ("COP-105a-ii",),
        {"generator": Word(), "random_bits": Count(), "count": Count(), "channel": _CHANNEL},
    ),
    Kind(
        "permission_changed", ("COP-105a-iii",),
        {**_WHY, "database": _DATABASE, "account": Account(), "right": Word(), "change": OneOf(("granted", "changed", "revoked"))},
    ),
    # Operation, 105(b)
    Kind("access_method_reissued", ("COP-105b-i",), {**_WHY, UNIQUE_IDENTIFIER: Voter(), "channel": _CHANNEL}),
    Kind("voting_form_recorded", ("COP-105b-ii",), {"style": Count(), "form": Document(), "form_hash": _HASH}),
    Kind("instructions_recorded", ("COP-105b-iii",), {"version": Word(), "text": Document(), "text_hash": _HASH, "from": Moment()}),
    Kind(
        "wording_altered", ("COP-105b-iv",),
        {**_WHY, "approved_by": Account(), "of": OneOf(("form", "instructions")), "before": Document(), "after": Document()},
    ),
    Kind("ballot_opened", ("COP-105b-v",), {"method": _METHOD, "moment": Moment(), "uk_time": Line()}),
    Kind("ballot_closed", ("COP-105b-v",), {"method": _METHOD, "moment": Moment(), "uk_time": Line()}),
    Kind("ballot_abandoned", ("COP-105b-v",), {**_WHY, "approved_by": Account()}),
    Kind(
        "complaint_received", ("COP-105b-vi",), {**_BY, "subject": Line(), "received": Moment()},
        {UNIQUE_IDENTIFIER: Voter(), "category": _COMPLAINTS, **_EARLIER},
    ),
    Kind("complaint_answered", ("COP-105b-vi",), {**_BY, "complaint": _ENTRY, "outcome": Line()}),
    # After the close, in the order of `ballot_index`; time and address are readable with the audit key alone.
    Kind("vote_evidence", ("COP-105b-vii",), {"ballot_index": _HASH, "evidence": Hexadecimal(1024, up_to=True)}),
    Kind(
        "turnout_counted", ("COP-105b-viii",),
        {"method": _METHOD, "voters": Count(), "stored": Count(), "counted": Count(), "discounted": Count(), "superseded": Count()},
        {"spoiled": Count()},
    ),
    Kind("signed_in", ("COP-105b-ix",), {**_BY, "role": Word()}, {"source": Address()}),
    Kind("signed_out", ("COP-105b-ix",), {**_BY, "role": Word()}),
    # After the close, in the order of the codes' keyed hashes: how often one voter's code was presented, and never when.
    Kind(
        "access_method_used", ("COP-105b-ix",),
        {UNIQUE_IDENTIFIER: Voter(), "outcome": OneOf(("opened", "refused")), "count": Count()},
    ),
    Kind("vote_discounted", ("COP-105d-i",), {**_WHY, UNIQUE_IDENTIFIER: Voter(), "approved_by": Account()}),
    Kind(
        "availability_recorded", ("COP-105b-x", "COP-105b-xi", "COP-105c-ii-c"),
        {**_SPAN, "part": _PART, "state": OneOf(("available", "unavailable", "not_measured"))}, {"cause": Line()},
    ),
    Kind("unplanned_shutdown", ("COP-105b-xi", "COP-105b-xii-3"), {**_SPAN, "part": _PART}, {"cause": Line()}),
    Kind("planned_shutdown", ("COP-105b-xi", "COP-105b-xii-3"), {**_SPAN, **_WHY, "part": _PART}),
    Kind(
        "unauthorised_access_attempted", ("COP-105b-xii-1",), {"what": _REFUSED, "count": Count()},
        {"source": Address(), "account": Account(), "minute": Moment()}, grouped_by=("what", "source", "account"),
    ),
    Kind(
        "incident_recorded", ("COP-105b-xii-2", "COP-105c-iii-4"),
        {**_BY, "description": Line(), "status": _STATUS, "effect": Line(), "started": Moment()},
        {"ended": Moment(), "evidence_hash": _HASH, "category": _INCIDENTS, "complaint": _ENTRY, **_EARLIER},
    ),
    Kind("incident_unfounded", ("COP-105b-xii-2",), {**_WHY, "approved_by": Account(), **_EARLIER}),
    Kind("platform_overwhelmed", ("COP-105b-xii-3",), {**_SPAN, "limit": Word(), "action": Line()}),
    Kind(
        "request_refused", ("COP-105b-xii-3",), {"what": _HARMLESS, "count": Count()},
        {"source": Address(), "agent": Line(), "minute": Moment()}, grouped_by=("what",),
    ),
    Kind("clock_went_back", ("COP-104.1", "COP-105c-iii-4"), {"reading": Moment(), "microseconds": Count()}),
    # Compliance, 105(c)
    Kind("platform_access_tested", ("COP-105c-i-a",), _TEST, _MORE),
    Kind("system_access_tested", ("COP-105c-i-b",), _TEST, _MORE),
    Kind("roles_tested", ("COP-105c-i-c",), _TEST, _MORE),
    Kind("integrity_checked", ("COP-105c-i-d", "COP-105c-iii-2"), {**_TEST, "database": _DATABASE, "rows": Count()}, _MORE),
    Kind(
        "backup_made", ("COP-105c-i-e",),
        {"database": _DATABASE, "backup": OneOf(("full", "incremental")), "backup_hash": _HASH, "verified": _YES},
        {**_BY, "made": Moment(), **_EARLIER},
    ),
    Kind(
        "malware_protection_recorded", ("COP-105c-ii-a",),
        {"server": Word(), "software": Line(), "signatures": Moment(), "scanned": Moment(), "components_hash": _HASH},
        {**_BY, **_EARLIER},
    ),
    Kind("resistance_tested", ("COP-105c-ii-b",), {**_TEST, "parameters": Line(many=True)}, _MORE),
    Kind("operation_summed_up", ("COP-105c-ii-c",), {**_SPAN, "outages": Count(), "seconds_out": Count(), "seconds_unmeasured": Count()}),
    Kind("monitoring_alive", ("COP-105c-iii-1",), {**_SPAN, "instances": Count()}),
    Kind(
        "voting_pattern_checked", ("COP-105c-iii-3",),
        {**_SPAN, "rule": Word(), "threshold": Line(), "flags": Count()}, {"outcome": Line()},
    ),
    Kind("nothing_else_found", ("COP-105c-iii-4",), {**_BY, **_SPAN}),
    Kind(
        "physical_protection_recorded", ("COP-105c-iv-1",), {**_BY, "server": Word(), "statement": Line(), "statement_hash": _HASH},
        {"dated": Moment(), **_EARLIER},
    ),
    Kind("server_owner_recorded", ("COP-105c-iv-2",), {**_BY, "server": Word(), "owner": Account(), "access_control": Line()}, _EARLIER),
    Kind(
        "server_access_recorded", ("COP-105c-iv-3",), {**_SPAN, "server": Word(), "attempts": Count(), "records_hash": _HASH},
        {**_BY, "way": OneOf(("physical", "digital")), **_EARLIER},
    ),
    Kind(
        "support_recorded", ("COP-105c-v",), {**_SPAN, "channel": Word(), "requests": Count(), "resolved": Count()},
        {**_BY, "hours": Line(), **_EARLIER},
    ),
    # Outcome, 105(d), and anything else, 105(e)
    Kind("votes_selected", ("COP-105d-i",), {"included": Count(), "discounted": Count(), "superseded": Count(), "selection_hash": _HASH}),
    Kind("tally_made", ("COP-105d-i",), {"ballots": Count(), "tally_hash": _HASH}),
    Kind("tally_decrypted", ("COP-105d-i",), {"guardians": Line(many=True), "decryption_hash": _HASH}),
    Kind("result_calculated", ("COP-105d-i",), {"method": _METHOD, "ballots": Count(), "result_hash": _HASH}),
    Kind("record_released", ("COP-105d-i",), {**_BY, "record_hash": _HASH}),
    Kind("report_finalised", ("COP-101.1",), {**_BY, "report_hash": _HASH}),
    Kind("report_delivered", ("COP-101.1",), {**_BY, "report_hash": _HASH}),
    Kind("log_read", ("COP-105d-ii",), {**_WHY, "first": Count(), "before": Count()}),
    Kind("log_exported", ("COP-105d-ii",), {**_WHY, "auditor": _HASH, "identities": OneOf(("kept", "replaced")), "before": Count()}),
    Kind("log_access_refused", ("COP-105d-ii",), {**_BY, "what": OneOf(("read", "export", "edit"))}, {"log": Word()}),
    Kind("log_found_changed", ("COP-105d-ii", "COP-105c-iii-2"), {"position": Count(), "log": Word()}),
    Kind("entry_corrected", ("COP-104.2",), {**_WHY, "corrected": _ENTRY, "correction": Line()}),
    Kind("audit_data_destroyed", ("COP-105e",), {**_WHY, "ballot": _HASH}),
    Kind("note_added", ("COP-105e",), {**_BY, "text": Line(many=True)}, {"attachment_hash": _HASH, **_EARLIER}),
    Kind(
        "failure_recorded", ("COP-105e",),
        {**_BY, "category": _FAILURES, "voters": Count(), "intent": OneOf(("accidental", "deliberate")), "provision": Line(),
         "discovered": Moment()},
        {"description": Line(), "left_out": Count(), "included": Count(), "evidence_hash": _HASH, **_EARLIER},
    ),
    Kind(
        "issue_recorded", ("COP-105e",), {**_BY, "subject": Line(), "noticed": Moment(), "report": _YES, "resolved": _YES},
        {"station": Line(), "outcome": Line(), **_EARLIER},
    ),
    Kind(
        "refusal_recorded", ("COP-105e",),
        {**_WHY, "what": OneOf(("paper", "reissue", "discount")), UNIQUE_IDENTIFIER: Voter(), "refused": Moment()},
        {"outcome": Line(), **_EARLIER},
    ),
    Kind(
        "non_receipt_reported", ("COP-105e",), {**_BY, UNIQUE_IDENTIFIER: Voter(), "reported": Moment()},
        {"channel": _CHANNEL, "outcome": Line(), **_EARLIER},
    ),
    Kind("registers_sealed", ("COP-105e",), {"entries": Count(), "registers_hash": _HASH}),
)

KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _ALL})
"""All kinds, by name."""


def references(name: str, members: Mapping[str, object]) -> list[bytes]:
    """The ids of earlier entries that one of this kind speaks of."""
    kind = kind_of(name)
    types = {**kind.members, **kind.optional}
    return [bytes.fromhex(str(value)) for member, value in members.items() if types[member] == _ENTRY]


def kind_of(name: str) -> Kind:
    """The kind of this name. Raises Invalid if there is none."""
    found = KINDS.get(name)
    if found is None:
        raise Invalid("there is no such kind of audit entry")
    return found
