"""How a service answers a request: a worker slot, the token, the handler, and what is measured about it."""

from __future__ import annotations

from dataclasses import replace

from loglens.demo.call import Call, Errand
from loglens.demo.engine import SECOND, Steps
from loglens.demo.platform import Instance, Served, World
from loglens.demo.queries import Failure
from loglens.demo.telemetry import Fields, Kind, Level, Place, Span

NETWORK_MS = 0.25
UNAVAILABLE = 503


def serve(world: World, errand: Errand) -> Steps[int]:
    """Let a service answer a request; return the HTTP status."""
    instance = world.next_instance(errand.service)
    if instance is None:
        return UNAVAILABLE
    call = Call(world, instance, errand, world.chances[errand.service])
    attributes: Fields = {
        "http.request.method": errand.method,
        "http.route": errand.route,
        "url.path": errand.path,
    }
    if errand.query:
        attributes["url.query"] = errand.query
    if errand.user:
        attributes["user.id"] = errand.user
    with call.span(f"{errand.method} {errand.route}", Kind.SERVER, attributes) as span:
        status = yield from _answer(call, span)
        span.attributes["http.response.status_code"] = status
        _access_record(call, status)
    _measure(call, status)
    keep_served(call, f"{errand.method} {errand.route}", status)
    return status


def keep_served(call: Call, route: str, status: int) -> None:
    """Remember a request that ends now, for the truth."""
    world, begun = call.world, call.begun_ns
    taken, tally = world.engine.now - begun, call.tally
    trace_id = call.trace_id if call.is_traced else ""
    world.output.served.append(
        Served(trace_id, call.errand.service, route, begun, taken, status, tally.marks, tally.waited_ns)
    )


def request(call: Call, errand: Errand) -> Steps[None]:
    """Call another service of the platform; raise Failure when it answers with an error."""
    world = call.world
    port = next(each.deployment.port for each in world.instances if each.service == errand.service)
    attributes: Fields = {
        "http.request.method": errand.method,
        "url.full": f"http://{errand.service}:{port}{errand.path}",
        "server.address": errand.service,
    }
    with call.span(errand.method, Kind.CLIENT, attributes) as span:
        yield from call.compute(NETWORK_MS)
        status = yield from serve(
            world, replace(errand, trace_id=call.trace_id, parent=span.span_id, request_id=call.request_id)
        )
        yield from call.compute(NETWORK_MS)
        span.attributes["http.response.status_code"] = status
        if status >= 400:
            raise Failure(502, "httpx.HTTPStatusError", f"{errand.service} answered {status}")


def _answer(call: Call, span: Span) -> Steps[int]:
    world, errand = call.world, call.errand
    handler = world.handlers[(errand.service, f"{errand.method} {errand.route}")]
    yield from call.instance.workers.acquire()
    try:
        yield from call.compute(1.2)
        if errand.user:
            yield from _check_token(call)
        yield from handler(call)
    except Failure as failure:
        return _failed(call, span, failure)
    finally:
        call.instance.workers.release()
    return 201 if errand.method == "POST" and errand.route.endswith(("conversations", "uploads")) else 200


def _check_token(call: Call) -> Steps[None]:
    world, token = call.world, f"{call.errand.service}:{call.errand.user}"
    if world.tokens.has(token):
        return
    yield from world.keycloak.acquire()
    try:
        yield from call.ask("keycloak", "POST", "/realms/jan/protocol/openid-connect/token/introspect", 9.0)
    finally:
        world.keycloak.release()
    world.tokens.put(token)


def _failed(call: Call, span: Span, failure: Failure) -> int:
    name = call.instance.module
    if failure.status >= 500:
        stack = _stack(call.instance, failure)
        call.fail(span, failure, stack)
        place = Place(f"{name}.errors", "errors", "handle_exception", 27)
        call.log(Level.ERROR, place, "request failed", error_type=failure.kind, error=failure.message, stack=stack)
    call.instance.meter.add(f"{name}_errors_total", 1, type=failure.kind)
    return failure.status


def _stack(instance: Instance, failure: Failure) -> str:
    module = instance.module
    if instance.deployment.language == "go":
        frames = (("server.(*Server).handle", "server/server.go:141"), ("store.(*Store).get", "store/store.go:57"))
        return "\n".join(f"{module}/{function}\n\t/src/{place}" for function, place in frames)
    return (
        "Traceback (most recent call last):\n"
        f'  File "/app/{module}/server.py", line 88, in dispatch\n    return await handler(request)\n'
        f'  File "/app/{module}/store.py", line 57, in fetch_one\n    row = await connection.fetchrow(sql, *values)\n'
        f"{failure.kind}: {failure.message}"
    )


def _access_record(call: Call, status: int) -> None:
    errand = call.errand
    fields: Fields = {
        "method": errand.method,
        "path": f"{errand.path}?{errand.query}" if errand.query else errand.path,
        "status": status,
        "duration_ns": call.world.engine.now - call.begun_ns,
    }
    if errand.user:
        fields["user_id"] = errand.user
    level = Level.ERROR if status >= 500 else Level.WARN if status >= 400 else Level.INFO
    module = "access" if call.instance.deployment.language == "python" else "server/access.go"
    call.log(level, Place(f"{call.instance.module}.access", module, "log_request", 42), "request finished", **fields)


def _measure(call: Call, status: int) -> None:
    if call.errand.route != "/health":
        name, meter = call.instance.module, call.instance.meter
        meter.add(f"{name}_requests_total", 1, method=call.errand.method, status=status)
        meter.record(f"{name}_request_duration_seconds", (call.world.engine.now - call.begun_ns) / SECOND)
