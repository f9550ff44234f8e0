"""Access logs of nginx, Apache and others: common, combined and log formats of one's own, learned from the lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from loglens.ingest.formats.access_fields import Field, Kind, name_fields, unit_of_field
from loglens.ingest.layout import COLUMNS, Layout, Layouts
from loglens.ingest.text_log import text_format
from loglens.ingest.time_layouts import CLF, ISO
from loglens.ingest.tokens import HARMLESS, Token, pattern_of

LEARNED_LAYOUTS = 8
_TIMES = (CLF, ISO)
_KEY = r"(?:[A-Za-z][\w.-]*=)?"
_LIST = r'[^\s"\[\],;|]+(?:, ?[^\s"\[\],;|]+)*'
_FIELD = re.compile(
    rf"(?P<before>[\s,;|]*)(?P<key>{_KEY})(?P<open>\[?)(?:(?P<time>{'|'.join(time.pattern for time in _TIMES)})"
    rf'|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?<=\[)(?P<bracket>[^\]]*)|(?P<bare>{_LIST}))(?P<close>\]?)'
)
_REQUEST = re.compile(r"[A-Z]{3,20} \S+(?: HTTP/[\d.]+)?")
_REQUEST_PARTS = r"(?P<http_method>[A-Z]+) (?P<path>[^\"\s]+)(?: HTTP/(?P<protocol>[0-9.]+))?"
_BRACKETED = r"[^\]\\\"\x00-\x1f]*"
_NUMBERS = frozenset({"http.response.body.size", "http.request.size", "nginx.upstream_response_length"})


def fields_of(line: str) -> list[Field] | None:
    """Return the fields of a line, None where it is not made of fields or has no request."""
    fields: list[Field] = []
    place = 0
    while place < len(line):
        found = _FIELD.match(line, place)
        if found is None or (fields and not found["before"]) or bool(found["open"]) != bool(found["close"]):
            return None
        kind: Kind = "time" if found["time"] else "quoted" if found["quoted"] is not None else "bare"
        kind = "bracket" if found["bracket"] is not None else kind
        fields.append(Field(kind, found["before"] + found["key"] + (found["open"] or ""), found["key"], [found[kind]]))
        place = found.end()
    request = next((each for each in fields if each.kind == "quoted" and _REQUEST.fullmatch(each.values[0])), None)
    if request is None:
        return None
    request.kind = "request"
    return fields


def learn(lines: Sequence[str]) -> tuple[Layout, ...]:
    """Return a layout for each of the usual rows of fields."""
    seen: dict[tuple[tuple[str, ...], ...], list[Field]] = {}
    counts: Counter[tuple[tuple[str, ...], ...]] = Counter()
    for line in lines:
        if (fields := fields_of(line)) is not None:
            shape = tuple((each.kind, each.before) for each in fields)
            for known, each in zip(seen.setdefault(shape, fields), fields, strict=True):
                known.values += each.values if known is not each else []
            counts[shape] += 1
    made = (_layout(seen[shape]) for shape, _ in counts.most_common(LEARNED_LAYOUTS))
    return tuple(layout for layout in made if layout is not None)


def _layout(fields: Sequence[Field]) -> Layout | None:
    names = name_fields(fields)
    if names is None:
        return None
    groups = [f"f{place}" for place in range(len(fields))]
    time = names.index("time")
    groups[time] = "time"
    tokens = [_token(each, group) for each, group in zip(fields, groups, strict=True)]
    sources = {name: f"{{{group}}}" for name, group in zip(names, groups, strict=True) if name != "time"}
    columns = {name: source for name, source in sources.items() if name in COLUMNS}
    if traceparent := sources.pop("traceparent", None):
        columns |= {"trace_id": f"split_part({traceparent}, '-', 2)", "span_id": f"split_part({traceparent}, '-', 3)"}
    if either := sources.pop("id", None):
        columns |= {"request_id": either} | ({} if "trace_id" in columns else {"trace_id": either})
    attributes = {name: source for name, source in sources.items() if name not in COLUMNS}
    key = fields[names.index("duration")].key if "duration" in names else ""
    return Layout(
        name="access log: " + " ".join(names),
        pattern=pattern_of(tokens),
        time=next(each for each in _TIMES if re.fullmatch(each.pattern, fields[time].values[0])),
        columns=columns,
        attributes=attributes | {"network.protocol.version": "{protocol}"},
        numbers=_NUMBERS,
        absent=("", "-"),
        unit=unit_of_field(key.rstrip("=")),
        safe=frozenset(token.group for token in tokens if token.is_harmless) | {"protocol"},
        tokens=tuple(tokens),
    )


def _token(each: Field, group: str) -> Token:
    """Return the token of a field."""
    after = "]" if each.before.endswith("[") else ""
    if each.kind == "request":
        # Clients that speak no HTTP send what servers escape.
        return Token(each.before, group, is_quoted=True, inner=_REQUEST_PARTS, is_harmless=False, may_be_empty=True)
    is_harmless = all(map(HARMLESS.fullmatch, each.values))
    if each.kind == "quoted":
        return Token(each.before, group, is_quoted=True, is_harmless=is_harmless, may_be_empty=True)
    if after:
        return Token(each.before, group, pattern=_BRACKETED, may_be_empty=each.kind == "bracket", after=after)
    if each.kind == "time":
        time = next(time.pattern for time in _TIMES if re.fullmatch(time.pattern, each.values[0]))
        return Token(each.before, group, pattern=time)
    is_list = any(" " in value for value in each.values)
    return Token(each.before, group, pattern=_LIST if is_list else "", is_harmless=not is_list)


FORMAT = text_format(
    name="access_log",
    title="access logs of nginx, Apache and others",
    marks="a time in brackets or ISO 8601, and a request in quotes, among fields whose order is learned from the lines",
    example='192.0.2.7 - - [15/Jan/2026:09:00:00 +0000] "GET /users/17 HTTP/1.1" 200 612 "-" "curl/8.5.0" 0.012\n',
    layouts=Layouts(learn=learn, head=r'^[^\n]{0,300}?\d\d:\d\d:\d\d[^"\n]{0,100}"(?:[A-Z]{3,20} |-")'),
    certainty=0.95,
)
