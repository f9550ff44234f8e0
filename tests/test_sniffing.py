"""What the beginning of a file is taken for: its own format from the first line on, and never another one."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from loglens.ingest.content import Content
from loglens.ingest.formats import FALLBACK, FORMATS
from loglens.ingest.reader import Format, Sample
from loglens.ingest.run import IngestRequest, ingest
from loglens.ingest.sampling import Guess, look

CASES = Path(__file__).parent / "cases"
# Formats whose cases are in files of other names.
ELSEWHERE = {
    "ndjson": (CASES / "formats" / "ndjson.toml", *sorted((CASES / "json_logs").glob("*.toml"))),
    "otlp_json": tuple(CASES / "formats" / f"otlp_{signal}.toml" for signal in ("logs", "metrics", "spans")),
    "otlp_protobuf": (),
}
FIRST_LINES = (1, 2, 10)


def contents(form: Format) -> Iterator[str]:
    """Yield what is read as a format by its content alone: its example, and its cases."""
    yield form.example
    for file in ELSEWHERE.get(form.name, (CASES / "formats" / f"{form.name}.toml",)):
        for case in tomllib.loads(file.read_text("utf-8"))["case"]:
            content = case.get("content", case.get("lines"))
            is_own = case.get("format", form.name) == form.name and "format" not in case.get("options", {})
            if is_own and isinstance(content, str):
                yield content.removeprefix("\n")


def looked_at(content: str, path: Path) -> Guess:
    path.write_text(content, "utf-8")
    with Content(path) as opened:
        return look(opened, None)


def says_too_little(head: str, whole: str, form: Format) -> bool:
    """Say whether a beginning ends in the midst of a document or of quotes in CSV, or is text before the JSON."""
    if form.is_binary:
        return head != whole
    if form.name == "postgres_csv":
        return head.count('"') % 2 == 1
    if form.layouts is not None or form.wrapper is not None:
        return False
    return any(head.count(first) != head.count(last) for first, last in ("{}", "[]")) or (
        form.name == "ndjson" and "{" not in head
    )


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_the_first_lines_tell_the_format(form: Format, tmp_path: Path) -> None:
    heads = {
        (head, whole)
        for whole in contents(form)
        for count in FIRST_LINES
        if (head := "".join(whole.splitlines(keepends=True)[:count])).strip()
    }
    assert heads
    for head, whole in sorted(heads):
        found = looked_at(head, tmp_path / "head").format
        if says_too_little(head, whole, form):
            assert found in (form, FALLBACK, None), head
        else:
            assert found is form, head


def test_a_shuffled_folder_is_read_file_by_file(tmp_path: Path) -> None:
    forms = random.Random(7).sample(FORMATS, len(FORMATS))
    folder = tmp_path / "logs"
    folder.mkdir()
    for number, form in enumerate(forms):
        # Names say nothing, or something else.
        (folder / f"{number:02}-{forms[number - 1].name}.log").write_text(form.example, "utf-8")
    report = ingest(IngestRequest([str(folder)], tmp_path / "x.duckdb"))
    assert [(outcome.action, outcome.format) for outcome in report.outcomes] == [("new", form.name) for form in forms]


def test_records_in_another_order_are_the_same_format(tmp_path: Path) -> None:
    for form in FORMATS:
        if form.is_binary or form.layouts is None:
            continue
        for content in contents(form):
            records = looked_at(content, tmp_path / "content").sample.records_of(form.layouts).to_pylist()
            shuffled = "\n".join(random.Random(7).sample(records, len(records)))
            found = looked_at(f"{shuffled}\n", tmp_path / "content").format
            assert found is form, shuffled


@pytest.mark.parametrize(
    "content",
    [
        "# Heading\n\nA page of text.\nIt says a few things.\n",
        "id,name,total\n1,alice,17\n2,bob,18\n",
        "groups:\n  - name: api\n    rules:\n      - alert: Down\n        expr: up == 0\n",
        "DROP TABLE orders;\nCREATE TABLE orders (id INTEGER);\n",
        "def run() -> None:\n    print('hello')\n",
        '{"name":"loglens","version":"1.0","dependencies":{"duckdb":"2.0"}}\n',
        '[{"id":1,"name":"alice"},{"id":2,"name":"bob"}]\n',
        "<html><body><p>hello</p></body></html>\n",
        "ls -la\ncd /tmp\nmake test\n",
    ],
    ids=["prose", "CSV", "YAML", "SQL", "Python", "a manifest", "rows", "HTML", "a shell history"],
)
def test_what_is_no_log_is_taken_for_none(content: str, tmp_path: Path) -> None:
    assert looked_at(content, tmp_path / "content").format is None


def test_text_without_json_is_asked_about_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(sample: Sample) -> float:
        asked.append(sample)
        return 0.0

    monkeypatch.setattr("loglens.ingest.sampling.FORMATS", [replace(FORMATS[0], sniff=refuse)])
    assert looked_at("def f():\n    pass\n", tmp_path / "x.py").format is None
    assert len(asked) == 1
