"""What of accounts goes into the audit log: the events and what hands them over."""

from collections.abc import Callable, Mapping
from enum import StrEnum

__all__ = ["Event", "Record"]

Record = Callable[[str, Mapping[str, str]], None]
"""Takes an event and its details, which are account ids, ids of grants and requests, roles and times: never a secret, a name or a contact.

It is called as the last thing in the transaction that does what it tells: if it raises, nothing was done.
"""


class Event(StrEnum):
    """The events."""

    ACCOUNT_MADE = "account made"
    ACCOUNT_ENDED = "account ended"
    INVITED = "invitation made"
    PASSWORD_SET = "password set"  # noqa: S105 - an event
    PASSWORD_RIGHT = "password step passed"  # noqa: S105 - an event
    SIGNED_IN = "signed in"
    SIGNED_OUT = "signed out"
    SIGN_IN_FAILED = "sign-in failed"
    FACTOR_ADDED = "second factor added"
    FACTOR_ENDED = "second factor ended"
    RECOVERY_CODES_MADE = "recovery codes made"
    RECOVERY_ASKED = "recovery asked for"
    RECOVERY_APPROVED = "recovery approved"
    RECOVERY_REFUSED = "recovery refused"
    RECOVERY_FINISHED = "recovery finished"
    PERMISSION_ASKED = "permission asked for"
    PERMISSION_GRANTED = "permission granted"
    PERMISSION_CHANGED = "permission changed"
    PERMISSION_REVOKED = "permission revoked"
    PERMISSION_REFUSED = "permission refused"
    LIST_FROZEN = "authorised persons frozen"
