"""What a person's program does about images at their review: assign, answer, approve, reject, export."""
# mypy: ignore-errors
# It is checked by running: the packages that it imports are those of another environment.

import os

from encord.http.bundle import Bundle
from encord.objects import Classification
from encord.user_client import EncordUserClient
from encord.workflow.stages.final import FinalStage
from encord.workflow.stages.review import ReviewStage
from recorder import PROJECT, proof, world


def waiting(project):
    here = project.workflow.get_stage(name="Human Review", type_=ReviewStage)
    return sorted((each for each in here.get_tasks() if each.data_title.endswith(".png")), key=lambda t: t.data_title)


@proof
def a_review_task_is_assigned_and_released():
    project = world.old
    task = waiting(project)[0]
    here = project.workflow.get_stage(name="Human Review", type_=ReviewStage)
    task.assign("somebody@example.com")
    (mine,) = here.get_tasks(assignee="somebody@example.com")
    assert (mine.data_hash, mine.assignee) == (task.data_hash, "somebody@example.com")
    task.release()
    assert list(here.get_tasks(assignee="somebody@example.com")) == []


@proof
def single_labels_are_approved_rejected_and_reopened():
    task = waiting(world.old)[-1]

    def statuses():
        return sorted(each.status.value for each in task.get_label_reviews())

    assert statuses() == ["NEW"] * 3
    first, second, third = task.get_label_reviews()
    assert {each.label_type for each in (first, second, third)} == {"Classification"}
    with Bundle() as bundle:
        first.approve(bundle=bundle)
        second.approve(bundle=bundle)
    third.reject(comment="look again", issue_tags=["doubt"])
    assert statuses() == ["APPROVED", "APPROVED", "REJECTED"]
    (comment,) = [each for each in task.issues.list() if each.comments[0].content == "look again"]
    assert comment.annotation_id == third.label_id
    third.reopen()
    assert statuses() == ["APPROVED", "APPROVED", "REOPENED"]


@proof
def people_answer_approve_and_reject_with_a_key_of_their_own():
    """The first is chosen between and approved, the last is rejected; the others are left for the page."""
    ann = EncordUserClient.create_with_ssh_private_key(
        ssh_private_key_path=os.environ["REVIEWER_KEY_FILE"], domain=os.environ["ENCORD_DOMAIN"]
    )
    project = ann.get_project(PROJECT)
    first, *_, last = waiting(project)
    (row,) = project.list_label_rows_v2(data_hashes=[first.data_hash])
    row.initialise_labels()
    final = project.ontology_structure.get_child_by_title("Final Choice", type_=Classification)
    choice = final.create_instance()
    choice.set_answer(final.get_child_by_title("LLM-16B"))
    choice.set_for_frames()
    row.add_classification_instance(choice)
    row.save()
    first.approve()
    last.reject()
    ends = [project.workflow.get_stage(name=each, type_=FinalStage) for each in ("Complete", "Archive")]
    assert [[each.data_title for each in end.get_tasks()] for end in ends] == [[first.data_title], [last.data_title]]


@proof
def every_judged_image_is_exported_with_its_answers():
    project = world.old
    rows = sorted(
        (each for each in project.list_label_rows_v2() if each.data_title.endswith(".png")), key=lambda r: r.data_title
    )
    with Bundle() as bundle:
        for each in rows:
            each.initialise_labels(bundle=bundle)
    counts = [len(each.get_classification_instances()) for each in rows]
    assert counts == [4, *[3] * (len(rows) - 1)]
    titles = {each.classification_name for each in rows[0].get_classification_instances()}
    assert titles == {"Final Choice", "LLM 8B", "LLM 16B", "LLM Judge Choice"}
    if hasattr(project, "get_label_classifications"):
        found = list(project.get_label_classifications([each.label_hash for each in rows]))
        assert [len(each.classification_answers) for each in found] == counts
