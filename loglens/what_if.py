"""What if a component were faster: the requests it is part of, run again on the traces there are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from loglens.analysis import Row, Value
from loglens.errors import NotFound
from loglens.nearest import did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from loglens.simulation import Forest, Times

REQUEST = "(request)"
OTHER = "(other)"
_CHANGE = re.compile(r"(.+)=([+-]\d+(?:\.\d+)?)\s*%", re.DOTALL)
_INTERNAL = ("number", "all_requests", "tails")
_NS_PER_MS = 1e6


def parse_what_if(text: str) -> str:
    """Return a change as it was written; raises ValueError where it is none."""
    _parse(text)
    return text


def _parse(text: str) -> tuple[str, float]:
    found = _CHANGE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not a change of a component, such as llm-api:db.query=-50%")
    factor = 1 + float(found[2]) / 100
    if factor < 0:
        raise ValueError(f"{text!r} takes away more than there is: -100% is all of it")
    return found[1].strip(), factor


def bind_target(known: Sequence[Row], values: Mapping[str, Value]) -> Mapping[str, Any]:
    """Return the component that is changed and its factor, null and 1 for none; raises NotFound for an unknown one."""
    if values["what_if"] is None:
        return {"target": None, "factor": 1.0}
    target, factor = _parse(str(values["what_if"]))
    names = [row["component"] for row in known]
    if target not in names:
        raise NotFound(f"No component {target!r} is in any trace. {did_you_mean(target, names)}")
    return {"target": target, "factor": factor}


def answer_rows(table: pa.Table, values: Mapping[str, Value]) -> Sequence[Row]:
    """Return the rows of components; with a change those of the routes it is part of, most saved first."""
    import pyarrow.compute as pc

    is_span = pc.equal(table["part"], "span")
    names = [name for name in table.column_names if name not in {"part", *_SPAN_COLUMNS}]
    rows: list[Row] = table.filter(pc.invert(is_span)).select(names).to_pylist()
    if values["target"] is not None:
        rows = _changed(rows, _Affected(table.filter(is_span), values))
    return [{name: value for name, value in row.items() if name not in _INTERNAL} for row in rows]


_SPAN_COLUMNS = (
    *("node", "parent", "invocation", "depth", "is_async", "begin_ns", "finish_ns", "span_component", "is_tail"),
)


# What a component takes of all requests of a route, and of the slow ones, by the numbers of both.
Sums = dict[tuple[int, int], tuple[int, int]]


class _Affected:
    """The spans of all traces the changed component is part of, and what each route gains, in ns."""

    def __init__(self, spans: pa.Table, values: Mapping[str, Value]) -> None:
        import numpy as np

        self.names, self.components = _coded(spans["span_component"])
        self.numbers = _numbers(spans["number"])
        self.nodes = _numbers(spans["node"])
        self._order = np.argsort(self.nodes)
        self.parents = self._places(_numbers(spans["parent"]))
        self.entries = self._places(_numbers(spans["invocation"]))
        self.is_tail = spans["is_tail"].fill_null(False).to_numpy()
        self.forest = self._forest(spans)
        is_target = self.components == self.names.get(str(values["target"]), -1)
        factors = np.where(is_target, float(values["factor"] or 0), 1.0)
        self.before, self.after = self.forest.recorded, self.forest.run_again(factors)
        self.touched = self._routes_of(is_target)

    def _places(self, nodes: NDArray[np.int64]) -> NDArray[np.int64]:
        import numpy as np

        if not len(nodes):
            return nodes
        found = self._order[np.minimum(np.searchsorted(self.nodes, nodes, sorter=self._order), len(nodes) - 1)]
        return np.where(self.nodes[found] == nodes, found, -1)

    def _forest(self, spans: pa.Table) -> Forest:
        """Return the spans that have a time, below the next one above that has one too and waited for them."""
        import numpy as np

        from loglens.simulation import Forest

        is_timed = spans["begin_ns"].is_valid().to_numpy()
        is_async = spans["is_async"].to_numpy()
        waiting = np.where(is_async, -1, self.parents)
        while True:
            skipped = (waiting >= 0) & ~is_timed[waiting]
            if not skipped.any():
                break
            above = waiting[skipped]
            waiting[skipped] = np.where(is_async[above], -1, self.parents[above])
        begins, finishes = (_numbers(spans[name].fill_null(0)) for name in ("begin_ns", "finish_ns"))
        return Forest(np.where(is_timed, waiting, -1), _numbers(spans["depth"]), begins, finishes)

    def _climb(self, spans: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Yield pairs of spans and entry spans above them, the nearest ones first, until no span has another one."""
        import numpy as np

        entries = self.entries[spans]
        while len(spans):
            yield spans, entries
            above = self.parents[entries]
            is_left = above >= 0
            spans, entries = spans[is_left], self.entries[np.where(is_left, above, 0)][is_left]

    def _routes_of(self, chosen: NDArray[np.bool_]) -> set[int]:
        """Return the numbers of the routes of all requests above some spans."""
        import numpy as np

        above = self._climb(np.flatnonzero(chosen))
        return {number for _, entries in above for number in self.numbers[entries].tolist() if number >= 0}

    def sums(self, times: Times) -> Sums:
        """Return what each component takes of each route's requests, on the critical paths at these times."""
        import numpy as np

        taken = self.forest.waited_for(times)
        waiting = self.forest.waiting
        own = times.lengths.copy()
        np.subtract.at(own, waiting[taken], times.lengths[taken])
        heads = np.where(taken, waiting, np.arange(len(taken)))
        while (heads != heads[heads]).any():
            heads = heads[heads]
        sums: Sums = {}
        for below, entries in self._climb(np.flatnonzero(own > 0)):
            is_on = (heads[below] == heads[entries]) & (self.numbers[entries] >= 0)
            members, requests = below[is_on], entries[is_on]
            keys = self.numbers[requests] * len(self.names) + self.components[members]
            found, places = np.unique(keys, return_inverse=True)
            whole, tail = np.zeros(len(found), dtype=np.int64), np.zeros(len(found), dtype=np.int64)
            np.add.at(whole, places, own[members])
            np.add.at(tail, places, np.where(self.is_tail[requests], own[members], 0))
            for key, *added in zip(found.tolist(), whole.tolist(), tail.tolist(), strict=True):
                place = divmod(key, len(self.names))
                sums[place] = _total([sums.get(place, (0, 0)), (added[0], added[1])])
        return sums


def _changed(rows: Sequence[Row], affected: _Affected) -> list[Row]:
    """Return the rows of routes that have the component, with what the change saves them."""
    before, after = affected.sums(affected.before), affected.sums(affected.after)
    by_route: dict[int, list[Row]] = {}
    for row in rows:
        if row["number"] in affected.touched:
            by_route.setdefault(row["number"], []).append(row)
    for number, members in by_route.items():
        gains = {
            name: _less(before.get((number, code), (0, 0)), after.get((number, code), (0, 0)))
            for name, code in affected.names.items()
        }
        _complete(members, gains)
        for row in members:
            saved, tail_saved = gains[row["component"]]
            row["saved_ms"] = saved / row["all_requests"] / _NS_PER_MS
            row["after_ms"] = row["critical_ms"] - row["saved_ms"]
            row["tail_saved_ms"] = tail_saved / row["tails"] / _NS_PER_MS if row["tails"] else None
    ranked = sorted(by_route.values(), key=lambda members: -members[0]["saved_ms"] * members[0]["all_requests"])
    return [row for members in ranked for row in members]


def _complete(rows: list[Row], gains: dict[str, tuple[int, int]]) -> None:
    """Give the rows of a route one for each component that was not on a path before, and gains to all that have none.

    What is not named by then is in (other).
    """
    named = {row["component"] for row in rows}
    gains[REQUEST] = _total(gains.values())
    if OTHER not in named:
        nothing = dict.fromkeys(("on_path_ratio", "critical_ms", "share_ratio", "body_ms"), 0.0)
        blank = {**rows[0], **nothing, "requests": 0, "tail_ms": 0.0 if rows[0]["tails"] else None}
        new = sorted((name for name in gains.keys() - named if gains[name] != (0, 0)), key=lambda name: gains[name])
        rows += [{**blank, "component": name, "exemplar_trace_id": None} for name in new]
    named = {row["component"] for row in rows} - {REQUEST, OTHER}
    gains[OTHER] = _less(gains[REQUEST], _total(gains.setdefault(name, (0, 0)) for name in named))


def _total(pairs: Iterable[tuple[int, int]]) -> tuple[int, int]:
    listed = list(pairs)
    return sum(whole for whole, _ in listed), sum(tail for _, tail in listed)


def _less(pair: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return pair[0] - other[0], pair[1] - other[1]


def _numbers(column: pa.ChunkedArray) -> NDArray[np.int64]:
    import numpy as np

    found: NDArray[np.int64] = column.fill_null(-1).to_numpy().astype(np.int64)
    return found


def _coded(column: pa.ChunkedArray) -> tuple[dict[str, int], NDArray[np.int64]]:
    """Return each text with a number, and the numbers of a column."""
    coded = column.combine_chunks().dictionary_encode()
    names = {name: code for code, name in enumerate(coded.dictionary.to_pylist())}
    return names, _numbers(coded.indices)
