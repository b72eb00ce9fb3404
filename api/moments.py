"""Times in tables: one column type for all databases."""

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, TypeDecorator

__all__ = ["Utc"]


class Utc(TypeDecorator[datetime]):
    """A time in UTC, whatever zone it came with; SQLite forgets the zone, so it is put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """What is stored."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """What is read."""
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)
