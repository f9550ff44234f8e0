"""`loglens` and `python -m loglens`."""

from __future__ import annotations

import sys

from loglens.errors import INTERRUPTED, STOPPED


def main() -> None:
    """Run the command line; Ctrl-C is no error while its modules are being imported either."""
    try:
        from loglens.cli.main import run
    except KeyboardInterrupt:
        sys.stderr.write(f"\nloglens: {STOPPED}\n")
        sys.exit(INTERRUPTED)
    else:
        run()
    finally:
        # Where Ctrl-C fell into an `exec`, which makes every dataclass, Python ends `-m` by the signal although it was
        # caught, unless another one has run since.
        exec("")  # noqa: S102


if __name__ == "__main__":
    main()
