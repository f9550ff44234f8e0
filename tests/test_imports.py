"""What is imported when: a static graph cannot see laziness, so a process of its own is asked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("duckdb", "pyarrow", "numpy", "polars", "pandas", "rich", "elastic_transport", "msgspec", "orjson", "wcwidth")

PROGRAM = """
import json, sys
sys.argv = ["loglens", *json.loads(sys.argv[1])]
{work}
print(json.dumps(sorted(name for name in sys.modules if "." not in name)), file=sys.stderr)
"""
COMMAND = """
from loglens.cli.main import run
try:
    run()
except SystemExit as exit:
    assert exit.code in (None, 0), exit.code
"""


def loaded(work: str, *arguments: str) -> set[str]:
    code = PROGRAM.format(work=work)
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(arguments)], capture_output=True, text=True, check=True, timeout=60
    )
    return set(json.loads(done.stderr.splitlines()[-1])) & set(HEAVY)


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("--version",), ("slow", "--help"), ("ingest", "--help"), ("sql", "--help"), ("completion", "bash")],
)
def test_help_imports_nothing_heavy(arguments: tuple[str, ...]) -> None:
    ours = 'name.startswith(("loglens.derive.", "loglens.shapes"))'
    work = f"{COMMAND}assert not [name for name in sys.modules if {ours}]"
    assert loaded(work, *arguments) == set()


def test_importing_the_package_imports_nothing_heavy() -> None:
    assert loaded("import loglens") == set()
    assert (
        loaded("import loglens, sys; assert 'click' not in sys.modules; assert 'loglens.api' not in sys.modules")
        == set()
    )


@pytest.mark.parametrize("format_name", ["table", "json", "jsonl", "csv", "md"])
def test_a_question_imports_duckdb_alone(small_store: Path, format_name: str) -> None:
    arguments = ("slow", "--db", str(small_store), "--format", format_name)
    assert loaded(COMMAND, *arguments) == {"duckdb"}


def test_a_lens_imports_duckdb_alone(small_store: Path) -> None:
    lens = f"loglens.open({str(small_store)!r})"
    work = f"import loglens; repr({lens}.slow()); {lens}.slow().rows"
    assert loaded(work) == {"duckdb"}


@pytest.mark.parametrize("name", ["llm-api.log", "traces.otlp.jsonl"])
def test_reading_does_not_import_pandas_to_ask_about_its_types(name: str, tmp_path: Path) -> None:
    source = Path(__file__).parents[1] / "sample_logs" / name
    assert "pandas" not in loaded(COMMAND, "ingest", str(source), "--db", str(tmp_path / "x.duckdb"))


def test_pushing_does_not_import_pandas_to_ask_about_its_types(small_store: Path) -> None:
    assert "pandas" not in loaded(COMMAND, "push", "events", "--dry-run", "--db", str(small_store))


def test_the_package_ingest_can_be_called() -> None:
    work = """
import loglens.ingest.run as module
from loglens.ingest import report
from loglens import ingest
import inspect, os, loglens
assert module.ingest.__module__ == "loglens.ingest.run", module
assert ingest is loglens.ingest is sys.modules["loglens.ingest"]
names = "paths db again format duration_unit service timezone".split()
assert list(inspect.signature(ingest).parameters) == names
assert ingest([], os.devnull).outcomes == []
"""
    assert "polars" not in loaded(work)
