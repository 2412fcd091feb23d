"""One registry of keys: the defaults, what each person may change, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.ontology.strategies import attributes
from tests.review.markup import macro, parse
from tests.review.seed import BLOCKS

from captionjudge.errors import ConfigError
from captionjudge.ontology.tree import Attribute, Option
from captionjudge.review.keys import KeyConflict, Registry, default_actions, make_registry, sheet


def letters(registry: Registry, block: int = 0) -> list[str]:
    """The keys of each criterion's options in a row, as the platform's editor shows them."""
    rows: dict[str, list[str]] = {}
    for one in registry.options:
        if one.block == block:
            rows.setdefault(one.name.partition(": ")[0], []).append(one.key.upper())
    return [" ".join(row) for row in rows.values()]


def scale(title: str, options: int) -> Attribute:
    made = tuple(Option(f"{title}{n}", f"{title}{n}", f"v{n}", f"{title}{n}") for n in range(options))
    return Attribute(title, title, "radio", f"h-{title}", options=made)


def block_of(*sizes: int) -> Attribute:
    scales = tuple(scale(f"S{number}-", size) for number, size in enumerate(sizes))
    yes = Option("yes", "Yes", "yes", "h-yes", attributes=scales)
    return Attribute("b", "Description", "radio", "h-b", options=(yes,))


def test_the_seeds_options_have_the_letters_of_its_picture() -> None:
    assert letters(make_registry(BLOCKS)) == ["Q W", "E R T Y U", "I O P J K"]


def test_every_descriptions_block_has_the_same_letters() -> None:
    registry = make_registry(BLOCKS)
    assert letters(registry, 0) == letters(registry, 1)


def test_further_criteria_go_on_with_the_letters_that_are_left() -> None:
    assert letters(make_registry([block_of(5, 6, 2, 3)])) == ["Q", "W E R T Y", "U I O P J K", "L H", "S X M"]


def test_a_scale_that_does_not_fit_has_no_letters_and_a_smaller_one_after_it_has() -> None:
    assert letters(make_registry([block_of(16, 5, 2)]))[2:] == ["    ", "A B"]


@given(attributes())
def test_no_ontology_alone_makes_a_conflict(attribute: Attribute) -> None:
    registry = make_registry([attribute, attribute])
    page = {key for action in registry.actions if action.where == "page" for key in action.keys}
    own = [one.key for one in registry.options if one.block == 0 and one.key]
    assert len(own) == len(set(own))
    assert not page & set(own)


@pytest.mark.parametrize("candidates", range(2, 7))
def test_numbers_choose_from_left_to_right_then_tie_then_both_bad(candidates: int) -> None:
    registry = make_registry([], candidates)
    names = [*(f"choose_{slot}" for slot in range(1, candidates + 1)), "tie", "both_bad"]
    assert [registry.keys(name)[0] for name in names] == [str(number) for number in range(1, candidates + 3)]


def test_zero_skips_and_nothing_else() -> None:
    assert [action.name for action in default_actions() if "0" in action.keys] == ["skip"]


def test_letters_for_the_sides_give_way_to_options() -> None:
    registry = make_registry([block_of(16, 2)])
    assert (registry.keys("choose_1"), registry.keys("choose_2")) == ("1", "2")


def test_where_nothing_wants_them_a_and_b_choose_too() -> None:
    registry = make_registry(BLOCKS)
    assert (registry.keys("choose_1"), registry.keys("choose_2")) == ("1 a", "2 b")


@pytest.mark.parametrize(
    ("remap", "first", "second"),
    [
        ({"flag": "q"}, "flag", "Description: Answer available"),
        ({"Correctness Score: Accurate": "F"}, "flag", "Correctness Score: Accurate"),
        ({"Quality Score: Good": "e"}, "Correctness Score: Very inaccurate", "Quality Score: Good"),
        ({"note": "f"}, "flag", "note"),
        ({"tie": "enter"}, "tie", "next"),
    ],
)
@pytest.mark.parametrize("whose", ["project", "person"])
def test_a_key_that_is_taken_is_refused_with_both_names(
    remap: dict[str, str], first: str, second: str, whose: str
) -> None:
    with pytest.raises(KeyConflict) as refused:
        make_registry(BLOCKS, **{whose: remap})  # type: ignore[arg-type]
    assert refused.value.owners == (first, second)


def test_a_key_for_a_third_description_does_no_harm_where_there_are_two() -> None:
    assert make_registry(BLOCKS, 2, {"choose_3": "s"}).keys("choose_2") == "2 b"


def test_two_keys_can_be_swapped() -> None:
    registry = make_registry(BLOCKS, project={"flag": "n", "note": "f"})
    assert (registry.keys("flag"), registry.keys("note")) == ("n", "f")


def test_a_persons_key_goes_before_the_projects() -> None:
    assert make_registry(BLOCKS, project={"flag": "s"}, person={"flag": "x"}).keys("flag") == "x"


def test_an_options_key_changes_in_every_block_and_no_other_moves() -> None:
    registry = make_registry(BLOCKS, project={"Correctness Score: Accurate": "s"})
    assert letters(registry, 0) == letters(registry, 1) == ["Q W", "E R T S U", "I O P J K"]


def test_a_control_shows_the_first_of_its_keys_as_a_keyboard_does() -> None:
    registry = make_registry(BLOCKS, project={"note": ""})
    assert [registry.cap(name) for name in ("choose_1", "flag", "next", "note")] == ["1", "F", "Enter", ""]


def test_an_empty_key_takes_the_key_away() -> None:
    assert make_registry(BLOCKS, project={"flag": ""}).keys("flag") == ""


@pytest.mark.parametrize(
    ("remap", "message"),
    [
        ({"flagg": "x"}, "neither an action nor an option; did you mean 'flag'"),
        ({"Correctness Score: Great": "x"}, "neither an action nor an option"),
        ({"pan": "x"}, "always has its own keys"),
        ({"flag": "ctrl+f"}, r"cannot have the key 'ctrl\+f'"),
        ({"flag": " "}, "cannot have the key"),
        ({"flag": "Tab"}, "cannot have the key 'Tab'"),
        ({"flag": "Escape"}, "cannot have the key"),
        ({"flag": "\0"}, "cannot have the key"),
    ],
)
def test_what_does_not_exist_is_refused(remap: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_registry(BLOCKS, project=remap)


def test_options_of_criteria_that_share_a_title_are_called_by_their_path() -> None:
    shared = scale("S", 1)
    options = tuple(
        Option(label, label, label, label, attributes=(replace(shared, options=(replace(o, feature_hash=label * 2),)),))
        for label, o in (("X", shared.options[0]), ("Y", shared.options[0]))
    )
    registry = make_registry([Attribute("t", "Top", "radio", "t", options=options)])
    assert [one.name for one in registry.options][2:] == ["Top > X > S: S0", "Top > Y > S: S0"]


def test_keys_that_are_turned_off_are_nowhere() -> None:
    registry = make_registry(BLOCKS, enabled=False)
    assert (registry.keys("flag"), registry.option_keys, sheet(registry)) == ("", {}, ())


def test_the_help_lists_every_key_and_those_of_options_once() -> None:
    registry = make_registry(BLOCKS)
    rows = [row for section in sheet(registry) for row in section.rows]
    assert len(rows) == len(registry.actions) + len(registry.options) // len(BLOCKS)


def test_the_help_is_a_dialog_with_a_name() -> None:
    page = parse(macro("keys.html", "dialog", sheet(make_registry(BLOCKS))))
    dialog = page.all("dialog")[0]
    assert dialog.attributes["aria-labelledby"] in [one.attributes.get("id") for one in dialog.all("h2")]


@given(st.text(min_size=1))
def test_a_title_in_the_help_stays_text(title: str) -> None:
    block = replace(scale("S", 1), name=title, options=(Option("o", title, "v", "h"),))
    tags = {one.tag for one in parse(macro("keys.html", "dialog", sheet(make_registry([block])))).all()}
    assert tags <= {"dialog", "h2", "h3", "dl", "div", "dt", "dd", "kbd", "bdi", "form", "button"}
