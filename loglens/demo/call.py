"""One request inside one instance: its spans, its log records, and the calls it makes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loglens.demo.chance import Chance
from loglens.demo.engine import MILLISECOND, Exhausted, Steps
from loglens.demo.queries import Failure, Query
from loglens.demo.telemetry import Event, Fields, Kind, Level, Place, Record, Span, Value

if TYPE_CHECKING:
    from loglens.demo.platform import Instance, World

SLOW_QUERY_NS = 500 * MILLISECOND
LONG_WAIT_NS = 5 * MILLISECOND


@dataclass(frozen=True)
class Errand:
    """What is asked of a service: method, route, the values of its path, and on whose behalf."""

    service: str
    method: str
    route: str
    user: str
    values: dict[str, str] = field(default_factory=dict)
    query: str = ""
    trace_id: str = ""
    parent: str = ""
    request_id: str = ""

    @property
    def path(self) -> str:
        """The path with its values filled in."""
        return self.route.format(**self.values)


@dataclass
class Tally:
    """What befell a request: how often each fault had its way with it, and how long it waited for connections."""

    marks: dict[str, int] = field(default_factory=dict)
    waited_ns: int = 0


class Call:
    """The request as the code of a service sees it."""

    def __init__(self, world: World, instance: Instance, errand: Errand, chance: Chance) -> None:
        self.world = world
        self.instance = instance
        self.errand = errand
        self.chance = chance
        self.trace_id = errand.trace_id or world.ids.hex_id(32)
        self.request_id = errand.request_id or f"req-{world.ids.hex_id(16)}"
        self.current = errand.parent
        self.is_traced = errand.service not in world.untraced
        self.in_transaction = False
        self.begun_ns = world.engine.now
        self.tally = Tally()

    def branch(self) -> Call:
        """Return the same request for use in a process that runs beside this one."""
        return copy(self)

    def mark(self, fault: str) -> None:
        """Note that a fault had its way with this request."""
        self.tally.marks[fault] = self.tally.marks.get(fault, 0) + 1

    @contextmanager
    def span(self, name: str, kind: Kind, attributes: Fields) -> Iterator[Span]:
        """Open a span below the current one, for as long as the block runs; a service without tracing leaves none."""
        world, parent = self.world, self.current
        span_id = world.ids.hex_id(16) if self.is_traced else parent
        span = Span(self.trace_id, span_id, parent, self.instance, name, kind, world.engine.now, attributes)
        self.current = span.span_id
        try:
            yield span
        except Failure as failure:
            self.fail(span, failure)
            raise
        finally:
            self.current = parent
            span.end_ns = world.engine.now
            if self.is_traced:
                world.output.spans.append(span)

    def fail(self, span: Span, failure: Failure, stack: str | None = None) -> None:
        """Give a span the status and the exception event of a failure."""
        span.error = failure.message
        span.attributes["error.type"] = failure.kind
        seen: Fields = {"exception.type": failure.kind, "exception.message": failure.message}
        if stack is not None:
            seen["exception.stacktrace"] = stack
        span.events.append(Event(self.world.engine.now, "exception", seen))

    def log(self, level: Level, place: Place, message: str, **fields: Value) -> None:
        """Write a log record with the ids of this request."""
        known: Fields = {"trace_id": self.trace_id, "span_id": self.current} if self.is_traced else {}
        known["request_id"] = self.request_id
        output = self.world.output
        output.records.append(Record(self.world.engine.now, self.instance, level, place, message, known | fields))

    def compute(self, median_ms: float) -> Steps[None]:
        """Spend time in the service's own code."""
        yield int(self.chance.lognormal(median_ms, 0.3) * MILLISECOND)

    def query(self, name: str, parameter: str | None = None, more: Fields | None = None) -> Steps[None]:
        """Run a SQL statement: wait for a connection, then for a core of the database, then for the answer."""
        world, query = self.world, self.world.queries[name]
        if not self.in_transaction:
            yield from self._connect()
        try:
            attributes = _of_database(query.operation, query.text) | (more or {})
            if parameter is not None:
                attributes["db.query.parameter.0"] = parameter
            with self.span(f"{query.operation} {query.table}", Kind.CLIENT, attributes) as span:
                yield from world.database_cores.acquire()
                try:
                    yield from self._execute(query)
                finally:
                    world.database_cores.release()
                self._complain_if_slow(query, world.engine.now - span.start_ns)
        finally:
            if not self.in_transaction:
                self.instance.pool.release()

    def transaction(self, body: Steps[None]) -> Steps[None]:
        """Run steps between BEGIN and COMMIT, all on one connection that is held meanwhile."""
        yield from self._connect()
        self.in_transaction = True
        try:
            yield from self._command("BEGIN")
            try:
                yield from body
            except Failure:
                yield from self._command("ROLLBACK")
                raise
            yield from self._command("COMMIT")
        finally:
            self.in_transaction = False
            self.instance.pool.release()

    def cached(self, key: str) -> Steps[bool]:
        """Look a key up in Redis; say whether it is there."""
        attributes: Fields = {
            "db.system.name": "redis",
            "db.operation.name": "GET",
            "db.query.text": f"GET {key}",
            "server.address": "redis",
        }
        with self.span("GET", Kind.CLIENT, attributes):
            yield int(self.chance.lognormal(0.45, 0.3) * MILLISECOND)
        hit = self.world.redis.has(key)
        outcome = "hit" if hit else "miss"
        self.instance.meter.add(f"{self.instance.module}_cache_hits_total", 1, outcome=outcome)
        return hit

    def ask(self, address: str, method: str, path: str, median_ms: float, spread: float = 0.3) -> Steps[None]:
        """Call something outside the platform over HTTP that always answers."""
        attributes: Fields = {
            "http.request.method": method,
            "url.full": f"http://{address}{path}",
            "server.address": address,
        }
        with self.span(method, Kind.CLIENT, attributes) as span:
            yield int(self.chance.lognormal(median_ms, spread) * MILLISECOND)
            span.attributes["http.response.status_code"] = 200

    def _command(self, text: str) -> Steps[None]:
        with self.span(text, Kind.CLIENT, _of_database(text, text)):
            yield int(self.chance.lognormal(0.5, 0.3) * MILLISECOND)

    def _connect(self) -> Steps[None]:
        world, place = self.world, Place(f"{self.instance.module}.database", "pool", "acquire", 61)
        begun = world.engine.now
        try:
            waited = yield from self.instance.pool.acquire(world.patience.connection_timeout_ns)
        except Exhausted:
            self.tally.waited_ns += world.engine.now - begun
            size = self.instance.pool.capacity
            message = f"QueuePool limit of size {size} overflow 0 reached, connection timed out"
            raise Failure(503, "sqlalchemy.exc.TimeoutError", message) from None
        self.tally.waited_ns += waited
        if waited >= LONG_WAIT_NS:
            self.log(Level.WARN, place, "waited for a database connection", wait_ms=round(waited / MILLISECOND, 1))

    def _execute(self, query: Query) -> Steps[None]:
        now = self.world.engine.now
        factor, failure = query.factor(now), query.failure(now)
        if query.fault is not None and (factor > 1.0 or failure is not None):
            self.mark(query.fault)
        if failure is not None:
            yield int(self.chance.lognormal(1.1, 0.2) * MILLISECOND)
            raise failure
        yield int(self.chance.lognormal(query.median_ms * factor, query.spread) * MILLISECOND)

    def _complain_if_slow(self, query: Query, taken_ns: int) -> None:
        place = Place(f"{self.instance.module}.database", "session", "execute", 118)
        taken_ms = round(taken_ns / MILLISECOND, 1)
        if taken_ns >= SLOW_QUERY_NS:
            self.log(Level.WARN, place, "slow query", sql=query.text, duration_ms=taken_ms)
        elif not self.is_traced:
            self.log(Level.DEBUG, place, "query", sql=query.text, duration_ms=taken_ms)


def _of_database(operation: str, text: str) -> Fields:
    return {
        "db.system.name": "postgresql",
        "db.operation.name": operation,
        "db.query.text": text,
        "server.address": "postgres",
    }
