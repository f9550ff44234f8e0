"""The lines of a tree drawn as text."""

from __future__ import annotations

from collections.abc import Sequence


def branches(depths: Sequence[int], deepest: int) -> list[tuple[str, str]]:
    """Return the lines of the tree before each row, and before what is said below it, from the depths in order."""
    more: list[bool] = []
    drawn = []
    for depth in reversed(depths):
        more.extend([False] * (depth + 1 - len(more)))
        if depth > deepest:
            before = "  " * deepest + f"…{depth} "
            drawn.append((before, " " * len(before)))
        else:
            before = "".join("│ " if more[level] else "  " for level in range(1, depth))
            own = ("├ ", "│ ") if more[depth] else ("└ ", "  ")
            drawn.append((before + own[0], before + own[1]) if depth else ("", ""))
        more[depth] = True
        del more[depth + 1 :]
    return drawn[::-1]
