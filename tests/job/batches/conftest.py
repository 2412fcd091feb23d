"""A scripted provider of batches, and projects that ask it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.job.batched import Make, making
from tests.servers.batches import BatchServer


@pytest.fixture
def server() -> Iterator[BatchServer]:
    with BatchServer() as running:
        yield running


@pytest.fixture
def make(tmp_path: Path, server: BatchServer, new_store: Callable[[], str]) -> Iterator[Make]:
    with making(tmp_path, server, new_store) as new:
        yield new
