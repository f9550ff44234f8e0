"""The register of analyses, in report order; a new one is a module, a line here and a case file."""

from __future__ import annotations

from loglens.analysis import Analysis

ALL: tuple[Analysis, ...] = ()
