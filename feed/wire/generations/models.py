"""The list of models, as OpenAI's API has it."""

from collections.abc import Iterable
from typing import Any

OWNER = "feed"  # of every model: whoever runs this server has chosen them


def models_answer(names: Iterable[str], created_s: int) -> dict[str, Any]:
    """Return the list of models.

    Args:
        names: by which they are asked for.
        created_s: when they became available: when this server started.
    """
    return {"object": "list", "data": [model_answer(name, created_s) for name in names]}


def model_answer(name: str, created_s: int) -> dict[str, Any]:
    """Return one model; see `models_answer`."""
    return {"id": name, "object": "model", "created": created_s, "owned_by": OWNER}
