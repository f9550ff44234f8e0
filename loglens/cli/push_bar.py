"""The progress of a push, drawn on stderr."""

from __future__ import annotations

from loglens.push.report import PushProgress


class PushBar(PushProgress):
    """A bar for what is being pushed, with documents per second, retries and refusals."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._retries = self._refused = 0

    def __enter__(self) -> PushBar:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def start(self, name: str, documents: int) -> None:
        """Begin a bar."""
        for task in self._bars.task_ids:
            self._bars.remove_task(task)
        self._bars.add_task(name, total=documents, rate="")

    def advance(self, documents: int, retries: int, refused: int) -> None:
        """Move it on."""
        self._retries += retries
        self._refused += refused
        (task,) = self._bars.tasks
        done = task.completed + documents
        rate = f"{done / max(task.elapsed or 0, 0.1):,.0f} a second"
        trouble = f", {self._retries:,} again, {self._refused:,} refused" if self._retries or self._refused else ""
        self._bars.update(task.id, advance=documents, rate=rate + trouble)
