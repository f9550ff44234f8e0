"""An N+1 in a service without tracing: only its statement log tells of it.

media-api GET /v1/albums/{media_id}
  query  SELECT … FROM media WHERE album_id = $1
  query  SELECT … FROM tags WHERE media_id = $1   ┐
  query  SELECT … FROM tags WHERE media_id = $1   ┘ once for each picture, under the same request id
"""

from __future__ import annotations

from loglens.demo.call import Call
from loglens.demo.engine import Steps
from loglens.demo.faults.fault import Fault, Window, repeats
from loglens.demo.platform import World
from loglens.demo.queries import Query
from loglens.demo.traffic import MEDIA, Flow, add_route

KIND = "n_plus_one_log_only"
ALBUM = f"{KIND} album"
STATEMENT = "SELECT name FROM tags WHERE media_id = $1"
FLOW = Flow("media-api", "GET", "/v1/albums/{media_id}", 1.2, MEDIA)
FEWEST, MOST = 6, 16


def plant(world: World, _window: Window) -> None:
    """Take the tracing from the service and add the route."""
    chance = world.chance(KIND)
    world.untraced.add(FLOW.service)
    world.queries[ALBUM] = Query("SELECT id, key, mime FROM media WHERE album_id = $1", 4.6)
    world.queries[KIND] = Query(STATEMENT, 2.7)

    def one_by_one(call: Call) -> Steps[None]:
        yield from call.query(ALBUM)
        for _ in range(FEWEST + chance.below(MOST - FEWEST + 1)):
            call.mark(KIND)
            yield from call.query(KIND)
            yield from call.compute(0.3)

    add_route(world, FLOW, one_by_one)


FAULT = Fault(
    kind=KIND,
    service=FLOW.service,
    route=f"{FLOW.method} {FLOW.route}",
    done="The tags of an album are loaded picture by picture, in a service that has no tracing and logs statements.",
    plant=plant,
    evidence=repeats(KIND, statement=STATEMENT),
    findings=(("n_plus_one",),),
)
