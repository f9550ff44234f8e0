"""`loglens sql`: a SELECT of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from loglens.cli.options import shared_options
from loglens.cli.question import Question, opened


@click.pass_context
def _ask(
    ctx: click.Context, /, statement: str, db: Path | None, paths: tuple[str, ...], output: Path | None, **given: Any
) -> None:
    from loglens.cli.output import choose, deliver

    with opened(ctx, db, paths) as lens, lens.asking_sql(statement, given["limit"]) as answer:
        deliver(answer, choose(given["format"], output), output)


COMMAND = Question(
    [click.Argument(["statement"], metavar="SELECT")],
    shared_options(limit=0, is_scoped=False),
    name="sql",
    callback=_ask,
    help="Answer one SELECT over the tables that `loglens schema` lists; nothing can be written.",
    arguments={"SELECT": "One statement, in the SQL of DuckDB."},
    examples=(
        'loglens sql "SELECT level, count(*) FROM logs GROUP BY ALL ORDER BY 2 DESC"',
        'loglens sql "FROM requests WHERE status_code = 503 ORDER BY start_ns" --format csv --output 503.csv',
    ),
)
