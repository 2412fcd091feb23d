"""The page for users knows every problem there is."""

import re
from pathlib import Path

import captionjudge.ontology

PACKAGE = Path(captionjudge.ontology.__path__[0])
PAGE = Path(__file__).parents[2] / "docs" / "ontology.md"
RAISED = re.compile(r'(?:Problem|_warning|_refuse|notes\.add|_label)\([^)"]*?(?:found, "\w+", )?"([a-z]+(?:-[a-z]+)+)"')


def test_every_problem_code_is_explained() -> None:
    codes = {code for path in PACKAGE.glob("*.py") for code in RAISED.findall(path.read_text("utf-8"))}
    codes |= set(re.findall(r'\("(too-\w+)", "', (PACKAGE / "limits.py").read_text("utf-8")))
    explained = set(re.findall(r"^\| `([a-z-]+)` \|", PAGE.read_text("utf-8").split("## Problems")[1], re.MULTILINE))
    assert len(codes) > 20
    assert codes == explained
