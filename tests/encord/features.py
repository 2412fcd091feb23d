"""What the platform's clients can do besides the notebook's steps. Runs in their environment, after `agents.py`."""
# mypy: ignore-errors
# It is checked by running: the packages that it imports are those of another environment.

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

from encord.http.bundle import Bundle
from encord.objects import Classification, OntologyStructure, RadioAttribute
from encord.objects.ontology_labels_impl import LabelRowV2
from encord.orm.dataset import DataLinkDuplicatesBehavior, StorageLocation
from encord.storage import StorageItem
from encord.user_client import EncordUserClient
from encord.workflow.stages.agent import AgentStage, AgentTask
from encord.workflow.stages.final import FinalStage
from encord.workflow.stages.review import ReviewStage
from encord_agents.core.data_model import LabelRowMetadataIncludeArgs
from encord_agents.tasks import Depends, QueueRunner, Runner
from encord_agents.tasks.dependencies import dep_asset, dep_storage_item, dep_twin_label_row
from encord_agents.tasks.models import TaskCompletionResult

NOTEBOOK = os.environ["TEMPLATE"]
client = EncordUserClient.create_with_ssh_private_key(
    ssh_private_key_path=os.environ["ENCORD_SSH_KEY_FILE"], domain=os.environ["ENCORD_DOMAIN"]
)
old = client.get_project(os.environ["PROJECT"])


def folders_and_files() -> tuple[Any, list[StorageItem]]:
    folder = client.create_storage_folder("Pictures", "some", client_metadata={"of": "us"})
    inner = client.create_storage_folder("Inner", parent_folder=folder)
    assert [each.uuid for each in folder.list_subfolders()] == [inner.uuid]
    assert inner.parent_uuid == folder.uuid
    with tempfile.TemporaryDirectory() as place:
        uploaded = []
        for number in range(3):
            file = Path(place) / f"{number}.png"
            file.write_bytes(picture(number))
            uploaded.append(folder.upload_image(file_path=str(file), title=f"picture {number}"))
    items = client.get_storage_items(uploaded, sign_url=True)
    assert [each.name for each in items] == [f"picture {number}" for number in range(3)]
    assert [each.uuid for each in folder.list_items()] == uploaded
    with Bundle() as bundle:
        for number, each in enumerate(items):
            each.update(client_metadata={"number": number}, bundle=bundle)
    items[0].update(client_metadata={"more": "words"}, name="first")
    first = client.get_storage_item(uploaded[0])
    assert first.name == "first"
    assert first.client_metadata["number"] == 0
    assert first.client_metadata["more"] == "words"
    return folder, items


def picture(number: int) -> bytes:
    import cv2
    import numpy

    image = numpy.full((8, 8, 3), number * 20, numpy.uint8)
    return bytes(cv2.imencode(".png", image)[1])


def a_project_of_ones_own(items: list[StorageItem]) -> Any:
    structure = OntologyStructure()
    colour = structure.add_classification().add_attribute(RadioAttribute, "Colour")
    colour.add_option("Dark")
    colour.add_option("Light")
    ontology = client.create_ontology("Colours", structure=structure)
    ontology.title = "Colours of pictures"
    ontology.save()
    assert client.get_ontology(ontology.ontology_hash).title == "Colours of pictures"
    made = client.create_dataset("Pictures", StorageLocation.CORD_STORAGE, create_backing_folder=False)
    dataset = client.get_dataset(made.dataset_hash)
    linked = dataset.link_items([each.uuid for each in items[:2]])
    assert len(linked) == 2
    assert dataset.link_items([items[0].uuid], DataLinkDuplicatesBehavior.SKIP) == []
    project_hash = client.create_project(
        "Second", [made.dataset_hash], ontology_hash=ontology.ontology_hash, workflow_template_hash=NOTEBOOK
    )
    project = client.get_project(project_hash)
    assert project_hash in {each.project_hash for each in client.list_projects()}
    assert len(list(project.workflow.get_stage(name="LLM1", type_=AgentStage).get_tasks())) == 2
    dataset.link_items([items[2].uuid])
    assert len(list(project.workflow.get_stage(name="LLM1", type_=AgentStage).get_tasks())) == 3
    return project


def priorities_and_moves(project: Any) -> None:
    first, second, third = project.list_label_rows_v2()
    with Bundle() as bundle:
        third.set_priority(0.9, bundle=bundle)
        first.set_priority(0.1, bundle=bundle)
    stage = project.workflow.get_stage(name="LLM1", type_=AgentStage)
    ordered = [str(each.data_hash) for each in stage.get_tasks()]
    assert ordered == [third.data_hash, second.data_hash, first.data_hash]
    target = project.workflow.get_stage(name="LLM2", type_=AgentStage)
    task = next(iter(stage.get_tasks()))
    task.move(destination_stage_uuid=target.uuid)
    assert [str(each.data_hash) for each in target.get_tasks()] == [third.data_hash]
    next(iter(target.get_tasks())).move(destination_stage_uuid=stage.uuid)


def comments(project: Any) -> None:
    stage = project.workflow.get_stage(name="LLM1", type_=AgentStage)
    task = next(iter(stage.get_tasks()))
    task.issues.add_file_issue("too dark", ["dark"])
    task.issues.add_frame_issue(0, "here", [])
    assert [each.comments[0].content for each in task.issues.list()] == ["too dark", "here"]


def branches(project: Any) -> None:
    (row,) = project.list_label_rows_v2(data_hashes=[project.list_label_rows_v2()[0].data_hash])
    (other,) = project.list_label_rows_v2(data_hashes=[row.data_hash], branch_name="second-look")
    other.initialise_labels()
    answer(project, other, "Dark")
    other.save()
    row.initialise_labels()
    assert row.get_classification_instances() == []
    names = {each.branch_name for each in project.list_label_rows_v2(include_all_label_branches=True)}
    assert names == {"main", "second-look"}


def answer(project: Any, row: LabelRowV2, title: str) -> None:
    colour = project.ontology_structure.get_child_by_title("Colour", type_=Classification)
    instance = colour.create_instance()
    instance.set_answer(colour.get_child_by_title(title))
    instance.set_for_frames()
    row.add_classification_instance(instance)


def few_tasks_at_a_time(project: Any) -> None:
    runner = Runner(project_hash=project.project_hash)
    seen: list[str] = []

    @runner.stage("LLM1", label_row_metadata_include_args=LabelRowMetadataIncludeArgs(include_client_metadata=True))
    def look(
        row: LabelRowV2,
        item: Annotated[StorageItem, Depends(dep_storage_item)],
        asset: Annotated[Path, Depends(dep_asset)],
    ) -> str:
        assert asset.stat().st_size
        answer(project, row, "Light")
        row.save()
        seen.append(item.name)
        return "First caption"

    runner(max_tasks_per_stage=2, task_batch_size=1)
    assert len(seen) == 2


def a_queue(project: Any) -> None:
    runner = QueueRunner(project_hash=project.project_hash)

    @runner.stage("LLM2")
    def pass_(task: AgentTask) -> str:
        assert task.data_title
        return "Second caption"

    for stage in runner.get_agent_stages():
        for task in stage.get_tasks():
            result = TaskCompletionResult.model_validate_json(pass_(task.model_dump_json()))
            assert result.success, result
    assert len(list(project.workflow.get_stage(name="LLM as Judge", type_=AgentStage).get_tasks())) == 2


def twins(project: Any) -> None:
    runner = Runner(project_hash=project.project_hash)

    @runner.stage("LLM as Judge")
    def compare(twin: Annotated[Any, Depends(dep_twin_label_row(str(project.project_hash)))]) -> str:
        assert twin.label_row.is_labelling_initialised
        return "LLM Ruling"

    runner()


def review() -> None:
    stage = old.workflow.get_stage(name="Human Review", type_=ReviewStage)
    task = min(
        (each for each in stage.get_tasks() if each.data_title.endswith(".png")), key=lambda each: each.data_title
    )
    task.assign("somebody@example.com")
    assigned = next(each for each in stage.get_tasks(data_hash=task.data_hash))
    assert assigned.data_hash == task.data_hash
    task.release()
    task.approve()
    done = old.workflow.get_stage(name="Complete", type_=FinalStage)
    assert [each.data_hash for each in done.get_tasks()] == [task.data_hash]


def export() -> None:
    rows = [each for each in old.list_label_rows_v2() if each.data_title.endswith(".png")]
    with Bundle() as bundle:
        for each in rows:
            each.initialise_labels(bundle=bundle)
    assert [len(each.get_classification_instances()) for each in rows] == [3] * len(rows)
    if hasattr(old, "get_label_classifications"):
        found = list(old.get_label_classifications([each.label_hash for each in rows]))
        assert [len(each.classification_answers) for each in found] == [3] * len(rows)


def tokens() -> None:
    token = client.get_bearer_token()
    other = EncordUserClient.create_with_bearer_token(token, domain=os.environ["ENCORD_DOMAIN"])
    assert other.get_project(os.environ["PROJECT"]).title == old.title


def editor_agent() -> None:
    """Only where the newer packages are: the older ones come without FastAPI."""
    from encord_agents import FrameData
    from encord_agents.fastapi import dep_label_row
    from encord_agents.fastapi.cors import get_encord_app
    from encord_agents.fastapi.dependencies import dep_single_frame
    from encord_agents.fastapi.utils import verify_auth
    from fastapi import Depends as Needs
    from fastapi.testclient import TestClient

    verify_auth()
    app = get_encord_app(custom_cors_regex="http://127.0.0.1.*")

    @app.post("/look")
    def look(
        frame_data: FrameData,
        row: Annotated[LabelRowV2, Needs(dep_label_row)],
        frame: Annotated[Any, Needs(dep_single_frame)],
    ) -> dict[str, Any]:
        return {"title": row.data_title, "shape": list(frame.shape), "frame": frame_data.frame}

    row = next(each for each in old.list_label_rows_v2() if each.data_title.endswith(".png"))
    payload = {"projectHash": str(old.project_hash), "dataHash": row.data_hash, "frame": 0}
    answered = TestClient(app).post("/look", json=payload)
    assert answered.status_code == 200, answered.text
    assert answered.json() == {"title": row.data_title, "shape": [30, 40, 3], "frame": 0}


folder_, items_ = folders_and_files()
second = a_project_of_ones_own(items_)
priorities_and_moves(second)
comments(second)
branches(second)
few_tasks_at_a_time(second)
a_queue(second)
twins(second)
review()
export()
tokens()
if "newest" in sys.argv:
    editor_agent()
sys.stdout.write(json.dumps("all done") + "\n")
