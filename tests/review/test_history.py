"""An image's history and the disagreement browser: blind choices stay blind, or are recorded as informed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.review.judged_store import A, B, Judged, judged_project
from tests.review.tree import links, tree_of, words

from captionjudge.store import cases, reviews
from captionjudge.store.cases import Filter
from captionjudge.store.records import Standing


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Judged]:
    with judged_project(tmp_path / "p") as made:
        yield made


def standing(project: Judged, item_id: str, reviewer_id: str) -> Standing | None:
    with project.setup.database.read() as connection:
        return reviews.standing_of(connection, item_id, reviewer_id)


def test_who_still_has_to_choose_is_warned_before_anything_is_told(project: Judged) -> None:
    me = project.person("me", "adjudicator")
    image, browser = project.image("A"), project.browser(me)
    page = tree_of(browser.get(f"/results/items/{image}").text)
    assert "You still have to choose" in words(page)
    assert A not in words(page)
    assert "the reason" not in words(page)
    assert standing(project, image, me.id) is None


def test_who_goes_on_chooses_informed_from_then_on(project: Judged) -> None:
    me = project.person("me", "adjudicator")
    image, browser = project.image("A"), project.browser(me)
    page = browser.get(f"/results/items/{image}?reveal=1")
    assert "the reason" in page.text
    assert page.url.path == f"/results/items/{image}"
    assert not page.url.query
    stands = standing(project, image, me.id)
    assert stands is not None
    assert stands.seen_judge
    made = project.choose(me, image, A)
    assert (made.way, made.seen_judge) == ("informed", True)


def test_who_only_looks_takes_the_image_from_nobody(project: Judged) -> None:
    me, ann = project.person("me", "adjudicator"), project.person("Ann")
    image = project.image("A")
    project.browser(me).get(f"/results/items/{image}?reveal=1")
    who = cases.Person(ann.id, 1, 0)
    with project.setup.database.read() as connection:
        assert cases.first(connection, project.setup.project_id, Filter(), who) == image


def test_who_has_chosen_is_not_warned_and_nothing_is_recorded(project: Judged) -> None:
    me = project.person("me", "adjudicator")
    image, browser = project.image("A"), project.browser(me)
    project.choose(me, image, B)
    assert "the reason" in browser.get(f"/results/items/{image}?reveal=1").text
    stands = standing(project, image, me.id)
    assert stands is not None
    assert not stands.seen_judge


def test_the_prompt_and_the_reply_of_a_call_are_behind_the_same_warning(project: Judged) -> None:
    me = project.person("me", "adjudicator")
    image, browser = project.image("A"), project.browser(me)
    history = browser.get(f"/results/items/{image}?reveal=1")
    assert "the prompt" not in history.text
    [*_, call] = [link for link in links(tree_of(history.text)) if "/calls/" in link]
    shown = words(tree_of(browser.get(call).text))
    assert "the prompt" in shown
    assert '{"choice": "1"}' in shown
    other = project.person("another", "adjudicator")
    assert "You still have to choose" in project.browser(other).get(call).text


def test_an_image_that_is_not_in_review_yet_shows_its_failure(project: Judged) -> None:
    browser = project.browser(project.person("me", "adjudicator"))
    shown = words(tree_of(browser.get(f"/results/items/{project.image(None)}").text))
    assert "failed: refused" in shown
    assert "Describe, failed: refused" in shown


def test_everything_about_an_image_stands_in_the_order_of_time(project: Judged) -> None:
    me, ann = project.person("me", "adjudicator"), project.person("Ann")
    image = project.image("A")
    project.choose(ann, image, A, note="it is sharper")
    project.choose(ann, image, "tie")
    project.choose(me, image, "tie")
    page = tree_of(project.browser(me).get(f"/results/items/{image}").text)
    entries = [entry for entry in page.iter("li") if (entry.get("class") or "").startswith("entry ")]
    times = [next(entry.iter("time")).get("datetime") or "" for entry in entries]
    assert times == sorted(times)
    kinds = [(entry.get("class") or "").split()[1] for entry in entries]
    assert set(kinds) >= {"image", "call", "description", "verdict", "answer", "review", "event"}
    chose = [words(next(entry.iter("h3"))) for entry, kind in zip(entries, kinds, strict=True) if kind == "review"]
    assert chose == ["Ann chose Terse", "Ann chose equally good (revision 2)", "me chose equally good"]
    assert "it is sharper" in words(page)


def test_the_browser_hides_what_one_has_yet_to_choose_about(project: Judged) -> None:
    me = project.person("me", "adjudicator")
    image, browser = project.image("unstable"), project.browser(me)
    address = "/results/disagreements?kind=flipped"
    hidden = words(tree_of(browser.get(address).text))
    assert "1 of these images wait for your choice" in hidden
    assert "the reason" not in hidden
    shown = browser.get(f"{address}&reveal=1")
    assert "the reason" in shown.text
    assert "reveal" not in str(shown.url)
    stands = standing(project, image, me.id)
    assert stands is not None
    assert stands.seen_judge


def test_the_browser_shows_both_sides_of_a_settled_disagreement(project: Judged) -> None:
    me, ann, ben = project.person("me", "adjudicator"), project.person("Ann"), project.person("Ben")
    image = project.image("A")
    for person in (ann, ben):
        project.choose(person, image, B)
    shown = words(tree_of(project.browser(me).get("/results/disagreements?kind=judge_differs").text))
    assert "Terse, probability 0.75" in shown
    assert "the reason: photo.jpg local/judge; Terse was description 1" in shown
    assert "Ann Detailed" in shown
    assert "Ben Detailed" in shown
    assert "Final choice Detailed" in shown


def test_filters_narrow_the_browser_and_pages_hold_every_image_once(project: Judged) -> None:
    me, ann, ben = project.person("me", "adjudicator"), project.person("Ann"), project.person("Ben")
    images = [project.image("A", audit=number % 2 == 0) for number in range(45)]
    for image in images:
        for person in (ann, ben):
            project.choose(person, image, B)
    browser, found, more = project.browser(me), [], "/results/disagreements?audit=&reviewer=Ann"
    while more:
        page = tree_of(browser.get(more).text)
        found += [link for one in page.iter("h2") for link in links(one)]
        more = next((one.get("href", "") for one in page.iter("a") if one.get("rel") == "next"), "")
    assert sorted(found) == sorted(f"/results/items/{image}" for image in images)
    none = tree_of(browser.get("/results/disagreements?audit=yes&judge_choice=tie").text)
    assert "There are none" in words(none)
    audit = tree_of(browser.get("/results/disagreements?audit=yes&final_choice=one:Detailed").text)
    assert len(list(audit.iter("article"))) == 20
