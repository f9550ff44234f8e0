"""The register of renderers; a new one is a module, a line here and a file of golden cases."""

from __future__ import annotations

from loglens.reports.page import Page, Renderer

ALL: tuple[Renderer, ...] = (
    Renderer("table", "a table that fits the terminal", "table"),
    Renderer("json", "one JSON array of row objects", "json", (".json",)),
    Renderer("jsonl", "one JSON object a line", "jsonl", (".jsonl", ".ndjson")),
    Renderer("csv", "comma-separated values with a header", "csv", (".csv",)),
    Renderer("md", "a Markdown table", "markdown", (".md",)),
)
__all__ = ["ALL", "Page", "Renderer"]
