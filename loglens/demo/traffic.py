"""Who asks what: the flows of requests that arrive from outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from loglens.demo.call import Errand
from loglens.demo.chance import Chance
from loglens.demo.engine import MINUTE, Steps
from loglens.demo.platform import START_NS, Handler, World
from loglens.demo.serving import serve

WAVE_NS = 20 * MINUTE
UNKNOWN_SHARE = 0.012


@dataclass(frozen=True)
class PathValue:
    """The value in a path: its name, and the ids that exist."""

    name: str
    known: Callable[[World], Sequence[str]]


@dataclass(frozen=True)
class Flow:
    """Requests to one route from outside; `query` is the text after the question mark."""

    service: str
    method: str
    route: str
    per_minute: float
    value: PathValue | None = None
    query: str = ""


@dataclass(frozen=True)
class Surge:
    """A time in which so many times the usual requests arrive."""

    start_ns: int
    end_ns: int
    times: float

    def at(self, now_ns: int) -> float:
        """Return how many times the usual requests arrive now."""
        return self.times if self.start_ns <= now_ns < self.end_ns else 1.0


NO_SURGE = Surge(0, 0, 1.0)

CONVERSATION = PathValue("conversation_id", lambda world: world.conversations)
RESPONSE = PathValue("response_id", lambda world: world.responses)
MEDIA = PathValue("media_id", lambda world: world.media)

FLOWS = (
    Flow("llm-api", "POST", "/v1/chat/completions", 9.0),
    Flow("llm-api", "GET", "/v1/conversations/{conversation_id}", 10.4, CONVERSATION),
    Flow("llm-api", "GET", "/v1/conversations/{conversation_id}/messages", 1.1, CONVERSATION),
    Flow("llm-api", "GET", "/v1/messages/search", 9.2, query="role=assistant&days=7"),
    Flow("llm-api", "POST", "/v1/conversations", 1.2),
    Flow("response-api", "POST", "/v1/responses", 1.8),
    Flow("response-api", "GET", "/v1/responses/{response_id}", 9.3, RESPONSE),
    Flow("media-api", "POST", "/v1/media/uploads", 1.6),
    Flow("media-api", "GET", "/v1/media/{media_id}", 1.8, MEDIA),
)


def start_traffic(world: World) -> None:
    """Start every flow of the platform."""
    retries = world.chance("retries")
    for flow in FLOWS:
        _start(world, flow, retries)


def add_route(world: World, flow: Flow, handler: Handler, surge: Surge = NO_SURGE) -> None:
    """Give a service one more route, and start the requests to it."""
    world.handlers[(flow.service, f"{flow.method} {flow.route}")] = handler
    _start(world, flow, world.chance(f"retries {flow.method} {flow.route}"), surge)


def _start(world: World, flow: Flow, retries: Chance, surge: Surge = NO_SURGE) -> None:
    chance = world.chance(f"traffic {flow.method} {flow.route}")
    world.engine.start(_arrivals(world, flow, chance, retries, surge))


def _arrivals(world: World, flow: Flow, chance: Chance, retries: Chance, surge: Surge) -> Steps[None]:
    """Let requests arrive as a Poisson process whose rate swings gently; drawn at the highest rate, then thinned."""
    engine, highest = world.engine, 1.25 * surge.times
    while True:
        yield int(chance.exponential(MINUTE / (flow.per_minute * highest)))
        if engine.now >= world.end_ns:
            return
        phase = (engine.now - START_NS) % WAVE_NS / WAVE_NS
        wanted = (0.75 + 0.5 * abs(1.0 - 2.0 * phase)) * surge.at(engine.now)
        if chance.happens(wanted / highest):
            engine.start(_visit(world, _errand(world, flow, chance), retries))


def _errand(world: World, flow: Flow, chance: Chance) -> Errand:
    values: dict[str, str] = {}
    if flow.value is not None:
        found = chance.popular(flow.value.known(world))
        unknown = f"{found.split('_')[0]}_{chance.hex_id(12)}"
        missing = flow.value is CONVERSATION and chance.happens(UNKNOWN_SHARE)
        values[flow.value.name] = unknown if missing else found
    return Errand(flow.service, flow.method, flow.route, chance.popular(world.users), values, flow.query)


def _visit(world: World, errand: Errand, retries: Chance) -> Steps[None]:
    """Ask once, and perhaps once more when the platform failed."""
    status = yield from serve(world, errand)
    if status >= 500 and retries.happens(world.patience.client_retry_share):
        yield int(world.patience.client_wait_ns * (0.7 + 0.6 * retries.uniform()))
        yield from serve(world, errand)
