"""Writes the dashboards: `python -m grafana.build`; with `--check` tells whether they are written.

The JSON that Grafana reads is committed beside the code, so that nobody needs the SDK to run it.
"""

import json
import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana import cluster, compression, host, overview, pipeline, subscribers
from grafana.house import build

BOARDS = tuple(
    module.BOARD for module in (overview, pipeline, subscribers, compression, host, cluster)
)
FOLDER = Path(__file__).parent / "dashboards"

# Metrics that are on no panel, and why.
FOR_QUERIES_ONLY: dict[str, str] = {
    "python_gc_objects_uncollectable": "is always 0: no object is uncollectable since Python 3.4",
}


def encoded() -> dict[Path, str]:
    """Return every file that Grafana reads, with its text."""
    return {
        FOLDER / f"{board.uid}.json": JSONEncoder(sort_keys=True, indent=2).encode(build(board))
        + "\n"
        for board in BOARDS
    }


def main(arguments: list[str]) -> int:
    """Write the files, or compare them; return the exit status."""
    files = encoded()
    stale = [path for path, text in files.items() if not path.exists() or path.read_text() != text]
    if "--check" in arguments:
        for path in stale:
            sys.stderr.write(
                f"{path.name} is not what the code makes; run python -m grafana.build\n"
            )
        return 1 if stale else 0
    for path in stale:
        path.write_text(files[path])
        panels = len(json.loads(files[path])["panels"])
        sys.stdout.write(f"{path.name}: {panels} panels and rows\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
