"""The files of a replay: a list parted by commas, with globs in it."""

from glob import glob, has_magic
from pathlib import Path

from feed.errors import SourceError


def files_of(place: str) -> list[Path]:
    """Return the files that a text names, each once, those of a glob in the order of their names.

    A file may have a comma in its name, or what would be a glob: it is taken as it is there.

    Raises:
        SourceError: a part names no file.
    """
    if Path(place).exists():
        return [Path(place)]
    found: dict[Path, None] = {}
    for part in place.split(","):
        name = part.strip()
        if not name:
            raise SourceError(f"{place}: names an empty file; accepted: files parted by commas")
        if Path(name).exists() or not has_magic(name):
            found[Path(name)] = None
            continue
        matching = sorted(path for path in map(Path, glob(name)) if path.is_file())  # noqa: PTH207 - of any root
        if not matching:
            raise SourceError(f"{name}: no file is named so")
        found.update(dict.fromkeys(matching))
    return list(found)
