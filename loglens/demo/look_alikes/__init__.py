"""What looks like a fault and is none: no detector should say anything of it. Planted only where it is asked for."""

from __future__ import annotations

from loglens.demo.faults.fault import Fault
from loglens.demo.look_alikes import (
    agent_loop,
    async_gather,
    batched_inserts,
    cache_warm_up,
    orm_wrapper,
    paging,
    retry_after_error,
)

ALL: tuple[Fault, ...] = (
    batched_inserts.LOOK_ALIKE,
    paging.LOOK_ALIKE,
    retry_after_error.LOOK_ALIKE,
    cache_warm_up.LOOK_ALIKE,
    agent_loop.LOOK_ALIKE,
    async_gather.LOOK_ALIKE,
    orm_wrapper.LOOK_ALIKE,
)
