"""docs/report.md lists every key that the report has, and none that it has not."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from tests.reporting import cascaded, judged

from captionjudge.reporting.figures import figures
from captionjudge.reporting.recorded import from_lines

PAGE = Path(__file__).parents[2] / "docs" / "report.md"
STATISTIC = {"value", "low", "high", "n", "rule", "left_out", "standard_error", "confidence"}


def _occurring(value: Any, path: str = "") -> Iterator[str]:
    """The paths of all that is no object and no list of objects; a statistic is one thing."""
    if isinstance(value, dict) and set(value) != STATISTIC and path.rpartition(".")[2] != "left_out":
        for key, each in value.items():
            yield from _occurring(each, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and (not value or isinstance(value[0], dict)):
        for each in value:
            yield from _occurring(each, f"{path}[]")
    else:
        yield path


@cache
def _tables() -> dict[str, set[str]]:
    """By heading of the page, what stands in backticks in the first column of its tables of keys."""
    found: dict[str, set[str]] = {}
    for section in re.split(r"^##+ ", PAGE.read_text(), flags=re.MULTILINE):
        heading = section.partition("\n")[0].strip("` ")
        for table in re.findall(r"^\| key \| meaning \|\n\|---\|---\|\n((?:\|.*\n)*)", section, re.MULTILINE):
            cells = (row.split(" | ")[0] for row in table.splitlines())
            found.setdefault(heading, set()).update(path for cell in cells for path in re.findall("`([^`]+)`", cell))
    return found


def _expanded(path: str) -> Iterator[str]:
    """Without braces and without the names of shared parts."""
    choice = re.search(r"\{([^{}]*)\}", path)
    if choice:
        for one in choice[1].split(","):
            yield from _expanded(path[: choice.start()] + one + path[choice.end() :])
        return
    part = re.search(r"<\w+>", path)
    if part is None:
        yield path
        return
    for key in _tables()[part[0]]:
        yield from _expanded(path.replace(part[0], key, 1))


def _reports() -> Iterator[dict[str, Any]]:
    everything = judged.encoded()
    yield figures(from_lines([b"{", *everything], ["set.kind"]))
    one_sided = [json.dumps(each | {"verdicts": [], "final_choices": []}).encode() for each in judged.lines(6)]
    yield figures(from_lines(one_sided))
    yield figures(from_lines((_textless("ab"[k % 2], k) for k in range(12)), ["set.kind"]))
    yield figures(from_lines(json.dumps(each).encode() for each in cascaded.lines(40)), None, cascaded.SPENDING)
    alone = [each for each in cascaded.lines(40) if not each["overlap"]]
    yield figures(from_lines(json.dumps(each).encode() for each in alone))
    yield figures(from_lines(_textless("a", k) for k in range(12)))
    yield figures(
        from_lines(
            [json.dumps({"a": {"candidate": "A"}, "b": {"candidate": "B"}, "verdicts": [{"judge": "j"}]}).encode()]
        )
    )


@cache
def _textless(said: str, k: int = 0) -> bytes:
    """A pair without texts and audit: the judge says one thing, its person a or b in turns; marks are numbers."""
    marks = {"Detail": {"a": k % 3, "b": 1}, "Fine": {"a": k / 10, "b": 0.25}}
    line = {
        "id": f"{said}{k}",
        "a": {"candidate": "A"},
        "b": {"candidate": "B"},
        "verdicts": [{"judge": "j", "choice": said, "criteria": marks}],
        "final_choices": [{"annotator": "p", "choice": "ab"[k % 2], "criteria": marks}],
    }
    return json.dumps(line).encode()


def test_every_key_of_the_report_is_on_the_page_and_the_other_way_round() -> None:
    shared = {heading for heading in _tables() if heading.startswith("<")}
    documented = {
        full for heading in set(_tables()) - shared for path in _tables()[heading] for full in _expanded(path)
    }
    occurring = {path for report in _reports() for path in _occurring(report) if not path.endswith("[]")}
    assert sorted(occurring - documented) == []
    assert sorted(documented - occurring) == []


def test_every_statistic_has_a_rule_and_says_how_many() -> None:
    def statistics(value: Any) -> Iterator[dict[str, Any]]:
        if isinstance(value, dict) and set(value) == STATISTIC:
            yield value
        elif isinstance(value, dict | list):
            for each in value.values() if isinstance(value, dict) else value:
                yield from statistics(each)

    found = [each for report in _reports() for each in statistics(report)]
    assert len(found) > 1000
    assert [each for each in found if not each["rule"] or each["n"] < 0] == []
    # An interval holds its value, and a value has an interval unless its rule says why not.
    ordered = [each for each in found if None not in (each["value"], each["low"], each["high"])]
    assert [each for each in ordered if not each["low"] - 1e-9 <= each["value"] <= each["high"] + 1e-9] == []
