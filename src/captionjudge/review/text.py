"""Texts of strangers, made safe to stand in a page."""

import re

_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    """The text with what could reorder the page, or cannot be sent, shown by its code point: "[U+202E]".

    Marks such as U+200F stay: they belong to right-to-left writing and reach no further than their own element. A
    stray U+2069 would close the isolation that `<bdi>` and `dir="auto"` give, so those attributes alone do not do.
    """
    return _HIDDEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)
