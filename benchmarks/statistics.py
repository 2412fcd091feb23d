"""The statistics at size: seconds and peak memory of each, beside the limits that they are to keep.

    python benchmarks/statistics.py [--verdicts N] [--pairs N]

Bradley-Terry with intervals for 12 candidates on a million verdicts within a second; every statistic there is of
100,000 pairs, judged in both orders and in part reviewed by people, within ten seconds and 1 GB; and as much for the
report of a judgments file of so many pairs. Each is measured in a process of its own, after imports.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from captionjudge import statistics as cj

CANDIDATES = 12
Timed = tuple[str, float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--verdicts", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=100_000)
    options = parser.parse_args()
    for name, job, size in (
        ("ranking", rank, options.verdicts),
        ("all statistics", everything, options.pairs),
        ("a report of a file", report, options.pairs),
    ):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            rows, megabytes = pool.apply(measured, (job, size))
        print(f"\n{name}, {size:,} rows, peak {megabytes:.0f} MiB")
        print(f"  {'':40} {'seconds':>9} {'CPU':>9}")
        for row, seconds, busy in [*rows, ("together", sum(row[1] for row in rows), sum(row[2] for row in rows))]:
            print(f"  {row:40} {seconds:9.3f} {busy:9.3f}")


def measured(job: Callable[[int], Iterator[Timed]], size: int) -> tuple[list[Timed], float]:
    """What the job took, and the peak memory of the process in MiB."""
    # What is imported lazily comes first.
    for job_ in (rank, everything, report):
        list(job_(2000))
    rows = list(job(size))
    return rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def rank(n: int) -> Iterator[Timed]:
    """Rankings of `n` verdicts about a tenth as many images."""
    first, second, outcome, _ = verdicts(n)
    image = np.random.default_rng(2).integers(0, n // 10, n)
    ways: dict[str, dict[str, Any]] = {
        "Bradley-Terry, sandwich": {},
        "Davidson, sandwich": {"ties": "model"},
        "Bradley-Terry, sandwich over images": {"clusters": image},
        "Bradley-Terry, 200 bootstrap samples": {"interval": "bootstrap", "resamples": 200},
    }
    for name, arguments in ways.items():
        yield timed(name, cj.bradley_terry, first, second, outcome, CANDIDATES, **arguments)


def everything(n: int) -> Iterator[Timed]:
    """Every statistic of `n` pairs, four of each image."""
    first, second, ab, rng = verdicts(n)
    image = np.arange(n) // 4
    ba = np.where(rng.random(n) < 0.15, 1 - np.minimum(ab, 1), ab)
    outcome = cj.merge_orders(ab, ba)
    human = np.where(rng.random((n, 3)) < 0.8, ab[:, None], rng.integers(0, 3, (n, 3)))
    human[rng.random((n, 3)) < 0.5] = -1
    p = rng.beta(5, 2, n)
    right = (rng.random(n) < p).astype(float)
    a_length, b_length = rng.poisson(60, n), rng.poisson(50, n)
    score = cj.score_outcomes(outcome).score
    decided = np.select([ab == 0, ab == 1], [1.0, 0.0], 0.5)
    criteria = rng.integers(-1, 2, (n, 5)).astype(float) + decided[:, None]
    reviewed = np.where(rng.random(n) < 0.05, decided, np.nan)
    values = np.where(human < 0, np.nan, human)
    yield timed("win rate, clustered", cj.win_rate, outcome, clusters=image)
    yield timed("win rate, bootstrap over images", cj.win_rate, outcome, clusters=image, interval="bootstrap")
    yield timed("weighted win rate", cj.weighted_win_rate, cj.probability_of_a(outcome, p), clusters=image)
    yield timed("strength score", cj.strength_score, rng.integers(-2, 3, n), clusters=image)
    yield timed("Davidson, clustered", cj.bradley_terry, first, second, outcome, 12, ties="model", clusters=image)
    style = np.stack([a_length - b_length, rng.normal(size=n), rng.normal(size=n)], axis=1)
    yield timed("Bradley-Terry with style", cj.bradley_terry, first, second, outcome, 12, covariates=style)
    yield timed("Elo", cj.elo_ratings, first, second, outcome, 12)
    yield timed("kappa", cj.cohen_kappa, outcome, human[:, 0], 6, clusters=image)
    yield timed("Fleiss", cj.fleiss_kappa, human, 3, clusters=image)
    yield timed("Gwet", cj.gwet_ac, human, 3, clusters=image)
    yield timed("Krippendorff, ordinal", cj.krippendorff_alpha, values, "ordinal", clusters=image)
    yield timed("people, majority", cj.beside_people, outcome, human)
    yield timed("people, ceiling", cj.ceiling, human)
    yield timed("Kendall", cj.kendall, a_length - b_length, p, clusters=image)
    yield timed("Spearman", cj.spearman, a_length - b_length, p, clusters=image)
    yield timed("Pearson", cj.pearson, a_length - b_length, p, clusters=image)
    yield timed("pairwise accuracy, by image", cj.pairwise_accuracy, p, right, image)
    yield timed("flips", cj.flip_rate, ab, ba, clusters=image)
    yield timed("first slot", cj.first_slot_share, ab, np.arange(n) % 2 == 0, clusters=image)
    yield timed("longer wins", cj.longer_wins, score, a_length, b_length, clusters=image)
    yield timed("control for length", cj.length_control, score, a_length, b_length, clusters=image)
    family = rng.integers(0, 3, n)
    yield timed("self-preference", cj.self_preference, family, first % 3, second % 3, score, image, 0)
    yield timed("halo", cj.halo, criteria, clusters=image)
    yield timed("Brier", cj.brier, p, right, clusters=image)
    yield timed("calibration error", cj.calibration_error, p, right, clusters=image)
    yield timed("recalibration, isotonic", cj.recalibrate, p, right, clusters=image)
    yield timed("recalibration, Platt", cj.recalibrate, p, right, "platt", clusters=image)
    yield timed("estimation", cj.estimate, score, reviewed, clusters=image)
    yield timed("contradictions", cj.contradiction_rate, criteria, decided, clusters=image)
    yield timed("weights of criteria", cj.criteria_weights, criteria, decided, clusters=image)


def report(n: int) -> Iterator[Timed]:
    """A judgments file of `n` pairs of six candidates: two orders, three criteria; two people for every fifth."""
    from captionjudge.reporting.figures import figures
    from captionjudge.reporting.recorded import read_judgments

    first, second, ab, rng = verdicts(n)
    chosen = np.array(["a", "b", "tie"])[ab]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "judgments.jsonl"
        with file.open("wb") as out:
            for k in range(n):
                out.write(orjson.dumps(line(k, sorted((int(first[k]) % 6, int(second[k]) % 6)), str(chosen[k]), rng)))
                out.write(b"\n")
        recorded: list[Any] = []
        yield timed("reading", lambda: recorded.append(read_judgments(file)))
        yield timed("all figures", figures, recorded[0])


def line(k: int, candidates: list[int], choice: str, rng: np.random.Generator) -> dict[str, Any]:
    """One pair as it stands in a judgments file."""
    a, b = candidates if candidates[0] != candidates[1] else (0, 1)
    marks = {name: {"a": int(rng.integers(1, 6)), "b": int(rng.integers(1, 6))} for name in ("Right", "Full", "Clear")}
    other = choice if rng.random() < 0.9 else "a"
    said = {"judge": "judge", "probability": round(float(rng.uniform(0.5, 1)), 3), "criteria": marks}
    people = [
        {"annotator": f"p{who}", "choice": choice if rng.random() < 0.8 else "b", "criteria": marks} for who in range(2)
    ]
    return {
        "id": str(k),
        "image": f"image {k // 4}",
        "a": {"candidate": f"model {a}", "text": "a dog on a beach " * int(rng.integers(3, 20))},
        "b": {"candidate": f"model {b}", "text": "a dog on a beach " * int(rng.integers(3, 20))},
        "verdicts": [said | {"order": "ab", "choice": choice}, said | {"order": "ba", "choice": other}],
        "final_choices": people if k % 5 == 0 else [],
        "audit": k % 10 == 0,
    }


def verdicts(n: int) -> tuple[Any, Any, Any, np.random.Generator]:
    """Random pairs of candidates with outcomes by Davidson's model."""
    rng = np.random.default_rng(1)
    strengths = np.linspace(-1, 1, CANDIDATES)
    first = rng.integers(0, CANDIDATES, n)
    second = (first + rng.integers(1, CANDIDATES, n)) % CANDIDATES
    gap = strengths[first] - strengths[second]
    win, loss, u = np.exp(gap / 2), np.exp(-gap / 2), rng.random(n)
    total = win + loss + 0.5
    return first, second, np.where(u < win / total, 0, np.where(u < (win + loss) / total, 1, 2)), rng


def timed(name: str, function: Callable[..., Any], *arguments: Any, **options: Any) -> Timed:
    """One call."""
    start, busy = time.perf_counter(), time.process_time()
    function(*arguments, **options)
    return name, time.perf_counter() - start, time.process_time() - busy


if __name__ == "__main__":
    main()
