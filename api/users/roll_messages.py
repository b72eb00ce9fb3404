"""What the service for rolls answers about a roll: numbers, places and reasons. Values stand in the file of findings alone."""

from datetime import datetime
from http import HTTPStatus
from typing import Literal

from pydantic import AwareDatetime, Field

from api.errors import Overloaded
from api.messages import Message
from api.problems import Problem
from api.users.contact_rules import AllowedDomain, ContactRules
from api.users.findings import MOST_SHOWN, Kind
from api.users.importing import Import, ImportState
from api.users.roll import CheckedRoll

__all__ = [
    "MOST_LISTED", "AllowedDomainMessage", "ContactRulesMessage", "ContactRulesVersion", "ListSent", "NeedsMethod", "RollProblem",
    "RollReport", "RollState", "report_of",
]  # fmt: skip

MOST_LISTED = 10_000


class RollState(Message):
    """The roll as it stands, in numbers; when it was checked, by which version of the rules for contacts, and how many on it need another
    method than the electronic one."""

    people: int
    checked: datetime | None = None
    rules: int = 0
    needs_method: int = 0


class Found(Message):
    """Something wrong: its row as a spreadsheet shows it, the requirement, and what to do. The value stands in the file alone."""

    row: int
    column: str
    rule: str
    kind: Literal["rejected", "contact withheld", "look at it"]
    problem: str
    fix: str


class ReadAs(Message):
    """How the file was read: what was guessed, and can be corrected by another name in the file, or by saying it."""

    format: Literal["text", "xlsx", "ods"]
    encoding: str
    delimiter: str
    sheet: str
    sheets: list[str]
    columns: dict[str, str] = Field(description="Columns of the file by what they were taken for.")
    unused: list[str] = Field(description="Columns of the file that nothing was taken from.")


class RollDifferences(Message):
    """Between the roll that is there and this one, by membership reference. Whoever changes the ballot style gets a new identifier."""

    added: int
    removed: int
    changed: int
    kept: int


class RollReport(Message):
    """A roll that was read, or how far that is. `rows` is `accepted` and `rejected` together. `findings` are the first thousand of `count`;
    all of them, with their values, are in the file at `roll/problems`."""

    state: Literal["running", "done", "failed"]
    doing: str
    at: int = Field(description="Rows that are behind it.")
    stored: bool
    rows: int = 0
    accepted: int = 0
    rejected: int = 0
    needs_method: int = Field(default=0, description="Accepted, but without any contact for their only method, the electronic one.")
    rejected_by_rule: dict[str, int] = {}
    withheld_by_rule: dict[str, int] = {}
    differences: RollDifferences | None = None
    read_as: ReadAs | None = None
    findings: list[Found] = []
    count: int = 0
    failed: str = Field(default="", description="Why it has failed.")


class RollProblem(Problem):
    """A roll that was not taken; what is wrong with it, if it could be read."""

    report: RollReport | None = None


class AllowedDomainMessage(Message):
    """A domain where addresses are good although it is the employer's or looks like it, and why. The author is who puts it here first."""

    domain: str = Field(min_length=3, max_length=253)
    reason: str = Field(min_length=1, max_length=300)
    author: str = Field(default="", max_length=64)


class ContactRulesMessage(Message):
    """Whose contacts are the employer's or the union's. A domain stands for all below it."""

    employer_domains: list[str] = Field(default=[], max_length=2000)
    union_domains: list[str] = Field(default=[], max_length=2000)
    allowed_domains: list[AllowedDomainMessage] = Field(default=[], max_length=2000)
    employer_numbers: list[str] = Field(default=[], max_length=2000)
    union_numbers: list[str] = Field(default=[], max_length=2000)

    @classmethod
    def of(cls, rules: ContactRules) -> "ContactRulesMessage":
        """As it is answered."""
        allowed = [AllowedDomainMessage(domain=each.domain, reason=each.reason, author=each.author) for each in rules.allowed_domains]
        return cls(
            employer_domains=list(rules.employer_domains), union_domains=list(rules.union_domains), allowed_domains=allowed,
            employer_numbers=list(rules.employer_numbers), union_numbers=list(rules.union_numbers),
        )  # fmt: skip

    def rules(self, known: ContactRules, account_id: str) -> ContactRules:
        """As they are stored: of each allowed domain, its author is who put it there first for this reason. Raises Invalid."""
        before = {(each.domain, each.reason): each.author for each in known.allowed_domains}
        made = ContactRules.made(
            self.employer_domains, self.union_domains, [AllowedDomain(each.domain, each.reason) for each in self.allowed_domains],
            self.employer_numbers, self.union_numbers,
        )  # fmt: skip
        allowed = [
            AllowedDomain(each.domain, each.reason, before.get((each.domain, each.reason), account_id)) for each in made.allowed_domains
        ]
        return ContactRules(made.employer_domains, made.union_domains, tuple(allowed), made.employer_numbers, made.union_numbers)


class ContactRulesVersion(Message):
    """The rules, and which version of them it is, from 1; 0 if none were made."""

    version: int
    rules: ContactRulesMessage


class NeedsMethod(Message):
    """Who has no contact for the electronic method, which is their only one: how many, and the first ten thousand."""

    count: int
    unique_identifiers: list[str]


class ListSent(Message):
    """When the list of contacts that cannot be used was sent to the union; now, if nothing is said."""

    sent: AwareDatetime | None = Field(default=None, strict=False)


def report_of(found: Import) -> RollReport:
    """What is told of an import."""
    told = {"state": found.state.value, "doing": found.doing, "at": found.at, "stored": found.stored}
    if found.failed is not None:
        known = found.failed.status < HTTPStatus.INTERNAL_SERVER_ERROR or isinstance(found.failed, Overloaded)
        told["failed"] = found.failed.detail if known else "the service cannot do this now; hand the roll in again"
    if found.state is ImportState.RUNNING or found.checked is None:
        return RollReport.model_validate(told)
    return RollReport.model_validate({**told, **_checked(found.checked), "differences": _differences(found)})


def _differences(found: Import) -> RollDifferences | None:
    changes = found.changes
    if changes is None:
        return None
    return RollDifferences(added=changes.added, removed=changes.removed, changed=changes.changed, kept=changes.kept)


def _checked(checked: CheckedRoll) -> dict[str, object]:
    findings, layout = checked.findings, checked.layout
    assert len(findings.shown) <= MOST_SHOWN  # noqa: S101 - see `Findings`
    return {
        "rows": checked.rows, "accepted": checked.accepted, "rejected": checked.rejected, "needs_method": checked.needs_method,
        "rejected_by_rule": findings.of(Kind.REJECTED), "withheld_by_rule": findings.of(Kind.WITHHELD),
        "count": sum(findings.counts.values()),
        "findings": [
            Found(row=each.row, column=each.column, rule=each.rule, kind=each.kind.value, problem=each.problem, fix=each.fix)
            for each in findings.shown
        ],
        "read_as": ReadAs.model_validate({
            "format": layout.kind, "encoding": layout.encoding, "delimiter": layout.delimiter, "sheet": layout.sheet,
            "sheets": list(layout.sheets), "columns": checked.columns.shown(), "unused": list(checked.columns.unused),
        }),
    }  # fmt: skip
