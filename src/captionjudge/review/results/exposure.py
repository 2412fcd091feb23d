"""Whether a page would tell somebody what they still have to choose blind; and the record that it did."""

from collections.abc import Sequence

from captionjudge.identity import now_ms
from captionjudge.review import decide
from captionjudge.running.setup import Setup
from captionjudge.store import cases, reviews
from captionjudge.store.batch import Batch
from captionjudge.store.cases import DECIDED
from captionjudge.store.records import Case, Reviewer, Standing


def must_warn(setup: Setup, case: Case | None, stands: Standing | None, *, judged: bool = True) -> bool:
    """Whether this person has yet to choose about an image, and does not know what the judges say.

    Args:
        case: None as long as the image has not come to a review stage.
        judged: whether the judges have said anything.
    """
    if setup.config.review.reveal == "always" or not judged or (case is not None and case.state == "settled"):
        return False
    return stands is None or (stands.decision not in DECIDED and not stands.seen_judge)


def expose(setup: Setup, batch: Batch, person: Reviewer, item_ids: Sequence[str]) -> None:
    """Record that this person sees what the judges say about these images: later choices of theirs are informed."""
    for item_id in item_ids:
        before = reviews.standing_of(batch.connection, item_id, person.id)
        if cases.get(batch.connection, item_id) is None:
            # What is shown where is fixed when the image comes to a review stage.
            now = now_ms()
            reviews.keep_standing(
                batch, before or Standing(item_id, person.id, setup.project_id, [], now, 0, now, seen_judge=True)
            )
            reviews.update_standing(batch, item_id, person.id, {"seen_judge": True})
            continue
        decide.reveal(batch, decide.show(setup, batch, person, item_id))
        # Who only looks takes the image from nobody.
        reviews.update_standing(batch, item_id, person.id, {"until": before.until if before else 0})
