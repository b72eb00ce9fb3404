"""All checks, one after another."""

from api.doctor import files, postgresql, surroundings, variables
from api.doctor.finding import Check, Finding, Place

__all__ = ["CHECKS", "examine"]

CHECKS: tuple[Check, ...] = (*variables.CHECKS, *files.CHECKS, *postgresql.CHECKS, *surroundings.CHECKS)
"""Each answers what it has found; none stops the others, and none changes anything."""


def examine(place: Place) -> list[Finding]:
    """Everything that is wrong. A check that fails itself is a finding too."""
    found: list[Finding] = []
    for check in CHECKS:
        try:
            found += check(place)
        except Exception as error:  # noqa: BLE001
            what = f"the check {check.__name__} could not be made: {type(error).__name__}"
            found.append(Finding("check-failed", what, "run this as the service's account, with its environment"))
    return found
