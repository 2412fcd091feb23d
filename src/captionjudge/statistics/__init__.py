"""Statistics: pure functions over arrays, each with its definition, interval and source. See docs/statistics.md."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from captionjudge.statistics.bootstrap import bootstrap_ratio, percentile_interval
    from captionjudge.statistics.calibration import brier, calibration_error, reliability_curve
    from captionjudge.statistics.cascade import cascade_curve
    from captionjudge.statistics.confusion import accuracy, accuracy_within, confusion_table
    from captionjudge.statistics.connection import Connectedness, connectedness
    from captionjudge.statistics.correlation import kendall, pairwise_accuracy, pearson, spearman
    from captionjudge.statistics.criteria import contradiction_rate, criteria_weights, deciding_criterion
    from captionjudge.statistics.elo import elo_points, elo_ratings
    from captionjudge.statistics.estimation import Estimate, estimate, reviews_needed
    from captionjudge.statistics.habits import constancy, halo, preference_table, self_preference
    from captionjudge.statistics.kappa import cohen_kappa, fleiss_kappa, gwet_ac
    from captionjudge.statistics.krippendorff import krippendorff_alpha
    from captionjudge.statistics.length import length_control, longer_wins
    from captionjudge.statistics.matrices import Comparisons, compare, win_matrix
    from captionjudge.statistics.outcomes import Outcome, count_outcomes, merge_orders, outcome_codes, score_outcomes
    from captionjudge.statistics.people import beside_people, ceiling, consensus, majority
    from captionjudge.statistics.position import first_slot_share, flip_rate, option_order_effect
    from captionjudge.statistics.ranking import NoRanking, Ranking, bradley_terry, difference
    from captionjudge.statistics.rates import Rate, wilson
    from captionjudge.statistics.recalibration import isotonic, platt, recalibrate
    from captionjudge.statistics.separability import expected_wins, groups, next_pair, rank_ranges, separable
    from captionjudge.statistics.statistic import Statistic
    from captionjudge.statistics.strength import (
        GRADE,
        PLAIN,
        REWARD,
        STRICT,
        TRIPLE,
        Weights,
        level_shares,
        strength_score,
    )
    from captionjudge.statistics.winning import probability_of_a, weighted_win_rate, win_rate
    from captionjudge.statistics.within import correlation_within

_HOMES = {
    "Comparisons": "matrices",
    "Connectedness": "connection",
    "Estimate": "estimation",
    "GRADE": "strength",
    "NoRanking": "ranking",
    "Outcome": "outcomes",
    "PLAIN": "strength",
    "REWARD": "strength",
    "Ranking": "ranking",
    "Rate": "rates",
    "STRICT": "strength",
    "Statistic": "statistic",
    "TRIPLE": "strength",
    "Weights": "strength",
    "accuracy": "confusion",
    "accuracy_within": "confusion",
    "beside_people": "people",
    "bootstrap_ratio": "bootstrap",
    "bradley_terry": "ranking",
    "brier": "calibration",
    "calibration_error": "calibration",
    "cascade_curve": "cascade",
    "ceiling": "people",
    "cohen_kappa": "kappa",
    "compare": "matrices",
    "confusion_table": "confusion",
    "connectedness": "connection",
    "consensus": "people",
    "constancy": "habits",
    "contradiction_rate": "criteria",
    "correlation_within": "within",
    "count_outcomes": "outcomes",
    "criteria_weights": "criteria",
    "deciding_criterion": "criteria",
    "difference": "ranking",
    "elo_points": "elo",
    "elo_ratings": "elo",
    "estimate": "estimation",
    "expected_wins": "separability",
    "first_slot_share": "position",
    "fleiss_kappa": "kappa",
    "flip_rate": "position",
    "groups": "separability",
    "gwet_ac": "kappa",
    "halo": "habits",
    "isotonic": "recalibration",
    "kendall": "correlation",
    "krippendorff_alpha": "krippendorff",
    "length_control": "length",
    "level_shares": "strength",
    "longer_wins": "length",
    "majority": "people",
    "merge_orders": "outcomes",
    "next_pair": "separability",
    "option_order_effect": "position",
    "outcome_codes": "outcomes",
    "pairwise_accuracy": "correlation",
    "pearson": "correlation",
    "percentile_interval": "bootstrap",
    "platt": "recalibration",
    "preference_table": "habits",
    "probability_of_a": "winning",
    "rank_ranges": "separability",
    "recalibrate": "recalibration",
    "reliability_curve": "calibration",
    "reviews_needed": "estimation",
    "score_outcomes": "outcomes",
    "self_preference": "habits",
    "separable": "separability",
    "spearman": "correlation",
    "strength_score": "strength",
    "weighted_win_rate": "winning",
    "wilson": "rates",
    "win_matrix": "matrices",
    "win_rate": "winning",
}

__all__ = [
    "GRADE",
    "PLAIN",
    "REWARD",
    "STRICT",
    "TRIPLE",
    "Comparisons",
    "Connectedness",
    "Estimate",
    "NoRanking",
    "Outcome",
    "Ranking",
    "Rate",
    "Statistic",
    "Weights",
    "accuracy",
    "accuracy_within",
    "beside_people",
    "bootstrap_ratio",
    "bradley_terry",
    "brier",
    "calibration_error",
    "cascade_curve",
    "ceiling",
    "cohen_kappa",
    "compare",
    "confusion_table",
    "connectedness",
    "consensus",
    "constancy",
    "contradiction_rate",
    "correlation_within",
    "count_outcomes",
    "criteria_weights",
    "deciding_criterion",
    "difference",
    "elo_points",
    "elo_ratings",
    "estimate",
    "expected_wins",
    "first_slot_share",
    "fleiss_kappa",
    "flip_rate",
    "groups",
    "gwet_ac",
    "halo",
    "isotonic",
    "kendall",
    "krippendorff_alpha",
    "length_control",
    "level_shares",
    "longer_wins",
    "majority",
    "merge_orders",
    "next_pair",
    "option_order_effect",
    "outcome_codes",
    "pairwise_accuracy",
    "pearson",
    "percentile_interval",
    "platt",
    "preference_table",
    "probability_of_a",
    "rank_ranges",
    "recalibrate",
    "reliability_curve",
    "reviews_needed",
    "score_outcomes",
    "self_preference",
    "separable",
    "spearman",
    "strength_score",
    "weighted_win_rate",
    "wilson",
    "win_matrix",
    "win_rate",
]


def __getattr__(name: str) -> Any:
    # Imported when first used: whoever wants one rate need not wait for numpy and scipy.
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"captionjudge.statistics.{_HOMES[name]}"), name)
