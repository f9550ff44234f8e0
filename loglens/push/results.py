"""Pushing answers: a row is a document, named by what is asked, its key and the part of the data it is about."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loglens.analyses import ALL, BY_NAME
from loglens.columns import json_writer, quoted
from loglens.push.mapping import Template, field_name, results_template
from loglens.push.names import Names

if TYPE_CHECKING:
    from loglens.answer import Answer

FINDINGS = "findings"
_NUMBER = re.compile(r"-?\d+\.\d{6,}(?:[eE][+-]?\d+)?")
# Records of the store, which go as events, and tables about loglens itself.
_NO_RESULTS = ("logs", "traces", "sources", "rejects", "schema")
RESULTS: tuple[str, ...] = (
    FINDINGS,
    *(
        analysis.name
        for analysis in ALL
        if analysis.name not in _NO_RESULTS and not any(param.positional for param in analysis.params)
    ),
)


@dataclass(frozen=True)
class Document:
    """One row of an answer as an item of a bulk request."""

    id: str
    digest: str
    item: bytes


@dataclass(frozen=True)
class Window:
    """The part of the data an answer is about, as it was asked for; `end` is the time of its documents."""

    since: str | None
    until: str | None
    end: str | None

    @property
    def name(self) -> str:
        """What tells documents about different parts of the data apart."""
        return f"{self.since or ''}/{self.until or ''}"


@dataclass(frozen=True)
class Run:
    """One push: what its documents carry of it, and when it began, in nanoseconds, which is the version of its rows.

    A server takes no row of an earlier push over one of a later, also where a request of one that was killed arrives
    late.
    """

    id: str
    begun_ns: int


def documents(name: str, answer: Answer, index: str, window: Window, run: Run) -> Iterator[Document]:
    """Yield the rows of an answer as documents."""
    writers = [(quoted(field_name(column)), json_writer(column)) for column in answer.columns]
    keys = _key(name, answer)
    seen: dict[str, int] = {}
    for values in answer.tuples:
        members = [
            f"{field}:{'null' if value is None else write(value)}"
            for (field, write), value in zip(writers, values, strict=True)
        ]
        key = "\x1f".join(members[place] for place in keys)
        # A key that comes twice is told apart by its turn.
        seen[key] = seen.get(key, 0) + 1
        document_id = _hash(name, window.name, key, str(seen[key]))[:24]
        head = f'{{"@timestamp":{quoted(window.end) if window.end else "null"},"loglens.analysis":{quoted(name)},'
        head += f'"loglens.window":{quoted(window.name)},'
        rest = ",".join(members) + "}"
        version = f'"version":{run.begun_ns},"version_type":"external_gte"'
        action = f'{{"index":{{"_index":"{index}","_id":"{document_id}",{version}}}}}'
        item = f'{action}\n{head}"loglens.run":"{run.id}",{rest}\n'.encode("utf-8", "backslashreplace")
        yield Document(document_id, digest(item), item)


def digest(item: bytes) -> str:
    """Return the digest of a row of an answer; it leaves out the run, which changes every time."""
    document = item.decode().partition("\n")[2].rstrip("\n")
    head, _, rest = document.partition('"loglens.run":"')
    return _hash(head, _steady(rest.partition('",')[2]))


def _key(name: str, answer: Answer) -> Sequence[int]:
    wanted = ("fingerprint",) if name == FINDINGS else BY_NAME[name].key
    return [place for place, column in enumerate(answer.columns) if column.name in wanted]


def _steady(text: str) -> str:
    """Return a document with its numbers to twelve digits: the order in which threads add them up changes the last."""
    return _NUMBER.sub(lambda match: f"{float(match[0]):.12g}", text)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x1e".join(parts).encode("utf-8", "backslashreplace")).hexdigest()


def template(name: str, answer: Answer, names: Names, product: str) -> Mapping[str, Template]:
    """Return the template of the index of an answer, by its name."""
    index = names.results(name)
    is_computed = name == FINDINGS or BY_NAME[name].compute is not None
    return {index: results_template(index, answer.columns, is_computed, product)}
