"""`loglens completion`: what a shell needs to complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from loglens.analysis import Param
from loglens.cli.options import Word
from loglens.errors import NotFound

VARIABLE = "_LOGLENS_COMPLETE"
_SHELL = Param("shell", None, "The shell.", choices=("bash", "zsh", "fish"), positional=True)


@click.pass_context
def _print(ctx: click.Context, shell: str) -> None:
    from loglens.cli.output import write_out

    found = get_completion_class(shell)
    if found is None:
        raise NotFound(f"This version of click completes no {shell}.")
    program = ctx.find_root()
    write_out([found(program.command, {}, program.info_name or "loglens", VARIABLE).source() + "\n"])


COMMAND = click.Command(
    "completion",
    params=[click.Argument(["shell"], type=Word(_SHELL), metavar="bash|zsh|fish")],
    callback=_print,
    help='Print the completion script of a shell.\n\nFor bash: eval "$(loglens completion bash)" in ~/.bashrc; for'
    " zsh the same in ~/.zshrc; for fish: loglens completion fish > ~/.config/fish/completions/loglens.fish.",
)
