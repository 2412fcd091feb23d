"""Which projects and datasets a list gives."""

import pytest

from captionjudge.encord.listing import Listing, is_like


@pytest.mark.parametrize(
    ("text", "pattern", "like"),
    [
        ("Second", "Sec%", True),
        ("Second", "sec", False),
        ("Second", "%ECO%", True),
        ("Second", "S_cond", True),
        ("S.cond", "S.c%", True),
        ("Second", "S.c%", False),
        ("Second", None, True),
    ],
)
def test_a_title_is_like_a_pattern_of_sql(text: str, pattern: str | None, like: bool) -> None:
    assert is_like(text, pattern) is like


def test_times_are_compared_in_utc_and_both_protocols_names_are_read() -> None:
    hour = 3_600_000
    late = Listing.model_validate({"createdAfter": "1970-01-01T02:00:00+01:00"})
    assert [late.fits("", "", at, 0) for at in (hour - 1, hour)] == [False, True]
    early = Listing.model_validate({"edited_before": "1970-01-01T01:00:00"})
    assert [early.fits("", "", 0, at) for at in (hour - 1, hour)] == [True, False]
    assert not Listing.model_validate({"descriptionEq": "a"}).fits("", "b", 0, 0)
    assert not Listing.model_validate({"desc_like": "a%"}).fits("", "b", 0, 0)
