"""What holds for every member of the registers, however many there will be."""

from __future__ import annotations

import importlib.util
import json
import pkgutil
import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import duckdb
import pytest
from conftest import Shell

import loglens
from loglens import analyses, detect, detectors, reports
from loglens.analyses import ALL
from loglens.analysis import SCOPE, Analysis, Param
from loglens.api import Lens
from loglens.ask import ask
from loglens.cli.main import GROUPS, PROGRAM
from loglens.cli.options import own_options, shared_options
from loglens.columns import Column
from loglens.detector import Detector
from loglens.detectors import ALL as DETECTORS
from loglens.params import accept_all
from loglens.reports import ALL as RENDERERS
from loglens.scope import Scope
from loglens.statement import Statement
from loglens.store.store import open_reader

ROOT = Path(__file__).parent.parent
each = pytest.mark.parametrize("analysis", ALL, ids=lambda analysis: analysis.name)


def values_of(analysis: Analysis) -> Mapping[str, Any]:
    """Return accepted values of every parameter: the defaults, and some text where one is required."""
    return accept_all(analysis, {param.name: "aa" for param in analysis.params if param.positional})


def test_the_registers_are_whole() -> None:
    modules = {module.name for module in pkgutil.iter_modules(analyses.__path__)}
    assert [analysis.name for analysis in ALL] == list(dict.fromkeys(analysis.name for analysis in ALL))
    assert {analysis.name for analysis in ALL} == modules
    helpers = {"page", "cells", "html"}
    renderers = {renderer.module for renderer in RENDERERS}
    assert all(callable(renderer.render) for renderer in RENDERERS)
    assert renderers | helpers == {module.name for module in pkgutil.iter_modules(reports.__path__)}


def test_a_new_analysis_touches_three_files() -> None:
    for analysis in ALL:
        mentions = [
            path.relative_to(ROOT).as_posix()
            for path in [*(ROOT / "loglens").rglob("*.py"), *(ROOT / "tests" / "cases" / "analyses").glob("*.toml")]
            if re.search(rf"analyses import .*\b{analysis.name}\b|analyses\.{analysis.name}\b", path.read_text("utf-8"))
            or (path.stem == analysis.name and path.parent.name == "analyses")
        ]
        # A detector may watch it: that is another addition.
        mentions = [path for path in mentions if not path.startswith("loglens/detectors/")]
        module, case = f"loglens/analyses/{analysis.name}.py", f"tests/cases/analyses/{analysis.name}.toml"
        assert {module, case} <= set(mentions), analysis.name
        assert set(mentions) <= {module, case, "loglens/analyses/__init__.py"}, analysis.name


def test_a_new_detector_touches_three_files() -> None:
    modules = {module.name for module in pkgutil.iter_modules(detectors.__path__)}
    cases = {path.stem for path in (ROOT / "tests" / "cases" / "detectors").glob("*.toml")}
    assert {detector.name for detector in DETECTORS} == modules == cases
    for name in modules:
        word = re.compile(rf"\b{name}\b")
        register = ROOT / "loglens" / "detectors" / "__init__.py"
        importing = re.compile(rf"detectors import \(?[\w\s,]*\b{name}\b|detectors\.{name}\b")
        found = {path for path in (ROOT / "loglens").rglob("*.py") if importing.search(path.read_text("utf-8"))}
        assert found == {register}, name
        assert len(word.findall(register.read_text("utf-8"))) == 2, name


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.name)
def test_the_declaration_of_a_detector_is_complete(detector: Detector) -> None:
    assert re.fullmatch(r"[a-z][a-z_]*", detector.name)
    assert detector.problem.endswith(".")
    assert detector.advice.endswith(".")
    assert {*detector.identity, *detector.evidence} <= set(detector.watches.columns)
    assert set(detector.asks) <= {param.name for param in detector.watches.params}
    assert not [name for name in detector.identity if name.endswith(("_ts", "_ns", "_ms", "trace_id", "span_id"))]
    drawing = (sys.modules[detector.judge.__module__].__doc__ or "").partition("\n\n")[2]
    assert len(drawing.splitlines()) >= 4, "a detector draws what it looks for"
    for param in detector.params:
        assert param.help.endswith(".")
        assert param.reason.endswith("."), param.name
    nothing = dict.fromkeys(detector.watches.columns)
    gates = detector.judge(nothing, accept_all(detector, {})).gates
    assert not all(gate.is_passed for gate in gates)
    named = {each.param for gate in gates for each in (gate, *gate.others)}
    assert named <= {param.name for param in detector.params}


def another(param: Param) -> str | int | float | bool:
    """Return a value of a parameter that is not its default."""
    if param.choices:
        return next(choice for choice in param.choices if choice != param.default)
    if param.python_type is bool:
        return not param.default
    if param.python_type is str:
        return "x"
    assert param.default is None or isinstance(param.default, (int, float))
    return param.python_type((param.default or 0) + 2)


THRESHOLDS = [
    pytest.param(detector, param, id=f"{detector.name}.{param.name}")
    for detector in DETECTORS
    for param in detector.params
]
# What several detectors share is one parameter.
ONCE = list({id(threshold.values[1]): threshold for threshold in THRESHOLDS}.values())


@pytest.mark.parametrize(("detector", "param"), ONCE)
def test_a_threshold_is_set_on_every_surface(
    detector: Detector, param: Param, shell: Shell, small_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Any] = []
    accept = detect.accept_thresholds

    def accepting(*given: Any) -> Any:
        values = accept(*given)
        taken.append(values[detector.name][param.name])
        return values

    monkeypatch.setattr("loglens.judging.accept_thresholds", accepting)
    monkeypatch.setattr("loglens.miss.accept_thresholds", accepting)
    # What is made of the values is held by the cases; here they only have to arrive.
    monkeypatch.setattr("loglens.detect._judged", lambda *_: iter(()))
    monkeypatch.setattr("loglens.miss._judged", lambda *_: iter(()))
    name, value = f"{detector.name}.{param.name}", another(param)
    assert value != param.default
    only = ("--detector", detector.name)
    assert shell("findings", *only, "--set", f"{name}={value}").code == 0
    loglens.open(small_store).findings(detector.name, thresholds={name: value})
    assert shell("explain-miss", detector.name, "--trace", f"aa{1:030x}", "--set", f"{name}={value}").code == 0
    for path, section in (("pyproject.toml", f"tool.loglens.{detector.name}"), ("loglens.toml", detector.name)):
        Path(path).write_text(f"[{section}]\n{param.name} = {json.dumps(value)}\n")
        assert shell("findings", *only).code == 0
        Path(path).unlink()
    assert taken == [value] * 5
    if param.python_type is not str:
        done = shell("check", "--set", f"{name}=many")
        assert (done.code, done.out) == (2, "")
        assert f"{detector.name}: {param.name} 'many' is not " in done.err


@pytest.mark.parametrize(("detector", "param"), THRESHOLDS)
def test_a_threshold_is_moved_in_some_case(detector: Detector, param: Param) -> None:
    cases = tomllib.loads((ROOT / "tests" / "cases" / "detectors" / f"{detector.name}.toml").read_text("utf-8"))["case"]
    moved = {name for case in cases for name in case.get("set", ())}
    assert f"{detector.name}.{param.name}" in moved


@each
def test_the_statement_is_one_select_of_the_declared_columns(analysis: Analysis, empty_store: Path) -> None:
    with open_reader(empty_store, reading=analysis.statements) as connection:
        for sql in filter(None, (analysis.prepare, analysis.sql)):
            (statement,) = connection.extract_statements(sql)
            assert statement.type == duckdb.StatementType.SELECT
        described = Statement(connection, analysis.sql, binds_of(analysis, connection)).columns({})
        names = [column.name for column in described]
        if not analysis.is_computed:
            assert names == list(analysis.columns)
        elif quiet(analysis):
            answer = ask(connection, analysis, values_of(analysis), Scope(), analysis.limit)
            assert [column.name for column in answer.columns] == list(analysis.columns)


def quiet(analysis: Analysis) -> bool:
    """Whether an analysis answers a question about an empty store, instead of naming what is not there."""
    return not any(param.positional for param in analysis.params)


def binds_of(analysis: Analysis, connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    binds: dict[str, Any] = {**values_of(analysis), **Scope().binds(connection)}
    if analysis.bind_arrow is not None and analysis.prepare is not None:
        found = analysis.bind_arrow(Statement(connection, analysis.prepare, binds).arrow(), binds)
        assert set(found) == set(analysis.bound)
        binds |= found
    if analysis.bind is not None:
        rows = Statement(connection, analysis.prepare, binds).rows() if analysis.prepare else []
        found = analysis.bind(rows, binds) if quiet(analysis) else dict.fromkeys(analysis.bound)
        assert set(found) == set(analysis.bound)
        binds |= found
    return binds | {"most": None}


@each
def test_the_statement_takes_the_declared_parameters(analysis: Analysis) -> None:
    named: set[str] = set()
    with duckdb.connect() as connection:
        for sql in filter(None, (analysis.prepare, analysis.sql)):
            (statement,) = connection.extract_statements(sql)
            named |= statement.named_parameters
    declared = {param.name for param in analysis.params}
    scope = set(SCOPE)
    assert named <= declared | scope | set(analysis.bound) | ({"most"} if analysis.many else set())
    assert scope <= named
    unused = declared - named
    assert not unused or analysis.is_computed or analysis.bind, unused


@each
def test_the_declaration_is_complete(analysis: Analysis) -> None:
    assert re.fullmatch(r"[a-z][a-z_]*", analysis.name)
    assert analysis.question.endswith("?")
    assert set(analysis.key) <= set(analysis.columns)
    assert analysis.greyed is None or analysis.greyed in analysis.columns
    assert analysis.subject is None or analysis.subject in analysis.columns
    assert all(meaning.endswith(".") for meaning in analysis.columns.values())
    assert all(param.help.endswith(".") for param in analysis.params)
    assert analysis.limit >= 0
    assert analysis.examples
    assert all(example.startswith("loglens") for example in analysis.examples)
    if analysis.aside is not None:
        assert set(analysis.aside(values_of(analysis))) <= set(analysis.columns)


@each
def test_defaults_and_flags_are_values_of_their_parameters(analysis: Analysis) -> None:
    shared = {option for param in shared_options(0) for option in (*param.opts, param.name)}
    for param in analysis.params:
        assert param.name not in shared
        for flag, value in (param.flags or {}).items():
            assert flag.startswith("--")
            assert flag not in shared
            assert accept_all(analysis, {**_required(analysis), param.name: value})
        assert param.default is None or not param.choices or param.default in param.choices


def _required(analysis: Analysis) -> dict[str, Any]:
    return {param.name: "aa" for param in analysis.params if param.positional}


@each
def test_every_surface_has_it(analysis: Analysis) -> None:
    assert callable(getattr(Lens, analysis.name))
    assert analysis.command in GROUPS["Ask"]
    command = GROUPS["Ask"][analysis.command].load()
    options = [option for param in own_options(analysis) for option in param.opts]
    for param in analysis.params:
        spelled = param.name if param.positional else f"--{param.name.rstrip('_').replace('_', '-')}"
        assert spelled in options
    context = click.Context(command, info_name=analysis.name, terminal_width=10_000)
    text = command.get_help(context)
    for part in (analysis.question, *analysis.columns.values(), *(param.help for param in analysis.params)):
        assert part in text
    for example in analysis.examples:
        assert f"  {example}\n" in text + "\n"


@each
def test_its_answer_can_be_asked_again_as_a_statement(analysis: Analysis, small_store: Path) -> None:
    if analysis.is_computed or not quiet(analysis):
        pytest.skip("its rows are computed")
    lens = loglens.open(small_store)
    result = getattr(lens, analysis.name)(limit=0)
    assert lens.sql(result.sql).rows == result.rows
    assert all(list(row) == list(analysis.columns) for row in result.rows)


@each
def test_every_format_gives_the_same_rows(analysis: Analysis, small_store: Path) -> None:
    lens = loglens.open(small_store)
    trace_id = f"aa{1:030x}"
    known = {
        "trace_id": trace_id,
        "trace_a": trace_id,
        "trace_b": trace_id,
        "route": "/orders",
        "template": "f22d",
        "error": "9aef",
    }
    required = {param.name: known[param.name] for param in analysis.params if param.positional}
    result = getattr(lens, analysis.name)(**required, limit=3)
    assert len(result) <= 3
    assert result.arrow().num_rows == result.polars().height == len(result.rows)
    assert result.arrow().column_names == list(analysis.columns)
    assert repr(result)
    assert result._repr_html_()


@each
def test_many_rows_are_counted_as_they_are_fetched(analysis: Analysis, small_store: Path) -> None:
    if not analysis.many:
        pytest.skip("its rows are all fetched")
    with open_reader(small_store) as connection:
        statement = Statement(connection, analysis.sql, binds_of(analysis, connection))
        columns: tuple[Column, ...] = statement.columns({})
        assert statement.count() == len(list(statement.fetch(columns))) > 0


def test_commands_and_methods_have_the_same_names() -> None:
    context = click.Context(PROGRAM)
    commands = set(PROGRAM.list_commands(context))
    methods = {name for name in dir(Lens) if not name.startswith("_")} - {"asking", "asking_sql"}
    assert {name.replace("_", "-") for name in methods} - commands == set()
    assert {name.replace("-", "_") for name in commands} - methods == {
        "ingest",
        "forget",
        "formats",
        "derive",
        "push",
        "demo",
        "completion",
        "check",
    }


def test_every_command_has_help_and_a_short_one() -> None:
    context = click.Context(PROGRAM)
    summaries = {name: listed.summary for group in GROUPS.values() for name, listed in group.items()}
    for name in PROGRAM.list_commands(context):
        command = PROGRAM.get_command(context, name)
        assert command is not None
        assert len(summaries[name]) > 5
        assert "--help" in command.get_help(click.Context(command, info_name=name, help_option_names=["-h", "--help"]))


def test_the_version_is_that_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert loglens.__version__ == project["version"]


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["analyses.md", "detectors.md", "cli.md", "schema.md", "formats.md", "indices.md"])
def test_the_docs_are_what_the_declarations_say(name: str) -> None:
    text = generator().pages()[name]
    assert (ROOT / "docs" / name).read_text("utf-8") == text, "stale: run make docs"
