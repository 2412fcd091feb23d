"""Of nothing there is no figure, and no error either; and every public name can be used."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from captionjudge import statistics as cj

EMPTY, TABLE = np.zeros(0), np.zeros((0, 3))
NOTHING = np.zeros(0, dtype=np.int64)
FIGURES: Mapping[str, Callable[[], Any]] = {
    "win_rate": lambda: cj.win_rate(NOTHING),
    "win_rate, bootstrap": lambda: cj.win_rate(NOTHING, interval="bootstrap"),
    "weighted_win_rate": lambda: cj.weighted_win_rate(EMPTY),
    "strength_score": lambda: cj.strength_score(EMPTY),
    "accuracy": lambda: cj.accuracy(NOTHING, NOTHING),
    "cohen_kappa": lambda: cj.cohen_kappa(NOTHING, NOTHING),
    "fleiss_kappa": lambda: cj.fleiss_kappa(TABLE),
    "gwet_ac": lambda: cj.gwet_ac(TABLE, 3),
    "krippendorff_alpha": lambda: cj.krippendorff_alpha(TABLE, "ordinal"),
    "kendall": lambda: cj.kendall(EMPTY, EMPTY),
    "spearman": lambda: cj.spearman(EMPTY, EMPTY),
    "pearson": lambda: cj.pearson(EMPTY, EMPTY),
    "pairwise_accuracy": lambda: cj.pairwise_accuracy(EMPTY, EMPTY, NOTHING),
    "ceiling": lambda: cj.ceiling(TABLE).rest,
    "beside_people": lambda: cj.beside_people(NOTHING, TABLE).majority,
    "flip_rate": lambda: cj.flip_rate(NOTHING, NOTHING).rate,
    "first_slot_share": lambda: cj.first_slot_share(NOTHING, NOTHING),
    "option_order_effect": lambda: cj.option_order_effect(EMPTY, EMPTY),
    "longer_wins": lambda: cj.longer_wins(EMPTY, EMPTY, EMPTY),
    "length_control": lambda: cj.length_control(EMPTY, EMPTY, EMPTY).controlled,
    "self_preference": lambda: cj.self_preference(NOTHING, NOTHING, NOTHING, EMPTY, NOTHING, 0),
    "halo": lambda: cj.halo(TABLE),
    "constancy": lambda: cj.constancy(NOTHING).share,
    "brier": lambda: cj.brier(EMPTY, EMPTY),
    "calibration_error": lambda: cj.calibration_error(EMPTY, EMPTY),
    "estimate": lambda: cj.estimate(EMPTY, EMPTY).combined,
    "contradiction_rate": lambda: cj.contradiction_rate(TABLE, EMPTY),
    "criteria_weights": lambda: cj.criteria_weights(TABLE, EMPTY)[0],
    "deciding_criterion": lambda: cj.deciding_criterion(TABLE, EMPTY, [1, 1, 1])[0],
}


@pytest.mark.parametrize("name", FIGURES)
def test_of_nothing_there_is_no_figure_and_the_rule_says_so(name: str) -> None:
    found = FIGURES[name]()
    assert np.isnan([found.value, found.low, found.high]).all()
    assert found.n == 0
    assert any(word in found.rule for word in ("nothing", "not defined", "no pair", "fewer", "never"))


def test_every_public_name_is_a_thing_and_not_a_module() -> None:
    assert [name for name in cj.__all__ if isinstance(getattr(cj, name), ModuleType)] == []


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = cj.nonsense


def test_every_public_function_says_where_it_comes_from_or_what_it_gives() -> None:
    functions = [getattr(cj, name) for name in cj.__all__ if callable(getattr(cj, name))]
    assert [each.__name__ for each in functions if not each.__doc__] == []


def test_every_public_function_is_on_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "statistics.md").read_text()
    named = [name for name in cj.__all__ if name.islower() and f"`{name}`" not in page]
    assert named == []
