"""Contents of the case files, and ways to break them: byte by byte, piece by piece, and value by value."""

from __future__ import annotations

import json
import random
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.inputs.otlp_protobuf import encode
from loglens.ingest.formats import FORMATS

CASES = Path(__file__).parent / "cases"
# Where contents are, beside the case file of the format's own name.
ELSEWHERE = {
    "ndjson": sorted((CASES / "json_logs").glob("*.toml")),
    "otlp_json": [CASES / "formats" / f"otlp_{kind}.toml" for kind in ("spans", "logs", "metrics")],
}
LONGEST_SEED_BYTES = 8192

TOKENS = (
    b"", b"\0", b"\n", b"\r\n", b"\r", b"\t", b" ", b"\x1b[31m", b"\x1e", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf",
    b"\xc3", b"\xed\xa0\x80", b"\xf4\x8f\xbf\xbf", b'"', b"'", b"\\", b'\\"', b"\\u0000", b"\\ud800", b"{", b"}", b"[",
    b"]", b"{}", b"[]", b":", b",", b"=", b"|", b"%", b"$", b"{{", b"null", b"true", b"NaN", b"-Infinity", b"0", b"-1",
    b"-0.0", b"1e400", b"1e-400", b"9223372036854775807", b"9223372036854775808", b"-9223372036854775809", b"1" * 400,
    b"0.1" + b"0" * 40 + b"1", b"2026-02-30T25:61:61Z", b"0000-00-00T00:00:00Z", b"9999-12-31T23:59:59.999999999Z",
    b"1677-09-21T00:12:43Z", b"2262-04-11T23:47:16.854775807Z", b"2026-01-15T09:00:00+99:99", b"Feb 30 99:99:99",
    b"[31/Feb/2026:10:00:00 +0000]", b"Traceback (most recent call last):\n", b"\tat app.Pool.take(Pool.java:17)\n",
    b"</script>", b"'; DROP TABLE logs; --", b"\xe2\x80\xa8", b"\xf0\x9f\x92\xa5", b"a" * 300, b"(" * 60,
    b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\x08\x96\x01",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 5e-324, 1e308, 2**63, -(2**63) - 1, 10**30, 0.1, "", " ", "x", "0", "-1", "NaN", "\0",
    "\ud800", "2026-01-15T09:00:00Z", "9999-99-99", "{", "{}", '{"a":', "[1]", "a" * 300, [], [None], [[]], {},
    {"": None}, {"a": {"a": {}}},
)  # fmt: skip


@cache
def seeds(name: str) -> tuple[bytes, ...]:
    """Return the contents of the cases of a format, and its example."""
    if name == "otlp_protobuf":
        return tuple(dict.fromkeys(_requests()))
    (form,) = (each for each in FORMATS if each.name == name)
    paths = [path for path in (CASES / "formats" / f"{name}.toml", *ELSEWHERE.get(name, ())) if path.exists()]
    found = [form.example.encode(), *(content for path in paths for content in contents(path))]
    return tuple(seed for seed in dict.fromkeys(found) if 0 < len(seed) <= LONGEST_SEED_BYTES)


def contents(path: Path) -> Iterator[bytes]:
    """Yield the contents of the cases of a file."""
    for case in tomllib.loads(path.read_text("utf-8")).get("case", []):
        content = case.get("content", case.get("lines", ""))
        yield bytes(content) if isinstance(content, list) else str(content).removeprefix("\n").encode()


def _requests() -> Iterator[bytes]:
    """Yield the requests of OTLP that protobuf can carry, each as a single message."""
    for line in b"\n".join(seeds("otlp_json")).splitlines():
        try:
            message = encode(json.loads(line))
        except ValueError:
            continue
        if message:
            yield message


def mutated(seed: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Return a content that was changed in a few places; parts of others may get in."""
    if rng.random() < 0.4 and (changed := _changed_value(seed, rng)) is not None:
        seed = changed
        if rng.random() < 0.5:
            return seed
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        seed = _changed(seed, others, rng)
    return seed


def _changed(text: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    at = rng.randrange(len(text) + 1)
    until = min(len(text), at + rng.choice((0, 1, 1, 2, 4, 16, 64)))
    match rng.randrange(7):
        case 0:
            put = bytes([rng.randrange(256)])
            until = min(len(text), at + 1)
        case 1 | 2:
            put = rng.choice(TOKENS)
        case 3:
            put = b""
        case 4:
            put = text[at:until] * rng.choice((2, 3, 50))
        case 5:
            other = rng.choice(others)
            begin = rng.randrange(len(other))
            put = other[begin : begin + rng.choice((1, 8, 32, 256))]
        case _:
            # A value that was whole is cut, as by a process that dies.
            return text[:at] if rng.random() < 0.2 else text[at:until] + text[:at] + text[until:]
    return text[:at] + put + text[until:]


def _changed_value(seed: bytes, rng: random.Random) -> bytes | None:
    """Return JSON, one value or one a line, in which a member is another value, gone or doubled; None for no JSON."""
    lines = seed.splitlines(keepends=True)
    at = rng.randrange(len(lines))
    for text, join in ((lines[at], lambda new: b"".join([*lines[:at], new, b"\n", *lines[at + 1 :]])), (seed, bytes)):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            continue
        _change_within(value, rng)
        written = json.dumps(value, ensure_ascii=rng.random() < 0.5, separators=rng.choice(((",", ":"), (", ", ": "))))
        return join(written.encode(errors="surrogatepass"))
    return None


def _change_within(value: Any, rng: random.Random) -> None:
    places = list(_places(value))
    for _ in range(rng.choice((1, 1, 2, 5))):
        if not places:
            return
        holder, key = rng.choice(places)
        found = holder[key] if isinstance(holder, list) or key in holder else None
        match rng.randrange(5):
            case 0 if isinstance(holder, dict):
                holder.pop(key, None)
            case 1 if isinstance(holder, dict):
                holder[rng.choice(("", "a", key.upper(), f"{key}.a", f"{key}\n", '"'))] = found
            case 2:
                holder[key] = [found]
            case 3:
                holder[key] = {key if isinstance(key, str) else "a": found}
            case _:
                holder[key] = rng.choice(VALUES)


def _places(value: Any) -> Iterable[tuple[Any, Any]]:
    members = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(members):
        yield value, key
        yield from _places(inner)
