"""Lines of other formats than one kind of NDJSON, each into a database file."""

from __future__ import annotations

from benchmarks.comparison import Comparison, Contender, Target
from benchmarks.comparisons.answers import last_number
from benchmarks.comparisons.ndjson import COUNT
from benchmarks.inputs import LOGLENS, PYTHON_MODULE

NDJSON = "NDJSON, one key table"
# The same records by other key tables, held against the one above.
KEY_TABLES = {
    "pino_logs": "NDJSON of pino",
    "ecs_logs": "NDJSON of ECS, nested",
    "mixed_logs": "NDJSON, key tables in turn",
}
# Each with the peer that loads its columns by hand.
TEXTS = {
    "access_logs": ("nginx combined", "duckdb_access"),
    "logfmt_logs": ("logfmt", "duckdb_logfmt"),
    "cri_logs": ("CRI around NDJSON", "duckdb_cri"),
}


def _ingest(title: str, name: str) -> Contender:
    return Contender(title, (*LOGLENS, "ingest", f"{{{name}}}", "--db", "{out}"), answer=COUNT)


def _by_hand(title: str, name: str, peer: str) -> Contender:
    return Contender(_peer(title), (*PYTHON_MODULE, f"benchmarks.peers.{peer}", f"{{{name}}}", "{out}"))


def _peer(title: str) -> str:
    return f"{title}, DuckDB SQL"


COMPARISON = Comparison(
    name="line_formats",
    title="Lines of other formats into a file",
    inputs=("logs", *KEY_TABLES, *TEXTS),
    contenders=(
        _ingest(NDJSON, "logs"),
        *(_ingest(title, name) for name, title in KEY_TABLES.items()),
        *(
            contender
            for name, (title, peer) in TEXTS.items()
            for contender in (_ingest(title, name), _by_hand(title, name, peer))
        ),
    ),
    baseline=NDJSON,
    targets=(
        *(Target("speed", NDJSON, bar=0.8, contender=title) for title in KEY_TABLES.values()),
        *(Target("speed", _peer(title), bar=0.8, contender=title) for title, _ in TEXTS.values()),
    ),
    read_answer=last_number,
)
