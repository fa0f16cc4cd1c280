"""Write the tables of all documents anew, or check that none is stale: `--check`."""

import sys
from collections.abc import Sequence
from pathlib import Path

from cogapp import Cog

from tests.documents.markdown import documents

# What every block of a document sees.
PROLOGUE = "import cog; from tests.documents import tables, wire_tables"


def main(arguments: Sequence[str]) -> int:
    """Return 0 when all tables are as the code has them, now or already."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python -m tests.documents [--check]\n")
        return 2
    do = ["--check", "--diff"] if arguments else ["-r"]
    return run_cog(do, [document.path for document in documents().values()])


def run_cog(options: Sequence[str], paths: Sequence[Path]) -> int:
    """Run Cog over some documents; return its exit status."""
    # -U: line feeds on every system. Only files that change are named.
    always = ["-U", "--verbosity=1", "-p", PROLOGUE]
    status: int = Cog().main(["cog", *always, *options, *map(str, paths)])
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
