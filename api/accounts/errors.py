"""What the account service refuses beyond the kinds that all services share."""

from api.errors import Conflict, Unauthenticated

__all__ = ["ListFrozen", "NotSignedIn"]


class NotSignedIn(Unauthenticated):
    """Every failed sign-in and every session that does not serve: the words are the same, whatever was wrong."""

    def __init__(self) -> None:
        super().__init__("sign-in failed, or the session has ended; sign in again")


class ListFrozen(Conflict):
    """The ballot was opened with a list of authorised persons. It is added to only for sickness or an investigation, and by two persons."""

    title = "Authorised persons are fixed"

    def __init__(self) -> None:
        super().__init__("the ballot's authorised persons are fixed; only sickness or an investigation adds to them; nothing was changed")
