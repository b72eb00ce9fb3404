"""What is refused of a ballot beyond the kinds that all services share: trustees that cannot be any."""

from api.errors import Conflict, Invalid

__all__ = ["NoTrustees", "UnknownAccounts"]


class UnknownAccounts(Invalid):
    """Accounts named as trustees that are not there, or were ended; `named` says which."""

    title = "Unknown accounts of trustees"

    def __init__(self, named: str) -> None:
        super().__init__(f"there is no such account, or it was ended ({named}); nothing was stored")


class NoTrustees(Conflict):
    """Accounts named as trustees that nobody has authorised as such for this ballot; `named` says which."""

    title = "Not authorised as trustees"

    def __init__(self, named: str) -> None:
        super().__init__(f"these accounts are not authorised as trustees of this ballot now ({named}): authorise them first")
