import asyncio
import json
import subprocess
import sys

import pytest
from msgspec.structs import replace

from captionjudge.errors import BadRequestError, ConfigError
from captionjudge.images import EncodedImage
from captionjudge.models.embedded import adapter, open_model, packages
from captionjudge.models.embedded.evidence import Evidence
from captionjudge.models.model import Compare, Describe, Request, Rewrite, Subject
from captionjudge.models.provider import Provider

PROVIDER = Provider("embedded", kind="embedded")


def ask(name: str, image: EncodedImage | None, subject: Subject) -> str:
    return asyncio.run(open_model(name, PROVIDER).reply(Request("", "", image, subject))).text


def test_importing_it_imports_nothing_heavy() -> None:
    code = "import sys, captionjudge.models.embedded; sys.exit('numpy' in sys.modules or 'onnxruntime' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_model_goes_by_its_reference() -> None:
    assert open_model("terse", PROVIDER).name == "embedded/terse"


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(ConfigError, match="no embedded model 'gpt'"):
        open_model("gpt", PROVIDER)


def test_missing_packages_are_named_with_the_line_that_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "PACKAGES", ("no_such_package",))
    with pytest.raises(ConfigError, match="no_such_package") as caught:
        open_model("terse", PROVIDER)
    assert caught.value.hint == 'pip install "captionjudge[embedded]"'


@pytest.mark.parametrize("name", ["terse", "detailed", "judge"])
def test_a_cat_is_described_as_one(name: str, cat_image: EncodedImage) -> None:
    assert "cat" in ask(name, cat_image, Describe())


def test_the_candidates_differ(cat_image: EncodedImage) -> None:
    assert ask("terse", cat_image, Describe()) != ask("detailed", cat_image, Describe())


def test_the_word_limit_is_kept(cat_image: EncodedImage) -> None:
    assert len(ask("detailed", cat_image, Describe(word_limit=4)).split()) <= 4


def test_fields_make_an_object_of_them(cat_image: EncodedImage) -> None:
    reply = json.loads(ask("detailed", cat_image, Describe(fields=("title", "description"))))
    assert list(reply) == ["title", "description"]


def test_another_language_is_refused_by_name(cat_image: EncodedImage) -> None:
    with pytest.raises(BadRequestError, match="'German'"):
        ask("terse", cat_image, Describe(language="German"))


def test_a_request_without_an_image_is_refused() -> None:
    with pytest.raises(BadRequestError, match="without an image"):
        ask("terse", None, Describe())


def test_a_judge_compares(cat_image: EncodedImage) -> None:
    assert json.loads(ask("judge", cat_image, Compare("A cat.", "A red bus.")))["choice"] == "1"


def test_a_rewrite_keeps_what_holds(cat_image: EncodedImage) -> None:
    assert (
        ask("judge", cat_image, Rewrite("A cat looks at you. There is a bus.", "A red bus.")) == "A cat looks at you."
    )


def test_requests_at_once_share_one_look(cat_image: EncodedImage, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    real = adapter._look

    def counted(image: EncodedImage) -> Evidence:
        looks.append(image.digest)
        return real(image)

    monkeypatch.setattr(adapter, "_look", counted)
    image = replace(cat_image, digest="another digest")

    async def both() -> None:
        models = [open_model(name, PROVIDER) for name in ("terse", "detailed")]
        await asyncio.gather(*(model.reply(Request("", "", image, Describe())) for model in models))

    asyncio.run(both())
    assert looks == ["another digest"]
