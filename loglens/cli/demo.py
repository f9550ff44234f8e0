"""`loglens demo`: a made-up platform with planted faults."""

from __future__ import annotations

from pathlib import Path

import click

from loglens.cli.console import say
from loglens.demo import faults, look_alikes
from loglens.demo.faults.fault import Fault


def _generate(directory: Path, seed: int, minutes: int, scale: int, plant: tuple[str, ...]) -> None:
    from loglens.demo import generate

    generate(directory, seed=seed, minutes=minutes, scale=scale, plant=plant or None)
    say(f"Wrote {directory}. TRUTH.json in it names the planted faults. Next: loglens ingest {directory}")


def _names(*known: Fault) -> str:
    return ", ".join(fault.kind for fault in known)


COMMAND = click.Command(
    "demo",
    params=[
        click.Argument(["directory"], type=click.Path(file_okay=False, path_type=Path), metavar="DIR"),
        click.Option(["--seed"], type=int, default=7, show_default=True, help="The same seed gives the same bytes."),
        click.Option(["--minutes"], type=click.IntRange(1), default=30, show_default=True, help="Minutes to simulate."),
        click.Option(["--scale"], type=click.IntRange(1), default=1, show_default=True, help="Times the traffic."),
        click.Option(
            ["--plant"],
            multiple=True,
            metavar="KIND",
            help="Plant this instead of the usual faults; may be repeated. Faults:"
            f" {_names(*faults.EVERY)}. What only looks like a fault: {_names(*look_alikes.ALL)}.",
        ),
    ],
    callback=_generate,
    help="Write logs and traces of a made-up platform with planted faults, named in TRUTH.json, into DIR.",
)
