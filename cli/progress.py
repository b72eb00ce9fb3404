"""Progress on standard error: a bar with the pace and the time left on a terminal, a line at the end elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text


class _Pace(ProgressColumn):
    """How many in a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "", style="progress.data.speed")


def _nothing(_: int) -> None:
    pass


@contextmanager
def ballots_bar(title: str, total: int, quiet: bool = False) -> Iterator[Callable[[int], None]]:
    """Yields a function to be called with the number done so far."""
    console, started = Console(stderr=True, quiet=quiet), time.monotonic()
    if not console.is_terminal:
        yield _nothing
        console.print(f"{title}: {total} in {time.monotonic() - started:.1f} s", highlight=False)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Pace(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.update(task, completed=done)
