"""The `loglens` command: its commands in groups, each imported when it is used."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import click

import loglens
from loglens.analyses import ALL
from loglens.cli.console import DONE, guard
from loglens.cli.question import analysis_command
from loglens.nearest import nearest
from loglens.settings import Settings, load_settings

_EXAMPLES = (
    ("loglens ingest logs/", "read a folder into loglens.duckdb"),
    ("loglens findings", "what is wrong, and what it costs"),
    ("loglens slow --p99", "which routes are slow"),
    ("loglens trace 4bf92f35", "one request, drawn"),
    ("loglens slow --p99 logs/", "the same without a database"),
)
# Each command that is no analysis: a module and its attribute.
_READING = {
    "ingest": "ingest:INGEST",
    "forget": "ingest:FORGET",
    "derive": "derive:COMMAND",
    "demo": "demo:COMMAND",
}
_JUDGING = {
    "findings": "findings:COMMAND",
    "check": "findings:CHECK",
    "explain-miss": "explain_miss:COMMAND",
    "ack": "ack:ACK",
    "unack": "ack:UNACK",
}
_MORE = {"sql": "sql:COMMAND", "completion": "completion:COMMAND"}


def _loader(place: str) -> Callable[[], click.Command]:
    module, _, attribute = place.partition(":")

    def load() -> click.Command:
        command = getattr(importlib.import_module(f"loglens.cli.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    return load


GROUPS: dict[str, dict[str, Callable[[], click.Command]]] = {
    "Read": {name: _loader(place) for name, place in _READING.items()},
    "Ask": {analysis.name: partial(analysis_command, analysis) for analysis in ALL},
    "Judge": {name: _loader(place) for name, place in _JUDGING.items()},
    "More": {name: _loader(place) for name, place in _MORE.items()},
}


class Program(click.Group):
    """All commands, by group."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the help."""
        return [name for group in GROUPS.values() for name in group]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name."""
        load = next((group[cmd_name] for group in GROUPS.values() if cmd_name in group), None)
        return load() if load else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one may have been meant."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            raise click.UsageError(_unknown(name, self.list_commands(ctx)), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands in their groups."""
        room = formatter.width - 6 - max(map(len, self.list_commands(ctx)))
        for title, group in ((title, group) for title, group in GROUPS.items() if group):
            with formatter.section(title):
                formatter.write_dl([(name, load().get_short_help_str(room)) for name, load in group.items()])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        with formatter.section("Examples"):
            formatter.write_dl(list(_EXAMPLES))


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
