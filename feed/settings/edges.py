"""The options of edges, and of the writer that they follow: what makes them trust each other."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from feed.sources.options import Accepts, Options


def _is_file(value: Path | None) -> Path | None:
    if value is not None and not value.is_file():
        raise ValueError("not a file")
    return value


class EdgeOptions(Options):
    """The options of a writer and its edges."""

    cluster_key: Annotated[
        Path | None,
        AfterValidator(_is_file),
        Accepts("the path of a file with a secret of at least 32 bytes, one line"),
    ] = Field(
        default=None,
        description="Secret that a writer and its edges share: an edge's word on who asks counts.",
    )
