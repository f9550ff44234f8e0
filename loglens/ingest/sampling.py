"""Looking at the beginning of a content: how to cut it, and which format it is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import msgspec

from loglens.errors import UsageError
from loglens.ingest.content import Content
from loglens.ingest.documents import Scanner, whole_escapes
from loglens.ingest.encoding import latin_1
from loglens.ingest.formats import FALLBACK, FORMATS
from loglens.ingest.lines import BOM, WHITE_SPACE, is_utf8
from loglens.ingest.reader import Format, Sample
from loglens.nearest import did_you_mean

SAMPLE_BYTES = 256 << 10
SAMPLE_PIECES = 100
# A first line that is longer than the sample is looked at to its end, up to this length.
LONGEST_LINE_BYTES = 16 << 20

UNKNOWN_TEXT = "text in no format loglens reads"

Shape = Literal["lines", "records", "wrapped", "document", "messages"]


@dataclass(frozen=True)
class Guess:
    """How a content will be read, or why it will not; `scores` are those of the formats that were sure at all."""

    shape: Shape
    sample: Sample
    format: Format | None
    reason: str
    scores: Mapping[str, float] = field(default_factory=dict)


def look(content: Content, wanted: str | None, takes_plain: bool = False) -> Guess:
    """Look at what comes next in a content and choose a shape and a format.

    `wanted` names a format that is taken instead of the best guess; `takes_plain` makes text that no format recognises
    a plain text log. Raises UsageError for an unknown name.
    """
    head, whole = _head(content)
    lines = [line for line in _complete_lines(head, whole) if line.strip(WHITE_SPACE)][:SAMPLE_PIECES]
    shape = _shape(head, lines)
    values = _line_values(lines) if shape == "lines" else _document_values(head)
    sample = Sample(head, tuple(lines), tuple(values))
    if wanted:
        return _guess(shape, sample, named_format(wanted), "asked for")
    if not head.strip(WHITE_SPACE):
        return Guess(shape, sample, None, "empty")
    # A few objects among lines of text are no JSON log.
    objects = sum(line.lstrip(WHITE_SPACE)[:1] == b"{" for line in lines)
    is_text = shape == "lines" and 2 * max(objects, len(values)) < len(lines)
    scores = (is_text and values and _scores(replace(sample, values=()))) or _scores(sample)
    if scores:
        return _guess(shape, sample, named_format(max(scores, key=scores.__getitem__)), "recognised", scores)
    reason = _why_not(head, values)
    if takes_plain and reason == UNKNOWN_TEXT:
        return _guess(shape, sample, FALLBACK, "taken for plain text")
    return Guess(shape, sample, None, reason)


def _scores(sample: Sample) -> dict[str, float]:
    """Return how sure each format is of a sample that is at all, in the order of the register."""
    scores = {form.name: form.sniff(sample) for form in FORMATS}
    return {name: score for name, score in scores.items() if score > 0}


def _head(content: Content) -> tuple[bytes, bool]:
    """Return the beginning of a content, with a whole line where there is one; and whether it is all of it."""
    head = content.peek(SAMPLE_BYTES)
    whole = len(head) < SAMPLE_BYTES
    if not whole and b"\n" not in head:
        longer = content.peek(LONGEST_LINE_BYTES)
        if b"\n" in longer:
            head = longer[: longer.index(b"\n") + 1]
    return head.removeprefix(BOM), whole


def _guess(shape: Shape, sample: Sample, form: Format, reason: str, scores: Mapping[str, float] | None = None) -> Guess:
    if form.is_binary:
        shape = "messages"
    elif shape == "document" and (form.is_by_line or (form.reads_lists and _are_lists(sample.lines))):
        shape = "lines"
    elif form.wrapper is not None:
        shape = "wrapped"
    elif form.layouts is not None:
        shape = "records"
    return Guess(shape, sample, form, reason, scores or {})


def named_format(name: str) -> Format:
    """Return the format of a name; raises UsageError naming the nearest one, or all."""
    for form in FORMATS:
        if form.name == name:
            return form
    raise UsageError(f"No format '{name}'. {did_you_mean(name, [form.name for form in FORMATS])}")


def _why_not(head: bytes, values: list[object]) -> str:
    if b"\0" in head:
        return "binary"
    if any(isinstance(value, dict | list) for value in values):
        return "JSON without log records, spans or metrics"
    return UNKNOWN_TEXT


def _complete_lines(head: bytes, whole: bool) -> list[bytes]:
    lines = head.split(b"\n")
    if whole or len(lines) == 1:
        return lines
    return lines[:-1]


def _shape(head: bytes, lines: list[bytes]) -> Shape:
    """Decide by the first line: a value that goes on after it, or an array, makes a document."""
    start = head.lstrip(WHITE_SPACE)[:1]
    if start not in (b"{", b"[") or not lines:
        return "lines"
    first = _decoded(lines[0])
    if first is not None:
        return "document" if isinstance(first, list) and all(isinstance(item, dict) for item in first) else "lines"
    if start == b"[" and lines[0].strip(WHITE_SPACE + b"[")[:1] not in (b"", b"{"):
        return "lines"
    if len(lines) > 1 and start == b"{" and isinstance(_decoded(lines[1]), dict):
        return "lines"
    scanner = Scanner(1)
    scanner.scan(lines[0][: whole_escapes(lines[0])], 0)
    return "document" if scanner.is_inside_value else "lines"


def _are_lists(lines: Sequence[bytes]) -> bool:
    """Say whether most lines are a list each: as lines a broken one is lost alone, and helpers may parse them."""
    return 2 * sum(isinstance(_decoded(line), list) for line in lines) > len(lines)


def _decoded(text: bytes) -> object | None:
    try:
        value: object = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _leniently_decoded(text)
    return value


def _leniently_decoded(text: bytes) -> object | None:
    """Decode what is JSON but for a number out of range, a lone surrogate, a control character, or its encoding."""
    try:
        value: object = json.loads(text if is_utf8(memoryview(text)) else latin_1(text), strict=False)
    except (ValueError, RecursionError):
        return None
    return value


def _line_values(lines: list[bytes]) -> list[object]:
    starts = (b"{", b"[")
    values = [_decoded(line) for line in lines if line.lstrip(WHITE_SPACE)[:1] in starts]
    return [value for value in values if value is not None]


def _document_values(head: bytes) -> list[object]:
    """Decode the top-level values of a document, or the elements of its arrays, as far as the sample goes."""
    values: list[object] = []
    element_depth, start = 0, 0
    for mark in Scanner(1).scan(head[: whole_escapes(head)], 0):
        opens = mark.after > mark.before
        if opens and mark.before == 0 and mark.character == ord("["):
            element_depth = 1
        elif opens and mark.before == element_depth:
            start = mark.position
        elif not opens and mark.after == element_depth:
            value = _decoded(head[start : mark.position + 1])
            values += [] if value is None else [value]
        if mark.after == 0:
            element_depth = 0
        if len(values) == SAMPLE_PIECES:
            break
    return values
