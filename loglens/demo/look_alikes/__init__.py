"""What looks like a fault and is none: no detector should say anything of it. Planted only where it is asked for."""

from __future__ import annotations

from loglens.demo.faults.fault import Fault
from loglens.demo.look_alikes import (
    agent_loop,
    async_gather,
    batch_job,
    batched_inserts,
    cache_warm_up,
    job_progress,
    lost_lookup,
    noisy_bot,
    orm_wrapper,
    paging,
    recovered_blip,
    traffic_surge,
)

ALL: tuple[Fault, ...] = (
    batched_inserts.LOOK_ALIKE,
    paging.LOOK_ALIKE,
    cache_warm_up.LOOK_ALIKE,
    agent_loop.LOOK_ALIKE,
    async_gather.LOOK_ALIKE,
    orm_wrapper.LOOK_ALIKE,
    traffic_surge.LOOK_ALIKE,
    noisy_bot.LOOK_ALIKE,
    batch_job.LOOK_ALIKE,
    recovered_blip.LOOK_ALIKE,
    job_progress.LOOK_ALIKE,
    lost_lookup.LOOK_ALIKE,
)
