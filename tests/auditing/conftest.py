from collections.abc import Iterator

import pytest
from tests.auditing.judges import rule
from tests.servers.scripted import ScriptedServer


@pytest.fixture(scope="session")
def judges_server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def server(judges_server: ScriptedServer) -> Iterator[ScriptedServer]:
    """A provider of the scripted judges that has seen nothing yet."""
    judges_server.reset()
    judges_server.rule = rule
    yield judges_server
    judges_server.reset()
