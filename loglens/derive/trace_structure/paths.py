"""Critical paths and self times: which child each span waited for, and what no child covers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

TABLES = ("parts", "families", "siblings", "steps", "walked", "covered")

# Spans without length take no time of anybody: they are left out, and so a walk always goes back in time.
_PARTS = """
    CREATE TEMP TABLE parts AS
    SELECT
        i           AS i,
        waiting     AS waiting,
        begin_ns    AS begin_ns,
        finish_ns   AS finish_ns
    FROM placed
    WHERE
        waiting IS NOT NULL
        AND finish_ns > begin_ns
"""
# Of the children that end last the longest, of those the first in the store.
_FAMILIES = """
    CREATE TEMP TABLE families AS
    SELECT
        waiting                                     AS waiting,
        count(*)                                    AS children,
        arg_max(i, (finish_ns, -begin_ns, -i))      AS last_child,
        sum(finish_ns - begin_ns)::BIGINT           AS length_ns
    FROM parts
    GROUP BY waiting
"""
_SIBLINGS = """
    CREATE TEMP TABLE siblings AS
    SELECT
        parts.*
    FROM parts
    JOIN families USING (waiting)
    WHERE children > 1
"""
# The edges of a walk back in time: into the child that ends last, and from a child to the one that had ended last
# when it began.
_STEPS = """
    CREATE TEMP TABLE steps AS
    WITH ends AS (
        SELECT
            waiting                         AS waiting,
            finish_ns                       AS finish_ns,
            arg_max(i, (-begin_ns, -i))     AS i
        FROM siblings
        GROUP BY waiting, finish_ns
    )
    SELECT
        siblings.i      AS later,
        ends.i          AS earlier
    FROM siblings
    ASOF JOIN ends
        ON siblings.waiting = ends.waiting
        AND siblings.begin_ns >= ends.finish_ns
"""
# First the children somebody waited for; then the path each of them is on, that of the nearest span above nobody
# waited for. A span that is not here heads a path of its own.
_WALKED = """
    CREATE TEMP TABLE walked AS
    WITH RECURSIVE waited(i) AS (
        SELECT last_child FROM families
        UNION ALL
        SELECT steps.earlier
        FROM waited
        JOIN steps ON steps.later = waited.i
    ),
    edges(upper, lower) AS MATERIALIZED (
        SELECT later, earlier FROM steps
        UNION ALL
        SELECT waiting, last_child FROM families
    ),
    on_path(i, path) AS (
        SELECT last_child, waiting
        FROM families
        ANTI JOIN waited ON families.waiting = waited.i
        UNION ALL
        SELECT edges.lower, on_path.path
        FROM on_path
        JOIN edges ON edges.upper = on_path.i
    )
    SELECT i, path FROM on_path
"""
# What of a span its children cover, and what of it those cover that it waited for.
_COVERED = """
    CREATE TEMP TABLE covered AS
    WITH reached AS (
        SELECT
            siblings.waiting                                    AS waiting,
            siblings.finish_ns - siblings.begin_ns              AS length_ns,
            siblings.finish_ns - greatest(siblings.begin_ns, coalesce(max(siblings.finish_ns) OVER (
                PARTITION BY siblings.waiting
                ORDER BY siblings.begin_ns, siblings.finish_ns
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ), siblings.begin_ns))                              AS new_ns,
            walked.i IS NOT NULL                                AS is_waited
        FROM siblings
        LEFT JOIN walked USING (i)
    )
    SELECT
        waiting                                                 AS i,
        sum(greatest(new_ns, 0))::BIGINT                        AS covered_ns,
        sum(length_ns) FILTER (is_waited)::BIGINT               AS waited_ns
    FROM reached
    GROUP BY waiting
    UNION ALL
    SELECT waiting, length_ns, length_ns
    FROM families
    WHERE children = 1
"""
STEPS = (_PARTS, _FAMILIES, _SIBLINGS, _STEPS, _WALKED, _COVERED)


def walk(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `walked`, the path every span that was waited for is on, and `covered`, what the children of each cover."""
    for statement in STEPS:
        connection.execute(statement)
