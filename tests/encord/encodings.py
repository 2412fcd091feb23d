"""Saves label rows of every kind of answer, or reads what another generation of clients saved. `encodings.py STEP …`"""
# mypy: ignore-errors
# It is checked by running: the packages that it imports are those of another environment.

import json
import os
import sys

from encord.objects import ChecklistAttribute, Classification, OntologyStructure, RadioAttribute, TextAttribute
from encord.orm.dataset import StorageLocation
from encord.user_client import EncordUserClient
from encord.workflow.stages.agent import AgentStage

client = EncordUserClient.create_with_ssh_private_key(
    ssh_private_key_path=os.environ["ENCORD_SSH_KEY_FILE"], domain=os.environ["ENCORD_DOMAIN"]
)


def make() -> str:
    """A project over the images of the one that is served, whose ontology has all kinds of questions, nested too."""
    structure = OntologyStructure()
    good = structure.add_classification().add_attribute(RadioAttribute, "Good")
    yes = good.add_option("Yes")
    yes.add_nested_attribute(TextAttribute, "Why")
    yes.add_nested_attribute(RadioAttribute, "How good").add_option("Very")
    good.add_option("No")
    seen = structure.add_classification().add_attribute(ChecklistAttribute, "Seen")
    seen.add_option("Cup")
    seen.add_option("Table")
    structure.add_classification().add_attribute(TextAttribute, "Words")
    ontology = client.create_ontology("All kinds", structure=structure)
    dataset = client.create_dataset("Images", StorageLocation.CORD_STORAGE, create_backing_folder=False)
    items = [each.backing_item_uuid for each in client.get_project(os.environ["PROJECT"]).list_label_rows_v2()]
    client.get_dataset(dataset.dataset_hash).link_items(items)
    return client.create_project(
        "All kinds", [dataset.dataset_hash], ontology_hash=ontology.ontology_hash,
        workflow_template_hash=os.environ["TEMPLATE"],
    )  # fmt: skip


def opened(project):
    rows = sorted(project.list_label_rows_v2(), key=lambda row: row.data_title)
    for row in rows:
        row.initialise_labels()
    return rows


def save(project, row, words: str) -> None:
    """Answer all questions, in place of what was answered before."""
    for each in row.get_classification_instances():
        row.remove_classification(each)
    structure = project.ontology_structure
    find = lambda title: structure.get_child_by_title(title, type_=Classification)  # noqa: E731
    good, seen, text = find("Good").create_instance(), find("Seen").create_instance(), find("Words").create_instance()
    yes = find("Good").get_child_by_title("Yes")
    good.set_answer(yes)
    good.set_answer(words + " why", attribute=yes.get_child_by_title("Why", type_=TextAttribute))
    how = yes.get_child_by_title("How good", type_=RadioAttribute)
    good.set_answer(how.get_child_by_title("Very"), attribute=how)
    seen.set_answer([find("Seen").get_child_by_title(each) for each in ("Cup", "Table")])
    text.set_answer(words)
    for each in (good, seen, text):
        each.set_for_frames(confidence=0.5, manual_annotation=False)
        row.add_classification_instance(each)
    row.save()


def read(project, row):
    """What is answered, and how: by title, and with what is nested."""
    found = {}
    for each in row.get_classification_instances():
        answers = each.get_all_static_answers()
        (frame,) = each.get_annotations()
        told = [(one.ontology_attribute.title, _plain(one)) for one in answers if one.is_answered()]
        found[each.classification_name] = [sorted(told), frame.confidence, frame.manual_annotation, frame.created_by]
    return found


def _plain(answer):
    value = answer.get()
    if isinstance(value, str):
        return value
    return sorted(one.title for one in value) if isinstance(value, (list, tuple, set)) else value.title


step, project_hash, *rest = [*sys.argv[1:], ""]
if step == "make":
    project_hash = make()
    sys.stdout.write("\n" + json.dumps(project_hash) + "\n")
else:
    project = client.get_project(project_hash)
    rows = opened(project)
    saw = [read(project, row) for row in rows]
    for each in filter(None, rest):
        number, _, words = each.partition("=")
        save(project, rows[int(number)], words)
    assert project.workflow.get_stage(name="LLM1", type_=AgentStage)
    sys.stdout.write("\n" + json.dumps(saw) + "\n")
