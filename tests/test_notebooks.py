"""The notebooks run from beginning to end and show what they were committed with."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def shown(notebook: Any) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the source of every code cell with what it shows."""
    return [
        (cell.source, [dict(output.get("data", {"text": output.get("text")})) for output in cell.outputs])
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


@pytest.mark.filterwarnings("default")  # Jupyter's own packages warn about each other.
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_shows_what_it_was_committed_with(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import nbformat
    from nbclient import NotebookClient

    shutil.copytree(ROOT / "sample_logs", tmp_path / "sample_logs")
    folder = tmp_path / "notebooks"
    folder.mkdir()
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    read: Any = nbformat.read
    committed, fresh = read(path, as_version=4), read(path, as_version=4)
    NotebookClient(fresh, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()
    assert shown(fresh) == shown(committed)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_names_no_folder_of_its_author(path: Path) -> None:
    assert re.findall(r"/(?:home|root|tmp|Users|work)/[^\s\"]*", path.read_text(encoding="utf-8")) == []
