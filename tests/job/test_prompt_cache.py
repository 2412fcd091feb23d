"""The second order finds what the first has put into the provider's cache, with no call more and no slot idle."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.servers.prefix_cache import PrefixCache
from tests.servers.scripted import ScriptedServer, Seen, Step, ok, says

from captionjudge.folder import write_template
from captionjudge.models.family import PromptCache
from captionjudge.project import Project
from captionjudge.reporting.card.cost import cost
from captionjudge.review.results.overview import read_overview
from captionjudge.running.ahead import kept
from captionjudge.running.runner import Summary
from captionjudge.store import calls
from captionjudge.store.records import Call

IMAGES = 4
SLOTS = 3
CONFIG = """
[[candidates]]
name = "Terse"
model = "chat/a"
[[candidates]]
name = "Detailed"
model = "chat/b"
[judge]
models = ["{judge}"]
{more}
[providers.chat]
base_url = "{url}/v1"
concurrency = {slots}
prompt_cache = "{use}"
[providers.claude]
kind = "anthropic"
base_url = "{url}"
concurrency = {slots}
[prices."{judge}"]
input = 1.0
output = 0.0
cached_input = 0.1
cache_write = 1.25
"""


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        running.cache = PrefixCache(least=256)
        running.rule = different
        yield running


def different(seen: Seen) -> Step | None:
    """Every candidate has words of its own; a judge takes longer than two requests are apart."""
    model = seen.json["model"]
    return says(f"What {model} sees.") if model in ("a", "b") else ok(delay=0.05)


def run(
    folder: Path,
    server: ScriptedServer,
    judge: str,
    use: str = "auto",
    more: str = "",
    images: int = IMAGES,
) -> tuple[Summary, list[list[Call]]]:
    """A run over as many images; the calls to the judge about each, in the order in which they were made."""
    (folder / "images").mkdir()
    for index in range(images):
        # None is black: that one's file is smaller than what a second order must read more than a first.
        Image.new("RGB", (1000, 768), (20 + 20 * index, 0, 0)).save(folder / "images" / f"{index}.png")
    write_template(folder / "p", "default")
    text = CONFIG.format(judge=judge, url=server.url, slots=SLOTS, use=use, more=more)
    (folder / "p" / "captionjudge.toml").write_text(text)
    with Project.open(folder / "p") as project:
        project.import_images(folder / "images")
        summary = project.run()
        with project.setup.database.read() as connection:
            made = [calls.of_item(connection, image.id) for image in project.images()]
    return summary, [sorted((c for c in each if c.purpose == "judge"), key=lambda c: c.id) for each in made]


def judged(server: ScriptedServer, judge: str) -> list[Any]:
    return [seen.json for seen in server.seen if seen.json["model"] == judge.partition("/")[2]]


@pytest.mark.parametrize(
    "judge", ["chat/gpt-5.4", "chat/gpt-5.6-sol", "claude/claude-opus-5-5", "chat/claude-sonnet-5"]
)
def test_every_second_order_reads_from_the_cache_what_the_first_put_there(
    tmp_path: Path, server: ScriptedServer, judge: str
) -> None:
    summary, about = run(tmp_path, server, judge)

    assert summary.progress.finished == IMAGES
    assert [[call.slots for call in each] for each in about] == [["ab", "ba"]] * IMAGES
    assert all(second.cached_tokens > first.cached_tokens + 1000 for first, second in about)
    assert all(second.written_tokens == 0 for _, second in about)
    assert len(judged(server, judge)) == 2 * IMAGES
    for first, second in about:
        fresh = first.prompt_tokens - first.cached_tokens - first.written_tokens
        cost = fresh + 0.1 * first.cached_tokens + 1.25 * first.written_tokens
        assert first.cost == pytest.approx(cost / 1e6)
        assert second.cost is not None
        assert second.cost < (first.cost or 0)


def test_with_more_samples_only_the_first_call_about_an_image_goes_alone(
    tmp_path: Path, server: ScriptedServer
) -> None:
    server.together["gpt-5.4"] = 1
    _, [made] = run(tmp_path, server, "chat/gpt-5.4", more="samples = 2", images=1)
    assert len(made) == 4
    assert [call.cached_tokens > 1000 for call in made] == [False, True, True, True]


def test_the_share_of_tokens_from_the_cache_is_on_the_judge_card_and_the_results_page(
    tmp_path: Path, server: ScriptedServer
) -> None:
    _, [made] = run(tmp_path, server, "chat/gpt-5.4", images=1)
    share = sum(call.cached_tokens for call in made) / sum(call.prompt_tokens for call in made)
    assert share > 0.1
    with Project.open(tmp_path / "p") as project:
        [part] = cost(project.report()).parts
        with project.setup.database.read() as connection:
            usage = read_overview(project.setup, connection).usage
    for sheet, column in ((part.sheet, "of those in, from the cache"), (usage, "share cached")):
        rows = [dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows]
        [judge] = [row[column] for row in rows if row["purpose"].value == "judge"]
        assert judge.value == pytest.approx(share)
        assert judge.written == f"{share:.1%}"


@pytest.mark.parametrize("use", ["auto", "off"])
def test_all_slots_are_filled_whether_or_not_the_second_order_waits(
    tmp_path: Path, server: ScriptedServer, use: str
) -> None:
    # None of the judge's calls is answered before so many are there at once.
    server.together["gpt-5.4"] = SLOTS
    summary, _ = run(tmp_path, server, "chat/gpt-5.4", use)
    assert summary.progress.finished == IMAGES
    assert summary.progress.failed_calls == 0
    assert not server.together


@pytest.mark.parametrize(
    ("judge", "use"),
    [("chat/gpt-5.4", "off"), ("chat/qwen3-vl", "auto")],
    ids=["switched off", "no cache is known"],
)
def test_both_orders_go_at_once_where_nothing_is_saved(
    tmp_path: Path, server: ScriptedServer, judge: str, use: str
) -> None:
    server.together[judge.partition("/")[2]] = 2
    summary, [made] = run(tmp_path, server, judge, use, images=1)
    assert (summary.progress.finished, summary.progress.failed_calls, len(made)) == (1, 0, 2)
    assert all("prompt_cache_key" not in body for body in judged(server, judge))


def test_a_server_that_is_said_to_keep_prompts_is_asked_in_turn(tmp_path: Path, server: ScriptedServer) -> None:
    _, about = run(tmp_path, server, "chat/qwen3-vl", "on", images=2)
    assert all(second.cached_tokens > 1000 for _, second in about)


def test_what_both_orders_begin_with_is_the_same_to_the_byte(tmp_path: Path, server: ScriptedServer) -> None:
    run(tmp_path, server, "chat/gpt-5.6-sol", images=1)
    one, two = (seen.body for seen in server.seen if seen.json["model"] == "gpt-5.6-sol")
    mark = b'"prompt_cache_breakpoint":{"mode":"explicit"}'
    end = one.rindex(mark) + len(mark)
    assert one[:end] == two[:end]
    assert b'"image_url"' in one[:end]
    assert one != two


def test_what_is_much_too_short_to_be_kept_is_not_waited_for() -> None:
    cache = PromptCache(1024)
    assert [kept(tokens, cache) for tokens in (700, 800, 5000)] == [False, True, True]
    assert not kept(5000, None)
