"""The page for users knows every problem, key and operator there is."""

import re
from pathlib import Path

import pytest

import captionjudge.layout
from captionjudge.layout import default_layout, load_layout
from captionjudge.layout import load as loading
from captionjudge.layout.tree import OPERATORS

PACKAGE = Path(captionjudge.layout.__path__[0])
PAGE = (Path(__file__).parents[2] / "docs" / "layout.md").read_text("utf-8")
RAISED = re.compile(r'(?:notes\.add\(|_refuse\(notes, )"([a-z-]+)"')


def _table(heading: str) -> set[str]:
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_every_problem_code_is_explained() -> None:
    codes = {code for path in PACKAGE.glob("*.py") for code in RAISED.findall(path.read_text("utf-8"))}
    assert len(codes) > 15
    assert codes == _table("Problems")


def test_every_operator_is_explained() -> None:
    assert _table("Conditions") == set(OPERATORS)


@pytest.mark.parametrize("keys", [loading._LAYOUT, loading._SPLIT, loading._CELL])
def test_every_key_is_explained(keys: tuple[str, ...]) -> None:
    assert set(keys) - {"settings"} <= _table("The file")


def test_the_example_is_the_notebooks_layout() -> None:
    example = load_layout(PAGE.partition("```json\n")[2].partition("```")[0])
    seed = load_layout(default_layout(["Text_8B", "Text_16B"]))
    assert (example.name, example.grid, example.cells, example.group_key) == (
        seed.name,
        seed.grid,
        seed.cells,
        seed.group_key,
    )
