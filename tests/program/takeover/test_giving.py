"""The server that is asked to give what it has: what it refuses."""

import socket
import sys
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import cast

import pytest

from feed.http.protocol.runner import Runner
from feed.program.takeover.giving import Giver
from feed.program.takeover.places import place_of
from feed.program.takeover.talk import Talk
from feed.program.takeover.words import VERSION

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a takeover needs Linux")


@pytest.mark.parametrize(
    ("version", "how", "words"),
    [(1, "told", "accepted: 2"), (VERSION, "asked", "accepted: told or kept")],
)
async def test_a_word_that_it_does_not_know_is_refused_in_words(
    tmp_path: Path, version: int, how: str, words: str
) -> None:
    giver = Giver(place_of(tmp_path, "127.0.0.1", 0), cast("Runner", None))
    ours, theirs = map(Talk, socket.socketpair())
    theirs.say(takeover=version, how=how)
    async with AsyncExitStack() as stack:
        with ExitStack() as held:
            assert await giver._greet(ours, stack, held) is None
    assert words.encode() in await theirs.hear()
    theirs.close()
