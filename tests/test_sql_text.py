"""Conditions that are written without IN say what IN says."""

from __future__ import annotations

import duckdb
import pytest

from loglens.ingest.sql_text import is_among


@pytest.mark.parametrize("some", [[3], [0, 1], [5, 61], [62], [1, 62, 100], [0, 63]])
def test_a_number_is_found_among_others(some: list[int]) -> None:
    """Also where it is beyond the bits of a number."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT x, coalesce({is_among('x', some)}, false) FROM (SELECT unnest(range(101) || [NULL]) AS x)"
        ).fetchall()
    assert [x for x, is_found in rows if is_found] == some
