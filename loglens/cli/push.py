"""`loglens push`: events and answers into Elasticsearch or OpenSearch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from loglens.cli.console import is_terminal, say
from loglens.cli.options import FORMAT, Word, filled_database, waiting
from loglens.push.access import Given, access, variable
from loglens.push.names import KINDS, LAYOUTS, Names

_FILE = click.Path(readable=False, path_type=Path)


def _push(
    kind: str, only: str | None, namespace: str, layout: str, since: str | None, until: str | None, db: Path | None,
    format: str | None, dry_run: bool, retry_rejects: bool, wait_s: float, **given: Any,
) -> int:  # fmt: skip
    from loglens.api import open_lens
    from loglens.cli.output import choose, deliver, write_out
    from loglens.push.run import Push, PushRequest

    names = Names(namespace, layout)  # type: ignore[arg-type]
    words = tuple(word.strip() for word in (only or "").split(",") if word.strip())
    request = PushRequest(kind, words, names, since, until)
    request.refuse_unknown()
    lens = open_lens(db)
    if dry_run:
        import json

        told = Push(lens, access(Given(url="http://localhost")), request).dry()
        write_out([json.dumps(told, indent=2, ensure_ascii=False), "\n"])
        return 0
    reached = access(_asked(Given(**given)))
    if reached.insecure:
        say(f"--insecure: anyone on the way to {reached.url} can read and change what is sent.")
    if reached.is_open:
        say(f"{reached.url} is not encrypted: anyone on the way can read the password or key. Use https:// if it can.")
    push = Push(lens, reached, request, wait_s)
    if retry_rejects:
        report = push.retry()
    elif is_terminal():
        from loglens.cli.push_bar import PushBar

        with PushBar() as bar:
            report = push.run(bar)
    else:
        report = push.run()
    chosen = choose(format, None)
    deliver(report.table() if chosen.name == "table" else report.answer(), chosen, None)
    say(report.summary())
    for note in (*report.notes, *(f"Refused: {reason}" for reason in report.reasons)):
        say(note)
    if any(line.refused for line in report.lines):
        say('`loglens sql "SELECT index_name, status, reason FROM push_rejects"` shows what is refused.')
        say("`loglens push --retry-rejects` tries it again.")
    if any(line.missing for line in report.lines):
        say("The server lacks documents it said it had taken. Push again: what is there is not sent twice.")
    return report.exit_code


def _asked(given: Given) -> Given:
    """Ask for a password where there is a user without one, and somebody to ask."""
    from dataclasses import replace

    user = given.user or os.environ.get(variable("user"))
    has_password = given.password_file or any(os.environ.get(variable(name)) for name in ("password", "password_file"))
    if user and not has_password and is_terminal():
        return replace(given, password=click.prompt(f"Password of {user}", hide_input=True, err=True))
    return given


def _secret(name: str, what: str) -> click.Option:
    return click.Option(
        [f"--{name.replace('_', '-')}", f"{name}_file"],
        type=_FILE,
        metavar="FILE",
        help=f"File with the {what}; or {variable(name)}, or {variable(name + '_file')}.",
    )


COMMAND = click.Command(
    "push",
    callback=_push,
    params=[
        click.Argument(["kind"], type=click.Choice(KINDS), default="all", metavar=f"[{'|'.join(KINDS)}]"),
        click.Option(["--to", "url"], metavar="URL", help=f"The server; or {variable('url')}."),
        click.Option(["--only"], metavar="NAME,...", help="Only these tables and answers: slow,findings,spans."),
        click.Option(["--since"], metavar="TIME", help="From this time on."),
        click.Option(["--until"], metavar="TIME", help="Up to, and without, this time."),
        click.Option(["--namespace"], default="", metavar="WORD", help="Index names begin with loglens-WORD."),
        click.Option(
            ["--layout"], type=click.Choice(LAYOUTS), default=LAYOUTS[0], show_default=True,
            help="How events are spread over indices.",
        ),
        _secret("api_key", "API key"),
        click.Option(["--user"], metavar="NAME", help=f"User; or {variable('user')}. The password is asked for."),
        click.Option(
            ["--password-file"], type=_FILE, metavar="FILE",
            help=f"File with the password; or {variable('password')}, or {variable('password_file')}.",
        ),
        click.Option(["--ca-cert"], metavar="FILE", help=f"Authority of the certificate; or {variable('ca_cert')}."),
        click.Option(["--fingerprint"], metavar="HEX", help=f"SHA-256 of it instead; or {variable('fingerprint')}."),
        click.Option(["--insecure"], is_flag=True, help="Do not check the certificate."),
        click.Option(["--dry-run"], is_flag=True, help="Print templates, indices and first documents; send nothing."),
        click.Option(["--retry-rejects"], is_flag=True, help="Send again what was refused before."),
        click.Option(["--format"], type=Word(FORMAT), help="How the summary is written."),
        filled_database(),
        waiting(),
    ],
    help="""Push events and answers into Elasticsearch or OpenSearch, each exactly once, and count what arrived.

    Events are logs, spans, metric samples and health checks; results are findings and every answer that needs no
    argument. Pushed again, only what is new or has changed is sent; stopped at any moment, it goes on from there.

    \b
    loglens push --to http://localhost:9200
    loglens push results --to https://search.example.org --user elastic --ca-cert ca.pem
    loglens push events --only logs,spans --since 2h --layout monthly
    loglens push --dry-run
    """,
)  # fmt: skip
