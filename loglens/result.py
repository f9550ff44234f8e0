"""The answer to a question in Python: rows, data frames, and a picture of itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

from loglens.analysis import Row
from loglens.answer import Answer
from loglens.errors import LoglensError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from loglens.columns import Column


class Result(Sequence[Row]):
    """The rows of one answer. It shows itself as a table, and gives `rows`, `polars()`, `arrow()` and `pandas()`."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer.held()

    @property
    def answer(self) -> Answer:
        """The answer as renderers take it."""
        return self._answer

    @property
    def columns(self) -> Mapping[str, str]:
        """Each column and what it means."""
        return {column.name: column.meaning for column in self._answer.columns}

    @property
    def sql(self) -> str:
        """One statement without parameters that `Lens.sql` answers with the rows this came from."""
        return self._answer.sql

    @property
    def left_out(self) -> int:
        """How many rows there were beyond the limit."""
        return self._answer.left_out

    @cached_property
    def rows(self) -> list[Row]:
        """The rows as dicts, equal to what `--format json` writes: times as RFC 3339 text, JSON as its values."""
        import json

        from loglens.reports import jsonl

        return [json.loads(written) for written in jsonl.objects(self._answer)]

    def arrow(self) -> pa.Table:
        """Return an Arrow table; times are timestamps with nanoseconds in UTC, JSON is text."""
        import pyarrow as pa

        held = list(self._answer.tuples)
        arrays = []
        for index, column in enumerate(self._answer.columns):
            stored, shown = _arrow_types(column)
            arrays.append(pa.array([values[index] for values in held], stored).cast(shown))
        return pa.Table.from_arrays(arrays, names=[column.name for column in self._answer.columns])

    def polars(self) -> pl.DataFrame:
        """Return a Polars data frame; times are Datetime with nanoseconds in UTC, sums of integers are Int128."""
        import polars as pl

        table = self.arrow()
        # Polars refuses the decimals in which Arrow holds these.
        wide = {column.name: column.type for column in self._answer.columns if column.type in _WIDEST}
        frame = pl.from_arrow(table.drop_columns(list(wide)))
        assert isinstance(frame, pl.DataFrame)
        return frame.with_columns(
            pl.Series(
                name,
                [None if value is None else int(value) for value in table[name].to_pylist()],
                dtype=pl.UInt128 if type_name.startswith("U") else pl.Int128,
            )
            for name, type_name in wide.items()
        ).select(table.column_names)

    def pandas(self) -> pd.DataFrame:
        """Return a pandas data frame; raises LoglensError where pandas is not installed."""
        try:
            import pandas  # noqa: F401
        except ImportError as error:
            raise LoglensError("pandas is not installed. Install it, or use .polars() or .arrow().") from error
        return self.arrow().to_pandas()

    def __len__(self) -> int:
        return len(list(self._answer.tuples))

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        return self.rows[index]

    def __eq__(self, other: object) -> bool:
        return self.rows == (other.rows if isinstance(other, Result) else other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        import shutil

        from loglens.reports import Page, table

        page = Page(width=shutil.get_terminal_size().columns)
        drawn = "".join(table.render(self._answer, page))
        return drawn + "".join(f"({note})\n" for note in (*page.notes, *self._notes()))

    def _repr_html_(self) -> str:
        from loglens.reports import Page, html

        drawn = "".join(html.render(self._answer, Page()))
        return drawn + "".join(f"<p>{note}</p>\n" for note in self._notes())

    def _notes(self) -> list[str]:
        rows = "row" if self.left_out == 1 else "rows"
        more = [f"{self.left_out:,} more {rows}; limit=0 gives all."] if self.left_out else []
        return [*self._answer.notes, *more]


def _arrow_types(column: Column) -> tuple[Any, Any]:
    """Return the Arrow type the held values have, and the one they are shown as."""
    import pyarrow as pa

    if column.kind in {"time_ns", "time_us"}:
        return pa.int64(), pa.timestamp(column.kind.removeprefix("time_"), "UTC")
    if column.kind == "decimal":
        digits, scale = column.type.removeprefix("DECIMAL(").removesuffix(")").split(",")
        found = pa.decimal128(int(digits), int(scale))
    elif column.kind == "integer":
        width = _WIDTHS.get(column.type.removeprefix("U"))
        # The wider integers of DuckDB have no Arrow type of their own; 2**128 has 39 digits.
        found = getattr(pa, f"{'u' if column.type.startswith('U') else ''}int{width}")() if width else pa.decimal256(39)
    else:
        found = {"real": pa.float64(), "boolean": pa.bool_()}.get(column.kind, pa.string())
    return found, found


_WIDEST = ("HUGEINT", "UHUGEINT")
_WIDTHS = {"TINYINT": 8, "SMALLINT": 16, "INTEGER": 32, "BIGINT": 64}
