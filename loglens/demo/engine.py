"""The clock of the simulation: processes that wait, resources with capacity, and queues."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from heapq import heappop, heappush
from typing import Any, TypeVar

MICROSECOND = 1_000
MILLISECOND = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND

Result = TypeVar("Result")
Steps = Generator["int | Signal", Any, Result]


class Signal:
    """Something that happens once; processes that yield it go on when it does."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.fired = False
        self.value: object = None
        self.waiters: list[Steps[Any]] = []

    def fire(self, value: object = None) -> None:
        """Let it happen, at most once; the value is what the waiting processes receive."""
        if self.fired:
            return
        self.fired, self.value = True, value
        for process in self.waiters:
            self._engine.resume(process, 0, value)
        self.waiters.clear()


class Engine:
    """Runs processes in the order of simulated time.

    A process is a generator: it yields the nanoseconds to sleep, or a `Signal` to wait for.
    """

    def __init__(self, start_ns: int) -> None:
        self.now = start_ns
        self._agenda: list[tuple[int, int, Steps[Any], object]] = []
        self._sequence = 0

    def resume(self, process: Steps[Any], delay_ns: int, value: object = None) -> None:
        """Let a process take its next step after a delay."""
        self._sequence += 1
        heappush(self._agenda, (self.now + delay_ns, self._sequence, process, value))

    def start(self, process: Steps[Any], delay_ns: int = 0) -> None:
        """Start a process after a delay."""
        self.resume(process, delay_ns)

    def call_at(self, at_ns: int, action: Callable[[], None]) -> None:
        """Call a function at a time; the way a fault is switched on and off."""

        def process() -> Steps[None]:
            action()
            yield from ()

        self.start(process(), at_ns - self.now)

    def all_of(self, processes: Iterable[Steps[None]]) -> Steps[None]:
        """Run processes side by side and wait for all; the first failure is raised when the last has ended."""
        done = Signal(self)
        running = list(processes)
        failures: list[Exception] = []
        left = len(running)

        def watch(process: Steps[None]) -> Steps[None]:
            nonlocal left
            try:
                yield from process
            except Exception as failure:
                failures.append(failure)
            left -= 1
            if not left:
                done.fire()

        for process in running:
            self.start(watch(process))
        if running:
            yield done
        if failures:
            raise failures[0]

    def run(self) -> None:
        """Run until nothing is left to do."""
        while self._agenda:
            self.now, _, process, value = heappop(self._agenda)
            try:
                wait = process.send(value)
            except StopIteration:
                continue
            if isinstance(wait, int):
                self.resume(process, wait)
            elif wait.fired:
                self.resume(process, 0, wait.value)
            else:
                wait.waiters.append(process)


class Exhausted(Exception):
    """Nothing became free within the time allowed."""


class Resource:
    """Something of which only so many can be used at a time: connections, cores, workers; first come, first served."""

    def __init__(self, engine: Engine, capacity: int) -> None:
        self._engine = engine
        self.capacity = capacity
        self.in_use = 0
        self._queue: deque[Signal] = deque()

    @property
    def waiting(self) -> int:
        """How many processes wait for one."""
        return sum(not ticket.fired for ticket in self._queue)

    def acquire(self, timeout_ns: int | None = None) -> Steps[int]:
        """Take one, waiting if none is free; return the nanoseconds waited; raise Exhausted after the timeout."""
        if self.in_use < self.capacity:
            self.in_use += 1
            return 0
        since, ticket = self._engine.now, Signal(self._engine)
        self._queue.append(ticket)
        if timeout_ns is not None:
            self._engine.call_at(since + timeout_ns, lambda: ticket.fire(False))
        granted = yield ticket
        if not granted:
            raise Exhausted
        return self._engine.now - since

    def release(self) -> None:
        """Give one back; it goes to the process that has waited longest."""
        while self._queue:
            ticket = self._queue.popleft()
            if not ticket.fired:
                ticket.fire(True)
                return
        self.in_use -= 1


class Mailbox:
    """A queue of messages between processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.messages: deque[object] = deque()
        self._readers: deque[Signal] = deque()

    @property
    def depth(self) -> int:
        """How many messages wait for a reader."""
        return len(self.messages)

    def put(self, message: object) -> None:
        """Add a message; the reader that has waited longest receives it."""
        if self._readers:
            self._readers.popleft().fire(message)
        else:
            self.messages.append(message)

    def get(self) -> Steps[object]:
        """Take the oldest message, waiting for one if there is none."""
        if self.messages:
            return self.messages.popleft()
        reader = Signal(self._engine)
        self._readers.append(reader)
        return (yield reader)
