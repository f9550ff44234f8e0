"""The bar that shows how far derivations are, whichever command needs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from loglens.cli.console import is_terminal

if TYPE_CHECKING:
    from rich.progress import Progress


class Bar:
    """Progress drawn on stderr, from when there is something to derive."""

    def __init__(self) -> None:
        self._bars: Progress | None = None

    def start(self, title: str) -> None:
        """Say which derivation begins."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self.stop()
        columns = (TextColumn("deriving {task.description}"), BarColumn(), TimeElapsedColumn())
        self._bars = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bars.add_task(title.lower(), total=1)
        self._bars.start()

    def advance(self, done_ratio: float) -> None:
        """Say how much of it is done; the bar goes when all of it is."""
        if self._bars is not None:
            self._bars.update(self._task, completed=done_ratio)
        if done_ratio >= 1:
            self.stop()

    def stop(self) -> None:
        """Take the bar away."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None


@contextmanager
def deriving_bar() -> Iterator[Bar | None]:
    """Give the progress of derivations, where stderr is a terminal."""
    if not is_terminal():
        yield None
        return
    bar = Bar()
    try:
        yield bar
    finally:
        bar.stop()
