"""What `encord_agents` offers besides the notebook's steps: options of runners, queues, all that can be injected."""
# mypy: ignore-errors
# It is checked by running: the packages that it imports are those of another environment.

import base64
import sys
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy
from encord.objects.ontology_labels_impl import LabelRowV2
from encord.orm.dataset import DataLinkDuplicatesBehavior
from encord.project import Project
from encord.storage import StorageItem
from encord.user_client import EncordUserClient
from encord.workflow.stages.agent import AgentStage, AgentTask
from encord_agents.core.data_model import Frame, LabelRowInitialiseLabelsArgs, LabelRowMetadataIncludeArgs
from encord_agents.exceptions import PrintableError
from encord_agents.tasks import Depends, QueueRunner, Runner
from encord_agents.tasks.dependencies import (
    dep_asset,
    dep_client,
    dep_data_lookup,
    dep_single_frame,
    dep_storage_item,
    dep_twin_label_row,
)
from encord_agents.tasks.models import TaskCompletionResult
from recorder import only_newest, proof, raises, world
from resources import NOTEBOOK, answer, at, stage

METADATA = LabelRowMetadataIncludeArgs(include_client_metadata=True)
MANY = 620
"""More than two pages of tasks."""


def place(project, name: str, *there: str) -> None:
    """Bring all tasks of a project to a stage, or as many as are named."""
    for each in ("LLM1", "LLM2", "LLM as Judge"):
        for task in list(stage(project, each).get_tasks()):
            wanted = name if not there or str(task.data_hash) in there else "LLM as Judge"
            if each != wanted:
                task.move(destination_stage_uuid=stage(project, wanted).uuid)


def hashes() -> list[str]:
    return [each.data_hash for each in world.second.list_label_rows_v2()]


@proof
def a_run_takes_as_many_tasks_as_it_is_told_to():
    place(world.second, "LLM1")
    runner, seen = Runner(project_hash=world.second.project_hash), []

    @runner.stage("LLM1", label_row_metadata_include_args=METADATA)
    def look(task: AgentTask) -> str:
        seen.append(task.data_title)
        return "First caption"

    runner(max_tasks_per_stage=2, task_batch_size=1)
    assert (len(seen), len(at(world.second, "LLM2"))) == (2, 2)


@proof
def no_task_is_missed_or_seen_twice_though_each_page_is_moved_on_before_the_next_is_asked_for():
    project = world.second
    place(project, "LLM as Judge")
    linked = world.dataset.link_items([world.items[0]] * MANY, DataLinkDuplicatesBehavior.DUPLICATE)
    runner, seen = Runner(project_hash=project.project_hash), []

    @runner.stage("LLM1")
    def look(task: AgentTask) -> str:
        seen.append(str(task.data_hash))
        return "First caption"

    runner(task_batch_size=250)
    assert sorted(seen) == sorted(each.uid for each in linked)
    assert at(project, "LLM1") == []
    assert len(at(project, "LLM2")) == MANY
    world.first_rows = [each for each in hashes() if each not in set(seen)]
    # They were made for this alone: out of the way of what follows.
    there = project.workflow.get_stage(name="Complete").uuid
    with project.create_bundle() as bundle:
        for task in stage(project, "LLM2").get_tasks():
            task.move(destination_stage_uuid=there, bundle=bundle)


@proof
def what_fails_is_tried_again_and_stays_where_it_is_when_it_fails_for_good():
    project, (bad, good, *_) = world.second, world.first_rows
    place(project, "LLM1", bad, good)
    runner, tries = Runner(project_hash=project.project_hash), []

    @runner.stage("LLM1")
    def look(task: AgentTask) -> str:
        tries.append(str(task.data_hash))
        if str(task.data_hash) == bad or tries.count(good) < 3:
            raise ValueError("no")
        return "First caption"

    runner(num_retries=2)
    assert (tries.count(bad), tries.count(good)) == (3, 3)
    assert (at(project, "LLM1"), at(project, "LLM2")) == ([bad], [good])


@proof
def a_pathway_is_named_by_its_title_or_its_id_or_not_at_all():
    project, (first, second, *_) = world.second, world.first_rows
    place(project, "LLM1", first, second)
    runner = Runner(project_hash=project.project_hash)
    (pathway,) = stage(project, "LLM1").pathways

    @runner.stage(stage(project, "LLM1").uuid)
    def look(task: AgentTask) -> Any:
        return pathway.uuid if str(task.data_hash) == first else None

    runner()
    assert (at(project, "LLM1"), at(project, "LLM2")) == ([second], [first])

    @runner.stage("LLM2")
    def lose() -> str:
        return "No such pathway"

    raises(PrintableError, runner, "No such pathway")
    assert at(project, "LLM2") == [first]


@proof
def a_stage_is_defined_once_or_overwritten_and_what_is_no_stage_is_refused():
    place(world.second, "LLM1", world.first_rows[0])
    called, before = [], []
    runner = Runner(project_hash=world.second.project_hash, pre_execution_callback=before.append)

    @runner.stage("LLM1")
    def earlier() -> None:
        called.append("earlier")

    raises(PrintableError, lambda: runner.stage("LLM1"))

    @runner.stage("LLM1", overwrite=True)
    def later() -> None:
        called.append("later")

    runner()
    assert (called, before) == (["later"], [runner])
    raises(PrintableError, lambda: runner.stage("No such stage"), "LLM1", "LLM2", "LLM as Judge")


@proof
def a_runner_that_polls_sees_what_came_meanwhile():
    project, (first, second, *_) = world.second, world.first_rows
    place(project, "LLM1", first)
    runner, seen = Runner(project_hash=project.project_hash), []

    @runner.stage("LLM1")
    def look(task: AgentTask) -> str:
        seen.append(str(task.data_hash))
        if len(seen) == 2:
            raise KeyboardInterrupt
        (other,) = stage(project, "LLM as Judge").get_tasks(data_hash=second)
        other.move(destination_stage_uuid=stage(project, "LLM1").uuid)
        return "First caption"

    raises(KeyboardInterrupt, lambda: runner(refresh_every=1))
    assert seen == [first, second]


@proof
def a_script_becomes_a_command_with_the_same_options():
    project, (first, second, *_) = world.second, world.first_rows
    place(project, "LLM1", first, second)
    runner, seen, given = Runner(), [], sys.argv

    @runner.stage("LLM1")
    def look(task: AgentTask) -> None:
        seen.append(task.data_hash)

    sys.argv = ["agents.py", "--max-tasks-per-stage", "1", "--project-hash", str(project.project_hash)]
    try:
        raises(SystemExit, runner.run)
    finally:
        sys.argv = given
    assert len(seen) == 1


def twice(task: AgentTask) -> str:
    return str(task.data_hash) * 2


def four_times(text: Annotated[str, Depends(twice)]) -> str:
    return text * 2


@proof
def all_that_images_need_is_injected():
    project, (first, *_) = world.second, world.first_rows
    place(project, "LLM1", first)
    runner, seen = Runner(project_hash=project.project_hash), []
    include = LabelRowInitialiseLabelsArgs(include_signed_url=True)

    @runner.stage("LLM1", label_row_metadata_include_args=METADATA, label_row_initialise_labels_args=include)
    def look(
        task: AgentTask,
        here: AgentStage,
        opened: Project,
        row: LabelRowV2,
        asset: Annotated[Path, Depends(dep_asset)],
        frame: Annotated[Any, Depends(dep_single_frame)],
        item: Annotated[StorageItem, Depends(dep_storage_item)],
        user: Annotated[EncordUserClient, Depends(dep_client)],
        lookup: Annotated[Any, Depends(dep_data_lookup)],
        nested: Annotated[str, Depends(four_times)],
    ) -> str:
        seen.append(asset)
        assert cv2.imread(str(asset)).shape == frame.shape == (row.height, row.width, 3) == (8, 8, 3)
        assert user.get_storage_item(row.backing_item_uuid).uuid == item.uuid
        assert lookup.get_storage_item(task.data_hash, row.dataset_hash).uuid == item.uuid
        assert [each.uid for each in lookup.data_rows.values()].count(first) == 1
        assert (here.title, opened.title, nested) == ("LLM1", "Second", first * 4)
        assert (item.client_metadata, row.client_metadata) == (row.client_metadata, item.client_metadata)
        assert row.is_labelling_initialised
        return "First caption"

    runner(num_retries=0)
    assert at(project, "LLM2") == [first]
    assert not seen[0].exists()


@proof
def the_twin_of_a_label_row_is_that_of_the_same_data_and_its_task():
    project, (first, *_) = world.second, world.first_rows
    place(project, "LLM1", first)
    twin_hash = client_project(world.ontology.ontology_hash)
    runner, seen = Runner(project_hash=project.project_hash), []

    @runner.stage("LLM1")
    def compare(
        row: LabelRowV2, twin: Annotated[Any, Depends(dep_twin_label_row(twin_hash, include_task=True))]
    ) -> None:
        assert twin.label_row.data_hash == row.data_hash
        assert twin.label_row.label_hash != row.label_hash
        assert twin.label_row.is_labelling_initialised
        seen.append(str(twin.task.data_hash))

    runner(num_retries=0)
    assert seen == [first]


def client_project(ontology: str) -> str:
    """Another project of the same data."""
    return world.client.create_project(
        "Third", [world.dataset.dataset_hash], ontology_hash=ontology, workflow_template_hash=NOTEBOOK
    )


@proof
def a_frame_is_written_as_models_read_it():
    picture = numpy.zeros((6, 4, 3), numpy.uint8)
    picture[..., 0] = 250
    frame = Frame(frame=0, content=picture)
    raw = base64.b64decode(frame.b64_encoding(image_format=".png", output_format="raw"))
    read = cv2.imdecode(numpy.frombuffer(raw, numpy.uint8), cv2.IMREAD_COLOR)
    assert read[0, 0].tolist() == [0, 0, 250]
    url = frame.b64_encoding(output_format="url")
    assert url.startswith("data:image/jpeg;base64,")
    assert frame.b64_encoding(output_format="openai") == {"type": "image_url", "image_url": {"url": url}}
    assert frame.b64_encoding(output_format="anthropic")["source"]["data"] == url.partition(",")[2]


@proof
def a_queue_of_task_specifications_is_worked_off():
    project, (first, second, third, *_) = world.second, world.first_rows
    place(project, "LLM1", first, second, third)
    runner = QueueRunner(project_hash=project.project_hash)

    @runner.stage("LLM1")
    def pass_(task: AgentTask, row: LabelRowV2) -> str:
        if str(task.data_hash) == second:
            raise ValueError("no")
        assert row.data_hash == str(task.data_hash)
        return "First caption"

    (here,) = runner.get_agent_stages()
    queue = {str(task.data_hash): task.model_dump_json() for task in here.get_tasks()}
    (pathway,) = stage(project, "LLM1").pathways
    # Somebody else was faster with the third.
    next(iter(here.get_tasks(data_hash=third))).proceed(pathway_name="First caption")
    done = {data: TaskCompletionResult.model_validate_json(pass_(spec)) for data, spec in queue.items()}
    assert (bool(done[first].success), done[first].pathway, done[first].stage_uuid) == (True, pathway.uuid, here.uuid)
    assert (bool(done[second].success), "ValueError" in done[second].error) == (False, True)
    assert not done[third].success
    assert at(project, "LLM1") == [second]


@only_newest
def several_tasks_of_a_queue_are_worked_off_at_once_and_a_stale_one_strands_no_other():
    project, (first, second, third, *_) = world.second, world.first_rows
    place(project, "LLM1", first, second, third)
    runner = QueueRunner(project_hash=project.project_hash)

    @runner.stage("LLM1")
    def pass_(row: LabelRowV2, item: StorageItem) -> str:
        if row.data_hash == first:
            # Somebody else is faster, while this agent works.
            next(iter(stage(project, "LLM1").get_tasks(data_hash=first))).proceed(pathway_name="First caption")
        assert row.backing_item_uuid == item.uuid
        return "First caption"

    (here,) = runner.get_agent_stages()
    tasks = {str(task.data_hash): task for task in here.get_tasks()}
    result = TaskCompletionResult.model_validate_json(pass_([each.model_dump_json() for each in tasks.values()]))
    assert {tasks[second].uuid, tasks[third].uuid} <= set(result.success)
    assert at(project, "LLM1") == []
    assert sorted(at(project, "LLM2")) == sorted([first, second, third])


@only_newest
def labels_and_priorities_of_a_batch_are_saved_together():
    from encord_agents.tasks.models import TaskAgentReturnStruct

    project, (first, second, *_) = world.second, world.first_rows
    place(project, "LLM1", first, second)
    runner = Runner(project_hash=project.project_hash, user_client=world.client)

    @runner.stage("LLM1")
    def label(row: LabelRowV2) -> TaskAgentReturnStruct:
        for each in row.get_classification_instances():
            row.remove_classification(each)
        answer(project, row, "Light")
        return TaskAgentReturnStruct("First caption", row, 0.8 if row.data_hash == second else 0.7)

    @runner.stage("LLM2", will_set_priority=True)
    def lower(task: AgentTask) -> TaskAgentReturnStruct:
        return TaskAgentReturnStruct(None, None, 0.2 if str(task.data_hash) == second else 0.3)

    runner.run_stage("LLM1")
    assert at(project, "LLM2") == [second, first]
    rows = project.list_label_rows_v2(data_hashes=[first, second])
    for row in rows:
        row.initialise_labels()
    said = [[each.get_answer().title for each in row.get_classification_instances()] for row in rows]
    assert said == [["Light"], ["Light"]]
    runner()
    assert at(project, "LLM2") == [first, second]


@only_newest
def one_stage_is_run_by_its_name_or_its_id_for_a_while():
    from encord_agents.tasks import SequentialRunner

    assert Runner is SequentialRunner or issubclass(Runner, SequentialRunner)
    project, (first, second, *_) = world.second, world.first_rows
    place(project, "LLM1", first, second)
    runner = SequentialRunner()

    @runner.stage(stage(project, "LLM1").uuid)
    def pass_(item: StorageItem) -> str:
        assert item.width == 8
        return "First caption"

    runner.run_stage(stage(project, "LLM1").uuid, project_hash=project.project_hash, max_tasks=1)
    assert len(at(project, "LLM1")) == 1
    raises(PrintableError, lambda: runner.run_stage("LLM2", project_hash=project.project_hash), "No agent")
    raises(PrintableError, lambda: runner.run_stage("Nowhere", project_hash=project.project_hash), "LLM as Judge")
