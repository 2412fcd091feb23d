"""The runner under a provider's rate limit: share of the rate that is possible, refusals, and nothing lost.

    python benchmarks/pacing.py [--rates 40 200] [--seconds N]

The server allows so many calls a second from a bucket that holds one second's, and refuses others with 429: with
Retry-After 1, and without it. The runner is told nothing of it. Possible is (calls - bucket) / rate seconds.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from captionjudge.project import Project

HERE = Path(__file__).parent
CALLS, LATENCY, CONCURRENCY = 4, 0.05, 64


def make_project(home: Path, port: int, items: int) -> None:
    """A project with so many small images, asking the server at `port`."""
    images = home / "images"
    images.mkdir(parents=True)
    for index in range(items):
        Image.new("RGB", (48, 32), (index % 256, index // 256, 90)).save(images / f"{index:05}.png")
    with Project.init(home / "project") as project:
        project.import_images(images, check=False)
    config = home / "project" / "captionjudge.toml"
    text = config.read_text()
    for old, new in (("embedded/terse", "local/a"), ("embedded/detailed", "local/b"), ("embedded/judge", "local/j")):
        text = text.replace(old, new)
    server = f'base_url = "http://127.0.0.1:{port}/v1"\nconcurrency = {CONCURRENCY}\n'
    config.write_text(f"{text}\n[providers.local]\n{server}")


def measure(rate: float, retry_after: str, seconds: float) -> dict[str, float]:
    """One run of about so many seconds, against a server in a process of its own."""
    items = round(rate * (seconds + 1) / CALLS)
    command = [sys.executable, str(HERE / "provider.py"), str(LATENCY), str(rate), retry_after]
    with (
        tempfile.TemporaryDirectory() as name,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        make_project(Path(name), json.loads(process.stdout.readline())["port"], items)
        with Project.open(Path(name) / "project") as project:
            began = time.perf_counter()
            summary = project.run()
            took = time.perf_counter() - began
        process.stdin.close()
        totals = json.loads(process.stdout.readline())
    calls = items * CALLS
    return {
        "lost": items - summary.progress.finished,
        "repeated": totals["calls"] - calls,
        "of_possible": (calls - rate) / rate / took,
        "refusals_a_call": totals["refused"] / calls,
        "refusals_an_item": totals["refused"] / items,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", type=float, nargs="+", default=[40.0, 200.0], help="calls a second")
    parser.add_argument("--seconds", type=float, default=8.0, help="how long a run should take")
    options = parser.parse_args()
    for rate in options.rates:
        for retry_after in ("1", ""):
            found = measure(rate, retry_after, options.seconds)
            print(
                f"{rate:5g} calls/s, Retry-After {retry_after or 'none':4}  "
                + "{of_possible:.2f} of possible  {refusals_a_call:.3f} refusals a call, {refusals_an_item:.2f} an item"
                "  {lost:.0f} lost, {repeated:.0f} repeated".format(**found)
            )


if __name__ == "__main__":
    main()
