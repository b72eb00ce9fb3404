"""What a service refuses, divided by what its caller can do about it. One handler makes problem+json of these (RFC 9457).

A message says where, what was expected and what came; never a secret, a name, a contact or an access code.
"""

__all__ = [
    "ApiError", "Conflict", "Denied", "Invalid", "KeysMissing", "NotFound", "Overloaded", "SealError", "StoreError", "Unauthenticated",
]  # fmt: skip


class ApiError(Exception):
    """Any refusal. `status` is the HTTP status, `title` the problem's short name, the same for all of its kind."""

    status = 500
    title = "Internal error"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Invalid(ApiError):
    """What came is not what was asked for: send something else."""

    status = 422
    title = "Invalid request"


class Unauthenticated(ApiError):
    """Nobody is signed in, or with too little evidence: sign in."""

    status = 401
    title = "Not signed in"


class Denied(ApiError):
    """Not for this account: ask somebody else."""

    status = 403
    title = "Not allowed"


class NotFound(ApiError):
    """There is no such thing, or not for this account."""

    status = 404
    title = "Not found"


class Conflict(ApiError):
    """Not in this state: nothing was changed; look at the state first."""

    status = 409
    title = "Not in this state"


class Overloaded(ApiError):
    """Too much at once: nothing was stored; try again after `retry_after` seconds."""

    status = 503
    title = "Busy"

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class StoreError(ApiError):
    """A database that cannot be used as it is: unreachable, not migrated, of another version. For whoever runs the service."""


class SealError(StoreError):
    """A stored field that was changed, moved to another place, or sealed with a key that is not here."""


class KeysMissing(StoreError):
    """Sealing keys that are absent or unfit. Nothing starts without them, and none has a default."""
