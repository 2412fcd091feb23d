"""What `encord` asks for besides the notebook's steps: storage, ontologies, datasets, projects, tasks, labels."""
# mypy: ignore-errors
# It is checked by running: the packages that it imports are those of another environment.

import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy
import requests
from encord.constants.enums import DataType
from encord.exceptions import (
    AuthorisationError,
    EncordException,
    InvalidArgumentsError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from encord.http.bundle import Bundle
from encord.objects import Classification, OntologyStructure, RadioAttribute
from encord.orm.dataset import DataLinkDuplicatesBehavior, StorageLocation
from encord.orm.label_row import AnnotationTaskStatus, LabelStatus
from encord.orm.storage import StorageItemType
from encord.user_client import EncordUserClient
from encord.workflow.stages.agent import AgentStage
from encord.workflow.stages.final import FinalStage
from encord.workflow.stages.review import ReviewStage, ReviewTaskStatus
from recorder import PROJECT, connect, listen, only_newest, proof, raises, world

NOTEBOOK = os.environ["TEMPLATE"]
NOWHERE = "01900000-0000-7000-8000-000000000000"
listen()
world.client = client = connect()
world.old = client.get_project(PROJECT)


def draw(folder, number):
    file = Path(folder) / f"{number}.png"
    file.write_bytes(bytes(cv2.imencode(".png", numpy.full((8, 8, 3), number * 20, numpy.uint8))[1]))
    return str(file)


def stage(project, name):
    return project.workflow.get_stage(name=name, type_=AgentStage)


def at(project, name):
    return [str(each.data_hash) for each in stage(project, name).get_tasks()]


def answer(project, row, title):
    colour = project.ontology_structure.get_child_by_title("Colour", type_=Classification)
    instance = colour.create_instance()
    instance.set_answer(colour.get_child_by_title(title))
    instance.set_for_frames()
    row.add_classification_instance(instance)


@proof
def folders_are_made_listed_searched_and_changed():
    world.folder = folder = client.create_storage_folder("Pictures", "some", client_metadata={"of": "us"})
    inner = folder.create_subfolder("Inner pictures")
    assert [each.uuid for each in folder.list_subfolders()] == [inner.uuid]
    assert [each.uuid for each in folder.find_subfolders(search="inner")] == [inner.uuid]
    top = {each.uuid for each in client.list_storage_folders()}
    assert folder.uuid in top
    assert inner.uuid not in top
    assert {each.uuid for each in client.find_storage_folders(search="ictures")} == {folder.uuid, inner.uuid}
    folder.update(description="many", client_metadata={"by": "hand"})
    again = client.get_storage_folder(folder.uuid)
    assert (again.name, again.description) == ("Pictures", "many")
    assert again.client_metadata == {"of": "us", "by": "hand"}
    assert [each.uuid for each in inner.path_to_root] == [inner.uuid, folder.uuid]


@proof
def images_and_texts_are_uploaded_listed_and_downloaded():
    with tempfile.TemporaryDirectory() as place:
        files = [draw(place, number) for number in range(3)]
        world.items = [world.folder.upload_image(file, title=f"picture {n}") for n, file in enumerate(files)]
        (Path(place) / "words.txt").write_text("Some words: ä.")
        world.text = world.folder.upload_text(str(Path(place) / "words.txt"), client_metadata={"a": [1]})
        listed = list(world.folder.list_items(get_signed_urls=True))
        assert [each.uuid for each in listed] == [*world.items, world.text]
        assert requests.get(listed[1].get_signed_url(), timeout=9).content == Path(files[1]).read_bytes()
    words = client.get_storage_item(world.text)
    assert (words.item_type, words.mime_type, words.client_metadata) == (
        StorageItemType.PLAIN_TEXT,
        "text/plain",
        {"a": [1]},
    )
    assert requests.get(words.get_signed_url(), timeout=9).text == "Some words: ä."
    assert [each.uuid for each in world.folder.find_items(item_types=[StorageItemType.PLAIN_TEXT])] == [world.text]
    assert [each.uuid for each in client.find_storage_items(search="picture 2")] == [world.items[2]]
    assert (listed[0].width, listed[0].height, listed[0].parent_folder().uuid) == (8, 8, world.folder.uuid)


@proof
def items_and_folders_are_searched_below_a_folder():
    inner = next(iter(world.folder.list_subfolders()))
    deep = inner.create_subfolder("Deep pictures")
    with tempfile.TemporaryDirectory() as place:
        item = deep.upload_image(draw(place, 5), title="deep")
    below = [each.name for each in world.folder.find_items(search="DEEP")]
    assert below == ["deep"]
    assert [each.uuid for each in world.folder.find_items(item_types=[StorageItemType.IMAGE])][-1] == item
    assert list(world.folder.list_items(search="deep")) == []
    assert {each.uuid for each in world.folder.find_subfolders()} == {inner.uuid, deep.uuid}
    assert [each.uuid for each in world.folder.list_items(is_in_dataset=True)] == []
    assert len(list(world.folder.list_items(page_size=2, is_in_dataset=False))) == 4


@proof
def items_and_folders_are_moved_and_summed_up():
    inner = next(iter(world.folder.list_subfolders()))
    (deep,) = inner.list_subfolders()
    summary = world.folder.get_summary()
    assert (summary.files, summary.images, summary.plain_texts, summary.folders) == (4, 3, 1, 1)
    words = client.get_storage_item(world.text)
    assert summary.total_size > words.file_size == 15
    words.move_to_folder(deep)
    assert words.parent_folder_uuid == deep.uuid
    (item,) = deep.list_items(search="deep")
    deep.move_items_to_folder(inner, [item, words.uuid])
    assert {each.uuid for each in inner.list_items()} == {item.uuid, words.uuid}
    deep.move_to_folder(world.folder)
    assert deep.parent.uuid == world.folder.uuid
    raises(InvalidArgumentsError, lambda: world.folder.move_to_folder(deep), "in itself")
    deep.move_to_folder(None)
    assert deep.parent is None
    words.refetch_data()
    words.move_to_folder(world.folder.uuid)
    own = next(iter(world.old.list_label_rows_v2())).backing_item_uuid
    image = client.get_storage_item(own)
    raises(AuthorisationError, lambda: image.move_to_folder(deep), "admin")
    (used,) = image.get_summary().accessible_datasets
    assert [str(each) for each in used.data_hashes] == [str(own)]
    assert words.get_summary().used_in_datasets == 0


@proof
def a_metadata_schema_is_kept():
    schema = client.metadata_schema()
    assert list(schema.keys()) == []
    schema.add_scalar("sku", data_type="string")
    schema.add_enum("colour", values=["dark", "light"])
    schema.add_embedding("looks", size=3)
    schema.add_geospatial("place")
    schema.save()
    schema = client.metadata_schema()
    schema.add_enum_options("colour", values=["grey"])
    schema.delete_key("place")
    schema.delete_key("looks", hard=True)
    schema.save()
    schema = client.metadata_schema()
    assert (schema.get_key_type("sku"), schema.get_enum_options("colour")) == ("varchar", ["dark", "grey", "light"])
    assert schema.is_key_deleted("looks")
    schema.restore_key("place")
    schema.save()
    assert client.metadata_schema().get_key_type("place") == "geospatial"
    older = {key: each.value for key, each in client.get_client_metadata_schema().items()}
    assert older == {"sku": "string", "colour": "enum", "place": "geospatial"}
    client.set_client_metadata_schema_from_dict({"sku": "number", "words": "long_string"})
    schema = client.metadata_schema()
    assert {key: schema.get_key_type(key) for key in ("sku", "words")} == {"sku": "number", "words": "text"}


@proof
def items_come_in_the_order_in_which_they_are_asked_for():
    first, second, third = world.items
    wanted = [third, first, third, second]
    assert [each.uuid for each in client.get_storage_items(wanted, sign_url=True)] == wanted
    raises(AuthorisationError, lambda: client.get_storage_items([first, NOWHERE]))


@proof
def metadata_is_merged_one_by_one_and_in_bundles():
    items = client.get_storage_items(world.items)
    with Bundle() as bundle:
        for number, each in enumerate(items):
            each.update(client_metadata={"number": number}, bundle=bundle)
    items[0].update(client_metadata={"more": "words"}, name="first")
    again = client.get_storage_items(world.items)
    assert [each.client_metadata["number"] for each in again] == [0, 1, 2]
    assert (again[0].name, again[0].client_metadata["more"]) == ("first", "words")


@proof
def ontologies_are_made_changed_and_found():
    structure = OntologyStructure()
    colour = structure.add_classification().add_attribute(RadioAttribute, "Colour")
    colour.add_option("Dark")
    colour.add_option("Light")
    world.ontology = ontology = client.create_ontology("Colours", structure=structure)
    ontology.title = "Colours of pictures"
    ontology.structure.add_classification().add_attribute(RadioAttribute, "Mood").add_option("Glad")
    ontology.save()
    again = client.get_ontology(ontology.ontology_hash)
    assert (again.title, len(again.structure.classifications)) == ("Colours of pictures", 2)
    assert ontology.ontology_hash in {each["ontology"].ontology_hash for each in client.get_ontologies()}


@proof
def datasets_are_made_listed_and_linked_to():
    made = client.create_dataset("Pictures, some", StorageLocation.CORD_STORAGE, create_backing_folder=False)
    world.dataset = dataset = client.get_dataset(made.dataset_hash)
    backed = client.create_dataset("Pictures, own folder", StorageLocation.CORD_STORAGE)
    assert client.get_dataset(backed.dataset_hash).backing_folder_uuid == backed.backing_folder_uuid
    found = {each["dataset"].dataset_hash for each in client.get_datasets(title_like="Pictures%")}
    assert found == {made.dataset_hash, backed.dataset_hash}
    first, second, third = world.items
    assert len(dataset.link_items([first, second])) == 2
    assert dataset.link_items([first], DataLinkDuplicatesBehavior.SKIP) == []
    raises(
        (ResourceExistsError, EncordException),
        lambda: dataset.link_items([first, third], DataLinkDuplicatesBehavior.FAIL),
    )
    dataset.refetch_data()
    assert [each.title for each in dataset.data_rows] == ["first", "picture 1"]
    assert [each.title for each in dataset.list_data_rows(title_like="pict%", data_types=[DataType.IMAGE])] == [
        "picture 1"
    ]


@proof
def a_file_is_uploaded_to_a_dataset():
    with tempfile.TemporaryDirectory() as place:
        uploaded = world.dataset.upload_image(draw(place, 7), title="seventh", folder=world.folder)
        raises(EncordException, lambda: world.dataset.upload_image(draw(place, 8)))
    (row,) = world.dataset.list_data_rows(title_eq="seventh")
    assert row.uid == uploaded["data_hash"]
    assert client.get_storage_item(row.backing_item_uuid).parent_folder_uuid == world.folder.uuid


@proof
def rows_of_a_dataset_are_changed_as_older_code_does_it():
    (row,) = world.dataset.list_data_rows(title_eq="seventh")
    assert [each.uid for each in world.dataset.list_data_rows(data_hashes=[row.uid], title_like="SEV%")] == [row.uid]
    rows = {each.uid: each for each in client.get_dataset(world.dataset.dataset_hash).data_rows}
    row = rows[row.uid]
    row.title = "the seventh"
    row.client_metadata = {"number": 7}
    row.save()
    row.refetch_data(signed_url=True, client_metadata=True)
    assert (row.title, row.client_metadata["number"]) == ("the seventh", 7)
    assert requests.get(row.signed_url, timeout=9).status_code == 200
    assert world.dataset.update_data_item(row.uid, "seventh")
    assert client.get_storage_item(row.backing_item_uuid).name == "seventh"


@proof
def a_project_of_ones_own_is_made_and_listed():
    project_hash = client.create_project(
        "Second", [world.dataset.dataset_hash], ontology_hash=world.ontology.ontology_hash,
        workflow_template_hash=NOTEBOOK,
    )  # fmt: skip
    world.second = project = client.get_project(project_hash)
    assert [str(each.project_hash) for each in client.list_projects(title_eq="Second")] == [project_hash]
    assert [each["project"]["title"] for each in client.get_projects(title_like="Sec%")] == ["Second"]
    soon = datetime.now(UTC) + timedelta(hours=1)
    assert client.get_projects(created_after=soon) == []
    assert list(client.list_projects(created_after=soon)) == []
    assert len(at(project, "LLM1")) == 3
    world.dataset.link_items([world.items[2]])
    assert len(at(project, "LLM1")) == 4
    more = client.create_dataset("One more", StorageLocation.CORD_STORAGE, create_backing_folder=False)
    client.get_dataset(more.dataset_hash).link_items([world.text])
    project.add_datasets([more.dataset_hash])
    assert len(at(project, "LLM1")) == 5
    project.remove_datasets([more.dataset_hash])
    assert len(at(project, "LLM1")) == 4
    project.refetch_data()
    assert [str(each.dataset_hash) for each in project.list_datasets()] == [world.dataset.dataset_hash]


@proof
def priorities_order_and_tasks_move():
    project = world.second
    rows = project.list_label_rows_v2()
    with Bundle() as bundle:
        rows[3].set_priority(0.9, bundle=bundle)
        rows[0].set_priority(0.1, bundle=bundle)
    order = [rows[each].data_hash for each in (3, 1, 2, 0)]
    assert at(project, "LLM1") == order
    there = stage(project, "LLM2")
    task = next(iter(stage(project, "LLM1").get_tasks()))
    task.move(destination_stage_uuid=there.uuid)
    assert at(project, "LLM2") == order[:1]
    next(iter(there.get_tasks())).move(destination_stage_uuid=stage(project, "LLM1").uuid)
    assert at(project, "LLM1") == order


@proof
def actions_that_are_sent_together_are_carried_out_together_or_not_at_all():
    project = world.second
    first, second, *_ = stage(project, "LLM1").get_tasks()
    second.move(destination_stage_uuid=stage(project, "LLM2").uuid)

    def both():
        with Bundle() as bundle:
            for each in (first, second):
                each.proceed(pathway_name="First caption", bundle=bundle)

    before = at(project, "LLM1")
    raises(InvalidArgumentsError, both, "nothing was done")
    assert at(project, "LLM1") == before
    raises(InvalidArgumentsError, lambda: first.proceed(pathway_name="No such"), "First caption")
    next(iter(stage(project, "LLM2").get_tasks())).move(destination_stage_uuid=stage(project, "LLM1").uuid)


@proof
def tasks_are_found_by_what_they_are_about():
    project = world.second
    here = stage(project, "LLM1")
    data = project.list_label_rows_v2(data_title_eq="picture 2")[0].data_hash
    assert [each.data_title for each in here.get_tasks(data_hash=data)] == ["picture 2"]
    assert [each.data_title for each in here.get_tasks(data_title="picture 1")] == ["picture 1"]
    assert len(list(here.get_tasks(dataset_hash=world.dataset.dataset_hash))) == 4
    assert list(here.get_tasks(data_hash=NOWHERE)) == []


@proof
def label_rows_are_found_by_how_far_they_are():
    project = world.second

    def titles(**wanted):
        return sorted(each.data_title for each in project.list_label_rows_v2(**wanted))

    every = ["first", "picture 1", "picture 2", "seventh"]
    assert titles() == titles(label_statuses=[AnnotationTaskStatus.QUEUED]) == every
    assert titles(label_statuses=[LabelStatus.NOT_LABELLED]) == every
    assert titles(data_title_like="PIC%1") == ["picture 1"]
    assert titles(data_title_like="picture") == []
    assert titles(workflow_graph_node_title_like="llm1") == every
    assert titles(label_statuses=[AnnotationTaskStatus.COMPLETED, AnnotationTaskStatus.IN_REVIEW]) == []
    first = next(iter(stage(project, "LLM1").get_tasks(data_title="FIRST")))
    first.move(destination_stage_uuid=project.workflow.get_stage(name="Human Review", type_=ReviewStage).uuid)
    review = project.workflow.get_stage(name="Human Review", type_=ReviewStage)
    (task,) = review.get_tasks()
    task.assign("ann@example.com")
    assert [each.data_title for each in review.get_tasks(assignee="ann@example.com")] == ["first"]
    assert list(review.get_tasks(assignee="ben@example.com")) == []
    assert [each.data_title for each in review.get_tasks(status=ReviewTaskStatus.ASSIGNED)] == ["first"]
    (row,) = project.list_label_rows_v2(label_statuses=[AnnotationTaskStatus.IN_REVIEW])
    assert (row.data_title, row.assigned_user_email) == ("first", "ann@example.com")
    assert titles(label_statuses=[AnnotationTaskStatus.QUEUED], data_title_like="%i%t%") == ["picture 1", "picture 2"]
    row.initialise_labels()
    row.workflow_reopen()
    assert list(review.get_tasks()) == []


@proof
def label_rows_are_completed_and_reopened():
    project = world.second
    row = project.list_label_rows_v2()[0]
    before = len(at(project, "LLM1"))
    row.initialise_labels()
    row.workflow_complete()
    done = project.workflow.get_stage(name="Complete", type_=FinalStage)
    assert [str(each.data_hash) for each in done.get_tasks()] == [row.data_hash]
    row.workflow_reopen()
    assert len(at(project, "LLM1")) == before


@proof
def comments_are_written_read_and_deleted():
    task = next(iter(stage(world.second, "LLM1").get_tasks()))
    task.issues.add_file_issue("too dark", ["dark"])
    task.issues.add_frame_issue(0, "here", [])
    task.issues.add_coordinate_issue(0, 0.25, 0.5, "this corner", [])
    found = list(task.issues.list())
    assert [each.comments[0].content for each in found] == ["too dark", "here", "this corner"]
    task.issues.delete([found[1]])
    assert [each.comments[0].content for each in task.issues.list()] == ["too dark", "this corner"]


@proof
def branches_hold_labels_of_their_own():
    project = world.second
    data = project.list_label_rows_v2()[0].data_hash
    (row,) = project.list_label_rows_v2(data_hashes=[data])
    (other,) = project.list_label_rows_v2(data_hashes=[data], branch_name="second-look")
    other.initialise_labels()
    answer(project, other, "Dark")
    other.save()
    row.initialise_labels()
    assert row.get_classification_instances() == []
    (again,) = project.list_label_rows_v2(data_hashes=[data], branch_name="second-look")
    again.initialise_labels()
    assert [each.get_answer().title for each in again.get_classification_instances()] == ["Dark"]
    names = sorted(each.branch_name for each in project.list_label_rows_v2(include_all_label_branches=True))
    assert names == ["main"] * 4 + ["second-look"]
    if hasattr(project, "list_branches"):
        assert [getattr(each, "name", each) for each in project.list_branches()] == ["main", "second-look"]


@proof
def labels_are_saved_in_bundles_and_read_back_in_the_order_asked_for():
    project = world.second
    rows = project.list_label_rows_v2()
    with Bundle() as bundle:
        for each in rows:
            each.initialise_labels(bundle=bundle)
    with Bundle() as bundle:
        for number, each in enumerate(rows):
            answer(project, each, ("Dark", "Light")[number % 2])
            each.save(bundle=bundle)
    again = project.list_label_rows_v2(label_hashes=[each.label_hash for each in rows])
    with Bundle() as bundle:
        for each in again:
            each.initialise_labels(bundle=bundle, include_signed_url=True)
    assert [each.get_classification_instances()[0].get_answer().title for each in again] == ["Dark", "Light"] * 2
    assert requests.get(again[0].data_link, timeout=9).status_code == 200
    wanted = [each.label_hash for each in rows][::-1]
    if hasattr(project, "get_label_classifications"):
        found = list(project.get_label_classifications(wanted))
        assert [str(each.label_uuid) for each in found] == wanted


@proof
def a_bearer_token_opens_what_the_key_does():
    other = EncordUserClient.create_with_bearer_token(client.get_bearer_token(), domain=os.environ["ENCORD_DOMAIN"])
    assert other.get_project(PROJECT).title == world.old.title
    assert len(other.get_project(PROJECT).list_label_rows_v2()) == len(world.old.list_label_rows_v2())


@proof
def what_is_not_there_or_not_taken_is_refused_in_words_the_client_knows():
    raises(AuthorisationError, lambda: client.get_project(NOWHERE))
    raises(AuthorisationError, lambda: client.get_dataset(NOWHERE))
    raises((AuthorisationError, ResourceNotFoundError), lambda: client.get_storage_folder(NOWHERE))
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "film.mp4").write_bytes(b"no film")
        raises(InvalidArgumentsError, lambda: world.folder.upload_video(str(Path(place) / "film.mp4")), "images")


@only_newest
def the_older_label_rows_are_listed_too():
    assert len(world.second.list_label_rows()) == len(world.second.list_label_rows_v2())
