"""The platform's own clients, unmodified but for the domain and the key, do the notebook's work against us."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests
from tests.browser.conftest import chromium, guarded, visits
from tests.browser.desk import expect_blind, expect_revealed, expect_said, item_of
from tests.browser.shop import Shop
from tests.encord.clients import COMBINATIONS
from tests.encord.site import AGENT, Site, open_site, wait

from captionjudge.cli import app as cli
from captionjudge.encord import app as protocol
from captionjudge.encord import legacy

pytestmark = pytest.mark.slow

IMAGES = 4
BROWSING = "Ann"

ASKED_BY_NOBODY = {
    "GET /v2/public/storage/folders/*/items/*": "older ways to an item; the clients ask for it without its folder",
    "PATCH /v2/public/storage/folders/patch-bulk": "sent by bundles of changes to folders only",
    "POST /v2/public/projects/*/copy": "not supported; there to say so",
    "GET project": "clients before 0.1.158",
    "GET signedimagesurl": "clients up to about 0.1.170",
}
"""What our server answers and none of the combinations asks for, with the reason."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path, IMAGES) as opened:
        yield opened


def answered() -> set[str]:
    """All that the server answers, as the proofs name what they ask for."""
    found = {f"{method} {query}" for query, method in legacy._ANSWERS}
    for module in protocol._RESOURCES:
        for route in module.router.routes:
            path = re.sub(r"\{\w+\}", "*", getattr(route, "path", ""))
            found |= {f"{method} {path}" for method in getattr(route, "methods", None) or ()}
    return found - {"POST /public", "POST /public/user"}


def delivery(site: Site) -> Path:
    """What the server told a webhook of, for the clients' own receiver to check."""
    wait(lambda: bool(site.hooks.seen))
    headers, body = site.hooks.seen[0]
    told = {"secret": site.secret, "headers": headers, "body": body.decode()}
    expected = {"project": site.served.project, "stage": "LLM1", "count": IMAGES}
    file = site.folder.parent / "delivery.json"
    file.write_text(json.dumps({**told, "expected": expected}))
    return file


def choose_on_the_page(site: Site) -> None:
    """What a person does in a browser, as forms: the first of the two descriptions, for every image there is."""
    with requests.Session() as browser:
        browser.trust_env = False
        browser.headers["sec-fetch-site"] = "same-origin"
        assert browser.get(site.served.start_link, timeout=60).status_code == 200
        # Whatever chance put into the random audit is a queue of its own.
        for queue in ("pending", "audit"):
            desk = f"{site.served.origin}/desk?queue={queue}"
            page = browser.get(desk, timeout=60)
            while (form := re.search(r'action="([^"]*/choice[^"]*)"', page.text)) is not None:
                vote = re.search(r'name="vote" value="([^"]+)"', page.text)
                assert vote is not None
                there = site.served.origin + form[1].replace("&amp;", "&")
                assert browser.post(there, data={"vote": vote[1], "choice": "1"}, timeout=60).status_code == 200
                page = browser.get(desk, timeout=60)
            assert (page.status_code, "/choice" in page.text) == (200, False)


def choose_by_keys(site: Site) -> str:
    """What a person does who has a browser and a keyboard, about one image; its id."""
    with chromium() as browser, guarded() as guard, visits(browser, guard) as visit:
        page = visit(Shop(site.folder, site.served.origin), BROWSING)
        if not page.get_by_role("form", name="Final choice").is_visible():
            page.goto("/desk?queue=audit")
        expect_blind(page)
        here = item_of(page)
        page.keyboard.press("1")
        expect_revealed(page)
        expect_said(page, "Saved. The judge")
    return here


def exported(site: Site) -> Mapping[str, Any]:
    out = site.folder.parent / "judgments.jsonl"
    assert cli.run(cli.app, ["export", str(site.folder), "--format", "jsonl", "--out", str(out)]) == 0
    return {line["image"]: line for line in map(orjson.loads, out.read_bytes().splitlines())}


@pytest.mark.parametrize("combination", COMBINATIONS)
def test_images_are_described_judged_reviewed_by_program_and_on_the_page_and_exported(
    site: Site, combination: int
) -> None:
    done = site.run(combination, "agents.py")
    assert done.returncode == 0, done.stderr[-3000:]
    state = site.state()
    assert state["stages"] == Counter({("image", "Human Review"): IMAGES, ("text", "Human Review"): 2 * IMAGES})
    assert set(map(tuple, state["answers"].values())) == {("LLM 16B", "LLM 8B", "LLM Judge Choice")}
    assert len(site.model.seen) == 3 * IMAGES

    newest = ["newest"] if combination == 2 else []
    told = site.said(combination, "features.py", *newest, DELIVERY=str(delivery(site)))
    assert told["failed"] == {}
    assert answered() - set(told["asked"]) <= ASKED_BY_NOBODY.keys()

    by_keys = {choose_by_keys(site)} if combination == 2 else set()
    choose_on_the_page(site)
    ends = site.state()["stages"]
    assert ends["image", "Human Review"] == 0
    lines = exported(site)
    assert len(lines) == IMAGES
    assert {verdict["judge"] for line in lines.values() for verdict in line["verdicts"]} == {AGENT}
    chosen = {image: [each["choice"] for each in line["final_choices"]] for image, line in lines.items()}
    assert chosen["photo-000.png"] == ["b"]
    people = {
        line["id"].partition(":")[0]: [each["annotator"] for each in line["final_choices"]] for line in lines.values()
    }
    assert {image for image, who in people.items() if who == [BROWSING]} == by_keys
    assert all(len(chosen[f"photo-{number:03}.png"]) == 1 for number in range(1, IMAGES - 1))


def test_the_notebooks_work_is_done_by_the_older_generation_of_labels_too(site: Site) -> None:
    done = site.run(3, "agents.py")
    assert done.returncode == 0, done.stderr[-3000:]
    assert site.state()["stages"]["image", "Human Review"] == IMAGES
