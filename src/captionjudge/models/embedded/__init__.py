"""Small specialised models that describe and judge images without a key or a download. They are no VLM."""

from captionjudge.models.embedded.adapter import EmbeddedModel
from captionjudge.models.model import Model
from captionjudge.models.provider import Provider


def open_model(name: str, provider: Provider) -> Model:
    """The model "terse", "detailed" or "judge"; "embedded/" before the name is allowed.

    Raises:
        ConfigError: there is no such model, or the packages of the `embedded` extra are missing.
    """
    from captionjudge.models.embedded.packages import require_packages

    require_packages()
    return EmbeddedModel(name.removeprefix("embedded/"))
