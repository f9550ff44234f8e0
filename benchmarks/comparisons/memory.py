"""Peak memory of ingest on inputs that are larger than it may hold."""

from __future__ import annotations

from benchmarks.comparison import OURS, Comparison, Contender, Target
from benchmarks.comparisons.answers import last_number
from benchmarks.inputs import LOGLENS

RECORDS = "SELECT sum(records)::BIGINT FROM sources"


def _comparison(name: str, title: str, source: str, is_full: bool) -> Comparison:
    ingest = (*LOGLENS, "ingest", f"{{{source}}}", "--db", "{out}")
    answer = (*LOGLENS, "sql", RECORDS, "--db", "{out}", "--format", "csv")
    return Comparison(
        name=name,
        title=title,
        inputs=(source,),
        contenders=(Contender(OURS, ingest, answer=answer),),
        targets=(Target("peak_mb", bar=1000, goal=500),),
        read_answer=last_number,
        rounds=1,
        is_full=is_full,
    )


PRETTY = _comparison("pretty", "One indented OTLP JSON object into a file", "pretty", is_full=False)
PLAIN = _comparison("big-plain", "A long plain file of NDJSON", "big_plain", is_full=True)
GZIP = _comparison("big-gzip", "A long file of NDJSON, gzip", "big_gzip", is_full=True)
ZSTD = _comparison("big-zstd", "A long file of NDJSON, zstd", "big_zstd", is_full=True)
ACCESS = _comparison("big-nginx", "5 GB of nginx combined, zstd", "big_access", is_full=True)
LOGFMT = _comparison("big-logfmt", "5 GB of logfmt, zstd", "big_logfmt", is_full=True)
CRI = _comparison("big-cri", "5 GB of NDJSON in lines of a container runtime, zstd", "big_cri", is_full=True)
