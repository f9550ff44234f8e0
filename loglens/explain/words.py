"""What is said of attributes, shares and times, as words."""

from __future__ import annotations

from loglens.candidates import Condition
from loglens.wording import percent

# The name of the attribute that a request has where it logged a message.
LOGGED = "logged"
ANY = "any"


def value_text(condition: Condition) -> str:
    """Return the values a condition asks for: `a or b`, `> 12`, `< 3`, or that there is any."""
    if condition.above is not None:
        return f"> {_number(condition.above)}"
    if condition.below is not None:
        return f"< {_number(condition.below)}"
    return " or ".join(condition.values) or ANY


def is_text(name: str, value: str) -> str:
    """Return an attribute and its value as they are read aloud."""
    if name == LOGGED:
        return f"logged {value!r}"
    if value == ANY:
        return f"any {name}"
    return f"{name} {value}" if value[:2] in {"> ", "< "} else f"{name} = {value}"


def alias_text(condition: Condition) -> str:
    """Return a condition that holds for the same requests as another: the values of a set are only counted."""
    if len(condition.values) > 1:
        return f"{condition.attribute} ({len(condition.values)} values)"
    return is_text(condition.attribute, value_text(condition))


def has_text(name: str, value: str) -> str:
    """Return the same as what requests do."""
    return is_text(name, value) if name == LOGGED else f"have {is_text(name, value)}"


def share(ratio: float) -> str:
    """Return a share as the beginning of a sentence: all, none, 42 %."""
    return "All" if ratio == 1 else "none" if ratio == 0 else percent(ratio)


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() else f"{value:.6g}"
