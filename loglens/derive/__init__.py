"""The register of derivations, in the order in which they need each other; a new one is a module and a line here."""

from __future__ import annotations

from loglens.derivation import Derivation
from loglens.derive import correlation, log_templates, query_shapes, trace_structure

ALL: tuple[Derivation, ...] = (
    query_shapes.DERIVATION,
    log_templates.DERIVATION,
    trace_structure.DERIVATION,
    correlation.DERIVATION,
)
