"""An agent loop: a model is asked, a tool is used, the model is asked again with what the tool said.

POST /v1/agents
  chat jan-v1-4b
  mcp-tools POST /v1/tools/{tool}/call   ┐
  chat jan-v1-4b                         ┘ each turn needs the one before it
"""

from __future__ import annotations

from loglens.demo.call import Call, Errand
from loglens.demo.engine import MILLISECOND, Steps
from loglens.demo.faults.fault import Fault, Window, repeats
from loglens.demo.platform import World
from loglens.demo.queries import Failure
from loglens.demo.services.response_api import TOOLS
from loglens.demo.serving import request
from loglens.demo.telemetry import Fields, Kind
from loglens.demo.traffic import Flow, add_route

KIND = "agent_loop"
MODEL = "jan-v1-4b"
FLOW = Flow("response-api", "POST", "/v1/agents", 1.2)
FEWEST, MOST = 5, 8


def plant(world: World, _window: Window) -> None:
    """Add the route."""
    chance = world.chance(KIND)

    def think(call: Call, turn: int) -> Steps[None]:
        attributes: Fields = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "vllm",
            "gen_ai.request.model": MODEL,
            "gen_ai.usage.input_tokens": 380 + 240 * turn,
            "server.address": "vllm",
        }
        with call.span(f"chat {MODEL}", Kind.CLIENT, attributes):
            yield int(chance.lognormal(210.0, 0.2) * MILLISECOND)

    def use_tool(call: Call) -> Steps[None]:
        try:
            tool = {"tool": chance.pick(TOOLS)}
            yield from request(call, Errand("mcp-tools", "POST", "/v1/tools/{tool}/call", call.errand.user, tool))
        except Failure:
            yield from call.compute(1.0)

    def run_agent(call: Call) -> Steps[None]:
        with call.span("agent.run", Kind.INTERNAL, {}):
            for turn in range(FEWEST + chance.below(MOST - FEWEST + 1)):
                call.mark(KIND)
                yield from think(call, turn)
                yield from use_tool(call)
            yield from think(call, MOST)

    add_route(world, FLOW, run_agent)


LOOK_ALIKE = Fault(
    kind=KIND,
    service=FLOW.service,
    route=f"{FLOW.method} {FLOW.route}",
    done="An agent asks the model and uses a tool in turns; each turn needs the answer of the one before.",
    plant=plant,
    evidence=repeats(KIND, model=MODEL),
)
