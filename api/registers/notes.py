"""Technical support in numbers (105(c)(v)), that monitoring found nothing else (105(c)(iii)(4)), and notes on whatever matters (105(e))."""

from pydantic import Field

from api.registers.told import Digest, Number, Told, When, Words

__all__ = ["Note", "NothingElse", "SupportFigures"]


class SupportFigures(Told):
    """Support by one channel over a time: its hours, requests, and how many of them were settled."""

    started: When
    ended: When
    channel: str = Field(pattern="^[0-9a-z][0-9a-z_.:+-]{0,99}$", examples=["telephone"])
    hours: Words = Field(examples=["Monday to Friday, 09:00 to 17:00"])
    requests: Number
    resolved: Number


class NothingElse(Told):
    """That nothing else was found from one moment to another."""

    started: When
    ended: When
    earlier_entry: None = Field(default=None, examples=[None], description="It stands by itself.")


class Note(Told):
    """Whatever bears on integrity, confidentiality or accessibility of the ballot, in lines."""

    text: tuple[Words, ...] = Field(
        strict=False, min_length=1, max_length=100, examples=[["Two test messages were sent to the scrutineer before the dispatch."]]
    )
    attachment_hash: Digest | None = None
