"""No input brings a reader down: contents that were broken at random, and values of every kind in every place."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzzer import fuzz
from mutation import seeds

from loglens.ingest.formats import FORMATS


def test_every_format_has_seeds() -> None:
    assert [form.name for form in FORMATS if not seeds(form.name)] == []


@pytest.mark.slow
def test_ten_thousand_broken_inputs_are_read_or_rejected(tmp_path: Path) -> None:
    tally = fuzz(10_000, 20_260_115, tmp_path)
    assert tally.problems == []
    assert tally.inputs >= 10_000
    assert set(tally.formats) >= {form.name for form in FORMATS}
