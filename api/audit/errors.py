"""What is wrong with an audit log or a bundle of one. Each says where, and quotes nothing that was logged."""

from api.errors import Invalid, StoreError

__all__ = ["BundleBroken", "LogBroken"]


class LogBroken(StoreError):
    """A log that somebody has changed. `position` is the first bad place, counting from 0."""

    title = "Audit log changed"

    def __init__(self, chain: str, position: int, what: str) -> None:
        super().__init__(f"audit log {chain[:64]}, entry {position}: {what}")
        self.chain, self.position = chain, position


class BundleBroken(Invalid):
    """A bundle that is not as it was written, not for this key, or not from this log."""

    title = "Bundle changed"
