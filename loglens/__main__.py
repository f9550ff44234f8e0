"""`python -m loglens`."""

from loglens.cli.main import run

run()
