"""Workflows are checked before anything runs."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captionjudge.errors import WorkflowError
from captionjudge.workflow import TEMPLATES, Stage, Workflow, dump_workflow, load_workflow, template


def workflow(**changes: Any) -> dict[str, Any]:
    stages: dict[str, Any] = {
        "A": {"title": "A", "type": "agent", "start": True, "pathways": {"on": "R"}},
        "R": {"title": "R", "type": "review", "approved": "D", "rejected": "X"},
        "D": {"title": "D", "type": "done"},
        "X": {"title": "X", "type": "archive"},
    }
    return {"stages": [stage for stage in {**stages, **changes}.values() if stage]}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_built_in_workflow_comes_back_as_it_was(name: str) -> None:
    loaded = load_workflow(template(name))
    assert json.loads(dump_workflow(loaded)) == json.loads(template(name))


def test_the_notebooks_workflow_leads_where_its_picture_shows() -> None:
    loaded = load_workflow(template("notebook"))
    assert loaded.agents() == ("LLM1", "LLM2", "LLM as Judge")
    assert loaded.destination("LLM as Judge", "LLM Ruling") == "Human Review"
    assert loaded.destination("Human Review", "rejected") == "Archive"


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"A": {"title": "A", "type": "agent", "start": True, "pathways": {"on": "Z"}}}, "'on' leads to 'Z'"),
        ({"A": {"title": "A", "type": "agent", "start": True}}, "'A' has no pathway"),
        ({"A": {"title": "A", "type": "agent", "pathways": {"on": "R"}}}, "exactly one stage must have start"),
        ({"B": {"title": "B", "type": "agent", "pathways": {"on": "R"}}}, "'B' cannot be reached"),
        ({"B": {"title": "D", "type": "done"}}, "'D' is there 2 times"),
        ({"R": {"title": "R", "type": "agent", "pathways": {"back": "A"}}}, "no done or archive stage can be reached"),
        ({"R": {"title": "R", "type": "review", "approved": "D"}}, "pathway 'rejected' does not name a stage"),
        ({"R": {"title": "R", "type": "reviw"}}, "type 'reviw' is not one of"),
        ({"A": {"title": " ", "type": "agent"}}, "has no title"),
        ({"D": {"title": "D", "type": "done", "pathways": {}}}, "has no 'pathways'"),
    ],
)
def test_what_is_wrong_is_named_with_its_stage(changes: dict[str, Any], finding: str) -> None:
    with pytest.raises(WorkflowError) as caught:
        load_workflow(workflow(**changes))
    assert finding in str(caught.value)


@pytest.mark.parametrize("source", ["", "[]", "{}", '{"stages": []}', '{"stages": [1]}', "{" * 10_000])
def test_what_is_no_workflow_at_all_is_refused(source: str) -> None:
    with pytest.raises(WorkflowError):
        load_workflow(source)


def test_an_unknown_pathway_is_refused_with_a_suggestion() -> None:
    with pytest.raises(WorkflowError) as caught:
        load_workflow(template("default")).destination("Describe", "Descrybed")
    assert "Described" in caught.value.hint


@st.composite
def workflows(draw: st.DrawFn) -> Workflow:
    """A chain of agent and review stages with ways back, in any order of the file."""
    words = st.text(min_size=1, max_size=8).filter(str.strip)
    titles = draw(st.lists(words, min_size=2, max_size=6, unique=True))
    stages = [Stage(titles[-1], draw(st.sampled_from(["done", "archive"])))]
    for number, title in enumerate(titles[:-1]):
        onward, other = titles[number + 1], draw(st.sampled_from(titles))
        if draw(st.booleans()):
            stages.append(Stage(title, "review", {"approved": onward, "rejected": other}))
        else:
            others = draw(st.dictionaries(words, st.just(other), max_size=2))
            stages.append(Stage(title, "agent", {**others, draw(words): onward}))
    return Workflow(tuple(draw(st.permutations(stages))), titles[0])


@given(workflows())
def test_a_workflow_that_is_written_and_read_is_the_same(workflow: Workflow) -> None:
    assert load_workflow(dump_workflow(workflow)) == workflow
