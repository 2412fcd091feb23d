"""The photographs that ship with the package; NOTICE beside this file names their authors and licences."""

from importlib.resources import files
from pathlib import Path


def photos() -> Path:
    """The folder of the demo photographs: twelve JPEG files."""
    return Path(str(files(__name__) / "photos"))
