"""Write the pages of docs/ that follow from the declarations: `python docs/generate.py`."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import click
import duckdb

from loglens.analyses import ALL, BY_NAME
from loglens.analysis import Analysis, Param
from loglens.cli.main import GROUPS, PROGRAM
from loglens.detectors import ALL as DETECTORS
from loglens.ingest.formats import FORMATS
from loglens.ingest.formats.json_fields import KEYS
from loglens.ingest.layout import Layouts
from loglens.push.fields import ORIGIN, RESULT_NAMES, STREAMS, Field
from loglens.push.names import Names
from loglens.push.results import FINDINGS, RESULTS
from loglens.settings import Settings
from loglens.store.scripts import create_views, meanings
from loglens.store.store import migrations

FOLDER = Path(__file__).parent
VIEWS = {
    "requests": "One row per request a service answered, from its entry span or its access record, never both.",
    "span_tree": "One row per span with its place in its trace, from span_nodes; critical_ns is the part of path_ns"
    " that lies on the path of the root.",
}


def pages() -> dict[str, str]:
    """Return the text of every generated page by its file name."""
    return {
        "analyses.md": _page(_analyses()),
        "detectors.md": _page(_detectors()),
        "cli.md": _page(_commands()),
        "schema.md": _page(_schema()),
        "formats.md": _page(_formats()),
        "indices.md": _page(_indices()),
    }


def write() -> None:
    """Write the pages."""
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


def _page(lines: Iterator[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    for row in (head, tuple("---" for _ in head), *rows):
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
    yield ""


def _analyses() -> Iterator[str]:
    yield "# Analyses\n"
    yield "Each is a command, a method of `Lens` and a register entry; this page is made from the same declaration.\n"
    for analysis in ALL:
        yield f"## {analysis.name}: {analysis.title.lower()}\n"
        yield f"{analysis.question}\n"
        if analysis.examples:
            yield "```console\n" + "".join(f"$ {example}\n" for example in analysis.examples) + "```\n"
        if analysis.params:
            yield from _table(("parameter", "default", "meaning"), [_parameter(param) for param in analysis.params])
        yield from _table(("column", "meaning"), [(f"`{name}`", text) for name, text in analysis.columns.items()])
        yield from _notes(analysis)


def _parameter(param: Param) -> tuple[str, str, str]:
    default = "required" if param.positional else _default(param)
    choices = f" One of {', '.join(f'`{choice}`' for choice in param.choices)}." if param.choices else ""
    flags = f" Short: {', '.join(f'`{flag}`' for flag in param.flags)}." if param.flags else ""
    return f"`{param.name}`", default, param.help + choices + flags


def _notes(analysis: Analysis) -> Iterator[str]:
    rows = f"{analysis.limit} rows" if analysis.limit else "all rows"
    key = ", ".join(f"`{name}`" for name in analysis.key)
    drawings = "".join(f" `--format {each.name}` gives {each.title}." for each in analysis.drawings)
    yield f"A row is known by {key}. Unless told otherwise it gives {rows}.{drawings}\n"


def _detectors() -> Iterator[str]:
    yield "# Detectors\n"
    yield (
        "`loglens findings` asks all of them; this page is made from the same declarations. A finding has passed every"
        " gate: each is a threshold below, to be set with `--set slow_route.min_requests=100`, with `[slow_route]` and"
        " `min_requests = 100` in `loglens.toml`, with `[tool.loglens.slow_route]` in `pyproject.toml`, or in Python"
        ' with `lens.findings(thresholds={"slow_route.min_requests": 100})`. `loglens explain-miss` says which gate'
        " stopped a finding, and by how much.\n"
    )
    for detector in DETECTORS:
        module = sys.modules[detector.judge.__module__]
        _, _, drawing = (module.__doc__ or "").partition("\n\n")
        yield f"## {detector.name}: {detector.title.lower()}\n"
        yield f"{detector.problem}\n"
        yield f"```text\n{dedent(drawing).rstrip()}\n```\n"
        rows = [(f"`{param.name}`", _default(param), param.help, param.reason) for param in detector.params]
        yield from _table(("threshold", "default", "meaning", "why"), rows)
        identity = ", ".join(f"`{name}`" for name in detector.identity)
        yield f"It judges the rows of `{detector.watches.name}`; a finding is known by {identity}. {detector.advice}\n"


def _formats() -> Iterator[str]:
    written = tomllib.loads((FOLDER / "formats.toml").read_text("utf-8"))
    yield "# Formats\n"
    yield f"{written['about'].strip()}\n"
    rows = [(f"[{each.name}](#{each.name})", each.title, each.marks, ", ".join(each.carries)) for each in FORMATS]
    yield from _table(("format", "reads", "recognised by", "tables"), rows)
    for form in FORMATS:
        yield f"## {form.name}\n"
        yield f"*{form.title}*, recognised by {form.marks}.\n"
        if form.layouts is not None:
            yield from _layouts(form.layouts)
        if not form.is_binary:
            yield f"```text\n{form.example.rstrip()}\n```\n"
    for rule in written["rule"]:
        yield f"## {rule['title']}\n"
        yield f"{rule['text'].strip()}\n"
    yield "## The same spans in another format\n"
    yield f"{written['differs'].strip()}\n"
    differs = {form.name: form.differs for form in FORMATS if form.differs}
    columns = dict.fromkeys(column for each in differs.values() for column in each)
    rows = [(f"`{column}`", *(each.get(column, "the same") for each in differs.values())) for column in columns]
    yield from _table(("column", *differs), rows)
    yield "## Keys of JSON logs and of logfmt\n"
    yield f"{written['keys'].strip()}\n"
    yield from _table(("column", "keys"), [(f"`{name}`", _codes(keys)) for name, keys in KEYS.items()])
    yield "## What is not read\n"
    yield f"{written['not_read'].strip()}\n"
    rows = [(each["project"], each["files"], each["why"]) for each in written["unread"]]
    yield from _table(("project", "files", "why"), rows)


def _layouts(layouts: Layouts) -> Iterator[str]:
    """Yield what the ways of writing records are called, where they have names, and the times in them."""
    times = dict.fromkeys(each.time.name for each in layouts.known if "time" in each.groups)
    names = dict.fromkeys(each.name.removesuffix(f", {each.time.name}") for each in layouts.known)
    told = [name for name in names if not any(name.endswith(time) for time in times)]
    if len(told) > 1:
        yield f"Writers: {', '.join(told)}.\n"
    if times:
        yield f"Times: {'; '.join(times)}.\n"


def _codes(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _default(param: Param) -> str:
    return "" if param.default is None else f"`{param.default}`"


def _commands() -> Iterator[str]:
    yield "# Commands\n"
    yield _help(PROGRAM, "loglens")
    for group in GROUPS.values():
        for name, listed in group.items():
            yield f"## loglens {name}\n"
            yield _help(listed.load(), f"loglens {name}")


def _help(command: click.Command, name: str) -> str:
    context = click.Context(command, info_name=name, terminal_width=80, max_content_width=80)
    context.help_option_names = ["-h", "--help"]
    lines = (line.rstrip() for line in command.get_help(context).splitlines())
    return "```text\n" + "\n".join(lines) + "\n```\n"


def _schema() -> Iterator[str]:
    yield "# The store\n"
    yield "One DuckDB file. The tables are what `loglens sql` and `Lens.sql` see; times are nanoseconds in UTC.\n"
    with duckdb.connect() as connection:
        for _, _, script in migrations():
            connection.execute(script)
        described = connection.execute(
            """
            SELECT tables.table_name, columns.column_name, columns.data_type
            FROM duckdb_tables() AS tables
            JOIN duckdb_columns() AS columns USING (table_oid)
            WHERE NOT tables.internal
            ORDER BY tables.table_oid, columns.column_index
            """
        ).fetchall()
        create_views(connection, Settings())
        views = {name: connection.execute(f"DESCRIBE {name}").fetchall() for name in VIEWS}
    told = meanings()
    for table in dict.fromkeys(row[0] for row in described):
        rows = [(f"`{row[1]}`", row[2], told.get(f"{table}.{row[1]}", "")) for row in described if row[0] == table]
        yield f"## {table}\n"
        yield f"{told[table]}\n"
        yield from _table(("column", "type", "meaning"), rows)
    for name, columns in views.items():
        yield f"## {name} (view)\n"
        yield f"{VIEWS[name]}\n"
        yield from _table(("column", "type"), [(f"`{column}`", type_name) for column, type_name, *_ in columns])


def _indices() -> Iterator[str]:
    names = Names()
    yield "# What each index holds\n"
    yield (
        "What `loglens push` writes, made from the same declarations as its templates;"
        " [elasticsearch.md](elasticsearch.md) says how. The events of a day, of a month or all of them are in one"
        " index, as `--layout` says.\n"
    )
    yield "## Every event\n"
    origin = [_field(field, {"$source_key": "content of the source", "$uri": "path of the source"}) for field in ORIGIN]
    when = ("`@timestamp`", "date_nanos", "time of the record, with nanoseconds")
    yield from _table(("field", "type", "value"), [when, *origin])
    for name, stream in STREAMS.items():
        yield f"## {names.stream(name)}\n"
        yield f"One document for each row of [`{name}`](schema.md#{name}); its time is `{stream.time}`.\n"
        yield from _table(("field", "type", "value"), [_field(field, {}) for field in stream.fields])
    yield "## Every result\n"
    yield (
        "A document for each row of an answer, without limit, under the names of its columns, which"
        " [analyses.md](analyses.md) explains; these are named as the Elastic Common Schema names them: "
        + ", ".join(f"`{column}` is `{field}`" for column, field in RESULT_NAMES.items() if column != field)
        + ". Beside them stand `@timestamp`, the end of the data, `loglens.analysis`, `loglens.window`, what `--since`"
        " and `--until` said, and `loglens.run`, which push wrote it.\n"
    )
    yield from _table(("index", "answers", "a document is known by"), [_result(name, names) for name in RESULTS])


def _field(field: Field, words: dict[str, str]) -> tuple[str, str, str]:
    kind = "kept, not searched" if field.type == "stored" else field.type
    return f"`{field.name}`", kind, words.get(field.sql) or f"`{' '.join(field.sql.split())}`"


def _result(name: str, names: Names) -> tuple[str, str, str]:
    if name == FINDINGS:
        question = "What is wrong, where, what does it cost, and what to do about it?"
        return f"`{names.results(name)}`", question, "`fingerprint`, window"
    analysis = BY_NAME[name]
    key = ", ".join(f"`{column}`" for column in analysis.key)
    return f"`{names.results(name)}`", analysis.question, f"{key}, window"


if __name__ == "__main__":
    write()
