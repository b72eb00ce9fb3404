"""What is missing or wrong with a ballot's set-up: each finding under the id of `specs/requirements.yaml` that asks for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Finding", "Severity", "blocking", "in_order", "warning"]


class Severity(StrEnum):
    """A ballot does not open with a blocking finding; a warning is written down, and it opens."""

    BLOCKING = "blocking"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """`requirement` is its id, such as COP-045.1; `where` the section of the particulars; `message` what is wrong and what to do."""

    requirement: str
    severity: Severity
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.requirement}, {self.where}: {self.message}"


def blocking(requirement: str, where: str, message: str) -> Finding:
    """What keeps a ballot from opening."""
    return Finding(requirement, Severity.BLOCKING, where, message)


def warning(requirement: str, where: str, message: str) -> Finding:
    """What people should know before they open a ballot."""
    return Finding(requirement, Severity.WARNING, where, message)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """What blocks first, then as they came; each once."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda each: each.severity is not Severity.BLOCKING))
