"""A Ray cluster of two nodes on this machine, shared by all tests, and projects that ask a scripted provider."""

import os
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

# Before Ray is imported, and before its nodes, which inherit it, are started.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
# Otherwise Ray would write one to the home folder.
os.environ["RAY_AUTH_TOKEN"] = uuid4().hex

import pytest
from ray.cluster_utils import Cluster
from tests.conftest import postgres
from tests.job.conftest import images, make_project, new_store, provider

__all__ = ["images", "make_project", "new_store", "postgres", "provider"]

NODE = {"num_cpus": 2, "object_store_memory": 80_000_000}


@pytest.fixture(scope="session")
def cluster() -> Iterator[Any]:
    """The head and one node, two CPUs each."""
    started = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
    started.add_node(**NODE)
    yield started
    started.shutdown()
