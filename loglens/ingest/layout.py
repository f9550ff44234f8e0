"""What a layout is: how one kind of text log writes a record, and what each part of it becomes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from loglens.ingest.levels import Scale
from loglens.ingest.time_layouts import ISO, TimeLayout
from loglens.ingest.tokens import Token

# What a part of a record can become, beside an attribute.
COLUMNS = (
    "time", "service", "instance", "level", "logger", "message", "trace_id", "span_id", "request_id", "user_id",
    "error_type", "error_message", "http_method", "path", "http_route", "status_code", "duration",
)  # fmt: skip


# What may be around a record that was wrapped, as columns of `input`.
OUTER = ("outer_time", "outer_service", "outer_instance", "outer_stream", "outer_members")


@dataclass(frozen=True)
class Part:
    """A pattern with groups of its own for the text of a group."""

    group: str
    pattern: str


@dataclass(frozen=True)
class Layout:
    """One way of writing a record as text.

    `pattern` (RE2, `.` is any character) matches a whole record without its last line end. A group named as a column
    becomes it; `columns` says what others are made from, as SQL with groups in braces, and `attributes` does for
    attributes. `numbers` are those of them that are written as JSON numbers, `constants` those all records have.
    `absent` are the texts that stand for nothing, `levels` what level names mean here where they mean something of
    their own, `scale` how its numbers count. `unit` is that of a duration, `is_bare` says that it is assumed only. A
    group `more` is joined to the message as further lines.

    The group `time`, or `proof` where there is one, is never empty in a match. A text that its column does not say
    whole is an attribute too, under the name in `kept` or that of the column. The texts of the groups in `safe` never
    hold a quote, a backslash or a control character. `tokens` are given where the pattern is made of them.
    """

    name: str
    pattern: str
    time: TimeLayout = ISO
    columns: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    numbers: frozenset[str] = frozenset()
    constants: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    absent: tuple[str, ...] = ("",)
    levels: Mapping[str, int] = field(default_factory=dict)
    scale: Scale = "level"
    unit: str = "s"
    is_bare: bool = False
    kept: Mapping[str, str] = field(default_factory=dict)
    safe: frozenset[str] = frozenset()
    tokens: tuple[Token, ...] = ()

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The groups of the pattern itself."""
        return groups_of(self.pattern)

    @cached_property
    def proof(self) -> str:
        """The group that is never empty in a match."""
        return "proof" if "proof" in self.groups else "time"

    @cached_property
    def sources(self) -> dict[str, str]:
        """What each column is made from: SQL with groups in braces."""
        every = [*self.groups, *(group for part in self.parts for group in groups_of(part.pattern))]
        return {name: f"{{{name}}}" for name in COLUMNS if name in every} | dict(self.columns)


@dataclass(frozen=True)
class Layouts:
    """The ways in which one format writes its records, the more telling ones first.

    `learn` finds more of them in the first records of a file: where keys or fields are in an order of their own. `head`
    (RE2) matches the beginning of every record that some layout may fit. `within` matches lines that go on with the
    record before them, beside those that do in any text; where there is `begins`, lines that it does not match do.
    """

    known: tuple[Layout, ...] = ()
    learn: Callable[[Sequence[str]], tuple[Layout, ...]] | None = None
    head: str = ""
    within: str = ""
    begins: str = ""


INNER = "(?P<text>.*)$"
# Taking a line of text apart needs many times its size.
LONGEST_TEXT_BYTES = 4 << 20


@dataclass(frozen=True)
class Wrapper:
    """How a line wraps another one: `pattern` (RE2) matches it; it begins with `^` and ends with INNER, the inner line.

    Other groups: `time`, `service`, `instance`, `stream`, and `tag`, which begins with `P` where the next line goes on
    with this. Where the text `is_escaped`, it stands between the quotes of a JSON string, and the next line goes on
    with it unless it ends with a line end.
    """

    pattern: str
    is_escaped: bool = False

    @cached_property
    def head_pattern(self) -> str:
        """The pattern of what is before the inner line, in a group `head`."""
        return f"^(?P<head>{self.pattern.removeprefix('^').removesuffix(INNER)})"

    @cached_property
    def outer(self) -> tuple[str, ...]:
        """The groups for what is around a record."""
        return tuple(name for name in groups_of(self.pattern) if name not in {"tag", "text"})


def groups_of(pattern: str) -> tuple[str, ...]:
    """Return the names of the groups of a pattern, in order."""
    return tuple(re.findall(r"\(\?P<(\w+)>", pattern))
