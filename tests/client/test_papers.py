"""Who asks, when there is a function that knows, and what was shown before ends."""

import pytest

from feed.client.errors import Expired
from feed.client.papers import NoToken, Papers
from feed.client.shown import Shown
from tests.fakes.clocks import ManualClock

OLD, NEW = Shown(token="a.b.old"), Shown(token="a.b.new")


class Source:
    """A function whose answer a test changes."""

    def __init__(self) -> None:
        self.answer: str | Exception = "a.b.old"

    def __call__(self) -> str:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_a_token_that_ends_soon_is_shown_on_a_connection_that_comes_before() -> None:
    clock, source = ManualClock(), Source()
    papers = Papers(None, None, source, clock)
    assert await papers.show() == OLD
    papers.note_end(OLD, 30.0)
    with pytest.raises(NoToken, match="no token but the one that ends"):
        await papers.renew()
    clock.advance(29.0)
    assert await papers.show() == OLD, "it may be all that the function has, and is good still"
    clock.advance(1.0)
    with pytest.raises(Expired, match="there is no token but the one that ends"):
        await papers.show()
    source.answer = OSError("away")
    with pytest.raises(Expired, match="has ended, and there is no token: OSError: away"):
        await papers.show()
    source.answer = "a.b.new"
    assert await papers.show() == NEW


async def test_once_another_was_found_a_function_that_fails_is_asked_again() -> None:
    clock, source = ManualClock(), Source()
    papers = Papers(None, None, source, clock)
    papers.note_end(OLD, 30.0)
    source.answer = "a.b.new"
    assert await papers.renew() == NEW
    clock.advance(60.0)
    source.answer = OSError("away")
    with pytest.raises(NoToken, match="away"):
        await papers.show()


async def test_what_is_no_function_is_shown_as_it_is() -> None:
    papers = Papers("fk_me.fs_mine", None, None, ManualClock())
    assert await papers.show() == Shown("fk_me", "fs_mine")
    assert not papers.can_renew
