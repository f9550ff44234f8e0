"""The faults: those a run plants unless told otherwise, in the order TRUTH.json names them, and others by group.

The faults of a group leave each other alone, so that all of them can be planted in one run.
"""

from __future__ import annotations

from loglens.demo.faults import (
    crash_loop,
    dependency_outage,
    deploy_regression,
    error_burst,
    error_level_shift,
    fan_out,
    heartbeat_missing,
    latency_shift,
    log_flood,
    long_transaction,
    n_plus_one,
    n_plus_one_across_services,
    n_plus_one_interleaved,
    n_plus_one_log_only,
    n_plus_one_parallel,
    redundant_query,
    retry_storm,
    sequential_calls,
    service_silent,
    slow_query,
    slow_route,
    swallowed_error,
)
from loglens.demo.faults.fault import Fault

ALL: tuple[Fault, ...] = (
    slow_route.FAULT,
    n_plus_one.FAULT,
    error_burst.FAULT,
    redundant_query.FAULT,
    sequential_calls.FAULT,
    long_transaction.FAULT,
    fan_out.FAULT,
)
VARIANTS: tuple[Fault, ...] = (
    n_plus_one_interleaved.FAULT,
    n_plus_one_parallel.FAULT,
    n_plus_one_across_services.FAULT,
    n_plus_one_log_only.FAULT,
    slow_query.FAULT,
)
TROUBLES: tuple[Fault, ...] = (
    error_level_shift.FAULT,
    deploy_regression.FAULT,
    retry_storm.FAULT,
    log_flood.FAULT,
    crash_loop.FAULT,
    latency_shift.FAULT,
    swallowed_error.FAULT,
    heartbeat_missing.FAULT,
)
OUTAGES: tuple[Fault, ...] = (dependency_outage.FAULT, service_silent.FAULT)
EVERY: tuple[Fault, ...] = (*ALL, *VARIANTS, *TROUBLES, *OUTAGES)
