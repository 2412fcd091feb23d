"""Equal requests have equal digests, and no others do."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.models.requests import COMPARE, PICTURE, VERDICT

from captionjudge.images import EncodedImage
from captionjudge.models.digest import request_digest
from captionjudge.models.model import Params, Request, Schema

BASE = replace(COMPARE, params=Params(0.5, 100, 7, True, {"top_p": 0.9, "a": {"b": 1}}), previous=("x", "y"))

CHANGES: list[dict[str, Any]] = [
    {"instructions": "Be fairer."},
    {"text": "Which?"},
    {"image": None},
    {"image": replace(PICTURE, digest="cd" * 32)},
    {"image": replace(PICTURE, mime="image/jpeg")},
    {"image": replace(PICTURE, width=5)},
    {"image": replace(PICTURE, base64=PICTURE.base64 + b"eHh4")},
    {"schema": None},
    {"schema": Schema("other", VERDICT.json)},
    {"schema": Schema("verdict", b"{}")},
    {"params": replace(BASE.params, temperature=0.6)},
    {"params": replace(BASE.params, temperature=None)},
    {"params": replace(BASE.params, max_tokens=101)},
    {"params": replace(BASE.params, seed=8)},
    {"params": replace(BASE.params, seed=None)},
    {"params": replace(BASE.params, logprobs=False)},
    {"params": replace(BASE.params, extra={})},
    {"params": replace(BASE.params, extra={"top_p": 0.9, "a": {"b": 2}})},
    {"previous": None},
    {"previous": ("xy", "")},
    {"previous": ("y", "x")},
]


def test_a_digest_is_64_hexadecimal_digits() -> None:
    assert len(bytes.fromhex(request_digest("m", BASE))) == 32


@pytest.mark.parametrize("change", CHANGES)
def test_every_part_that_shapes_the_reply_shapes_the_digest(change: dict[str, Any]) -> None:
    assert request_digest("m", replace(BASE, **change)) != request_digest("m", BASE)


def test_the_model_and_the_sample_shape_the_digest() -> None:
    digests = {request_digest(model, BASE, sample) for model in ("m", "n") for sample in (0, 1)}

    assert len(digests) == 4


def test_how_the_parameters_were_written_does_not_matter() -> None:
    again = Params(0.5, 100, 7, True, {"a": {"b": 1}, "top_p": 0.9})
    cold = [replace(BASE, params=Params(temperature=t)) for t in (0, 0.0)]

    assert request_digest("m", replace(BASE, params=again)) == request_digest("m", BASE)
    assert request_digest("m", cold[0]) == request_digest("m", cold[1])


def test_an_equal_request_made_elsewhere_has_the_same_digest() -> None:
    image = EncodedImage.of(PICTURE.digest, PICTURE.mime, bytes(PICTURE.data), PICTURE.width, PICTURE.height)

    assert request_digest("m", replace(BASE, image=image)) == request_digest("m", BASE)


def test_the_digest_of_a_known_request_stays_what_it_was() -> None:
    request = Request("Be exact.", "Describe.", None, COMPARE.subject)

    assert request_digest("openai/m", request) == "62c8e3540dbe05de1304854924576b6e483c732159cc43d2edadc261cd9c38aa"


def test_half_a_character_has_a_digest_too() -> None:
    assert request_digest("m", replace(BASE, text="\ud800")) != request_digest("m", replace(BASE, text="\ud801"))


@given(st.tuples(st.text(), st.text(), st.text()), st.tuples(st.text(), st.text(), st.text()))
def test_texts_that_differ_never_run_together(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    def digest(texts: tuple[str, str, str]) -> str:
        model, instructions, text = texts
        return request_digest(model, replace(BASE, instructions=instructions, text=text))

    assert (digest(one) == digest(other)) == (one == other)
