"""The table of registers: what each is told, the kind of audit entry that it becomes, and who may tell it."""

from dataclasses import dataclass

from pydantic import ValidationError

from api.auth import Role
from api.errors import Invalid, NotFound
from api.registers.complaints import Answer, Complaint
from api.registers.failures import Failure
from api.registers.incidents import INCIDENT, UNFOUNDED, Incident
from api.registers.issues import Issue
from api.registers.notes import Note, NothingElse, SupportFigures
from api.registers.refusals import NonReceipt, Refusal
from api.registers.servers import AccessRecords, Backup, MalwareProtection, Owner, PhysicalProtection
from api.registers.told import Told

__all__ = ["KINDS", "REGISTERS", "Register", "register_of"]

_SCRUTINEER = (Role.SCRUTINEER,)
_HELPERS = (Role.SCRUTINEER, Role.SUPPORT)


@dataclass(frozen=True, slots=True)
class Register:
    """A register by its name. `also` are kinds of entries that are shown in it and written by other ways."""

    name: str
    kind: str
    told: type[Told]
    writers: tuple[Role, ...] = _SCRUTINEER
    also: tuple[str, ...] = ()

    @property
    def about(self) -> str:
        """What an entry is, in words."""
        return " ".join((self.told.__doc__ or "").split())

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of all entries that are shown in it."""
        return (self.kind, *self.also)

    def read(self, content: bytes) -> Told:
        """What stands in JSON. Raises Invalid naming the first member that is wrong, without repeating it."""
        try:
            return self.told.model_validate_json(content)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or self.name
            raise Invalid(f"{place}: {first['msg']}") from None

    @property
    def required(self) -> tuple[str, ...]:
        """The members that each entry has."""
        return tuple(name for name, field in self.told.model_fields.items() if field.is_required())

    @property
    def optional(self) -> tuple[str, ...]:
        """The members that an entry may have."""
        fields = self.told.model_fields.items()
        return tuple(name for name, field in fields if not field.is_required() and field.annotation is not type(None))


REGISTERS = (
    Register("complaints", "complaint_received", Complaint, _HELPERS, also=("complaint_answered",)),
    Register("complaint-answers", "complaint_answered", Answer),
    Register("incidents", INCIDENT, Incident, also=(UNFOUNDED,)),
    Register("failures", "failure_recorded", Failure),
    Register("issues", "issue_recorded", Issue),
    Register("refusals", "refusal_recorded", Refusal, _HELPERS),
    Register("non-receipt", "non_receipt_reported", NonReceipt, _HELPERS),
    Register("support", "support_recorded", SupportFigures),
    Register("physical-protection", "physical_protection_recorded", PhysicalProtection),
    Register("server-owners", "server_owner_recorded", Owner),
    Register("server-access", "server_access_recorded", AccessRecords),
    Register("malware-protection", "malware_protection_recorded", MalwareProtection),
    Register("backups", "backup_made", Backup),
    Register("nothing-else", "nothing_else_found", NothingElse),
    Register("notes", "note_added", Note),
)
KINDS = tuple(sorted({kind for each in REGISTERS for kind in each.kinds}))
"""All kinds of entries that registers have."""


def register_of(name: str) -> Register:
    """The register of this name. Raises NotFound."""
    for each in REGISTERS:
        if each.name == name:
            return each
    raise NotFound(f"there is no such register; there are {', '.join(each.name for each in REGISTERS)}")
