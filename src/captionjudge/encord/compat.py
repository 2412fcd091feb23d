"""Lets code of early 2025 run with the newest `encord-agents` and `pydantic`: imported before it, or as a launcher.

    python -m captionjudge.encord.compat script.py …     or, first in a notebook:   import captionjudge.encord.compat

Opt-in. It changes three things in the process that imports it, and needs nothing of captionjudge: the file may be
copied to where captionjudge is not installed.

1. `pydantic` 2.11 stopped reading `is_flat=True` in `create_model` as an attribute with a default; `encord-agents`
   still writes it so for every radio question. It is given as the class attribute that is meant.
2. Since `encord-agents` 0.1.11 `dep_single_frame` and `dep_asset` take a storage item; before, they took a label row.
   A label row is accepted again: its storage item is fetched.
3. Where OpenCV is missing (it became an extra in 0.2.0), importing the dependencies says which package to install.
"""

import importlib
import importlib.util
import os
import runpy
import sys
from typing import Any, ClassVar


def install() -> None:
    """Make the changes; once is enough, more does no harm."""
    ontology = importlib.import_module("encord_agents.core.ontology")
    utils = importlib.import_module("encord_agents.core.utils")
    dependencies = importlib.import_module("encord_agents.tasks.dependencies")
    if getattr(utils, "_captionjudge", False):
        return
    utils._captionjudge = True  # type: ignore[attr-defined]
    ontology.create_model = _with_class_attributes(ontology.create_model)  # type: ignore[attr-defined]
    download = _of_label_rows(utils.download_asset, utils.get_user_client)
    for module in (utils, dependencies):
        module.download_asset = download  # type: ignore[attr-defined]
    if importlib.util.find_spec("cv2") is None:
        print('OpenCV is missing: pip install "encord-agents[vision]"', file=sys.stderr)  # noqa: T201


def _with_class_attributes(create_model: Any) -> Any:
    def create(name: str, /, **fields: Any) -> Any:
        plain = {key: (ClassVar[bool], value) for key, value in fields.items() if isinstance(value, bool)}
        return create_model(name, **{**fields, **plain})

    return create


def _of_label_rows(download_asset: Any, get_client: Any) -> Any:
    def download(source: Any, *arguments: Any, **named: Any) -> Any:
        item = getattr(source, "backing_item_uuid", None)
        if item is not None and not hasattr(source, "get_signed_url"):
            source = get_client().get_storage_item(item, sign_url=True)
        return download_asset(source, *arguments, **named)

    return download


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python -m captionjudge.encord.compat script.py [argument …]")
    install()
    sys.argv = sys.argv[1:]
    # What Python would have put there for the script itself.
    sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))
    runpy.run_path(sys.argv[0], run_name="__main__")
elif "encord_agents" in sys.modules or importlib.util.find_spec("encord_agents") is not None:
    install()
