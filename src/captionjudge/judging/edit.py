"""A text that a person wrote in place of a description."""

from captionjudge.identity import digest_of, new_id, now_ms
from captionjudge.store.records import Item

EDIT = "Edit"
EDIT_OF = "Edit of"


def edit_of(image: Item, old: Item, person: str, text: str) -> Item:
    """A description of `image` by a person, who began with `old`."""
    return Item(
        id=new_id(),
        project_id=image.project_id,
        kind="text",
        title=f"{image.title}, by {person}",
        tag=image.tag,
        digest=digest_of("text", text),
        mime="text/plain",
        created_at=now_ms(),
        text=text,
        client_metadata={"Tag": image.tag, "Data Type": EDIT, EDIT_OF: old.id},
        author_kind="person",
        author=person,
    )
