"""What a room is asked for: what is not accepted is refused at the call, by name."""

from inspect import signature
from typing import Any

import pytest

import feed
from feed.errors import InvalidParameter
from tests.client.test_arguments import BAD as OF_CONNECT
from tests.client.test_arguments import IDENTITIES, SWITCHES, TIMES, URL

BAD: dict[str, list[Any]] = {
    **{name: OF_CONNECT[name] for name in ("url", "transport", "key", "secret", "token")},
    **{name: OF_CONNECT[name] for name in ("heartbeat_s", "give_up_after_s", "session")},
    "room": ["", "*", "a b", "../x", "-a", "x" * 65, "a\n", None, 7],
    "name": [*IDENTITIES, " ", "x" * 33, "\u202ex", "a\tb"],
    "present": SWITCHES,
    "close_timeout_s": [None, *TIMES],
}
NOT_CHECKED = {"on_event"}  # the caller's own


def test_every_argument_is_here() -> None:
    assert set(signature(feed.room).parameters) == {*BAD, *NOT_CHECKED}
    assert signature(feed.room_blocking).parameters == signature(feed.room).parameters


@pytest.mark.parametrize("make", [feed.room, feed.room_blocking])
@pytest.mark.parametrize("name", BAD)
def test_a_bad_argument_is_refused_at_the_call(make: Any, name: str) -> None:
    for value in BAD[name]:
        with pytest.raises(InvalidParameter) as error:
            make(**{"url": URL, "room": "desk", name: value})
        assert error.value.parameter == name, value
        assert "accepted: " in str(error.value)
