"""Critical paths as collapsed stacks, one a line with its time, as flame graph viewers take them.

Source: brendangregg.com/flamegraphs.html, the folded format.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from loglens.analysis import Drawing, Row


def _write_folded(rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        yield f"{row['stack']} {row['own_us']}\n"


# A request inside another one is part of its stacks, or was not waited for; one that began a work of its own is not.
_STACKS = """
    WITH RECURSIVE chosen AS MATERIALIZED (
        SELECT
            node                    AS node,
            path                    AS path
        FROM traced_requests($include_health, $since_ns, $until_ns, $service, $route)
    ),
    ran_for (request, above) AS (
        SELECT node, node FROM chosen
        UNION ALL
        SELECT ran_for.request, upper.invocation
        FROM ran_for
        JOIN span_tree AS entry
            ON ran_for.above = entry.node
        JOIN span_tree AS upper
            ON entry.parent = upper.node
    ),
    inner_requests AS (
        SELECT ran_for.request AS node
        FROM ran_for
        JOIN chosen AS own
            ON ran_for.request = own.node
        JOIN chosen AS upper
            ON ran_for.above = upper.node
        JOIN span_tree AS head
            ON own.path = head.node
        WHERE
            own.node <> upper.node
            AND (own.path = upper.path OR NOT head.is_async)
    ),
    stacks (node, path, stack, own_ns) AS (
        SELECT node, path, replace(component, ';', ','), path_ns
        FROM span_tree
        WHERE
            node IN (SELECT node FROM chosen)
            AND node NOT IN (SELECT node FROM inner_requests)
        UNION ALL
        SELECT
            child.node,
            stacks.path,
            stacks.stack || ';' || replace(child.component, ';', ','),
            child.path_ns
        FROM stacks
        JOIN span_tree AS child
            ON child.parent = stacks.node
        WHERE child.path = stacks.path OR child.begin_ns IS NULL
    )
    SELECT
        stack                               AS stack,
        (sum(own_ns) // 1000)::BIGINT       AS own_us
    FROM stacks
    GROUP BY stack
    HAVING own_us > 0
    ORDER BY stack
"""
FOLDED = Drawing(
    name="folded",
    title="collapsed stacks of the critical paths in microseconds, for flame graph viewers",
    write=_write_folded,
    sql=_STACKS,
    suffixes=(".folded",),
)
