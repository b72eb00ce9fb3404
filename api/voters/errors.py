"""What the voter database refuses. Each says whether something was stored."""

from api.errors import Conflict

__all__ = ["BallotTaken", "NoAccess", "NotOpen"]


class NoAccess(Conflict):
    """An access code that opens no voting form: never issued, used, replaced or expired. Nothing tells which (SV-02)."""

    title = "Access code not valid"

    def __init__(self) -> None:
        super().__init__("this access code does not open a voting form; nothing was stored")


class NotOpen(Conflict):
    """Before the opening, after the close, or abandoned."""

    title = "Voting is not open"


class BallotTaken(Conflict):
    """A ballot that is there already, or shares a number with one that is. A fresh one has to be encrypted."""

    title = "Ballot not new"

    def __init__(self) -> None:
        super().__init__("this ballot, or part of it, was handed in before; nothing was stored")
