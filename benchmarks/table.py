"""What a benchmark prints: medians of runs, a line a client, and how many times ours is another."""

from collections.abc import Iterable, Mapping, Sequence

from benchmarks.measure import Row

OURS, YARDSTICKS = "ours", ("bare", "wrk")
COLUMNS = (
    ("items/s", "items_a_second", "9.1f"),
    ("of ideal", "of_ideal", "9.2f"),
    ("CPU ms/call", "cpu_ms_a_call", "12.2f"),
    ("MiB", "peak_mib", "6.0f"),
    ("bytes/call", "bytes_a_call", "11.0f"),
    ("wall s", "wall", "8.2f"),
    ("CPU s", "cpu_whole", "8.2f"),
    ("failed", "failed", "7.0f"),
    ("429/item", "refusals_an_item", "9.2f"),
)
WIDTHS = {"9.1f": 9, "9.2f": 9, "12.2f": 12, "6.0f": 6, "11.0f": 11, "8.2f": 8, "7.0f": 7}
COMPARED = {
    "items_a_second": "items/s",
    "cpu_ms_a_call": "CPU a call",
    "peak_mib": "memory",
    "bytes_a_call": "bytes a call",
    "wall_ms_a_call": "whole process a call",
}


def median(values: Iterable[float]) -> float:
    """The middle one; of two, halfway. `statistics.py` beside this file hides the standard library's module."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def medians(runs: Sequence[Row]) -> Row:
    return {key: median(run[key] for run in runs) for key in runs[0]}


def head() -> str:
    titles = " ".join(f"{title:>{WIDTHS[form]}}" for title, _, form in COLUMNS)
    return f"{'client':16} {'point':>12} {titles}"


def line(client: str, point: str, row: Row) -> str:
    cells = (f"{row[key]:{form}}" if key in row else " " * WIDTHS[form] for _, key, form in COLUMNS)
    return f"{client:16} {point:>12} {' '.join(cells)}".rstrip()


def ratios(rows: Mapping[str, Row]) -> dict[str, Row]:
    """Ours divided by theirs, for each other client that has what is compared."""
    if OURS not in rows:
        return {}
    ours = rows[OURS]
    return {
        client: {key: ours[key] / row[key] for key in COMPARED if row.get(key)}
        for client, row in rows.items()
        if client not in (OURS, *YARDSTICKS)
    }


def ratio_line(client: str, point: str, row: Row) -> str:
    return f"ours / {client:9} {point:>12}  " + ", ".join(f"{COMPARED[key]} {row[key]:.3g}" for key in row)
