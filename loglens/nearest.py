"""The nearest known word to one that is not known."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word most like this one, or None where none is alike."""
    import difflib

    # Without dashes: those of options would make any two of them alike.
    by_folded = {name.casefold().lstrip("-"): name for name in known}
    found = difflib.get_close_matches(word.casefold().lstrip("-"), list(by_folded), n=1, cutoff=0.5)
    return by_folded[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a sentence that names the nearest known word, or lists all of them."""
    names = list(known)
    found = nearest(word, names)
    if found is not None:
        return f"Did you mean {found!r}?"
    return f"Known: {', '.join(names)}." if names else "None is known."
