"""TRL's own trainers take the exported rows and learn from them."""

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset, Image, List, load_dataset
from tests.training.conftest import Export
from transformers import AutoProcessor
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer, SFTConfig, SFTTrainer
from trl.trainer.dpo_trainer import DataCollatorForVisionPreference
from trl.trainer.kto_trainer import DataCollatorForVisionUnpairedPreference
from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling

ROOT = Path(__file__).parents[2]
TRAINERS = {
    "trl-dpo": (DPOTrainer, DPOConfig, DataCollatorForVisionPreference),
    "trl-kto": (KTOTrainer, KTOConfig, DataCollatorForVisionUnpairedPreference),
    "trl-sft": (SFTTrainer, SFTConfig, DataCollatorForVisionLanguageModeling),
}


def with_pictures(folder: Path, split: str = "train") -> Dataset:
    """The rows of JSON lines with their pictures, as docs/export.md says."""
    data = load_dataset(str(folder), split=split)
    data = data.map(lambda row: {"images": [f"{folder}/{path}" for path in row["images"]]})
    return data.cast_column("images", List(Image()))


def trainer_of(format: str, data: Dataset, model: Path, out: Path) -> Any:
    trainer, config, _ = TRAINERS[format]
    options = config(
        str(out),
        max_steps=1,
        per_device_train_batch_size=2,
        learning_rate=1e-2,
        max_length=None,
        use_cpu=True,
        bf16=False,
        report_to=[],
        save_strategy="no",
    )
    return trainer(str(model), args=options, train_dataset=data)


def steps_once(trainer: Any) -> None:
    """The loss is a number, and both the language model and what looks at the picture have moved."""
    before = {name: each.detach().clone() for name, each in trainer.model.named_parameters()}
    assert math.isfinite(trainer.train().training_loss)
    moved = {name for name, each in trainer.model.named_parameters() if not torch.equal(before[name], each)}
    assert any("vision_tower" in name for name in moved)
    assert any("language_model" in name for name in moved)


@pytest.mark.parametrize("format", TRAINERS)
def test_a_training_step_runs_on_the_rows(format: str, export: Export, tiny_model: Path, tmp_path: Path) -> None:
    trainer = trainer_of(format, with_pictures(export(format)), tiny_model, tmp_path)
    assert type(trainer.data_collator) is TRAINERS[format][2]
    steps_once(trainer)


@pytest.mark.parametrize("format", TRAINERS)
def test_rows_with_embedded_pictures_are_taken_as_they_are_loaded(
    format: str, export: Export, tiny_model: Path, tmp_path: Path
) -> None:
    data = load_dataset(str(export(format, images="embed")), split="train")
    steps_once(trainer_of(format, data, tiny_model, tmp_path))


def test_the_collator_of_dpo_sees_each_text_in_its_place(export: Export, tiny_model: Path) -> None:
    rows = list(with_pictures(export("trl-dpo")))
    columns = ("images", "prompt", "chosen", "rejected")
    texts = [[row[side][0]["content"][0]["text"] for row in rows] for side in ("chosen", "rejected")]
    processor = AutoProcessor.from_pretrained(tiny_model)
    batch = DataCollatorForVisionPreference(processor)([{name: row[name] for name in columns} for row in rows])
    seen = [
        processor.decode(ids[mask.bool()], skip_special_tokens=True).removeprefix("assistant: ")
        for ids, mask in zip(batch["input_ids"], batch["completion_mask"], strict=True)
    ]
    assert seen == texts[0] + texts[1]
    assert len(batch["pixel_values"]) == 2 * len(rows)


def test_the_collator_of_kto_sees_the_labels(export: Export, tiny_model: Path) -> None:
    rows = list(with_pictures(export("trl-kto")))
    columns = ("images", "prompt", "completion", "label")
    collator = DataCollatorForVisionUnpairedPreference(AutoProcessor.from_pretrained(tiny_model))
    labels = [row["label"] for row in rows]
    batch = collator([{name: row[name] for name in columns} for row in rows])
    assert list(batch["label"]) == labels
    assert {True, False} == set(labels)


def test_the_example_trains_and_saves_a_model(export: Export, tiny_model: Path, tmp_path: Path) -> None:
    script = ROOT / "examples" / "train_dpo.py"
    command = [sys.executable, *map(str, (script, export("trl-dpo"), tiny_model, tmp_path / "trained"))]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "trained" / "model.safetensors").stat().st_size > 0
    assert len([line for line in script.read_text().partition('"""\n\n')[2].splitlines() if line]) <= 20
