"""Schemas of the forms that messages and answers have, each under its own name.

JSON Schema 2020-12, as OpenAPI 3.1 has it; pydantic makes them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

Schema = dict[str, Any]
PREFIX = "#/components/schemas/"
_TO_REPLACE = "x-of"  # a form that pydantic does not know: the name of its schema


class _Untitled(GenerateJsonSchema):
    """Without a title for each key, which would repeat the key."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - pydantic's own
        return False


def ref(name: str) -> Schema:
    """Return a reference to a schema by its name."""
    return {"$ref": f"{PREFIX}{name}"}


def schemas_of(forms: Iterable[type]) -> dict[str, Schema]:
    """Return the schemas of these forms, and of all that stand within them, by their names."""
    distinct = list(dict.fromkeys(forms))
    made, shared = TypeAdapter.json_schemas(
        [(form, "validation", TypeAdapter(form)) for form in distinct],
        ref_template=f"{PREFIX}{{model}}",
        schema_generator=_Untitled,
    )
    found = dict(shared.get("$defs", {}))
    for form in distinct:
        schema = made[form, "validation"]
        if schema.get("$ref") != f"{PREFIX}{form.__name__}":
            found[form.__name__] = schema
    return {name: _tidied(schema) for name, schema in sorted(found.items())}


def narrowed(schema: Schema, values: Mapping[str, Iterable[object]]) -> Schema:
    """Return a schema of an object with the values that some keys may have."""
    properties = dict(schema["properties"])
    for key, some in values.items():
        properties[key] = {**properties[key], "enum": list(some)}
    return {**schema, "properties": properties}


def _tidied(part: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a schema without defaults that say nothing, and with references to forms of ours."""
    if isinstance(part, list):
        return [_tidied(item) for item in part]
    if not isinstance(part, dict):
        return part
    if _TO_REPLACE in part:
        return ref(part[_TO_REPLACE])
    return {
        # Of a class's description the first words: what follows is for those who read the code.
        key: value.partition("\n\n")[0]
        if key == "description" and isinstance(value, str)
        else _tidied(value)
        for key, value in part.items()
        if not (key == "title" and isinstance(value, str))
        and not (key == "default" and value is None)
    }
