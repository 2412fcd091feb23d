"""Numbers of things, as they are said."""


def amount(number: int, thing: str) -> str:
    """A number with what it counts, such as "1 image", "2 replies" or "1,200 batches".

    Args:
        thing: one of them; a noun in English whose plural is regular.
    """
    return f"{number:,} {thing if number == 1 else plural(thing)}"


def plural(thing: str) -> str:
    """Several of it."""
    if thing.endswith("y") and thing[-2:-1] not in "aeiou":
        return f"{thing[:-1]}ies"
    return f"{thing}es" if thing.endswith(("s", "x", "ch", "sh")) else f"{thing}s"
