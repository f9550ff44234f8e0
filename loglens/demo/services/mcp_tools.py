"""mcp-tools: runs the tools an agent may call."""

from __future__ import annotations

from loglens.demo.call import Call
from loglens.demo.engine import Steps
from loglens.demo.platform import Handler
from loglens.demo.queries import Failure
from loglens.demo.services.health import HEALTH
from loglens.demo.telemetry import Level, Place

SERVICE = "mcp-tools"
TOOLS = Place("tools", "tools", "Call", 77)


def call_tool(call: Call) -> Steps[None]:
    """Ask the search engine, a web page, or the sandbox."""
    tool = call.errand.values["tool"]
    if tool == "web_search":
        yield from call.ask("searxng", "GET", "/search", 180.0, 0.45)
    elif tool == "fetch_page":
        yield from call.ask("example.org", "GET", "/", 140.0, 0.5)
        if call.chance.happens(0.02):
            raise Failure(504, "context.DeadlineExceeded", "page did not answer in time")
    else:
        yield from call.ask("sandbox", "POST", "/run", 110.0, 0.4)
    call.log(Level.INFO, TOOLS, "tool finished", tool=tool)


ROUTES: dict[str, Handler] = HEALTH | {"POST /v1/tools/{tool}/call": call_tool}
