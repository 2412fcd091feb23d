"""What reads each format in the world reads ours: datasets, Label Studio's SDK, pycocotools."""

import json
from pathlib import Path
from typing import Any

import pytest
from datasets import Features, load_dataset
from huggingface_hub import DatasetCard
from label_studio_sdk.label_interface import LabelInterface
from pycocotools.coco import COCO
from tests.training.conftest import PHOTOS, Export

from captionjudge.exchange.exports.columns import SHAPES, beside, features
from captionjudge.images import digest

DIGESTS = {photo.name: digest(photo.read_bytes()) for photo in PHOTOS}


@pytest.mark.parametrize("format", ["trl-dpo", "trl-kto", "trl-sft"])
def test_json_lines_have_the_types_that_the_card_declares(format: str, export: Export) -> None:
    folder = export(format)
    data = load_dataset(str(folder))
    declared = Features.from_dict({name: features(kind) for name, kind in beside(SHAPES[format]).items()})
    assert {name: part.features for name, part in data.items()} == dict.fromkeys(data, declared)
    written = [json.loads(line) for name in data for line in (folder / f"{name}.jsonl").read_text().splitlines()]
    assert [row for part in data.values() for row in part] == written


def test_json_lines_are_read_without_the_card_too(export: Export) -> None:
    file = export("trl-dpo", split="train=1") / "train.jsonl"
    rows = load_dataset("json", data_files=str(file), split="train")
    assert {"images", "prompt", "chosen", "rejected"} <= set(rows.column_names)
    assert len(rows) == len(file.read_text().splitlines())


@pytest.mark.parametrize(("images", "builder"), [("embed", "parquet"), ("path", "imagefolder")])
def test_parquet_is_read_with_its_pictures(images: str, builder: str, export: Export) -> None:
    folder = export("parquet", images=images)
    loaded = load_dataset(str(folder))
    by_name = load_dataset(builder, data_dir=str(folder))
    assert {name: len(part) for name, part in loaded.items()} == {name: len(part) for name, part in by_name.items()}
    for part in loaded.values():
        assert set(part.column_names) == set(SHAPES["flat"])
        for row in part:
            assert row["picture"].format == "JPEG"
            assert row["image_digest"] == DIGESTS[row["image_name"]]


def test_no_picture_is_in_two_splits(export: Export) -> None:
    data = load_dataset(str(export("parquet")))
    train, test = (set(data[name]["image_digest"]) for name in ("train", "test"))
    assert train
    assert test
    assert not train & test


def test_pictures_are_read_as_a_folder_of_images(export: Export) -> None:
    data = load_dataset("imagefolder", data_dir=str(export("coco") / "images"), split="train", drop_labels=True)
    assert 0 < len(data) <= len(PHOTOS)
    assert {row["image"].format for row in data} == {"JPEG"}


def test_csv_is_read_with_every_column(export: Export) -> None:
    rows = load_dataset(str(export("csv")), split="train")
    assert {"picture", "chosen", "rejected", "soft_label", "judge_votes_chosen"} <= set(rows.column_names)
    assert all(text[0] != "=" for text in rows["rejected"])


def test_the_card_is_one(export: Export) -> None:
    card = DatasetCard.load(export("trl-dpo") / "README.md", ignore_metadata_errors=False)
    assert card.data.license == "unknown"
    assert [each["split"] for each in card.data.configs[0]["data_files"]] == ["train", "test"]


def tasks(folder: Path) -> list[dict[str, Any]]:
    return [task for file in sorted(folder.glob("tasks_*.json")) for task in json.loads(file.read_text())]


def test_label_studio_takes_configuration_and_tasks(export: Export) -> None:
    folder = export("label-studio")
    interface = LabelInterface((folder / "config.xml").read_text())
    interface.validate()
    control = interface.get_control("preference")
    found = tasks(folder)
    assert len(found) == len(PHOTOS)
    for task in found:
        assert interface.load_task(task["data"]).is_valid
        assert interface.validate_task({"data": task["data"]})
        for result in (result for each in (*task["annotations"], *task["predictions"]) for result in each["result"]):
            # The SDK makes a choice with the control as its own object, as the platform does; its check of regions
            # knows objects only.
            assert result == {**control.label(result["value"]["selected"])._dict(), "id": result["id"]}
    assert sum(bool(task["annotations"]) for task in found) == 2


def test_coco_captions_are_read(export: Export) -> None:
    folder = export("coco", split="train=1")
    captions = COCO(str(folder / "captions_train.json"))
    for number in captions.getImgIds():
        picture = captions.loadImgs([number])[0]
        assert digest((folder / picture["file_name"]).read_bytes()) in DIGESTS.values()
        assert all(each["caption"] for each in captions.loadAnns(captions.getAnnIds([number])))
    wrote = [each["caption"] for each in captions.dataset["annotations"] if each["label_source"] == "edit"]
    assert wrote == ["What a person wrote."]
