"""Progress on standard error: a bar with the pace and the time left on a terminal, a line at the end elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text


class Pace(ProgressColumn):
    """How many a second, over the last half minute."""

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
        seconds = time.monotonic() - started
        console.print(f"{title}: {total} in {seconds:.1f} s, {total / max(seconds, 1e-9):,.0f}/s", highlight=False, soft_wrap=True)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Pace(), TimeRemainingColumn(elapsed_when_finished=True))
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.update(task, completed=done)
