"""The example in docs/models.md does what the page says."""

import re
from pathlib import Path
from typing import Any

import pytest
from tests.models.requests import COMPARE, DESCRIBE, run

from captionjudge.errors import BadRequestError
from captionjudge.models.provider import Provider
from captionjudge.models.registry import BUILT_IN_PROVIDERS

PAGE = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")


def test_the_example_adapter_works() -> None:
    example = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
    names: dict[str, Any] = {}
    exec(compile(example, "docs/models.md", "exec"), names)

    model = names["open_model"]("anything", Provider("mine", "shouting"))

    assert model.name == "mine/anything"
    assert run(model.reply(DESCRIBE)).text == "AN IMAGE OF 4 BY 3 PIXELS!"
    with pytest.raises(BadRequestError, match="only describes"):
        run(model.reply(COMPARE))


@pytest.mark.parametrize("provider", BUILT_IN_PROVIDERS.values(), ids=lambda provider: provider.name)
def test_every_built_in_provider_is_listed_with_its_address_and_key(provider: Provider) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{provider.name}` |"))

    assert f"`{provider.kind}`" in row
    assert provider.base_url in row
    assert provider.key_env in row
