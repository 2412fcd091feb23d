"""What is refused before any page, and what goes out with every answer."""

import importlib
import io
import pkgutil
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import anyio
import pytest
from PIL import Image
from tests.review.shop import Browser, Shop, add_images, vote_of

import captionjudge.review
from captionjudge.identity import new_id, now_ms
from captionjudge.images import digest as content_digest
from captionjudge.review.app import create_app
from captionjudge.review.gate import LARGEST_BODY, LOOPBACK, POLICY
from captionjudge.store import items, projects, reviewers
from captionjudge.store.records import Item, Task

Make = Callable[..., Shop]
Headers = list[tuple[bytes, bytes]]

HOST = (b"host", b"127.0.0.1:8756")
FIXED = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def asked(
    app: Any,
    path: str = "/static/x/page.css",
    method: str = "GET",
    headers: Sequence[tuple[bytes, bytes]] = (),
    body: Sequence[bytes] = (),
) -> tuple[int, dict[str, str], bytes]:
    """What the application answers to a request that no ordinary client would send."""
    sent: list[dict[str, Any]] = []

    async def chunks() -> AsyncIterator[dict[str, Any]]:
        for index, chunk in enumerate(body or (b"",)):
            yield {"type": "http.request", "body": chunk, "more_body": index < len(body) - 1}
        while True:
            yield {"type": "http.disconnect"}

    async def ask() -> None:
        stream = chunks()
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": list(headers),
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8756),
        }  # fmt: skip

        async def send(message: Any) -> None:
            sent.append(message)

        await app(scope, stream.__anext__, send)

    anyio.run(ask)
    start = sent[0]
    found = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    return start["status"], found, b"".join(message.get("body", b"") for message in sent[1:])


@pytest.fixture
def app(shop: Shop) -> Any:
    return create_app(shop.setup, shop.folder, {*LOOPBACK, "judge.example"})


@pytest.fixture
def signed_in(shop: Shop, app: Any) -> Headers:
    """The headers of a signed-in browser."""
    ann = shop.person()
    token = shop.setup.database.write(lambda batch: reviewers.issue(batch, ann.id, "session", 60_000))
    return [HOST, (b"cookie", f"{app._app.state.site.cookie}={token}".encode())]


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:8756", "localhost", "LOCALHOST:1", "[::1]", "[::1]:80", "judge.example", "Judge.example"],
)  # fmt: skip
def test_names_of_this_machine_and_those_given_are_answered(app: Any, host: str) -> None:
    assert asked(app, headers=[(b"host", host.encode())])[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        "", " ", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example:127.0.0.1",
        "localhost.", "127.0.0.1:x", "127.0.0.1:80:80", "::1", "[::1", "[::2]", "127.1", "2130706433", "0.0.0.0",
        "127.0.0.1@evil.example", "evil.example@127.0.0.1", "http://127.0.0.1", "127.0.0.1, evil.example",
        "127.0.0.1\t", "judge.example.", "xjudge.example", "127.0.0.1:²",
    ],
)  # fmt: skip
def test_any_other_name_is_not_answered(app: Any, host: str) -> None:
    status, headers, body = asked(app, headers=[(b"host", host.encode("latin-1"))])
    assert status == 421
    assert b"project" not in body
    assert FIXED.items() <= headers.items()


def test_a_request_without_a_host_is_not_answered(app: Any) -> None:
    assert asked(app)[0] == 421


@pytest.mark.parametrize("name", [b"host", b"origin", b"sec-fetch-site", b"content-length"])
def test_a_header_that_comes_twice_and_differs_is_refused(app: Any, name: bytes) -> None:
    first = {b"host": b"127.0.0.1", b"content-length": b"0", b"origin": b"http://127.0.0.1"}.get(name, b"none")
    twice = [(name, first), (name, b"evil.example")]
    assert asked(app, headers=[*([HOST] if name != b"host" else []), *twice])[0] == 400


OWN = "http://127.0.0.1:8756"
POSTS: list[tuple[str | None, str | None, bool]] = [
    ("same-origin", OWN, True),
    ("same-origin", None, True),
    ("none", None, True),
    (None, OWN, True),
    (None, OWN.upper(), True),
    (None, "https://127.0.0.1:8756", True),
    (None, None, True),
    ("same-site", "http://127.0.0.1:9999", False),
    ("same-site", OWN, False),
    ("cross-site", OWN, False),
    ("cross-site", "http://evil.example", False),
    ("", OWN, False),
    ("Same-Origin ", OWN, False),
    ("whatever", OWN, False),
    (None, "http://evil.example", False),
    (None, "http://127.0.0.1", False),
    (None, "http://127.0.0.1:9999", False),
    (None, "http://localhost:8756", False),
    (None, "null", False),
    (None, "", False),
    (None, "http://[", False),
    (None, f"{OWN}.evil.example", False),
    (None, "http://evil.example/127.0.0.1:8756", False),
    (None, "ftp://127.0.0.1:8756", False),
]


@pytest.mark.parametrize(("site", "origin", "taken"), POSTS)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_only_a_page_of_ours_or_none_at_all_changes_anything(
    app: Any, method: str, site: str | None, origin: str | None, taken: bool
) -> None:
    headers = [HOST]
    headers += [(b"sec-fetch-site", site.encode())] if site is not None else []
    headers += [(b"origin", origin.encode())] if origin is not None else []
    status, _, _ = asked(app, "/sign-out", method, headers)
    assert status == (403 if not taken else 401 if method == "POST" else 405)


@pytest.mark.parametrize(
    ("site", "mode", "dest", "status"),
    [
        ("cross-site", "navigate", "document", 200),
        ("same-site", "navigate", "document", 200),
        ("same-origin", "no-cors", "style", 200),
        ("none", "navigate", "document", 200),
        ("cross-site", "no-cors", "image", 403),
        ("same-site", "no-cors", "image", 403),
        ("cross-site", "cors", "empty", 403),
        ("cross-site", "navigate", "iframe", 403),
        ("cross-site", "websocket", "empty", 403),
    ],
)
def test_another_site_may_link_here_and_load_nothing(app: Any, site: str, mode: str, dest: str, status: int) -> None:
    fetch = {"site": site, "mode": mode, "dest": dest}
    headers = [HOST, *((f"sec-fetch-{name}".encode(), value.encode()) for name, value in fetch.items())]
    assert asked(app, headers=headers)[0] == status


@pytest.mark.parametrize("length", [str(LARGEST_BODY + 1), "9" * 30, "9" * 5000, "-1", "1e3", "abc", "", "²"])
def test_a_body_that_says_it_is_too_long_or_says_nonsense_is_not_read(app: Any, length: str) -> None:
    headers = [HOST, (b"content-length", length.encode("latin-1"))]
    assert asked(app, "/preferences", "POST", headers, [b"x"])[0] == 413


@pytest.mark.parametrize("claimed", [None, b"10"])
def test_a_body_that_goes_on_for_longer_than_is_taken_is_cut_off(
    app: Any, signed_in: Headers, claimed: bytes | None
) -> None:
    headers = [*signed_in, (b"content-type", b"application/x-www-form-urlencoded")]
    headers += [(b"content-length", claimed)] if claimed else []
    status, answered, _ = asked(app, "/preferences", "POST", headers, [b"&theme=" + b"x" * 900_000] * 5)
    assert status == 413
    assert FIXED.items() <= answered.items()


def test_a_body_within_bounds_is_taken_in_pieces(shop: Shop, app: Any, signed_in: Headers) -> None:
    headers = [*signed_in, (b"content-type", b"application/x-www-form-urlencoded")]
    assert asked(app, "/preferences", "POST", headers, [b"the", b"me=da", b"rk"])[0] == 303
    assert shop.person().settings["theme"] == "dark"


def test_a_web_socket_is_closed(app: Any) -> None:
    sent = []

    async def ask() -> None:
        async def receive() -> dict[str, str]:
            return {"type": "websocket.connect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message["type"])

        await app({"type": "websocket", "path": "/", "headers": [HOST]}, receive, send)

    anyio.run(ask)
    assert sent == ["websocket.close"]


def every_kind(shop: Shop, ann: Browser) -> dict[str, Any]:
    """One answer of every kind."""
    with shop.setup.database.read() as connection:
        image = items.get(connection, shop.images[0])
    assert image is not None
    desk = f"/desk/{image.id}"
    unknown = {"choice": "7", "vote": vote_of(ann.get(desk).text)}
    stranger = shop.client()
    return {
        "page": ann.get(desk),
        "list": ann.get("/queue"),
        "news": ann.get("/live"),
        "settings": ann.get("/preferences"),
        "static": ann.get(re.findall(r'href="(/static/[^"]+)"', ann.get(desk).text)[0]),
        "image": ann.get(f"/images/{image.digest}"),
        "whole image": ann.get(f"/images/{image.digest}?size=full"),
        "redirect": ann.get("/desk", follow_redirects=False),
        "not found": ann.get("/nowhere"),
        "no such image": ann.get("/images/0"),
        "no such page": ann.get("/desk/0"),
        "malformed": ann.get(f"/images/{image.digest}?size=huge"),
        "wrong method": ann.http.put(desk),
        "refused": ann.post(f"{desk}/choice", unknown),
        "signed out": stranger.get(desk),
        "used link": stranger.get("/start/used"),
        "other site": ann.post("/sign-out", headers={"sec-fetch-site": "cross-site"}),
    }


STATUS = {"redirect": 303, "not found": 404, "no such image": 404, "no such page": 404, "malformed": 422,
          "wrong method": 405, "refused": 409, "signed out": 401, "used link": 403, "other site": 403}  # fmt: skip


def test_the_safe_headers_go_out_with_every_kind_of_answer(shop: Shop) -> None:
    for kind, answer in every_kind(shop, shop.browser()).items():
        assert answer.status_code == STATUS.get(kind, 200), kind
        assert FIXED.items() <= dict(answer.headers).items(), kind
        assert "server" not in answer.headers, kind


def test_nothing_is_kept_by_a_browser_but_static_files_and_images(shop: Shop) -> None:
    for kind, answer in every_kind(shop, shop.browser()).items():
        kept = {"static": "public", "image": "private", "whole image": "private"}.get(kind)
        expected = f"{kept}, max-age=31536000, immutable" if kept else "no-store"
        assert answer.headers["cache-control"] == expected, kind


def test_a_fault_of_ours_is_told_without_what_it_was(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = shop.browser()

    def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("captionjudge.store.cases.page", fail)
    answer = browser.get("/queue")
    assert answer.status_code == 500
    assert FIXED.items() <= dict(answer.headers).items()
    assert answer.headers["cache-control"] == "no-store"
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text


def test_a_static_file_under_an_old_address_is_given_but_not_kept(shop: Shop) -> None:
    answer = shop.client().get("/static/0123456789ab/page.css")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")


@pytest.mark.parametrize(
    "name", ["../app.py", "..%2fapp.py", "%2e%2e/app.py", "NOTICE", ".", "page.css/", "page.css%00"]
)
def test_only_static_files_are_static_files(shop: Shop, name: str) -> None:
    assert shop.client().get(f"/static/x/{name}", follow_redirects=False).status_code in (404, 307)


def cookie_of(shop: Shop, **link: Any) -> str:
    ann = shop.person()
    token = shop.setup.database.write(lambda batch: reviewers.issue(batch, ann.id, "link", 60_000))
    answer = shop.client().get(f"/start/{token}", follow_redirects=False, **link)
    assert answer.headers["location"] == "/"
    return str(answer.headers["set-cookie"])


def test_the_cookie_is_for_this_server_alone_and_for_no_script(shop: Shop) -> None:
    name, _, rest = cookie_of(shop).partition("=")
    assert name == f"captionjudge-{shop.setup.project_id.replace('-', '')[-12:]}"
    attributes = {part.strip().lower() for part in rest.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/", "max-age=2592000"} <= attributes
    assert not any(part.startswith("domain") for part in attributes)


def test_the_cookie_says_nothing_about_the_person(shop: Shop) -> None:
    assert re.fullmatch(r"[\w-]{43}", cookie_of(shop).partition("=")[2].partition(";")[0])


def routes() -> Iterator[tuple[str, str]]:
    for module in pkgutil.iter_modules(captionjudge.review.__path__, "captionjudge.review."):
        router = getattr(importlib.import_module(module.name), "router", None)
        for route in router.routes if router else []:
            for method in route.methods - {"HEAD"}:
                yield method, route.path


OPEN = {"/static/{version}/{name}", "/start/{token}", "/", "/metrics"}


def test_without_signing_in_there_is_no_page_at_all(shop: Shop, app: Any) -> None:
    known = {"item_id": shop.images[0], "way": "next", "digest": "0", "version": "x", "name": "page.css", "token": "x"}
    closed = [(method, path) for method, path in routes() if path not in OPEN]
    assert len(closed) > 10
    for method, path in closed:
        filled = re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], "x"), path)
        status, headers, body = asked(app, filled, method, [HOST])
        assert (status, headers["cache-control"]) == (401, "no-store"), (method, path)
        assert b"photo-" not in body
        assert b"Words" not in body


@pytest.mark.parametrize("cookie", ["", "x", "x" * 5000, "é".encode().decode("latin-1"), '"; DROP TABLE pass; --'])
def test_a_made_up_cookie_signs_nobody_in(app: Any, cookie: str) -> None:
    name = app._app.state.site.cookie
    assert asked(app, "/desk", headers=[HOST, (b"cookie", f"{name}={cookie}".encode("latin-1"))])[0] == 401


def test_who_is_revoked_sees_nothing_from_the_next_request_on(shop: Shop) -> None:
    browser = shop.browser()
    shop.setup.database.write(lambda batch: reviewers.revoke(batch, shop.setup.project_id, "ann"))
    assert browser.get("/desk").status_code == 401


def test_who_signs_out_is_signed_out_here_and_there(shop: Shop) -> None:
    browser = shop.browser()
    elsewhere = shop.client()
    elsewhere.cookies.update(browser.http.cookies)
    assert elsewhere.get("/desk").status_code == 200
    browser.post("/sign-out")
    assert browser.get("/desk").status_code == 401
    assert elsewhere.get("/desk").status_code == 401


HOSTILE_FILES = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "html": b"<!doctype html><script>alert(1)</script>",
    "html that begins like a GIF": b"GIF89a<script>alert(1)</script>",
    "nothing": b"",
    "pdf": b"%PDF-1.7",
}


@pytest.mark.parametrize("kind", HOSTILE_FILES)
@pytest.mark.parametrize("size", ["screen", "full"])
def test_what_is_no_picture_is_never_sent_as_anything(shop: Shop, kind: str, size: str) -> None:
    data, browser = HOSTILE_FILES[kind], shop.browser()
    add_images(shop.setup, [99], content=lambda number: data)
    answer = browser.get(f"/images/{content_digest(data)}?size={size}")
    assert answer.status_code == 404
    assert b"<svg" not in answer.content
    assert b"alert" not in answer.content


@pytest.mark.parametrize(
    ("form", "screen", "full"),
    [
        ("JPEG", "image/jpeg", "image/jpeg"),
        ("PNG", "image/png", "image/png"),
        ("WEBP", "image/webp", "image/webp"),
        ("GIF", "image/jpeg", "image/gif"),
        ("TIFF", "image/jpeg", "image/jpeg"),
        ("BMP", "image/jpeg", "image/jpeg"),
    ],
)
def test_a_pictures_type_is_what_its_bytes_are_and_one_that_browsers_show(
    shop: Shop, form: str, screen: str, full: str
) -> None:
    out = io.BytesIO()
    Image.new("RGB", (9, 9), "red").save(out, form)
    add_images(shop.setup, [99], content=lambda number: out.getvalue())
    url, browser = f"/images/{content_digest(out.getvalue())}", shop.browser()
    assert browser.get(url).headers["content-type"] == screen
    assert browser.get(f"{url}?size=full").headers["content-type"] == full


def test_only_images_of_this_project_are_given_and_no_texts(shop: Shop) -> None:
    with shop.setup.database.read() as connection:
        image = items.get(connection, shop.images[0])
        assert image is not None
        texts = items.groups(connection, shop.setup.project_id, [image.tag])[image.tag]
    other = b"another project's"
    digest = content_digest(other)
    shop.setup.blobs.put(digest, other)
    elsewhere = shop.setup.database.write(lambda batch: projects.create(batch, "other"))
    foreign = Item(new_id(), elsewhere, "image", "t", new_id(), digest, "image/png", now_ms())
    task = Task(new_id(), elsewhere, foreign.id, "Review", now_ms())
    shop.setup.database.write(lambda batch: items.add_image(batch, foreign, task, None))
    browser = shop.browser()
    for tried in (digest, texts[0].digest, texts[0].id, image.id, "%2e%2e%2fstore.db", "a/../b", "\0", "é"):
        assert browser.get(f"/images/{tried}".replace("\0", "%00")).status_code in (404, 401)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "judge.example"])
def test_to_listen_for_others_must_be_meant(shop: Shop, host: str) -> None:
    command = [sys.executable, "-m", "captionjudge", "review", str(shop.folder), "--no-browser", "--host", host]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "--allow-remote" in done.stderr
    assert "/start/" not in done.stdout
