"""Images in tokens: the functions give what the providers publish, and what was measured at their APIs."""

from pathlib import Path
from typing import get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from captionjudge.images import Bounds, fit
from captionjudge.models.family import fitting, image_rule
from captionjudge.models.vision import Detail, Fitting

PUBLISHED = [
    # Images and vision, "Calculating costs": developers.openai.com/api/docs/guides/images-vision
    ("gpt-6-astra", "high", (1024, 1024), 1229),
    ("gpt-6-astra", "high", (2048, 2048), 3000),
    ("gpt-6-astra", "high", (4096, 512), 2458),
    ("gpt-4o", "high", (1024, 1024), 765),
    ("gpt-4o", "high", (2048, 4096), 1105),
    ("gpt-4o", "low", (4096, 8192), 85),
    ("gpt-4o-mini", "low", (4096, 8192), 2833),
    ("gpt-5.1", "low", (640, 480), 70),
    # Billed by the API, less 8 tokens of the text: community.openai.com/t/1281361
    ("gpt-4.1", "auto", (2049, 513), 1453 - 8),
    ("gpt-4.1", "auto", (2050, 513), 773 - 8),
    # Billed by the API: OpenAI's developer community, 17 June 2026
    *[
        ("gpt-5-mini", "auto", size, tokens)
        for size, tokens in (
            ((256, 256), 77),
            ((512, 512), 308),
            ((768, 1024), 922),
            ((1280, 720), 1104),
            ((1024, 1024), 1229),
            ((2048, 768), 1844),
        )
    ],
    # Vision, "Resolution and token cost": platform.claude.com/docs/en/build-with-claude/vision
    ("claude-opus-5", "auto", (200, 200), 64),
    ("claude-opus-5", "auto", (1000, 1000), 1296),
    ("claude-opus-5", "auto", (1092, 1092), 1521),
    ("claude-opus-5", "auto", (1920, 1080), 2691),
    ("claude-opus-5", "auto", (3840, 2160), 4784),
    ("claude-haiku-4-5-20251001", "auto", (3840, 2160), 1560),
    # Image understanding: ai.google.dev/gemini-api/docs/image-understanding
    ("gemini-2.5-flash", "auto", (384, 384), 258),
    ("gemini-2.5-flash", "auto", (960, 540), 6 * 258),
    # Media resolution: ai.google.dev/gemini-api/docs/media-resolution
    ("gemini-2.5-pro", "low", (4032, 3024), 64),
    ("gemini-3.8-flash", "auto", (4032, 3024), 1120),
    ("gemini-3.8-flash", "high", (4032, 3024), 1120),
    ("gemini-3.8-flash", "low", (4032, 3024), 280),
]
# Measured at ten sizes: huggingface.co/datasets/JOHNISKING/image-token-cost
MEASURED = {
    (256, 256): (100, 77, 77, 77),
    (512, 512): (361, 308, 308, 308),
    (768, 768): (784, 692, 692, 692),
    (1024, 1024): (1369, 1229, 1229, 1229),
    (1280, 720): (1196, 1104, 1104, 1104),
    (1920, 1080): (2691, 2448, 2448, 2448),
    (1080, 1920): (2691, 2448, 2448, 2448),
    (2560, 1440): (None, 4320, 2931, 4320),
    (3840, 2160): (None, 9792, 2931, 9792),
    (4032, 3024): (None, 14364, 2942, 11868),
}
SEEN = [
    ("gpt-6-astra", (2048, 2048), (1600, 1600)),
    ("gpt-4.1-nano", (1800, 2400), (1056, 1408)),
    ("gpt-4o", (2048, 4096), (768, 1536)),
    ("claude-haiku-4-5", (1075, 1520), (924, 1307)),
    ("claude-haiku-4-5", (3840, 2160), (1456, 819)),
    ("claude-opus-4-7", (3840, 2160), (2576, 1449)),
    ("claude-opus-5", (4032, 3024), (2212, 1659)),
]
# By what transformers' smart_resize makes of these sizes: (width, height) / 28 or 32.
QWEN = [
    ("Qwen2.5-VL-7B-Instruct", (1024, 768), 37 * 27),
    ("Qwen2.5-VL-7B-Instruct", (20, 40), 2 * 3),
    ("qwen/qwen3-vl-8b-instruct", (1024, 768), 32 * 24),
    ("qwen3-vl", (1000, 750), 31 * 23),
    ("qwen3-vl", (6000, 4000), 156 * 104),
]
NAMES = sorted(
    {name for name, *_ in (*PUBLISHED, *SEEN, *QWEN)} | {"gpt-5.4-mini", "gpt-5.2", "o4-mini", "o3", "gpt-5.5"}
)
SIZES = st.tuples(st.integers(1, 9000), st.integers(1, 9000))


def tokens(model: str, size: tuple[int, int], detail: Detail = "auto") -> int:
    rule = image_rule(model, detail)
    assert rule is not None
    return rule.tokens(*size)


@pytest.mark.parametrize(("model", "detail", "size", "expected"), PUBLISHED)
def test_an_image_counts_as_its_provider_says(model: str, detail: Detail, size: tuple[int, int], expected: int) -> None:
    assert tokens(model, size, detail) == expected


def test_an_image_counts_as_it_was_measured() -> None:
    for size, (claude, auto, high, older) in MEASURED.items():
        assert claude is None or tokens("anthropic/claude-sonnet-5-5", size) == claude
        assert tokens("openai/gpt-6-astra", size) == auto
        assert tokens("openai/gpt-6-astra", size, "high") == high
        assert tokens("openai/gpt-5.5", size) == older


@pytest.mark.parametrize(("model", "size", "expected"), QWEN)
def test_an_image_counts_as_the_processor_of_the_model_cuts_it(
    model: str, size: tuple[int, int], expected: int
) -> None:
    assert tokens(model, size) == expected


@pytest.mark.parametrize(("model", "size", "expected"), SEEN)
def test_nothing_is_sent_that_the_provider_would_throw_away(
    model: str, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    detail: Detail = "high" if model == "gpt-6-astra" else "auto"
    assert fitting(model, detail).fit(*size) == expected


@pytest.mark.parametrize(
    ("model", "size", "expected"),
    [
        ("gpt-4o", (1026, 768), (1024, 766)),
        ("gpt-4o", (519, 519), (512, 512)),
        ("gpt-4o", (1568, 1045), (1024, 682)),
        ("gpt-4o", (1300, 768), (1300, 768)),
        ("gpt-5.4", (1000, 750), (1000, 750)),
        ("gpt-5.4", (1024, 768), (1024, 768)),
    ],
)
def test_an_edge_of_the_grid_is_overstepped_for_something_only(
    model: str, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert fitting(model).fit(*size) == expected


@settings(max_examples=150, deadline=None)
@given(model=st.sampled_from(NAMES), detail=st.sampled_from(get_args(Detail)), size=SIZES)
@example("claude-opus-5", "auto", (1, 9000))
@example("gpt-5-mini", "high", (9000, 1))
def test_what_is_sent_is_never_larger_or_dearer_and_is_left_alone_then(
    model: str, detail: Detail, size: tuple[int, int]
) -> None:
    rule, bounds = image_rule(model, detail), Bounds(fits=fitting(model, detail))
    sent = fit(*size, bounds)

    assert rule is not None
    # Qwen's models make the smallest larger, and refuse the longest.
    usual = min(size) >= 300 and max(size) <= 10 * min(size)
    assert all(1 <= after <= before for after, before in zip(sent, size, strict=True))
    assert rule.tokens(*sent) <= rule.tokens(*size) or ("qwen" in model.lower() and not usual)
    assert fit(*sent, bounds) == sent


@settings(max_examples=100, deadline=None)
@given(model=st.sampled_from(NAMES), size=st.tuples(st.integers(300, 4000), st.integers(300, 4000)))
def test_of_what_the_model_sees_an_eighth_of_a_side_is_given_up_at_most_twice(
    model: str, size: tuple[int, int]
) -> None:
    rule = image_rule(model)
    assert rule is not None
    seen, sent = rule.seen(*size), fitting(model).fit(*size)
    assert all(after >= before * 0.875**2 - 2 for after, before in zip(sent, seen, strict=True))


def test_a_model_without_such_a_setting_gets_a_small_picture_for_little_detail() -> None:
    for model in ("claude-opus-5", "local/qwen3-vl", "local/unheard-of"):
        assert max(fitting(model, "low").fit(4032, 3024)) <= 512
        assert fitting(model, "high") == fitting(model)


def test_of_a_model_that_is_not_known_nothing_is_assumed() -> None:
    assert image_rule("local/unheard-of") is None
    assert fitting("local/unheard-of") == Fitting()
    assert fitting("embedded/judge") == Fitting()


ROWS = {
    "GPT-6, GPT-5.6": "gpt-6-astra",
    "GPT-5.5": "gpt-5.5",
    "GPT-5.4, mini, nano": "gpt-5.4-nano",
    "GPT-5.2": "gpt-5.2",
    "GPT-4.1 mini": "gpt-4.1-mini",
    "GPT-5 mini": "gpt-5-mini",
    "GPT-5 nano": "gpt-5-nano",
    "GPT-4.1 nano": "gpt-4.1-nano",
    "o4-mini": "o4-mini",
    "GPT-4o, GPT-4.1": "gpt-4.1",
    "GPT-5.1, GPT-5": "gpt-5.1",
    "GPT-4o mini": "gpt-4o-mini",
    "Claude 4.7 and later": "claude-opus-4-7",
    "Claude before": "claude-sonnet-4-6",
    "Gemini 3 and later": "gemini-3-flash-preview",
    "Gemini 2.5": "gemini-2.5-pro",
    "Qwen2.5-VL": "qwen2.5-vl-72b-instruct",
    "Qwen3-VL": "qwen3-vl-8b",
}


def test_the_table_of_the_documentation_is_what_the_functions_give() -> None:
    table = (
        (Path(__file__).parents[2] / "docs" / "cost.md")
        .read_text()
        .partition("What the rules give")[2]
        .partition("\n## ")[0]
    )
    head, _, *lines = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("|")]
    sizes = [(int(w), int(h)) for w, h in (size.split(" x ") for size in head[1:])]
    shown = {line[0]: [int(each.replace(",", "")) for each in line[1:]] for line in lines if line[0] in ROWS}
    assert shown == {title: [tokens(model, size) for size in sizes] for title, model in ROWS.items()}
