"""The statement of `why` as arrays: the requests of both sides, their attributes, and the components of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from loglens.arrow_columns import rows_with
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
    trace_ids: pa.Array


def read_requests(table: pa.Table) -> Requests:
    """Return the requests."""
    import pyarrow.compute as pc

    part = rows_of(table, "request").sort_by("request").combine_chunks()
    return Requests(
        is_tail=part["is_tail"].to_numpy(),
        duration_ns=pc.fill_null(part["time_ns"], 0).to_numpy(),
        start_ns=pc.fill_null(part["start_ns"], 0).to_numpy(),
        has_start=pc.is_valid(part["start_ns"]).to_numpy(),
        trace_ids=part["name"].combine_chunks(),
    )


class Component(NamedTuple):
    """A service and its operation, and the kind of thing it is: db, cache, http, queue, llm, log, or self."""

    service: str | None
    operation: str | None
    kind: str


def read_calls(table: pa.Table, requests: Requests) -> tuple[Calls, list[Component]]:
    """Return what each component took of each request; what no call took is the request's own."""
    import numpy as np
    import pyarrow.compute as pc

    part = rows_of(table, "head", "call")
    request = part["request"].to_numpy()
    time_ns = pc.fill_null(part["time_ns"], 0).to_numpy().copy()
    is_head = pc.equal(part["part"], "head").to_numpy()
    spent = np.zeros(len(requests.is_tail), dtype=np.int64)
    np.add.at(spent, request, time_ns)
    time_ns[is_head] = (requests.duration_ns - spent)[request[is_head]]
    keys = part.select(["service", "name", "value"]).to_struct_array().combine_chunks()
    component, found = _numbered(keys)
    components = [Component(each["service"], each["name"], each["value"]) for each in found]
    return Calls(request, component, part["count"].to_numpy(), time_ns), components


def _numbered(keys: pa.StructArray) -> tuple[NDArray[np.int64], list[Any]]:
    """Return the number of each key among the different ones, and those in order."""
    import numpy as np

    codes = np.zeros(len(keys), dtype=np.int64)
    for field in keys.flatten():
        encoded = field.dictionary_encode(null_encoding="encode")
        codes = codes * (len(encoded.dictionary) + 1) + encoded.indices.to_numpy()
    _, first, numbers = np.unique(codes, return_index=True, return_inverse=True)
    found = keys.take(first).to_pylist()
    order = sorted(
        range(len(found)), key=lambda index: [(value is not None, value or "") for value in found[index].values()]
    )
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order))
    return places[numbers], [found[index] for index in order]


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
    request = part["request"].to_numpy()
    order = np.argsort(name_codes, kind="stable")
    bounds = np.searchsorted(name_codes[order], np.arange(len(names) + 1))
    for number, name in enumerate(names.to_pylist()):
        rows = order[bounds[number] : bounds[number + 1]]
        distinct, value_codes = np.unique(text_codes[rows], return_inverse=True)
        codes = np.full(requests, -1, dtype=np.int32)
        codes[request[rows]] = value_codes
        values: Sequence[str] = texts.take(distinct).to_pylist()
        yield Attribute(name, codes, values, read_numbers(values), is_effect=_CAUSED in name)


def _logged(part: pa.Table, requests: int) -> Iterator[Attribute]:
    """Yield an attribute for each message, since a request may log several."""
    import numpy as np

    if not part.num_rows:
        return
    messages, codes = _encoded(part["name"])
    request = part["request"].to_numpy()
    for number in np.flatnonzero(np.bincount(codes) >= _LEAST_LOGGED).tolist():
        logged = np.full(requests, -1, dtype=np.int32)
        logged[request[codes == number]] = 0
        yield Attribute(LOGGED, logged, [messages[number].as_py()], is_effect=True)


def _encoded(column: pa.Array) -> tuple[pa.Array, NDArray[np.int64]]:
    """Return the different texts of a column in their order, and for each row the number of its text."""
    import numpy as np
    import pyarrow.compute as pc

    encoded = column.combine_chunks().dictionary_encode()
    order = pc.sort_indices(encoded.dictionary)
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order.to_numpy()] = np.arange(len(order))
    return encoded.dictionary.take(order), ranks[encoded.indices.to_numpy()]
