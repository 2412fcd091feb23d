"""The page for Prometheus says what the store says, to whom it is for."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.datastructures import Headers
from starlette.testclient import TestClient
from tests.review.shop import ORIGIN, Shop, Told, open_shop

from captionjudge.cli.app import app as command_line
from captionjudge.cli.app import run as run_command
from captionjudge.identity import new_id, now_ms
from captionjudge.reporting.exposition import CONTENT_TYPE, exposition
from captionjudge.review.app import create_app
from captionjudge.review.metrics import TOKEN, may_read
from captionjudge.store import calls, tasks
from captionjudge.store.batch import Batch
from captionjudge.store.records import Call, Item, Task

SECRET = "a-long-and-random-token"
HOSTILE = 'say "7\\ up"\nTerse'
Families = dict[str, dict[tuple[tuple[str, str], ...], float]]


def call_of(shop: Shop, **more: Any) -> Call:
    about: dict[str, Any] = {
        "id": new_id(),
        "project_id": shop.setup.project_id,
        "item_id": shop.images[0],
        "purpose": "describe",
        "role": "Terse",
        "model": "local/a",
        "slots": None,
        "sample": 0,
        "attempt": 1,
        "request_digest": new_id(),
        "instructions_digest": "",
        "prompt_digest": "",
        "finish_reason": "stop",
        "prompt_tokens": 1000,
        "completion_tokens": 20,
        "cached_tokens": 512,
        "cost": 0.0125,
        "latency_ms": 40,
        "response": "Words.",
        "logprobs": None,
        "failure": None,
        "detail": None,
        "created_at": now_ms(),
    }
    return Call(**about | more)


def fill(shop: Shop, batch: Batch) -> None:
    for made in (
        call_of(shop),
        call_of(shop, cost=None),
        call_of(
            shop, failure="rate_limit", response=None, prompt_tokens=0, completion_tokens=0, cached_tokens=0, cost=0.0
        ),
        call_of(shop, purpose="judge", role=HOSTILE, model="local/j", cost=1 / 3),
    ):
        for digest in (made.instructions_digest, made.prompt_digest):
            batch.add_document(digest, "prompt", "")
        calls.record(batch, made)
    image = Item(new_id(), shop.setup.project_id, "image", "x.png", new_id(), "0" * 64, "image/png", now_ms(), 8, 8)
    task = Task(new_id(), shop.setup.project_id, image.id, "Describe", now_ms(), owner="me", until=now_ms() + 60_000)
    batch.add(image)
    batch.add(task)
    tasks.fail(batch, task, "me", "overloaded", "too busy")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A project with calls of all kinds, a failed image, and cases in several states."""

    def told(number: int) -> Told:
        return Told({"Terse": f"Words {number}", "Detailed": f"More words {number}"}, "AB"[number % 2])  # type: ignore[arg-type]

    shop = open_shop(tmp_path_factory.mktemp("metrics") / "p", images=3, told=told)
    person = shop.person()
    shop.show(person, shop.images[0])
    shop.vote(person, shop.images[0])
    shop.setup.database.write(lambda batch: fill(shop, batch))
    yield shop
    shop.close()


def parsed(text: str) -> Families:
    return {
        family.name: {tuple(sorted(sample.labels.items())): sample.value for sample in family.samples}
        for family in text_string_to_metric_families(text)
    }


def key(**labels: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))


Get = Callable[..., Any]


@pytest.fixture
def get(filled: Shop, monkeypatch: pytest.MonkeyPatch) -> Get:
    """Asks for the page from an address, with headers."""
    monkeypatch.delenv(TOKEN, raising=False)
    made: Any = create_app(filled.setup, filled.folder)

    def ask(client: str = "127.0.0.1", **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        http: AbstractContextManager[TestClient] = TestClient(made, base_url=ORIGIN, client=(client, 50000))
        with http as opened:
            return opened.get("/metrics", headers=named)

    return ask


def test_the_page_says_what_status_says(filled: Shop, get: Get, capsys: pytest.CaptureFixture[str]) -> None:
    answer = get()
    assert answer.status_code == 200
    assert answer.headers["content-type"] == CONTENT_TYPE
    found, project = parsed(answer.text), filled.setup.project_id

    assert run_command(command_line, ["status", str(filled.folder), "--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert len(status["usage"]) == 2
    assert found["captionjudge_images"] == {
        key(project=project, stage=each["stage"], state=each["state"]): each["tasks"] for each in status["stages"]
    }
    assert found["captionjudge_failed_images"] == {
        key(project=project, stage=each["stage"], reason=each["reason"]): each["tasks"] for each in status["failures"]
    }
    for family, field in (
        ("calls", "calls"),
        ("failed_calls", "failures"),
        ("unpriced_calls", "unpriced"),
        ("input_tokens", "prompt_tokens"),
        ("cached_input_tokens", "cached_tokens"),
        ("cache_written_input_tokens", "written_tokens"),
        ("output_tokens", "completion_tokens"),
        ("cost_usd", "cost"),
    ):
        assert found[f"captionjudge_{family}"] == {
            key(project=project, purpose=each["purpose"], role=each["role"], model=each["model"]): each[field]
            for each in status["usage"]
        }, family
    assert sum(found["captionjudge_cost_usd"].values()) == pytest.approx(status["cost_usd"])


def test_review_cases_are_counted_by_state(filled: Shop) -> None:
    found = parsed(exposition(filled.setup))["captionjudge_review_cases"]
    states = Counter[str]()
    for labels, cases in found.items():
        states[dict(labels)["state"]] += int(cases)
    assert states == {"open": 2, "settled": 1}


def test_every_metric_is_typed_and_counters_are_named_as_such(filled: Shop) -> None:
    families = list(text_string_to_metric_families(exposition(filled.setup)))
    assert {family.type for family in families} == {"gauge", "counter"}
    assert all(family.documentation for family in families)
    for family in families:
        named = [sample.name.endswith("_total") for sample in family.samples]
        assert named == [family.type == "counter"] * len(named)


def test_every_metric_is_documented(filled: Shop) -> None:
    page = (
        (Path(__file__).parents[2] / "docs" / "observability.md").read_text().partition("### Prometheus and Grafana")[0]
    )
    named = {name.removesuffix("_total") for name in re.findall(r"`(captionjudge_\w+)`", page)}
    assert named == parsed(exposition(filled.setup)).keys()


def test_names_with_quotes_backslashes_and_line_breaks_come_back_whole(filled: Shop) -> None:
    found = parsed(exposition(filled.setup))["captionjudge_calls"]
    assert HOSTILE in {dict(labels)["role"] for labels in found}


def test_what_judges_and_people_chose_is_not_on_the_page(filled: Shop) -> None:
    text = exposition(filled.setup)
    labels = {name for family in parsed(text).values() for sample in family for name, _ in sample}
    assert labels == {"project", "title", "stage", "state", "reason", "purpose", "role", "model", "audit"}
    assert "outcome" not in text


@pytest.mark.parametrize("client", ["127.0.0.1", "127.8.8.8", "::1"])
def test_without_a_token_this_machine_may_read(get: Get, client: str) -> None:
    assert get(client).status_code == 200


@pytest.mark.parametrize("client", ["192.0.2.7", "10.0.0.1", "2001:db8::1", "localhost", ""])
def test_without_a_token_no_other_machine_may(get: Get, client: str) -> None:
    answer = get(client)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert "captionjudge_" not in answer.text


@pytest.mark.parametrize(
    "header", ["forwarded", "via", "x_forwarded_for", "X_Forwarded_Proto", "x_forwarded_host", "x_real_ip"]
)
def test_what_a_proxy_passes_on_is_not_from_this_machine(get: Get, header: str) -> None:
    assert get(**{header: "127.0.0.1"}).status_code == 401


def test_with_a_token_only_the_token_counts(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, SECRET)
    for client in ("127.0.0.1", "192.0.2.7"):
        assert get(client, authorization=f"Bearer {SECRET}").status_code == 200
        assert get(client, authorization=f"bearer {SECRET}", x_forwarded_for="192.0.2.7").status_code == 200
        assert get(client).status_code == 401
        for wrong in (f"Bearer {SECRET}x", f"Bearer {SECRET[:-1]}", "Bearer ", f"Basic {SECRET}", SECRET, "Bearer é"):
            answer = get(client, authorization=wrong.encode("latin-1"))
            assert answer.status_code == 401
            assert SECRET not in answer.text


def test_an_empty_token_is_no_token() -> None:
    assert not may_read("192.0.2.7", Headers({"authorization": "Bearer "}), "")
    assert may_read("127.0.0.1", Headers({}), "")


def test_a_client_without_an_address_may_not_read() -> None:
    assert not may_read(None, Headers({}), None)


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [("sec_fetch_site", "cross-site", 403), ("host", "rebound.example", 421)],
    ids=["a page of another site", "a name that points here"],
)
def test_the_gate_stands_before_the_page(get: Get, header: str, value: str, status: int) -> None:
    assert get(**{header: value}).status_code == status


def test_other_methods_are_refused(filled: Shop) -> None:
    client = filled.client()
    assert client.post("/metrics").status_code == 405


def test_the_page_is_served_beside_the_protocol(filled: Shop) -> None:
    from captionjudge.encord.app import app_of, with_pages
    from captionjudge.encord.host import open_host

    both: Any = with_pages(app_of(open_host(filled.setup)), create_app(filled.setup, filled.folder))
    with TestClient(both, base_url=ORIGIN, client=("127.0.0.1", 1)) as client:
        assert "captionjudge_images" in client.get("/metrics").text


def test_a_new_project_has_a_page_too(tmp_path: Path) -> None:
    shop = open_shop(tmp_path / "p")
    assert parsed(exposition(shop.setup))["captionjudge_project_info"] == {
        key(project=shop.setup.project_id, title=shop.setup.config.title): 1
    }
    shop.close()
