"""The judge card on the review page: for adjudicators, with lists behind its numbers, blind where they have to be."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.review.judged_store import A, B, Judged, judged_project
from tests.review.tree import tree_of, words

from captionjudge.store.records import Outcome, Reviewer

OUTCOMES: tuple[Outcome, ...] = ("A", "B", "tie", "both_bad", "unstable", "failed")


@dataclass(frozen=True)
class Reviewed:
    """A dozen judged images. Ann chose as the judges did, but about 0 and 6; about 0 so have I, which settles it."""

    project: Judged
    me: Reviewer
    browser: TestClient
    images: tuple[str, ...]


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewed]:
    with judged_project(tmp_path_factory.mktemp("card") / "p") as project:
        me, ann = project.person("me", "adjudicator"), project.person("Ann")
        images = [project.image(OUTCOMES[number % 6], title=f"photo {number}.jpg") for number in range(12)]
        for number, image in enumerate(images):
            project.choose(ann, image, {1: B, 2: "tie", 3: "both_bad", 0: B}.get(number % 6, A))
        project.choose(me, images[0], B)
        yield Reviewed(project, me, project.browser(me), tuple(images))


def titles(browser: TestClient, address: str) -> set[str]:
    """The images that the gallery of the card shows."""
    page = tree_of(browser.get(address).text)
    return {words(heading) for case in page.iter("article") for heading in case.iter("h4")}


@pytest.mark.parametrize("address", ["/results/card", "/results/card.html"])
def test_the_gallery_hides_what_somebody_has_yet_to_choose_about(reviewed: Reviewed, address: str) -> None:
    eve = reviewed.project.person(f"Eve {address}", "adjudicator")
    browser = reviewed.project.browser(eve)
    answer = browser.get(address)
    assert answer.status_code == 200
    assert titles(browser, address) == {"photo 0.jpg"}
    assert "wait for your choice" in answer.text
    assert not {f"photo {number}" for number in (4, 6, 10)} & set(re.findall(r"photo \d+", answer.text))
    browser.get(f"/results/items/{reviewed.images[4]}?reveal=1")
    assert titles(browser, address) == {"photo 0.jpg", "photo 4.jpg"}


def test_every_count_of_outcomes_leads_to_its_pairs(reviewed: Reviewed) -> None:
    page = tree_of(reviewed.browser.get("/results/card").text)
    [outcomes] = [one for one in page.iter("figure") if one.get("id") == "outcomes"]
    counts = {
        link.get("href", ""): int(words(link)) for link in outcomes.iter("a") if "/pairs?" in link.get("href", "")
    }
    assert sorted(counts.values()) == [2, 2, 2, 2, 2, 2, 12]
    for address, count in counts.items():
        listed = tree_of(reviewed.browser.get(address).text)
        assert len([row for body in listed.iter("tbody") for row in body.iter("tr")]) == count


def test_every_table_is_a_file_without_its_drawings(reviewed: Reviewed) -> None:
    page = tree_of(reviewed.browser.get("/results/card").text)
    files = [link.get("href", "") for link in page.iter("a") if link.get("href", "").endswith(".csv")]
    assert len(files) > 5
    for file in files:
        answer = reviewed.browser.get(file)
        assert answer.status_code == 200, file
        assert "<svg" not in answer.text
        assert len({len(row) for row in csv.reader(answer.text.splitlines())}) == 1, file
    assert reviewed.browser.get("/results/card/nothing.csv").status_code == 404


def test_the_file_needs_nothing_of_the_server(reviewed: Reviewed) -> None:
    answer = reviewed.browser.get("/results/card.html")
    assert answer.headers["content-disposition"] == 'attachment; filename="judge-card.html"'
    elements = list(tree_of(answer.text).iter())
    links = {one.get(name, "") for one in elements for name in ("href", "src") if name in one.attrib}
    assert [link for link in links if not link.startswith(("#", "data:"))] == []


def test_the_page_loads_pictures_from_the_project(reviewed: Reviewed) -> None:
    page = tree_of(reviewed.browser.get("/results/card").text)
    sources = [image.get("src", "") for image in page.iter("img")]
    assert sources
    assert all(source.startswith("/images/") for source in sources)


def test_a_project_without_verdicts_has_a_card_that_says_so(tmp_path: Path) -> None:
    with judged_project(tmp_path / "p") as project:
        browser = project.browser(project.person("me", "adjudicator"))
        answer = browser.get("/results/card")
        assert answer.status_code == 200
        assert "There are no verdicts of judges" in answer.text
