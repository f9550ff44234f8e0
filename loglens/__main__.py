"""`python -m loglens` is the `loglens` command."""

from loglens.cli.main import run

run()
