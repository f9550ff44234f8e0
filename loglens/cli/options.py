"""The options that questions share, and how a declared parameter becomes an option."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from loglens.analysis import Analysis, Drawing, Param, Value
from loglens.params import accept, accept_limit
from loglens.reports import ALL as RENDERERS

FORMAT = Param(
    "format",
    None,
    "How the answer is written; without it as the name of --output ends, or else as a table.",
    choices=tuple(renderer.name for renderer in RENDERERS),
)


class Word(click.ParamType):  # type: ignore[type-arg]
    """A declared parameter as click sees it: the same check as on every other surface."""

    def __init__(self, param: Param) -> None:
        self.param = param
        self.name = param.metavar or "|".join(param.choices) or _METAVARS[param.python_type]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value where it can be used, as it was given: the analysis turns it into what it binds."""
        try:
            accepted = accept(self.param, value)
        except ValueError as error:
            self.fail(f"{error}", param, ctx)
        return accepted if self.param.parse is None else value

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return what stands for the value in the help."""
        return self.name

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the choices that begin with what was typed."""
        return [CompletionItem(choice) for choice in self.param.choices if choice.startswith(incomplete)]


class Rows(click.ParamType):  # type: ignore[type-arg]
    """A number of rows."""

    name = "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        try:
            return accept_limit(value)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


_SINCE = "From this time on: a date, an RFC 3339 time, or 30m, 2h, 1h30m, 7d before the end of the data."
_DB = "The database to ask; without it LOGLENS_DB, or else loglens.duckdb."
# What cannot be read is said where it is read, as what it is.
_FILE = click.Path(readable=False, path_type=Path)
_METAVARS: dict[type[Any], str] = {str: "TEXT", int: "N", float: "NUMBER", bool: ""}


def spelled(param: Param) -> str:
    """Return how the option of a parameter is written; one that Python has as a keyword ends in `_` there alone."""
    return f"--{param.name.rstrip('_').replace('_', '-')}"


def shortcuts(ctx: click.Context) -> list[tuple[Param, str, Value]]:
    """Return the shortcuts given so far: the parameter each sets, how it was written, and its value."""
    given: list[tuple[Param, str, Value]] = ctx.meta.setdefault("loglens.shortcuts", [])
    return given


def own_options(analysis: Analysis) -> list[click.Parameter]:
    """Return the arguments and options of the parameters of an analysis, in order, shortcuts after their option."""
    found: list[click.Parameter] = []
    for param in analysis.params:
        if param.positional:
            found.append(click.Argument([param.name], type=Word(param), metavar=param.metavar or param.name.upper()))
            continue
        if param.python_type is bool:
            found.append(
                click.Option([spelled(param), param.name], is_flag=True, default=param.default, help=param.help)
            )
            continue
        found.append(
            click.Option(
                [spelled(param), param.name],
                type=Word(param),
                default=param.default,
                show_default=param.default is not None,
                help=param.help,
            )
        )
        found += [_shortcut(param, flag, value) for flag, value in (param.flags or {}).items()]
    return found


def _shortcut(param: Param, flag: str, value: Value) -> click.Option:
    def take(ctx: click.Context, option: click.Parameter, is_given: bool) -> None:
        if not is_given:
            return
        for other, other_flag, other_value in shortcuts(ctx):
            if other is param and other_value != value:
                raise click.UsageError(f"{other_flag} and {flag} exclude each other.", ctx)
        shortcuts(ctx).append((param, flag, value))

    return click.Option(
        [flag, f"shortcut_{flag.strip('-').replace('-', '_')}"],
        is_flag=True,
        expose_value=False,
        callback=take,
        help=f"The same as {spelled(param)} {value}.",
    )


def shared_options(limit: int, drawings: Sequence[Drawing] = (), *, is_scoped: bool = True) -> list[click.Parameter]:
    """Return the options that every question has, and the PATHs to read instead of a database."""
    form = _with(drawings)
    scope: list[click.Parameter] = [
        click.Option(["--since"], metavar="TIME", help=_SINCE),
        click.Option(["--until"], metavar="TIME", help="Up to, and without, this time."),
        click.Option(["--service"], metavar="NAME", help="Of this service only."),
    ]
    return [
        *(scope if is_scoped else []),
        click.Option(["--limit"], type=Rows(), default=limit, show_default=True, help="Rows at most; 0 for all."),
        *written_options(form),
        click.Option(["--db"], type=_FILE, metavar="FILE", help=_DB),
        click.Argument(["paths"], nargs=-1, metavar="[PATH]...", type=click.Path(readable=False)),
    ]


def written_options(form: Param = FORMAT) -> list[click.Parameter]:
    """Return the options of how an answer is written, and where to."""
    return [
        click.Option(["--format"], type=Word(form), help=form.help),
        click.Option(["--output"], type=_FILE, metavar="FILE", help="Write to this file instead."),
    ]


def _with(drawings: Sequence[Drawing]) -> Param:
    """Return the parameter of the format, with those that one analysis alone offers."""
    more = "".join(f" {drawing.name}: {drawing.title}." for drawing in drawings)
    names = tuple(drawing.name for drawing in drawings)
    return replace(FORMAT, choices=(*FORMAT.choices, *names), help=FORMAT.help + more)


def filled_database() -> click.Option:
    """Return the option of the database a command writes to."""
    return click.Option(
        ["--db"],
        type=_FILE,
        metavar="FILE",
        help="The database: LOGLENS_DB, or loglens.duckdb, unless given.",
    )


def waiting() -> click.Option:
    """Return the option of how long a command that writes waits for its turn."""
    return click.Option(
        ["--wait", "wait_s"],
        type=click.FloatRange(0),
        default=10,
        show_default=True,
        metavar="SECONDS",
        help="How long to wait while another process holds the database.",
    )
