"""The one writer of stderr, and the exit codes.

0    done; also where a question has no rows, or the reader of a pipe has gone
1    something named does not exist or could not be read or written to its end
2    the words of the call are off
3    `loglens check` found something
70   loglens itself failed; LOGLENS_DEBUG=1 shows where
130  stopped by Ctrl-C
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress

import click

from loglens.cli.interrupt import bounded
from loglens.errors import INTERRUPTED, STOPPED, LoglensError
from loglens.nearest import nearest
from loglens.text import visible

DONE, FAILED, MISUSED, FOUND, BROKEN = 0, 1, 2, 3, 70


class PipeClosed(Exception):
    """Whoever read stdout has seen enough."""


def write(text: str) -> None:
    """Write text to stderr as it is; without anyone to read it, it is dropped."""
    with suppress(OSError, ValueError):
        if sys.stderr is not None:
            sys.stderr.write(text)
            sys.stderr.flush()


def say(message: str) -> None:
    """Write a message to stderr with the name of the program before it."""
    lines = [visible(line) for line in message.expandtabs(4).splitlines()]
    write("loglens: " + "\n".join(lines) + "\n")


def is_terminal() -> bool:
    """Whether stderr is a terminal, where progress can be drawn."""
    return sys.stderr is not None and sys.stderr.isatty()


def terminal_width() -> int | None:
    """Return the columns of the terminal that stderr is, or None where it is none or tells no width."""
    return (os.get_terminal_size(sys.stderr.fileno()).columns or None) if is_terminal() else None


def guard(call: Callable[[], object]) -> int:
    """Run a command and return its exit code; whatever goes wrong is said in one message, never as a traceback."""
    try:
        with bounded(_give_up):
            outcome = call()
    except click.exceptions.Exit as error:
        return error.exit_code
    except (PipeClosed, SystemExit):
        # Click leaves by SystemExit, but only where the reader of its help has gone.
        silence_stdout()
        return DONE
    except (KeyboardInterrupt, click.Abort):
        say(STOPPED)
        return INTERRUPTED
    except Exception as error:
        return _say_what_went_wrong(error)
    return outcome if isinstance(outcome, int) else DONE


def _give_up() -> None:
    say(STOPPED)
    os._exit(INTERRUPTED)


def _say_what_went_wrong(error: Exception) -> int:
    match error:
        case LoglensError():
            say(str(error))
            return error.exit_code
        case click.UsageError():
            say(_explain(error))
            return MISUSED
        case click.ClickException():
            say(error.format_message())
            return FAILED
        case OSError():
            named = f"{error.filename}: " if error.filename else ""
            say(f"{named}{error.strerror or error}.")
            return FAILED
    _report(error)
    return BROKEN


def _explain(error: click.UsageError) -> str:
    message = error.format_message().rstrip()
    if isinstance(error, click.NoSuchOption):
        found = nearest(error.option_name, error.possibilities or ())
        message = f"No option {error.option_name!r}." + (f" Did you mean {found!r}?" if found else "")
    if error.ctx is None:
        return message
    hint = f"See `{error.ctx.command_path} --help`."
    return f"{message}{'' if message.endswith(('.', '?', '!')) else '.'} {hint}"


def _report(error: Exception) -> None:
    if os.environ.get("LOGLENS_DEBUG"):
        import traceback

        write("".join(traceback.format_exception(error)))
    summary = (str(error).splitlines() or [""])[0]
    say(f"This is a bug in loglens: {type(error).__name__}: {summary} (LOGLENS_DEBUG=1 shows where)")


def silence_stdout() -> None:
    """Give stdout somewhere to go, or Python fails to write what is left in it while it shuts down."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
