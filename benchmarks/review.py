"""Measures the review page in a real Chromium, on a project of 100,000 images.

    python -m benchmarks.review [--items N] [--cache DIR] [--steps N] [--json]

The project is made once and kept in the cache folder. The server is a process of its own.
"""

import argparse
import io
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from tests.review.shop import Told, add_images, write_files

from captionjudge.folder import open_setup

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
PICTURES = 64
WORDS = ("a", "red", "chair", "beside", "the", "wooden", "table", "under", "bright", "light", "two", "small", "cats")

# Time from the key to the frame after the one in which the image of the page that came is complete. Each page has
# a vote's id of its own.
PROBE = """
() => {
  if (window.steps) return void (window.steps = []);
  const vote = () => document.querySelector("main [name=vote]")?.value;
  window.steps = [];
  document.addEventListener("keydown", (event) => {
    const start = event.timeStamp, old = vote();
    const check = () => {
      const image = document.querySelector("main .picture img");
      if (!image?.complete || !image.naturalWidth || !vote() || vote() === old) return requestAnimationFrame(check);
      image.decode().then(() => requestAnimationFrame(() => window.steps.push(performance.now() - start)));
    };
    requestAnimationFrame(check);
  }, true);
}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the review page.")
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache/captionjudge/benchmarks")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    arguments = parser.parse_args()
    folder = seeded(arguments.cache, arguments.items)
    with serving(folder) as (process, origin, link), chromium() as browser:
        results = measure(browser, process.pid, origin, link, arguments.steps)
    results = {"images in the project": float(arguments.items), **results}
    show(results, arguments.json)


def seeded(cache: Path, number: int) -> Path:
    """The folder of a fresh copy of a project with as many images, all waiting for a person."""
    made = cache / f"review-{number}"
    if not (made / "done").exists():
        shutil.rmtree(made, ignore_errors=True)
        write_files(made)
        config = made / "captionjudge.toml"
        config.write_text(config.read_text().replace("audit = 0", "audit = 0.1"))
        setup = open_setup(made)
        chance = random.Random(1)
        contents = [picture(chance) for _ in range(PICTURES)]

        def told(index: int) -> Told:
            words = (" ".join(chance.choices(WORDS, k=length)) for length in (12, 60))
            outcome: Any = chance.choice(["A", "B", "tie", "unstable"])
            return Told(dict(zip(("Terse", "Detailed"), words, strict=True)), outcome, 0.5 + chance.random() / 2)

        add_images(setup, range(number), told, content=lambda index: contents[index % PICTURES], side=1024)
        setup.database.close()
        (made / "done").touch()
    copy = cache / "review-copy"
    shutil.rmtree(copy, ignore_errors=True)
    return Path(shutil.copytree(made, copy))


def picture(chance: random.Random) -> bytes:
    """A JPEG of 1024 x 768 pixels and some 100 KB."""
    small = Image.frombytes("RGB", (256, 192), chance.randbytes(256 * 192 * 3))
    out = io.BytesIO()
    small.resize((1024, 768), Image.Resampling.BICUBIC).save(out, "JPEG", quality=60)
    return out.getvalue()


@contextmanager
def serving(folder: Path) -> Iterator[tuple["subprocess.Popen[str]", str, str]]:
    command = [sys.executable, "-m", "captionjudge", "review", str(folder), "--no-browser", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        origin = re.findall(r"http://[\d.]+:\d+", process.stdout.readline())[0]
        try:
            yield process, origin, process.stdout.readline().strip()
        finally:
            process.kill()


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def measure(browser: Browser, server: int, origin: str, link: str, steps: int) -> dict[str, float]:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    results = first_load(page, link)
    results |= lists(page, origin)
    results |= requests(page, origin)
    page.goto(f"{origin}/desk")
    pressed(page, ["1", "Enter"])
    results |= busy(server, "key, answers, Enter, next", steps, lambda: reveals(page, steps))
    page.goto(f"{origin}/preferences")
    page.check("input[name=fast][value=on]")
    page.click("button.primary")
    page.goto(f"{origin}/desk")
    pressed(page, ["1", "2"])
    fast = ["1", "2"] * (steps // 2)
    results |= busy(
        server,
        "fast mode, a key",
        len(fast),
        lambda: summary("fast mode: key to next image painted", pressed(page, fast)),
    )
    results["processes that wanted the 2 cores"] = os.getloadavg()[0]
    results["server memory, MB"] = memory(server, "VmRSS")
    results["server memory at most, MB"] = memory(server, "VmHWM")
    return results


def first_load(page: Page, link: str) -> dict[str, float]:
    """What comes over the wire on a first visit with nothing cached; the image apart."""
    sizes: dict[str, int] = {}
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    urls: dict[str, str] = {}
    session.on("Network.requestWillBeSent", lambda event: urls.update({event["requestId"]: event["request"]["url"]}))
    session.on(
        "Network.loadingFinished",
        lambda event: sizes.update({urls[event["requestId"]]: int(event["encodedDataLength"])}),
    )
    start = time.perf_counter()
    page.goto(link, wait_until="load")
    seconds = time.perf_counter() - start
    page.wait_for_timeout(500)
    pictures = {url: size for url, size in sizes.items() if "/images/" in url}
    others = {url: size for url, size in sizes.items() if url not in pictures and not url.startswith("data:")}
    session.detach()
    return {
        "first load, ms": 1000 * seconds,
        "first load without images, KB": sum(others.values()) / 1000,
        "first load without images, requests": float(len(others)),
        "image on screen and image ahead, KB": sum(pictures.values()) / 1000,
    }


def lists(page: Page, origin: str) -> dict[str, float]:
    """Server time of list pages: the whole answer, without drawing it."""
    found = {}
    places = {
        "to decide": "/queue?queue=pending",
        "all": "/queue?queue=all",
        "all, random": "/queue?queue=all&order=random",
    }
    for name, url in places.items():
        answer = page.request.get(f"{origin}{url}").text()
        for _ in range(20):
            more = re.findall(r'href="(/queue\?[^"]*after=[^"]*)"', answer)
            if not more:
                break
            answer = page.request.get(origin + more[0].replace("&amp;", "&")).text()
        deep = more[0].replace("&amp;", "&") if more else url
        found[f"list, {name}: first page, ms"] = timed(page, origin + url)
        found[f"list, {name}: page 21, ms"] = timed(page, origin + deep)
    return found


def requests(page: Page, origin: str) -> dict[str, float]:
    here = page.url
    return {
        "a desk page, ms": timed(page, here),
        "what is new (every 5 s), ms": timed(page, f"{origin}/live"),
    }


def timed(page: Page, url: str, times: int = 9) -> float:
    """The median time of a request over a kept connection, milliseconds."""
    return statistics.median(float(page.evaluate(_FETCH, url)) for _ in range(times))


_FETCH = """
async (url) => {
  const start = performance.now();
  await (await fetch(url, {cache: "no-store"})).text();
  return performance.now() - start;
}
"""


def busy(server: int, name: str, times: int, work: Callable[[], dict[str, float]]) -> dict[str, float]:
    """What `work` finds, and the processor time that the server took for each of the times it is done."""
    before = processor_time(server)
    found = work()
    return found | {f"{name}: processor time of the server, ms": 1000 * (processor_time(server) - before) / times}


def processor_time(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def reveals(page: Page, steps: int) -> dict[str, float]:
    times = pressed(page, ["1", "Enter"] * steps)
    return summary("key to judge's answers painted", times[::2]) | summary(
        "after them, Enter to next image painted", times[1::2]
    )


def pressed(page: Page, keys: list[str]) -> list[float]:
    page.evaluate(PROBE)
    for index, key in enumerate(keys):
        page.keyboard.press(key)
        page.evaluate(_STEP, index)
        # A person looks; what is fetched ahead arrives meanwhile.
        page.wait_for_timeout(150)
    return [float(step) for step in page.evaluate("window.steps")]


_STEP = """
(index) => new Promise((done) => {
  const check = () => window.steps.length > index ? done() : setTimeout(check, 5);
  check();
})
"""


def summary(name: str, times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        f"{name}, median ms": statistics.median(ordered),
        f"{name}, 95th percentile ms": ordered[int(0.95 * (len(ordered) - 1))],
    }


def memory(pid: int, what: str) -> float:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(what))
    return int(line.split()[1]) / 1000


def show(results: dict[str, float], as_json: bool) -> None:
    if as_json:
        print(json.dumps(results))
        return
    width = max(map(len, results))
    for name, value in results.items():
        print(f"{name:{width}}  {value:12,.1f}")


if __name__ == "__main__":
    main()
