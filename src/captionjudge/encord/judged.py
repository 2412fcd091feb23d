"""What a judge's saved labels say about a pair: a choice becomes a verdict, so that reports and reviews know of it."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

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


def verdicts_of_save(
    batch: Batch, space: Space, call: Call, saved: Sequence[tuple[Item, Mapping[str, Answer]]]
) -> None:
    """Write what the answers that were saved about images choose between two candidates, where they choose.

    Nobody was asked in the other order, and there is no probability: what is not known is left out.
    """
    setup = space.setup
    if setup is None or setup.roles.choice is None or len(setup.config.pairs()) != 1:
        return
    ((a, b),) = setup.config.pairs()
    texts = items.groups(batch.connection, setup.project_id, sorted({image.tag for image, _ in saved}))
    known = verdicts.of_items(batch.connection, [image.id for image, _ in saved])
    come_to: list[Pair] = []
    for image, given in saved:
        latest = {text.author: text for text in texts.get(image.tag, []) if text.author_kind != "person"}
        chosen = _chosen(setup.roles, given.get(setup.roles.choice.feature_hash), a, b)
        if chosen is None or a not in latest or b not in latest:
            continue
        made = _verdict(setup, call, image, (latest[a], latest[b]), chosen)
        made = replace(made, criteria=person_criteria(setup.roles, a, b, given))
        if (pair := _pair(batch, known.get(image.id, []), made)) is not None:
            come_to.append(pair)
    # Those that are at their review already: a judge that comes late is shown all the same.
    cases.judged(batch, {each.item_id: judged_choice([each]) for each in come_to})


def _verdict(setup: Setup, call: Call, image: Item, texts: tuple[Item, Item], chosen: Choice) -> Verdict:
    first, second = texts
    return Verdict(
        id=new_id(),
        project_id=image.project_id,
        item_id=image.id,
        a_item=first.id,
        b_item=second.id,
        a=first.author or "",
        b=second.author or "",
        judge=call.key.name,
        slots="ab",
        ontology_digest=setup.ontology_digest,
        created_at=now_ms(),
        choice=chosen,
    )


def _pair(batch: Batch, known: Sequence[Verdict], made: Verdict) -> Pair | None:
    """Keep a verdict, and what it comes to with those before it, unless the judge said so last time."""
    mine = [each for each in known if each.judge == made.judge and each.error is None]
    if mine and (mine[-1].choice, mine[-1].a_item, mine[-1].b_item) == (made.choice, made.a_item, made.b_item):
        return None
    batch.add(made)
    merged = merge([*(each for each in known if (each.a, each.b) == (made.a, made.b)), made])
    about = (merged.outcome, now_ms(), merged.probability, merged.flipped, merged.dissent)
    pair = Pair(made.item_id, made.a, made.b, made.project_id, *about)
    batch.keep_pair(pair)
    return pair


def _chosen(roles: Roles, choice: Answer | None, a: str, b: str) -> Choice | None:
    if not isinstance(choice, RadioAnswer):
        return None
    labels = {option.feature_hash: plain(option.label) for option in (roles.choice.options if roles.choice else ())}
    label = labels.get(choice.option)
    if label == plain(a):
        return "a"
    return "b" if label == plain(b) else None


def plain(text: str) -> str:
    """A name as it is compared with another: letters and digits, small."""
    return "".join(filter(str.isalnum, text.casefold()))
