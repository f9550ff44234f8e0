"""A service map as text that other tools draw: DOT for Graphviz, and Mermaid for pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from loglens.analysis import Row
from loglens.text import visible
from loglens.wording import counted, duration, percent

# Kinds of calls whose other end keeps things.
_STORES = {"sql", "redis", "document"}
# From this share of failed requests on an edge is red.
_FAILING = 0.01


def write_dot(rows: Iterable[Row]) -> Iterator[str]:
    """Yield the edges of a service map as a DOT digraph."""
    edges = list(rows)
    yield "digraph services {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n"
    for name, shape in _nodes(edges).items():
        drawn = {"store": " [shape=cylinder]", "peer": " [shape=ellipse]"}.get(shape, "")
        yield f"  {_dot(name)}{drawn};\n"
    for row in edges:
        failing = ", color=red" if (row["error_ratio"] or 0) >= _FAILING else ""
        yield f"  {_dot(row['caller'])} -> {_dot(row['callee'])} [label={_dot(_label(row))}{failing}];\n"
    yield "}\n"


def write_mermaid(rows: Iterable[Row]) -> Iterator[str]:
    """Yield the edges of a service map as a Mermaid flowchart."""
    edges = list(rows)
    nodes = _nodes(edges)
    numbers = {name: f"n{number}" for number, name in enumerate(nodes)}
    yield "flowchart LR\n"
    for name, shape in nodes.items():
        left, right = {"store": ("[(", ")]"), "peer": ("([", "])")}.get(shape, ("[", "]"))
        yield f"  {numbers[name]}{left}{_mermaid(name)}{right}\n"
    for row in edges:
        yield f"  {numbers[row['caller']]} -->|{_mermaid(_label(row))}| {numbers[row['callee']]}\n"


def _nodes(edges: Sequence[Row]) -> Mapping[str, str]:
    """Return what each node is drawn as: a service, a store, or another peer."""
    found: dict[str, str] = {}
    for row in edges:
        found.setdefault(row["caller"], "service" if row["is_recorded"] else "peer")
        if row["is_external"]:
            found[row["callee"]] = "store" if row["kind"] in _STORES else "peer"
        else:
            found.setdefault(row["callee"], "service")
    return found


def _label(row: Row) -> str:
    count, kind = row["requests"], row["kind"]
    parts = [counted(count, kind) if kind == "call" else f"{count:,} {kind}"]
    parts += [f"p95 {duration(row['p95_ms'])}"] if row["p95_ms"] is not None else []
    parts += [f"{percent(row['error_ratio'])} failed"] if row["errors"] else []
    return ", ".join(parts)


def _dot(text: str) -> str:
    escaped = visible(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _mermaid(text: str) -> str:
    escaped = visible(text).replace("#", "#35;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")
    return f'"{escaped}"'
