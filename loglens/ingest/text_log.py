"""Reading text logs: which layouts their records have, and records of every layout into `logs`."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from loglens.ingest.durations import UNIT_NAMES
from loglens.ingest.layout import LONGEST_TEXT_BYTES, Layout, Layouts
from loglens.ingest.reader import Ask, Format, Reading, Sample
from loglens.ingest.time_layouts import MONTH_FIRST
from loglens.ingest.zones import UTC, lacks_zone

if TYPE_CHECKING:
    import pyarrow as pa

    from loglens.ingest.layout_statement import Dispatch

# How many records of a file are looked at closely before it is read, and how many are learned from, and
# in how many of each layout zones and units are looked for.
SURVEYED_RECORDS = 4096
LEARNED_RECORDS = 1000
LOOKED_AT_RECORDS = 100
# A text of which fewer records fit is something else that has a few times in it.
LEAST_SHARE = 0.1
# How often records of further layouts are set aside and read again.
MOST_PASSES = 4
_GROUP_NAME = re.compile(r"\(\?P<\w+>")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def text_format(name: str, title: str, marks: str, example: str, layouts: Layouts, certainty: float) -> Format:
    """Return the format of a text log; `certainty` is how sure it is of itself where every line fits."""

    def sniff(sample: Sample) -> float:
        fits = share(sample, layouts)
        return certainty * fits if fits >= LEAST_SHARE else 0.0

    def read(reading: Reading) -> None:
        read_text(reading, layouts)

    return Format(name, title, marks, example, sniff, read, layouts=layouts, longest_line_bytes=LONGEST_TEXT_BYTES)


def share(sample: Sample, layouts: Layouts) -> float:
    """Return the share of the records of a sample that fit one of the layouts."""
    records = sample.records_of(layouts)
    left, rest = len(records), fitting(layouts, records)[1]
    while layouts.learn is not None and 0 < len(rest) < left:
        left, rest = len(rest), fitting(layouts, rest)[1]
    return 1 - len(rest) / len(records) if len(records) else 0.0


def _with(records: pa.StringArray, pattern: str) -> pa.StringArray:
    """Return the records that a pattern fits."""
    import pyarrow.compute as pc

    return records.filter(pc.match_substring_regex(records, f"(?s){pattern}")) if len(records) else records


def _without(records: pa.StringArray, pattern: str) -> pa.StringArray:
    """Return the records that a pattern does not fit."""
    import pyarrow.compute as pc

    return records.filter(pc.invert(pc.match_substring_regex(records, f"(?s){pattern}"))) if len(records) else records


@dataclass
class Counted:
    """Batches of records on their way, with the number of their lines; `first` are those looked at before.

    `is_whole` says that there are no others.
    """

    batches: Iterator[pa.RecordBatch]
    first: list[pa.RecordBatch]
    is_whole: bool
    lines: int = 0

    @classmethod
    def of(cls, pieces: Iterable[pa.RecordBatch]) -> Counted:
        """Take the first records."""
        batches, first = iter(pieces), []
        for batch in batches:
            first.append(batch)
            if sum(each.num_rows for each in first) >= SURVEYED_RECORDS:
                return cls(batches, first, is_whole=False)
        return cls(batches, first, is_whole=True)

    @property
    def first_line(self) -> int:
        """The line the first record begins on."""
        return int(self.first[0].column("line")[0].as_py())

    @property
    def name_services(self) -> bool:
        """True where what is around the first records names a service for each."""
        return not any(batch.column("outer_service").null_count for batch in self.first)

    def texts(self) -> pa.StringArray:
        """Return the texts of the first records."""
        import pyarrow as pa

        columns = [batch.column("text") for batch in self.first]
        return pa.concat_arrays(columns).slice(0, SURVEYED_RECORDS)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches, once, in order."""
        import pyarrow.compute as pc

        for batch in itertools.chain(self.first, self.batches):
            self.lines += pc.sum(batch.column("lines")).as_py()
            yield batch


def read_text(reading: Reading, own: Layouts | None) -> None:
    """Read the records of a text log into `logs`; what fits no layout is a record with its text as message.

    The layouts of `own` come first. Without it the records are wrapped ones, see wrapping.WRAPPED_SCHEMA.
    """
    import pyarrow as pa

    from loglens.ingest.layout_statement import insert_statement
    from loglens.ingest.pieces import SCHEMA
    from loglens.ingest.wrapping import WRAPPED_SCHEMA

    pieces = Counted.of(reading.pieces)
    if not pieces.first:
        return
    ranked = tuple(sorted(reading.layouts, key=lambda each: each is not own))
    first_line = pieces.first_line
    is_wrapped = own is None
    dispatch = choose(
        reading,
        pieces.texts(),
        ranked,
        is_final=is_wrapped,
        is_whole=pieces.is_whole,
        pieces_name_services=is_wrapped and pieces.name_services,
    )
    if is_wrapped:
        # Nothing of these is set aside; the first records speak for all.
        first = pa.record_batch({"text": pieces.texts()})
        dispatch = replace(_ordered(reading, dispatch, partial(reading.ask, batch=first)), is_wrapped=True)
    schema = WRAPPED_SCHEMA if is_wrapped else SCHEMA
    inserted = reading.insert(insert_statement(dispatch), schema, pieces, _binds(reading))
    _settle(reading, first_line)
    reading.counts.records += inserted
    reading.counts.record_lines += pieces.lines


def _binds(reading: Reading) -> dict[str, str | int]:
    return {"source_id": reading.source_id, "fallback": reading.fallback_service}


def choose(
    reading: Reading,
    texts: pa.StringArray,
    every: Sequence[Layouts],
    is_final: bool = False,
    is_whole: bool = False,
    pieces_name_services: bool = False,
) -> Dispatch:
    """Return the layouts that some records have, in the order of their formats, and note what they assume.

    Records that fit none of them, and may fit one that was not found, are to be set aside unless this is the final try.
    Where the records are all there are, such layouts are only those that were too many to be learned at once.
    """
    import pyarrow.compute as pc

    from loglens.ingest.layout_statement import Dispatch

    rest = pc.utf8_rtrim_whitespace(texts)
    chosen: list[Layout] = []
    heads: list[str] = []
    names_no_service = False
    unit = reading.options.duration_unit
    units: dict[str, set[str]] = defaultdict(set)
    for each in every:
        before = rest
        found, rest = fitting(each, rest)
        chosen += found
        for layout in found:
            if any(map(lacks_zone, filter(None, _values(layout, "time", before)))):
                reading.assume("times without a zone", UTC)
            names_no_service |= not all(_values(layout, "service", before) or [""])
            if layout.time.lacks and "time" in layout.sources:
                reading.assume(f"times without {layout.time.lacks}", "the latest that is not after the file's own time")
            if unit is None and layout.is_bare and any(map(_NUMBER.fullmatch, _values(layout, "duration", before))):
                units[layout.kept["duration"]].add(UNIT_NAMES[layout.unit])
        has_more = each.learn is not None and (bool(found) or not is_whole)
        if has_more or (not is_whole and found != list(each.known)):
            heads.append(f"(?:{_GROUP_NAME.sub('(?:', each.head)})")
        if each.learn is not None and found and not is_final:
            # What one format could not learn at once is not for another to guess at.
            rest = _without(rest, each.head)
    if (len(rest) or names_no_service) and not pieces_name_services:
        reading.assume("service", f"{reading.fallback_service}, from the file's name, where a record names none")
    for key in sorted(units):
        reading.assume(f"unit of {key}", " or ".join(sorted(units[key])) + ", by the habit of the framework")
    return Dispatch(
        tuple(chosen),
        reading.zone,
        written_ns=reading.modified_ns,
        unit=unit,
        aside="" if is_final else "|".join(heads),
        undecided=frozenset(layout.name for layout in chosen if layout.time is MONTH_FIRST),
    )


def _ordered(reading: Reading, dispatch: Dispatch, ask: Ask) -> Dispatch:
    """Return layouts with days and months in the order that the records `ask` asks tell, where there are such."""
    from loglens.ingest.day_order import order_of

    if not dispatch.undecided:
        return dispatch
    patterns = [layout.pattern for layout in dispatch.layouts if layout.name in dispatch.undecided]
    time = order_of(reading, ask, patterns)
    layouts = tuple(
        replace(layout, time=time) if layout.name in dispatch.undecided else layout for layout in dispatch.layouts
    )
    return replace(dispatch, layouts=layouts, undecided=frozenset())


def _values(layout: Layout, column: str, records: pa.StringArray) -> list[str]:
    """Return the texts of a column in the first records of a layout, where it is a group of its pattern."""
    import pyarrow.compute as pc

    group = layout.sources.get(column, "").strip("{}")
    if group not in layout.groups:
        return []
    some = _with(records, layout.pattern).slice(0, LOOKED_AT_RECORDS)
    texts = pc.struct_field(pc.extract_regex(some, f"(?s){layout.pattern}"), group)
    found: list[str] = texts.to_pylist()
    return found


def fitting(layouts: Layouts, records: pa.StringArray) -> tuple[list[Layout], pa.StringArray]:
    """Return the layouts that some records fit, and the records that fit none."""
    found: list[Layout] = []

    def try_on(layout: Layout, rest: pa.StringArray) -> pa.StringArray:
        left = _without(rest, layout.pattern)
        if len(left) < len(rest):
            found.append(layout)
        return left

    for layout in layouts.known:
        records = try_on(layout, records)
    if layouts.learn is not None:
        for layout in layouts.learn(_with(records, layouts.head).slice(0, LEARNED_RECORDS).to_pylist()):
            records = try_on(layout, records)
    return found, records


def _settle(reading: Reading, first_line: int) -> None:
    """Read again what was set aside, and count the records without a time."""
    from loglens.ingest.layout_statement import ASIDE

    values = [reading.source_id, first_line]
    where = "FROM logs WHERE source_id = ? AND line >= ?"
    execute = reading.connection.execute
    for left in reversed(range(MOST_PASSES)):
        ((aside,),) = execute(f"SELECT count(*) FILTER (severity_number = {ASIDE}) {where}", values).fetchall()
        if not aside:
            break
        _read_aside(reading, f"{where} AND severity_number = {ASIDE}", values, is_final=left == 0)
    ((untimed,),) = execute(f"SELECT count(*) FILTER (ts_ns IS NULL) {where}", values).fetchall()
    reading.counts.untimed += untimed


def _read_aside(reading: Reading, where: str, values: list[int], is_final: bool) -> None:
    """Read records with layouts that were not tried yet, with all that some of them have.

    What fits none of these either is set aside once more, unless no layout was found or this is the final try.
    """
    from loglens.ingest.layout_statement import insert_statement

    execute = reading.connection.execute
    execute(
        "CREATE OR REPLACE TEMP TABLE input AS "
        f"SELECT line, ordinal, CAST(duration_ns AS INTEGER) AS lines, message AS text {where}",
        values,
    )
    execute(f"DELETE {where}", values)
    # As good as random, and the same every time.
    some = f"SELECT text FROM input ORDER BY hash(line), line LIMIT {SURVEYED_RECORDS}"
    table: pa.Table = reading.connection.sql(some).to_arrow_table()
    is_whole = table.num_rows < SURVEYED_RECORDS
    dispatch = choose(reading, table.column("text").combine_chunks(), reading.layouts, is_final, is_whole)
    if not dispatch.layouts:
        dispatch = replace(dispatch, aside="")
    dispatch = _ordered(reading, dispatch, lambda statement: execute(statement).fetchall())
    execute(insert_statement(dispatch), _binds(reading))
    execute("DROP TABLE input")
