"""The notebook of the examples runs from top to bottom, on the installed package."""

from __future__ import annotations

import asyncio
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

NOTEBOOK = Path(__file__).parents[2] / "examples" / "finance.ipynb"
SECONDS = 60
"""A cell that takes longer fails; the first one may have to make matplotlib's cache of fonts."""


@pytest.fixture
def notebook() -> NotebookNode:
    return nbformat.read(NOTEBOOK, as_version=nbformat.NO_CONVERT)


def run(notebook: NotebookNode, folder: Path) -> None:
    """Execute the notebook in place, with `folder` as the working directory. Raises CellExecutionError."""
    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", resources=resources)
    asyncio.run(client.async_execute())  # its `execute` leaves the loop open


def printed(cell: NotebookNode) -> str:
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def test_the_notebook_is_kept_without_outputs(notebook: NotebookNode) -> None:
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None), cell.id


def test_the_notebook_runs_away_from_the_sources_and_draws_its_figures(
    notebook: NotebookNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)  # only the installation offers Hucha's modules
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    folder = tmp_path / "elsewhere"
    folder.mkdir()

    run(notebook, folder)

    cells = {cell.id: cell for cell in notebook.cells if cell.cell_type == "code"}
    drawn = {id for id, cell in cells.items() for output in cell.outputs if "image/png" in output.get("data", {})}
    assert drawn == {id for id in cells if id.endswith("-plot")}
    assert len(drawn) == 5
    del cells["imports"]  # where matplotlib may say that it makes its cache
    assert not [output for cell in cells.values() for output in cell.outputs if output.get("name") == "stderr"]
    told = printed(cells["spending-facts"])
    for sentence in ("far above the average day", "wasn't used lately", "in quick succession"):
        assert sentence in told
    assert not list(folder.iterdir())
