"""The `loglens` command: its commands in groups, each imported when it is used."""

from __future__ import annotations

import importlib
import shlex
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import click

import loglens
from loglens.analyses import ALL
from loglens.analysis import Analysis
from loglens.cli.console import DONE, guard
from loglens.nearest import nearest

_EXAMPLES = (
    ("loglens ingest logs/", "read a folder into loglens.duckdb"),
    ("loglens findings", "what is wrong, and what it costs"),
    ("loglens slow --p99", "which routes are slow"),
    ("loglens trace 4bf92f35", "one request, drawn"),
    ("loglens slow --p99 logs/", "the same without a database"),
)


class Listed(NamedTuple):
    """A command as the help lists it: what it is for in a sentence, and how it is loaded when it is used."""

    summary: str
    load: Callable[[], click.Command]


def _own(place: str, summary: str) -> Listed:
    """Return a command that is no analysis; `place` is a module of this package and its attribute."""
    module, _, attribute = place.partition(":")

    def load() -> click.Command:
        command = getattr(importlib.import_module(f"loglens.cli.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    return Listed(summary, load)


def _question(analysis: Analysis) -> Listed:
    def load() -> click.Command:
        from loglens.cli.question import analysis_command

        return analysis_command(analysis)

    return Listed(analysis.question, load)


GROUPS: dict[str, dict[str, Listed]] = {
    "Read": {
        "ingest": _own("ingest:INGEST", "Read logs, spans and metrics into the database."),
        "forget": _own("ingest:FORGET", "Remove sources and their records from the database."),
        "formats": _own("formats:COMMAND", "List the formats that are read, with an example each."),
        "derive": _own("derive:COMMAND", "Compute what questions about traces need, before they ask."),
        "demo": _own("demo:COMMAND", "Write sample logs and traces with planted faults."),
    },
    "Ask": {analysis.command: _question(analysis) for analysis in ALL},
    "Judge": {
        "findings": _own("findings:COMMAND", "What is wrong, what does it cost, and what to do about it?"),
        "check": _own("findings:CHECK", "Exit with 3 where something is found, for CI."),
        "explain-miss": _own("explain_miss:COMMAND", "Which gate stopped a finding, and by how much?"),
        "ack": _own("ack:ACK", "Acknowledge a finding until a day."),
        "unack": _own("ack:UNACK", "Take back an acknowledgement."),
    },
    "More": {
        "push": _own("push:COMMAND", "Push events and answers into Elasticsearch or OpenSearch."),
        "sql": _own("sql:COMMAND", "Answer a SELECT of your own."),
        "completion": _own("completion:COMMAND", "Print the completion script of bash, zsh or fish."),
    },
}


class Program(click.Group):
    """All commands, by group."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take options without a command as those of the overview: `loglens --db other.duckdb`."""
        name = args[0].partition("=")[0] if args else ""
        if name.startswith("--") and not _is_option(name, self.get_params(ctx)):
            self._refuse_command_behind(ctx, args)
            overview = self.get_command(ctx, "overview")
            args = ["overview", *args] if overview and _is_option(name, overview.params) else args
        return super().parse_args(ctx, args)

    def _refuse_command_behind(self, ctx: click.Context, args: list[str]) -> None:
        """Say where options stand, where a command stands behind them; what follows a bare option may be its value."""
        for before, arg in pairwise(args):
            is_value = before.startswith("-") and "=" not in before
            if not is_value and arg in self.list_commands(ctx) and not Path(arg).exists():
                words = shlex.join([arg, *(each for each in args if each != arg)])
                raise click.UsageError(f"Options stand behind the command: `loglens {words}`.", ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the help."""
        return [name for group in GROUPS.values() for name in group]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name."""
        listed = next((group[cmd_name] for group in GROUPS.values() if cmd_name in group), None)
        return listed.load() if listed else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one may have been meant."""
        name = args[0]
        known = self.list_commands(ctx)
        if name not in known and not name.startswith("-"):
            raise click.UsageError(_unknown(name, known), ctx)
        found, command, rest = super().resolve_command(ctx, args)
        if command is not None and not ctx.resilient_parsing:
            _refuse_option_as_value(click.Context(command, ctx, found), rest)
        return found, command, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands in their groups."""
        for title, group in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name, each.summary) for name, each in group.items()])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        with formatter.section("Examples"):
            formatter.write_dl(list(_EXAMPLES))


def _is_option(name: str, params: Sequence[click.Parameter]) -> bool:
    return any(name in param.opts for param in params)


def _refuse_option_as_value(ctx: click.Context, args: Sequence[str]) -> None:
    """Say of which option the value is missing, where the next option stands in its place."""
    params = ctx.command.get_params(ctx)
    takes = {name for each in params if isinstance(each, click.Option) and not each.is_flag for name in each.opts}
    for before, arg in pairwise(args[: args.index("--")] if "--" in args else args):
        if before in takes and arg.startswith("-") and _is_option(arg.partition("=")[0], params):
            raise click.BadOptionUsage(before, f"Option {before!r} requires an argument.", ctx)


def _unknown(name: str, known: Sequence[str]) -> str:
    if Path(name).exists():
        return f"No command {name!r}. To read it: loglens ingest {name}"
    found = nearest(name, known)
    return f"No command {name!r}." + (f" Did you mean {found!r}?" if found else "")


@click.pass_context
def _overview(ctx: click.Context, version: bool) -> int:
    """Show what is in the database, or the help where there is none."""
    if version:
        click.echo(f"loglens {loglens.__version__}")
    elif ctx.invoked_subcommand is None:
        from loglens.settings import Settings, load_settings

        settings = load_settings()
        if settings.db == Settings().db and not Path(settings.db).exists():
            click.echo(ctx.get_help())
        else:
            PROGRAM.main(["overview"], prog_name="loglens", standalone_mode=False)
    return DONE


PROGRAM = Program(
    "loglens",
    invoke_without_command=True,
    callback=_overview,
    params=[click.Option(["--version"], is_flag=True, help="Print the version.")],
    context_settings={"help_option_names": ["-h", "--help"]},
    help="What is slow, what broke, and why: from a folder of logs and traces, out of one DuckDB file.\n\nWithout a"
    " command: what is in the database.",
    subcommand_metavar="COMMAND ...",
)


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(guard(lambda: PROGRAM.main(given, prog_name="loglens", standalone_mode=False)))
