"""What can be wrong with an ontology, each finding with a stable code word and a place."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from captionjudge.errors import OntologyError

SHOWN = 20
_JOINERS = "\u200c\u200d"
"""They are part of Persian and Indic words and of composed emoji."""


class Problem(Struct, frozen=True):
    """One finding. `place` reads like "LLM 8B > Answer available > Correctness Score"; empty means the whole file."""

    code: str
    place: str
    message: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return f"{self.place}: {self.message} [{self.code}]" if self.place else f"{self.message} [{self.code}]"


class UnusableOntology(OntologyError):
    """The ontology cannot be used; `problems` holds every finding and `kind` the code of the first."""

    def __init__(self, problems: Sequence[Problem], *, hint: str = "") -> None:
        lines = [str(problem) for problem in problems[:SHOWN]]
        if len(problems) > SHOWN:
            lines.append(f"and {len(problems) - SHOWN} more")
        super().__init__("\n".join(lines), hint=hint or 'each [code] is explained in docs/ontology.md, "Problems"')
        self.problems = tuple(problems)

    @property
    def kind(self) -> str:
        """The code of the first problem."""
        return self.problems[0].code


def place_of(*parts: str) -> str:
    """A place as people read it; parts are clipped and kept on one line."""
    return " > ".join(clip(part, 60) for part in parts if part)


def clip(text: str, limit: int) -> str:
    """The text on one line and no longer than `limit`."""
    line = one_line(text)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def one_line(text: str) -> str:
    """The text with every run of white space and control characters made one space."""
    return " ".join("".join(char if char.isprintable() or char in _JOINERS else " " for char in text).split())
