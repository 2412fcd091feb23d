"""Make the pictures of the review page in docs/images again, from the demo photographs.

Needs Chromium and the dev environment. Run it from the repository's root:

    python scripts/review_screenshots.py
"""

import hashlib
import io
import json
import math
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

import captionjudge.demo
from captionjudge.folder import write_template
from captionjudge.judging.form import Form
from captionjudge.layout import default_layout
from captionjudge.ontology.template import build_ontology
from captionjudge.project import Project

OUT = Path("docs/images")
LARGEST = 150_000
NAMES = ("Small", "Large")
# Photograph, what Small says, what Large says, the judge's choice with Small first and with Large first, how sure, why.
SAID = (
    (
        "dogs",
        "Two dogs look out of a window.",
        "Two spaniels lean out of the window of a wooden house.",
        "2",
        "1",
        0.81,
    ),
    ("cat", "A cat looks at the camera.", "The face of a tabby cat with green eyes, seen close up.", "2", "1", 0.93),
    (
        "espresso",
        "A cup of coffee on a table.",
        "An espresso in a red cup, with a small metal spoon on its red saucer, on a table of reddish wood.",
        "2",
        "1",
        0.97,
    ),
    ("rocket", "A white rocket on its launch pad at dusk.", "A rocket lifts off into a blue sky.", "1", "2", 0.88),
    ("brushes", "Paint brushes in bright colours.", "Broad brushes stained blue, green and pink.", "1", "1", 0.55),
    (
        "dahlia",
        "A flower.",
        "An orange dahlia in full bloom before dark green leaves; a second one below.",
        "2",
        "1",
        0.95,
    ),
    ("dandelion", "Dandelions in the grass.", "A dandelion clock in a meadow, lit by a low sun.", "2", "1", 0.74),
    ("fig", "Half a fig in a red bowl.", "A red bowl with a slice of watermelon.", "1", "2", 0.96),
    ("mountains", "Mountains under a blue sky.", "A path leads over grass to snowy rocks.", "tie", "tie", 0.62),
    ("pagoda", "A tall building by the water.", "A pagoda of four storeys rises from trees by a lake.", "2", "1", 0.9),
    ("stream", "A stream runs over rocks in a forest.", "A waterfall drops into a lake.", "1", "2", 0.97),
    ("wine", "A room.", "A bottle.", "both_bad", "both_bad", 0.7),
)
WHY = {
    "1": "Description 1 says what can be seen; description 2 names things that are not in the photograph.",
    "2": "Both name the subject. Description 2 also says what sets this photograph apart, and nothing in it is wrong.",
    "tie": "Both are right about the subject, and each leaves out about as much.",
    "both_bad": "Neither helps somebody who cannot see the photograph.",
}
LEVELS = {"chosen": ("Very accurate", "Good"), "other": ("Accurate", "Poor")}


def main() -> None:
    """Make every picture."""
    OUT.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or sys.exit("Chromium is needed: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        project = make_project(Path(folder) / "photographs")
        browser = playwright.chromium.launch(executable_path=chromium, chromium_sandbox=False, args=["--disable-gpu"])
        with served(project) as (origin, link):
            take_all(browser, origin, link)
        browser.close()


def take_all(browser: Browser, origin: str, link: str) -> None:
    """Every state, in the order in which a person comes by them."""
    context = browser.new_context(base_url=origin, viewport={"width": 1200, "height": 760})
    page = context.new_page()
    page.goto(link)
    open_desk(page, "espresso")
    keep(page, "review-blind")
    phone = browser.new_context(
        base_url=origin, viewport={"width": 390, "height": 780}, device_scale_factor=2, has_touch=True, is_mobile=True,
        storage_state=context.storage_state(),
    )  # fmt: skip
    small = phone.new_page()
    open_desk(small, "dogs")
    keep(small, "review-phone")
    choose_larger(page)
    page.set_viewport_size({"width": 1200, "height": 640})
    keep(page, "review-revealed", height=1180)
    page.set_viewport_size({"width": 1200, "height": 760})
    for name, key in (("rocket", "1"), ("fig", "2"), ("cat", "1"), ("stream", "3"), ("wine", "4"), ("pagoda", "2")):
        open_desk(page, name)
        page.keyboard.press(key)
        expect(page.get_by_text("Your choice is saved")).to_be_visible()
    page.goto("/queue?queue=all&order=random")
    keep(page, "queue")
    for name in ("results", "leaderboard"):
        page.goto("/results" if name == "results" else "/results/leaderboard")
        keep(page, name, height=1100)
    page.goto("/results/disagreements?reveal=1")
    page.get_by_role("link", name="Whole history").first.click()
    expect(page.locator(".entries")).to_be_visible()
    keep(page, "history", height=1100)
    page.emulate_media(color_scheme="dark")
    open_desk(page, "dahlia")
    keep(page, "review-dark")


def open_desk(page: Page, name: str) -> None:
    """The desk with one photograph, ready to be looked at."""
    page.goto("/queue?queue=all")
    page.get_by_role("link", name=f"{name}.jpg").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Which description is better?")
    expect(page.locator(".picture img")).to_have_js_property("complete", value=True)


def choose_larger(page: Page) -> None:
    """Choose the description that says more."""
    texts = page.locator(".card .text").all_inner_texts()
    page.keyboard.press("1" if len(texts[0]) > len(texts[1]) else "2")
    expect(page.get_by_text("Your choice is saved")).to_be_visible()


def keep(page: Page, name: str, height: int = 0) -> None:
    """Write a picture of the page."""
    clip = {"x": 0, "y": 0, "width": 1200, "height": height} if height else None
    write(page.screenshot(clip=clip, full_page=bool(height)), name)  # type: ignore[arg-type]


def write(taken: bytes, name: str) -> None:
    """Write a picture with as many colours as fit into the size allowed."""
    picture = Image.open(io.BytesIO(taken)).convert("RGB")
    for colours in (256, 128, 64, 32):
        picture.quantize(colours, dither=Image.Dither.NONE).save(OUT / f"{name}.png", optimize=True)
        if (OUT / f"{name}.png").stat().st_size < LARGEST:
            return
    sys.exit(f"{name}.png cannot be made smaller than {LARGEST:,} bytes")


def make_project(folder: Path) -> Path:
    """A project of the demo photographs, described and judged from a file."""
    write_template(folder, "default")
    tape = folder.parent / "replies.jsonl"
    candidates = "".join(
        f'[[candidates]]\nname = "{name}"\nmodel = "recorded-models/{name.lower()}"\n' for name in NAMES
    )
    (folder / "captionjudge.toml").write_text(
        f'title = "Photographs"\n{candidates}[judge]\nmodels = ["recorded-models/judge"]\n'
        f'[providers.recorded-models]\nkind = "recorded"\npath = "{tape}"\n'
    )
    (folder / "ontology.json").write_text(json.dumps(build_ontology(NAMES)))
    (folder / "editor_layout.json").write_text(json.dumps(default_layout(NAMES)))
    with Project.open(folder) as project:
        form = json.loads(Form(project.setup.roles, *NAMES).schema.json)
        tape.write_text("\n".join(json.dumps(line) for line in lines(form)))
        project.import_images(captionjudge.demo.photos())
        project.run()
    return folder


def lines(form: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What the models answer."""
    for name, small, large, first, second, sure in SAID:
        digest = hashlib.sha256((captionjudge.demo.photos() / f"{name}.jpg").read_bytes()).hexdigest()
        for model, text in (("small", small), ("large", large)):
            yield {"model": model, "kind": "describe", "image": digest, "reply": text}
        for shown, choice in (((small, large), first), ((large, small), second)):
            line = {"model": "judge", "kind": "compare", "image": digest, "first": shown[0], "second": shown[1]}
            yield {**line, **verdict(form, choice, sure)}


def verdict(form: dict[str, Any], choice: str, sure: float) -> dict[str, Any]:
    """A filled form, with the log-probabilities that show how sure the judge was of its choice."""
    filled: dict[str, Any] = {"reasoning": WHY[choice]}
    for slot in ("1", "2"):
        correct, good = LEVELS["chosen" if choice in (slot, "tie") else "other"]
        answers = {"correctness_score": correct, "quality_score": good, "improvement_suggestion": None}
        filled[f"description_{slot}"] = {"choice": "Answer available", **answers}
    assert filled.keys() | {"choice"} == form["properties"].keys()
    before = json.dumps({**filled, "choice": ""})[:-2]
    other = "tie" if choice != "tie" else "1"
    tokens = [
        {"token": before, "logprob": 0.0},
        {"token": choice, "logprob": math.log(sure), "top": {other: math.log(1 - sure)}},
        {"token": '"}', "logprob": 0.0},
    ]
    return {"reply": "".join(str(token["token"]) for token in tokens), "logprobs": tokens}


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, str]]:
    """The review page: its origin, and a start link."""
    command = [sys.executable, "-m", "captionjudge", "review", str(folder), "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            origin = process.stdout.readline().split()[2].rstrip(";")
            yield origin, process.stdout.readline().strip()
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
