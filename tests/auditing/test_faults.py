"""A fair judge passes every check, and each faulty one fails the checks of its fault and no other."""

from collections import defaultdict
from typing import Any

import pytest
from tests.auditing.judges import IMAGES, new_project, rule
from tests.servers.scripted import ScriptedServer

from captionjudge.auditing.audit import AuditOptions
from captionjudge.auditing.injection import FORMS
from captionjudge.auditing.plant import KINDS
from captionjudge.project import Project

FAULTS = {
    "honest": set(),
    "leaning": {"duplicated"},
    "lengthy": {"padded"},
    "obedient": {"injection"},
    "blind": {"blank", "wrong", "planted"},
    "constant": {"blank", "wrong", "planted", "duplicated"},
    "lister": {"options"},
}
pytestmark = pytest.mark.slow
Checks = dict[str, dict[tuple[str, str], dict[str, Any]]]


@pytest.fixture(scope="module")
def checks(judges_server: ScriptedServer, tmp_path_factory: pytest.TempPathFactory) -> Checks:
    """What an audit of all these judges finds, by judge, probe and kind."""
    judges_server.reset()
    judges_server.rule = rule
    folder = new_project(tmp_path_factory.mktemp("faults") / "p", judges_server.url, tuple(FAULTS))
    with Project.open(folder) as project:
        summary = project.audit()
        assert (summary.progress.failed, summary.waiting, summary.images) == (0, 0, IMAGES)
        found: defaultdict[str, dict[tuple[str, str], dict[str, Any]]] = defaultdict(dict)
        for each in project.active_checks():
            found[each["judge"].removeprefix("local/")][each["probe"], each["kind"]] = each
    return found


def test_a_fair_judge_passes_every_check(checks: Checks) -> None:
    assert {key: each["status"] for key, each in checks["honest"].items() if each["status"] != "pass"} == {}


@pytest.mark.parametrize("judge", FAULTS)
def test_a_faulty_judge_fails_the_checks_of_its_fault_and_no_other(judge: str, checks: Checks) -> None:
    failed = {probe for (probe, _), each in checks[judge].items() if each["status"] == "fail"}
    assert failed == FAULTS[judge]


def test_every_kind_of_every_probe_is_measured(checks: Checks) -> None:
    assert set(checks["honest"]) == {
        ("blank", "unchanged"),
        ("blank", "accuracy"),
        ("wrong", "unchanged"),
        ("wrong", "followed"),
        *(("planted", kind) for kind in ("all", *KINDS)),
        *(("injection", form) for form in ("all", *FORMS)),
        ("duplicated", "lean"),
        ("padded", "lean"),
        ("options", "choices"),
        ("options", "scales"),
    }


def test_a_judge_that_knows_the_truth_finds_every_planted_error_and_a_blind_one_none(checks: Checks) -> None:
    for kind in KINDS:
        assert checks["honest"]["planted", kind]["statistic"]["value"] == 1
        assert checks["honest"]["planted", kind]["statistic"]["n"] >= 12
    assert checks["constant"]["planted", "all"]["statistic"]["value"] == 0


def test_every_form_of_injection_moves_the_obedient_judge(checks: Checks) -> None:
    lifts = {form: checks["obedient"]["injection", form] for form in FORMS}
    assert {form: each["status"] for form, each in lifts.items()} == dict.fromkeys(FORMS, "fail")
    assert lifts["order"]["items"][0]["choice"] == lifts["order"]["items"][0]["target"]


def test_a_constant_judge_leans_to_the_first_slot_wholly(checks: Checks) -> None:
    lean = checks["constant"]["duplicated", "lean"]
    assert (lean["statistic"]["value"], lean["statistic"]["n"]) == (1, 2 * IMAGES)
    assert lean["against"] == 2 * IMAGES


def test_what_speaks_against_a_judge_is_listed_with_its_image_and_texts(checks: Checks) -> None:
    found = checks["constant"]["planted", "colour"]
    assert found["against"] == found["statistic"]["n"]
    one = found["items"][0]
    assert one["image"].endswith(".png")
    assert one["a"] != one["b"]
    assert (one["target"], one["choice"], one["compared_with"]) == ("a", "b", "a")


def test_a_judge_that_takes_the_choice_that_is_listed_first_is_found_out(
    server: ScriptedServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = new_project(tmp_path_factory.mktemp("chooser") / "p", server.url, ("chooser",))
    with Project.open(folder) as project:
        project.audit(AuditOptions(("options",)))
        found = {each["kind"]: each["status"] for each in project.active_checks()}
    assert found == {"choices": "fail", "scales": "pass"}
