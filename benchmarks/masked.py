"""Texts of log records masked and counted, nothing stored: `python -m benchmarks.masked STORE`."""

from __future__ import annotations

import sys
from pathlib import Path

from loglens.derive.log_templates.masks import masked_sql
from loglens.store.store import open_reader

if __name__ == "__main__":
    statement = f"SELECT count(*) FROM (SELECT {masked_sql('message')} AS masked FROM logs GROUP BY masked)"
    with open_reader(Path(sys.argv[1]), reading=[statement]) as connection:
        print(*connection.execute(statement).fetchall()[0])
