"""Valid values for a JSON schema, the same one every time."""

from typing import Any


def instance(schema: Any, root: Any = None) -> Any:
    """The simplest value that fits `schema`; covers the keywords of strict structured outputs."""
    root = schema if root is None else root
    if "$ref" in schema:
        return instance(_at(root, schema["$ref"]), root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return instance(schema[several][0], root)
    kind = schema.get("type", "object")
    return _of_type(kind[0] if isinstance(kind, list) else kind, schema, root)


def _of_type(kind: str, schema: Any, root: Any) -> Any:
    if kind == "object":
        return {key: instance(below, root) for key, below in schema.get("properties", {}).items()}
    if kind == "array":
        return [instance(schema["items"], root)] * schema.get("minItems", 0)
    if kind == "string":
        return "because of the image".ljust(schema.get("minLength", 0), ".")[: schema.get("maxLength")]
    if kind in ("integer", "number"):
        return schema.get("minimum", 0)
    return {"boolean": True}.get(kind)


def _at(root: Any, pointer: str) -> Any:
    for part in pointer.removeprefix("#/").split("/"):
        root = root[part]
    return root
