"""The key under which checkpoints of a ballot's witnessed log are signed, as it stands on the board: whoever has seen it holds us to it."""

from dataclasses import dataclass

from engine.encoding import member

__all__ = ["LOG_KEY", "LogKey"]

LOG_KEY = "log_key.json"
"""The message's name; the scrutineer's."""


@dataclass(frozen=True, slots=True)
class LogKey:
    """The log's name, as in `engine.merkle.check_origin`, and its Ed25519 public key of 32 bytes."""

    origin: str = member()
    public_key: bytes = member(length=32)
