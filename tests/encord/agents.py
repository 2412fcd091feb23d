"""Two describing agents and a judge for the platform's clients. Runs in an environment that has them, and not ours."""
# mypy: ignore-errors
# It is checked by running: the packages that it imports are those of another environment.

import os
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from encord.constants.enums import DataType
from encord.objects.ontology_labels_impl import LabelRowV2
from encord.orm.dataset import DataLinkDuplicatesBehavior
from encord.project import Project
from encord.storage import StorageItem
from encord.user_client import EncordUserClient
from encord.workflow.stages.agent import AgentStage
from encord_agents.core.data_model import Frame, LabelRowMetadataIncludeArgs
from encord_agents.core.ontology import OntologyDataModel
from encord_agents.tasks import Depends, Runner
from encord_agents.tasks.dependencies import dep_asset, dep_client, dep_single_frame, dep_storage_item
from openai import OpenAI

PROJECT = os.environ["PROJECT"]
MODEL = OpenAI(max_retries=0)
METADATA = LabelRowMetadataIncludeArgs(include_client_metadata=True)

runner = Runner(project_hash=PROJECT)
judged = [one for one in runner.project.ontology_structure.classifications if "LLM" in one.title]
answers = OntologyDataModel(judged)


def ask(frame: Frame, text: str, **more: Any) -> str:
    picture = frame.b64_encoding(output_format="openai")
    messages = [{"role": "user", "content": [{"type": "text", "text": text}, picture]}]
    reply = MODEL.chat.completions.create(model="scripted", messages=messages, **more)
    content = reply.choices[0].message.content
    assert content
    return content


def dep_own_dataset(client: Annotated[EncordUserClient, Depends(dep_client)], project: Project) -> Any:
    (first, *_) = project.list_datasets()
    return client.get_dataset(first.dataset_hash)


def put(item: StorageItem, dataset: Any, name: str, text: str, metadata: dict[str, str]) -> str:
    """Upload a text beside an image and link it; the data hash of its row."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "text.txt"
        file.write_text(text)
        uploaded = item.parent_folder().upload_text(file_path=str(file), title=name, client_metadata=metadata)
    (row,) = dataset.link_items([uploaded], DataLinkDuplicatesBehavior.DUPLICATE)
    return row.uid


def pass_on(project: Project, data: str, stage: str, pathway: str) -> None:
    here = project.workflow.get_stage(name=stage, type_=AgentStage)
    (task,) = here.get_tasks(data_hash=[data])
    task.proceed(pathway)


def describe(row: LabelRowV2, item: StorageItem, project: Project, dataset: Any, kind: str) -> str:
    text = ask(Frame(frame=0, content=dep_single_frame(row)), f"What is to be seen? ({kind})")
    tag = str(uuid.uuid4()) if kind == "Text_8B" else item.client_metadata["Tag"]
    if kind == "Text_8B":
        item.update(client_metadata={"Tag": tag, "Data Type": "Image"})
    data = put(item, dataset, f"{kind} of {row.data_hash}", text, {"Data Type": kind, "Tag": tag})
    (opened,) = project.list_label_rows_v2(data_hashes=[data])
    opened.initialise_labels()
    return data


@runner.stage(stage="LLM1", label_row_metadata_include_args=METADATA)
def first(
    row: LabelRowV2,
    item: Annotated[StorageItem, Depends(dep_storage_item)],
    project: Project,
    dataset: Annotated[Any, Depends(dep_own_dataset)],
) -> str:
    if row.data_type == DataType.IMAGE:
        data = describe(row, item, project, dataset, "Text_8B")
        pass_on(project, data, "LLM1", "First caption")
    return "First caption"


@runner.stage(stage="LLM2", label_row_metadata_include_args=METADATA)
def second(
    row: LabelRowV2,
    item: Annotated[StorageItem, Depends(dep_storage_item)],
    project: Project,
    dataset: Annotated[Any, Depends(dep_own_dataset)],
) -> str:
    if row.data_type == DataType.IMAGE:
        data = describe(row, item, project, dataset, "Text_16B")
        pass_on(project, data, "LLM1", "First caption")
        pass_on(project, data, "LLM2", "Second caption")
    return "Second caption"


@contextmanager
def downloaded(row: LabelRowV2) -> Iterator[str]:
    with contextmanager(dep_asset)(row) as file:
        yield file.read_text()


def dep_texts(row: LabelRowV2, project: Project) -> dict[str, str] | None:
    """The texts of an image's group, found by what the server keeps and not by what this process remembers."""
    if row.data_type != DataType.IMAGE:
        return None
    found: dict[str, str] = {}
    for other in project.list_label_rows_v2(include_client_metadata=True):
        if other.data_type != DataType.IMAGE and other.client_metadata["Tag"] == row.client_metadata["Tag"]:
            with downloaded(other) as text:
                found[other.client_metadata["Data Type"]] = text
    return found


@runner.stage(stage="LLM as Judge", label_row_metadata_include_args=METADATA)
def judge(row: LabelRowV2, texts: Annotated[dict[str, str] | None, Depends(dep_texts)]) -> str:
    if texts is not None:
        form = {"name": "answers", "schema": answers.model_json_schema}
        frame = Frame(frame=0, content=dep_single_frame(row))
        question = f"Judge these: {texts['Text_8B']} --- {texts['Text_16B']}"
        reply = ask(frame, question, response_format={"type": "json_schema", "json_schema": form})
        for instance in answers(reply):
            instance.set_for_frames()
            # Saved before the judge was killed, perhaps: what is there is judged anew.
            row.add_classification_instance(instance, force=True)
        row.save()
    return "LLM Ruling"


if __name__ == "__main__":
    runner(task_batch_size=int(os.environ.get("BATCH", "300")))
    sys.exit(0)
