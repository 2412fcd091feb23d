"""An export's folder: it is there whole, or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from captionjudge.errors import ConfigError
from captionjudge.exchange.exports.pictures import Picture
from captionjudge.identity import new_id


class Folder:
    """A folder while it is being written."""

    def __init__(self, root: Path, open_files: ExitStack) -> None:
        self.root = root
        self._open = open_files
        self._files: dict[str, BinaryIO] = {}

    def file(self, name: str) -> BinaryIO:
        """The file of this name, open for writing until the folder is done."""
        if name not in self._files:
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            self._files[name] = self._open.enter_context(path.open("wb"))
        return self._files[name]

    def put(self, picture: Picture, under: str = "") -> bool:
        """Keep a picture at its path, in the folder `under`; False when the same content is there already."""
        path = self.root / under / picture.path
        if path.exists():
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture.data)
        return True


@contextmanager
def new_folder(out: Path) -> Iterator[Folder]:
    """A folder to write to, which becomes `out` when the block ends without an error, and else is gone.

    Raises:
        ConfigError: `out` holds something already, or cannot be written.
    """
    out = out.absolute()
    if not out.parent.is_dir():
        raise ConfigError(f"there is no folder {out.parent}")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"{out} holds something already", hint="name a folder that is empty or not there")
    half = out.with_name(f".{out.name}.{new_id()}.part")
    try:
        half.mkdir()
        with ExitStack() as open_files:
            yield Folder(half, open_files)
        # An empty folder of that name makes way.
        half.replace(out)
    except OSError as error:
        raise ConfigError(f"cannot write {out}: {error.strerror or error}") from None
    finally:
        shutil.rmtree(half, ignore_errors=True)
