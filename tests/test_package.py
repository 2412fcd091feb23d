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


def printed(code: str) -> list[str]:
    """What a program prints, and then the names of the modules that it loaded."""
    command = [sys.executable, "-c", f"{code}; import sys; print(*sys.modules)"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.mark.parametrize("code", ["import captionjudge", "import captionjudge.cli.app"])
def test_importing_loads_nothing_heavy(code: str) -> None:
    (loaded,) = printed(code)
    assert set(loaded.split()) & set(HEAVY) == set()


def test_the_version_is_said_without_loading_anything_heavy() -> None:
    said, loaded = printed("from captionjudge.cli.app import app, run; assert run(app, ['--version']) == 0")
    assert said == f"captionjudge {captionjudge.__version__}"
    assert set(loaded.split()) & set(HEAVY) == set()
