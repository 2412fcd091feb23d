"""Agents that are killed and started again come to what they would have come to undisturbed."""

import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.encord.clients import HERE, command
from tests.encord.site import Site, open_site, wait

pytestmark = pytest.mark.slow

IMAGES = 3
CALLS = 3 * IMAGES


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path, IMAGES) as opened:
        yield opened


def undisturbed(site: Site) -> dict[str, Any]:
    """What a run of the agents comes to: each image judged once about one text of each kind, all at their review."""
    titles = [f"photo-{number:03}.png" for number in range(IMAGES)]
    text = site.state()["texts"][titles[0]][0][1]
    return {
        "stages": Counter({("image", "Human Review"): IMAGES, ("text", "Human Review"): 2 * IMAGES}),
        "texts": {title: [("LLM 16B", text), ("LLM 8B", text)] for title in titles},
        "answers": {title: ["LLM 16B", "LLM 8B", "LLM Judge Choice"] for title in titles},
        "verdicts": [(title, 1, "A") for title in titles],
    }


# While the second image is described, and while the second is judged. What a batch has not moved on is done again:
# with one task a batch that is the call in flight.
@pytest.mark.parametrize(("combination", "calls", "batch"), [(1, 2, 1), (1, 8, 2), (2, 2, 2), (2, 8, 1)])
def test_what_they_come_to_is_the_same_and_no_call_is_made_again_but_those_of_the_batch(
    site: Site, combination: int, calls: int, batch: int
) -> None:
    with subprocess.Popen(
        command(combination, HERE / "agents.py"),
        env=site.environ(BATCH=str(batch)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        wait(lambda: len(site.model.seen) >= calls)
        os.kill(process.pid, signal.SIGKILL)
    done = site.run(combination, "agents.py", BATCH=str(batch))
    assert done.returncode == 0, done.stderr[-3000:]
    assert site.state() == undisturbed(site)
    assert len(site.model.seen) <= CALLS + batch
