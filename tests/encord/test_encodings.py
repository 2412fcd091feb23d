"""Label rows that one generation of the clients saved are read and changed by the others."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.encord.site import AGENT, Site, open_site

pytestmark = pytest.mark.slow

IMAGES = 3
OLD, NEW, NEWEST = 3, 1, 2


@pytest.fixture
def site(tmp_path: Any) -> Iterator[Site]:
    with open_site(tmp_path, IMAGES) as opened:
        yield opened


def said(words: str) -> dict[str, Any]:
    """What the program reads of a row in which it said these words."""
    how = [0.5, False, AGENT]
    return {
        "Good": [[["Good", "Yes"], ["How good", "Very"], ["Why", f"{words} why"]], *how],
        "Seen": [[["Seen", ["Cup", "Table"]]], *how],
        "Words": [[["Words", words]], *how],
    }


def test_each_generation_reads_what_the_others_saved_and_saves_over_it(site: Site) -> None:
    made = site.said(OLD, "encodings.py", "make")
    assert site.said(OLD, "encodings.py", "go", made, "0=old") == [{}, {}, {}]
    assert site.said(NEW, "encodings.py", "go", made, "1=new") == [said("old"), {}, {}]
    assert site.said(NEWEST, "encodings.py", "go", made, "0=newest", "2=newest") == [said("old"), said("new"), {}]
    assert site.said(OLD, "encodings.py", "go", made, "1=old", "2=old") == [
        said("newest"),
        said("new"),
        said("newest"),
    ]
    assert site.said(NEW, "encodings.py", "go", made) == [said("newest"), said("old"), said("old")]
