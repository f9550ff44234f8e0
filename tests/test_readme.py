"""The README tells the truth: its console examples print what it shows, its Python examples give what it shows."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TERMINAL = {"COLUMNS": "100", "LINES": "40", "NO_COLOR": "1"}

# How long an ingest took is the one thing that differs between two runs.
ELAPSED = re.compile(r"\bin [\d.,]+ (?:s|min)\)")


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def shown_commands() -> list[tuple[str, str]]:
    """Return every command of the console blocks with the output that is shown below it."""
    found = []
    for block in blocks("console"):
        for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = example.partition("\n")
            found.append((command, output))
    return found


def run(command: str, folder: Path) -> str:
    """Run a command of the README in a folder, with `loglens` being this one, and return all that it prints."""
    this = f'loglens() {{ {shlex.quote(sys.executable)} -m loglens "$@"; }}'
    environment = {**os.environ, **TERMINAL, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        ["bash", "-c", f"{this}\n{command}"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, f"{command}: exit code {done.returncode}\n{done.stdout}"
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with sample_logs in it and nothing else."""
    shutil.copytree(ROOT / "sample_logs", tmp_path / "sample_logs")
    return tmp_path


def test_console_examples_print_what_is_shown(folder: Path) -> None:
    for command, shown in shown_commands():
        printed = run(command, folder)
        assert f"$ {command}\n{ELAPSED.sub('in … s)', printed)}" == f"$ {command}\n{ELAPSED.sub('in … s)', shown)}"


def test_python_examples_give_what_is_shown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for number, block in enumerate(blocks("python")):
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
    named = {name for span in spans for name in re.findall(r"(?:^|\| )loglens ([a-z]+)", span)}
    assert named - known == set()
    # The table of uses names what there is, but for the two that are said elsewhere.
    assert known - named <= {"overview", "completion", "demo"}
