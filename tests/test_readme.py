"""The README tells the truth: its console examples print what it shows, its Python examples give what it shows."""

from __future__ import annotations

import doctest
import importlib.util
import re
import shutil
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def load_examples() -> ModuleType:
    """Return docs/examples.py, which brings the README up to date and knows how its examples are run."""
    spec = importlib.util.spec_from_file_location("docs_examples", ROOT / "docs" / "examples.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


EXAMPLES = load_examples()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with sample_logs in it and nothing else."""
    shutil.copytree(ROOT / "sample_logs", tmp_path / "sample_logs")
    return tmp_path


def test_console_examples_print_what_is_shown(folder: Path) -> None:
    for command, shown in EXAMPLES.shown_commands():
        printed, elapsed = EXAMPLES.run(command, folder), EXAMPLES.ELAPSED
        assert f"$ {command}\n{elapsed.sub('in … s)', printed)}" == f"$ {command}\n{elapsed.sub('in … s)', shown)}"


def test_python_examples_give_what_is_shown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for number, block in enumerate(EXAMPLES.blocks("python")):
        case = doctest.DocTestParser().get_doctest(block, {}, f"README block {number}", "README.md", 0)
        assert case.examples
        complaints: list[str] = []
        doctest.DocTestRunner(verbose=False).run(case, out=complaints.append)
        assert "".join(complaints) == ""


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_commands_of_the_table_exist() -> None:
    from loglens.cli.main import GROUPS

    known = {name for group in GROUPS.values() for name in group}
    spans = re.findall(r"`([^`\n]+)`", README.replace("\\|", "|"))
    named = {name for span in spans for name in re.findall(r"(?:^|\| )loglens ([a-z][a-z-]*)", span)}
    assert named - known == set()
    # The table of uses names what there is, but for the two that are said elsewhere.
    assert known - named <= {"overview", "completion", "demo"}
