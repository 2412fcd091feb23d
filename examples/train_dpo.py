"""Train a vision-language model on what `captionjudge export --format trl-dpo --out FOLDER` wrote.

Usage: train_dpo.py FOLDER MODEL OUT. Needs trl and datasets; for LoRA give DPOTrainer a peft_config.
"""

import sys

import torch
from datasets import Image, List, load_dataset
from trl import DPOConfig, DPOTrainer

folder, model, out = sys.argv[1:]
data = load_dataset(folder)
data = data.map(lambda row: {"images": [f"{folder}/{path}" for path in row["images"]]})
data = data.cast_column("images", List(Image()))
# Only what is sure enough, and nothing of the slice that is to measure what comes of it.
train = data["train"].filter(lambda row: row["soft_label"] >= 0.7 and not row["audit"])
options = DPOConfig(out, num_train_epochs=1, max_length=None, bf16=torch.cuda.is_available(), report_to=[])
trainer = DPOTrainer(model, args=options, train_dataset=train)
trainer.train()
trainer.save_model()
