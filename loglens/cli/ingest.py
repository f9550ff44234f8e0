"""`loglens ingest` and `loglens forget`: what goes into the database, and out of it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from loglens.cli.console import DONE, is_terminal, say, terminal_width, write
from loglens.cli.ingest_summary import summarize
from loglens.cli.options import filled_database, waiting
from loglens.ingest.report import IngestReport, Outcome, Progress
from loglens.settings import load_settings
from loglens.text import visible

if TYPE_CHECKING:
    from loglens.ingest.run import IngestRequest

DURATION_UNITS = ("ns", "us", "ms", "s")


def _ingest(paths: tuple[str, ...], db: Path | None, verbose: bool, explain: bool, **given: Any) -> int:
    from loglens.ingest.reader import ReadOptions
    from loglens.ingest.run import IngestRequest, ingest

    options = ReadOptions(**{each.name: given.pop(each.name) for each in fields(ReadOptions)})
    database = db or Path(load_settings().db)
    request = IngestRequest(paths, database, options, **given)
    if explain:
        return _explain(request)
    if is_terminal():
        with Bars() as bars:
            report = ingest(request, bars)
    else:
        report = ingest(request)
    write(summarize(report, is_dry=request.dry_run, is_verbose=verbose, width=terminal_width()))
    return report.exit_code


def _explain(request: IngestRequest) -> int:
    from loglens.cli.explanation import draw
    from loglens.cli.output import make_page, write_out
    from loglens.ingest.explain import explain
    from loglens.ingest.report import Outcome

    exit_code = DONE
    for number, told in enumerate(explain(request)):
        if isinstance(told, Outcome):
            say(f"{visible(told.path)} cannot be explained: {visible(told.note)}")
            exit_code = 1 if told.action == "failed" else exit_code
        else:
            write_out([*(["\n"] if number else []), *(f"{line}\n" for line in draw(told, make_page(None).width))])
    return exit_code


def _zone(_: click.Context, __: click.Parameter, name: str | None) -> str | None:
    from loglens.ingest.zones import accept_zone

    return None if name is None else accept_zone(name)


class Bars(Progress):
    """Progress drawn on stderr while files are read."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        self._bars = Progress(
            TextColumn("{task.fields[files]}"),
            BarColumn(),
            DownloadColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._done_bytes = self._done_records = self._done_files = self._files = 0

    def __enter__(self) -> Bars:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def start(self, files: int, stored_bytes: int) -> None:
        """Say how much there is to do."""
        self._files = files
        self._task = self._bars.add_task("", total=stored_bytes, files="", rate="")

    def advance(self, path: str, stored_bytes: int, records: int) -> None:
        """Say how far the file in work has been read, and how many records are in."""
        elapsed_s = max(self._bars.tasks[0].elapsed or 0, 0.1)
        self._bars.update(
            self._task,
            completed=self._done_bytes + stored_bytes,
            files=f"{self._done_files + 1}/{self._files} {Path(path).name[:30]}",
            rate=f"{(self._done_records + records) / elapsed_s:,.0f} records/s",
        )

    def finish(self, outcome: Outcome) -> None:
        """Say what became of a file."""
        self._done_files += 1
        self._done_records += outcome.records
        file = Path(outcome.path)
        self._done_bytes += file.stat().st_size if file.exists() else 0
        self._bars.update(self._task, completed=self._done_bytes)


def _forget(sources: tuple[str, ...], before: str | None, db: Path | None, wait_s: float) -> None:
    from loglens.ingest.forget import forget
    from loglens.wording import counted

    if not sources and before is None:
        raise click.UsageError("Name sources, or a time with --before.")
    database = db or Path(load_settings().db)
    forgotten = forget(database, sources, before, wait_s)
    for source in forgotten:
        gone = f"{counted(source.records, 'record')}, {counted(source.rejects, 'reject')}"
        say(f"forgot {visible(source.uri)}: {gone}")
    if not forgotten:
        say("nothing to forget: no source ends before that time.")


INGEST = click.Command(
    "ingest",
    callback=_ingest,
    params=[
        click.Argument(["paths"], nargs=-1, required=True, metavar="PATH...", type=click.Path(readable=False)),
        filled_database(),
        click.Option(["--format"], metavar="NAME", help="Read as this format, not as what the content looks like."),
        click.Option(
            ["--duration-unit"], type=click.Choice(DURATION_UNITS), help="Unit of durations whose key names none."
        ),
        click.Option(
            ["--service"], metavar="NAME", help="Service of records that name none; else the file's own name."
        ),
        click.Option(
            ["--timezone"],
            metavar="ZONE",
            callback=_zone,
            help="Zone of times without one: Europe/Berlin, +02:00; else UTC.",
        ),
        click.Option(["--include"], multiple=True, metavar="GLOB", help="Only files like this; may be repeated."),
        click.Option(["--exclude"], multiple=True, metavar="GLOB", help="No files like this; may be repeated."),
        click.Option(["--again"], is_flag=True, help="Read anew what was read before, replacing its records."),
        click.Option(["--dry-run"], is_flag=True, help="Say what would be read and as what; write nothing."),
        click.Option(
            ["--explain"],
            is_flag=True,
            help="Say how each file would be read and why, with its first records; write nothing.",
        ),
        click.Option(["--name"], default="stdin", show_default=True, help="What standard input is called."),
        click.Option(["--verbose"], is_flag=True, help="Name every file."),
        waiting(),
    ],
    help="""Read logs, spans and metrics into the database, exactly once.

    A PATH is a file, a folder, a pattern, or - for standard input; plain or packed with gzip, zstd, bz2 or xz. What
    was read before is not read again; a file that has grown adds its new lines; a renamed or rotated one is known by
    its content. Lines that cannot be read are kept: `loglens rejects`.

    \b
    loglens ingest logs/
    loglens ingest 'logs/*.gz' --exclude '*debug*'
    kubectl logs deploy/llm-api | loglens ingest - --name llm-api
    loglens ingest app.log --again --duration-unit ms
    loglens ingest /var/log/syslog --timezone Europe/Berlin
    loglens ingest --explain app.log
    """,
)

FORGET = click.Command(
    "forget",
    callback=_forget,
    params=[
        click.Argument(["sources"], nargs=-1, metavar="[SOURCE]..."),
        click.Option(["--before"], metavar="TIME", help="Every source whose newest record is before this time."),
        filled_database(),
        waiting(),
    ],
    help="""Remove sources with everything that came from them.

    A SOURCE is a path, its end, or its number in `loglens sources`.

    \b
    loglens forget app.log.3.gz
    loglens forget --before 2026-01-01
    """,
)


__all__ = ["FORGET", "INGEST", "IngestReport"]
