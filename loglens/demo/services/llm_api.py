"""llm-api: conversations, messages, and completions from the upstream model."""

from __future__ import annotations

from loglens.demo.call import Call
from loglens.demo.engine import MILLISECOND, Steps
from loglens.demo.platform import Handler
from loglens.demo.queries import Failure
from loglens.demo.services.health import HEALTH
from loglens.demo.telemetry import Fields, Kind, Level, Place

SERVICE = "llm-api"
MODELS = ("jan-v1-4b", "jan-v1-4b", "jan-v1-4b", "qwen3-30b-a3b")
BUSY_SHARE = 0.012

CACHE = Place("llm_api.cache", "cache", "get_conversation", 33)
COMPLETIONS = Place("llm_api.completions", "completions", "create", 96)
CONVERSATIONS = Place("llm_api.conversations", "conversations", "create", 52)


def complete_chat(call: Call) -> Steps[None]:
    """Load the history, ask the model, keep the answer."""
    yield from call.query("history")
    yield from call.compute(6.0)
    model = call.chance.pick(MODELS)
    prompt = 40 + int(call.chance.lognormal(420, 0.6))
    produced = min(320, 8 + int(call.chance.lognormal(95, 0.5)))
    yield from _ask_model(call, model, prompt, produced)
    yield from call.query("new_message")
    call.instance.meter.add("llm_api_tokens_processed_total", prompt + produced)
    call.instance.meter.add("llm_api_messages_total")
    call.log(Level.INFO, COMPLETIONS, "completion finished", model=model, input_tokens=prompt, output_tokens=produced)


def _ask_model(call: Call, model: str, prompt: int, produced: int) -> Steps[None]:
    patience = call.world.patience
    for attempt in range(patience.upstream_attempts):
        try:
            yield from _generate(call, model, prompt, produced, attempt)
        except Failure as failure:
            if attempt + 1 == patience.upstream_attempts:
                raise
            wait = patience.upstream_wait_ns << attempt
            call.log(Level.WARN, COMPLETIONS, "upstream busy, trying again", attempt=attempt + 1, error=failure.message)
            yield int(wait * (0.5 + call.chance.uniform()))
        else:
            return


def _generate(call: Call, model: str, prompt: int, produced: int, attempt: int) -> Steps[None]:
    world = call.world
    attributes: Fields = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "vllm",
        "gen_ai.request.model": model,
        "server.address": "vllm",
    }
    if attempt:
        attributes["http.request.resend_count"] = attempt
    with call.span(f"chat {model}", Kind.CLIENT, attributes) as span:
        yield from world.upstream_llm.acquire()
        try:
            if call.chance.happens(BUSY_SHARE):
                yield from call.compute(14.0)
                raise Failure(502, "openai.RateLimitError", "upstream model answered 429 Too Many Requests")
            first_token_ms = 90.0 + prompt * 0.09
            yield int(call.chance.lognormal(first_token_ms + produced * 5.2, 0.12) * MILLISECOND)
        finally:
            world.upstream_llm.release()
        span.attributes |= {"gen_ai.usage.input_tokens": prompt, "gen_ai.usage.output_tokens": produced}


def get_conversation(call: Call) -> Steps[None]:
    """Answer from Redis, else from the database."""
    key = f"conv:{call.errand.values['conversation_id']}"
    hit = yield from call.cached(key)
    if not hit:
        call.log(Level.DEBUG, CACHE, "cache miss", key=key)
        yield from call.query("conversation")
        call.world.redis.put(key)
    yield from call.compute(7.0)
    if call.errand.values["conversation_id"] not in call.world.conversations:
        raise Failure(404, "NotFound", "no such conversation")


def create_conversation(call: Call) -> Steps[None]:
    """Insert a conversation."""
    yield from call.compute(3.0)
    yield from call.query("new_conversation")
    created = f"conv_{call.world.ids.hex_id(12)}"
    call.world.conversations.insert(0, created)
    call.instance.meter.add("llm_api_conversations_total")
    call.log(Level.INFO, CONVERSATIONS, "conversation created", conversation_id=created)


def search_messages(call: Call) -> Steps[None]:
    """Find the recent messages of a role, over all conversations."""
    yield from call.query("search")
    yield from call.compute(8.0)


def list_messages(call: Call) -> Steps[None]:
    """Load a page of messages, and their attachments in one statement."""
    yield from call.query("page")
    yield from call.query("attachments")
    yield from call.compute(9.0)


ROUTES: dict[str, Handler] = HEALTH | {
    "POST /v1/chat/completions": complete_chat,
    "GET /v1/conversations/{conversation_id}": get_conversation,
    "POST /v1/conversations": create_conversation,
    "GET /v1/messages/search": search_messages,
    "GET /v1/conversations/{conversation_id}/messages": list_messages,
}
