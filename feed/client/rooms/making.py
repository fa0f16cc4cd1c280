"""The way in for callers: `room`, and `room_blocking` for scripts."""

import math
from collections.abc import Callable

import aiohttp

from feed.client.arguments import check_switch
from feed.client.backoff import Backoff
from feed.client.calls import Caller
from feed.client.clock import Clock
from feed.client.events import Event
from feed.client.papers import Papers, TokenSource
from feed.client.rooms.blocking import BlockingRoom
from feed.client.rooms.room import Room
from feed.client.stream import HEARTBEAT_S, Stream
from feed.client.subscription import Subscription, parse_url
from feed.client.twins import twin_of
from feed.errors import InvalidParameter
from feed.market.word_channels import WordChannel
from feed.wire.room_texts import NAME_SHAPE, is_name
from feed.wire.transport import TransportName
from feed.wire.word_keys import ROOM_SHAPE, is_room

CLOSE_TIMEOUT_S = 5.0  # for what waits when the block ends


def room(  # noqa: D417 - arguments of a kind are explained together
    url: str,
    room: str,
    *,
    name: str | None = None,
    present: bool = True,
    transport: TransportName = "auto",
    key: str | None = None,
    secret: str | None = None,
    token: TokenSource | None = None,
    heartbeat_s: float = HEARTBEAT_S,
    give_up_after_s: float | None = None,
    close_timeout_s: float = CLOSE_TIMEOUT_S,
    on_event: Callable[[Event], object] | None = None,
    session: aiohttp.ClientSession | None = None,
) -> Room:
    """Be in a room of a server: read what a desk says to itself, and say something.

    ```
    async with feed.room("http://127.0.0.1:8080", "desk", name="Ann") as room:
        await room.say("AAPL looks thin")
        await room.list.add("AAPL", note="before the open")
        async for event in room:
            if event["T"] == "message":
                print(event["from"], event["text"])
    ```

    It begins with the history. A connection that is lost is made again, as `feed.connect` makes it,
    and each word comes once. What is said while away waits, and is sent in order, each once, when
    there is a connection again; what the server says no to is raised where it is awaited, told as
    an event, and kept in `room.unsent`.

    Args:
        url: base of the server, such as "http://127.0.0.1:8080".
        room: its name; a room is there as soon as somebody says something in it.
        name: what one calls oneself where there are no identities.
        present: be among the members while the block lasts.
        transport: as of `feed.connect`, for reading; what is said goes by HTTP.
        key, secret: identity, where the server wants one; the key may be written as "id.secret".
        token: instead of a key, as `feed.connect` takes it.
        heartbeat_s: a connection that is silent for this time is dead.
        give_up_after_s: raise `GaveUp` when there was nothing for this time; None: never.
        close_timeout_s: at the end of the block, send what waits within this time; what is left
            then is raised as `Unsaid`.
        on_event: is called with what happens to connections; by default that is logged.
        session: to connect with, for proxies and certificates; it stays open.

    Raises:
        InvalidParameter: an argument is not accepted.
    """
    return make(
        url,
        room,
        name=name,
        present=present,
        transport=transport,
        key=key,
        secret=secret,
        token=token,
        heartbeat_s=heartbeat_s,
        give_up_after_s=give_up_after_s,
        close_timeout_s=close_timeout_s,
        on_event=on_event,
        session=session,
    )


def make(
    url: str,
    room: str,
    *,
    name: str | None = None,
    present: bool = True,
    transport: TransportName = "auto",
    key: str | None = None,
    secret: str | None = None,
    token: TokenSource | None = None,
    heartbeat_s: float = HEARTBEAT_S,
    give_up_after_s: float | None = None,
    close_timeout_s: float = CLOSE_TIMEOUT_S,
    on_event: Callable[[Event], object] | None = None,
    session: aiohttp.ClientSession | None = None,
    clock: Clock | None = None,
    backoff: Backoff | None = None,
) -> Room:
    """Make a room of its parts; arguments are those of `room`.

    Raises:
        InvalidParameter: an argument is not accepted.
    """
    if not (isinstance(room, str) and is_room(room)):
        raise InvalidParameter("room", room, ROOM_SHAPE)
    if name is not None and not (isinstance(name, str) and name.strip() and is_name(name)):
        raise InvalidParameter("name", name, f"{NAME_SHAPE}; or None")
    check_switch("present", present)
    check_close_timeout(close_timeout_s)
    clock, backoff = clock or Clock(), backoff or Backoff()
    stream = Stream(
        url,
        Subscription.of({WordChannel.ROOMS: [room], WordChannel.PRESENCE: [room]}),
        transport=transport,
        snapshot=True,
        key=key,
        secret=secret,
        token=token,
        heartbeat_s=heartbeat_s,
        give_up_after_s=give_up_after_s,
        session=session,
        clock=clock,
        backoff=backoff,
    )
    papers = Papers(key, secret, token, clock)
    return Room(
        room,
        "" if name is None else name.strip(),
        stream,
        Caller(parse_url(url), papers, clock=clock, backoff=backoff, session=session),
        clock,
        present=present,
        close_timeout_s=close_timeout_s,
        on_event=on_event,
    )


def check_close_timeout(value: object) -> None:
    """See that a time is one within which what waits is to be sent.

    Raises:
        InvalidParameter: it is not.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number and 0 <= value < math.inf):  # type: ignore[operator]  # a number
        raise InvalidParameter("close_timeout_s", value, "seconds from 0")


room_blocking = twin_of(
    room,
    BlockingRoom,
    "with feed.room_blocking(url, 'desk') as room:\n    room.say('AAPL looks thin')",
)
