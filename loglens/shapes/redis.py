"""The shape of a command to Redis and its like: the command, and its key with ids replaced."""

from __future__ import annotations

import re

from loglens.shape import Shape
from loglens.shapes.ids import mask_ids

# Commands whose second word says what they do.
_CONTAINERS = frozenset(
    """ACL CLIENT CLUSTER COMMAND CONFIG DEBUG FUNCTION LATENCY MEMORY MODULE OBJECT PUBSUB SCRIPT SLOWLOG XGROUP
    XINFO""".split()
)
_MANY_KEYS = frozenset("DEL EXISTS MGET TOUCH UNLINK WATCH SDIFF SINTER SUNION".split())
_COMMAND = re.compile(r"[A-Z][A-Z.]+\b")


def shape_redis(text: str) -> Shape:
    """Return the shape of a command; several lines of commands are one pipeline, and one call."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) < 2 or not all(_COMMAND.match(line) for line in lines) or lines[0].startswith("EVAL"):
        return _shape_command(text.strip())
    shapes = [_shape_command(line) for line in lines]
    return Shape(
        text="PIPELINE " + "; ".join(dict.fromkeys(shape.text for shape in shapes)),
        operation="PIPELINE",
        target=shapes[0].target,
        has_hidden=any(shape.has_hidden for shape in shapes),
        items=len(shapes),
        is_truncated=any(shape.is_truncated for shape in shapes),
    )


def _shape_command(text: str) -> Shape:
    words = text.split()
    if not words:
        return Shape("")
    command = words[0].upper()
    at = 1
    if command in _CONTAINERS and len(words) > 1:
        command = f"{command} {words[1].upper()}"
        at = 2
    elif command in {"EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO", "FCALL", "FCALL_RO"}:
        # Behind the script come the number of keys and the first key; a script has spaces, its hash has none.
        at = 3 if command.startswith(("EVALSHA", "FCALL")) else len(words)
    is_cut = text.endswith(("...", "…"))
    key = (
        mask_ids(words[at].rstrip(".…") if is_cut and at == len(words) - 1 else words[at]) if at < len(words) else None
    )
    more = words[at + 1 :]
    return Shape(
        text=command + (f" {key}" if key else "") + (" ?" if more else "") + (" …" if is_cut else ""),
        operation=command,
        target=None if key == "?" else key,
        has_hidden="?" in words,
        items=1 + len(more) if command in _MANY_KEYS else 1,
        is_truncated=is_cut,
    )
