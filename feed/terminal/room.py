"""A room in a terminal: what happens there, a line each, and lines that are said."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from datetime import datetime

import orjson

from feed.client.errors import Refused
from feed.client.rooms.actions import Sent
from feed.client.rooms.room import Room
from feed.client.rooms.words import RoomEvent, RoomWord
from feed.errors import InvalidParameter
from feed.terminal.together import until_first
from feed.terminal.words import obeyed_by_none, printable

MOST_ON_THEIR_WAY = 100  # lines; more are read once there are fewer
_ANONYMOUS = "anonymous"

Write = Callable[[bytes], object]
Tell = Callable[[str], object]


class RoomTerminal:
    """Prints one room, and says lines in it.

    Attributes:
        refused: how many lines are not published.
    """

    def __init__(self, room: Room, write: Write, tell: Tell, *, as_json: bool) -> None:
        """Print nothing yet.

        Args:
            room: which.
            write: takes what is printed.
            tell: takes what is said beside it: what is not published.
            as_json: print the words as they are, one object a line.
        """
        self.refused = 0
        self._room = room
        self._write = write
        self._tell = tell
        self._as_json = as_json

    async def run(self, lines: AsyncIterator[bytes] | None, count: int | None) -> None:
        """Print until so many lines are, or all that was to be said is; None: for ever.

        Raises:
            FeedError: the room cannot be read on.
            OSError: `write` failed, or the lines cannot be read.
        """
        works = [self._print(count)]
        if lines is not None:
            works.append(self._say_all(lines))
        await until_first(*works)

    async def _print(self, count: int | None) -> None:
        printed = 0
        async for event in self._room:
            line = self._line(event)
            if line is not None:
                self._write(line)
                printed += 1
            if printed == count:
                return

    def _line(self, event: RoomEvent) -> bytes | None:
        """Return what is printed of an event; None: nothing is."""
        if self._as_json:
            return orjson.dumps(event) + b"\n"
        if event["T"] == "unpublished":
            self._tell(f"not published ({event['status']}): {printable(event['msg'], 500)}")
            return None
        words = words_of(event)
        return None if words is None else f"{_time(event['t'])} {words}\n".encode()

    async def _say_all(self, lines: AsyncIterator[bytes]) -> None:
        """Say each line; return once the server has an answer to all."""
        said: deque[asyncio.Future[Sent]] = deque()
        async for line in lines:
            text = line.decode(errors="replace").rstrip("\r")
            if not text.strip():
                continue
            if len(said) >= MOST_ON_THEIR_WAY:
                await self._hear(said.popleft())
            try:
                said.append(self._room.say(text))
            except InvalidParameter as error:
                self.refused += 1
                self._tell(f"not said: {error}")
        while said:
            await self._hear(said.popleft())

    async def _hear(self, said: "asyncio.Future[Sent]") -> None:
        try:
            await said
        except Refused:  # its words come as an event
            self.refused += 1


def words_of(word: RoomWord) -> str | None:
    """Return a word for a person; None: it is not printed."""
    who = printable(word["from"])
    if "name" in word:
        name = printable(word["name"])
        who = f"{name} ({who})" if who == _ANONYMOUS else name
    said = _said(word)
    return None if said is None else f"{who}{said}"


def _said(word: RoomWord) -> str | None:  # noqa: PLR0911 - one a kind
    match word["T"]:
        case "message":
            return f": {_text(word['text'])}"
        case "edited":
            return f" edits a message: {_text(word['text'])}"
        case "deleted":
            return " deletes a message"
        case "entry":
            note = f": {printable(word['note'], 500)}" if word["note"] else ""
            return f" lists {printable(word['symbol'])}{note}"
        case "removed":
            return f" takes {printable(word['symbol'])} from the list"
        case "present":
            number = word["connections"]
            return " is here" + (f", over {number} connections" if number > 1 else "")
        case "absent":
            return " has left"
    return None


def _text(text: str) -> str:
    """Return a text of several lines, of which no line looks like another one's word."""
    return obeyed_by_none(text).replace("\n", "\n    ")


def _time(told: str) -> str:
    """Return a time of the wire as the clock on the wall shows it."""
    try:
        return f"{datetime.fromisoformat(told).astimezone():%F %T}"
    except ValueError:
        return printable(told)
