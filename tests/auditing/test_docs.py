"""docs/audit.md names every probe, kind, threshold and key."""

import re
from pathlib import Path

from captionjudge.auditing.injection import FORMS
from captionjudge.auditing.measure import KINDS, MEASURES
from captionjudge.auditing.plant import KINDS as PLANTED
from captionjudge.auditing.probe import PROBES

PAGE = (Path(__file__).parents[2] / "docs" / "audit.md").read_text()


def test_every_probe_and_kind_is_described() -> None:
    table = PAGE.partition("## Probes")[2].partition("## ")[0]
    for probe in PROBES:
        assert f"| `{probe}` |" in table
        assert all(f"`{kind}`" in table for kind in KINDS[probe])


def test_every_threshold_and_baseline_is_the_one_that_decides() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (?:`(\w+)`|each) \| (\w+) \| ([\d.]+) \| (\S+) \|$", PAGE, re.MULTILINE)
    told = {
        (probe, kind): (should, float(threshold), None if baseline == "chance" else float(baseline))
        for probe, kinds, should, threshold, baseline in rows
        for kind in ([kinds] if kinds else KINDS[probe])
    }
    assert told == {key: (measure.should, measure.threshold, measure.baseline) for key, measure in MEASURES.items()}


def test_every_kind_has_a_measure() -> None:
    assert set(MEASURES) == {(probe, kind) for probe in PROBES for kind in KINDS[probe]}
    assert {*PLANTED, *FORMS}.isdisjoint(PROBES)
