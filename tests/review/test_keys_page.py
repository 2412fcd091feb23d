"""docs/keys.md says what the registry holds."""

import re
from pathlib import Path

from tests.review.seed import BLOCKS

from captionjudge.review.keys import NAMED, make_registry, shown

PAGE = (Path(__file__).parents[2] / "docs" / "keys.md").read_text()


def test_every_action_is_listed_with_its_keys_and_its_label() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)
    documented = [(name, tuple(re.findall(r"`([^`]+)`", keys)), label) for name, keys, label in rows]
    registry = make_registry(BLOCKS)
    assert documented == [(one.name, tuple(map(shown, one.keys)), one.label) for one in registry.actions]


def test_every_key_with_a_name_is_listed() -> None:
    assert [name for name in NAMED if f"`{name}`" not in PAGE] == []
