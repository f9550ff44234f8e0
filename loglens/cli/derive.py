"""`loglens derive`: what is computed once from what was ingested."""

from __future__ import annotations

from pathlib import Path

import click

from loglens.cli.console import say
from loglens.cli.deriving_bar import deriving_bar
from loglens.cli.options import filled_database, waiting
from loglens.settings import load_settings


def _derive(again: bool, db: Path | None, wait_s: float) -> None:
    from loglens.deriving import derive
    from loglens.store.store import refuse_missing

    database = db or Path(load_settings().db)
    refuse_missing(database)
    with deriving_bar() as bar:
        outcomes = derive(database, again=again, wait_s=wait_s, progress=bar)
    for outcome in outcomes:
        say(f"{outcome.derivation.title}: {outcome.summary} ({outcome.elapsed_s:.1f} s)")
        for warning in outcome.warnings:
            say(f"  {warning}")
    if not outcomes:
        say("Everything is up to date.")


COMMAND = click.Command(
    "derive",
    callback=_derive,
    params=[
        click.Option(["--again"], is_flag=True, help="Derive everything anew, also what is up to date."),
        filled_database(),
        waiting(),
    ],
    help="""Compute what questions about traces need, as the first of them would.

    Only what was touched since the last time is computed again; stopped half-way, the database is as it was before.

    \b
    loglens ingest logs/ && loglens derive
    loglens derive --again
    """,
)
