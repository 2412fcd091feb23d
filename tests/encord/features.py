"""All proofs about the platform's clients, in one process. Runs in their environment, after `agents.py`."""
# mypy: ignore-errors
# It is checked by running: the packages that it imports are those of another environment.

import editors  # noqa: F401
import resources  # noqa: F401
import reviewing  # noqa: F401
import runners  # noqa: F401
from recorder import report

if __name__ == "__main__":
    report()
