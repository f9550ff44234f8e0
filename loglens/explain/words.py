"""What is said of attributes, shares and times, as words."""

from __future__ import annotations

import re

from loglens.candidates import Condition
from loglens.wording import percent

# The name of the attribute that a request has where it logged a message.
LOGGED = "logged"
ANY = "any"
# What a failure leaves behind is no reason for it: status, error, and what the response looked like.
OUTCOME = re.compile(r"(^|: )(.*status|error|exception|fault|.*\.error|otel\.|http\.response|.*response)([._-]|$)")


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
    if name == LOGGED:
        return is_text(name, value)
    return f"{'ended with' if OUTCOME.search(name) else 'have'} {is_text(name, value)}"


def share(ratio: float) -> str:
    """Return a share as the beginning of a sentence: all, nearly all, none, 42 %."""
    if ratio == 0:
        return "none"
    written = percent(ratio)
    return written if written != percent(1) else "All" if ratio >= 1 else "Nearly all"


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() else f"{value:.6g}"
