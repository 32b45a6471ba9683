"""A progress bar on stderr for commands that take minutes: step, how far, time taken, time left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Tell = Callable[[str, int, int], None]
"""(step, how many are done, of how many)."""


@contextmanager
def progress_bar(names: dict[str, str] | None = None) -> Iterator[Tell]:
    """``names``: what to call a step instead. A step that comes anew starts its bar and its clock anew."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)
        at = ""

        def tell(step: str, done: int, total: int) -> None:
            nonlocal at
            if step != at:
                at = step
                bar.reset(task, description=(names or {}).get(step, step))
            bar.update(task, completed=done, total=total)

        yield tell
