"""Pieces of JSON logs on their way to the engine: which are objects, which plain text, which broken."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pyarrow as pa

from loglens.ingest.formats.json_marks import BROKEN, OBJECT, PLAIN
from loglens.ingest.lines import column, flag_column, numbers_of, strings

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]
    Places = npt.NDArray[np.int64]
    Flags = npt.NDArray[np.bool_]

WHITE_SPACE = b" \t\r\n\v\f"
SCHEMA = pa.schema(
    [
        ("line", pa.int64()), ("ordinal", pa.int32()), ("lines", pa.int32()), ("text", pa.string()),
        ("kind", pa.int8()), ("fault", pa.string()), ("is_inexact", pa.bool_()),
    ]
)  # fmt: skip

# A double has 15 to 17 digits; numbers with more are written differently by every engine that reads them as one.
DOUBLE_DIGITS = 17
LONGEST_EXPONENT = 7
CACHED_BYTES = 128 << 10
_ENDS_NUMBER = np.isin(np.arange(256), list(b",]} \t\r\n"))
_RAW = msgspec.json.Decoder(msgspec.Raw)
_PLACE = re.compile(r": line \d+ column \d+ \(char (\d+)\)$")


class JudgedPieces:
    """Batches of pieces with what was found out about each: the columns `kind`, `fault` and `is_inexact`.

    `fault` says what is wrong with a BROKEN one; `is_inexact` marks objects with a number that a double does not hold.
    `lines` and `first_line` count what went by.
    """

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        self._batches = iter(batches)
        self._ahead: list[pa.RecordBatch] = []
        self.lines = 0
        self.first_line = 0

    def peek(self) -> pa.RecordBatch | None:
        """Return the first batch without consuming it, None where there is none."""
        if not self._ahead and (batch := next(self._batches, None)) is not None:
            self._ahead.append(batch)
        return Judged.of(self._ahead[0]).batch() if self._ahead else None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches, once, in order."""
        for judged in self.judged():
            yield judged.batch()

    def judged(self) -> Iterator[Judged]:
        """Yield what the batches are made from, once, in order."""
        while self._ahead:
            yield self._judge(self._ahead.pop())
        for batch in self._batches:
            yield self._judge(batch)

    def _judge(self, batch: pa.RecordBatch) -> Judged:
        if not self.first_line:
            self.first_line = batch.column("line")[0].as_py()
        self.lines += int(numbers_of(batch.column("lines")).sum())
        return Judged.of(batch)


@dataclass(frozen=True)
class Judged:
    """Some pieces with what they are: their bytes, where each begins and the last ends; they are judged when asked."""

    pieces: pa.RecordBatch
    data: Bytes
    offsets: Places

    @classmethod
    def of(cls, pieces: pa.RecordBatch) -> Judged:
        """Take some pieces."""
        return cls(pieces, *buffers_of(pieces.column("text")))

    def only(self, flags: Flags) -> Judged:
        """Return some of the pieces."""
        return Judged.of(self.pieces.filter(flag_column(flags)))

    @cached_property
    def verdicts(self) -> tuple[npt.NDArray[np.int8], list[str | None] | None]:
        """What each piece is, and what is wrong with each; None where there is nothing wrong with any."""
        if _are_objects(self.data, self.offsets):
            return np.full(self.pieces.num_rows, OBJECT, np.int8), None
        return _judge_each(self.data, self.offsets)

    def batch(self) -> pa.RecordBatch:
        """Return the pieces as a batch with the columns of SCHEMA."""
        kinds, faults = self.verdicts
        columns = [
            *(self.pieces.column(name) for name in ("line", "ordinal", "lines", "text")), column(kinds),
            pa.nulls(len(kinds), pa.string()) if faults is None else strings(faults),
            flag_column(_are_inexact(self.data, self.offsets)),
        ]  # fmt: skip
        return pa.record_batch(columns, schema=SCHEMA)


def buffers_of(text: pa.StringArray) -> tuple[Bytes, Places]:
    """Return the bytes of all texts, and where each begins and the last ends."""
    _, places, content = text.buffers()
    offsets = np.frombuffer(places, np.int32)[text.offset : text.offset + len(text) + 1].astype(np.int64)
    data = np.frombuffer(content, np.uint8) if content is not None else np.zeros(0, np.uint8)
    return data[offsets[0] : offsets[-1]], offsets - offsets[0]


def _are_objects(data: Bytes, offsets: Places) -> bool:
    """Say whether every text is one JSON object, quickly where they are.

    Texts that all begin with an opening and end with a closing brace hold whole values, since between two braces of
    one value there would be a comma; then as many values as texts are one each.
    """
    starts, ends = offsets[:-1], offsets[1:] - 1
    if not len(starts) or (ends < starts).any() or (data[starts] != ord("{")).any():
        return False
    ends = ends - (data[ends] == ord("\n"))
    ends = ends - (data[np.maximum(ends, 0)] == ord("\r"))
    if (ends <= starts).any() or (data[ends] != ord("}")).any():
        return False
    try:
        return len(_RAW.decode_lines(data.data)) == len(starts)
    except (msgspec.DecodeError, RecursionError):
        return False


def _judge_each(data: Bytes, offsets: Places) -> tuple[npt.NDArray[np.int8], list[str | None]]:
    kinds = np.full(len(offsets) - 1, OBJECT, np.int8)
    faults: list[str | None] = [None] * len(kinds)
    view = data.data
    for i in range(len(kinds)):
        text = view[offsets[i] : offsets[i + 1]]
        first = bytes(text[:1])
        if first in WHITE_SPACE:
            first = bytes(text).lstrip(WHITE_SPACE)[:1]
        if first not in (b"{", b"["):
            kinds[i] = PLAIN
            continue
        try:
            _RAW.decode(text)
        except msgspec.DecodeError:
            kinds[i], faults[i] = BROKEN, fault_of(bytes(text))
            continue
        except RecursionError:
            # Deeper than Python goes; the engine does not mind, and says itself when it cannot read it.
            pass
        if first == b"[":
            kinds[i] = PLAIN
    return kinds, faults


def fault_of(text: bytes) -> str:
    """Say what is wrong with a text that is not JSON, and where."""
    import orjson

    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return f"not JSON: {_PLACE.sub('', error.msg)} at position {error.pos + 1}"
    return "not JSON: nested too deep to tell where"


def _are_inexact(data: Bytes, offsets: Places) -> Flags:
    """Say which texts hold a number that is not the same after it was a double."""
    flags = np.zeros(len(offsets) - 1, bool)
    suspects = np.concatenate([_long_decimals(data), _exponents(data)])
    for i in np.unique(np.searchsorted(offsets, suspects, side="right") - 1):
        flags[i] = _has_inexact_number(data[offsets[i] : offsets[i + 1]].tobytes())
    return flags


def _long_decimals(data: Bytes) -> Places:
    """Return the places of points that may stand among more digits than a double has."""
    points = np.flatnonzero(data == ord("."))
    if not len(points):
        return points
    half = DOUBLE_DIGITS // 2 + 1
    # More than 17 digits are at least 10 on the right, 10 on the left, or 9 on each side.
    behind = _is_digit(data, points + half)
    long = behind & (_is_digit(data, points + half + 1) | _is_digit(data, points - half))
    # A time of day has a colon three places before its point.
    return points[long | _is_digit(data, points - half - 1) & _is_digit(data, points - 3)]


def _exponents(data: Bytes) -> Places:
    """Return the places of an `e` behind a digit that ends a number with an exponent."""
    letters = _letters_behind_digits(data)
    letters = letters[letters < len(data) - 1]
    after = data[letters + 1]
    letters = letters[_is_sign(after) | (after - ord("0") < 10)]
    ends = letters + 2
    found = []
    for _ in range(LONGEST_EXPONENT):
        after = data.take(ends, mode="clip")
        found.append(letters[_ENDS_NUMBER[after]])
        goes_on = after - ord("0") < 10
        letters, ends = letters[goes_on], ends[goes_on] + 1
    return np.concatenate(found)


def _letters_behind_digits(data: Bytes) -> Places:
    """Return the places of each `e` or `E` behind a digit."""
    found = [np.zeros(0, np.int64)]
    # Parts that stay in the processor's cache take a third of the time.
    for start in range(0, len(data) - 1, CACHED_BYTES):
        part = data[start : start + CACHED_BYTES + 1]
        found.append(np.flatnonzero(((part[1:] | 32) == ord("e")) & ((part[:-1] - ord("0")) < 10)) + start + 1)
    return np.concatenate(found)


def _is_digit(data: Bytes, places: Places) -> Flags:
    digits: Flags = (data.take(places, mode="clip") - ord("0")) < 10
    return digits


def _is_sign(letters: Bytes) -> Flags:
    signs: Flags = (letters == ord("-")) | (letters == ord("+"))
    return signs


def _has_inexact_number(text: bytes) -> bool:
    found = False

    def look(number: str) -> float:
        nonlocal found
        value = float(number)
        # The engine keeps the text of a number beyond the range of doubles.
        if value not in (float("inf"), float("-inf")) and Decimal(repr(value)) != Decimal(number):
            found = True
        return value

    def look_within(value: object) -> None:
        # A record within a record is text there.
        if isinstance(value, dict | list):
            for each in value.values() if isinstance(value, dict) else value:
                look_within(each)
        elif isinstance(value, str) and value.lstrip()[:1] == "{":
            with suppress(ValueError):
                look_within(json.loads(value, parse_float=look))

    try:
        look_within(json.loads(text, parse_float=look))
    except RecursionError:
        return True
    except ValueError:
        return False
    return found
