"""`loglens explain-miss`: why a detector did not find something."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from loglens.analysis import Param
from loglens.cli.findings import SET
from loglens.cli.options import Word, shared_options
from loglens.cli.question import Question, opened
from loglens.detectors import ALL
from loglens.miss import COLUMNS

_DETECTOR = Param("detector", None, "The detector.", choices=tuple(detector.name for detector in ALL), positional=True)


@click.pass_context
def _explain(
    ctx: click.Context,
    /,
    detector: str,
    trace: str,
    settings: Sequence[tuple[str, str]],
    db: Path | None,
    paths: tuple[str, ...],
    **given: Any,
) -> None:
    from loglens.cli.output import choose, deliver

    target, renderer = given["output"], choose(given["format"], given["output"])
    with opened(ctx, db, paths) as lens:
        times = {"since": given["since"], "until": given["until"]}
        result = lens.explain_miss(detector, trace, thresholds=dict(settings), **times)
        deliver(result.answer, renderer, target)


COMMAND = Question(
    [
        click.Argument(["detector"], type=Word(_DETECTOR), metavar="DETECTOR"),
        click.Option(["--trace"], required=True, metavar="ID", help="The trace id, or the beginning of it."),
        SET,
    ],
    [option for option in shared_options(limit=0) if option.name not in {"service", "limit"}],
    name="explain-miss",
    callback=_explain,
    help="Which gate stopped a finding, and by how much?\n\nShows for one trace everything the detector looks at, and"
    " each of its gates: the number seen, and the threshold it takes.",
    arguments={"DETECTOR": f"{', '.join(_DETECTOR.choices)}."},
    columns={column.name: column.meaning for column in COLUMNS},
    examples=("loglens explain-miss slow_route --trace d64daa05",),
)
