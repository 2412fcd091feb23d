"""Make ontologies: one block of criteria for every candidate, between the people's choice and the judge's."""

import base64
import json
from collections.abc import Mapping, Sequence
from importlib import resources

from captionjudge.amount import amount
from captionjudge.identity import digest_of
from captionjudge.ontology.key import unique_keys
from captionjudge.ontology.load import load_attribute, load_ontology
from captionjudge.ontology.problem import Problem, UnusableOntology, clip, one_line
from captionjudge.ontology.tree import Attribute, Ontology, Option

FINAL_CHOICE = "Final Choice"
JUDGE_CHOICE = "LLM Judge Choice"

Criteria = Attribute | Mapping[str, object] | Sequence[Attribute | Mapping[str, object]]
"""A block of criteria; or a list of criteria, which are then asked once there is an answer."""


def default_criteria() -> Attribute:
    """The built-in block: is there an answer, how correct is it, how good, what would improve it."""
    block = _default_block()
    return load_attribute(_Stamp().attribute(block, "1", (str(block["name"]),)))


def notebook_ontology() -> bytes:
    """The JSON of the ontology that the notebook assumes: two candidates, the blocks without descriptions."""
    return _template("notebook.json")


def build_ontology(candidates: Sequence[str], criteria: Criteria | None = None) -> dict[str, object]:
    """The JSON of an ontology that asks the criteria about each candidate, and for the better one.

    Ids are numbered, feature hashes follow from the titles alone: the same call gives the same JSON.

    Raises:
        UnusableOntology: "too-few-candidates", "empty-title" or "duplicate-title" for the names, and all that
            `load_ontology` finds in the criteria.
    """
    names = [one_line(name) for name in candidates]
    _check_names(names)
    block = _block(criteria)
    titles = [FINAL_CHOICE, *names, JUDGE_CHOICE]
    bodies = [_choice(names), *(block for _ in names), _choice(names)]
    stamp = _Stamp()
    classifications = []
    for number, (title, body) in enumerate(zip(titles, bodies, strict=True), 1):
        attribute = stamp.attribute({**body, "name": title}, f"{number}.1", (title,))
        classifications.append(
            {"id": str(number), "featureNodeHash": stamp.hex_hash((title,)), "attributes": [attribute]}
        )
    made: dict[str, object] = {"objects": [], "classifications": classifications, "skeleton_templates": []}
    load_ontology(made)
    return made


def criteria_from(attribute: Attribute) -> dict[str, object]:
    """The attribute as criteria for `build_ontology`: its JSON without ids and feature hashes."""
    made: dict[str, object] = {
        "name": attribute.name,
        "type": attribute.type,
        "required": attribute.required,
        "archived": attribute.archived,
        "dynamic": attribute.dynamic,
    }
    if attribute.description:
        made["description"] = attribute.description
    if attribute.type != "text":
        made["options"] = [_option_from(option) for option in attribute.options]
    return made


def block_of(ontology: Ontology, title: str) -> Attribute:
    """The one top-level attribute with this title.

    Raises:
        UnusableOntology: "no-such-title", or "duplicate-title" when several have it.
    """
    found = [one for one in ontology.attributes if one_line(one.name) == one_line(title) and not one.archived]
    if len(found) == 1:
        return found[0]
    if found:
        message = f"{len(found)} classifications are called {clip(title, 60)!r}"
        raise UnusableOntology([Problem("duplicate-title", "", message)])
    known = ", ".join(repr(clip(one.name, 60)) for one in ontology.attributes)
    message = f"no classification is called {clip(title, 60)!r}; there are {known or 'none'}"
    raise UnusableOntology([Problem("no-such-title", "", message)])


def _default_block() -> dict[str, object]:
    block: dict[str, object] = json.loads(_template("criteria.json"))
    return block


def _template(name: str) -> bytes:
    return resources.files("captionjudge.ontology").joinpath("templates", name).read_bytes()


def _check_names(names: Sequence[str]) -> None:
    problems = []
    if len(names) < 2:
        problems.append(
            Problem(
                "too-few-candidates",
                "",
                f"{amount(len(names), 'candidate')}: two or more can be compared",
            )
        )
    problems += [
        Problem("empty-title", f"candidate {n}", "it has no name") for n, name in enumerate(names, 1) if not name
    ]
    seen = {FINAL_CHOICE, JUDGE_CHOICE}
    for name in names:
        if name in seen:
            problems.append(
                Problem("duplicate-title", clip(name, 60), "the name is already taken; candidates need their own")
            )
        seen.add(name)
    if problems:
        raise UnusableOntology(problems)


def _block(criteria: Criteria | None) -> Mapping[str, object]:
    if criteria is None:
        return _default_block()
    if isinstance(criteria, Attribute):
        return criteria_from(criteria)
    if isinstance(criteria, Mapping):
        return criteria
    nested = [criteria_from(one) if isinstance(one, Attribute) else one for one in criteria]
    block = _default_block()
    gate = block["options"]
    if isinstance(gate, list):
        gate[0]["options"] = nested
    return block


def _choice(names: Sequence[str]) -> dict[str, object]:
    options = [{"label": name, "value": key} for name, key in zip(names, unique_keys(names), strict=True)]
    return {"type": "radio", "options": options}


def _option_from(option: Option) -> dict[str, object]:
    made: dict[str, object] = {"label": option.label, "value": option.value, "archived": option.archived}
    if option.description:
        made["description"] = option.description
    if option.attributes:
        made["options"] = [criteria_from(attribute) for attribute in option.attributes]
    return made


class _Stamp:
    """Gives ids and feature hashes to the nodes of one ontology. What has the wrong shape is left to the loader."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def hex_hash(self, path: tuple[str, ...]) -> str:
        """Eight hexadecimal digits, as the platform gives classifications."""
        return self._free("classification", path)[:8]

    def attribute(self, body: Mapping[str, object], identity: str, path: tuple[str, ...]) -> dict[str, object]:
        """The attribute's JSON with ids and feature hashes, keys in the platform's order."""
        first = {
            "id": identity,
            "name": body.get("name"),
            "type": body.get("type"),
            "featureNodeHash": self._hash(path),
        }
        flags = {key: body.get(key, False) for key in ("required", "archived", "dynamic")}
        rest = {key: value for key, value in body.items() if key not in (*first, *flags, "options")}
        return {**first, **flags, **rest, **self._children(body, identity, path, nested=False)}

    def _option(self, body: Mapping[str, object], identity: str, path: tuple[str, ...]) -> dict[str, object]:
        first = {
            "id": identity,
            "label": body.get("label"),
            "value": body.get("value"),
            "featureNodeHash": self._hash(path),
            "archived": body.get("archived", False),
        }
        rest = {key: value for key, value in body.items() if key not in (*first, "options")}
        return {**first, **rest, **self._children(body, identity, path, nested=True)}

    def _children(
        self, body: Mapping[str, object], identity: str, path: tuple[str, ...], *, nested: bool
    ) -> dict[str, object]:
        if "options" not in body:
            return {}
        entries = body["options"]
        if not isinstance(entries, list | tuple):
            return {"options": entries}
        make, key = (self.attribute, "name") if nested else (self._option, "label")
        made = [
            make(one, f"{identity}.{number}", (*path, str(one.get(key)))) if isinstance(one, Mapping) else one
            for number, one in enumerate(entries, 1)
        ]
        return {"options": made}

    def _hash(self, path: tuple[str, ...]) -> str:
        return base64.b64encode(bytes.fromhex(self._free("node", path)[:12])).decode()

    def _free(self, kind: str, path: tuple[str, ...]) -> str:
        # An archived option may share its label with a live one: the second of a path counts on.
        number = 1
        while (digest := digest_of(kind, *path, str(number))) in self._used:
            number += 1
        self._used.add(digest)
        return digest
