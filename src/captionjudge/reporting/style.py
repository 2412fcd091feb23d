"""The style of a text, in numbers: what a reader sees before reading."""

import re

_LIST = re.compile(r"^[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+\S", re.MULTILINE)
_MARKDOWN = re.compile(r"^ {0,3}#{1,6}[ \t]|\*\*[^*\n]+\*\*|__[^_\n]+__|`[^`\n]+`", re.MULTILINE)
_SIGNS = re.compile(r"[#*_`+•-]|\d[.)]")


def words(text: str) -> int:
    """How many words, separated by white space."""
    return len(text.split())


def style(text: str) -> tuple[int, int]:
    """Marks of markdown (headings, bold, code) and items of lists."""
    if not _SIGNS.search(text):
        return 0, 0
    return len(_MARKDOWN.findall(text)), len(_LIST.findall(text))


def relative(a: float, b: float) -> float:
    """(a - b) / (a + b), 0 where both are 0: within -1..1.

    Source: T. Li, A. Angelopoulos, W.-L. Chiang, Does style matter?, LMSYS (2024).
    """
    return (a - b) / (a + b) if a + b else 0.0
