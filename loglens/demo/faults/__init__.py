"""The faults a run plants, in the order TRUTH.json names them."""

from __future__ import annotations

from loglens.demo.faults import error_burst, n_plus_one, slow_route
from loglens.demo.faults.fault import Fault

ALL: tuple[Fault, ...] = (slow_route.FAULT, n_plus_one.FAULT, error_burst.FAULT)
