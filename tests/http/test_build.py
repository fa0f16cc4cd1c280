"""The build of the dashboard: a page is told whether it is still the one that is served."""

from pathlib import Path

import pytest

from feed.http.build import build_of
from feed.http.pages import BUILT
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Serve

PAGE = '<!doctype html><html lang="en"><head>{}</head><body></body></html>'


@pytest.mark.parametrize(
    ("head", "build"),
    [
        ('<meta name="feed-build" content="0123abcd4567">', "0123abcd4567"),
        ('<meta name="feed-build" content="a script">', None),
        ("<title>feed</title>", None),
    ],
)
def test_build_is_what_the_page_names(tmp_path: Path, head: str, build: str | None) -> None:
    (tmp_path / "index.html").write_text(PAGE.format(head))
    assert build_of(tmp_path) == build


def test_page_that_is_not_built_has_none(tmp_path: Path) -> None:
    assert build_of(tmp_path) is None


async def test_status_tells_the_build_of_the_page_that_is_served(serve: Serve) -> None:
    feed = await serve()
    status = await RawHttp.get((feed.host, feed.port), "/v1/status")
    told = (await status.document())["build"]
    assert told == build_of()
    if (BUILT / "index.html").is_file():
        page = await RawHttp.get((feed.host, feed.port), "/")
        assert f'name="feed-build" content="{told}"' in (await page.body()).decode()
