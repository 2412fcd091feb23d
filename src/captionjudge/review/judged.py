"""What the judges said about an image's descriptions, by the slots in which a person sees them."""

from collections.abc import Sequence

from msgspec import Struct

from captionjudge.ontology.answer import Answer as Given
from captionjudge.ontology.answer import from_json
from captionjudge.running.setup import Setup
from captionjudge.store import verdicts
from captionjudge.store.database import Reading
from captionjudge.store.records import Answer, Item, Pair, Verdict


class Judged(Struct, frozen=True):
    """The judges' part of a page. `answers` holds, by attribute, the judges' latest answer."""

    pairs: tuple[Pair, ...]
    verdicts: tuple[Verdict, ...]
    answers: dict[str, Answer]

    def given(self, attribute: str) -> Given | None:
        """The judges' answer to a question, if there is one that can still be read."""
        answer = self.answers.get(attribute)
        try:
            return None if answer is None else from_json(answer.value)
        except ValueError:
            return None

    @property
    def failures(self) -> tuple[Verdict, ...]:
        """Judges that gave no verdict, with the reason."""
        return tuple(verdict for verdict in self.verdicts if verdict.error)


def read_judged(setup: Setup, connection: Reading, image: Item, shown: Sequence[str]) -> Judged:
    """Everything the judges said about the descriptions that are shown."""
    said = [v for v in verdicts.of_item(connection, image.id) if v.a in shown and v.b in shown]
    pairs = verdicts.pairs_of_items(connection, [image.id]).get(image.id, [])
    latest = {
        answer.attribute: answer
        for answer in verdicts.answers_of_item(connection, image.id)
        if answer.author_kind == "model"
    }
    return Judged(tuple(p for p in pairs if p.a in shown and p.b in shown), tuple(_newest(said)), latest)


def _newest(said: Sequence[Verdict]) -> list[Verdict]:
    """The last verdict of each judge, order and sample about each pair."""
    return list({(v.a, v.b, v.judge, v.slots, v.sample): v for v in said}.values())
