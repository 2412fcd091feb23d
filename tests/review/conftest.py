"""Properties here are about results, not about time: a busy machine must not fail them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests.review.shop import Shop, open_shop

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture
def make_shop(tmp_path: Path) -> Iterator[Callable[..., Shop]]:
    """Makes projects whose images wait for people; see `open_shop`."""
    made: list[Shop] = []

    def make(**how: object) -> Shop:
        made.append(open_shop(tmp_path / f"project-{len(made)}", **how))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for shop in made:
        shop.close()


@pytest.fixture
def shop(make_shop: Callable[..., Shop]) -> Shop:
    """A project with five images that wait for one person each."""
    return make_shop(images=5)
