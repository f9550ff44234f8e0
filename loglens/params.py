"""The parameters of an analysis as they arrive from any surface: checked, typed, with the nearest name suggested."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

from loglens.analysis import Param, Value
from loglens.errors import UsageError
from loglens.nearest import did_you_mean

_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


class Declared(Protocol):
    """Whatever declares parameters under a name: an analysis, a detector."""

    @property
    def name(self) -> str:
        """Its name, for messages."""
        ...

    @property
    def params(self) -> tuple[Param, ...]:
        """Its parameters."""
        ...


def accept(param: Param, value: object) -> Value:
    """Return a value of a parameter as its statement takes it; raises ValueError that says what is expected."""
    if value is None:
        if param.positional or param.default is not None:
            raise ValueError("is missing")
        return None
    if param.choices and value not in param.choices:
        raise ValueError(f"{value!r} is not a choice. {did_you_mean(str(value), param.choices)}")
    if param.parse is not None:
        return param.parse(value if isinstance(value, str) else str(value))
    return _typed(param.python_type, value)


def accept_limit(value: object) -> int:
    """Return a number of rows, 0 for all; raises ValueError."""
    limit = _typed(int, value)
    if not isinstance(limit, int) or limit < 0:
        raise ValueError(f"{value!r} is not a number of rows: 0 for all, or more")
    return limit


def accept_all(declared: Declared, given: Mapping[str, Any]) -> dict[str, Value]:
    """Return the value of every parameter of an analysis or detector: those given, and the defaults of the others.

    Raises UsageError for an unknown name and for a value that cannot be used.
    """
    known = {param.name: param for param in declared.params}
    for name in given:
        if name not in known:
            raise UsageError(f"{declared.name} has no parameter {name!r}. {did_you_mean(name, known)}")
    values: dict[str, Value] = {}
    for name, param in known.items():
        try:
            values[name] = accept(param, given.get(name, param.default))
        except ValueError as error:
            raise UsageError(f"{declared.name}: {name} {error}") from error
    return values


def _typed(wanted: type[Any], value: object) -> Value:
    if wanted is bool or isinstance(value, bool):
        if wanted is bool and isinstance(value, bool):
            return value
    elif wanted is str and isinstance(value, str):
        return value
    elif wanted is not str and isinstance(value, (str, int, float)):
        try:
            number: float = wanted(value)
        except (ValueError, OverflowError):
            number = float("nan")
        if not math.isnan(number) and (isinstance(value, str) or number == value):
            return number
    raise ValueError(f"{value!r} is not {_WORDS[wanted]}")
