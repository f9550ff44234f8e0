"""Writes the copies of one simulated platform."""

from __future__ import annotations

from typing import IO

import numpy as np

from loglens.demo.engine import SECOND
from loglens.demo.platform import START_NS, World, pod_suffix
from loglens.demo.stamp import Clock, Copies, Template

COPIES_AT_ONCE = 16


class Copier:
    """Knows how each copy of a platform differs: copy 0, the platform itself, is not among them."""

    def __init__(self, world: World, times: int, generations: int, pods_per_generation: int) -> None:
        self._clock = Clock(START_NS, world.engine.now + SECOND)
        self._pods = {pod_suffix(each.number): each.number for each in world.instances}
        self.shifts_ns = [number * SECOND // generations for number in range(times)]
        keys = world.chance("copies")
        self._copies: list[Copies] = []
        for first in range(1, times, COPIES_AT_ONCE):
            numbers = range(first, min(first + COPIES_AT_ONCE, times))
            key_bytes = bytes.fromhex("".join(keys.hex_id(32) for _ in numbers))
            self._copies.append(
                Copies(
                    np.frombuffer(key_bytes, dtype=np.uint8).reshape(-1, 16),
                    np.array([self.shifts_ns[number] for number in numbers], dtype=np.int64),
                    [number * pods_per_generation for number in numbers],
                )
            )

    def write(self, file: IO[bytes], text: bytes) -> None:
        """Write all copies of a piece of a file."""
        template = Template(text, self._pods, self._clock)
        for copies in self._copies:
            file.write(template.stamp(copies).data)
