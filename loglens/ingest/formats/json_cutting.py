"""Cutting JSON records of known skeletons into the texts of columns, without parsing them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loglens.ingest.formats.json_pieces import Judged, JudgedPieces
from loglens.ingest.formats.json_profile import Profile
from loglens.ingest.formats.json_skeleton import QUOTE, Mark, RecordSkeleton, skeleton_of
from loglens.ingest.lines import Flags, Places, column, flags_of, strings, text_scalar
from loglens.ingest.skeletons import Fit, Fitting, Marked, bytes_at
from loglens.ingest.spool import Spool

Found = Sequence[tuple[int, Fit]]
Taken = tuple[int, ...]

# How many pieces are looked at until all others are like one of them.
LEARNED_SKELETONS = 48

# How many rows of a skeleton are handed to the engine at once at least, which works on 2048 at a time.
FILLED_ROWS = 4096

# Numbers of so many characters are the same after they were a double.
_SHORT = 15
_WHOLE = 18
_SIGNED = np.isin(np.arange(256), list(b"-0123456789"))
_DIGITS = np.isin(np.arange(256), list(b"0123456789"))
_NUMBER = r"^-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?(?:[eE][+-]?[0-9]+)?$"
_LITERALS = strings(["true", "false", "null"])
_ZERO = text_scalar("0")
_LITERAL_STARTS = np.isin(np.arange(256), list(b"tfn"))
_LITERAL_ENDS = np.isin(np.arange(256), list(b"el"))
# Where the sign of an exponent stands that leads below the doubles, counted from the end.
_LEAST_EXPONENT, _MOST_EXPONENT = 4, 9


class Cutter:
    """Cuts records of some skeletons into batches of `schema`: texts for columns, and the pieces that stay as they are.

    `columns` are those it finds texts for.
    """

    def __init__(self, skeletons: Sequence[RecordSkeleton]) -> None:
        self.skeletons = skeletons
        self.columns = tuple(dict.fromkeys(name for each in skeletons for name, _, _ in each.gaps))
        self._fittings = [Fitting(each.skeleton) for each in skeletons]
        self._pieces = max((len(each.pieces) for each in skeletons), default=0)
        self.schema = pa.schema(
            [
                ("line", pa.int64()),
                ("ordinal", pa.int32()),
                ("lines", pa.int32()),
                ("text", pa.string()),
                ("skeleton", pa.int32()),
                *((f"t_{name}", pa.string()) for name in self.columns),
                *((f"rest_{number}", pa.string()) for number in range(self._pieces)),
            ]
        )

    def cut(self, judged: Judged) -> tuple[dict[int, pa.RecordBatch], Flags]:
        """Return a batch of the objects of each skeleton that has some, by its number; say which pieces they are."""
        lines = _marked(judged)
        is_cut = np.zeros(judged.pieces.num_rows, bool)
        batches = {}
        for number, fit in self._fits(judged, lines):
            is_cut[fit.rows] = True
            batches[number] = self._batch(judged.pieces, lines, number, fit)
        return batches, is_cut

    def _fits(self, judged: Judged, lines: Marked) -> Iterator[tuple[int, Fit]]:
        """Yield the lines of each skeleton that has some, with its number."""
        free = _plain(judged, lines)
        for number, each in enumerate(self.skeletons):
            rows = np.flatnonzero(free & (lines.counts == each.skeleton.count))
            if not len(rows):
                continue
            found = self._fittings[number].fit(lines, rows)
            taken = [gap for _, gap, _ in each.gaps]
            found = found.only(_are_scalars(lines, found, each.bare, [gap not in taken for gap in each.bare]))
            if len(found.rows):
                free[found.rows] = False
                yield number, found

    def _batch(self, pieces: pa.RecordBatch, lines: Marked, number: int, fit: Fit) -> pa.RecordBatch:
        """Return the lines of one skeleton; columns that only others have are null."""
        skeleton, count = self.skeletons[number], len(fit.rows)
        some = pieces if count == pieces.num_rows else pieces.take(column(fit.rows))
        nothing = pa.nulls(count, pa.string())
        gaps = [skeleton.gap(name) for name in self.columns]
        rest = [lines.texts(_at(fit, each.begin), _at(fit, each.end)) for each in skeleton.pieces]
        columns = [
            *(some.column(name) for name in ("line", "ordinal", "lines", "text")),
            column(np.full(count, number + 1, np.int32)),
            *(nothing if gap is None else lines.texts(*fit.gap(gap)) for gap in gaps),
            *rest, *[nothing] * (self._pieces - len(rest)),
        ]  # fmt: skip
        return pa.record_batch(columns, schema=self.schema)


def _at(found: Fit, mark: Mark) -> Places:
    text, behind = mark
    return found.begins[text] + behind


def _marked(judged: Judged) -> Marked:
    """Return the texts of some pieces, without their line ends, and the places of quotes in them."""
    data, offsets = judged.data, judged.offsets
    ends = offsets[1:] - (bytes_at(data, offsets[1:] - 1) == ord("\n"))
    ends = np.maximum(ends - (bytes_at(data, np.maximum(ends - 1, 0)) == ord("\r")), offsets[:-1])
    return Marked(data, offsets[:-1], ends, np.flatnonzero(data == ord(QUOTE)))


def _plain(judged: Judged, lines: Marked) -> Flags:
    """Say which texts have neither a backslash nor a control character."""
    free = np.ones(judged.pieces.num_rows, bool)
    line_ends = int((judged.offsets[1:] - lines.ends).sum())
    for odd, usual in ((judged.data == ord("\\"), 0), (judged.data < ord(" "), line_ends)):
        if np.count_nonzero(odd) > usual:
            found = np.flatnonzero(odd)
            rows = np.searchsorted(judged.offsets, found, side="right") - 1
            free[rows[found < lines.ends[rows]]] = False
    return free


def _are_scalars(lines: Marked, found: Fit, gaps: Sequence[int], may_be_literal: Sequence[bool]) -> Flags:
    """Say in which lines some gaps hold one number each that a double holds, or, where it may be one, a literal."""
    if not gaps or not len(found.rows):
        return np.ones(len(found.rows), bool)
    bounds = [found.gap(gap) for gap in gaps]
    begins, ends = (np.stack(places, axis=1).ravel() for places in zip(*bounds, strict=True))
    first, last = bytes_at(lines.data, begins), bytes_at(lines.data, ends - 1)
    flags: Flags = (ends > begins) & _SIGNED[first] & _DIGITS[last] & ~_has_odd_start(lines, begins, ends)
    longest = int((ends - begins).max(initial=0))
    for behind in range(_LEAST_EXPONENT, min(_MOST_EXPONENT, longest)):
        flags &= (ends - begins <= behind) | (bytes_at(lines.data, np.maximum(ends - behind, 0)) != ord("-"))
    _hold(flags, _are_numbers, lines, begins, ends)
    if len(long := np.flatnonzero(flags & (ends - begins > _SHORT))):
        flags[long] = _are_same_as_doubles(lines.texts(begins[long], ends[long]))
    if any(may_be_literal):
        literals = np.tile(may_be_literal, len(found.rows)) & ~flags
        literals &= (ends > begins) & _LITERAL_STARTS[first] & _LITERAL_ENDS[last]
        _hold(literals, _are_literals, lines, begins, ends)
        flags |= literals
    every: Flags = np.logical_and.reduce(flags.reshape(-1, len(gaps)), axis=1)
    return every


def _has_odd_start(lines: Marked, begins: Places, ends: Places) -> Flags:
    """Say which texts begin with a zero before another digit, or with a point."""
    begins = begins + (bytes_at(lines.data, begins) == ord("-"))
    first, second = bytes_at(lines.data, begins), bytes_at(lines.data, begins + 1)
    odd: Flags = (first == ord(".")) | ((first == ord("0")) & (ends - begins > 1) & _DIGITS[second])
    return odd


def _hold(flags: Flags, judge: Callable[[pa.StringArray], Flags], lines: Marked, begins: Places, ends: Places) -> None:
    """Take the flags away from texts that a closer look finds to be something else."""
    if not flags.any():
        return
    some = slice(None) if flags.all() else np.flatnonzero(flags)
    flags[some] = judge(lines.texts(begins[some], ends[some]))


def _are_numbers(texts: pa.StringArray) -> Flags:
    """Say which texts that begin with a sign or digit and end with a digit are numbers of JSON."""
    try:
        pc.cast(texts, pa.float64())
        # Before an exponent, more is cast than JSON has.
        if b"e" not in texts.buffers()[2].to_pybytes().lower():
            return np.ones(len(texts), bool)
    except pa.ArrowInvalid:
        pass
    return flags_of(pc.match_substring_regex(texts, _NUMBER))


def _are_literals(texts: pa.StringArray) -> Flags:
    return flags_of(pc.is_in(texts, _LITERALS))


def _are_same_as_doubles(numbers: pa.StringArray) -> Flags:
    """Say which numbers are whole and of 64 bits, or written as the double they are would be."""
    is_whole = pc.match_substring_regex(numbers, f"^-?[0-9]{{1,{_WHOLE}}}$")
    is_plain = pc.match_substring_regex(numbers, r"^-?[0-9]{1,17}[.][0-9]{1,17}$")
    doubles = pc.cast(pc.if_else(is_plain, numbers, _ZERO), pa.float64())
    return flags_of(pc.or_(is_whole, pc.and_(is_plain, pc.equal(pc.cast(doubles, pa.string()), numbers))))


def learn(judged: Judged, profile: Profile, taken: Sequence[Taken | None]) -> Cutter | None:
    """Return what cuts most of some pieces; None where too few are alike.

    `taken` are for each piece the numbers of the places whose values are whole in columns.
    """
    found: Counter[RecordSkeleton] = Counter()
    lines = _marked(judged)
    left = np.array([places is not None for places in taken]) & _plain(judged, lines)
    for _ in range(LEARNED_SKELETONS):
        if not left.any():
            break
        row = int(np.argmax(left))
        left[row] = False
        text = judged.data[judged.offsets[row] : judged.offsets[row + 1]].tobytes()
        if (skeleton := skeleton_of(text, profile, taken[row] or ())) is None:
            continue
        rows = np.flatnonzero((left & (lines.counts == skeleton.skeleton.count)) | (np.arange(len(left)) == row))
        alike = Fitting(skeleton.skeleton).fit(lines, rows).rows
        if not len(alike):
            continue
        (usual, _), *_ = Counter(taken[alike_row] for alike_row in alike).most_common(1)
        found[skeleton_of(text, profile, usual or ()) or skeleton] += len(alike)
        left[alike] = False
    if 2 * found.total() < len(taken):
        return None
    return Cutter([skeleton for skeleton, _ in found.most_common()])


@dataclass
class Parted:
    """Pieces of which those that can be cut are handed out, and the others set aside with what they are."""

    pieces: JudgedPieces
    cutter: Cutter
    aside: Spool

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches, once, in order."""
        gathered = Gathered()
        for judged in self.pieces.judged():
            batches, is_cut = self.cutter.cut(judged)
            yield from gathered.filled(batches)
            if not is_cut.all():
                rest = judged.only(~is_cut) if batches else judged
                self.aside.add(rest.batch())
        yield from gathered.rest()


class Gathered:
    """Small batches of each skeleton that wait for more: the engine takes as long for a few rows as for many."""

    def __init__(self) -> None:
        self._waiting: dict[int, list[pa.RecordBatch]] = {}

    def filled(self, batches: Mapping[int, pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield batches that are large, or are with those that wait for them."""
        for skeleton, batch in batches.items():
            waiting = self._waiting.setdefault(skeleton, [])
            waiting.append(batch)
            if sum(each.num_rows for each in waiting) >= FILLED_ROWS:
                yield pa.concat_batches(waiting)
                waiting.clear()

    def rest(self) -> Iterator[pa.RecordBatch]:
        """Yield what waited to the end."""
        for waiting in filter(None, self._waiting.values()):
            yield pa.concat_batches(waiting)
