"""Judgments files made up, and how they go in and out of a project."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from hypothesis import strategies as st

from captionjudge.exchange.imports.fit import fit_of
from captionjudge.exchange.imports.lines import JudgmentImport
from captionjudge.exchange.imports.source import Options, opened
from captionjudge.project import Project

NAMES = ("Ä", "b:c", 'q"uote')
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
JUDGES = st.sampled_from(("gpt", "local/é", "third"))
PEOPLE = st.sampled_from(("Ann", "Ben", "Öz"))
CHOICES = ("a", "b", "tie", "both_bad")


def write(path: Path, lines: Sequence[Mapping[str, Any]]) -> Path:
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    return path


def project_for(file: Path, folder: Path) -> Project:
    """A project that fits a file, without what it holds."""
    with opened(file, [], Options()) as source:
        fit = fit_of(source, file.name)
    return Project.init(folder, "judge-only", fit)


def take(project: Project, file: Path, options: Options | None = None) -> JudgmentImport:
    result = project.import_file(file, options)
    assert isinstance(result, JudgmentImport)
    return result


def exported(project: Project, out: Path) -> bytes:
    project.export_jsonl(out)
    return out.read_bytes()


def answers() -> st.SearchStrategy[Any]:
    label = st.one_of(st.none(), TEXTS, st.integers(0, 9))
    both = st.fixed_dictionaries({"a": label, "b": label})
    side = st.fixed_dictionaries(
        {"choice": st.sampled_from((*CHOICES, None)), "strength": st.sampled_from((1, 2, None))}
    )
    return st.dictionaries(st.sampled_from(("Truth", "Detail", "Tone")), st.one_of(both, side, TEXTS), max_size=2)


def verdict() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"judge": JUDGES},
        optional={
            "order": st.sampled_from(("ab", "ba")),
            "choice": st.sampled_from((*CHOICES, None)),
            "sample": st.integers(0, 3),
            "strength": st.sampled_from((1, 2, None)),
            "probability": st.one_of(st.none(), st.floats(0, 1)),
            "criteria": answers(),
            "reason": st.one_of(st.none(), TEXTS),
            "consistent": st.sampled_from((True, False, None)),
            "error": st.one_of(st.none(), TEXTS),
        },
    )


def final_choice() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"annotator": PEOPLE, "choice": st.sampled_from((*CHOICES, "skip"))},
        optional={
            "strength": st.sampled_from((1, 2, None)),
            "criteria": answers(),
            "seen_judge": st.booleans(),
            "way": st.sampled_from(("blind", "informed", "bulk", "adjudication")),
            "took_ms": st.integers(0, 10**9),
            "revisions": st.integers(2, 5),
        },
    )


def line(image: str, pair: tuple[str, str]) -> st.SearchStrategy[dict[str, Any]]:
    by_whom = lambda said: (said["annotator"], said.get("way") == "adjudication")  # noqa: E731
    return st.fixed_dictionaries(
        {
            "image": st.just(image),
            # The texts follow from the image and the candidate: two lines must not differ in them.
            "a": st.just({"candidate": pair[0], "text": f"{image} by {pair[0]}"}),
            "b": st.just({"candidate": pair[1], "text": None}),
            "verdicts": st.lists(verdict(), max_size=3),
            "final_choices": st.lists(final_choice(), max_size=3, unique_by=by_whom),
        },
        optional={"audit": st.booleans(), "b_length": st.just(float(len(image)))},
    )


@st.composite
def files(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Lines about a few images, at most one for an image and two candidates."""
    pairs = [(NAMES[0], NAMES[1]), (NAMES[0], NAMES[2]), (NAMES[1], NAMES[2])]
    images = draw(st.lists(st.sampled_from(("one.jpg", "zwei/2.png", "https://x/3")), min_size=1, unique=True))
    keys = [(image, pair) for image in images for pair in pairs]
    chosen = draw(st.lists(st.sampled_from(keys), min_size=1, max_size=5, unique=True))
    return [draw(line(image, pair)) for image, pair in chosen]
