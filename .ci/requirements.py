"""Prints what pyproject.toml requires, a line each: of the build, or of a developer (`dev`)."""

import sys
import tomllib
from pathlib import Path

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
NAME, DEPENDENCIES = PROJECT["project"]["name"], PROJECT["project"]["dependencies"]
EXTRAS = PROJECT["project"]["optional-dependencies"]


def of_extra(extra: str) -> list[str]:
    """Return what an extra requires, and the extras of our own that it names."""
    found = []
    for requirement in EXTRAS[extra]:
        if requirement.startswith(f"{NAME}["):
            for named in requirement.removeprefix(f"{NAME}[").rstrip("]").split(","):
                found += of_extra(named)
        else:
            found.append(requirement)
    return found


if __name__ == "__main__":
    if sys.argv[1] == "build":
        print(*PROJECT["build-system"]["requires"], sep="\n")
    else:
        print(*DEPENDENCIES, *of_extra(sys.argv[1]), sep="\n")
