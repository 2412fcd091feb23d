"""Find out which image description is better, why, and how sure you can be."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from captionjudge import statistics
    from captionjudge.errors import CaptionjudgeError, ConfigError, ModelError
    from captionjudge.images import EncodedImage
    from captionjudge.one import Judgment, judge
    from captionjudge.project import Project
    from captionjudge.running.ask import Asker
    from captionjudge.running.batches.batching import BatchOptions
    from captionjudge.running.inject import Descriptions
    from captionjudge.running.runner import Options, Summary
    from captionjudge.running.setup import Setup
    from captionjudge.running.stage import Work
    from captionjudge.store.records import Item, Task

__version__ = "0.1.0"

_HOMES = {
    "Asker": "captionjudge.running.ask",
    "BatchOptions": "captionjudge.running.batches.batching",
    "CaptionjudgeError": "captionjudge.errors",
    "ConfigError": "captionjudge.errors",
    "Descriptions": "captionjudge.running.inject",
    "EncodedImage": "captionjudge.images",
    "Item": "captionjudge.store.records",
    "Judgment": "captionjudge.one",
    "ModelError": "captionjudge.errors",
    "Options": "captionjudge.running.runner",
    "Project": "captionjudge.project",
    "Setup": "captionjudge.running.setup",
    "Summary": "captionjudge.running.runner",
    "Task": "captionjudge.store.records",
    "Work": "captionjudge.running.stage",
    "judge": "captionjudge.one",
}

__all__ = [
    "Asker",
    "BatchOptions",
    "CaptionjudgeError",
    "ConfigError",
    "Descriptions",
    "EncodedImage",
    "Item",
    "Judgment",
    "ModelError",
    "Options",
    "Project",
    "Setup",
    "Summary",
    "Task",
    "Work",
    "__version__",
    "judge",
    "statistics",
]


def __getattr__(name: str) -> Any:
    # Imported when first used: the package alone must cost nothing.
    from importlib import import_module

    from captionjudge.garbage import seldom_collected

    if name == "statistics":
        return import_module("captionjudge.statistics")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with seldom_collected():
        return getattr(import_module(_HOMES[name]), name)
