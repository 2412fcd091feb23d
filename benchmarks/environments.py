"""An environment of its own for every peer, in a folder that git ignores; made when it is asked for."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".peers"
OURS = ("ours", "bare")
# These releases of litellm were not its authors'.
LITELLM = "litellm!=1.82.7,!=1.82.8,!=1.107.0"
PACKAGES = {
    "openai": ("openai>=3.50",),
    "notebook": ("openai>=3.50", "opencv-python-headless"),
    "curator": ("bespokelabs-curator>=0.1.31", LITELLM),
    "inspect_ai": ("inspect-ai>=0.3.285", "openai>=3.50"),
}


class NotInstalled(Exception):
    """A peer's environment cannot be made; the message is one line."""


def python_of(peer: str) -> str:
    """The interpreter that runs a peer: this one for ours, else that of its environment, which is made if need be.

    Raises:
        NotInstalled: it cannot be made.
    """
    if peer in OURS:
        return sys.executable
    home = FOLDER / peer
    ready, wanted = home / ".ready", "\n".join(PACKAGES[peer])
    python = home / "bin" / "python"
    if not (ready.exists() and ready.read_text() == wanted):
        print(f"{peer}: installing {', '.join(PACKAGES[peer])}", file=sys.stderr, flush=True)
        _run(peer, [sys.executable, "-m", "venv", "--clear", str(home)])
        _run(peer, [*_installer(python), *PACKAGES[peer]])
        # Otherwise the first start would be slower than all others.
        subprocess.run([str(python), "-m", "compileall", "-q", str(home / "lib")], check=False, capture_output=True)
        ready.write_text(wanted)
    return str(python)


def _installer(python: Path) -> list[str]:
    uv = Path(sys.executable).parent / "uv"
    if uv.exists():
        return [str(uv), "pip", "install", "-q", "--python", str(python)]
    return [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]


def _run(peer: str, command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise NotInstalled(f"{peer} cannot be installed: {lines[-1] if lines else 'no reason was given'}")
