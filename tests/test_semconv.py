"""The table of attribute names: old names lead to current ones, and never further."""

from __future__ import annotations

from loglens.ingest.semconv import INSTANCE, LOG_COLUMNS, RENAMED, SPAN_COLUMNS, spellings


def test_a_current_name_is_asked_before_its_old_ones() -> None:
    assert spellings(["http.request.method"]) == ("http.request.method", "http.method")
    assert spellings(["url.path"]) == ("url.path", "http.target", "http.path")
    assert spellings(["gen_ai.request.model", "gen_ai.response.model"]) == (
        "gen_ai.request.model", "llm.request.model", "llm.model_name", "llm.model",
        "gen_ai.response.model", "llm.response.model",
    )  # fmt: skip
    assert spellings(["no.such.name"]) == ("no.such.name",)


def test_no_old_name_is_current() -> None:
    assert not RENAMED.keys() & set(RENAMED.values())


def test_columns_read_current_names() -> None:
    for names in (*SPAN_COLUMNS.values(), *LOG_COLUMNS.values(), INSTANCE):
        assert not RENAMED.keys() & set(names)
