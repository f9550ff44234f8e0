"""`loglens` and `python -m loglens`."""

from __future__ import annotations

import sys

# The exit code and the word of `loglens.cli.console`, which is not there before everything is imported.
INTERRUPTED = 130
STOPPED = "\nloglens: Stopped.\n"


def main() -> None:
    """Run the command line; Ctrl-C is no error while its modules are being imported either."""
    try:
        from loglens.cli.main import run
    except KeyboardInterrupt:
        sys.stderr.write(STOPPED)
        sys.exit(INTERRUPTED)
    run()


if __name__ == "__main__":
    main()
