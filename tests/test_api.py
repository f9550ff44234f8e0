"""Asking in Python: a `Lens`, its generated methods, and what they refuse."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import START_NS

import loglens
from loglens.analyses import ALL
from loglens.analysis import Analysis, Param, Row, Value
from loglens.api import Lens
from loglens.ask import ask
from loglens.errors import LoglensError, NotFound, UsageError
from loglens.scope import Scope
from loglens.store.store import open_reader, open_writer


@pytest.fixture
def lens(small_store: Path) -> Lens:
    return loglens.open(small_store)


def test_a_question_is_a_method(lens: Lens) -> None:
    result = lens.slow(quantile=0.99, limit=1)
    assert result.rows == [
        {
            "service": "api",
            "route": "/users/{id}",
            "requests": 300,
            "errors": 30,
            "p50_ms": 150.0,
            "p90_ms": 270.0,
            "p95_ms": 285.0,
            "p99_ms": 297.0,
            "p999_ms": 300.0,
            "max_ms": 300.0,
            "total_s": 45.15,
            "low_ms": 293.0,
            "high_ms": None,
            "enough": True,
            "exemplar_trace_id": f"aa{297:030x}",
        }
    ]
    assert result.left_out == 2
    assert lens.slow(0.5, "route").rows == lens.slow(quantile=0.5).rows


@pytest.mark.parametrize("analysis", ALL, ids=lambda analysis: analysis.name)
def test_every_method_has_a_real_signature_and_docstring(analysis: Analysis) -> None:
    method = getattr(Lens, analysis.name)
    shared = ["since", "until", "service", "limit"]
    parameters = inspect.signature(method).parameters
    positional = [param.name for param in analysis.params if param.positional]
    others = [param.name for param in analysis.params if not param.positional]
    assert list(parameters) == ["self", *positional, *others, *shared]
    assert {param.name: param.default for param in analysis.params if not param.positional} == {
        name: parameters[name].default for name in others
    }
    assert parameters["limit"].default == analysis.limit
    for text in (analysis.title, analysis.question, *(param.help for param in analysis.params)):
        assert text in (method.__doc__ or "")
    assert analysis.name in dir(Lens)


def test_times_limit_what_is_asked(lens: Lens) -> None:
    first = START_NS + 2 * 10**9 + 7
    at = datetime(2026, 1, 15, 9, 0, 2, tzinfo=UTC)
    ends = [f"2026-01-15T09:00:02.{nanoseconds:09d}Z" for nanoseconds in (6, 7, 8)]
    counts = [sum(row["requests"] for row in lens.slow(until=end).rows) for end in ends]
    assert first == START_NS + int((at - datetime(2026, 1, 15, 9, tzinfo=UTC)).total_seconds()) * 10**9 + 7
    assert counts == [0, 0, 3]
    assert [row["requests"] for row in lens.slow(since="2s", service="api").rows] == [2]
    assert lens.slow(since=timedelta(seconds=2), service="api") == lens.slow(since="2s", service="api")
    assert lens.slow(service="nobody").rows == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"quantil": 0.5}, "slow has no parameter 'quantil'. Did you mean 'quantile'?"),
        ({"sinse": "2h"}, "slow has no parameter 'sinse'. Did you mean 'since'?"),
        ({"by": "rout"}, "slow: by 'rout' is not a choice. Did you mean 'route'?"),
        ({"quantile": 0.42}, "slow: quantile '0.42' is not one of 0.5, 0.9, 0.95, 0.99 and 0.999"),
        ({"quantile": None}, "slow: quantile is missing"),
        ({"include_health": "yes"}, "slow: include_health 'yes' is not true or false"),
        ({"route": 3}, "slow: route 3 is not text"),
        ({"since": "tomorrow"}, "since 'tomorrow' is not a time."),
        ({"since": 5}, "since '5' is not a time."),
        ({"service": 3}, "service 3 is not text."),
        ({"limit": -1}, "limit -1 is not a number of rows"),
        ({"limit": 1.5}, "limit 1.5 is not a whole number"),
        ({"limit": True}, "limit True is not a whole number"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(lens: Lens, given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as raised:
        lens.slow(**given)
    assert str(raised.value).startswith(message)


def test_an_unknown_analysis_names_the_nearest(lens: Lens) -> None:
    with pytest.raises(AttributeError, match=r"loglens has no analysis 'slwo'. Did you mean 'slow'?"):
        lens.slwo()
    assert not hasattr(lens, "_ipython_display_")


def test_a_missing_database_is_refused_when_it_is_opened(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"No database at .*nope.duckdb"):
        loglens.open(tmp_path / "nope.duckdb")


def test_the_default_database_comes_from_the_settings(
    small_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotFound, match=r"loglens\.duckdb"):
        loglens.open()
    (tmp_path / "loglens.toml").write_text(f"db = '{small_store}'")
    assert repr(loglens.open()) == f"loglens.open({str(small_store)!r})"
    monkeypatch.setenv("LOGLENS_DB", str(small_store))
    assert len(loglens.open().slow()) == 3


def test_the_health_setting_reaches_the_answer(
    small_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loglens.toml").write_text('health_segments = ["orders"]')
    assert [row["route"] for row in loglens.open(small_store).slow()] == ["/users/{id}", "/token"]
    assert len(loglens.open(small_store).slow(include_health=True)) == 3


def test_an_open_lens_never_blocks_a_writer(lens: Lens, small_store: Path) -> None:
    assert len(lens.slow()) == 3
    with open_writer(small_store, wait_s=0):
        pass
    assert len(lens.slow()) == 3


def test_many_threads_may_ask_at_once(lens: Lens) -> None:
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(len(lens.slow()))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [3] * 8


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("SELECT nothing FROM logs", "LINE 1: SELECT nothing FROM logs\n               ^^^^^^^"),
        ("SELECT 1\nFROM nowhere", "LINE 2: FROM nowhere\n             ^^^^^^^"),
        ("SELEC 1", "LINE 1: SELEC 1\n        ^^^^^"),
        ("SELECT 'x'::INTEGER", "Could not convert string 'x' to INT32"),
        ("SELECT $a", "parameters: a"),
        ("", "sql takes one SELECT"),
        ("SELECT 1; SELECT 2", "sql takes one SELECT"),
        ("DROP TABLE logs", "sql takes one SELECT"),
        ("COPY logs TO 'logs.csv'", "sql takes one SELECT"),
        ("SET memory_limit = '1GB'", "sql takes one SELECT"),
        ("ATTACH 'other.duckdb'", "sql takes one SELECT"),
        ("INSERT INTO logs SELECT * FROM logs", "sql takes one SELECT"),
        ("WITH x AS (SELECT 1) DELETE FROM logs", "sql takes one SELECT"),
        ("SELECT * FROM read_text('/etc/hostname')", "file system operations are disabled"),
        ("SELECT * FROM '/etc/hostname'", "does not exist"),
        ("SELECT * FROM glob('/etc/*')", "disabled"),
        ("FROM reqests", 'Did you mean "requests"?\nLINE 1: FROM reqests'),
        ("SELECT is_helth_route('/ping')", 'Did you mean "is_health_route"?'),
    ],
)
def test_sql_only_reads_the_store(lens: Lens, statement: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        lens.sql(statement)
    assert message in str(raised.value)


def test_sql_takes_what_a_select_can_be(lens: Lens) -> None:
    assert lens.sql("SELECT count(*) AS n FROM spans -- with a comment").rows == [{"n": 600}]
    assert lens.sql("FROM range(5);", limit=2).rows == [{"range": 0}, {"range": 1}]
    assert lens.sql("FROM range(5)", limit=2).left_out == 3
    assert lens.sql("VALUES (';')").rows == [{"col0": ";"}]
    assert [row["requests"] for row in lens.sql("SELECT count(*) AS requests FROM requests")] == [600]
    assert {"logs", "requests", "span_tree"} <= {row["name"] for row in lens.sql("SHOW TABLES")}
    (row,) = lens.sql("SELECT count(*) AS found FROM duckdb_views() WHERE view_name = 'error_events'")
    assert row["found"] == 1
    assert lens.sql("SELECT count(*) AS n FROM query_table('request' || 's')").rows == [{"n": 600}]
    assert lens.sql("SELECT max(ts_ns) AS ts_ns, max(ts) AS ts FROM logs").rows == [
        {"ts_ns": START_NS + 10 * 10**9 + 10, "ts": "2026-01-15T09:00:10.00000001Z"}
    ]


def spread(rows: Sequence[Row], values: Mapping[str, Value]) -> Mapping[str, Any]:
    return {"ranks": [row["n"] for row in rows], "word": f"{values['word']}!"}


TOY = Analysis(
    name="toy",
    title="Toy",
    question="What comes of it?",
    params=(Param("word", "it's", "A word."), Param("least", None, "At least.", type=int)),
    columns={"n": "A rank.", "word": "The word.", "at_ms": "The least."},
    key=("n",),
    prepare="SELECT unnest(range(5)) AS n",
    bind=spread,
    bound=("ranks",),
    sql="""
        SELECT
            unnest($ranks::BIGINT[])        AS n,
            $word                           AS word,
            coalesce($least, $since_ns)     AS at_ms
        WHERE
            $service IS NULL AND $until_ns > 0
        ORDER BY n
    """,
)


def test_a_first_statement_binds_values_of_the_second(small_store: Path) -> None:
    with open_reader(small_store) as connection:
        answer = ask(connection, TOY, {"word": "it's", "least": 7}, Scope(), 3)
        assert list(answer.tuples) == [(0, "it's!", 7), (1, "it's!", 7), (2, "it's!", 7)]
        assert answer.left_out == 2
        assert len(connection.execute(answer.sql).fetchall()) == 5
        assert list(ask(connection, TOY, {"word": "x", "least": 7}, Scope(service="y"), 3).tuples) == []


def test_a_limit_of_many_rows_is_pushed_down_and_the_rest_counted(small_store: Path) -> None:
    many = Analysis(
        name="many",
        title="Many",
        question="Which spans?",
        params=(),
        columns={"trace_id": "Id."},
        key=("trace_id",),
        many=True,
        sql="SELECT trace_id FROM spans ORDER BY trace_id",
    )
    with open_reader(small_store) as connection:
        for limit, left_out in ((1, 599), (599, 1), (600, 0), (601, 0), (0, 0)):
            answer = ask(connection, many, {}, Scope(), limit)
            assert len(list(answer.tuples)) == min(limit or 600, 600)
            assert answer.left_out == left_out


def test_rows_can_be_computed(small_store: Path) -> None:
    def compute(rows: Sequence[Row], values: Mapping[str, Value]) -> Sequence[Row]:
        ranks = [row["n"] for row in rows]
        return [{"n": n, "share_ratio": n / 4, "empty_ms": None, "is_odd": n % 2 == 1} for n in ranks]

    columns = {"n": "", "share_ratio": "", "empty_ms": "", "is_odd": ""}
    computed = replace(TOY, compute=compute, columns=columns)
    with open_reader(small_store) as connection:
        answer = ask(connection, computed, {"word": "x", "least": None}, Scope(), 2)
        assert [(column.name, column.type) for column in answer.columns] == [
            ("n", "BIGINT"),
            ("share_ratio", "DOUBLE"),
            ("empty_ms", "DOUBLE"),
            ("is_odd", "BOOLEAN"),
        ]
        assert list(answer.tuples) == [(0, 0.0, None, False), (1, 0.25, None, True)]
        assert answer.left_out == 3


def test_ingest_and_open_are_all_one_needs(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text('{"time":"2026-01-15T09:00:00Z","level":"info","message":"hello"}\n' * 3)
    database = tmp_path / "x.duckdb"
    report = loglens.ingest(log, db=database)
    assert (report.records, report.rejects, report.exit_code) == (3, 0, 0)
    assert loglens.open(database).sql("SELECT message, count(*) AS n FROM logs GROUP BY ALL").rows == [
        {"message": "hello", "n": 3}
    ]
    assert loglens.ingest([str(log)], db=database).records == 0


def test_errors_are_one_family() -> None:
    for name in loglens.__all__:
        if name[0].isupper():
            assert issubclass(getattr(loglens, name), LoglensError)
