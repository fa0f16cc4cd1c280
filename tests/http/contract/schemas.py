"""Holding values to the schemas of a document, more tightly than they are published."""

from typing import Any

from jsonschema import Draft202012Validator

Document = dict[str, Any]


def flaws(value: object, schema: Document, document: Document) -> list[str]:
    """Return what a value lacks to be of a schema; keys that no schema names are flaws too.

    What is published lets others be, so that clients pass over what is new.
    """
    whole = {**tightened(schema), "components": {"schemas": _tight_schemas(document)}}
    validator = Draft202012Validator(whole)
    return [
        f"{list(error.absolute_path)}: {error.message}" for error in validator.iter_errors(value)
    ]


def _tight_schemas(document: Document) -> Document:
    return {name: tightened(it) for name, it in document["components"]["schemas"].items()}


def tightened(part: Any) -> Any:
    """Return a schema that refuses keys that it does not name."""
    if isinstance(part, list):
        return [tightened(item) for item in part]
    if not isinstance(part, dict):
        return part
    tight = {key: tightened(value) for key, value in part.items() if key != "examples"}
    if isinstance(part.get("properties"), dict) and part.get("type") == "object":
        tight.setdefault("additionalProperties", False)
    tight.pop("pattern", None)  # of ECMA-262, which Python cannot read; other tests are about these
    return tight


def broken_references(document: Document) -> list[str]:
    """Return the references within a document that lead nowhere."""
    return [ref for ref in _references(document) if ref[0] == "#" and not _leads(ref, document)]


def _references(part: Any) -> list[str]:
    if isinstance(part, list):
        return [ref for item in part for ref in _references(item)]
    if not isinstance(part, dict):
        return []
    own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
    return own + [ref for value in part.values() for ref in _references(value)]


def _leads(ref: str, document: Document) -> bool:
    part: Any = document
    for name in ref.removeprefix("#/").split("/"):
        if not isinstance(part, dict) or name not in part:
            return False
        part = part[name]
    return True
