"""What can be set for all questions: from the environment, `loglens.toml` or `[tool.loglens]` in `pyproject.toml`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from loglens.errors import UsageError
from loglens.nearest import did_you_mean


@dataclass(frozen=True)
class Settings:
    """The settings of one working directory; each, but thresholds, is also an environment variable: LOGLENS_DB."""

    db: str = field(default="loglens.duckdb", metadata={"help": "Database that is asked and filled."})
    health_segments: tuple[str, ...] = field(
        default=("health", "healthz", "livez", "readyz", "live", "ready", "ping", "metrics"),
        metadata={
            "help": "Last path segments of routes that are health checks, beside grpc.health.v1.Health/*."
            " Comma-separated in the environment."
        },
    )
    thresholds: Mapping[str, Any] = field(
        default_factory=dict,
        metadata={"help": "Thresholds of detectors, a table a detector: `[slow_route]`, then `min_requests = 100`."},
    )


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return f"LOGLENS_{name.upper()}"


def load_settings(directory: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings that hold in a directory: environment before `loglens.toml` before `pyproject.toml`.

    Raises UsageError for a key that is no setting, a value of another type, or a file that is not TOML.
    """
    folder = directory or Path()
    variables = os.environ if environment is None else environment
    found: dict[str, Any] = {}
    thresholds: dict[str, Any] = {}
    for path, section in ((folder / "pyproject.toml", ("tool", "loglens")), (folder / "loglens.toml", ())):
        if path.is_file():
            table = _section(path, section)
            thresholds |= _thresholds(table)
            found |= _checked({name: value for name, value in table.items() if not isinstance(value, dict)}, path)
    for name in _WORDS:
        text = variables.get(variable(name))
        if text:
            found[name] = _from_text(name, text)
    return Settings(**found, thresholds=thresholds)


# What is one word or a list of words, and so can come from the environment too.
_WORDS = tuple(each.name for each in fields(Settings) if each.name != "thresholds")


def _thresholds(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of all tables below this one, by their dotted names; the detectors know which there are."""
    sections = {name: section for name, section in table.items() if isinstance(section, dict)}
    return {f"{name}.{key}": value for name, section in sections.items() for key, value in section.items()}


def _section(path: Path, section: tuple[str, ...]) -> dict[str, Any]:
    import tomllib

    try:
        table: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}.") from error
    for name in section:
        table = table.get(name, {})
        if not isinstance(table, dict):
            raise UsageError(f"{path}: {name} is not a table.")
    return dict(table)


def _checked(table: Mapping[str, Any], path: Path) -> dict[str, Any]:
    known = {each.name: each.default for each in fields(Settings) if each.name in _WORDS}
    checked: dict[str, Any] = {}
    for name, value in table.items():
        if name not in known:
            raise UsageError(f"{path} sets {name!r}, which loglens does not know. {did_you_mean(name, known)}")
        if isinstance(known[name], tuple):
            if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                raise UsageError(f"{path}: {name} must be a list of strings.")
            checked[name] = tuple(value)
        elif isinstance(value, str):
            checked[name] = value
        else:
            raise UsageError(f"{path}: {name} must be a string.")
    return checked


def _from_text(name: str, text: str) -> str | tuple[str, ...]:
    if isinstance(getattr(Settings(), name), tuple):
        return tuple(item.strip() for item in text.split(",") if item.strip())
    return text
