"""Why: what sets the slow requests of a route apart from its typical ones, or the failed ones from the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from loglens.analysis import Analysis, Param, Row, Value
from loglens.explain.columns import COLUMNS
from loglens.explain.named_route import ROUTES
from loglens.explain.sides import bind
from loglens.explain.statement import COMPARED
from loglens.scope import parse_length

if TYPE_CHECKING:
    import pyarrow as pa


def _explain(table: pa.Table, values: Mapping[str, Value]) -> list[Row]:
    from loglens.explain.answer import explain

    return explain(table, values)


def _draw(rows: Sequence[Row], width: int) -> str:
    from loglens.explain.picture import draw

    return draw(rows, width)


ANALYSIS = Analysis(
    name="why",
    title="Why",
    question="What sets the slow or the failed requests of a route apart from the others?",
    params=(
        Param(
            "route",
            None,
            "The route, as `slow` prints it, cut in its middle too; or `all` for every route.",
            positional=True,
        ),
        Param("errors", False, "Compare failed requests with successful ones, not slow with typical ones."),
        Param(
            "slower_than",
            None,
            "Requests are slow from this duration on, such as 500ms; else the slowest 1 %, or 5 or 10 % of few, or"
            " fewer where those stand out.",
            metavar="DURATION",
            parse=parse_length,
        ),
        Param(
            "least",
            3,
            "Compare only where each side has so many requests.",
            reason="Of fewer not even what holds for every slow and no typical request is beyond chance.",
        ),
    ),
    columns=COLUMNS,
    key=("part", "service", "name", "value", "and_name", "and_value", "note"),
    limit=0,
    prepare=ROUTES,
    bind=bind,
    bound=(
        *("found_service", "found_route", "requests", "depth", "tail_fraction", "times_median", "body_fences"),
        *("tail_every", "body_every"),
    ),
    sql=COMPARED,
    compute_arrow=_explain,
    needs=("trace_structure",),
    draw=_draw,
    spread="local",
    examples=(
        "loglens why /v1/messages/search",
        "loglens why --errors '/v1/responses/{response_id}'",
        "loglens why /v1/messages/search --slower-than 1s --since 2h",
        "loglens why all --service llm-api",
    ),
)
