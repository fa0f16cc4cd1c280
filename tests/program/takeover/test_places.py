"""Where a server is asked for a takeover."""

import asyncio
from pathlib import Path

import pytest

from feed.errors import FeedError
from feed.program.takeover.places import Place, place_of
from feed.program.takeover.taking import take_over_at
from feed.program.takeover.words import How


def test_where_nobody_serves_there_is_nothing_to_take(tmp_path: Path) -> None:
    assert asyncio.run(take_over_at(Place(tmp_path), How.TOLD)) is None


def test_a_path_that_no_socket_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="too long"):
        Place(tmp_path / ("x" * 100))


def test_servers_with_a_state_are_asked_there(tmp_path: Path) -> None:
    assert place_of(tmp_path, "127.0.0.1", 8080).asked.parent == tmp_path


def test_each_address_has_a_place_that_nobody_else_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    place = place_of(None, "::1", 8080)
    assert place.asked.parent.stat().st_mode & 0o777 == 0o700
    assert place.asked != place_of(None, "::1", 8081).asked
    place.asked.parent.chmod(0o755)
    with pytest.raises(FeedError, match="0700"):
        place_of(None, "::1", 8080)
