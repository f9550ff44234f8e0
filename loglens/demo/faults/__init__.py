"""The faults: those a run plants unless told otherwise, in the order TRUTH.json names them, and their variants."""

from __future__ import annotations

from loglens.demo.faults import (
    error_burst,
    fan_out,
    long_transaction,
    n_plus_one,
    n_plus_one_across_services,
    n_plus_one_interleaved,
    n_plus_one_log_only,
    n_plus_one_parallel,
    redundant_query,
    sequential_calls,
    slow_query,
    slow_route,
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
