"""The editor layout: nested panes, and which items of a group each of them shows."""

from captionjudge.layout.bind import bind, findings
from captionjudge.layout.default import default_layout
from captionjudge.layout.load import dump_layout, load_layout
from captionjudge.layout.tree import DATA_TYPE, IMAGE, TAG, Cell, Condition, Layout, Node, Split

__all__ = [
    "DATA_TYPE",
    "IMAGE",
    "TAG",
    "Cell",
    "Condition",
    "Layout",
    "Node",
    "Split",
    "bind",
    "default_layout",
    "dump_layout",
    "findings",
    "load_layout",
]
