"""The alerts of somebody: rules, and firings that are read over however many connections.

Theory of operation: a task of its own reads firings from a stream, with a snapshot first and
resumed by position. The server tells each at least once, under one id, until it is acknowledged;
here each is given once. Rules go by HTTP: what can be said twice is, until there is an answer.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, Unpack, cast

from feed.client.alerting.errors import Unanswered
from feed.client.alerting.firings import Firings
from feed.client.alerting.rules import (
    Changes,
    FieldName,
    OpName,
    Rule,
    Webhook,
    check_id,
    check_rule,
    rule_of,
)
from feed.client.alerting.words import Alert, alert_of
from feed.client.calls import Call, Caller, Document, Later
from feed.client.clock import Clock
from feed.client.errors import Malformed, Refused
from feed.client.event_log import event_logger
from feed.client.event_queue import EventQueue
from feed.client.events import Batch, Connected, Disconnected, Event, Mark, Snapshot
from feed.client.link import Lost
from feed.client.stream import Stream
from feed.client.words import Words
from feed.errors import FeedError

PATIENCE_S = 30.0  # for an answer to what can be said twice
_RULES, _FIRINGS = ("v1", "alerts"), ("v1", "firings")
_PAGE = "1000"
_NOT_FOUND = 404


class Alerts:
    """Alerts of one's own; use it in an `async with` block.

    Iterate over it for firings, each once: first those that nobody has acknowledged. One consumer
    at a time. Before the first is asked for, the newest 10,000 wait.
    """

    def __init__(
        self,
        stream: Stream,
        caller: Caller,
        clock: Clock,
        on_event: Callable[[Event], object] | None,
    ) -> None:
        """Make alerts that are not read yet; `alerts` explains what a caller chooses.

        Args:
            stream: of firings.
            caller: calls the server.
            clock: the time.
            on_event: is called with what happens to connections; None: it is logged.
        """
        self._stream = stream
        self._caller = caller
        self._clock = clock
        self._on_event = on_event or event_logger("alerts")
        self._firings = Firings()
        self._events: EventQueue[Alert] = EventQueue()
        self._loaded = asyncio.Event()  # also where it failed before
        self._task: asyncio.Task[None] | None = None
        self._failure: Exception | None = None  # what ended it for good
        self._closed = False

    @property
    def firings(self) -> tuple[Alert, ...]:
        """What fired and is not acknowledged, in the order in which it was told."""
        return self._firings.open

    async def __aenter__(self) -> Self:
        """Begin to read; `open` waits for what is not acknowledged."""
        if self._closed or self._task is not None:
            raise RuntimeError("alerts are entered once")
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def open(self) -> None:
        """Wait until all that is not acknowledged is here.

        Raises:
            Refused, NotAFeed, Malformed, GaveUp, Expired: it cannot be.
        """
        self._check()
        await self._loaded.wait()
        self._check()

    async def close(self) -> None:
        """End the connection; iteration ends with what had come. Harmless when called twice."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._stream.close()
        await self._caller.close()
        self._events.end()
        self._loaded.set()

    # Firings.

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Alert:
        """Return the next firing; may be cancelled, nothing is lost.

        Raises:
            StopAsyncIteration: it was closed.
            Refused, NotAFeed, Malformed, GaveUp, Expired: they cannot be read on.
        """
        alert = await self._events.take()
        if alert is None:
            raise StopAsyncIteration
        return alert

    async def acknowledge(self, firing: str) -> None:
        """Say that one knows of a firing, by its id: it is not told any more.

        Raises:
            InvalidParameter: it is not the id of a firing.
            Refused: the server knows no such firing.
            Unanswered: there was no answer for 30 s.
        """
        path = (*_FIRINGS, check_id("alert", firing), "acknowledge")
        await self._repeat(Call("POST", path, {}), unless_gone=True)
        self._firings.close(firing)

    # Rules.

    async def create(
        self,
        symbol: str,
        field: FieldName,
        op: OpName,
        value: float | str,
        *,
        window: str | None = None,
        once: bool = True,
        cooldown_s: float | None = None,
        expires: str | None = None,
        webhook: Webhook | None = None,
        note: str | None = None,
    ) -> Rule:
        """Make a rule that is evaluated on every tick from now on.

        Args:
            symbol: which.
            field: "price", "spread_bp", "volume" or "health".
            op: of a price ">=", "<=", "crosses_above", "crosses_below" or "moves_pct"; of a spread
                and a volume ">="; of a health "is".
            value: a number; of a health "stale" or "halted".
            window: of "moves_pct" and of a volume: such as "5m".
            once: it fires once; else again when it was not so meanwhile, after `cooldown_s`.
            cooldown_s: by default 60.
            expires: an RFC 3339 time.
            webhook: `{"url": …}`, where firings are sent to as well; the rule that is returned has
                the secret of its signatures.
            note: comes with each firing.

        Raises:
            InvalidParameter: it is not accepted.
            Refused: the server says no; its words say what is wrong.
            Unanswered: whether it was made is not known; `list` tells.
        """
        asked: dict[str, Any] = {"symbol": symbol, "field": field, "op": op, "value": value}
        more: dict[str, Any] = {"window": window, "cooldown_s": cooldown_s, "expires": expires}
        more |= {"webhook": webhook, "note": note}
        asked |= {name: given for name, given in more.items() if given is not None}
        asked["once"] = once
        check_rule(asked)
        self._check()
        try:
            return rule_of(await self._caller.once(Call("POST", _RULES, asked)))
        except Later as later:
            raise later.refused from later
        except Lost as lost:
            raise Unanswered(str(lost)) from lost

    async def list(self) -> tuple[Rule, ...]:
        """Return the rules of one's own, in the order of their ids; raises as `acknowledge`."""
        rules: list[Rule] = []
        after: dict[str, str] = {}
        while True:
            query = {"limit": _PAGE, **after}
            answer = await self._repeat(Call("GET", _RULES, query=query))
            page = (answer or {}).get("rules")
            if not isinstance(page, list):
                raise Malformed("a list of alerts has rules")
            rules += [rule_of(each) for each in page]
            following = (answer or {}).get("after")
            if not isinstance(following, str):
                return tuple(rules)
            after = {"after": following}

    async def change(self, rule: str, **changes: Unpack[Changes]) -> Rule:
        """Change some of a rule, by its id, and arm it again; None removes a key.

        Raises as `acknowledge`.
        """
        return rule_of(await self._repeat(Call("PATCH", _path(rule), dict(changes))))

    async def remove(self, rule: str) -> None:
        """Remove a rule, by its id; what it fired stays until it is acknowledged.

        Raises as `acknowledge`.
        """
        await self._repeat(Call("DELETE", _path(rule)), unless_gone=True)

    # Inside.

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._closed or self._task is None:
            raise RuntimeError("alerts are used in an `async with` block")

    async def _run(self) -> None:
        try:
            async for event in self._stream.events():
                self._take(event)
                await self._events.space()
        except Exception as error:
            self._failure = error
            self._events.end(error)
            self._loaded.set()
            if not isinstance(error, FeedError):
                raise

    def _take(self, event: Event) -> None:
        if isinstance(event, Words):
            for told in cast("list[dict[str, Any]]", event):
                word = alert_of(told)
                if word is None or not self._firings.take(word, snapshot=event.snapshot):
                    continue
                self._events.put(cast("Alert", word))
        elif isinstance(event, Snapshot):
            if event.state == "end":
                self._firings.end_snapshot()
                self._loaded.set()
        elif not isinstance(event, Batch | Mark):
            if isinstance(event, Connected):
                self._firings.restart()
                self._caller.wake()
            self._on_event(event)

    async def _repeat(self, call: Call, *, unless_gone: bool = False) -> Document | None:
        """Make a call that may be made any number of times; return its answer.

        Args:
            call: which.
            unless_gone: where its first answer was lost, that there is nothing any more is what
                was asked for; None then.

        Raises:
            Refused: the server says no.
            Unanswered: there is no answer.
        """
        self._check()
        failed: list[Disconnected] = []
        try:
            async with self._clock.timeout(PATIENCE_S):
                return await self._caller.until_answered(call, failed.append)
        except TimeoutError:
            reason = failed[-1].reason if failed else f"nothing came for {PATIENCE_S:g} s"
            raise Unanswered(reason) from None
        except Refused as refused:
            if unless_gone and failed and refused.code == _NOT_FOUND:
                return None
            raise


def _path(rule: str) -> tuple[str, ...]:
    return (*_RULES, check_id("rule", rule))
