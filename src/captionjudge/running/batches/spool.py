"""The file of a batch while it grows: on disk, without a name, so that a killed process leaves nothing behind."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from captionjudge.identity import new_id
from captionjudge.models.batches.job import Batches, Limits
from captionjudge.store.records import BatchLine


class Spool:
    """A batch that is not sent yet. `held` are the tasks that wait for it."""

    def __init__(self, model: str, batches: Batches, limits: Limits, folder: Path | None) -> None:
        self.id = new_id()
        self.model = model
        self.lines: list[BatchLine] = []
        self.held: list[str] = []
        self.size = len(batches.frame.head)
        self._frame = batches.frame
        self._limits = limits
        self._file: BinaryIO = tempfile.TemporaryFile(dir=folder, prefix="batch-")  # noqa: SIM115
        self._file.write(self._frame.head)

    def has_room(self, size: int) -> bool:
        """Whether one more request of so many bytes fits. The first always does."""
        frame = self._frame
        whole = self.size + len(frame.joint) + size + len(frame.tail)
        return not self.lines or (len(self.lines) < self._limits.requests and whole <= self._limits.size)

    def add(self, digest: str, pieces: Sequence[bytes], estimate: float) -> None:
        """Write one request, which may cost so many US dollars at most."""
        if self.lines:
            pieces = (self._frame.joint, *pieces)
        self._file.writelines(pieces)
        self.size += sum(map(len, pieces))
        self.lines.append(BatchLine(new_id(), self.id, digest, estimate))

    def seal(self) -> None:
        """Write what ends the file."""
        self._file.write(self._frame.tail)
        self.size += len(self._frame.tail)
        self._file.flush()

    def open(self) -> BinaryIO:
        """The file from its beginning; whoever sends it may close it."""
        self._file.seek(0)
        return os.fdopen(os.dup(self._file.fileno()), "rb")

    def close(self) -> None:
        """Give the disk back."""
        self._file.close()
