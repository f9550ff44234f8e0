"""`loglens ack` and `loglens unack`: findings that are known and tolerated."""

from __future__ import annotations

from pathlib import Path

import click

from loglens.api import open_lens
from loglens.cli.console import say
from loglens.text import visible
from loglens.wording import moment


def _ack(fingerprint: str, reason: str, until: str, db: Path | None) -> None:
    ack = open_lens(db).ack(fingerprint, reason, until)
    end = "for good" if ack.until_ns is None else f"until {moment(ack.until_ns)}"
    say(f"Acknowledged {end}: {ack.fingerprint} {visible(_named(ack.detector, ack.service, ack.subject))}")


def _unack(fingerprint: str, db: Path | None) -> None:
    ack = open_lens(db).unack(fingerprint)
    say(f"No longer acknowledged: {ack.fingerprint} {visible(_named(ack.detector, ack.service, ack.subject))}")


def _named(*parts: str | None) -> str:
    return " ".join(part for part in parts if part)


def _options(own: list[click.Parameter]) -> list[click.Parameter]:
    database = click.Option(
        ["--db"],
        type=click.Path(readable=False, path_type=Path),
        metavar="FILE",
        help="The database: LOGLENS_DB, or loglens.duckdb.",
    )
    return [click.Argument(["fingerprint"], metavar="FINGERPRINT"), *own, database]


ACK = click.Command(
    "ack",
    params=_options(
        [
            click.Option(["--reason"], required=True, metavar="TEXT", help="Why it is tolerated."),
            click.Option(
                ["--until"],
                required=True,
                metavar="TIME",
                help="When it is reported again: a day, 90d from now, or forever.",
            ),
        ]
    ),
    callback=_ack,
    help="""Acknowledge a finding: `findings` and `check` leave it out until the day.

    A FINGERPRINT is what `loglens findings` prints, or the beginning of it. Acknowledgements are kept in the database
    and stay when sources are forgotten or read again.

    \b
    loglens ack e7dd6c37 --reason "index comes with release 14" --until 2026-09-01
    loglens ack e7dd6c37 --reason "nightly export" --until forever
    """,
)

UNACK = click.Command(
    "unack",
    params=_options([]),
    callback=_unack,
    help="Take back an acknowledgement; the finding is reported again.\n\nloglens unack e7dd6c37",
)
