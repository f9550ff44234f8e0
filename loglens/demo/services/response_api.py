"""response-api: runs an agent over the model and the tools, and keeps its answers."""

from __future__ import annotations

from loglens.demo.call import Call, Errand
from loglens.demo.engine import SECOND, Steps
from loglens.demo.platform import Handler
from loglens.demo.queries import Failure
from loglens.demo.services.health import HEALTH
from loglens.demo.serving import request
from loglens.demo.telemetry import Kind, Level, Place

SERVICE = "response-api"
TOOLS = ("web_search", "web_search", "fetch_page", "run_code")

AGENT = Place("response_api.agent", "agent", "run", 134)


def create_response(call: Call) -> Steps[None]:
    """Let the tools gather what the model needs, ask the model, keep the answer."""
    with call.span("agent.run", Kind.INTERNAL, {}):
        tools = [call.chance.pick(TOOLS) for _ in range(call.chance.below(3))]
        yield from call.world.engine.all_of(_use_tool(call.branch(), tool) for tool in tools)
        yield from call.compute(4.0)
        model = Errand("llm-api", "POST", "/v1/chat/completions", call.errand.user)
        yield from request(call, model)
    yield from call.query("new_response")
    created = f"resp_{call.world.ids.hex_id(24)}"
    call.world.responses.insert(0, created)
    meter = call.instance.meter
    meter.add("response_api_generations_total")
    meter.record("response_api_generation_duration_seconds", (call.world.engine.now - call.begun_ns) / SECOND)
    call.log(Level.INFO, AGENT, "response created", response_id=created, tools=len(tools))


def _use_tool(call: Call, tool: str) -> Steps[None]:
    errand = Errand("mcp-tools", "POST", "/v1/tools/{tool}/call", call.errand.user, {"tool": tool})
    try:
        yield from request(call, errand)
    except Failure as failure:
        call.log(Level.WARN, AGENT, "tool failed, going on without it", tool=tool, error=failure.message)


def get_response(call: Call) -> Steps[None]:
    """Answer from Redis, else from the database."""
    key = f"resp:{call.errand.values['response_id']}"
    hit = yield from call.cached(key)
    if not hit:
        yield from call.query("response")
        call.world.redis.put(key)
    yield from call.compute(8.0)


ROUTES: dict[str, Handler] = HEALTH | {
    "POST /v1/responses": create_response,
    "GET /v1/responses/{response_id}": get_response,
}
