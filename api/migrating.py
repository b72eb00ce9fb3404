"""Brings a database to the version this program needs, with Alembic. Each service keeps its own migrations in `migrations`, numbered."""

import io
from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy.exc import DBAPIError

from api.errors import StoreError
from api.store import Store

__all__ = ["check_version", "differences", "upgrade"]


def upgrade(store: Store) -> None:
    """Makes all tables, or changes those that are there. Nothing is changed if a step fails. Raises StoreError for a database that a newer
    program has changed."""
    with store.connection() as connection:
        config = _config(store)
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise StoreError(f"{store.name}: {error}") from None


def check_version(store: Store) -> None:
    """Raises StoreError unless the database is at the version this program needs."""
    wanted = ScriptDirectory.from_config(_config(store)).get_current_head()
    try:
        with store.engine.connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
    except DBAPIError as error:
        raise StoreError(f"{store.name}: the database cannot be used: {type(error.orig).__name__}") from None
    if found != wanted:
        raise StoreError(f"{store.name}: the database is at version {found}, this program needs {wanted}; run `psephos database upgrade`")


def differences(store: Store) -> str:
    """What the tables in the database lack or have besides those this program declares, in Alembic's words; empty if nothing."""
    with store.connection() as connection:
        config = _config(store)
        config.attributes["connection"] = connection
        try:
            command.check(config)
        except CommandError as error:
            return str(error)
    return ""


def _config(store: Store) -> Config:
    """Alembic's settings: one script for all databases, a folder of versions for each."""
    config = Config(stdout=io.StringIO())  # what Alembic prints goes nowhere
    config.set_main_option("script_location", str(files("api") / "migrations"))
    config.set_main_option("version_locations", str(Path(str(files("api"))) / store.name / "migrations"))
    config.set_main_option("path_separator", "newline")
    config.attributes["tables"] = store.tables
    return config
