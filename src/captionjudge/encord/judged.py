"""What a judge's saved labels say about a pair: a choice becomes a verdict, so that reports and reviews know of it."""

from collections.abc import Mapping

from captionjudge.encord.host import Call
from captionjudge.encord.space import Space
from captionjudge.identity import new_id, now_ms
from captionjudge.judging.outcome import merge
from captionjudge.judging.roles import Roles
from captionjudge.judging.settlement import judged_choice
from captionjudge.judging.verdict import person_criteria
from captionjudge.ontology.answer import Answer, RadioAnswer
from captionjudge.running.setup import Setup
from captionjudge.store import cases, items, verdicts
from captionjudge.store.batch import Batch
from captionjudge.store.records import Choice, Item, Pair, Verdict


def verdict_of_save(batch: Batch, space: Space, call: Call, image: Item, given: Mapping[str, Answer]) -> None:
    """Write what the saved answers choose between two candidates, when they choose.

    Nobody was asked in the other order, and there is no probability: what is not known is left out.
    """
    setup = space.setup
    if setup is None or setup.roles.choice is None:
        return
    choice = given.get(setup.roles.choice.feature_hash)
    pairs = setup.config.pairs()
    if not isinstance(choice, RadioAnswer) or len(pairs) != 1:
        return
    a, b = pairs[0]
    chosen = _chosen(setup.roles, choice, a, b)
    texts = items.groups(batch.connection, setup.project_id, [_tag(batch, image)]).get(_tag(batch, image), [])
    latest = {text.author: text for text in texts if text.author_kind != "person"}
    if chosen is None or a not in latest or b not in latest:
        return
    _write(batch, setup, call, image, (latest[a], latest[b]), chosen, person_criteria(setup.roles, a, b, given))


def _write(
    batch: Batch,
    setup: Setup,
    call: Call,
    image: Item,
    texts: tuple[Item, Item],
    chosen: Choice,
    criteria: Mapping[str, object],
) -> None:
    first, second = texts
    known = verdicts.of_item(batch.connection, image.id)
    mine = [each for each in known if each.judge == call.key.name and each.error is None]
    if mine and (mine[-1].choice, mine[-1].a_item, mine[-1].b_item) == (chosen, first.id, second.id):
        return
    a, b = first.author or "", second.author or ""
    made = Verdict(
        id=new_id(),
        project_id=image.project_id,
        item_id=image.id,
        a_item=first.id,
        b_item=second.id,
        a=a,
        b=b,
        judge=call.key.name,
        slots="ab",
        ontology_digest=setup.ontology_digest,
        created_at=now_ms(),
        choice=chosen,
        criteria=dict(criteria),
    )
    batch.add(made)
    of_pair = [each for each in known if (each.a, each.b) == (a, b)]
    merged = merge([*of_pair, made])
    pair = Pair(
        image.id, a, b, image.project_id, merged.outcome, now_ms(), merged.probability, merged.flipped, merged.dissent
    )
    batch.keep_pair(pair)
    if cases.get(batch.connection, image.id) is not None:
        # It is at its review already: a judge that comes late is shown all the same.
        cases.update(batch.connection, image.id, {"judge_choice": judged_choice([pair]), "updated_at": now_ms()})


def _tag(batch: Batch, image: Item) -> str:
    known = items.get(batch.connection, image.id)
    return known.tag if known else image.tag


def _chosen(roles: Roles, choice: RadioAnswer, a: str, b: str) -> Choice | None:
    labels = {option.feature_hash: _plain(option.label) for option in (roles.choice.options if roles.choice else ())}
    label = labels.get(choice.option)
    if label == _plain(a):
        return "a"
    return "b" if label == _plain(b) else None


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
