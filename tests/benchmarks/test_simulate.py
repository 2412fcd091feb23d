"""The simulation of large jobs: it comes to what was measured, and never beyond what limits it."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from benchmarks.simulate import SCENARIOS, Job, simulate, table

ROOT = Path(__file__).parents[2]
POINTS = json.loads((ROOT / "benchmarks" / "points.json").read_text())
TOLERANCE = 0.15
SMALL = Job(pairs=4000, machines=1, processes=1, slots=32, latency=0.1)


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point["what"])
def test_a_measured_run_is_met_within_the_tolerance_that_the_documentation_states(point: dict[str, Any]) -> None:
    found = simulate(Job(**point["job"])).pairs_a_second
    assert found == pytest.approx(point["pairs_a_second"], rel=TOLERANCE)
    assert f"{TOLERANCE:.0%}".replace("%", " %") in (ROOT / "docs" / "scale.md").read_text()


@pytest.mark.parametrize(
    "limited",
    [
        {},
        {"cpu_ms": 20.0},
        {"rpm": 600.0},
        {"tpm": 300_000.0},
        {"upload": 10.0},
        {"prepare_ms": 200.0, "cores": 1},
        {"store_ms": 200.0},
    ],
    ids=lambda limited: next(iter(limited), "slots"),
)
def test_whatever_limits_a_job_it_comes_near_the_limit_and_not_beyond(limited: dict[str, Any]) -> None:
    found = simulate(replace(SMALL, **limited))
    most = next(iter(found.limits.values()))
    assert 0.85 * most < found.pairs_a_second < 1.03 * most


def test_a_part_of_a_large_job_stands_for_the_whole() -> None:
    whole, part = simulate(replace(SMALL, pairs=4000)), simulate(replace(SMALL, pairs=400_000))
    assert part.hours == pytest.approx(100 * whole.hours, rel=0.05)


def test_twice_the_machines_take_half_the_time_while_they_share_no_limit() -> None:
    one, two = (simulate(replace(SMALL, pairs=1_000_000, machines=number)) for number in (1, 2))
    assert two.hours == pytest.approx(one.hours / 2, rel=0.05)
    assert two.usd_calls == one.usd_calls


def test_money_is_the_tokens_at_their_prices() -> None:
    found = simulate(replace(SMALL, price_in=1.0, price_out=10.0))
    assert found.usd_calls == pytest.approx((found.tokens_in + 10 * found.tokens_out) / 1e6)
    assert found.tokens_in == 4000 * (4 * 922 + 2 * 60 + 2 * 600)


def test_the_documented_table_is_what_the_program_prints() -> None:
    documented = (ROOT / "docs" / "scale.md").read_text()
    assert re.sub(r"[*]{2}", "", table(SCENARIOS)) in documented
