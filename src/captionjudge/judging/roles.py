"""Which classification of the ontology is asked of whom."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from msgspec import Struct
from msgspec.structs import replace

from captionjudge.errors import ConfigError
from captionjudge.ontology.schema import compile_attribute
from captionjudge.ontology.tree import Attribute, Ontology

SLOT_TITLE = "Description"

_NEARLY = 0.85


class Roles(Struct, frozen=True):
    """The ontology, divided.

    `blocks` holds one classification per candidate, `neutral` the same without the candidate's name, `choice` the
    judge's choice among candidates, `questions` what is asked about the image, `people` what only people answer.
    """

    blocks: Mapping[str, Attribute]
    neutral: Mapping[str, Attribute]
    questions: tuple[Attribute, ...]
    choice: Attribute | None
    people: tuple[Attribute, ...]

    def neutral_block(self, candidate: str) -> Attribute | None:
        """The candidate's block under a title that does not tell whose it is, and which a judge may not leave out."""
        return self.neutral.get(candidate)


def assign_roles(
    ontology: Ontology, candidates: Sequence[str], people: Sequence[str] = ("Final Choice",), choice: str | None = None
) -> Roles:
    """Divide the ontology's classifications.

    Args:
        people: titles that only people answer.
        choice: the title of the judge's choice; by default the classification whose options are the candidates.

    Raises:
        ConfigError: some candidates have a block and others have none, or the blocks differ, or a title is misspelt, or
            two candidates have one title.
    """
    _check_names(candidates)
    attributes = [c.attributes[0] for c in ontology.classifications if c.attributes and not c.attributes[0].archived]
    for_people = tuple(a for a in attributes if _key(a.name) in {_key(title) for title in people})
    rest = [a for a in attributes if a not in for_people]
    _check_titles((*people, *candidates), attributes)
    chosen = _choice(rest, candidates, choice)
    blocks = {name: a for name in candidates for a in rest if _key(a.name) == _key(name) and a is not chosen}
    _check_blocks(blocks, candidates)
    questions = tuple(a for a in rest if a is not chosen and a not in blocks.values())
    neutral = {name: _neutral(block) for name, block in blocks.items()}
    return Roles(blocks, neutral, questions, chosen, for_people)


def _check_names(candidates: Sequence[str]) -> None:
    """Two names with one key would share a block, and the other block would tell the judge a name."""
    first: dict[str, str] = {}
    for name in candidates:
        if (other := first.setdefault(_key(name), name)) != name:
            raise ConfigError(
                f"the candidates {other!r} and {name!r} differ only in case, spaces and signs",
                hint="the ontology cannot tell them apart: rename one",
            )


def _check_titles(named: Sequence[str], attributes: Sequence[Attribute]) -> None:
    """A title that is nearly another one is a slip: taken as it stands, it would ask the wrong one."""
    keys = {_key(title) for title in named}
    strays = [a.name for a in attributes if _key(a.name) not in keys]
    for title in named:
        if any(_key(a.name) == _key(title) for a in attributes):
            continue
        if near := get_close_matches(title, strays, n=1, cutoff=_NEARLY):
            raise ConfigError(
                f"the ontology has no classification {title!r}; did you mean {near[0]!r}?",
                hint="the names of candidates and [judge] people must be the titles in the ontology",
            )


def _choice(attributes: Sequence[Attribute], candidates: Sequence[str], title: str | None) -> Attribute | None:
    if title is not None:
        named = [a for a in attributes if _key(a.name) == _key(title)]
        if not named:
            raise ConfigError(f"the ontology has no classification {title!r}", hint="see [judge] choice")
        return named[0]
    names = {_key(name) for name in candidates}
    fitting = [a for a in attributes if a.type == "radio" and names <= {_key(o.label) for o in a.options}]
    if len(fitting) > 1:
        titles = ", ".join(repr(a.name) for a in fitting)
        raise ConfigError(
            f"several classifications let one choose among the candidates: {titles}",
            hint="name the judge's with [judge] choice, and those for people with [judge] people",
        )
    return fitting[0] if fitting else None


def _check_blocks(blocks: Mapping[str, Attribute], candidates: Sequence[str]) -> None:
    if not blocks:
        return
    if missing := [name for name in candidates if name not in blocks]:
        raise ConfigError(
            f"the ontology has criteria for {next(iter(blocks))!r} and none for {', '.join(map(repr, missing))}",
            hint="captionjudge ontology template writes the same criteria for every candidate",
        )
    schemas = {name: compile_attribute(_neutral(block)).schema for name, block in blocks.items()}
    first, *others = schemas
    for name in others:
        if schemas[name] != schemas[first]:
            raise ConfigError(
                f"the criteria of {name!r} differ from those of {first!r}: the judge could tell them apart",
                hint="captionjudge ontology template writes the same criteria for every candidate",
            )


def _neutral(block: Attribute) -> Attribute:
    return replace(block, name=SLOT_TITLE, required=True)


def _key(title: str) -> str:
    # "LLM-8B" and "LLM 8B" name the same candidate in the seed's ontology.
    return "".join(character for character in title.casefold() if character.isalnum()) or title
