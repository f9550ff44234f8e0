"""The statement of `why` as arrays: the requests of both sides, their attributes, and the components of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from loglens.arrow_columns import codes, flags, numbers, rows_with
from loglens.attributes import Attribute, read_numbers
from loglens.explain.split import Calls
from loglens.explain.words import LOGGED

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

# How the statement marks attributes of a resource, which may have the name of one of the request.
_RESOURCE = "resource "
# Of attributes that say the same, those of these names are told: they are what other questions are asked with. Then a
# flag, which was set because it says something.
_TOLD_FIRST = ("service", "route", "instance")
_FLAGS = {"true", "false"}
# What stands between the operation or message and the name of an attribute of it.
_CAUSED = ": "
# Messages fewer requests than this have logged are not held against the others.
_LEAST_LOGGED = 3


def rows_of(table: pa.Table, *parts: str) -> pa.Table:
    """Return the rows of one part, or of several."""
    return rows_with(table, "part", *parts)


@dataclass(frozen=True)
class Requests:
    """The requests of both sides, in the order of their numbers; a time or duration that is not known is 0."""

    is_tail: NDArray[np.bool_]
    duration_ns: NDArray[np.int64]
    start_ns: NDArray[np.int64]
    has_start: NDArray[np.bool_]
    trace_ids: pa.ChunkedArray


def read_requests(table: pa.Table) -> Requests:
    """Return the requests."""
    part = rows_of(table, "request").sort_by("request").combine_chunks()
    return Requests(
        is_tail=flags(part["is_tail"]),
        duration_ns=numbers(part["time_ns"]),
        start_ns=numbers(part["start_ns"]),
        has_start=flags(part["start_ns"].is_valid()),
        trace_ids=part["name"],
    )


class Component(NamedTuple):
    """A service and its operation, and the kind of thing it is: db, cache, http, queue, llm, log, or self."""

    service: str | None
    operation: str | None
    kind: str


def read_calls(table: pa.Table, requests: Requests) -> tuple[Calls, list[Component]]:
    """Return what each component took of each request; what no call took is the request's own."""
    import numpy as np

    part = rows_of(table, "head", "call")
    request = numbers(part["request"])
    time_ns = numbers(part["time_ns"]).copy()
    kinds, found_kinds = codes(part["part"])
    is_head = np.array([kind == "head" for kind in found_kinds], dtype=bool)[kinds]
    spent = np.zeros(len(requests.is_tail), dtype=np.int64)
    np.add.at(spent, request, time_ns)
    time_ns[is_head] = (requests.duration_ns - spent)[request[is_head]]
    component, found = _numbered(part.select(["service", "name", "value"]))
    components = [Component(service, name, kind or "") for service, name, kind in found]
    return Calls(request, component, numbers(part["count"]), time_ns), components


def _numbered(keys: pa.Table) -> tuple[NDArray[np.int64], list[tuple[str | None, ...]]]:
    """Return the number of each key among the different ones, and those in order."""
    import numpy as np

    coded = np.zeros(keys.num_rows, dtype=np.int64)
    columns = [codes(column) for column in keys.columns]
    for numbered, words in columns:
        coded = coded * (len(words) + 1) + numbered
    _, first, number = np.unique(coded, return_index=True, return_inverse=True)
    found = [tuple(words[numbered[row]] for numbered, words in columns) for row in first]
    order = sorted(range(len(found)), key=lambda index: [(value is not None, value or "") for value in found[index]])
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank[number], [found[index] for index in order]


def read_attributes(table: pa.Table, requests: int) -> list[Attribute]:
    """Return the attributes of the requests: their own, those of their resources, then those of what they caused."""
    found = list(_grouped(rows_of(table, "attribute"), requests))
    taken = {each.name for each in found if not each.name.startswith(_RESOURCE)}
    named = [_renamed(each, taken) for each in found]
    named.sort(key=lambda each: (each.name not in _TOLD_FIRST, not _FLAGS.issuperset(each.values), each.name))
    own, caused = ([each for each in named if each.is_effect is is_effect] for is_effect in (False, True))
    # Of those that hold for the same requests the first is told: what was logged, rather than the attributes of that.
    return [*own, *_logged(rows_of(table, "said"), requests), *caused]


def _renamed(attribute: Attribute, taken: set[str]) -> Attribute:
    name = attribute.name.removeprefix(_RESOURCE)
    return attribute if name == attribute.name or name in taken else replace(attribute, name=name)


def _grouped(part: pa.Table, requests: int) -> Iterator[Attribute]:
    import numpy as np

    if not part.num_rows:
        return
    names, name_codes = _encoded(part["name"])
    texts, text_codes = _encoded(part["value"])
    request = numbers(part["request"])
    order = np.argsort(name_codes, kind="stable")
    bounds = np.searchsorted(name_codes[order], np.arange(len(names) + 1))
    for number, name in enumerate(names):
        rows = order[bounds[number] : bounds[number + 1]]
        distinct, value_codes = np.unique(text_codes[rows], return_inverse=True)
        coded = np.full(requests, -1, dtype=np.int32)
        coded[request[rows]] = value_codes
        values = [texts[number] for number in distinct]
        yield Attribute(name, coded, values, read_numbers(values), is_effect=_CAUSED in name)


def _logged(part: pa.Table, requests: int) -> Iterator[Attribute]:
    """Yield an attribute for each message, since a request may log several."""
    import numpy as np

    if not part.num_rows:
        return
    messages, message_codes = _encoded(part["name"])
    request = numbers(part["request"])
    for number in np.flatnonzero(np.bincount(message_codes) >= _LEAST_LOGGED).tolist():
        logged = np.full(requests, -1, dtype=np.int32)
        logged[request[message_codes == number]] = 0
        yield Attribute(LOGGED, logged, [messages[number]], is_effect=True)


def _encoded(column: pa.ChunkedArray) -> tuple[list[str], NDArray[np.int64]]:
    """Return the different texts of a column in their order, and for each row the number of its text."""
    import numpy as np

    coded, found = codes(column)
    texts = [text or "" for text in found]
    order = sorted(range(len(texts)), key=texts.__getitem__)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return [texts[index] for index in order], rank[coded]
