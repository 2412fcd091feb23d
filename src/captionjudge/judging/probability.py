"""How sure a judge is of its choice, from the log-probabilities of its reply."""

import math
from collections.abc import Mapping, Sequence

from captionjudge.judging.form import CHOICES
from captionjudge.models.model import TokenLogprob

TAIL = 24
"""How many of a reply's last tokens are enough: the choice is the last key of the form."""


def choice_probability(logprobs: Sequence[TokenLogprob] | None, choice: str) -> float | None:
    """P(choice) among the choices offered, read at the first token in which they differ.

    The alternatives' probabilities at that token are summed by the choice they begin, and normalised over the
    choices. None when there are no log-probabilities, or when they do not show the choice.
    """
    if not logprobs:
        return None
    token = _deciding(logprobs, choice)
    if token is None:
        return None
    mass = dict.fromkeys(CHOICES, 0.0)
    for text, logprob in {token.token: token.logprob, **token.top}.items():
        begun = _begun(text)
        if begun is not None:
            mass[begun] += math.exp(min(logprob, 0.0))
    total = sum(mass.values())
    return mass[choice] / total if total > 0 and mass[choice] > 0 else None


def _deciding(logprobs: Sequence[TokenLogprob], choice: str) -> TokenLogprob | None:
    text = "".join(token.token for token in logprobs)
    key = text.rfind('"choice"')
    if key < 0:
        return None
    value = text.find(choice, text.find(":", key))
    if value < 0:
        return None
    end = 0
    for token in logprobs:
        end += len(token.token)
        if end > value:
            return token
    return None


def _begun(token: str) -> str | None:
    """The choice that a token begins, past a quotation mark; None when it is none or several."""
    text = token.strip().lstrip(':{" \n\t').rstrip('"}, \n\t')
    fitting = [choice for choice in CHOICES if text and (choice.startswith(text) or text == choice)]
    return fitting[0] if len(fitting) == 1 else None


def to_json(logprobs: Sequence[TokenLogprob] | None) -> list[list[object]] | None:
    """The last tokens of a reply in a form for the store."""
    if not logprobs:
        return None
    return [[token.token, token.logprob, dict(token.top)] for token in logprobs[-TAIL:]]


def from_json(stored: Sequence[Sequence[object]] | None) -> tuple[TokenLogprob, ...] | None:
    """What `to_json` kept."""
    if not stored:
        return None
    return tuple(_token(*entry) for entry in stored)


def _token(token: object, logprob: object, top: object) -> TokenLogprob:
    assert isinstance(logprob, int | float)
    assert isinstance(top, Mapping)
    return TokenLogprob(str(token), float(logprob), top)
