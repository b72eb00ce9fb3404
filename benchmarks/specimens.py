"""Specimens to verify: made when first asked for, and kept outside the source, in the user's cache or where PSEPHOS_SPECIMENS says."""

import os
from contextlib import contextmanager
from pathlib import Path

from cli.specimen.making import make_specimen
from cli.specimen.seeded import Plan


def specimen(ballots: int, options: int = 2) -> Path:
    """The record of so many ballots on one question with so many options; key and hints are beside it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "psephos" / "specimens"
    name = "yes-no" if options == 2 else f"options-{options}"
    folder = Path(os.environ.get("PSEPHOS_SPECIMENS") or cache) / f"{name}-{ballots}"
    if not folder.exists():
        print(f"\nmaking a specimen of {ballots} ballots in {folder}", flush=True)
        make_specimen(folder, Plan(ballots, options), os.cpu_count() or 1, hints=True, bar=_no_bar)
    return folder


@contextmanager
def _no_bar(_: str, __: int):
    yield lambda _: None
