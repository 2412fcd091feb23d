"""What is asked in an active check: one question about one image."""

from typing import Literal, get_args

from msgspec import Struct

from captionjudge.identity import digest_of
from captionjudge.store.records import Item, Shown, Slots

Name = Literal["blank", "wrong", "planted", "injection", "duplicated", "padded", "options"]
PROBES: tuple[Name, ...] = get_args(Name)
CONTROL = "control"
"""The name of questions that others are compared with."""
PURPOSE = "audit"
"""What calls of active checks are for: their cost is counted apart."""


class Trial(Struct, frozen=True):
    """One question to one judge, shown in one order.

    `names` are the candidates whose forms are used, `a` and `b` the texts. `target` is the description that the
    question is about; see `store.records.Probe`. With `left_out` nothing is asked, and it says why.
    """

    probe: str
    kind: str
    judge: str
    image: Item
    names: tuple[str, str]
    a: str
    b: str
    slots: Slots = "ab"
    picture: Shown = "own"
    other: Item | None = None
    target: Literal["a", "b"] | None = None
    control: "Trial | None" = None
    left_out: str | None = None

    def key(self, form_digest: str) -> str:
        """The question's id: the same for the same content, asked with the same form."""
        other = "" if self.other is None else self.other.id
        shown = (self.picture, other, self.a, self.b, self.slots, self.target or "", self.left_out or "")
        return digest_of("probe", self.image.id, form_digest, self.judge, self.probe, self.kind, *shown)
