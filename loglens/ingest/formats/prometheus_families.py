"""What the comments of an exposition say of its metrics, and the labels of a series as JSON.

Source: the Prometheus text format (prometheus.io/docs/instrumenting/exposition_formats) and OpenMetrics 1.0.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_COMMENT = re.compile(r"\s*#\s*(TYPE|HELP|UNIT)\s+(\"(?:[^\"\\]|\\.)*\"|\S+)[ \t]*(.*?)\s*")
_LABEL = re.compile(
    r"""\s*(?:(?P<name>[a-zA-Z_][\w.]*|"(?:[^"\\]|\\.)*")\s*=\s*)?(?P<value>"(?:[^"\\]|\\.)*")\s*(?:,|$)""", re.DOTALL
)
_BLANK = re.compile(r"\s*\Z")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", '"': '"', "\\": "\\"}

# The type of a sample by the type of its family and what its name has beyond that of the family.
_TYPES = {
    "counter": {"": "counter", "_total": "counter", "_created": "gauge"},
    "gauge": {"": "gauge"},
    "histogram": {
        "_bucket": "histogram_bucket",
        "_sum": "histogram_sum",
        "_count": "histogram_count",
        "_created": "gauge",
    },
    "gaugehistogram": {"_bucket": "histogram_bucket", "_gsum": "histogram_sum", "_gcount": "histogram_count"},
    "summary": {"": "summary", "_sum": "summary", "_count": "summary", "_created": "gauge"},
    "info": {"_info": "info", "": "info"},
    "stateset": {"": "stateset"},
}
_SUFFIXES = tuple(dict.fromkeys(suffix for endings in _TYPES.values() for suffix in endings if suffix))


@dataclass
class Family:
    """What is known of a metric family."""

    type: str = "unknown"
    unit: str | None = None
    description: str | None = None


class Families:
    """The families of one source, as its comments tell them."""

    def __init__(self) -> None:
        self._known: dict[str, Family] = {}
        self._seen: set[str] = set()

    def learn(self, comment: str) -> None:
        """Take in a comment line; those that say nothing of a family are for people."""
        if comment in self._seen:
            return
        self._seen.add(comment)
        match = _COMMENT.fullmatch(comment)
        if match is None:
            return
        word, name, rest = match.groups()
        family = self._known.setdefault(unquoted(name) if name.startswith('"') else name, Family())
        if word == "TYPE":
            family.type = rest.lower()
        elif word == "UNIT":
            family.unit = rest or None
        else:
            family.description = _unescaped(rest) or None

    def of(self, name: str) -> Family:
        """Return the type, unit and description of the samples of a name."""
        for suffix in ("", *(each for each in _SUFFIXES if name.endswith(each))):
            family = self._known.get(name.removesuffix(suffix) if suffix else name)
            kind = _TYPES.get(family.type, {}).get(suffix) if family else None
            if family is not None and (kind or not suffix):
                return Family(kind or "unknown", family.unit, family.description)
        return Family()


def unquoted(text: str) -> str:
    """Return the text within quotes; a backslash before any other letter than n, quote and itself stays."""
    return _unescaped(text[1:-1])


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[0]), text) if "\\" in text else text


def read_labels(text: str) -> tuple[str | None, str] | None:
    """Return the metric name that stands among labels, if one does, and the labels as a JSON object; None if broken."""
    labels: dict[str, str] = {}
    name: str | None = None
    position = 0
    while _BLANK.match(text, position) is None:
        match = _LABEL.match(text, position)
        if match is None:
            return None
        key, value = match["name"], unquoted(match["value"])
        key = unquoted(key) if key and key.startswith('"') else key
        if key is None or key == "__name__":
            if name is not None:
                return None
            name = value
        elif key in labels:
            return None
        else:
            labels[key] = value
        position = match.end()
    return name, json.dumps(labels, ensure_ascii=False, separators=(",", ":"))
