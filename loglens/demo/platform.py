"""The simulated platform: services with their instances, and what they share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from loglens.demo.chance import Chance
from loglens.demo.engine import MINUTE, SECOND, Engine, Mailbox, Resource, Steps
from loglens.demo.queries import all_queries
from loglens.demo.telemetry import Health, Level, Meter, Place, Record, Scrape, Span, Value

if TYPE_CHECKING:
    from loglens.demo.call import Call

START_NS = 1_768_467_600 * SECOND  # 2026-01-15T09:00:00Z
VERSION = "v0.0.14"
POD_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
POD_SUFFIXES = len(POD_LETTERS) ** 5

STARTING = Place("main", "main", "main", 21)

Handler = Callable[["Call"], Steps[None]]


@cache
def pod_suffix(number: int) -> str:
    """Return the last five letters of the name of the pod with that number; no two numbers share them."""
    rest, letters = (number + 1) * 5_038_849 % POD_SUFFIXES, ""
    for _ in range(5):
        rest, letter = divmod(rest, len(POD_LETTERS))
        letters += POD_LETTERS[letter]
    return letters


@dataclass(frozen=True)
class Deployment:
    """How one service is run."""

    service: str
    port: int
    language: str
    replica_set: str
    replicas: int
    workers: int
    connections: int


DEPLOYMENTS = (
    Deployment("llm-api", 8080, "python", "6c9d5f7b84", 2, 16, 2),
    Deployment("response-api", 8082, "python", "7f4b8c6d59", 2, 16, 3),
    Deployment("media-api", 8285, "go", "5d8f7c9b64", 2, 16, 3),
    Deployment("mcp-tools", 8091, "go", "84c6b5d9f7", 2, 16, 2),
    Deployment("media-worker", 8286, "go", "9b7d6f4c58", 1, 2, 2),
)


@dataclass
class Instance:
    """One running pod: its worker slots, its connection pool and what it measures."""

    deployment: Deployment
    number: int
    workers: Resource
    pool: Resource
    started_ns: int
    version: str = VERSION
    memory_bytes: int = 192_000_000
    meter: Meter = field(default_factory=Meter)

    @property
    def service(self) -> str:
        """The service it is an instance of."""
        return self.deployment.service

    @property
    def module(self) -> str:
        """The service as it is spelled in module, logger and metric names."""
        return self.service.replace("-", "_")

    @property
    def pod(self) -> str:
        """The name of the pod."""
        return f"{self.service}-{self.deployment.replica_set}-{pod_suffix(self.number)}"


@dataclass(frozen=True)
class Served:
    """One request a service answered; `marks` counts, by fault, how often the fault had its way with it.

    `trace_id` is empty where the service has no tracing.
    """

    trace_id: str
    service: str
    route: str
    start_ns: int
    duration_ns: int
    status: int
    marks: dict[str, int]
    waited_ns: int


class Cache:
    """Keys that expire: Redis, and the tokens a service keeps after Keycloak has confirmed them."""

    def __init__(self, engine: Engine, keep_ns: int) -> None:
        self._engine = engine
        self._keep_ns = keep_ns
        self._until: dict[str, int] = {}

    def has(self, key: str) -> bool:
        """Say whether the key is there."""
        return self._until.get(key, 0) > self._engine.now

    def put(self, key: str) -> None:
        """Keep the key for its time."""
        self._until[key] = self._engine.now + self._keep_ns


@dataclass
class Output:
    """Everything a run leaves behind, in the order it happened."""

    spans: list[Span] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    scrapes: list[Scrape] = field(default_factory=list)
    health: list[Health] = field(default_factory=list)
    served: list[Served] = field(default_factory=list)


@dataclass
class Patience:
    """Who tries again after a failure, and how often; a fault may make them less patient."""

    client_retry_share: float = 0.5
    client_wait_ns: int = SECOND
    upstream_attempts: int = 3
    upstream_wait_ns: int = SECOND // 4
    connection_timeout_ns: int = 5 * SECOND


class World:
    """One complete platform with its own database, seen over the given minutes.

    A fault changes it by replacing a handler, a query's cost or failure, by holding a resource, by taking an
    instance away, by starting a process on the engine, or by naming a service in `untraced`: that one leaves
    no spans, and logs its statements instead.
    """

    def __init__(self, seed: str, minutes: int, first_pod: int) -> None:
        self._seed = seed
        self.engine = Engine(START_NS)
        self.end_ns = START_NS + minutes * MINUTE
        self.output = Output()
        self.patience = Patience()
        self.untraced: set[str] = set()
        self.ids = self.chance("ids")
        self.chances = {each.service: self.chance(each.service) for each in DEPLOYMENTS}
        self.queries = all_queries()
        self.handlers: dict[tuple[str, str], Handler] = {}
        self.instances = self._deploy(first_pod)
        self.ready = {
            each.service: [instance for instance in self.instances if instance.service == each.service]
            for each in DEPLOYMENTS
        }
        self.database_cores = Resource(self.engine, 4)
        self.keycloak = Resource(self.engine, 4)
        self.upstream_llm = Resource(self.engine, 12)
        self.redis = Cache(self.engine, 5 * MINUTE)
        self.tokens = Cache(self.engine, 15 * MINUTE)
        self.queue = Mailbox(self.engine)
        self.users = [f"usr_{self.ids.hex_id(8)}" for _ in range(40)]
        self.conversations = [f"conv_{self.ids.hex_id(12)}" for _ in range(150)]
        self.responses = [f"resp_{self.ids.hex_id(24)}" for _ in range(150)]
        self.media = [f"media_{self.ids.hex_id(12)}" for _ in range(80)]

    def chance(self, purpose: str) -> Chance:
        """Return the stream of random numbers for a purpose."""
        return Chance(self._seed, purpose)

    def next_instance(self, service: str) -> Instance | None:
        """Return the ready instance whose turn it is, as a load balancer does; None when there is none."""
        ready = self.ready[service]
        if not ready:
            return None
        ready.append(ready.pop(0))
        return ready[-1]

    def note(self, instance: Instance, level: Level, place: Place, message: str, **fields: Value) -> None:
        """Write a log record that belongs to no request."""
        self.output.records.append(Record(self.engine.now, instance, level, place, message, fields))

    def standing(self, instance: Instance) -> Instance | None:
        """Return the instance as it runs now, perhaps started anew; None while it is gone."""
        return next((each for each in self.ready[instance.service] if each.number == instance.number), None)

    def take_away(self, instance: Instance, from_ns: int, until_ns: int, version: str = VERSION) -> None:
        """Let an instance be gone for a time; what it has in work ends as if it were there. Then it starts anew."""
        ready = self.ready[instance.service]

        def stop() -> None:
            ready[:] = [each for each in ready if each.number != instance.number]

        def start() -> None:
            anew = replace(instance, started_ns=until_ns, version=version, meter=Meter())
            self.note(anew, Level.INFO, STARTING, "server starting", version=version)
            ready.append(anew)

        self.engine.call_at(from_ns, stop)
        self.engine.call_at(until_ns, start)

    def _deploy(self, first_pod: int) -> list[Instance]:
        instances: list[Instance] = []
        uptime = self.chance("uptime")
        for each in DEPLOYMENTS:
            for _ in range(each.replicas):
                number = first_pod + len(instances)
                workers, pool = Resource(self.engine, each.workers), Resource(self.engine, each.connections)
                started = START_NS - (3_600 + uptime.below(260_000)) * SECOND
                instances.append(Instance(each, number, workers, pool, started))
        return instances


PODS_PER_WORLD = sum(each.replicas for each in DEPLOYMENTS)
