"""The columns of exported rows and their types, once for every format."""

from collections.abc import Mapping
from typing import Any

Type = str | list[Any] | dict[str, Any]
"""A dtype ("string", "float64", "int64", "bool", "image"), a list of one type, or a record of types."""

Columns = Mapping[str, Type]

_VOTES: Type = dict.fromkeys(("chosen", "rejected", "tie", "both_bad", "none"), "int64")
_MESSAGES: Type = [{"role": "string", "content": [{"type": "string", "text": "string"}]}]

EVIDENCE: dict[str, Type] = {
    "pair": "string",
    "line": "int64",
    "image_name": "string",
    "image_digest": "string",
    "label_source": "string",
    "soft_label": "float64",
    "margin": "float64",
    "probability": "float64",
    "stability": "string",
    "judge_votes": _VOTES,
    "people_votes": _VOTES,
    "audit": "bool",
    "chosen_by": "string",
    "chosen_model": "string",
    "chosen_prompt": "string",
    "chosen_words": "float64",
    "rejected_by": "string",
    "rejected_model": "string",
    "rejected_prompt": "string",
    "rejected_words": "float64",
    "criteria": [dict.fromkeys(("by", "criterion", "chosen", "rejected", "about_image", "prefers"), "string")],
    "reasons": [dict.fromkeys(("by", "choice", "shown_first", "text"), "string")],
    "judges": [dict.fromkeys(("judge", "model", "instructions"), "string")],
    "ontology": "string",
}
"""What every row says about where it comes from and how sure it is."""

FILE_NAME = "_file_name"
"""What `datasets` wants at the end of a column's name to read the picture of that name: its loader for folders."""

SHAPES: dict[str, dict[str, Type]] = {
    "trl-dpo": {"images": ["image"], "prompt": _MESSAGES, "chosen": _MESSAGES, "rejected": _MESSAGES} | EVIDENCE,
    "trl-kto": {"images": ["image"], "prompt": _MESSAGES, "completion": _MESSAGES, "label": "bool"} | EVIDENCE,
    "trl-sft": {"images": ["image"], "prompt": _MESSAGES, "completion": _MESSAGES} | EVIDENCE,
    "flat": {"picture": "image", "prompt": "string", "chosen": "string", "rejected": "string"} | EVIDENCE,
}
"""The columns of each shape of row. "flat" is that of parquet and csv."""


def beside(columns: Columns) -> dict[str, Type]:
    """The columns of rows whose pictures are files: what holds a picture holds its path."""
    return {
        name: "string" if kind == "image" else ["string"] if kind == ["image"] else kind
        for name, kind in columns.items()
    }


def features(kind: Type) -> Any:
    """A type as Hugging Face `datasets` writes it into the metadata of a Parquet file."""
    if isinstance(kind, list):
        return {"feature": features(kind[0]), "_type": "List"}
    if isinstance(kind, dict):
        return {name: features(one) for name, one in kind.items()}
    return {"_type": "Image"} if kind == "image" else {"dtype": kind, "_type": "Value"}


def card_features(columns: Columns) -> list[dict[str, Any]]:
    """Columns as a dataset card declares them."""
    return [{"name": name} | _card_type(kind) for name, kind in columns.items()]


def _card_type(kind: Type) -> dict[str, Any]:
    if isinstance(kind, dict):
        return {"struct": card_features(kind)}
    if isinstance(kind, str):
        return {"dtype": kind}
    inner = kind[0]
    return {"list": inner if isinstance(inner, str) else card_features(inner)}
