"""Settings: the environment before loglens.toml before pyproject.toml, and nothing that is not known."""

from __future__ import annotations

from pathlib import Path

import pytest

from loglens.errors import UsageError
from loglens.settings import Settings, load_settings


def test_the_defaults_hold_where_nothing_is_set(tmp_path: Path) -> None:
    assert load_settings(tmp_path, {}) == Settings()
    assert load_settings(tmp_path, {"LOGLENS_DB": "", "LOGLENS_OTHER": "x"}) == Settings()
    segments = ("health", "healthz", "livez", "readyz", "live", "ready", "ping", "metrics")
    assert Settings() == Settings("loglens.duckdb", segments)


def test_the_nearer_place_wins(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.loglens]\ndb = "a"\nhealth_segments = ["up"]\n[tool.other]\nx = 1\n'
    )
    assert load_settings(tmp_path, {}) == Settings("a", ("up",))
    (tmp_path / "loglens.toml").write_text('db = "b"\n')
    assert load_settings(tmp_path, {}) == Settings("b", ("up",))
    assert load_settings(tmp_path, {"LOGLENS_DB": "c"}) == Settings("c", ("up",))
    assert load_settings(tmp_path, {"LOGLENS_HEALTH_SEGMENTS": " ok , ping,"}) == Settings("b", ("ok", "ping"))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("loglens.toml", 'dp = "x"', "loglens.toml sets 'dp', which loglens does not know. Did you mean 'db'?"),
        ("loglens.toml", "zzzzz = 1", "which loglens does not know. Known: db, health_segments."),
        (
            "pyproject.toml",
            "[tool.loglens]\nDB = 1",
            "pyproject.toml sets 'DB', which loglens does not know. Did you mean",
        ),
        ("loglens.toml", "db = 3", "loglens.toml: db must be a string."),
        ("loglens.toml", 'health_segments = "ping"', "loglens.toml: health_segments must be a list of strings."),
        ("loglens.toml", "health_segments = [1]", "loglens.toml: health_segments must be a list of strings."),
        ("loglens.toml", "db = ", "loglens.toml is not TOML"),
        ("pyproject.toml", "tool = 3", "pyproject.toml: tool is not a table."),
    ],
)
def test_what_is_no_setting_is_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError) as raised:
        load_settings(tmp_path, {})
    assert message in str(raised.value)


def test_bytes_that_are_not_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "loglens.toml").write_bytes(b'db = "\xff"')
    with pytest.raises(UsageError, match="is not TOML"):
        load_settings(tmp_path, {})
