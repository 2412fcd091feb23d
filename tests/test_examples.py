"""The examples run as they are."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.mark.filterwarnings("ignore")
def test_the_notebook_runs_and_shows_the_table_and_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROJECT", str(tmp_path))
    notebook = nbformat.reads((EXAMPLES / "judge_photos.ipynb").read_text(), as_version=4)  # type: ignore[no-untyped-call]

    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()

    kinds = {kind for cell in notebook.cells for output in cell.get("outputs", ()) for kind in output.get("data", ())}
    assert {"text/html", "image/jpeg"} <= kinds
