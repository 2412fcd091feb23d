"""What a person's choice does, what taking it back does, and what nothing can undo."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.review.shop import NAMES, Shop, Told, plain

from captionjudge.identity import new_id, now_ms
from captionjudge.judging.settlement import open_again
from captionjudge.review import decide
from captionjudge.review.decide import NotPossible
from captionjudge.store import items, tasks, verdicts
from captionjudge.store.batch import Batch
from captionjudge.store.records import Answer, Reviewer
from captionjudge.workflow import template

Make = Callable[..., Shop]

HOUR = 3_600_000


_WAYS = ("approved", "rejected")


def workflow(*added: dict[str, Any], **review: str) -> str:
    """The default workflow, with another review stage and some stages more."""
    stages = json.loads(template("default"))["stages"]
    for stage in stages:
        if stage["type"] == "review":
            stage.update(review)
    stages += added
    used = {there for stage in stages for there in (*stage.get("pathways", {}).values(), *map(stage.get, _WAYS))}
    return json.dumps({"stages": [stage for stage in stages if stage.get("start") or stage["title"] in used]})


AGAIN = workflow(rejected="Describe")
PUBLISHED = workflow({"title": "Publish", "type": "agent", "pathways": {"Out": "Complete"}}, approved="Publish")
TWICE = workflow(
    {"title": "Second look", "type": "review", "approved": "Complete", "rejected": "Archive"}, approved="Second look"
)


@pytest.mark.parametrize(
    ("choice", "there"), [("Terse", "Complete"), ("tie", "Complete"), ("both_bad", "Archive"), ("skip", "Review")]
)
def test_a_choice_sends_the_image_along_its_pathway(shop: Shop, choice: str, there: str) -> None:
    shop.vote(shop.person(), shop.images[0], choice)
    assert shop.stage(shop.images[0]) == there


def test_the_project_says_which_choices_reject(make_shop: Make) -> None:
    shop = make_shop(images=2, review='rejects = ["tie"]')
    shop.vote(shop.person(), shop.images[0], "tie")
    shop.vote(shop.person(), shop.images[1], "both_bad")
    assert [shop.stage(image) for image in shop.images] == ["Archive", "Complete"]


def test_a_move_is_told_with_the_persons_name(shop: Shop) -> None:
    shop.vote(shop.person(), shop.images[0])
    with shop.setup.database.read() as connection:
        [moved] = verdicts.events_of_item(connection, shop.images[0])
    assert (moved.actor, moved.from_stage, moved.to_stage, moved.pathway) == ("ann", "Review", "Complete", "approved")


def test_undo_brings_the_image_back_to_the_same_person(shop: Shop) -> None:
    ann, bob, image = shop.person(), shop.person("bob"), shop.images[0]
    shop.vote(ann, image)
    shop.undo(ann, image)
    case = shop.case(image)
    assert (shop.stage(image), case.state, case.final_choice, case.reviews) == ("Review", "open", None, 0)
    assert shop.standing(ann, image).until > now_ms()
    assert image not in {shop.next(bob) for _ in range(len(shop.images))}
    shop.vote(ann, image, "tie")
    assert shop.case(image).final_choice == "tie"


def test_undo_is_a_revision_too_and_takes_nothing_out_of_the_record(shop: Shop) -> None:
    ann, image = shop.person(), shop.images[0]
    shop.vote(ann, image, "Terse")
    shop.undo(ann, image)
    shop.vote(ann, image, "Detailed")
    assert [(r.revision, r.decision, r.winner) for r in shop.reviews(image)] == [
        (1, "one", "Terse"),
        (2, "undone", None),
        (3, "one", "Detailed"),
    ]


@pytest.mark.parametrize("before", ["nothing", "shown", "undone"])
def test_there_is_nothing_to_undo_before_a_choice(shop: Shop, before: str) -> None:
    ann, image = shop.person(), shop.images[0]
    if before != "nothing":
        shop.show(ann, image)
    if before == "undone":
        shop.vote(ann, image)
        shop.undo(ann, image)
    with pytest.raises(NotPossible, match="no choice of yours"):
        shop.undo(ann, image)


def test_undo_that_is_sent_twice_counts_once(shop: Shop) -> None:
    ann, image, id_ = shop.person(), shop.images[0], new_id()
    shop.vote(ann, image)
    shop.undo(ann, image, id_)
    shop.undo(ann, image, id_)
    assert len(shop.reviews(image)) == 2


def claim(shop: Shop, stage: str) -> tasks.Claimed:
    now = now_ms()
    [claimed] = shop.setup.database.write(
        lambda batch: tasks.claim(batch, shop.setup.project_id, [stage], (new_id(), now + HOUR), now, 1)
    )
    return claimed


def test_undo_after_the_image_has_gone_on_is_refused_with_one_line_and_changes_nothing(make_shop: Make) -> None:
    shop = make_shop(images=1, workflow=PUBLISHED)
    ann, [image] = shop.person(), shop.images
    shop.vote(ann, image)
    claimed = claim(shop, "Publish")
    with pytest.raises(NotPossible, match="being worked on at a later stage") as refused:
        shop.undo(ann, image)
    assert "\n" not in str(refused.value)

    with shop.setup.database.read() as connection:
        owner = tasks.of_item(connection, image)
    assert owner is not None
    shop.setup.database.write(
        lambda batch: tasks.move(batch, claimed.task, owner.owner or "", "Judge", "Out", keep=False)
    )
    with pytest.raises(NotPossible, match="gone on to 'Judge'"):
        shop.undo(ann, image)
    assert (len(shop.reviews(image)), shop.case(image).state) == (1, "settled")


def test_undo_while_the_image_only_waits_at_the_later_stage_brings_it_back(make_shop: Make) -> None:
    shop = make_shop(images=1, workflow=PUBLISHED)
    ann, [image] = shop.person(), shop.images
    shop.vote(ann, image)
    assert shop.stage(image) == "Publish"
    shop.undo(ann, image)
    assert shop.stage(image) == "Review"


def test_a_change_of_mind_is_a_second_revision_and_tells_that_the_judge_was_seen(shop: Shop) -> None:
    browser, image = shop.browser(), shop.images[0]
    url = f"/desk/{image}"
    browser.choose(url, "1")
    browser.choose(url, "both_bad")
    first, second = shop.reviews(image)
    assert (first.decision, first.seen_judge, first.way) == ("one", False, "blind")
    assert (second.decision, second.seen_judge, second.way) == ("both_bad", True, "informed")
    assert (shop.stage(image), shop.case(image).final_choice) == ("Archive", "both_bad")


@pytest.mark.parametrize(
    ("reveal", "ways"),
    [("after_choice", ["blind", "informed"]), ("always", ["informed"] * 2), ("never", ["blind"] * 2)],
)
def test_whether_the_judge_was_seen_is_what_was_shown(make_shop: Make, reveal: str, ways: list[str]) -> None:
    shop = make_shop(images=1, review=f'reveal = "{reveal}"')
    browser, url = shop.browser(), f"/desk/{shop.images[0]}"
    browser.choose(url, "1")
    browser.choose(url, "2")
    assert [one.way for one in shop.reviews(shop.images[0])] == ways


def test_a_fast_second_choice_without_a_look_at_the_judge_stays_blind(shop: Shop) -> None:
    ann, image = shop.person(), shop.images[0]
    shop.vote(ann, image, "Terse")
    shop.vote(ann, image, "Detailed")
    assert [one.way for one in shop.reviews(image)] == ["blind", "blind"]


def test_what_was_shown_where_is_kept_with_the_choice_and_stays(shop: Shop) -> None:
    ann, image = shop.person(), shop.images[0]
    shown = shop.show(ann, image).shown
    shop.vote(ann, image)
    shop.undo(ann, image)
    shop.vote(ann, image)
    assert sorted(shown) == sorted(NAMES)
    assert {tuple(one.shown) for one in shop.reviews(image)} == {tuple(shown)}


def test_a_skip_takes_no_choice_back(make_shop: Make) -> None:
    shop = make_shop(images=1, review="reviewers = 2")
    ann, bob, eve, [image] = shop.person(), shop.person("bob"), shop.person("eve"), shop.images
    shop.vote(ann, image, "Terse")
    shop.vote(ann, image, "skip")
    standing = shop.standing(ann, image)
    assert (standing.decision, standing.winner, standing.revision) == ("one", "Terse", 2)
    assert shop.next(ann, "mine") == image
    shop.vote(bob, image, "Terse")
    assert (shop.case(image).reviews, shop.case(image).state) == (2, "settled")
    with pytest.raises(NotPossible, match="as many people"):
        shop.vote(eve, image)


def test_undo_after_a_skip_takes_the_choice_back(shop: Shop) -> None:
    ann, image = shop.person(), shop.images[0]
    shop.vote(ann, image)
    shop.vote(ann, image, "skip")
    shop.undo(ann, image)
    assert (shop.standing(ann, image).decision, shop.case(image).state) == ("undone", "open")


def test_who_skipped_or_took_back_has_no_seat_once_others_filled_it(shop: Shop) -> None:
    ann, bob, (skipped, undone, *_) = shop.person(), shop.person("bob"), shop.images
    shop.vote(ann, skipped, "skip")
    shop.vote(ann, undone)
    shop.undo(ann, undone)
    for image in (skipped, undone):
        shop.vote(bob, image)
        with pytest.raises(NotPossible, match="as many people"):
            shop.vote(ann, image, "Detailed")
        assert shop.case(image).final_choice == "one:Terse"


def test_a_late_vote_after_others_filled_the_seats_is_refused_and_a_late_skip_is_not(shop: Shop) -> None:
    ann, bob, image = shop.person(), shop.person("bob"), shop.images[0]
    shop.show(ann, image)
    shop.expire(image)
    shop.vote(bob, image)
    with pytest.raises(NotPossible, match="as many people"):
        shop.vote(ann, image)
    shop.vote(ann, image, "skip")
    assert [name for name, _, _ in shop.decisions(image)] == ["bob", "ann"]
    assert shop.case(image).final_choice == "one:Terse"


def test_a_late_vote_while_there_is_a_seat_counts(shop: Shop) -> None:
    ann, bob, image = shop.person(), shop.person("bob"), shop.images[0]
    shop.show(ann, image)
    shop.expire(image)
    shop.show(bob, image)
    shop.vote(ann, image)
    with pytest.raises(NotPossible, match="as many people"):
        shop.vote(bob, image)


def test_two_people_are_never_given_the_same_image_when_one_is_wanted(shop: Shop) -> None:
    ann, bob = shop.person(), shop.person("bob")
    assert shop.next(ann) != shop.next(bob)
    assert shop.next(ann) == shop.next(ann)


def test_a_hold_runs_out(make_shop: Make) -> None:
    shop = make_shop(images=1)
    ann, bob = shop.person(), shop.person("bob")
    assert shop.next(ann) == shop.images[0]
    assert shop.next(bob) is None
    shop.expire(shop.images[0])
    assert shop.next(bob) == shop.images[0]


def test_the_same_vote_sent_twice_counts_once(shop: Shop) -> None:
    ann, image, id_ = shop.person(), shop.images[0], new_id()
    first = shop.vote(ann, image, "Terse", id_)
    assert shop.vote(ann, image, "Detailed", id_) == first
    assert len(shop.reviews(image)) == 1


def test_a_vote_with_the_id_of_somebody_elses_or_of_another_image_is_refused(shop: Shop) -> None:
    ann, bob, (image, other, *_), id_ = shop.person(), shop.person("bob"), shop.images, new_id()
    shop.vote(ann, image, "Terse", id_)
    for who, item_id in ((bob, image), (ann, other), (bob, other)):
        with pytest.raises(NotPossible, match="out of date"):
            shop.vote(who, item_id, "Terse", id_)


@pytest.mark.parametrize("winner", ["Nobody", "tie", "", None])
def test_only_what_was_shown_can_be_chosen(shop: Shop, winner: str | None) -> None:
    ann, cast = shop.person(), decide.Vote(new_id(), shop.images[0], "one", winner)
    with pytest.raises(NotPossible, match="none of the descriptions"):
        shop.setup.database.write(lambda batch: decide.vote(shop.setup, batch, ann, cast))


def test_an_image_without_descriptions_can_be_skipped_again_and_again_and_is_shown_when_there_are(
    make_shop: Make,
) -> None:
    shop = make_shop(images=1, told=lambda number: Told({}))
    ann, [image] = shop.person(), shop.images
    shop.vote(ann, image, "skip")
    shop.vote(ann, image, "skip")
    assert [one.revision for one in shop.reviews(image)] == [1, 2]
    assert shop.show(ann, image).shown == []


@pytest.fixture
def split(make_shop: Make) -> tuple[Shop, Reviewer, Reviewer, Reviewer, str]:
    """Two people differ about an image; a third adjudicates."""
    shop = make_shop(images=1, review="reviewers = 2")
    ann, bob, eve = shop.person(), shop.person("bob"), shop.person("eve", "adjudicator")
    shop.vote(ann, shop.images[0], "Terse")
    shop.vote(bob, shop.images[0], "Detailed")
    return shop, ann, bob, eve, shop.images[0]


Split = tuple[Shop, Reviewer, Reviewer, Reviewer, str]


def test_what_people_differ_about_waits_for_an_adjudicator(split: Split) -> None:
    shop, ann, _, eve, image = split
    case = shop.case(image)
    assert (case.state, case.people_differ, case.final_choice, shop.stage(image)) == ("split", True, None, "Review")
    with pytest.raises(NotPossible, match="only an adjudicator"):
        shop.vote(ann, image, "Detailed", way="adjudication")
    assert shop.next(eve, "split") == image


def test_adjudication_settles_and_keeps_what_the_others_chose(split: Split) -> None:
    shop, _, _, eve, image = split
    shop.vote(eve, image, "tie", way="adjudication")
    case = shop.case(image)
    assert (case.state, case.final_choice, case.people_differ, case.reviews) == ("settled", "tie", True, 2)
    assert shop.stage(image) == "Complete"
    assert [(who, way) for who, way, _ in shop.decisions(image)] == [
        ("ann", "blind"),
        ("bob", "blind"),
        ("eve", "adjudication"),
    ]


def test_an_adjudicator_who_changes_her_mind_still_adjudicates(split: Split) -> None:
    shop, _, _, eve, image = split
    shop.vote(eve, image, "tie", way="adjudication")
    shop.vote(eve, image, "both_bad")
    case = shop.case(image)
    assert (case.final_choice, case.reviews, shop.stage(image)) == ("both_bad", 2, "Archive")


def test_an_adjudication_that_is_taken_back_leaves_it_as_it_was(split: Split) -> None:
    shop, _, _, eve, image = split
    shop.vote(eve, image, "tie", way="adjudication")
    shop.undo(eve, image)
    assert (shop.case(image).state, shop.stage(image)) == ("split", "Review")


def test_an_adjudicator_who_reviewed_too_keeps_that_choice_when_the_adjudication_is_taken_back(
    make_shop: Make,
) -> None:
    shop = make_shop(images=1, review="reviewers = 2")
    ann, eve, [image] = shop.person(), shop.person("eve", "adjudicator"), shop.images
    shop.vote(ann, image, "Terse")
    shop.vote(eve, image, "Detailed")
    shop.vote(eve, image, "both_bad", way="adjudication")
    shop.undo(eve, image)
    assert shop.standing(eve, image).winner == "Detailed"
    assert (shop.case(image).state, shop.case(image).reviews) == ("split", 2)


def test_one_of_two_who_comes_round_settles_it(split: Split) -> None:
    shop, ann, _, _, image = split
    shop.vote(ann, image, "Detailed")
    assert (shop.case(image).state, shop.case(image).final_choice) == ("settled", "one:Detailed")


def test_the_majority_settles_where_that_is_the_rule(make_shop: Make) -> None:
    shop = make_shop(images=1, review='reviewers = 3\nsettle = "majority"')
    for name, choice in (("ann", "Terse"), ("bob", "Detailed"), ("eve", "Terse")):
        shop.vote(shop.person(name), shop.images[0], choice)
    case = shop.case(shop.images[0])
    assert (case.state, case.final_choice, case.people_differ) == ("settled", "one:Terse", True)


@pytest.mark.parametrize(("choice", "agrees"), [("Terse", True), ("Detailed", False), ("tie", False)])
def test_a_settled_case_tells_whether_the_judges_chose_the_same(shop: Shop, choice: str, agrees: bool) -> None:
    shop.vote(shop.person(), shop.images[0], choice)
    assert shop.case(shop.images[0]).agrees is agrees


def test_an_image_that_is_described_again_is_decided_again(make_shop: Make) -> None:
    shop = make_shop(images=1, workflow=AGAIN)
    ann, [image] = shop.person(), shop.images
    shop.vote(ann, image, "both_bad")
    assert shop.stage(image) == "Describe"
    old = shop.case(image)

    def comes_again(batch: Batch) -> None:
        tasks.send(batch, [image], "Describe", "Review", "Described", "run")
        batch.enter_case(open_again(old, "Review", now_ms() + 1))

    shop.setup.database.write(comes_again)
    assert shop.next(ann) == image
    assert shop.case(image).reviews == 0
    later = now_ms() + 2
    while now_ms() < later:
        pass
    shop.vote(ann, image, "Terse")
    case = shop.case(image)
    assert (case.state, case.final_choice, case.reviews, shop.stage(image)) == ("settled", "one:Terse", 1, "Complete")
    assert [one.revision for one in shop.reviews(image)] == [1, 2]


def test_a_review_stage_after_a_review_stage_asks_once_more(make_shop: Make) -> None:
    shop = make_shop(images=1, workflow=TWICE)
    ann, bob, [image] = shop.person(), shop.person("bob"), shop.images
    shop.vote(ann, image, "Terse")
    assert (shop.stage(image), shop.case(image).stage, shop.case(image).state) == ("Second look", "Second look", "open")
    assert shop.next(bob) == image
    later = now_ms() + 2
    while now_ms() < later:
        pass
    shop.vote(bob, image, "both_bad")
    assert (shop.stage(image), shop.case(image).final_choice) == ("Archive", "both_bad")


def answers(shop: Shop, image: str) -> list[Answer]:
    with shop.setup.database.read() as connection:
        return [one for one in verdicts.answers_of_item(connection, image) if one.author_kind == "person"]


def test_each_final_choice_is_an_answer_by_that_person_and_none_is_overwritten(shop: Shop) -> None:
    ann, image = shop.person(), shop.images[0]
    shop.vote(ann, image, "Terse")
    shop.vote(ann, image, "Detailed")
    shop.undo(ann, image)
    found = answers(shop, image)
    assert [one.author for one in found] == ["ann"] * 3
    assert [bool(one.value.get("withdrawn")) for one in found] == [False, False, True]
    assert len({json.dumps(one.value, sort_keys=True) for one in found}) == 3


def test_a_judge_that_runs_again_touches_no_final_choice(shop: Shop) -> None:
    ann, image = shop.person(), shop.images[0]
    shop.vote(ann, image, "Terse")
    before, [given] = shop.reviews(image), answers(shop, image)

    def judge_again(batch: Batch) -> None:
        found = items.get(batch.connection, image)
        assert found is not None
        again = Answer(new_id(), found.project_id, image, given.attribute, {"x": 1}, "model", "judge", "0", now_ms())
        batch.add(again)
        for pair in verdicts.pairs_of_items(batch.connection, [image])[image]:
            batch.keep_pair(pair)

    shop.setup.database.write(judge_again)
    assert answers(shop, image) == [given]
    assert (shop.reviews(image), shop.case(image).final_choice) == (before, "one:Terse")


def test_a_flag_is_counted_once_a_person_and_taken_off_again(shop: Shop) -> None:
    ann, bob, image = shop.person(), shop.person("bob"), shop.images[0]

    def mark(who: Reviewer, flagged: bool) -> None:
        shop.setup.database.write(lambda batch: decide.mark(batch, who, image, flagged=flagged))

    for who in (ann, bob):
        shop.show(who, image)
        mark(who, True)
        mark(who, True)
    assert shop.case(image).flags == 2
    mark(ann, False)
    assert (shop.case(image).flags, shop.standing(bob, image).flagged) == (1, True)


def test_a_flag_and_a_note_outlive_choice_and_undo(shop: Shop) -> None:
    ann, image = shop.person(), shop.images[0]
    shop.show(ann, image)
    shop.setup.database.write(lambda batch: decide.mark(batch, ann, image, flagged=True, note="blurred"))
    shop.vote(ann, image)
    shop.undo(ann, image)
    assert (shop.standing(ann, image).note, shop.standing(ann, image).flagged) == ("blurred", True)


def test_images_that_came_without_a_case_get_one(make_shop: Make) -> None:
    shop = make_shop(images=1)
    [early] = shop.add(1, plain, stage="Judge")
    shop.setup.database.write(lambda batch: tasks.send(batch, [early], "Judge", "Review", "Judged", "somebody"))
    assert shop.setup.database.write(lambda batch: decide.open_missing(shop.setup, batch)) == 1
    assert shop.setup.database.write(lambda batch: decide.open_missing(shop.setup, batch)) == 0
    assert shop.case(early).judge_choice == "one:Terse"
