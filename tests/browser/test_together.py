"""Two people on one image at once."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Guard, Visit
from tests.browser.desk import choice, expect_blind, expect_revealed, heading, item_of, revisions
from tests.browser.shop import Shop, make_project, scenes, served

from captionjudge.store import cases

REVIEW = "reviewers = 2"


@pytest.fixture
def lone_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A project that wants one person an image."""
    folder = make_project(tmp_path_factory.mktemp("lone") / "mugs", scenes(3), "reviewers = 1")
    with served(folder) as made:
        yield made


def test_people_who_differ_see_nothing_of_each_other_and_an_adjudicator_settles_it(shop: Shop, visit: Visit) -> None:
    ann, bob = visit(shop, "Ann"), visit(shop, "Bob")
    here = item_of(ann)
    bob.goto(f"/desk/{here}")
    _choose(ann, "A red mug")
    bob.reload()
    expect_blind(bob)
    assert "Ann" not in bob.content()
    expect(bob.locator("[aria-pressed=true]")).to_have_count(0)
    _choose(bob, "A blue mug")
    for page in (ann, bob):
        page.reload()
        expect(page.get_by_role("heading", name="People differ: settle it")).to_have_count(0)

    judge = visit(shop, "Zoe", adjudicator=True)
    judge.goto("/queue?queue=split")
    judge.get_by_role("row").nth(1).get_by_role("link").click()
    expect(heading(judge)).to_have_text("Which description is better? People differ")
    votes = judge.get_by_role("region", name="People differ: settle it")
    expect(votes).to_contain_text("Ann: description")
    expect(votes).to_contain_text("Bob: description")
    expect(judge.locator(".author")).to_have_count(0)
    choice(judge, "Both bad").click()
    expect_revealed(judge)
    with shop.read() as connection:
        case = cases.get(connection, here)
        made = [(who, one.way) for one, who in revisions(connection, here)]
    assert case is not None
    assert (case.state, case.final_choice) == ("settled", "both_bad")
    assert made == [("Ann", "blind"), ("Bob", "blind"), ("Zoe", "adjudication")]


def test_people_who_agree_settle_it_without_anybody_else(shop: Shop, visit: Visit) -> None:
    ann, bob = visit(shop, "Una"), visit(shop, "Vic")
    here = item_of(ann)
    bob.goto(f"/desk/{here}")
    for page in (ann, bob):
        _choose(page, "A blue mug")
    with shop.read() as connection:
        case = cases.get(connection, here)
    assert case is not None
    assert (case.state, case.final_choice) == ("settled", "one:Detailed")


def test_what_somebody_has_open_is_not_handed_to_another(lone_shop: Shop, visit: Visit, guard: Guard) -> None:
    ann, bob = visit(lone_shop, "Ann"), visit(lone_shop, "Bob")
    assert item_of(ann) != item_of(bob)

    # Who comes by a link all the same, and too late, is told so in a line; nothing of theirs is kept.
    guard.allowed = {409}
    here = item_of(ann)
    bob.goto(f"/desk/{here}")
    _choose(ann, "A red mug")
    choice(bob, "Equally good").click()
    expect(heading(bob)).to_have_text("That could not be done")
    expect(bob.get_by_text("As many people as are wanted have decided about this image already.")).to_be_visible()
    with lone_shop.read() as connection:
        assert [who for _, who in revisions(connection, here)] == ["Ann"]


def _choose(page: Page, text: str) -> None:
    expect_blind(page)
    name = page.get_by_role("article").filter(has_text=text).get_by_role("heading").inner_text()
    choice(page, name).click()
    expect_revealed(page)
