from collections.abc import Iterator

import pytest
from tests.servers.scripted import ScriptedServer
from tests.servers.tiny_vlm import tiny_vlm


@pytest.fixture(scope="session")
def scripted_server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def server(scripted_server: ScriptedServer) -> Iterator[ScriptedServer]:
    """The scripted provider, with nothing in its script."""
    scripted_server.reset()
    yield scripted_server
    scripted_server.reset()


@pytest.fixture(scope="session")
def tiny_vlm_url() -> Iterator[str]:
    """A real llama.cpp server with a vision-language model of random weights."""
    with tiny_vlm() as url:
        yield url


@pytest.fixture(scope="session")
def tiny_text_url() -> Iterator[str]:
    """The same server, without the vision half."""
    with tiny_vlm(text_only=True) as url:
        yield url
