"""An expected error is one line, not a traceback."""

from typing import Any

import click

from api.errors import ApiError
from engine.errors import EngineError


class PsephosError(click.ClickException):
    """A refusal of the command line itself; the message says what was wrong, where, and what to do."""

    def format_message(self) -> str:
        """One line, without characters that could play tricks on a terminal: parts of a message may come from somebody else's file."""
        return "".join(character if character.isprintable() else " " for character in self.message)


class PsephosGroup(click.Group):
    """Turns what the engine, the platform or the file system refuses into one line and exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (EngineError, ApiError) as error:
            raise PsephosError(str(error)) from error
        except ModuleNotFoundError as error:
            raise PsephosError(f"this needs the package {error.name}, which is not installed: pip install psephos[api]") from error
        except BrokenPipeError:
            raise
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise PsephosError(f"{where}{error.strerror or error}") from error
