"""What a candidate was asked for, and what breaks it."""

from captionjudge.config import Candidate
from captionjudge.judging.prompt import describe_instructions
from captionjudge.models.model import Describe
from captionjudge.running.describe import problems


def test_a_text_beyond_its_word_limit_is_recorded_with_both_numbers() -> None:
    candidate = Candidate(name="A", word_limit=3)
    assert problems(candidate, {"description": "one two three"}) == []
    [found] = problems(candidate, {"description": "a well-known cat's long tail"})
    assert "5 words, 3 were allowed" in found


def test_every_field_is_held_to_the_limit_and_named() -> None:
    candidate = Candidate(name="A", word_limit=2, fields=["title", "description"])
    found = problems(candidate, {"title": " ", "description": "one two three"})
    assert found == ["title is empty", "description has 3 words, 2 were allowed"]


def test_the_limits_are_part_of_what_a_candidate_is_told() -> None:
    told = describe_instructions("Describe.", Describe(("title", "description"), "German", 9))
    assert all(part in told for part in ("Describe.", "title, description", "German", "9 words"))
