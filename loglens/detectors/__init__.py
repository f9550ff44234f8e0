"""The register of detectors; a new one is a module, a line here and a case file."""

from __future__ import annotations

from loglens.detector import Detector
from loglens.detectors import (
    crash_loop,
    error_burst,
    error_level_shift,
    fan_out,
    heartbeat_missing,
    latency_shift,
    log_flood,
    long_transaction,
    n_plus_one,
    new_error,
    redundant_query,
    retry_storm,
    sequential_calls,
    service_silent,
    slow_query,
    slow_route,
    swallowed_error,
)

ALL: tuple[Detector, ...] = (
    slow_route.DETECTOR,
    latency_shift.DETECTOR,
    slow_query.DETECTOR,
    sequential_calls.DETECTOR,
    n_plus_one.DETECTOR,
    redundant_query.DETECTOR,
    fan_out.DETECTOR,
    long_transaction.DETECTOR,
    error_burst.DETECTOR,
    error_level_shift.DETECTOR,
    service_silent.DETECTOR,
    heartbeat_missing.DETECTOR,
    crash_loop.DETECTOR,
    log_flood.DETECTOR,
    new_error.DETECTOR,
    swallowed_error.DETECTOR,
    retry_storm.DETECTOR,
)
