"""An expected error is one line, not a traceback."""

from typing import Any

import click

from engine.errors import EngineError


class PsephosError(click.ClickException):
    """A refusal of the command line itself; the message says what was wrong, where, and what to do."""


class PsephosGroup(click.Group):
    """Turns what the engine or the file system refuses into one line and exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EngineError as error:
            raise PsephosError(str(error)) from error
        except OSError as error:
            raise PsephosError(f"{error.filename or ''}: {error.strerror or error}") from error
