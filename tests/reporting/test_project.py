"""The report of a project has every figure that its judgments allow."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from tests.review.judged_store import A, B, Judged, judged_project

from captionjudge.cli.app import app, run
from captionjudge.exchange.judgments import criteria_scales
from captionjudge.identity import new_id, now_ms
from captionjudge.store.records import Outcome, Verdict

OUTCOMES: tuple[Outcome, ...] = ("A", "B", "A", "B", "tie", "unstable")


@dataclass(frozen=True)
class Scored(Judged):
    """A project whose judge answers every scale, mostly in favour of what it chooses."""

    def _verdict(self, batch: Any, image: str, texts: Any, slots: Any, choice: Any, *more: Any) -> None:
        rng = np.random.default_rng(int(image.replace("-", "")[-6:], 16))
        criteria = {
            title: {
                side: labels[min(len(labels) - 1, int(rng.integers(0, 2)) + (side == choice))] for side in ("a", "b")
            }
            for title, labels in criteria_scales(self.setup.roles).items()
        }
        batch.add(
            Verdict(
                id=new_id(),
                project_id=self.setup.project_id,
                item_id=image,
                a_item=texts[0].id,
                b_item=texts[1].id,
                a=A,
                b=B,
                judge="local/judge",
                slots=slots,
                ontology_digest=self.setup.ontology_digest,
                created_at=now_ms(),
                choice=choice,
                probability=0.8 if choice else None,
                criteria=criteria,
            )
        )


@pytest.fixture(scope="module")
def statistics(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("project") / "p"
    with judged_project(folder) as made:
        project = Scored(made.folder, made.setup)
        ann, ben = project.person("Ann"), project.person("Ben")
        for k in range(36):
            image = project.image(OUTCOMES[k % 6], audit=k % 2 == 0)
            if k % 3:
                project.choose(ann, image, A if k % 6 in (0, 2, 4) else B)
            if k % 4 == 1:
                project.choose(ben, image, B)
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.echo", lambda text="", **_: said.append(str(text)))
        assert run(app, ["report", str(folder), "--json"]) == 0
    found: dict[str, Any] = json.loads("\n".join(said))["statistics"]
    return found


def test_criteria_on_the_projects_scales_have_weights_and_halo(statistics: dict[str, Any]) -> None:
    criteria = statistics["judges"][0]["criteria"]
    assert len(criteria["each"]) >= 2
    assert {each["criterion"] for each in criteria["each"]} <= {each["criterion"] for each in statistics["scores"]}
    weighed = [each["weight"] for each in criteria["each"] if each["weight"]["value"] is not None]
    assert len(weighed) >= 2
    assert all(weight["low"] < weight["value"] < weight["high"] for weight in weighed)
    assert criteria["halo"]["value"] is not None
    assert criteria["contradictions"]["n"] > 0
    assert {each["kind"] for each in statistics["judges"][0]["answers"]} == {"scale"}


def test_only_the_audit_slice_feeds_the_estimate(statistics: dict[str, Any]) -> None:
    [comparison] = statistics["comparisons"]
    estimation = comparison["estimation"]
    assert estimation["sample"] == "the random audit slice alone"
    assert estimation["human_only"]["n"] == statistics["audit"]["reviewed"] == 12
    assert estimation["combined"]["value"] is not None
    assert statistics["audit"]["pairs"] == 18


def test_judge_and_people_are_measured_against_each_other(statistics: dict[str, Any]) -> None:
    judge = statistics["judges"][0]
    assert judge["flips"]["always_first"] + judge["flips"]["always_second"] == 6
    assert judge["people"]["accuracy"]["n"] > 0
    assert statistics["people"]["annotators"] == ["Ann", "Ben"]
