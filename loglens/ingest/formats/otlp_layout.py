"""Spans in the layout of the collector's file exporter: a whole block of lines at once, found by place.

    {"resourceSpans":[{"resource":{...},"scopeSpans":[{"scope":{...},"spans":[     opening of a piece
    {"traceId":"...","spanId":"...","parentSpanId":"..."                           ids
    ,"flags":256,"name":"GET /cart","kind":2                                       middle
    ,"startTimeUnixNano":"...","endTimeUnixNano":"...","attributes":[...]          times and attributes
    ,"status":{}},                                                                 rest, up to the next span

Middles, rests and openings repeat, so they are handed out as texts, to be read once each and known by their bytes
after that; everything else is columns. Nothing is taken for granted: what is between the texts is compared byte for
byte, and a piece with anything else in it is not read here.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat

import numpy as np
import numpy.typing as npt

from loglens.ingest.formats.otlp_attributes import MARGIN, Braces
from loglens.ingest.formats.otlp_digits import Flags, Places
from loglens.ingest.formats.otlp_shapes import BOOL, DOUBLE, INT, KEY, STRING, word
from loglens.ingest.formats.otlp_views import KEPT

Records = npt.NDArray[np.void]

SPAN = word(b'{"traceI')
IDS = b'{"traceId":"' + b"?" * 32 + b'","spanId":"' + b"?" * 16 + b'"'
PARENT = b',"parentSpanId":"'
TIMES = b',"startTimeUnixNano":"' + b"?" * 19 + b'","endTimeUnixNano":"' + b"?" * 19 + b'"'
BEFORE_LIST, END_OF_LIST = b',"attributes":', b"}}]"
FIRST_TIME = TIMES[: TIMES.index(b"?")]
TRACE_ID, SPAN_ID, PARENT_ID = slice(12, 44), slice(56, 72), slice(90, 106)
START, END = slice(22, 41), slice(62, 81)
WITHOUT_PARENT, WITH_PARENT = len(PARENT) + 1, len(PARENT) + 17
LEFT_BYTES, RIGHT_BYTES = 120, 104
NEWLINE, RETURN, QUOTE, FIRST_PRINTABLE = b'\n\r" '


@dataclass(frozen=True)
class Layout:
    """The spans of some pieces, an element each; of `pieces`, `counts` and `openings` an element a piece.

    `left` and `right` are the bytes from the beginning of a span and from its times on; `starts` and `ends` are the
    places of attribute lists, equal where there is none; `quotes` is how many stand outside of these and of the texts.
    """

    pieces: Places
    counts: Places
    left: npt.NDArray[np.uint8]
    right: npt.NDArray[np.uint8]
    has_parent: Flags
    quotes: int
    starts: Places
    ends: Places
    middles: list[bytes]
    rests: list[bytes]
    openings: list[bytes]


def is_plain(text: bytes, starts: Places, ends: Places) -> bool:
    """Say whether a text holds no control characters beside line ends; it has a MARGIN on both sides."""
    line_ends = len(text) - 2 * len(MARGIN) - int((ends - starts).sum())
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) < FIRST_PRINTABLE)) == line_ends


def without_line_ends(text: bytes, ends: Places) -> Places:
    """Return the ends of lines before their line ends."""
    data = np.frombuffer(text, np.uint8)
    before_newline: Places = ends - (data[ends - 1] == NEWLINE)
    before_return: Places = before_newline - (data[before_newline - 1] == RETURN)
    return before_return


def find_layout(text: bytes, braces: Braces, starts: Places, ends: Places) -> Layout | None:
    """Find the spans of the pieces that are of this layout, None where there is no such piece."""
    (index,) = np.nonzero(braces.words == SPAN)
    at = braces.places[index]
    piece = np.searchsorted(ends, at, "right")
    inside = np.append(starts, len(text))[piece] <= at
    index, at, piece = index[inside], at[inside], piece[inside]
    if not len(at):
        return None
    is_last = np.append(piece[1:] != piece[:-1], True)
    until = np.where(is_last, ends[piece], np.append(at[1:], 0))
    return _Block(text, braces, starts, ends).layout(index, at, piece, until)


class _Block:
    def __init__(self, text: bytes, braces: Braces, starts: Places, ends: Places) -> None:
        self.text, self.braces = text, braces
        self.starts, self.ends = starts, ends

    def layout(self, index: Places, at: Places, piece: Places, until: Places) -> Layout | None:
        """Find the parts of the spans and keep the pieces in which all are as they should be."""
        first, last, has_list = self._find_lists(index)
        times = np.where(has_list, first - len(BEFORE_LIST + TIMES), 0)
        times[~has_list] = self._find(FIRST_TIME, at[~has_list], until[~has_list])
        close = np.zeros(len(at), np.int64)
        close[has_list] = self._find(END_OF_LIST, last[has_list], until[has_list])
        rest = np.where(has_list, close + len(END_OF_LIST), times + len(TIMES))
        left = self._records(LEFT_BYTES, at)
        right = self._records(RIGHT_BYTES, np.clip(times, 0, len(self.text) - RIGHT_BYTES))
        parents, proper = _judge_left(left)
        middle = at + len(IDS) + parents
        proper &= (times >= middle) & (close >= 0) & (rest <= until) & agree(right, TIMES)
        proper &= ~has_list | agree(right, BEFORE_LIST, len(TIMES))
        counts = np.bincount(piece, minlength=len(self.ends))
        good = (counts > 0) & (np.bincount(piece[~proper], minlength=len(self.ends)) == 0)
        keep = good[piece]
        if not keep.any():
            return None
        at, middle, times, rest, until, piece = (part[keep] for part in (at, middle, times, rest, until, piece))
        first, has_list, parents = first[keep], has_list[keep], parents[keep]
        (pieces,) = np.nonzero(good)
        opened = at[np.searchsorted(piece, pieces)]
        written = len(at) * (IDS + TIMES).count(b'"') + np.count_nonzero(has_list) * BEFORE_LIST.count(b'"')
        return Layout(
            pieces=pieces, counts=counts[pieces], left=_bytes(left[keep]), right=_bytes(right[keep]),
            has_parent=parents == WITH_PARENT, quotes=int(written + 4 * np.count_nonzero(parents)),
            starts=np.where(has_list, first, rest), ends=rest, middles=self._texts(middle, times),
            rests=self._texts(rest, until), openings=self._texts(self.starts[pieces], opened),
        )  # fmt: skip

    def _find_lists(self, index: Places) -> tuple[Places, Places, Flags]:
        """Return where the attribute list of each span begins and its last value stands, and whether it has one."""
        words, places = self.braces.words, self.braces.places
        is_other = ~((words == KEY) | (words == STRING) | (words == INT) | (words == BOOL) | (words == DOUBLE))
        others = np.append(np.flatnonzero(is_other), len(words))
        behind = others[np.searchsorted(others, index, "right")]
        has_list = behind > index + 1
        return places[np.minimum(index + 1, len(places) - 1)] - 1, places[behind - 1], has_list

    def _find(self, text: bytes, starts: Places, ends: Places) -> Places:
        """Return the first place of a text between each start and end, -1 for none."""
        found = map(self.text.find, repeat(text), starts.tolist(), ends.tolist())
        return np.fromiter(found, np.int64, len(starts))

    def _texts(self, starts: Places, ends: Places) -> list[bytes]:
        text = self.text
        return [text[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]

    def _records(self, size: int, places: Places) -> Records:
        return np.ndarray((len(self.text) - size + 1,), f"V{size}", self.text, strides=(1,))[places]


def _judge_left(left: Records) -> tuple[Places, Flags]:
    """Return the bytes that the parent id takes with its key in each span, and which ids stand as they should."""
    named = agree(left, PARENT, len(IDS))
    data = _bytes(left)
    is_empty = data[:, PARENT_ID.start] == QUOTE
    proper = agree(left, IDS) & (~named | is_empty | (data[:, PARENT_ID.stop] == QUOTE))
    return np.where(named, np.where(is_empty, WITHOUT_PARENT, WITH_PARENT), 0), proper


def agree(records: Records, text: bytes, shift: int = 0) -> Flags:
    """Say which records have a text at a place; its question marks stand for any byte."""
    size = records.dtype.itemsize
    result = np.ones(len(records), np.bool_)
    place = 0
    for part in text.split(b"?"):
        for start in range(0, len(part), 8):
            some = part[start : start + 8]
            found = np.ndarray((len(records),), np.uint64, records, shift + place + start, (size,))
            result &= (found & KEPT[len(some)]) == word(some)
        place += len(part) + 1
    return result


def _bytes(records: Records) -> npt.NDArray[np.uint8]:
    return records.view(np.uint8).reshape(len(records), records.dtype.itemsize)
