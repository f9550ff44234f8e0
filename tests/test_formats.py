"""The contract of every format: its example is recognised as it and reads whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from loglens.ingest.formats import FORMATS
from loglens.ingest.reader import Format
from loglens.ingest.run import IngestRequest, ingest


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_the_example_of_a_format_reads_as_it(form: Format, tmp_path: Path) -> None:
    path = tmp_path / "example"
    path.write_text(form.example, "utf-8")
    (outcome,) = ingest(IngestRequest([str(path)], tmp_path / "x.duckdb")).outcomes
    assert (outcome.action, outcome.format, outcome.rejects) == ("new", form.name, 0)
    assert outcome.records > 0


def test_names_are_given_once() -> None:
    assert len({form.name for form in FORMATS}) == len(FORMATS)
