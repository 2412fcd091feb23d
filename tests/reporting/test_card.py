"""`report --html`: one page that needs nothing else, and says nothing but what the figures say."""

import base64
import hashlib
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from PIL import Image
from tests.reporting.cards import Line, Page, at, card_of, page_of, picture, plain, rich, write

from captionjudge.cli.app import app, run
from captionjudge.reporting.card.build import build
from captionjudge.reporting.card.gallery import Gallery, majority_of, show
from captionjudge.reporting.card.page import html
from captionjudge.reporting.card.pictures import LARGEST, SIDE, beside
from captionjudge.reporting.card.read import Read, read_file
from captionjudge.reporting.figures import items
from captionjudge.statistics.people import majority

HOSTILE = (
    '<script>alert(1)</script><img src="http://evil.example/x" onerror="alert(2)"></style></title><x-hostile> {{ 7*7 }}'
    " javascript:alert(3) ' onclick=alert(4) \" &lt;b&gt; \u202e]]>"
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rich")
    for number in range(240):
        if number % 5:
            picture(folder / f"i{number}.png", (64, 48))
    return write(folder, rich())


@pytest.fixture(scope="module")
def read(file: Path) -> Read:
    return read_file(file)


@pytest.fixture(scope="module")
def page(file: Path, read: Read) -> Page:
    return Page.read(html(build(read.material, show(read.gallery, beside(file.parent)))))


def test_every_number_is_that_of_the_json(page: Page, read: Read) -> None:
    figures = plain(read.material.figures)
    shown = [(each["data-key"], float(each["value"])) for each in page.all("data")]
    assert len(shown) > 400
    assert [(key, value, at(figures, key)) for key, value in shown if at(figures, key) != value] == []


def test_every_interval_is_shown_with_its_value_n_and_rule(page: Page, read: Read) -> None:
    keys = {each["data-key"] for each in page.all("data")}
    for value in [
        key for key in keys if key.endswith(("rate.value", "accuracy.value", "kappa.value", "win_rate.value"))
    ]:
        figure = at(plain(read.material.figures), value.removesuffix(".value"))
        if ".ways[" in value:
            continue
        ends = {name for name in ("low", "high") if figure[name] is not None}
        assert {f"{value.removesuffix('value')}{name}" for name in ("n", *ends)} <= keys, value
        assert figure["rule"] in page.text


def test_rules_are_numbered_and_every_reference_leads_to_one(page: Page) -> None:
    rules = {each["id"] for each in page.all("li") if each.get("id", "").startswith("rule-")}
    cited = {each["href"][1:] for each in page.all("a") if each["href"].startswith("#rule-")}
    assert cited == rules
    assert len(rules) > 15


def test_links_within_the_page_lead_somewhere_and_ids_are_unique(page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {each["href"] for each in page.all("a")} <= {f"#{id_}" for id_ in ids}


def test_the_page_loads_nothing_and_runs_nothing(page: Page) -> None:
    [policy] = [each["content"] for each in page.all("meta") if each.get("http-equiv") == "Content-Security-Policy"]
    [style] = re.findall(r"<style>(.*?)</style>", page.source, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert "@import" not in style
    assert "url(" not in style
    assert {tag for tag, _ in page.elements} & {"script", "iframe", "object", "form", "base", "embed"} == set()
    assert [name for _, each in page.elements for name in each if name == "style" or name.startswith("on")] == []
    sources = [each[name] for _, each in page.elements for name in ("src", "href", "srcset", "data") if name in each]
    assert [source for source in sources if not source.startswith(("#", "data:image/jpeg;base64,", "data:,"))] == []


def hostile_line(number: int) -> dict[str, Any]:
    """A line that says the same evil everywhere it can say anything."""
    criteria = {HOSTILE: {"choice": "a", "strength": 1}, f"{HOSTILE}2": {"a": 1 + number % 2, "b": 2}}
    verdicts = [
        {"judge": HOSTILE, "order": order, "choice": order[0], "reason": HOSTILE, "criteria": criteria,
         "probability": 0.6, "error": HOSTILE}
        for order in ("ab", "ba")
    ]  # fmt: skip
    return {
        "id": f"{HOSTILE}{number}", "image": HOSTILE,
        "a": {"candidate": HOSTILE, "text": HOSTILE}, "b": {"candidate": f"{HOSTILE}2", "text": HOSTILE * 90},
        "verdicts": verdicts, "final_choices": [{"annotator": HOSTILE, "choice": "b", "criteria": criteria}],
    }  # fmt: skip


def test_hostile_texts_stay_texts(tmp_path: Path, page: Page) -> None:
    hostile = page_of(write(tmp_path, (hostile_line(n) for n in range(8)), f"{HOSTILE[:8]}.jsonl".replace("/", "")))
    assert hostile.text.count(HOSTILE) > 20
    assert {tag for tag, _ in hostile.elements} <= {tag for tag, _ in page.elements}
    assert hostile.all("script") == []
    assert [name for _, each in hostile.elements for name in each if name.startswith("on") or name == "style"] == []
    assert [each for each in hostile.all("a") if not each["href"].startswith("#")] == []


def test_pictures_are_small_copies_without_what_cameras_write(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "a secret place"
    picture(tmp_path / "i0.png", (1200, 800))
    picture(tmp_path / "i1.jpg", (200, 100), exif=exif, format="JPEG")
    for name in ("i0.png", "i1.jpg"):
        source = beside(tmp_path)({"image": name}).source
        assert source is not None
        data = base64.b64decode(source.partition(",")[2])
        with Image.open(io.BytesIO(data)) as made:
            assert max(made.size) <= SIDE
            assert not made.getexif()
        assert len(data) <= LARGEST
        assert b"secret" not in data


@pytest.mark.parametrize(
    ("named", "why"),
    [
        ("../outside.png", "leads out"),
        ("/etc/hostname", "leads out"),
        ("link.png", "leads out"),
        ("missing.png", "not beside"),
        ("http://127.0.0.1:9/x.png", "nothing is fetched"),
        ("file:///etc/hostname", "nothing is fetched"),
        ("", "names none"),
        (None, "names none"),
        ("text.png", "cannot be used"),
        ("x" * 5000, "cannot be used"),
        ("a\0b", "not beside"),
    ],
)
def test_no_other_file_gets_into_the_page_and_nothing_is_fetched(tmp_path: Path, named: str | None, why: str) -> None:
    inside = tmp_path / "in"
    picture(tmp_path / "outside.png")
    inside.mkdir()
    (inside / "link.png").symlink_to(tmp_path / "outside.png")
    (inside / "text.png").write_text("no picture")
    found = beside(inside)({"image": named})
    assert found.source is None
    assert why in found.why


def test_the_gallery_has_few_of_each_kind_and_says_of_how_many(read: Read, file: Path) -> None:
    shown = show(read.gallery, beside(file.parent))
    differ = {
        id_ for name in ("good/judge", "poor/judge") for id_ in items(read.recorded, f"judges.{name}.disagreements")
    }
    flipped = {id_ for name in ("good/judge", "poor/judge") for id_ in items(read.recorded, f"judges.{name}.flips")}
    people, unstable = shown
    assert (people.of, unstable.of) == (len(differ), len(flipped - differ))
    assert {case.id for case in people.cases} <= differ
    assert {case.id for case in unstable.cases} <= flipped
    assert (len(people.cases), len(unstable.cases)) == (6, 6)
    assert any(case.picture.source for case in (*people.cases, *unstable.cases))


def test_which_pairs_the_gallery_shows_does_not_hang_on_their_order() -> None:
    lines = rich(60)
    shown = []
    for order in (lines, lines[::-1]):
        gallery = Gallery()
        for line in order:
            gallery.see(line)
        shown.append([[line["id"] for line in gallery.lines(kind)] for kind in ("people", "unstable")])
    assert shown[0] == shown[1]
    assert all(shown[0])


@given(st.lists(st.tuples(st.sampled_from("pqr"), st.sampled_from(["a", "b", "tie", "both_bad", "skip"])), max_size=6))
def test_the_majority_is_that_of_the_statistics(choices: list[tuple[str, str]]) -> None:
    last = {who: choice for who, choice in choices if choice != "skip"}
    codes = [("a", "b", "tie", "both_bad").index(choice) for choice in last.values()]
    expected = int(majority([codes or [-1]], 4)[0])
    found = majority_of([{"annotator": who, "choice": choice} for who, choice in choices])
    assert (-1 if found is None else found) == expected


def test_the_same_file_makes_the_same_page(tmp_path: Path) -> None:
    file = write(tmp_path, rich(20))
    one, two = (html(build(read_file(file).material)) for _ in range(2))
    when = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")
    assert when.sub("", one) == when.sub("", two)


def test_candidates_that_cannot_be_told_apart_are_one_group(tmp_path: Path) -> None:
    card, material = card_of(write(tmp_path, (line | {"final_choices": []} for line in rich(60))))
    groups = material.figures["ranking"]["groups"]
    [sheet] = [sheet for sheet in card.sheets if sheet.key == "ranking"]
    places = {f"{row[1].value}": row[2].value for row in sheet.rows}
    assert places == {name: number for number, group in enumerate(groups, 1) for name in group}
    assert len(sheet.begins) == len(groups)


def _without_people(line: Line) -> Line:
    return line | {"final_choices": []}


def _without_judges(line: Line) -> Line:
    return line | {"verdicts": []}


def _without_texts(line: Line) -> Line:
    return line | {side: line[side] | {"text": None} for side in "ab"}


@pytest.mark.parametrize(
    ("key", "why", "change"),
    [
        ("people", "Nobody has chosen", _without_people),
        ("judges", "There are no verdicts of judges", _without_judges),
        ("length", "Lengths are not known", _without_texts),
    ],
)
def test_a_section_that_is_left_out_says_why(
    tmp_path: Path, key: str, why: str, change: Callable[[Line], Line]
) -> None:
    card, _ = card_of(write(tmp_path, (change(line) for line in rich(30))))
    [section] = [section for section in card.sections if section.key == key]
    assert why in section.missing
    assert section.parts == ()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_lines_make_a_page_too(tmp_path: Path, count: int) -> None:
    page = page_of(write(tmp_path, rich(count)))
    assert "nan" not in page.text.replace("nano", "").split()
    assert page.text.count("pass") < page.text.count("warn")


def test_people_who_only_ever_tied_make_no_ranking_and_a_page_all_the_same(tmp_path: Path) -> None:
    lines = [line | {"final_choices": []} for line in rich(24)]
    lines[0]["final_choices"] = [{"annotator": "Ann", "choice": "tie"}]
    card, material = card_of(write(tmp_path, lines))
    assert material.figures["ranking"]["people"]["reason"].startswith("every comparison is a tie")
    assert "ranking-people" not in {sheet.key for sheet in card.sheets}


def test_a_line_about_one_description_is_no_pair(tmp_path: Path) -> None:
    line = rich(1)[0] | {"b": None, "verdicts": [], "id": "alone"}
    assert "judgments.jsonl" in page_of(write(tmp_path, [line, *rich(3)])).text


def test_twelve_candidates_have_every_comparison_and_both_tables(tmp_path: Path) -> None:
    lines = []
    for number in range(132):
        a, b = divmod(number, 11)
        b += b >= a
        choice = "a" if number % 7 < 4 else "b"
        line = rich(1)[0] | {"id": f"{number}", "image": f"{number}", "final_choices": []}
        lines.append(line | {
            "a": {"candidate": f"model {a:02}", "text": "x"}, "b": {"candidate": f"model {b:02}", "text": "y"},
            "verdicts": [{"judge": "j", "order": order, "choice": choice} for order in ("ab", "ba")],
        })  # fmt: skip
    card, _ = card_of(write(tmp_path, lines))
    sizes = {sheet.key: len(sheet.rows) for sheet in card.sheets}
    assert (sizes["wins"], sizes["matrix"], sizes["chances"], sizes["ranking"]) == (66, 12, 12, 12)


def _check(**more: Any) -> dict[str, Any]:
    statistic = {"value": 0.7, "low": 0.6, "high": 0.8, "n": 80, "rule": "the rule of the probe", "left_out": {}}
    item: Line = {"item": "1", "image": "i1.png", "kind": "colour", "order": "ab", "a": HOSTILE, "b": "A red mug."}
    item |= {"target": "b", "choice": "a", "compared_with": None}
    check = {"probe": "planted", "kind": "all", "judge": "good/judge", "statistic": statistic, "baseline": 0.5}
    return check | {"threshold": 0.9, "should": "above", "status": "fail", "against": 24, "items": [item] * 9} | more


def test_active_checks_are_shown_with_examples_of_what_speaks_against_the_judge(read: Read) -> None:
    lean = {"value": -0.6, "low": -0.9, "high": -0.2, "n": 24, "rule": "the rule of the lean"}
    made = [_check(), _check(probe="padded", kind="lean", statistic=lean, should="near", baseline=0, items=[])]
    page = Page.read(html(build(replace(read.material, active_checks=made))))
    assert {"the rule of the probe", "the rule of the lean"} <= set(page.text.splitlines())
    assert page.text.count(HOSTILE[:60]) == 3
    assert page.all("script") == []
    shown = {each["data-key"]: float(each["value"]) for each in page.all("data") if "active_checks" in each["data-key"]}
    assert {key: at({"active_checks": made}, key) for key in shown} == shown
    assert len(shown) == 12
    assert "captionjudge audit" not in page.text


def test_without_active_checks_the_page_says_how_to_run_them(page: Page) -> None:
    assert "In a project: captionjudge audit." in page.text


def test_the_command_writes_the_page_whole_and_names_lines_that_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, rich(6))
    out = tmp_path / "card.html"
    assert run(app, ["report", str(file), "--html", str(out)]) == 0
    assert out.read_text().endswith("</html>")
    file.write_text(file.read_text() + "\nno line")
    assert run(app, ["report", str(file), "--html", str(out)]) == 1
    assert "line 7 is left out" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path, rich(2))
    assert run(app, ["report", str(file), "--html", str(tmp_path / "none" / "card.html")]) == 2
    assert "none/card.html" in capsys.readouterr().err


def test_pictures_may_be_elsewhere(tmp_path: Path) -> None:
    picture(tmp_path / "pictures" / "i0.png")
    line = rich(1)[0]
    line["verdicts"] = [{"judge": "j", "order": order, "choice": order[0]} for order in ("ab", "ba")]
    file, out = write(tmp_path, [line | {"final_choices": []}]), tmp_path / "card.html"
    for more, there in (([], False), (["--images", str(tmp_path / "pictures")], True)):
        assert run(app, ["report", str(file), "--html", str(out), *more]) == 0
        assert ("data:image/jpeg" in out.read_text()) is there


def test_the_digest_is_that_of_the_file(file: Path, page: Page) -> None:
    assert hashlib.sha256(file.read_bytes()).hexdigest() in page.text
    assert json.loads(file.read_text().splitlines()[0])["id"] == "p0"
