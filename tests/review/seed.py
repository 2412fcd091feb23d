"""The blocks of criteria of the notebook's project, as a reviewer gets them."""

from captionjudge.judging.roles import assign_roles
from captionjudge.ontology.load import load_ontology
from captionjudge.ontology.template import notebook_ontology
from captionjudge.ontology.tree import Attribute, walk

CANDIDATES = ["LLM 8B", "LLM 16B"]
ROLES = assign_roles(load_ontology(notebook_ontology()), CANDIDATES)
BLOCKS = list(ROLES.neutral.values())


def hash_of(block: Attribute, criterion: str, option: str = "") -> str:
    """The feature hash of a criterion or, if one is named, of its option."""
    found = next(one for one in walk(block) if one.name == criterion)
    return next((one.feature_hash for one in found.options if one.label == option), found.feature_hash)
