"""Bring what the README and the notebooks show up to date: `python docs/examples.py`; read the difference."""

from __future__ import annotations

import contextlib
import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
TERMINAL = {"COLUMNS": "100", "LINES": "40", "NO_COLOR": "1"}
# How long an ingest took is the one thing that differs between two runs.
ELAPSED = re.compile(r"\bin [\d.,]+ (?:s|min)\)")


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


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


class Comparison(doctest.DocTestRunner):
    """Notes what Python examples give where it is not what is shown."""

    def __init__(self, verbose: bool) -> None:
        super().__init__(verbose=verbose)
        self.differences: list[tuple[str, str, str]] = []

    def report_failure(self, out: object, test: doctest.DocTest, example: doctest.Example, got: str) -> None:
        """Note one."""
        self.differences.append((example.source, example.want, got))


def refresh_readme() -> None:
    """Write what the console examples print now; an output that differs in its duration alone stays."""
    text = README.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        shutil.copytree(ROOT / "sample_logs", folder / "sample_logs")
        for command, shown in shown_commands():
            printed = run(command, folder)
            if ELAPSED.sub("", printed) != ELAPSED.sub("", shown):
                text = text.replace(f"$ {command}\n{shown}", f"$ {command}\n{printed}", 1)
        with contextlib.chdir(folder):
            for block in blocks("python"):
                case = doctest.DocTestParser().get_doctest(block, {}, "README", "README.md", 0)
                comparison = Comparison(verbose=False)
                comparison.run(case, out=lambda _: None)
                for source, shown, printed in comparison.differences:
                    text = text.replace(f">>> {source}{shown}", f">>> {source}{printed}", 1)
    README.write_text(text, encoding="utf-8")


def refresh_notebooks() -> None:
    """Execute the notebooks in their place."""
    import nbformat
    from nbclient import NotebookClient

    os.environ |= {"COLUMNS": "100", "PYTHONPATH": str(ROOT)}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        NotebookClient(
            notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
        ).execute()
        for cell in notebook.cells:
            cell.metadata.pop("execution", None)
        notebook.metadata["language_info"] = {"name": "python"}
        nbformat.write(notebook, path)


if __name__ == "__main__":
    refresh_readme()
    refresh_notebooks()
