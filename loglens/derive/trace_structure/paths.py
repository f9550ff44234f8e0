"""Critical paths and self times: which child each span waited for last, and what no child covers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loglens.store.store import fetch_row

if TYPE_CHECKING:
    import duckdb

SCRATCH = ("families", "siblings", "ends", "steps", "waited")
TABLES = ("walked", "covered")

# Spans without length take no time of anybody: they are left out, and so a walk always goes back in time.
_PARTS = """
    CREATE OR REPLACE TEMP VIEW parts AS
    SELECT
        i               AS i,
        waiting         AS waiting,
        begin_ns        AS begin_ns,
        finish_ns       AS finish_ns
    FROM placed
    WHERE
        waiting IS NOT NULL
        AND is_timed
        AND finish_ns > begin_ns
"""
# Of one child, or of two that do not run at once, everything is known without looking at them: both were waited for.
# Two intervals are no longer together than from the first start to the last end only where they do not overlap.
_FAMILIES = """
    CREATE TEMP TABLE families AS
    SELECT
        waiting                                                         AS waiting,
        min(i)                                                          AS first_child,
        max(i)                                                          AS last_child,
        sum(finish_ns - begin_ns)::BIGINT                               AS length_ns,
        count(*) = 1
        OR (count(*) = 2 AND length_ns <= max(finish_ns) - min(begin_ns)) AS is_plain
    FROM parts
    GROUP BY waiting
"""
_SIBLINGS = """
    CREATE TEMP TABLE siblings AS
    SELECT
        parts.*
    FROM parts
    SEMI JOIN (SELECT waiting FROM families WHERE NOT is_plain) AS large
        USING (waiting)
"""
_ENDS = """
    CREATE TEMP TABLE ends AS
    SELECT
        waiting         AS waiting,
        finish_ns       AS finish_ns,
        min(i)          AS i,
        count(*)        AS tied
    FROM siblings
    GROUP BY waiting, finish_ns
"""
_TIES = "SELECT count(*) FROM ends WHERE tied > 1"
# Of those that end at once the one that began first, of those the first by its id.
_UNTIE = """
    UPDATE ends
    SET i = firsts.i
    FROM (
        SELECT
            siblings.waiting                                        AS waiting,
            siblings.finish_ns                                      AS finish_ns,
            arg_min(siblings.i, (siblings.begin_ns, piece.span, siblings.i)) AS i
        FROM siblings
        JOIN (SELECT waiting, finish_ns FROM ends WHERE tied > 1) AS tied USING (waiting, finish_ns)
        JOIN piece ON siblings.i = piece.i
        GROUP BY siblings.waiting, siblings.finish_ns
    ) AS firsts
    WHERE
        ends.waiting = firsts.waiting
        AND ends.finish_ns = firsts.finish_ns
"""
# A walk goes back in time: from a child to the one that had ended last when it began.
_STEPS = """
    CREATE TEMP TABLE steps AS
    SELECT
        siblings.i      AS later,
        ends.i          AS earlier
    FROM siblings
    ASOF JOIN ends
        ON siblings.waiting = ends.waiting
        AND siblings.begin_ns >= ends.finish_ns
"""
# The children somebody waited for: of every span the one that ended last, and those before it.
_WAITED = """
    CREATE TEMP TABLE waited AS
    WITH RECURSIVE walk(i, waiting) AS (
        SELECT first_child, waiting FROM families WHERE is_plain
        UNION ALL
        SELECT last_child, waiting FROM families WHERE is_plain AND last_child <> first_child
        UNION ALL
        SELECT arg_max(i, finish_ns), waiting FROM ends GROUP BY waiting
        UNION ALL
        SELECT steps.earlier, walk.waiting
        FROM walk
        JOIN steps ON steps.later = walk.i
    )
    SELECT i, waiting FROM walk
"""
# What of a span its children cover, and what of it those cover that it waited for.
_COVERED = """
    CREATE TEMP TABLE covered AS
    WITH reached AS (
        SELECT
            siblings.waiting                                    AS waiting,
            siblings.begin_ns                                   AS begin_ns,
            siblings.finish_ns                                  AS finish_ns,
            max(siblings.finish_ns) OVER (
                PARTITION BY siblings.waiting
                ORDER BY siblings.begin_ns, siblings.finish_ns
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            )                                                   AS reached_ns,
            walked.i IS NOT NULL                                AS is_waited
        FROM siblings
        LEFT JOIN walked USING (i)
    )
    SELECT
        waiting                                                                         AS i,
        sum(greatest(finish_ns - greatest(begin_ns, reached_ns), 0))::BIGINT            AS covered_ns,
        sum(if(is_waited, finish_ns - begin_ns, 0))::BIGINT                             AS waited_ns
    FROM reached
    GROUP BY waiting
    UNION ALL
    SELECT waiting, length_ns, length_ns
    FROM families
    WHERE is_plain
"""


def walk(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `walked`, the path every span that was waited for is on, and `covered`, what the children of each cover."""
    for statement in (_PARTS, _FAMILIES, _SIBLINGS, _ENDS):
        connection.execute(statement)
    if fetch_row(connection, _TIES) != (0,):
        connection.execute(_UNTIE)
    for statement in (_STEPS, _WAITED):
        connection.execute(statement)
    _follow(connection)
    connection.execute(_COVERED)


def _follow(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `walked`: the path each of `waited` is on, that of the nearest span above nobody waited for.

    Each span points to the one that waited for it, then to the one two above, four, eight: as deep as trees are, that
    is a few steps for all spans at once (pointer jumping, Wyllie 1979).
    """
    import numpy as np
    import pyarrow as pa

    found = connection.execute("SELECT i, waiting FROM waited").fetchnumpy()
    spans, above = found["i"], found["waiting"]
    path = np.arange(max(spans.max(), above.max()) + 1 if len(spans) else 0, dtype=np.uint32)
    path[spans] = above
    further = path[path]
    while not np.array_equal(path, further):
        path, further = further, further[further]
    connection.register("found", pa.table({"i": spans, "path": path[spans]}))
    connection.execute("CREATE TEMP TABLE walked AS FROM found")
    connection.unregister("found")
