"""The SQL that looks at the first pieces of a JSON log, so that the others can be read by what they have in common.

Every statement reads the pieces from `input`, a table with the columns of json_pieces.SCHEMA.
"""

from __future__ import annotations

from functools import lru_cache

from loglens.ingest.formats.json_columns import is_bare
from loglens.ingest.formats.json_marks import BROKEN
from loglens.ingest.formats.json_profile import Profile
from loglens.ingest.formats.json_statement import records_query, taken_sql
from loglens.ingest.sql_text import KEPT_STATEMENTS, is_among
from loglens.ingest.timestamps import lacks_zone_sql


@lru_cache(maxsize=KEPT_STATEMENTS)
def survey_statement(profile: Profile) -> str:
    """Return the query for what some pieces have in common, one row for each combination.

    Columns: the keys of a line as one text, and as lists (of the record and of the objects around nested places; null
    where a line has a key twice or one the profile has not), the places its columns came from, the number of lines,
    and what had to be assumed: a time without a zone, the service, and the number of the place of a bare duration (0
    for none) with the unit it was read in.
    """
    bare = [number for place, number in profile.numbers.items() if is_bare(place)]
    is_number = f"{is_among('p_duration', bare)} AND try_cast(t_duration AS DOUBLE) IS NOT NULL" if bare else "false"
    lacks_zone = f"ts_ns IS NOT NULL AND {lacks_zone_sql('t_time')}" if profile.of("time") else "false"
    return f"""
        SELECT
            layout,
            CASE WHEN NOT is_unseen AND NOT has_twice THEN every_key END AS every_key,
            list_sort({taken_sql(profile)}) AS places,
            count(*) FILTER (WHERE kind <> {BROKEN}) AS lines,
            coalesce({lacks_zone}, false) AS lacks_zone,
            service IS NULL AS lacks_service,
            {f"CASE WHEN {is_number} THEN p_duration ELSE 0 END" if bare else "0"} AS bare,
            {f"CASE WHEN {is_number} THEN unit END" if bare else "NULL"} AS unit
        FROM ({records_query(profile)})
        GROUP BY ALL
        -- Not WHERE: small vectors, which texts that are long come in, would be gathered behind it.
        HAVING lines > 0
        ORDER BY lines DESC, layout, places
    """


def sample_statement(profile: Profile) -> str:
    """Return the query for the numbers of the places that columns have their values from, in the order of the pieces.

    Null for pieces that are no objects, or need a closer look.
    """
    return f"""
        SELECT
            CASE
                WHEN layout IS NOT NULL AND NOT (is_unseen OR has_twice OR is_opened OR is_inexact)
                THEN list_sort({taken_sql(profile)})
            END AS places
        FROM ({records_query(profile)})
        ORDER BY line, ordinal
    """
