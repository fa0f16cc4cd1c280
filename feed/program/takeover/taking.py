"""The new side: a server that takes over from one that runs, or begins where there is none."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any

from aiohttp import web

from feed.errors import FeedError, InvalidMessage
from feed.http.app import HUB
from feed.logger import logger_of
from feed.program.memory import collect_rarely
from feed.program.takeover.inheritance import unpack
from feed.program.takeover.places import Place, place_of
from feed.program.takeover.succession import Succession
from feed.program.takeover.talk import Talk
from feed.program.takeover.words import MOST_STATE_BYTES, VERSION, How, line_of, read
from feed.settings.options import Settings
from feed.state.handed import Handed

PATIENCE_S = 60.0  # with the old one, which may answer many requests before it gives its state
_CATCH_UP_S = 0.02  # between two looks how far a server has got that follows another one
Make = Callable[[Handed | None, bool], Coroutine[Any, Any, web.Application]]

log = logger_of("feed.takeover")


class Taker:
    """Has asked a server that runs, and talks with it until this one ends.

    Attributes:
        place: of the sockets of both.
        listeners: its sockets, which are ours too.
    """

    def __init__(self, place: Place, talk: Talk, told: bytes) -> None:
        """Begin with what it has told first.

        Args:
            place: where it was asked.
            talk: with it.
            told: its first line.

        Raises:
            FeedError: no sockets came along.
        """
        self.place = place
        self._talk = talk
        self._follow = str(read(told, "follow"))
        self._source = str(read(told, "source"))
        self._follows = bool(read(told, "follows"))
        count, fds = read(told, "listening"), talk.take_descriptors()
        self.listeners = [socket.socket(fileno=fd) for fd in fds]
        if not fds or len(fds) != count:
            raise FeedError(f"--takeover: {len(fds)} sockets came; accepted: {count}, 1 or more")

    async def wait_for_kept(self) -> None:
        """Say that all is loaded, and wait until the state in its directory is ours.

        Raises:
            FeedError: the old one has gone, or does not let go of it.
        """
        with _in_words():
            self._talk.say(ready=True)
            position = read(await self._talk.hear(), "state")
        log.info("taking_over", pos=position)

    async def take(self, make: Make, capacity: int, source: str) -> web.Application:
        """Follow the old one, and return the application that goes on for it.

        Args:
            make: makes an application of what is handed on; True: only to see that it can be made.
            capacity: of the ring.
            source: the names of the sources.

        Raises:
            FeedError: nothing comes, or it cannot be gone on with.
        """
        with _in_words():
            if source != self._source:
                accepted = f"the same as the server that runs: {self._source}"
                raise FeedError(f"the source {source} is not accepted; accepted: {accepted}")
            if self._follows:
                return await self._follow_likewise(make)
            succession = Succession(f"unix:{self._follow}", capacity)
            succession.begin()
            try:
                await succession.catch_up()
                rehearsed = await make(succession.rehearse(), True)
                rehearsed[HUB].broadcast.fan_out.close()
                del rehearsed
                collect_rarely()  # now, since nobody waits for anything
                await succession.catch_up()
                self._talk.say(ready=True)
                return await make(await self._inherit(succession), False)
            finally:
                await succession.close()

    async def _inherit(self, succession: Succession) -> Handed:
        line = await self._talk.hear()
        position, count = read(line, "state"), read(line, "bytes")
        if not isinstance(count, int) or not 0 < count <= MOST_STATE_BYTES:
            raise InvalidMessage(f"takeover: {count} bytes; accepted: 1 to {MOST_STATE_BYTES}")
        inheritance = unpack(await self._talk.hear_bytes(count))
        descriptors = self._talk.take_descriptors()
        await succession.reach(inheritance.sequence)
        log.info("taking_over", pos=position)
        return succession.inherit(inheritance, descriptors)

    async def _follow_likewise(self, make: Make) -> web.Application:
        """Return an application that follows the server that the old one follows as well."""
        collect_rarely()
        self._talk.say(ready=True)
        read(await self._talk.hear(), "state")
        return await make(None, False)

    async def serve(self, app: web.Application) -> None:
        """Say that we serve, and return once the old one follows: now clients may come.

        Args:
            app: what serves; it runs, and is followed at the place.

        Raises:
            FeedError: the old one has gone, or goes on by itself.
        """
        hub = app[HUB]
        with _in_words():
            async with asyncio.timeout(PATIENCE_S):
                while not hub.knows_epoch:  # noqa: ASYNC110 - it follows another one, and tells nobody
                    await asyncio.sleep(_CATCH_UP_S)
                self._talk.say(serving=f"unix:{self.place.bus}")
                read(await self._talk.hear(), "following")

    def serving(self, where: str) -> None:
        """Say where we are followed; nobody waits for whether we are."""
        try:
            self._talk.say(serving=where)
        except OSError as error:  # it has gone, and so have its subscribers
            log.warning("old_server_gone", error=str(error))

    def end(self) -> None:
        """Say that we were told to end."""
        try:
            self._talk.say(ended=True)
        except OSError:
            log.debug("old_server_gone")
        self._talk.close()


class _in_words:  # noqa: N801 - a context
    """Tells in words of the option what goes wrong."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, FeedError):
            raise FeedError(f"--takeover: {error}") from error
        if isinstance(error, (OSError, TimeoutError)):
            words = str(error) or "it took too long"
            raise FeedError(f"--takeover: the server that runs gave nothing: {words}") from error


async def take_over_at(place: Place, how: How) -> Taker | None:
    """Ask the server at a place for its sockets; None: there is none.

    Raises:
        FeedError: there is one, and it does not give them.
    """
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(str(place.asked))
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        log.info("nobody_to_take_over_from", place=str(place.asked))
        return None
    except OSError as error:
        connection.close()
        raise FeedError(f"--takeover: {place.asked}: {error.strerror}") from error
    talk = Talk(connection)
    with _in_words():
        async with asyncio.timeout(PATIENCE_S):
            await talk.send(line_of(takeover=VERSION, how=how.value))
            return Taker(place, talk, await talk.hear())


def take_over(settings: Settings) -> Taker | None:
    """Ask the server that these settings are for; None: there is none.

    Raises:
        FeedError: there is one, and it does not give its sockets.
    """
    how = How.TOLD if settings.workers is None else How.KEPT
    place = place_of(settings.state, settings.host, settings.port)
    return asyncio.run(take_over_at(place, how))
