"""An analysis, or a statement, as a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from loglens.analysis import Analysis
from loglens.api import Lens, open_lens
from loglens.cli.console import say
from loglens.cli.deriving_bar import deriving_bar
from loglens.cli.options import own_options, shared_options, shortcuts, spelled
from loglens.params import accept
from loglens.reading import reading


class Question(click.Command):
    """A command whose help shows its own options apart from the shared ones, then its columns and examples."""

    def __init__(self, own: list[click.Parameter], shared: list[click.Parameter], **words: Any) -> None:
        self.own_names = {param.name for param in own}
        self.arguments: dict[str, str] = words.pop("arguments", {})
        self.columns: dict[str, str] = words.pop("columns", {})
        self.examples: tuple[str, ...] = words.pop("examples", ())
        super().__init__(params=[*own, *shared], **words)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the arguments, its own options, and the shared ones."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": list(self.arguments.items())}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record is not None:
                title = "Options" if param.name in self.own_names else "Options of every question"
                sections.setdefault(title, []).append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the columns of the answer and the examples."""
        if self.columns:
            with formatter.section("Columns"):
                formatter.write_dl(list(self.columns.items()))
        if self.examples:
            with formatter.section("Examples"):
                formatter.write_text("\b\n" + "\n".join(self.examples))


def analysis_command(analysis: Analysis) -> click.Command:
    """Return the command of an analysis."""

    @click.pass_context
    def ask(ctx: click.Context, /, **given: Any) -> None:
        from loglens.cli.output import choose, deliver

        for param, flag, value in shortcuts(ctx):
            is_named = ctx.get_parameter_source(param.name) is ParameterSource.COMMANDLINE
            if is_named and accept(param, given[param.name]) != accept(param, value):
                raise click.UsageError(f"{spelled(param)} and {flag} exclude each other.", ctx)
            given[param.name] = value
        target, renderer = given.pop("output"), given.pop("format")
        with opened(ctx, given.pop("db"), given.pop("paths")) as lens, lens.asking(analysis.name, given) as answer:
            deliver(answer, choose(renderer, target, answer.drawings), target)

    return Question(
        own_options(analysis),
        shared_options(analysis.limit, analysis.drawings),
        name=analysis.command,
        callback=ask,
        help=f"{analysis.question}\n\nAsks the database, or reads the PATHs and asks them.",
        arguments={param.metavar or param.name.upper(): param.help for param in analysis.params if param.positional},
        columns=dict(analysis.columns),
        examples=analysis.examples,
    )


@contextmanager
def opened(ctx: click.Context, db: Path | None, paths: tuple[str, ...]) -> Iterator[Lens]:
    """Give a Lens on the database, or on the PATHs where there are any.

    What could not be read of the PATHs is said when the answer has been given, and decides the exit code.
    """
    if not paths:
        lens = open_lens(db)
        with deriving_bar() as lens.progress:
            yield lens
        return
    if db is not None:
        raise click.UsageError("--db and PATHs exclude each other: either the database is asked, or the PATHs.", ctx)
    with reading(paths) as (lens, report), deriving_bar() as lens.progress:
        yield lens
    for outcome in report.outcomes:
        if outcome.action == "failed" or outcome.is_damaged:
            say(f"{outcome.path}: {outcome.note}")
    if report.rejects:
        what, them = ("piece of text", "it") if report.rejects == 1 else ("pieces of text", "them")
        say(f"{report.rejects:,} {what} could not be read; `loglens rejects {' '.join(paths)}` shows {them}.")
    if report.exit_code:
        ctx.exit(report.exit_code)
