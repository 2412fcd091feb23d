import pickle
from pathlib import Path

import pytest

from captionjudge.errors import ConfigError
from captionjudge.models.embedded.checkpoint import read_checkpoint


class Harmful:
    def __reduce__(self) -> tuple[object, ...]:
        return print, ("this must not run",)


def test_a_pickle_that_calls_a_function_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(pickle.dumps(Harmful()))
    with pytest.raises(ConfigError, match="not part of a state dict"):
        read_checkpoint(path)


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(pickle.dumps(1)[:3])
    with pytest.raises(ConfigError, match="cannot read the weights"):
        read_checkpoint(path)
