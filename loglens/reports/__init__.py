"""The register of renderers; a new one is a module and a line here."""

from __future__ import annotations

from loglens.reports import csv, json, jsonl, markdown, table
from loglens.reports.page import Page, Renderer

ALL: tuple[Renderer, ...] = (
    table.RENDERER,
    json.RENDERER,
    jsonl.RENDERER,
    csv.RENDERER,
    markdown.RENDERER,
)
__all__ = ["ALL", "Page", "Renderer"]
