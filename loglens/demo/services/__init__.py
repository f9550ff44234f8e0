"""The routes of the platform: what each service does to answer."""

from __future__ import annotations

from loglens.demo.platform import World
from loglens.demo.services import llm_api, mcp_tools, media_api, media_worker, response_api

ALL = (llm_api, response_api, media_api, mcp_tools, media_worker)


def install(world: World) -> None:
    """Give a platform the handlers of all its routes and start its workers."""
    for service in ALL:
        for route, handler in service.ROUTES.items():
            world.handlers[(service.SERVICE, route)] = handler
    media_worker.start(world)
