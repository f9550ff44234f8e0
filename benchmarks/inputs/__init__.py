"""The inputs of the comparisons, each made once by a process of its own and kept in a folder outside the repository."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.comparison import Input

ROOT = Path(__file__).resolve().parents[2]

PYTHON_MODULE = ("{python}", "-m")
LOGLENS = (*PYTHON_MODULE, "loglens")
TEXT = "benchmarks/inputs/text.py"
LOG_LINES = (TEXT, "benchmarks/inputs/log_lines.py")
LOG_TEXTS = (TEXT, "benchmarks/inputs/log_texts.py")
INCIDENT_LINES = (*LOG_LINES, "benchmarks/inputs/incident_lines.py")
SPANS = (TEXT, "benchmarks/inputs/otlp_spans.py")
SPAN_STORE = (*SPANS, "benchmarks/inputs/span_store.py", "loglens/store/migrations")
# A store follows from the tables and from whatever fills them.
STORE = ("loglens/store/migrations", "loglens/ingest")
COPIES = (*PYTHON_MODULE, "benchmarks.inputs.copies", "{out}", "{count}")
# Lines of other formats, and how often they are 5 GB.
LINE_FORMATS = (
    ("access", "lines of nginx, combined", 32),
    ("logfmt", "lines of logfmt", 14),
    ("cri", "lines of NDJSON in those of a container runtime", 11),
)

# Copies of the spans in other formats.
SPAN_FORMATS = (
    ("jaeger", "Jaeger JSON lines", ".jsonl"),
    ("zipkin", "Zipkin JSON lines", ".jsonl"),
    ("protobuf", "OTLP protobuf", ".pb"),
)


def _store(name: str, title: str, make: tuple[str, ...], sources: Sequence[str], *needs: str) -> Input:
    return Input(
        name=name, title=title, suffix=".duckdb", count=1, quick=1, make=make, sources=tuple(sources), needs=needs
    )


def _ingested(name: str, title: str, sources: Sequence[str], path: str, *needs: str) -> Input:
    make = (*LOGLENS, "ingest", path, "--db", "{out}")
    return _store(name, f"store of {title}", make, (*sources, *STORE), *needs)


def _derived(name: str, title: str, sources: Sequence[str], store: str) -> Input:
    make = (*PYTHON_MODULE, "benchmarks.derived", f"{{{store}}}", "{out}")
    return _store(
        name, f"store of {title}, derived", make, (*sources, "benchmarks/derived.py", "loglens/derive"), store
    )


ALL: tuple[Input, ...] = (
    Input(
        name="logs",
        title="lines of NDJSON",
        suffix=".ndjson",
        count=1_000_000,
        quick=20_000,
        make=(*PYTHON_MODULE, "benchmarks.inputs.log_lines", "{out}", "{count}"),
        sources=LOG_LINES,
    ),
    Input(
        name="small_files",
        title="files of 20 lines of NDJSON",
        suffix="",
        count=1_000,
        quick=50,
        make=(*PYTHON_MODULE, "benchmarks.inputs.small_files", "{out}", "{count}"),
        sources=(*LOG_LINES, "benchmarks/inputs/small_files.py"),
    ),
    *(
        Input(
            name=f"{framework}_logs",
            title=f"lines of NDJSON, {framework}",
            suffix=".ndjson",
            count=1_000_000,
            quick=20_000,
            make=(*PYTHON_MODULE, "benchmarks.inputs.framework_lines", framework, "{out}", "{count}"),
            sources=(*LOG_LINES, "benchmarks/inputs/framework_lines.py"),
        )
        for framework in ("pino", "ecs", "mixed")
    ),
    *(
        Input(
            name=f"{kind}_logs",
            title=title,
            suffix=".log",
            count=1_000_000,
            quick=20_000,
            make=(*PYTHON_MODULE, f"benchmarks.inputs.{kind}_lines", "{out}", "{count}"),
            sources=(*LOG_LINES, f"benchmarks/inputs/{kind}_lines.py"),
        )
        for kind, title, _ in LINE_FORMATS
    ),
    Input(
        name="spans",
        title="spans in OTLP JSON lines",
        suffix=".jsonl",
        count=1_000_000,
        quick=20_000,
        make=(*PYTHON_MODULE, "benchmarks.inputs.otlp_spans", "{out}", "{count}"),
        sources=SPANS,
    ),
    *(
        Input(
            name=f"{name}_spans",
            title=f"copy of the spans in {title}",
            suffix=suffix,
            count=1,
            quick=1,
            make=(*PYTHON_MODULE, "benchmarks.inputs.other_spans", name, "{out}", "{spans}"),
            sources=(*SPANS, "benchmarks/inputs/other_spans.py", "benchmarks/inputs/otlp_protobuf.py"),
            needs=("spans",),
        )
        for name, title, suffix in SPAN_FORMATS
    ),
    Input(
        name="pretty",
        title="spans in one indented OTLP JSON object",
        suffix=".json",
        count=175_000,
        quick=10_000,
        make=(*PYTHON_MODULE, "benchmarks.inputs.pretty_object", "{out}", "{count}"),
        sources=(*SPANS, "benchmarks/inputs/pretty_object.py"),
    ),
    Input(
        name="exposition",
        title="samples in the Prometheus text format",
        suffix=".prom",
        count=1_000_000,
        quick=20_000,
        make=(*PYTHON_MODULE, "benchmarks.inputs.exposition", "{out}", "{count}"),
        sources=("benchmarks/inputs/exposition.py",),
    ),
    *(
        Input(
            name=f"big_{kind}",
            title=f"times the lines of NDJSON, {kind}",
            suffix=suffix,
            count=12,
            quick=12,
            make=(*COPIES, "{logs}"),
            sources=(*LOG_LINES, "benchmarks/inputs/copies.py"),
            needs=("logs",),
        )
        for kind, suffix in (("plain", ".ndjson"), ("gzip", ".ndjson.gz"), ("zstd", ".ndjson.zst"))
    ),
    *(
        Input(
            name=f"big_{kind}",
            title=f"times the {title}, zstd",
            suffix=".log.zst",
            count=copies,
            quick=copies,
            make=(*COPIES, f"{{{kind}_logs}}"),
            sources=(*LOG_LINES, f"benchmarks/inputs/{kind}_lines.py", "benchmarks/inputs/copies.py"),
            needs=(f"{kind}_logs",),
        )
        for kind, title, copies in LINE_FORMATS
    ),
    Input(
        name="span_store",
        title="spans in a store",
        suffix=".duckdb",
        count=10_000_000,
        quick=200_000,
        make=(*PYTHON_MODULE, "benchmarks.inputs.span_store", "{out}", "{count}"),
        sources=SPAN_STORE,
    ),
    _derived("derived_store", "spans", SPAN_STORE, "span_store"),
    _ingested("log_store", "the lines of NDJSON", LOG_LINES, "{logs}", "logs"),
    Input(
        name="incident_logs",
        title="lines of NDJSON with an incident in them",
        suffix=".ndjson",
        count=1_000_000,
        quick=200_000,
        make=(*PYTHON_MODULE, "benchmarks.inputs.incident_lines", "{out}", "{count}"),
        sources=INCIDENT_LINES,
    ),
    _ingested("incident_store", "the lines with an incident", INCIDENT_LINES, "{incident_logs}", "incident_logs"),
    _derived("derived_incident", "the lines with an incident", (*INCIDENT_LINES, *STORE), "incident_store"),
    Input(
        name="texts",
        title="lines of NDJSON, messages of 400 kinds",
        suffix=".ndjson",
        count=1_000_000,
        quick=20_000,
        make=(*PYTHON_MODULE, "benchmarks.inputs.log_texts", "{out}", "{count}"),
        sources=LOG_TEXTS,
    ),
    _ingested("text_store", "the messages of 400 kinds", LOG_TEXTS, "{texts}", "texts"),
    _ingested("sample_store", "sample_logs", ("sample_logs",), str(ROOT / "sample_logs")),
)
BY_NAME: Mapping[str, Input] = {each.name: each for each in ALL}


def filled(command: Sequence[str], values: Mapping[str, object]) -> list[str]:
    """Return the command with each {name} replaced by its value; other braces stay."""
    words = list(command)
    for name, value in {"python": sys.executable, **values}.items():
        words = [word.replace(f"{{{name}}}", str(value)) for word in words]
    return words


def ready(names: Sequence[str], folder: Path, is_quick: bool) -> dict[str, Path]:
    """Return the paths of inputs by name, making those that are not there yet, and those they need first."""
    paths: dict[str, Path] = {}
    for each in (BY_NAME[name] for name in names):
        count = each.quick if is_quick else each.count
        size = "quick" if is_quick else f"{count}"
        path = folder / f"{each.name}-{size}-{_stamp(each)}{each.suffix}"
        if not path.exists():
            for outdated in folder.glob(f"{each.name}-{size}-*"):
                remove(outdated)
            needed = ready(each.needs, folder, is_quick)
            print(f"making {path.name}: {count:,} {each.title}", file=sys.stderr, flush=True)
            _make(filled(each.make, {**needed, "count": count}), path)
        paths[each.name] = path
    return paths


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def files_in(path: Path) -> list[Path]:
    """Return the files of an input or an output: itself, or all that a folder holds."""
    return [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]


def _make(command: Sequence[str], path: Path) -> None:
    unfinished = path.with_name(f"unfinished-{path.name}")
    remove(unfinished)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(filled(command, {"out": unfinished}), check=True, env=environment)
    unfinished.rename(path)


def _stamp(each: Input) -> str:
    digest = hashlib.blake2b(digest_size=4)
    for source in _sources(each):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _sources(each: Input) -> Iterator[Path]:
    for name in each.sources:
        path = ROOT / name
        yield from (
            sorted(found for found in path.rglob("*") if found.suffix != ".pyc" and found.is_file())
            if path.is_dir()
            else [path]
        )
