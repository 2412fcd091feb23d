"""What active checks of the judges found, from the store alone."""

from typing import Any

from captionjudge.auditing.effect import Effect, Unit, effects
from captionjudge.auditing.form import Forms
from captionjudge.reporting.figures.plain import plain
from captionjudge.running.setup import Setup
from captionjudge.store import items, probes

EXAMPLES = 20
"""Of what speaks against a judge, so many questions are listed."""


def active_checks(setup: Setup) -> list[dict[str, Any]]:
    """Every effect that was measured by `audit`, by judge, probe and kind; see docs/audit.md for the keys.

    Only answers to the form of today count: the prompt, ontology and sampling that the judges are asked with now.
    """
    with setup.database.read() as connection:
        if not probes.any_asked(connection, setup.project_id):
            return []
        digest = Forms(setup.config, setup.roles, {}).digest
        found = effects(probes.of_form(connection, setup.project_id, digest))
        listed = sorted({unit.row.item_id for each in found for unit in each.against[:EXAMPLES]})
        titles = {item_id: item.title for item_id, item in items.by_ids(connection, listed).items()}
    return [_check(each, titles) for each in found]


def _check(effect: Effect, titles: dict[str, str]) -> dict[str, Any]:
    return {
        "probe": effect.probe,
        "kind": effect.kind,
        "judge": effect.judge,
        "statistic": plain(effect.statistic),
        "baseline": effect.baseline,
        "threshold": effect.threshold,
        "should": effect.should,
        "status": effect.status,
        "against": len(effect.against),
        "items": [_item(unit, titles) for unit in effect.against[:EXAMPLES]],
    }


def _item(unit: Unit, titles: dict[str, str]) -> dict[str, Any]:
    row, control = unit.row, unit.control
    return {
        "item": row.item_id,
        "image": titles.get(row.item_id, ""),
        "kind": row.kind,
        "value": unit.value,
        "order": row.slots,
        "a": row.a_text,
        "b": row.b_text,
        "target": row.target,
        "choice": row.choice,
        "compared_with": None if control is row else control.choice,
        "call": row.call_id,
    }
