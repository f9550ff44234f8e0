"""How the text found for a column becomes its value, and whether the value says all that the text said.

Each expression sees `t_COLUMN`, the text found for a column, and `p_COLUMN`, the number of the place it was found at
(0 for none). A value that is not exact leaves its key in `attributes` too.
"""

from __future__ import annotations

from dataclasses import dataclass

from loglens.ingest.durations import duration_is_exact_sql, duration_is_plain_sql, duration_ns_sql
from loglens.ingest.formats.json_fields import INSTANT, KEYS, Candidate, scale_of, unit_of
from loglens.ingest.formats.json_profile import Profile
from loglens.ingest.formats.message_templates import rendered_sql
from loglens.ingest.levels import Scale, severity_sql
from loglens.ingest.route_shape import route_shape_sql
from loglens.ingest.sql_text import is_among, quoted
from loglens.ingest.timestamps import in_range_sql, time_is_exact_sql, time_is_usual_sql, time_ns_sql

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE")
NAMES = ("service", "instance", "logger", "request_id", "user_id", "error_type", "http_route")
LISTED_TYPE = r'^\[\{"exc_type": ?"([^"\\]+)"'
# Behind the last of the indented lines: the message may have several lines.
FRAMED_TYPE = r"(?s)Traceback \(most recent call last\):.*\n[ \t]+[^\n]*\n([A-Za-z_][A-Za-z0-9_.]*)(?::|\n|$)"
TRACEBACK_TYPE = r"(?:^|\n)([A-Za-z_][A-Za-z0-9_.]*)(?:: [^\n]*)?\s*$"
TRACE_TYPE = r"^(?:Exception in thread \"[^\"\n]*\" )?([A-Za-z_$][A-Za-z0-9_.$]*)(?:: [^\n]*)?(?:\n[^\n]*)*?\n\s+at "
HOLDER_NAMES = {
    "_SYSTEMD_UNIT": "^(.*?)(?:[.]service)?$",
    "logGroup": "([^/]*)$",
    "container.name": "^/?(.*)$",
    "attrs.tag": "^/?(.*)$",
}
INSTANT_PARTS = r'^\{"epochSecond":\s*(\d+),\s*"nanoOfSecond":\s*(\d{1,9})\}$'
TEMPLATES = ("@mt", "MessageTemplate")
VAGUE_TRACES = ("trace", "envelope.trace", "logging.googleapis.com/trace")
BOOLEANS = "('true', 'false')"


TYPES = {
    "ts_ns": "BIGINT", "service": "VARCHAR", "instance": "VARCHAR", "severity_number": "TINYINT", "level": "VARCHAR",
    "logger": "VARCHAR", "message": "VARCHAR", "trace_id": "VARCHAR", "span_id": "VARCHAR", "request_id": "VARCHAR",
    "user_id": "VARCHAR", "error_type": "VARCHAR", "error_message": "VARCHAR", "http_method": "VARCHAR",
    "path": "VARCHAR", "http_route": "VARCHAR", "status_code": "SMALLINT", "duration_ns": "BIGINT",
}  # fmt: skip


@dataclass(frozen=True)
class Conversion:
    """How a text becomes values, by the names of the columns of `logs`, and when they say all that the text said."""

    values: dict[str, str]
    is_exact: str


def conversions(profile: Profile) -> dict[str, Conversion]:
    """Return the conversions of the columns of the field table for which the profile has a place."""
    # One by one: DuckDB joins every row with a list that long.
    methods = " ".join(f"WHEN '{method}' THEN '{method}'" for method in METHODS)
    method = f"CASE upper(t_http_method) {methods} END"
    path = "CASE WHEN t_path LIKE '/%' OR t_path LIKE '%://%' THEN t_path END"
    status = (
        "CASE WHEN regexp_full_match(t_status_code, '[1-5][0-9][0-9]') THEN try_cast(t_status_code AS SMALLINT) END"
    )
    # Some write a level in brackets, which is no array.
    level = f"CASE WHEN {_is_text('t_level')} THEN t_level END"
    error = f"CASE WHEN t_error_message NOT IN {BOOLEANS} THEN t_error_message END"
    found = {
        "time": _time(profile),
        "level": Conversion({"severity_number": _severity(profile), "level": level}, "true"),
        "message": _message(profile),
        "trace_id": Conversion({"trace_id": _trace_id(profile)}, "trace_id = t_trace_id"),
        "span_id": Conversion({"span_id": id_sql("t_span_id")}, "span_id = t_span_id"),
        "error_message": Conversion({"error_message": error}, _is_text("t_error_message")),
        "http_method": Conversion({"http_method": method}, "http_method = t_http_method"),
        "path": Conversion({"path": path}, "true"),
        "status_code": Conversion({"status_code": status}, "true"),
        "duration": Conversion(
            {"duration_ns": duration_ns_sql("t_duration", "unit", "is_plain")},
            duration_is_exact_sql("t_duration", "unit", "is_plain"),
        ),
    } | {name: Conversion({name: _scalar(f"t_{name}")}, "true") for name in NAMES}
    found["service"] = _service(profile)
    return {column: found[column] for column in KEYS if profile.of(column)}


def marks(profile: Profile) -> dict[str, str]:
    """Return what several conversions ask of a text, by the names they know the answers by."""
    found = {}
    if profile.of("time"):
        found["is_usual"] = time_is_usual_sql("t_time")
    if profile.of("duration"):
        found["is_plain"] = duration_is_plain_sql("t_duration", "unit")
    return found


def route() -> str:
    """Return the expression of the route: as the record names it, or shaped from the path."""
    return f"coalesce(http_route, {route_shape_sql('path')})"


def _time(profile: Profile) -> Conversion:
    """Return the time; of Log4j put together from its two numbers."""
    value, exact = time_ns_sql("t_time", "is_usual", profile.zone), time_is_exact_sql("t_time", "is_usual")
    if numbers := profile.named("time", INSTANT):
        where = _at("time", numbers)
        seconds, rest = (
            f"CAST(regexp_extract(t_time, {quoted(INSTANT_PARTS)}, {group}) AS BIGINT)" for group in (1, 2)
        )
        value = f"CASE WHEN {where} THEN {in_range_sql(f'try({seconds} * 1000000000 + {rest})')} ELSE {value} END"
        exact = f"CASE WHEN {where} THEN regexp_matches(t_time, {quoted(INSTANT_PARTS)}) ELSE {exact} END"
    return Conversion({"ts_ns": value}, exact)


def _message(profile: Profile) -> Conversion:
    """Return the message: a template filled in, and text that journald wrote byte by byte put together."""
    templates = [number for key in TEMPLATES for number in profile.named("message", key)]
    binary, lines = profile.named("message", "MESSAGE"), profile.named("message", "log")
    branches, exact = "", _is_text("t_message")
    if templates:
        branches += f" WHEN {_at('message', templates)} THEN {rendered_sql('t_message', 'text')}"
        exact += f" AND NOT {_at('message', templates)}"
    if binary:
        bytes_ = "list_transform(CAST(t_message AS UTINYINT[]), lambda byte: format('{:02x}', byte))"
        text = f"coalesce(try(decode(unhex(array_to_string({bytes_}, '')))), t_message)"
        branches += f" WHEN {_at('message', binary)} AND regexp_full_match(t_message, '\\[[0-9,]+\\]') THEN {text}"
    if lines:
        branches += f" WHEN {_at('message', lines)} THEN regexp_replace(t_message, '\\r?\\n$', '')"
    return Conversion({"message": f"CASE{branches} ELSE t_message END" if branches else "t_message"}, exact)


def _trace_id(profile: Profile) -> str:
    """Return the trace id; under `trace` only what is one, such as `projects/shop/traces/0123…`."""
    vague = [number for place, number in profile.numbers.items() if place.key in VAGUE_TRACES]
    named = "nullif(regexp_extract(t_trace_id, '(?:^|/traces/)([0-9A-Fa-f]{16,32})$', 1), '')"
    plain = id_sql("t_trace_id")
    return f"CASE WHEN {_at('trace_id', vague)} THEN lower({named}) ELSE {plain} END" if vague else plain


def _service(profile: Profile) -> Conversion:
    """Return the service; of a unit of systemd, a log group or a container only its own name."""
    plain, branches = _scalar("t_service"), ""
    for key, pattern in HOLDER_NAMES.items():
        if numbers := [number for name in (key, f"envelope.{key}") for number in profile.named("service", name)]:
            branches += f" WHEN {_at('service', numbers)} THEN regexp_extract(t_service, '{pattern}', 1)"
    if not branches:
        return Conversion({"service": plain}, "true")
    return Conversion({"service": f"nullif(CASE{branches} ELSE {plain} END, '')"}, "service = t_service")


def traceback_type() -> str:
    """Return the expression of the error type: as the record names it, or as a traceback does.

    Python names the error behind the places it was at, others in the first line, with the places below it; structlog
    writes a list of errors, of which the first was raised last.
    """
    listed = f"""nullif(regexp_extract(error_message, {quoted(LISTED_TYPE)}, 1), '')"""
    framed = f"nullif(regexp_extract(error_message, {quoted(FRAMED_TYPE)}, 1), '')"
    last = f"nullif(regexp_extract(error_message, {quoted(TRACEBACK_TYPE)}, 1), '')"
    first = f"nullif(regexp_extract(error_message, {quoted(TRACE_TYPE)}, 1), '')"
    return (
        f"coalesce(error_type, CASE WHEN contains(error_message, chr(10)) THEN coalesce({framed}, {last}, {first}) "
        f"WHEN starts_with(error_message, '[{{') THEN {listed} END)"
    )


def is_bare(place: Candidate) -> bool:
    """Say whether a place holds durations whose key does not name their unit."""
    return place.column == "duration" and unit_of(place.key) is None


def unit(profile: Profile) -> str:
    """Return the expression for the unit in which a bare number of `t_duration` counts.

    Where the key does not name it, the habit of the framework that writes such records does: zerolog (`time` and
    `message`) milliseconds, zap (`ts` and `msg`) seconds, pino and bunyan (`time`, `msg` and a level that is a number)
    milliseconds, slog and logrus (`time` and `msg`) nanoseconds, Serilog (`@t`) milliseconds, others, such as Python's,
    seconds; `$unit` stands above the habit.
    """
    named: dict[str, list[int]] = {}
    for place in profile.of("duration"):
        if name := unit_of(place.key):
            named.setdefault(name, []).append(profile.numbers[place])
    has_bare = any(map(is_bare, profile.of("duration")))
    if not has_bare and len(named) == 1:
        return quoted(next(iter(named)))
    branches = " ".join(f"WHEN {_at('duration', numbers)} THEN '{name}'" for name, numbers in named.items())
    if not has_bare:
        return f"CASE {branches} END"
    time, ts = _at("time", profile.named("time", "time")), _at("time", profile.named("time", "ts"))
    message, msg = _at("message", profile.named("message", "message")), _at("message", profile.named("message", "msg"))
    counted = "regexp_full_match(t_level, '[0-9]+')" if profile.of("level") else "false"
    return (
        f"CASE {branches} WHEN $unit IS NOT NULL THEN $unit "
        f"WHEN {time} AND {msg} THEN CASE WHEN {counted} THEN 'ms' ELSE 'ns' END "
        f"WHEN {ts} AND {msg} THEN 's' WHEN {time} AND {message} OR {is_serilog(profile)} THEN 'ms' ELSE 's' END"
    )


def is_serilog(profile: Profile) -> str:
    """Return the condition that a record is of Serilog, which leaves out the level INFO."""
    return _at("time", profile.named("time", "@t"))


def _at(column: str, numbers: list[int]) -> str:
    return is_among(f"p_{column}", numbers) if numbers else "false"


def _severity(profile: Profile) -> str:
    scaled: dict[Scale, list[int]] = {}
    for place in profile.of("level"):
        scaled.setdefault(scale_of(place.key), []).append(profile.numbers[place])
    gelf = profile.named("message", "short_message")
    if len(scaled) == 1 and not gelf:
        return severity_sql("t_level", next(iter(scaled)))
    branches = [
        f"WHEN {_at('level', numbers)} THEN {severity_sql('t_level', scale)}" for scale, numbers in scaled.items()
    ]
    if gelf:
        branches.insert(0, f"WHEN {_at('message', gelf)} THEN {severity_sql('t_level', 'syslog')}")
    return f"CASE {' '.join(branches)} END"


def _scalar(text: str) -> str:
    return f"CASE WHEN {text} NOT LIKE '{{%' AND {text} NOT LIKE '[%' THEN {text} END"


def _is_text(text: str) -> str:
    """Return the condition that a text was no object or array: those are kept whole in `attributes`."""
    return f"CASE WHEN {text} LIKE '{{%' OR {text} LIKE '[%' THEN NOT json_valid({text}) ELSE true END"


def id_sql(text: str) -> str:
    """Return the expression for a trace or span id: hex in lower case, dashes of a UUID dropped, others as they are."""
    # Comparisons are quicker than regular expressions; text between zeros and `:`, or `a` and `g`, is no object.
    begins_as_hex = f"({text} > '{'0' * 64}' AND {text} < ':' OR {text} >= 'a' AND {text} < 'g')"
    is_plain = f"{begins_as_hex} AND lower({text}) = {text} AND NOT contains({text}, '-')"
    uuid = "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
    return (
        f"CASE WHEN {is_plain} THEN {text} "
        f"WHEN regexp_full_match({text}, '[0-]*') THEN NULL "
        f"WHEN regexp_full_match({text}, '[0-9A-Fa-f]+|{uuid}') THEN lower(replace({text}, '-', '')) "
        f"ELSE {_scalar(text)} END"
    )
