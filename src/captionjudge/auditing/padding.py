"""Make a description longer without saying more."""

from captionjudge.identity import digest_of

_EMPTY = (
    "All of this can be seen in the picture.",
    "Everything that is mentioned here belongs to the scene that is shown.",
    "The description above sums up what the picture is about.",
    "Whoever looks at the picture will notice these things one after the other.",
    "Taken together, these are the things that the picture presents to its viewer.",
    "Each of them plays its part in the picture as a whole.",
    "In this way the picture as a whole becomes clear to the reader.",
    "That is, in short, what there is to be seen in this picture.",
)
_FEWEST, _TIMES = 3, 2


def padded(text: str, seed: int = 0) -> str:
    """The description with sentences that say nothing, three or more, until it has twice as many words.

    The sentences come in an order that follows from the text and the seed; a long text gets them all.
    """
    order = sorted(_EMPTY, key=lambda sentence: digest_of("padding", str(seed), text, sentence))
    wanted = _TIMES * len(text.split())
    longer = text.rstrip()
    for used, sentence in enumerate(order):
        if used >= _FEWEST and len(longer.split()) >= wanted:
            break
        longer += f" {sentence}"
    return longer
