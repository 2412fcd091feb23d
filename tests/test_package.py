"""The package from outside: what it offers, and what it costs to import."""

import subprocess
import sys

import pytest

import captionjudge

HEAVY = ("sqlalchemy", "aiohttp", "PIL", "numpy", "onnxruntime", "pydantic", "rich", "alembic", "fsspec")


def test_every_public_name_can_be_used() -> None:
    assert [name for name in captionjudge.__all__ if not hasattr(captionjudge, name)] == []


def test_public_names_are_sorted() -> None:
    assert captionjudge.__all__ == sorted(captionjudge.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = captionjudge.nonsense


@pytest.mark.parametrize("code", ["import captionjudge", "import captionjudge.cli.app"])
def test_importing_loads_nothing_heavy(code: str) -> None:
    command = [sys.executable, "-c", f"{code}; import sys; print(*sys.modules)"]
    loaded = set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    assert loaded & set(HEAVY) == set()
