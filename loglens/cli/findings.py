"""`loglens findings` and `loglens check`: what the detectors have to say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from loglens.analysis import Param
from loglens.cli.console import DONE, FOUND, say
from loglens.cli.options import FORMAT, Word, shared_options
from loglens.cli.question import Question, opened
from loglens.detector import SEVERITIES
from loglens.detectors import ALL
from loglens.finding import COLUMNS, STORY
from loglens.wording import counted

_DETECTOR = Param("detector", None, "Ask this detector only.", choices=tuple(detector.name for detector in ALL))
_SEVERITY = Param("severity", SEVERITIES[-1], "Findings at least as grave as this.", choices=SEVERITIES)
_FAIL_ON = Param("fail_on", "warning", "Fail on findings at least as grave as this.", choices=SEVERITIES)
# What a terminal shows without scrolling; a file takes all.
_ROWS_OF_A_TABLE = 20


class Setting(click.ParamType):  # type: ignore[type-arg]
    """A threshold and its value: `slow_route.min_requests=100`."""

    name = "DETECTOR.PARAM=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Return the name and the text of the value."""
        if isinstance(value, tuple):
            return value
        name, equals, text = str(value).partition("=")
        if not equals:
            self.fail(f"{value!r} is not like slow_route.min_requests=100.", param, ctx)
        return name.strip(), text.strip()


SET = click.Option(
    ["--set", "settings"],
    type=Setting(),
    multiple=True,
    help="Set a threshold, such as slow_route.min_requests=100; may be repeated.",
)


def _shared() -> list[click.Parameter]:
    """Return the options of every question, with a limit that depends on the format."""
    shared = shared_options(limit=0)
    for option in shared:
        if option.name == "limit" and isinstance(option, click.Option):
            option.default, option.show_default = None, f"{_ROWS_OF_A_TABLE} in a table, else all"
    return shared


def _baseline() -> click.Option:
    return click.Option(
        ["--baseline"],
        type=click.Path(readable=False, path_type=Path),
        metavar="FILE",
        help="Leave out what is in this file, an earlier `findings --format json`.",
    )


@click.pass_context
def _find(ctx: click.Context, /, settings: Sequence[tuple[str, str]], fail_on: str | None = None, **given: Any) -> int:
    from loglens.cli.output import choose, deliver

    target = given.pop("output")
    renderer = choose(given.pop("format"), target)
    if given["limit"] is None:
        given["limit"] = _ROWS_OF_A_TABLE if renderer.name == "table" else 0
    if fail_on is not None:
        given["severity"] = fail_on
    with opened(ctx, given.pop("db"), given.pop("paths")) as lens:
        result = lens.findings(thresholds=dict(settings), **given)
        deliver(result.answer, renderer, target)
    count = len(result) + result.left_out
    if fail_on is None or not count:
        return DONE
    say(f"{counted(count, 'finding')}, {fail_on} or graver. `loglens ack` acknowledges one, --baseline a file of them.")
    return FOUND


class Findings(Question):
    """The command, which hands its first word over where that is `show`."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Return the context of the command, or of `show`."""
        if args[:1] == ["show"]:
            return SHOW.make_context(f"{info_name} show", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


COMMAND = Findings(
    [
        click.Option(["--detector"], type=Word(_DETECTOR), metavar="NAME", help=_DETECTOR.help),
        click.Option(
            ["--severity"], type=Word(_SEVERITY), default=_SEVERITY.default, show_default=True, help=_SEVERITY.help
        ),
        SET,
        _baseline(),
        click.Option(["--acked"], is_flag=True, help="Take in what has been acknowledged."),
    ],
    _shared(),
    name="findings",
    callback=_find,
    help="What is wrong, where, what does it cost, and what to do about it?\n\nAsks every detector and ranks what they"
    " find: the gravest first, of those what was seen to the end, then what cost most time. `loglens findings show"
    " FINGERPRINT` tells one of them whole."
    " docs/detectors.md explains each detector with its thresholds, which --set and loglens.toml change.",
    columns={column.name: column.meaning for column in COLUMNS},
    examples=(
        "loglens findings",
        "loglens findings show e7dd6c37",
        "loglens findings --detector slow_route --set slow_route.slo_ms=800",
        "loglens findings --since 2h --format json --output findings.json",
        "loglens findings logs/",
    ),
)

CHECK = Question(
    [
        click.Option(
            ["--fail-on"], type=Word(_FAIL_ON), default=_FAIL_ON.default, show_default=True, help=_FAIL_ON.help
        ),
        SET,
        _baseline(),
    ],
    _shared(),
    name="check",
    callback=_find,
    help="Exit with 3 where something is found, for CI.\n\nWhat is acknowledged, or in the --baseline, does not count.",
    columns={column.name: column.meaning for column in COLUMNS},
    examples=(
        "loglens check --fail-on critical traces/",
        "loglens check --baseline findings.json traces/",
    ),
)


@click.pass_context
def _show(
    ctx: click.Context,
    /,
    fingerprint: str,
    settings: Sequence[tuple[str, str]],
    sql: bool,
    db: Path | None,
    paths: tuple[str, ...],
    output: Path | None,
    **given: Any,
) -> None:
    from loglens.cli.output import choose, deliver, write_out

    renderer = choose(given.pop("format"), output)
    given.pop("limit")
    with opened(ctx, db, paths) as lens:
        result = lens.findings(fingerprint=fingerprint, thresholds=dict(settings), **given)
        if sql:
            write_out(f"{row['sql']}\n" for row in result)
        else:
            deliver(result.answer, renderer, output)


SHOW = Question(
    [
        click.Argument(["fingerprint"], metavar="FINGERPRINT"),
        SET,
        click.Option(["--sql"], is_flag=True, help="Print the statement that gives the evidence again, and no more."),
    ],
    _shared(),
    name="show",
    callback=_show,
    help="Tell one finding whole: what, where, how often, what it costs, how it is known, and one request.",
    columns={column.name: column.meaning for column in (*COLUMNS, *STORY)},
    arguments={"FINGERPRINT": "The fingerprint, or the beginning of it."},
    examples=("loglens findings show e7dd6c37", 'loglens sql "$(loglens findings show e7dd6c37 --sql)"'),
)

__all__ = ["CHECK", "COMMAND", "FORMAT", "SET", "SHOW"]
