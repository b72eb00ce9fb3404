"""Programs that the demonstration starts as trustees, scrutineers or outsiders would, each in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from cli.errors import PsephosError

__all__ = ["finish", "psephos"]


def psephos(*arguments: str, environment: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
    """Starts our own command, as somebody else would; what it says is kept until it ends."""
    command, surroundings = [sys.executable, "-m", "cli", *arguments], {**os.environ, **(environment or {})}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=Path(__file__).parent.parent, env=surroundings
    )


def finish(started: "list[subprocess.Popen[str]]") -> list[str]:
    """Waits for processes that run side by side; if one fails, stops the others and says what it said."""
    outputs = []
    try:
        for process in started:
            output, _ = process.communicate()
            if process.returncode:
                click.echo(output, err=True)
                raise PsephosError(f"{' '.join(map(str, process.args[2:]))} failed")  # type: ignore[index]
            outputs.append(output)
    finally:
        for process in started:
            process.kill()
            process.wait()
    return outputs
