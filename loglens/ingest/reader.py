"""What a format is, and what it is handed to read: one file inside one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Protocol

from loglens.ingest.layout import Layouts, Wrapper
from loglens.ingest.vectors import in_vectors
from loglens.ingest.zones import UTC
from loglens.store.ledger import RECORD_TABLES
from loglens.store.store import fetch_row

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from loglens.ingest.helpers import Helpers
    from loglens.ingest.parsing import MakeParser, Parser
    from loglens.ingest.planned import Planned

# Returns the rows of a SELECT that reads some records as table `input`, with the values that it binds.
Ask = Callable[..., list[tuple[Any, ...]]]


# A text log has its last record in a batch of its own.
_FEW_BATCHES = 4


@dataclass(frozen=True)
class Sample:
    """The beginning of a content, as the sniffers see it.

    `head` is up to 256 KiB of unpacked bytes without byte order mark, `values` the JSON values that could be
    decoded from it (the first 100: one a line, or the elements of a document), `lines` its first 100 complete lines
    that are not blank.
    """

    head: bytes
    lines: tuple[bytes, ...]
    values: tuple[object, ...]

    @cached_property
    def records(self) -> pa.StringArray:
        """The lines as the records of a text log, those that go on with one joined to it; none where most are JSON."""
        return self._cut(None)

    def records_of(self, layouts: Layouts) -> pa.StringArray:
        """Return the records as a format cuts them."""
        return self._cut(layouts) if layouts.begins or layouts.within else self.records

    def _cut(self, layouts: Layouts | None) -> pa.StringArray:
        from loglens.ingest.lines import Lines, strings

        if 2 * len(self.values) > len(self.lines) or not self.lines:
            return strings([])
        import numpy as np
        import pyarrow.compute as pc

        from loglens.ingest.continuation import record_starts

        lines = Lines.of(b"\n".join(self.lines))
        begins = np.flatnonzero(record_starts(lines, lines.starts, lines.ends, layouts))
        ends = np.append(lines.starts[begins[1:]], len(lines.whole))
        texts = [
            lines.whole[start:end].decode(errors="replace")
            for start, end in zip(lines.starts[begins], ends, strict=True)
        ]
        return pc.utf8_rtrim_whitespace(strings(texts))


@dataclass(frozen=True)
class ReadOptions:
    """Reading options of a user; a source read with other ones needs `--again`.

    `service` is that of records that name none, `timezone` (see zones.accept_zone) that of times without one.
    """

    format: str | None = None
    duration_unit: str | None = None
    service: str | None = None
    timezone: str | None = None


# What an option says need not be assumed: how the subject begins, and the option.
_OPTIONS = {"service": "service", "times without a zone": "timezone", "unit of ": "duration_unit"}


@dataclass
class Counts:
    """What became of the lines of one source; the pipeline checks that they add up.

    `passed` are the rows handed to the store so far, of which some may turn out to be rejects.
    """

    record_lines: int = 0
    records: int = 0
    untimed: int = 0
    unread: int = 0
    passed: int = 0
    assumptions: dict[str, str] = field(default_factory=dict)

    def add(self, other: Counts) -> None:
        """Add what was counted elsewhere."""
        self.record_lines += other.record_lines
        self.records += other.records
        self.untimed += other.untimed
        self.unread += other.unread
        self.assumptions |= other.assumptions


class Pieces(Protocol):
    """The content of one source cut into pieces: lines, or the values of a JSON document.

    Iterating gives record batches with the columns `line` (int64, the line a piece starts on, from 1), `ordinal`
    (int32, position among the pieces that start on one line), `lines` (int32, lines that count for this piece: 1 in
    line mode; in documents 0 where another piece already accounts for the line) and `text` (string, valid UTF-8,
    possibly with its line end). Blank lines never arrive: they are counted on the way.
    """

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches, once, in order."""
        ...


@dataclass
class Reading:
    """One source being read: the open transaction, its pieces, and where to write what was found.

    `first_line` is where it begins: behind what was read before, where the file has grown. `modified_ns` is the time of
    the file, for records that have none of their own. `layouts` are those of every text format: lines of several may
    stand in one file. A reader inserts rows into `logs`, `spans`, `metric_samples`, `health_checks` and `rejects` with
    `source_id`, and fills `counts`. It must read `pieces` to the end, and account for every piece. `helpers` are given
    where pieces are many, and each stands for itself; `planned` where they are few.
    """

    connection: duckdb.DuckDBPyConnection
    source_id: int
    pieces: Pieces
    sample: Sample
    options: ReadOptions
    fallback_service: str
    counts: Counts = field(default_factory=Counts)
    first_line: int = 1
    modified_ns: int = 0
    layouts: tuple[Layouts, ...] = ()
    helpers: Helpers | None = None
    planned: Planned | None = None

    def parsed(self, make: MakeParser, parser: Parser) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Yield what a parser makes of the pieces, by names; others that `make` makes may have a part in it."""
        if self.helpers is None:
            return (made for some in self.pieces for made in parser.parse(some))
        return self.helpers.parse(make, parser, self.pieces)

    def insert(
        self, statement: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch], values: dict[str, Any] | None = None
    ) -> int:
        """Run an INSERT whose SELECT reads the batches as table `input`; return the number of rows inserted.

        The batches are pulled while DuckDB works, so memory stays bounded by a few of them. What the producer
        raises is raised here as it is, not as DuckDB's account of it.
        """
        import pyarrow as pa

        batches = (part for batch in batches for part in in_vectors(batch))
        if self.planned is not None:
            some = list(islice(batches, _FEW_BATCHES))
            if len(some) < _FEW_BATCHES:
                ((inserted,),) = self.planned.rows(statement, schema, some, values or {})
                return int(inserted)
            batches = chain(some, batches)
        failure: list[BaseException] = []

        def guarded() -> Iterator[pa.RecordBatch]:
            try:
                for batch in batches:
                    self.counts.passed += batch.num_rows
                    yield batch
            except BaseException as error:
                failure.append(error)
                raise

        self.connection.register("input", pa.RecordBatchReader.from_batches(schema, guarded()))
        try:
            (inserted,) = fetch_row(self.connection, statement, values or {})
        except BaseException as error:
            if failure:
                raise failure[0] from error
            raise
        # After a failure the transaction takes no statement, and the next registration replaces this one.
        self.connection.unregister("input")
        return int(inserted)

    def ask(self, statement: str, batch: pa.RecordBatch, values: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Return the rows of a SELECT that reads a batch as table `input`."""
        import pyarrow as pa

        parts = list(in_vectors(batch))
        if self.planned is not None:
            return self.planned.rows(statement, batch.schema, parts, values or {})
        self.connection.register("input", pa.Table.from_batches(parts))
        rows = self.connection.execute(statement, values or {}).fetchall()
        # After a failure the transaction takes no statement, and the next registration replaces this one.
        self.connection.unregister("input")
        return rows

    @property
    def zone(self) -> str:
        """The zone of times without one."""
        return self.options.timezone or UTC

    def count_untimed(self, table: str) -> int:
        """Return how many rows of a table came from this reading without a time."""
        statement = f"SELECT count(*) FROM {table} WHERE source_id = ? AND line >= ? AND {RECORD_TABLES[table]} IS NULL"
        (untimed,) = fetch_row(self.connection, statement, [self.source_id, self.first_line])
        return int(untimed)

    def assume(self, subject: str, assumption: str) -> None:
        """Note something that was assumed, for the summary and `loglens sources --verbose`; not what a user said."""
        options = (option for begin, option in _OPTIONS.items() if subject.startswith(begin))
        if any(getattr(self.options, option) is not None for option in options):
            return
        self.counts.assumptions[subject] = assumption


@dataclass(frozen=True)
class Format:
    """One format loglens reads: how it is recognised and how it is read.

    `sniff` returns a confidence from 0.0 (not this) to 1.0 (certainly this); the highest wins, ties go to the
    earlier format in the register. `marks` says in words what it goes by, `carries` names the tables its records go
    to, `example` is one short content that reads as this format. `layouts` are given for text logs, whose records are
    lines with those that go on with them, `wrapper` for lines that wrap those of others. `is_binary` is given for those
    whose pieces are messages, which `pieces` then hands out as `content` and not as `text`. `is_helped` is given for
    those that have their pieces parsed (see `Reading.parsed`), `is_by_line` for those whose records are a line each,
    also where it begins like JSON that goes on, `reads_lists` for those whose pieces may be lists of records, so that
    lists that are each a line need not be cut. A line of more than `longest_line_bytes` is rejected: it would take
    several times as much memory. `differs` says of a format of spans which columns are not what the same spans give in
    OTLP JSON, and how they differ.
    """

    name: str
    title: str
    marks: str
    example: str
    sniff: Callable[[Sample], float]
    read: Callable[[Reading], None]
    carries: tuple[str, ...] = ("logs",)
    layouts: Layouts | None = None
    is_binary: bool = False
    is_helped: bool = False
    is_by_line: bool = False
    reads_lists: bool = False
    wrapper: Wrapper | None = None
    longest_line_bytes: int = 512 << 20
    differs: Mapping[str, str] = field(default_factory=dict)
