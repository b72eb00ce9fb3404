"""What makes the database itself refuse to change or delete evidence: triggers, for SQLite and PostgreSQL, that migrations put on tables.

They stop the service's own mistakes and whoever has only its account. Whoever owns the database can take them away: that is what the
witnessed log and the audit log find.
"""

from collections.abc import Sequence

from alembic import op

__all__ = ["allow_only", "only_grow", "refuse_changes", "refuse_unless"]


def refuse_changes(*tables: str) -> None:
    """Rows of these tables are added and never changed or deleted."""
    for table in tables:
        _trigger(table, "update", "", f"{table}: rows are never changed")
        _trigger(table, "delete", "", f"{table}: rows are never deleted")


def allow_only(table: str, columns: Sequence[str], switches: Sequence[str], counters: Sequence[str] = ()) -> None:
    """Rows of this table are never deleted; `columns` never change, `switches` only from false to true, and `counters` only grow."""
    distinct = "IS NOT" if _is_sqlite() else "IS DISTINCT FROM"
    changes = [f"NEW.{column} {distinct} OLD.{column}" for column in columns]
    changes += [f"(OLD.{switch} AND NOT NEW.{switch})" for switch in switches]
    changes += [f"NEW.{counter} < OLD.{counter}" for counter in counters]
    rest = f"; {', '.join(switches)} changes only to true" if switches else ""
    _trigger(table, "update", " OR ".join(changes), f"{table}: {', '.join(columns)} never changes{rest}")
    _trigger(table, "delete", "", f"{table}: rows are never deleted")


def only_grow(table: str, counters: Sequence[str]) -> None:
    """Besides what else is refused of this table: these numbers, which were added to it later, only grow."""
    changes = [f"NEW.{counter} < OLD.{counter}" for counter in counters]
    _trigger(table, "update", " OR ".join(changes), f"{table}: {', '.join(counters)} only grows", f"{table}_no_decrease")


def refuse_unless(table: str, condition: str, reason: str) -> None:
    """Rows of this table are never deleted, and changed only where `condition`, in SQL, is true of OLD and NEW."""
    _trigger(table, "update", f"NOT ({condition})", f"{table}: {reason}")
    _trigger(table, "delete", "", f"{table}: rows are never deleted")


def _trigger(table: str, event: str, condition: str, message: str, name: str = "") -> None:
    """Every name here is written in a migration; none comes from outside."""
    name, when = name or f"{table}_no_{event}", f"WHEN ({condition})" if condition else ""
    if _is_sqlite():
        refusal = f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        op.execute(f"CREATE TRIGGER {name} BEFORE {event.upper()} ON {table} FOR EACH ROW {when} {refusal}")
        return
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = 'restrict_violation'; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {event.upper()} ON {table} FOR EACH ROW {when} EXECUTE FUNCTION {name}()")
    if event == "delete":  # a row trigger does not see TRUNCATE
        op.execute(f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {name}()")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
