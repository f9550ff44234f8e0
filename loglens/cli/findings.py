"""`loglens findings`: what the detectors have to say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from loglens.analysis import Param
from loglens.cli.console import say
from loglens.cli.options import Word, shared_options
from loglens.cli.question import Question, opened
from loglens.detectors import ALL
from loglens.finding import COLUMNS
from loglens.scope import Scope

DETECTOR = Param("detector", None, "Ask this detector only.", choices=tuple(detector.name for detector in ALL))


class Setting(click.ParamType):  # type: ignore[type-arg]
    """A threshold and its value: `slow_route.min_requests=100`."""

    name = "DETECTOR.PARAM=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Return the name and the text of the value."""
        name, equals, text = str(value).partition("=")
        if not equals:
            self.fail(f"{value!r} is not like slow_route.min_requests=100.", param, ctx)
        return name.strip(), text.strip()


def detecting_options() -> list[click.Parameter]:
    """Return the options of every command that runs detectors."""
    return [
        click.Option(["--detector"], type=Word(DETECTOR), metavar="NAME", help=DETECTOR.help),
        click.Option(
            ["--set", "settings"],
            type=Setting(),
            multiple=True,
            help="Set a threshold, such as slow_route.min_requests=100; may be repeated.",
        ),
    ]


@click.pass_context
def _find(
    ctx: click.Context,
    /,
    detector: str | None,
    settings: Sequence[tuple[str, str]],
    db: Path | None,
    paths: tuple[str, ...],
    **given: Any,
) -> None:
    from loglens.cli.output import choose, deliver

    target, renderer = given.pop("output"), given.pop("format")
    scope = Scope(given["since"], given["until"], given["service"])
    with opened(ctx, db, paths) as lens:
        answer = lens.detecting(detector, dict(settings), scope, given["limit"])
        deliver(answer, choose(renderer, target), target)
        if not answer.rows():
            say(f"Nothing found. Asked: {detector or ', '.join(each.name for each in ALL)}.")


COMMAND = Question(
    detecting_options(),
    shared_options(limit=20, is_scoped=True),
    name="findings",
    callback=_find,
    help="What is wrong, where, what does it cost, and what to do about it?\n\nRuns every detector and ranks what they"
    " find: the gravest first, then what cost most time. docs/detectors.md explains each with its thresholds.",
    short_help="What is wrong, what does it cost, and what to do about it?",
    columns={column.name: column.meaning for column in COLUMNS},
    examples=(
        "loglens findings",
        "loglens findings --detector slow_route --set slow_route.slo_ms=800",
        "loglens findings --since 2h --format json",
        "loglens findings logs/",
    ),
)
