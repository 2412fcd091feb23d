"""The style of a text, in numbers: what a reader sees before reading."""

import re

_LIST = re.compile(r"^[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+\S", re.MULTILINE)
_MARKDOWN = re.compile(r"^ {0,3}#{1,6}[ \t]|\*\*[^*\n]+\*\*|__[^_\n]+__|`[^`\n]+`", re.MULTILINE)


def words(text: str) -> int:
    """How many words, separated by white space."""
    return len(text.split())


def style(text: str) -> tuple[int, int]:
    """Marks of markdown (headings, bold, code) and items of lists."""
    # Most texts have none: to look for a character costs a tenth of a search for a pattern.
    marked = "**" in text or "#" in text or "`" in text or "__" in text
    listed = "\n" in text or _LIST.match(text)
    return len(_MARKDOWN.findall(text)) if marked else 0, len(_LIST.findall(text)) if listed else 0


def relative(a: float, b: float) -> float:
    """(a - b) / (a + b), 0 where both are 0: within -1..1.

    Source: T. Li, A. Angelopoulos, W.-L. Chiang, Does style matter?, LMSYS (2024).
    """
    return (a - b) / (a + b) if a + b else 0.0
