"""The results pages: every figure has its table and file, every number the items behind it."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

import orjson
import pytest
from starlette.testclient import TestClient
from tests.review.judged_store import HOSTILE, A, B, Judged, judged_project
from tests.review.tree import links, tree_of, words

from captionjudge.statistics.rates import wilson
from captionjudge.store.records import Outcome, Reviewer

FIGURES = ("/results", "/results/leaderboard")


@dataclass(frozen=True)
class Reviewed:
    """Seventy judged images, some of them decided about by two people; everything is called `HOSTILE`."""

    project: Judged
    me: Reviewer
    ann: Reviewer
    browser: TestClient
    images: tuple[str, ...]


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewed]:
    with judged_project(tmp_path_factory.mktemp("results") / "p") as project:
        me, ann, ben = project.person("me", "adjudicator"), project.person("Ann <i>"), project.person("=Ben")
        outcomes: tuple[Outcome, ...] = ("A", "B", "tie", "both_bad", "unstable", "failed")
        images = []
        for number in range(70):
            audit = number % 4 == 0
            images.append(
                project.image(
                    "A" if number > 12 else outcomes[number % 6],
                    title=HOSTILE,
                    audit=audit,
                    probability=(number % 11) / 10,
                )
            )
        for _ in range(3):
            project.image(None, title=HOSTILE)
        choices = (A, A, B, A, "tie", "both_bad", A, B)
        for number, (image, choice) in enumerate(zip(images, choices * 3, strict=False)):
            project.choose(ann, image, choice, note=HOSTILE)
            if number % 3:
                project.choose(ben, image, choice if number % 5 else B)
        yield Reviewed(project, me, ann, project.browser(me), tuple(images))


def figures(page: Element) -> list[Element]:
    return list(page.iter("figure"))


def rows_of(figure: Element) -> list[list[Element]]:
    return [list(row) for table in figure.iter("table") for row in table.iter("tr")]


def listed(browser: TestClient, address: str) -> int:
    """How many rows a list has, over all its pages."""
    count, more = 0, address
    while more:
        page = browser.get(more)
        assert page.status_code == 200, more
        tree = tree_of(page.text)
        tables = list(tree.iter("tbody"))
        count += sum(len(list(body.iter("tr"))) for body in tables)
        more = next((one.get("href", "") for one in tree.iter("a") if one.get("rel") == "next"), "")
    return count


@pytest.mark.parametrize("address", FIGURES)
def test_every_number_leads_to_exactly_as_many_items(reviewed: Reviewed, address: str) -> None:
    page = tree_of(reviewed.browser.get(address).text)
    numbers = [
        (one.get("href", ""), int(words(one).replace(",", "")))
        for figure in figures(page)
        for row in rows_of(figure)
        for cell in row
        for one in cell.iter("a")
    ]
    assert len(numbers) > 20
    assert any(number > 50 for _, number in numbers)
    wrong = {link: (number, listed(reviewed.browser, link)) for link, number in dict(numbers).items()}
    assert {link: both for link, both in wrong.items() if both[0] != both[1]} == {}


@pytest.mark.parametrize("address", FIGURES)
def test_every_table_is_a_file_with_the_same_cells(reviewed: Reviewed, address: str) -> None:
    page = tree_of(reviewed.browser.get(address).text)
    compared = 0
    for figure in figures(page):
        rows = rows_of(figure)
        if not rows:
            continue
        [file] = [link for link in links(figure) if link.endswith(".csv")]
        answer = reviewed.browser.get(file)
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.headers["content-disposition"].startswith("attachment;")
        shown = [[plain(words(cell)) for cell in row] for row in rows]
        assert [[plain(cell) for cell in row] for row in csv.reader(answer.text.splitlines())] == shown
        compared += 1
    assert compared >= 4


def plain(text: str) -> str:
    """A cell without the way it is written: percent, thousands, the mark before a formula."""
    text = " ".join(text.split()).removeprefix("'").replace(",", "")
    if re.fullmatch(r"\d+(\.\d+)?%", text):
        return f"{float(text[:-1]) / 100:.3f}"
    return f"{float(text):.3f}" if re.fullmatch(r"\d+\.\d+", text) else text


def test_every_chart_has_a_name_and_a_table(reviewed: Reviewed) -> None:
    drawn = 0
    for address in FIGURES:
        for figure in figures(tree_of(reviewed.browser.get(address).text)):
            charts = [svg for svg in figure.iter("svg") if svg.get("role") == "img"]
            drawn += len(charts)
            assert all(svg.get("aria-label") for svg in charts)
            assert not charts or rows_of(figure)
            assert list(figure.iter("figcaption"))
    assert drawn >= 7


def test_the_random_audit_and_the_rest_stand_apart(reviewed: Reviewed) -> None:
    page = tree_of(reviewed.browser.get("/results/leaderboard").text)
    [agreement] = [figure for figure in figures(page) if figure.get("id") == "agreement"]
    head, audit, rest = ([words(cell) for cell in row] for row in rows_of(agreement))
    assert head[:3] == ["images", "same", "other"]
    for row, name in ((audit, "random audit"), (rest, "the rest")):
        rate = wilson(int(row[1]), int(row[1]) + int(row[2]))
        assert rate is not None
        assert row[0] == name
        assert row[4:] == [f"{rate.value:.1%}", f"{rate.low:.1%}", f"{rate.high:.1%}", f"{rate.n}"]
    assert {"matrix-audit", "matrix-rest"} <= {figure.get("id") for figure in figures(page)}


ADDRESSES = (
    *FIGURES,
    "/results/disagreements?kind=judge_differs",
    "/results/disagreements?kind=people_differ",
    "/results/disagreements?kind=flipped",
    "/results/pairs?a=Terse&b=Detailed",
    "/results/tasks?stage=Describe",
    "/results/calls?purpose=judge&role=judge&model=local/judge",
    "/results/people?one=Ann <i>&other=%3DBen",
    "/results/reviews.csv",
    "/results/reviews.jsonl",
    "/results/outcomes.csv",
    "/results/card",
    "/results/card.html",
    "/results/card/outcomes.csv",
)


def pages_of_one_image(reviewed: Reviewed) -> list[str]:
    reviewed.browser.get(f"/results/items/{reviewed.images[0]}?reveal=1")
    history = f"/results/items/{reviewed.images[0]}"
    call = next(link for link in links(tree_of(reviewed.browser.get(history).text)) if "/calls/" in link)
    return [history, call]


def test_a_reviewer_sees_none_of_it(reviewed: Reviewed) -> None:
    ann = reviewed.project.browser(reviewed.ann)
    refused = {address: ann.get(address).status_code for address in (*ADDRESSES, *pages_of_one_image(reviewed))}
    assert set(refused.values()) == {403}


def test_nothing_of_the_project_becomes_markup_and_nothing_is_inline(reviewed: Reviewed) -> None:
    for address in (*(one for one in ADDRESSES if "." not in one), *pages_of_one_image(reviewed)):
        answer = reviewed.browser.get(address)
        assert answer.status_code == 200, address
        elements = list(tree_of(answer.text).iter())
        assert "x-hostile" not in {one.tag for one in elements}
        assert "style" not in {one.tag for one in elements}
        assert not [name for one in elements for name in one.attrib if name == "style" or name.startswith("on")]
        assert all(one.get("src", "").startswith("/static/") for one in elements if one.tag == "script")
        assert "style-src 'self'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "address",
    [
        "/results/nothing",
        "/results/pairs.csv",
        "/results/tasks",
        "/results/calls?purpose=judge",
        "/results/items/01900000-0000-7000-8000-000000000000",
        "/results/calls/01900000-0000-7000-8000-000000000000",
    ],
)
def test_what_is_not_there_is_not_found(reviewed: Reviewed, address: str) -> None:
    assert reviewed.browser.get(address).status_code == 404


@pytest.mark.parametrize("mark", ["x", "x.1", "%00", "' OR 1=1", "1" * 5000, "9" * 30])
def test_an_address_that_was_changed_by_hand_is_refused_or_read_leniently(reviewed: Reviewed, mark: str) -> None:
    for list_ in ("/results/pairs?a=Terse&b=Detailed", "/results/tasks?stage=Review", "/results/disagreements?kind=x"):
        assert reviewed.browser.get(f"{list_}&after={mark}").status_code == 404
    assert reviewed.browser.get(f"/results/items/{mark.replace('%00', 'x')}").status_code in (404, 409)
    assert reviewed.browser.get(f"/results/pairs?a=Terse&b={mark}&bin={mark}&flipped={mark}").status_code == 200


def test_an_empty_project_has_empty_pages(tmp_path: Path) -> None:
    with judged_project(tmp_path / "p") as project:
        browser = project.browser(project.person("me", "adjudicator"))
        assert [browser.get(address).status_code for address in FIGURES] == [200, 200]
        assert browser.get("/results/stages.csv").status_code == 200
        assert browser.get("/results/reviews.jsonl").text == ""


def test_every_revision_can_be_taken_away_as_lines_or_as_a_table(tmp_path: Path) -> None:
    with judged_project(tmp_path / "p") as project:
        me, ann, image = project.person("me", "adjudicator"), project.person("Ann"), project.image("A", title="=1+1")
        first = project.choose(ann, image, A, note='@x, "y"\n')
        second = project.choose(ann, image, "tie")
        browser = project.browser(me)
        lines = [orjson.loads(line) for line in browser.get("/results/reviews.jsonl").content.splitlines()]
        assert [(line["id"], line["revision"], line["decision"], line["winner"]) for line in lines] == [
            (first.id, 1, "one", A),
            (second.id, 2, "tie", None),
        ]
        assert lines[0]["shown"] == first.shown
        assert lines[0]["note"] == '@x, "y"\n'
        table = list(csv.reader(browser.get("/results/reviews.csv").text.splitlines(keepends=True)))
        assert [dict(zip(table[0], row, strict=True))["id"] for row in table[1:]] == [first.id, second.id]
        row = dict(zip(table[0], table[1], strict=True))
        assert row["image"] == "'=1+1"
        assert row["note"] == '\'@x, "y"\n'
        assert orjson.loads(row["shown"]) == first.shown
        assert row["seen_judge"] == "false"


def test_the_pages_are_the_same_on_either_database(tmp_path: Path, store_url: str) -> None:
    with judged_project(tmp_path / "p", store=store_url) as project:
        me, ann = project.person("me", "adjudicator"), project.person("Ann")
        images = [project.image(outcome) for outcome in ("A", "B", "unstable", "failed")] + [project.image(None)]
        for image in images[:3]:
            project.choose(ann, image, A)
            project.choose(me, image, B)
        browser = project.browser(me)
        for address in FIGURES:
            page = tree_of(browser.get(address).text)
            for figure in figures(page):
                for link in links(figure):
                    assert browser.get(link).status_code == 200, link
        for address in (
            "/results/disagreements?kind=people_differ",
            "/results/tasks?stage=Review",
            "/results/reviews.csv",
        ):
            assert browser.get(address).status_code == 200
        assert listed(browser, "/results/people?one=Ann&other=me&same=no") == 3
        assert listed(browser, "/results/tasks?stage=Review") == 4
