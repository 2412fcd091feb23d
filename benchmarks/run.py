"""The runner against the limit: share of the ideal, CPU a call, memory; beside it the openai SDK on the same job.

    python benchmarks/run.py [--items N] [--runs N] [--in-flight N] [--store URL] [--json FILE]

The job: two descriptions and two orders of one judge for each image of about 100 KB, every reply checked and stored.
The ideal is items x calls x latency / calls in flight. The model server is a process of its own.
"""

import argparse
import asyncio
import base64
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
POINTS = ((64, 0.05), (256, 0.5), (256, 0.05))
CALLS = 4


def median(values: Iterable[float]) -> float:
    """The middle one; of two, halfway. `statistics.py` beside this file hides the standard library's module."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def make_images(folder: Path, number: int) -> None:
    """JPEGs of 1024 x 768 pixels and about 100 KB, all different."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(7)
    coarse = rng.integers(0, 255, (48, 64, 3), dtype=np.uint8)
    noise = rng.integers(0, 28, (768, 1024, 3), dtype=np.uint8)
    picture = np.asarray(Image.fromarray(coarse).resize((1024, 768), Image.Resampling.BICUBIC)) // 2 + noise
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=77)
    data = buffer.getvalue()
    for index in range(number):
        # A comment of its own makes each file another content without encoding it anew.
        comment = b"\xff\xfe\x00\x0a%08d" % index
        (folder / f"{index:06}.jpg").write_bytes(data[:2] + comment + data[2:])


@contextmanager
def provider(latency: float) -> Iterator[int]:
    command = [sys.executable, str(HERE / "provider.py"), str(latency)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield int(json.loads(process.stdout.readline())["port"])
        process.stdin.close()
        process.stdout.read()


@contextmanager
def database(store: str) -> Iterator[str]:
    """The URL of a database of its own on the PostgreSQL server of `store`; of none when there is no server."""
    if not store:
        yield ""
        return
    import psycopg
    from sqlalchemy.engine import make_url

    name = f"captionjudge_bench_{os.getpid()}"
    with psycopg.connect(store, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield make_url(store).set(database=name).render_as_string(hide_password=False)
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def ours(folder: Path, port: int, concurrency: int, store: str = "") -> dict[str, float]:
    """One run in this process; the project is made beforehand and not counted."""
    with database(store) as url:
        return _ours(folder, port, concurrency, url)


def _ours(folder: Path, port: int, concurrency: int, url: str) -> dict[str, float]:
    from captionjudge.project import Project, write_template

    images = folder / "images"
    home = folder / "project"
    write_template(home, "default")
    config = home / "captionjudge.toml"
    text = f'store = "{url}"\n{config.read_text()}'
    config.write_text(text)
    with Project.open(home) as project:
        project.import_images(images, check=False)
    for old, new in (("embedded/terse", "local/a"), ("embedded/detailed", "local/b"), ("embedded/judge", "local/j")):
        text = text.replace(old, new)
    text += f'\n[providers.local]\nbase_url = "http://127.0.0.1:{port}/v1"\nconcurrency = {concurrency}\n'
    config.write_text(text)
    with Project.open(home) as project:
        began = _usage()
        summary = project.run()
        measured = _since(began)
        assert summary.progress.finished == len(list(images.iterdir())), summary
        assert summary.progress.calls == summary.progress.finished * CALLS, summary
    return measured


async def _sdk(images: list[Path], port: int, concurrency: int) -> None:
    from openai import AsyncOpenAI

    client = AsyncOpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none")
    slots = asyncio.Semaphore(concurrency)
    strict: Any = {"type": "json_schema", "json_schema": {"name": "judgment", "schema": {"type": "object"}}}

    async def call(model: str, url: str, text: str, **more: Any) -> str:
        part: Any = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": text}]
        async with slots:
            made = await client.chat.completions.create(
                model=model, messages=[{"role": "user", "content": part}], **more
            )
        return made.choices[0].message.content or ""

    async def item(path: Path) -> None:
        url = "data:image/jpeg;base64," + base64.b64encode(path.read_bytes()).decode()
        a, b = await asyncio.gather(call("a", url, "Describe the image."), call("b", url, "Describe the image."))
        orders = await asyncio.gather(
            call("j", url, f"{a}\n{b}", response_format=strict), call("j", url, f"{b}\n{a}", response_format=strict)
        )
        for order in orders:
            json.loads(order)

    async def worker(paths: Iterator[Path]) -> None:
        for path in paths:
            await item(path)

    paths = iter(images)
    await asyncio.gather(*(worker(paths) for _ in range(concurrency)))
    await client.close()


def openai_sdk(folder: Path, port: int, concurrency: int, store: str = "") -> dict[str, float]:
    """The same calls with the openai SDK: images encoded once an item, a bounded number of workers, nothing stored."""
    images = sorted((folder / "images").iterdir())
    began = _usage()
    asyncio.run(_sdk(images, port, concurrency))
    return _since(began)


OURS, ON_SERVER, SDK = "captionjudge", "captionjudge, PostgreSQL", "openai SDK"
CLIENTS = {OURS: ours, ON_SERVER: ours, SDK: openai_sdk}


def _usage() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _since(began: tuple[float, float]) -> dict[str, float]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": time.perf_counter() - began[0], "cpu": time.process_time() - began[1], "peak_mib": peak}


def measure(
    client: str, folder: Path, items: int, concurrency: int, latency: float, store: str = ""
) -> dict[str, float]:
    """One client in a process of its own."""
    with provider(latency) as port, tempfile.TemporaryDirectory() as fresh:
        os.symlink(folder / "images", Path(fresh) / "images")
        command = [sys.executable, __file__, "--one", client, "--folder", fresh, "--port", str(port)]
        command += ["--concurrency", str(concurrency), "--store", store if client == ON_SERVER else ""]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr)
        found: dict[str, float] = json.loads(done.stdout)
    ideal = items * CALLS * latency / concurrency
    return {
        **found,
        "items_a_second": items / found["seconds"],
        "of_ideal": ideal / found["seconds"],
        "cpu_ms_a_call": found["cpu"] * 1000 / (items * CALLS),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument(
        "--sdk-items", type=int, default=300, help="the SDK is slow; its share of the ideal is the same; 0: without it"
    )
    parser.add_argument("--in-flight", type=int, choices=[calls for calls, _ in POINTS], help="only this point")
    parser.add_argument(
        "--store", default="", help="also with a store in PostgreSQL: the URL of a server where databases may be made"
    )
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--concurrency", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(CLIENTS[options.one](options.folder, options.port, options.concurrency, options.store)))
        return
    points = [point for point in POINTS if options.in_flight in (None, point[0])]
    numbers = {OURS: options.items, ON_SERVER: options.items if options.store else 0, SDK: options.sdk_items}
    rows = _measure_all({client: number for client, number in numbers.items() if number}, points, options)
    for row in rows:
        print(
            "{client:24} {concurrency:4} x {ms:3.0f} ms  {items_a_second:7.1f} items/s  {of_ideal:5.2f} of ideal"
            "  {cpu_ms_a_call:6.2f} ms CPU a call  {peak_mib:5.0f} MiB".format(ms=row["latency"] * 1000, **row)
        )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2))


def _measure_all(
    numbers: dict[str, int], points: list[tuple[int, float]], options: argparse.Namespace
) -> list[dict[str, Any]]:
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folders = {number: Path(name) / str(number) for number in numbers.values()}
        for number, folder in folders.items():
            (folder / "images").mkdir(parents=True)
            make_images(folder / "images", number)
        for concurrency, latency in points:
            found: dict[str, list[dict[str, float]]] = {client: [] for client in numbers}
            for _ in range(options.runs):
                for client, number in numbers.items():
                    run = measure(client, folders[number], number, concurrency, latency, options.store)
                    found[client].append(run)
            for client, those in found.items():
                middle = {key: median(run[key] for run in those) for key in those[0]}
                rows.append({"client": client, "concurrency": concurrency, "latency": latency, **middle})
    return rows


if __name__ == "__main__":
    main()
