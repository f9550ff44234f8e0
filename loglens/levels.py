"""Levels by name, as people ask for them."""

from __future__ import annotations

from loglens.analysis import Value

LEVELS = {"trace": 1, "debug": 5, "info": 9, "warn": 13, "error": 17, "fatal": 21}


def parse_level(text: str) -> Value:
    """Return the least severity number of a level; raises ValueError."""
    try:
        return LEVELS[text.lower()]
    except KeyError as error:
        raise ValueError(f"{text!r} is not one of {', '.join(LEVELS)}") from error
