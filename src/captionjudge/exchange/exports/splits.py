"""Parts of a dataset, drawn by picture."""

import re

from msgspec import Struct

from captionjudge.errors import ConfigError
from captionjudge.identity import digest_of

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_HINT = "for example --split train=0.9,test=0.1"


class Splits(Struct, frozen=True):
    """Names, and the share of all pictures that each has; the shares add up to 1."""

    shares: tuple[tuple[str, float], ...] = (("train", 1.0),)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in the order given."""
        return tuple(name for name, _ in self.shares)

    def of(self, image_digest: str) -> str:
        """The split of a picture: the same for the same content, however many others there are and whenever."""
        point = int(digest_of("split", image_digest)[:13], 16) / 16**13
        reached = 0.0
        for name, share in self.shares:
            reached += share
            if point < reached:
                return name
        # The shares add up to a little less than 1 where they are no binary fractions.
        return next(name for name, share in reversed(self.shares) if share)


def parse_splits(text: str) -> Splits:
    """The splits that "train=0.9,test=0.1" names.

    Raises:
        ConfigError: it names none, one twice, or shares that are no numbers or do not add up to 1.
    """
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, _, share = (piece.strip() for piece in part.partition("="))
        if not _NAME.fullmatch(name):
            raise ConfigError(f"--split: {name!r} is no name of a split (a-z, 0-9, _)", hint=_HINT)
        if name in shares:
            raise ConfigError(f"--split: {name!r} is there twice", hint=_HINT)
        try:
            shares[name] = float(share)
        except ValueError:
            raise ConfigError(f"--split: the share of {name!r} must be a number, not {share!r}", hint=_HINT) from None
        if not 0 <= shares[name] <= 1:
            raise ConfigError(f"--split: the share of {name!r} must be within 0..1, not {share}", hint=_HINT)
    if abs(sum(shares.values()) - 1) > 1e-9:
        raise ConfigError(f"--split: the shares add up to {sum(shares.values()):g}, not 1", hint=_HINT)
    return Splits(tuple(shares.items()))
