"""Which projects or datasets of a list are wanted."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated

from fastapi import Query

from captionjudge.encord.wire import Wire


class Listing(Wire):
    """Filters of a list, as both protocols name them; one that is missing lets everything through."""

    title_eq: str | None = None
    title_like: str | None = None
    desc_eq: str | None = None
    desc_like: str | None = None
    description_eq: str | None = None
    description_like: str | None = None
    created_before: datetime | None = None
    created_after: datetime | None = None
    edited_before: datetime | None = None
    edited_after: datetime | None = None

    def fits(self, title: str, description: str, created_at: int, edited_at: int) -> bool:
        """Whether something with these words and times (milliseconds since 1970) is wanted."""
        if self.title_eq is not None and title != self.title_eq:
            return False
        if any(each is not None and description != each for each in (self.desc_eq, self.description_eq)):
            return False
        if not all(is_like(description, each) for each in (self.desc_like, self.description_like)):
            return False
        if not is_like(title, self.title_like):
            return False
        return _between(created_at, self.created_after, self.created_before) and _between(
            edited_at, self.edited_after, self.edited_before
        )


ListingNow = Annotated[Listing, Query()]


def is_like(text: str, pattern: str | None) -> bool:
    """Whether a text is like a pattern of SQL: % stands for anything, _ for one character; upper or lower case."""
    if pattern is None:
        return True
    return _expression(pattern).fullmatch(text) is not None


@lru_cache(maxsize=64)
def _expression(pattern: str) -> re.Pattern[str]:
    parts = (".*" if each == "%" else "." if each == "_" else re.escape(each) for each in pattern)
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)


def _between(at: int, after: datetime | None, before: datetime | None) -> bool:
    return (after is None or at >= milliseconds(after)) and (before is None or at < milliseconds(before))


def milliseconds(when: datetime) -> float:
    """A time without a zone is one of UTC."""
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000
