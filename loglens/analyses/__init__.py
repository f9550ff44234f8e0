"""The register of analyses, in report order; a new one is a module, a line here and a case file."""

from __future__ import annotations

from collections.abc import Mapping

from loglens.analyses import (
    bursts,
    call_sequences,
    compare,
    concurrency,
    critical_path,
    error,
    errors,
    impact,
    logs,
    n_plus_one,
    operations,
    overview,
    queries,
    rejects,
    retries,
    schema,
    service_map,
    silence,
    slow,
    slow_queries,
    sources,
    tails,
    template,
    templates,
    trace,
    trace_quality,
    traces,
    traffic,
    transactions,
    why,
)
from loglens.analysis import Analysis

ALL: tuple[Analysis, ...] = (
    overview.ANALYSIS,
    slow.ANALYSIS,
    tails.ANALYSIS,
    why.ANALYSIS,
    bursts.ANALYSIS,
    silence.ANALYSIS,
    errors.ANALYSIS,
    error.ANALYSIS,
    impact.ANALYSIS,
    retries.ANALYSIS,
    queries.ANALYSIS,
    slow_queries.ANALYSIS,
    critical_path.ANALYSIS,
    operations.ANALYSIS,
    service_map.ANALYSIS,
    call_sequences.ANALYSIS,
    n_plus_one.ANALYSIS,
    transactions.ANALYSIS,
    traffic.ANALYSIS,
    concurrency.ANALYSIS,
    traces.ANALYSIS,
    trace.ANALYSIS,
    compare.ANALYSIS,
    trace_quality.ANALYSIS,
    logs.ANALYSIS,
    templates.ANALYSIS,
    template.ANALYSIS,
    sources.ANALYSIS,
    rejects.ANALYSIS,
    schema.ANALYSIS,
)

BY_NAME: Mapping[str, Analysis] = {analysis.name: analysis for analysis in ALL}
