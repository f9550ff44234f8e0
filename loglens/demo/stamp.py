"""Copies of a finished run with fresh ids, pods and times, made as fast as memory can be written.

A copy is another platform of the same kind: the same requests, each shifted by the same part of a second, under
other trace, span and request ids, in other pods. What has to change is found once in the text; the copies are then
stamped out with NumPy, several at a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from loglens.demo.engine import SECOND
from loglens.demo.platform import pod_suffix

if TYPE_CHECKING:
    import numpy as np

    Bytes = np.ndarray[Any, np.dtype[np.uint8]]
    Integers = np.ndarray[Any, np.dtype[np.int64]]

LONG_ID = re.compile(rb'"([0-9a-f]{32})"')
SHORT_ID = re.compile(rb'"(?:req-)?([0-9a-f]{16})"')
EPOCH_NS = re.compile(rb'UnixNano":"(1\d{18})"')
EPOCH_S = re.compile(rb'"ts":(1\d{9}\.\d{6})')
ISO = {digits: re.compile(rb'"(20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{%d})[Z"]' % digits) for digits in (3, 6, 9)}
POD = re.compile(rb'-[0-9a-f]{10}-([a-z0-9]{5})"')


@dataclass(frozen=True)
class Copies:
    """What sets several copies apart: 16 bytes to change ids by, nanoseconds to shift by, pods to count on by."""

    keys: Bytes
    shifts_ns: Integers
    pods: Sequence[int]


class Template:
    """A piece of a file, with the places where a copy differs."""

    def __init__(self, text: bytes, pod_numbers: dict[str, int], clock: Clock) -> None:
        import numpy as np

        self._text = np.frombuffer(text, dtype=np.uint8)
        self._clock = clock
        self._long = _ids(LONG_ID, text)
        self._short = _ids(SHORT_ID, text)
        self._nanoseconds = _places(EPOCH_NS, text, int)
        self._seconds = _places(EPOCH_S, text, lambda found: int(found.replace(b".", b"")) * 1000)
        self._iso = {digits: _places(pattern, text, _read_iso) for digits, pattern in ISO.items()}
        pods = [(match.start(1), pod_numbers[match.group(1).decode()]) for match in POD.finditer(text)]
        self._pods = np.array([start for start, _ in pods], dtype=np.int64)
        self._pod_numbers = [number for _, number in pods]

    def stamp(self, copies: Copies) -> Bytes:
        """Return the copies one after the other."""
        import numpy as np

        count = len(copies.shifts_ns)
        out = np.empty((count, self._text.size), dtype=np.uint8)
        out[:] = self._text
        for offsets, values in (self._long, self._short):
            if not offsets.size:
                continue
            fresh = values[None] ^ copies.keys[:, None, : values.shape[-1]]
            _put(out, offsets, self._clock.hexadecimal[fresh].reshape(count, offsets.size, -1))
        shifts = copies.shifts_ns[:, None]
        offsets, times = self._nanoseconds
        _put(out, offsets, self._clock.digits(times + shifts))
        offsets, times = self._seconds
        _put(out, offsets, self._clock.epoch_seconds(times + shifts))
        for digits, (offsets, times) in self._iso.items():
            _put(out, offsets, self._clock.iso(times + shifts, digits))
        self._put_pods(out, copies)
        return out.reshape(-1)

    def _put_pods(self, out: Bytes, copies: Copies) -> None:
        import numpy as np

        if not self._pod_numbers:
            return
        for row, step in enumerate(copies.pods):
            names = {number: pod_suffix(number + step).encode() for number in set(self._pod_numbers)}
            text = b"".join(names[number] for number in self._pod_numbers)
            _put(out[row : row + 1], self._pods, np.frombuffer(text, dtype=np.uint8).reshape(1, -1, 5))


class Clock:
    """Tables that turn numbers and times into digits."""

    def __init__(self, start_ns: int, end_ns: int) -> None:
        import numpy as np

        self._start_ns = start_ns
        self.hexadecimal = np.frombuffer(bytes(range(256)).hex().encode(), dtype=np.uint8).reshape(256, 2)
        five = np.arange(100_000)[:, None] // 10 ** np.arange(4, -1, -1) % 10
        self._five = (five + ord("0")).astype(np.uint8)
        seconds = range(start_ns // SECOND, end_ns // SECOND + 1)
        texts = [datetime.fromtimestamp(each, UTC).strftime("%Y-%m-%dT%H:%M:%S.") for each in seconds]
        self._texts = np.frombuffer("".join(texts).encode(), dtype=np.uint8).reshape(-1, 20)

    def digits(self, values: Integers) -> Bytes:
        """Return the 19 digits of nanoseconds since the epoch, along a new last axis."""
        import numpy as np

        out = np.empty((*values.shape, 20), dtype=np.uint8)
        for end in (20, 15, 10, 5):
            values, group = np.divmod(values, 100_000)
            out[..., end - 5 : end] = self._five[group]
        return out[..., 1:]

    def epoch_seconds(self, values: Integers) -> Bytes:
        """Return seconds since the epoch with a point and six digits, along a new last axis."""
        import numpy as np

        digits = self.digits(values)
        point = np.full((*values.shape, 1), ord("."), dtype=np.uint8)
        return np.concatenate((digits[..., :10], point, digits[..., 10:16]), axis=-1)

    def iso(self, values: Integers, digits: int) -> Bytes:
        """Return the date and time with that many digits after the point, along a new last axis."""
        import numpy as np

        seconds = self._texts[(values - self._start_ns) // SECOND]
        return np.concatenate((seconds, self.digits(values)[..., 10 : 10 + digits]), axis=-1)


def _ids(pattern: re.Pattern[bytes], text: bytes) -> tuple[Integers, Bytes]:
    import numpy as np

    found = [(match.start(1), match.group(1)) for match in pattern.finditer(text)]
    values = np.frombuffer(bytes.fromhex(b"".join(each for _, each in found).decode()), dtype=np.uint8)
    width = len(found[0][1]) // 2 if found else 1
    return np.array([start for start, _ in found], dtype=np.int64), values.reshape(-1, width)


def _places(pattern: re.Pattern[bytes], text: bytes, read: Callable[[bytes], int]) -> tuple[Integers, Integers]:
    import numpy as np

    found = [(match.start(1), read(match.group(1))) for match in pattern.finditer(text)]
    starts, values = ([start for start, _ in found], [value for _, value in found])
    return np.array(starts, dtype=np.int64), np.array(values, dtype=np.int64)


def _read_iso(text: bytes) -> int:
    whole, fraction = text.decode().split(".")
    seconds = int(datetime.fromisoformat(whole + "+00:00").timestamp())
    return seconds * SECOND + int(fraction.ljust(9, "0"))


def _put(out: Bytes, offsets: Integers, texts: Bytes) -> None:
    """Write texts of one width at the offsets of every row; each text is moved as one element."""
    import numpy as np

    if not offsets.size:
        return
    width = texts.shape[-1]
    element = np.dtype((np.void, width))
    rows, length = out.shape
    target = np.ndarray((rows, length - width + 1), dtype=element, buffer=out, strides=(out.strides[0], 1))
    target[:, offsets] = np.ascontiguousarray(texts).view(element)[..., 0]
