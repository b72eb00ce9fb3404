"""Opens a record of whatever layout, whole or as a worker needs it."""

import importlib
from pathlib import Path

from .arithmetic import Group
from .record import EG21_JSON, PSEPHOS, open_eg21, open_own
from .source import Format, Reading, RecordSource

__all__ = ["FORMATS", "format_of", "open_record"]

FORMATS = ("psephos", "eg21-json", "egrf-json", "egk-json")


def format_of(name: str) -> Format:
    """The layout by its name, as far as it is known before the record is read."""
    return {"psephos": PSEPHOS, "eg21-json": EG21_JSON}.get(name, Format(name))


def open_record(folder: Path, group: Group, name: str, digests: bool = True, reading: Reading | None = None) -> RecordSource:
    """Opens a record of edition 2.1.0. Without `digests` only what the checks of ballots need is read and nothing is digested: workers are
    given their chunks. Raises RecordError."""
    if name == "psephos":
        return open_own(folder, group, digests, reading)
    if name == "eg21-json":
        return open_eg21(folder, group)
    source: RecordSource = importlib.import_module(".egrf", __package__).open_record(folder, group)
    return source
