"""What the method of an analysis looks like: its signature and its docstring, from the declaration."""

from __future__ import annotations

import inspect
from typing import Any

from loglens.analysis import Analysis
from loglens.scope import When

# What every analysis takes besides its own parameters, as Python names.
SCOPING = ("since", "until", "service")


def signature(analysis: Analysis) -> inspect.Signature:
    """Return the signature of the method of an analysis: its parameters, then since, until, service and limit."""
    this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    own = [
        inspect.Parameter(
            param.name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=inspect.Parameter.empty if param.positional else param.default,
            annotation=param.python_type if param.default is not None or param.positional else param.python_type | None,
        )
        for param in sorted(analysis.params, key=lambda param: not param.positional)
    ]
    types: dict[str, Any] = {"since": When, "until": When, "service": str | None}
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=types[name])
        for name in SCOPING
    ]
    limit = inspect.Parameter("limit", inspect.Parameter.KEYWORD_ONLY, default=analysis.limit, annotation=int)
    return inspect.Signature([this, *own, *shared, limit])


def describe(analysis: Analysis) -> str:
    """Return the docstring of the method of an analysis."""
    lines = [f"{analysis.title}: {analysis.question}", "", "Parameters:"]
    lines += [f"    {param.name}: {param.help}" for param in analysis.params]
    lines += [f"    limit: Rows at most, {analysis.limit or 'all'} unless told; 0 for all.", "", "Columns:"]
    lines += [f"    {name}: {meaning}" for name, meaning in analysis.columns.items()]
    return "\n".join(lines)
