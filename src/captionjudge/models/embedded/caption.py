"""Describes an image in a few honest sentences."""

from captionjudge.models.embedded.evidence import Evidence
from captionjudge.models.embedded.resources import Models
from captionjudge.models.embedded.scene import Named, Scene, read_scene

UNKNOWN = "The subject is not clear to the small models used here"


def terse(evidence: Evidence, models: Models) -> str:
    """One short sentence: what stands out, and where."""
    scene = read_scene(evidence, models)
    if scene.main is None:
        return f"A mostly {_colours(scene)} photo of something unclear." if scene.colours else f"{UNKNOWN}."
    place = f" in {scene.place.phrase}" if scene.place and scene.place.sure else ""
    return f"{_subject(scene, scene.main)}{place}."


def detailed(evidence: Evidence, models: Models) -> str:
    """Up to four sentences: the main thing, what else there is, the setting, the colours."""
    scene = read_scene(evidence, models)
    sentences = [UNKNOWN if scene.main is None else _subject(scene, scene.main)]
    sure = [thing.phrase for thing in scene.others if thing.sure]
    unsure = [thing.phrase for thing in scene.others if not thing.sure]
    if sure:
        sentences.append(f"There {'is' if sure[0].startswith(('a ', 'an ')) else 'are'} also {_joined(sure)}")
    if unsure:
        sentences.append(f"Possibly there is {_joined(unsure)} as well")
    if scene.place is not None:
        sentences.append(f"The setting looks like {scene.place.phrase}")
    if scene.colours:
        sentences.append(f"The picture is mostly {_colours(scene)}")
    return ". ".join(sentences) + "."


def title(evidence: Evidence, models: Models) -> str:
    """A few words without a full stop."""
    scene = read_scene(evidence, models)
    if scene.main is None:
        return "Unclear subject"
    words = scene.main.phrase + (f" in {scene.place.phrase}" if scene.place and scene.place.sure else "")
    return words[0].upper() + words[1:]


def shortened(text: str, limit: int | None) -> str:
    """The text within a word limit: whole sentences if one fits, else its first words."""
    if limit is None or len(text.split()) <= limit:
        return text
    kept = ""
    for sentence in text.replace(". ", ".\n").split("\n"):
        longer = f"{kept} {sentence}".strip()
        if len(longer.split()) > limit:
            break
        kept = longer
    return kept or " ".join(text.split()[: max(limit, 1)]).rstrip(".,") + "."


def _opening(scene: Scene) -> str:
    if scene.greyscale:
        return "A black and white photo"
    return "A dark photo" if scene.dark else "A photo"


def _subject(scene: Scene, main: Named) -> str:
    return f"{_opening(scene)} of {main.phrase}" if main.sure else f"{_opening(scene)}, possibly of {main.phrase}"


def _colours(scene: Scene) -> str:
    return " and ".join(scene.colours)


def _joined(phrases: list[str]) -> str:
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} and {phrases[-1]}"
