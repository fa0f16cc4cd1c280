"""The build of the dashboard that is served, by which an older page knows that there is another."""

import re
from functools import cache
from pathlib import Path

from feed.http.pages import BUILT

# As the front-end build writes it (feed/web/vite.config.ts).
_NAMED = re.compile(r'<meta name="feed-build" content="([0-9a-f]{1,64})"')


@cache
def build_of(built: Path = BUILT) -> str | None:
    """Return the name of a build, as it was when it was looked at first; None: there is none.

    Args:
        built: the folder that the front-end build fills.
    """
    index = built / "index.html"
    named = _NAMED.search(index.read_text()) if index.is_file() else None
    return None if named is None else named[1]
