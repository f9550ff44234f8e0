"""Values that repeat and texts of typed records: their columns, and the bytes they take as JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from loglens.ingest.formats.otlp_columns import Codes, Ints, dictionary
from loglens.ingest.formats.otlp_origin import Origin
from loglens.ingest.lines import numbers_of, strings

MAX_KEPT = 20_000


class Words(dict[Any, int]):
    """Values that repeat, each read once: a code for its result, and the bytes it takes as JSON, -1 for a bad one."""

    def __init__(self, read: Callable[[Any], tuple[Any, int]]) -> None:
        super().__init__()
        self._read = read
        self.found: list[Any] = []
        self._sizes: list[int] = []

    def __missing__(self, value: Any) -> int:
        result, size = self._read(value)
        self[value] = code = len(self.found)
        self.found.append(result)
        self._sizes.append(size)
        return code

    def look_up(self, values: Sequence[Any]) -> tuple[Codes, Ints]:
        """Return the code and the size of each value."""
        if len(self.found) > MAX_KEPT:
            self.clear()
            self.found, self._sizes = [], []
        codes = np.fromiter(map(self.__getitem__, values), np.int32, len(values))
        return codes, np.array(self._sizes, np.int64)[codes]

    def look_up_each(self, values: pa.BinaryArray) -> tuple[Codes, Ints]:
        """Return the code and the size of each of some bytes, of which most repeat."""
        encoded = values.dictionary_encode()
        codes, sizes = self.look_up(encoded.dictionary.to_pylist())
        places = numbers_of(encoded.indices)
        return codes[places], sizes[places]


def json_size(value: int | str | None) -> int:
    """Return the bytes a number or a text takes as JSON, 0 for an absent one."""
    return 0 if value is None else len(msgspec.json.encode(value))


def members(key: str, sizes: Ints) -> Ints:
    """Return the bytes of object members with key, colon and comma, 0 for absent ones."""
    return np.where(sizes > 0, sizes + (len(key) + 4), 0)


def texts(values: Sequence[str | None]) -> tuple[pa.StringArray, Ints]:
    """Make an array of texts, and the bytes each takes as JSON."""
    array = strings(values)
    sizes = np.diff(np.frombuffer(array.buffers()[1], np.int32, len(values) + 1)).astype(np.int64) + 2
    if array.null_count:
        sizes[np.fromiter((value is None for value in values), np.bool_, len(values))] = 0
    # Where texts need escapes, the whole is longer than its parts.
    if len(msgspec.json.encode(values)) != sizes.sum() + len(values) + 1 + 4 * array.null_count:
        sizes = np.fromiter(map(json_size, values), np.int64, len(values))
    return array, sizes


def origin_columns(origins: Sequence[Origin], codes: Codes) -> dict[str, pa.Array]:
    """Make the columns that the origins of some records fill."""
    parts = {
        "service": [origin.service for origin in origins],
        "instance": [origin.instance for origin in origins],
        "scope_name": [origin.scope_name for origin in origins],
        "resource": [origin.resource for origin in origins],
    }
    return {name: dictionary(codes, values) for name, values in parts.items()}
