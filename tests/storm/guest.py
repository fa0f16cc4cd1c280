"""A guest: a reader of the chaos that has to show who it is, and gets what that allows."""

from collections.abc import Callable

import orjson

from feed.trust.tickets import USED_WITHIN_S
from tests.chaos.conflated import Wrong
from tests.chaos.ledger import Ledger
from tests.chaos.listener import CHANNEL_OF, MayRead, Socket
from tests.chaos.market import SYMBOLS, read_tick
from tests.chaos.reader import Reader
from tests.chaos.wishes import Wish
from tests.fakes.messages import Message
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import Reader as Connection
from tests.fakes.websocket_reader import WebSocketReader
from tests.fakes.wire import Address, Ended
from tests.storm.heeding import mono_us
from tests.storm.papers import EVERYTHING, IN_HEADERS, Kind, Paper, auth_message, ways_of
from tests.storm.registrar import Registrar
from tests.storm.scene import Entrance, Scene, Sight

EARLY_US = 1_500_000  # by which clocks of whole seconds may be early
TICKS = frozenset("tqbs")
_AUTH_FAILED, _ALREADY, _NOT_GRANTED, _NOT_AUTHENTICATED = 402, 403, 409, 401
_POLICY = 1008
_JSON = {"Content-Type": "application/json", "Content-Length": "0"}


class TurnedAway(Ended):
    """It was not let in, and has to live with it."""


class Guest(Reader):
    """A reader with papers.

    Attributes:
        account: who it is.
    """

    life_s = 1.5
    longest_away_s = 1.5
    longest_stall_s = 2.5
    may_end = frozenset({"slow", "lagging", "shutdown"})
    may_close = frozenset({None, 1012, 1013})

    def __init__(self, number: int, seed: int, scene: Scene, registrar: Registrar) -> None:
        self._sight = Sight()
        super().__init__(number, seed, scene.market, self._sight)
        self.account = registrar.account(number)
        if self.account.kind is Kind.CHANGING:
            self.life_s = 4.0  # so that changes meet it
        self._scene = scene
        self._entrance = Entrance(scene, self._chance)
        self._gate = registrar.gates[self.account]
        self._paper = Paper("")
        self._is_new = False  # the server may not know of it
        self._others = registrar.accounts
        self._holds = False  # its account may not change just now
        self._issued_us = 0  # its ticket was, after this
        self._shown_in = 0  # the number of the server that gave it a ticket; 0: it has none
        self._says: list[Message] = []  # who it is, once it is connected
        self._next_paper: Paper | None = None
        self._posed: Paper | None = None  # of somebody else, whom it says to be
        self._told_end = False

    async def stay(self) -> None:
        """Live until the market has closed, and everything was told."""
        await self.live(self._scene.address, self._scene.newest)

    # Connecting.

    async def _connect(self, address: Address, wish: Wish, after: str | None) -> Connection:
        del address  # the next server's may be another
        await self._entrance.wait()
        self._says, self._told_end, self._posed, self._next_paper = [], False, None, None
        try:
            if self.account.kind is Kind.CHANGING and not wish.transport.startswith("websocket"):
                # Over a transport that goes one way nobody is told what is granted at first.
                await self._gate.acquire()
                self._holds = True
                await self._scene.keys.until(self.account.version)
                self.grants = self._granted()
            return await super()._connect(self._scene.address, wish, after)
        except BaseException:
            self._let_go()
            raise

    async def _read(self, connection: Connection, newest: Callable[[], int | None]) -> bool:
        try:
            return await super()._read(connection, newest)
        finally:
            self._let_go()

    def _let_go(self) -> None:
        if self._holds:
            self._holds = False
            self._gate.release()

    def _is_called_away(self) -> bool:
        return not self._scene.is_open.is_set()

    def _draw(self, *, has_position: bool) -> Wish:
        wish = super()._draw(has_position=has_position)
        chance = self._chance
        if chance.random() < 0.6:  # what is busy, which few would come by
            busy = [*chance.sample(self._scene.busiest, 3), *chance.sample(SYMBOLS, 2)]
            wish.channels = {"trades": sorted({*busy}), "quotes": sorted({*busy[1:]})}
        if self.account.kind is Kind.CHANGING:
            wish.channels = {
                channel: chance.sample(SYMBOLS, 5) if "*" in names else names
                for channel, names in wish.channels.items()
            }
        elif chance.random() < 0.15:
            wish.channels = {"trades": ["*"], "quotes": ["*"]}
        if wish.start != "return":
            self._begin_ledger()
        return wish

    def _granted(self) -> MayRead:
        assert self.wish is not None
        if self.account.kind is Kind.CHANGING and self.wish.transport.startswith("websocket"):
            return EVERYTHING  # of what it names; it is told what it has of it
        return self.account.allowed

    def _expect(self, wish: Wish) -> None:
        if not self._channels:
            super()._expect(wish)
            return
        keys = self._resolve(self._channels)
        intervals_ms = self._intervals(keys, wish.conflate)
        self.ledger.connect(keys, intervals_ms, returns=wish.start == "return")

    def _begin_ledger(self) -> None:
        """Forget what was before: it comes without a position, or the epoch is another."""
        self.counts += self.ledger.counts
        self.counts["conflated ticks"] += self.ledger.conflated.heard
        self._sight = Sight()
        self.ledger = Ledger(self._market, self._sight)

    # Who it is.

    async def _sign(
        self, address: Address, headers: dict[str, str], query: dict[str, str] | None
    ) -> None:
        """Show it in one of all ways: in a header, by a ticket, a cookie, or a message."""
        chance = self._chance
        self._paper = paper = self.account.paper(chance)
        self._is_new = paper.version > self._scene.keys.version
        self._shown_in = 0
        self._issued_us = mono_us()
        way = chance.choice([*ways_of(paper.bearer), "message", "cookie", "ticket"])
        name = self.wish.transport if self.wish else ""
        if way in IN_HEADERS or (query is not None and way == "message"):
            headers |= IN_HEADERS[way if way in IN_HEADERS else "bearer"](paper.bearer)
        elif way == "message":
            self._says.append(auth_message(paper.bearer))
        elif query is not None and way == "ticket" and not name.startswith("sse"):
            headers |= IN_HEADERS["bearer"](paper.bearer)
        else:
            await self._sign_as_browser(address, headers, query, way)
        self.counts[f"shown by {way}"] += 1

    async def _sign_as_browser(
        self, address: Address, headers: dict[str, str], query: dict[str, str] | None, way: str
    ) -> None:
        self._shown_in = self._scene.boots
        asked = IN_HEADERS["bearer"](self._paper.bearer) | _JSON
        answer = await RawHttp.get(address, "/v1/tickets", asked, method="POST")
        try:
            body = await answer.body()
        finally:
            answer.wire.abort()
        if answer.status != 201:
            raise self._refusal(answer.status, body)
        ticket = orjson.loads(body)["ticket"]
        if way == "cookie":
            headers["Cookie"] = answer.headers["Set-Cookie"].partition(";")[0]
            if query is None:
                headers["Origin"] = f"http://{address[0]}:{address[1]}"
        elif query is None:
            self._says.append({"action": "auth", "ticket": ticket})
        else:
            query["ticket"] = ticket

    async def _introduce(self, socket: WebSocketReader) -> None:
        for message in self._says:
            socket.say(message)

    async def _answer(self, socket: WebSocketReader) -> Message:
        while True:
            message = await socket.message()
            match message["T"]:
                case "success" if message["msg"] == "authenticated":
                    pass
                case "expiring":
                    self._told_end = True
                case "error":
                    raise self._error(message)
                case "leaving":
                    pass
                case _:
                    return message

    def _refusal(self, status: int, body: bytes) -> Exception:
        words = f"status {status}: {body!r}"
        if status == 401 and self._may_be_refused():
            self.counts["refused: not valid any more"] += 1
            return TurnedAway(status)
        if status == 403 and self._may_have_nothing():
            self.counts["refused: not granted"] += 1
            return TurnedAway(status)
        return Wrong(words)

    def _error(self, message: Message) -> Exception:
        """Return what an error of the dialect means that comes before its subscription."""
        code = message["code"]
        if code == _AUTH_FAILED and self._may_be_refused():
            self.counts["refused: not valid any more"] += 1
            return TurnedAway(code)
        if code == _NOT_AUTHENTICATED and self._shown_in and self._may_be_refused():
            self.counts["refused: not valid any more"] += 1
            return TurnedAway(code)  # its cookie was another server's
        if code == _NOT_GRANTED and self._may_have_nothing():
            self.counts["refused: not granted"] += 1
            return TurnedAway(code)
        return Wrong(f"unexpected: {message}")

    def _may_be_refused(self) -> bool:
        """Tell whether its papers may not be good: too new, over, or of a server before."""
        is_foreign = self._shown_in not in {0, self._scene.boots}
        waited_us = mono_us() - self._issued_us if self._shown_in else 0  # on a slow machine
        is_late = waited_us > USED_WITHIN_S * 1_000_000
        return self._is_new or is_foreign or is_late or self._paper.is_over(EARLY_US)

    @property
    def _is_over(self) -> bool:
        """Whether something that it has shown is not good any more."""
        shown = self._paper, self._next_paper, self._posed
        return any(paper is not None and paper.is_over(EARLY_US) for paper in shown)

    def _may_have_nothing(self) -> bool:
        assert self.wish is not None
        if self.account.kind is Kind.CHANGING:
            return True
        allowed = self.account.allowed
        transport = self.wish.transport.partition("-")[0]
        return transport not in allowed.transports or not allowed.may_have(self.wish.channels)

    # Hearing.

    def _hear(self, messages: list[Message], position: str | None) -> None:
        for message in messages:
            if message["T"] in TICKS:
                self._check(message)
        super()._hear(messages, position)
        if self._sight.is_new and self.ledger.epoch:
            self._sight.enter(self._scene.times[self.ledger.epoch])
        self._let_go()  # what came begins where it stands

    def _check(self, message: Message) -> None:
        """Hold a tick against what was allowed when it was made, or shortly before, or since.

        Raises:
            Wrong: it was not.
        """
        self.counts["ticks held against grants"] += 1
        _, made_us = read_tick(message)
        since_us = made_us - self._scene.slack_us
        if self._paper.was_over_by(since_us):
            late_s = (made_us - (self._paper.ends_us or 0)) / 1e6
            raise Wrong(f"a tick that was made {late_s:.1f} s after its papers ended: {message}")
        channel, symbol = CHANNEL_OF[message["T"]], message["S"]
        if not self.account.allowed_since(since_us, channel, symbol):
            raise Wrong(f"outside of what is granted: {message}")

    def _hear_words(self, message: Message) -> None:
        match message["T"]:
            case "gap" if message["reason"] == "epoch":
                self._begin_epoch(message["to"])
            case "gap" if message["reason"] == "lost":
                raise Wrong(f"servers that leave in order lose nothing: {message}")
            case "warning" if message["reason"] == "not_granted":
                self.counts["warned"] += 1
            case "leaving":
                self.counts["told to leave"] += 1
            case _ if not self._hear_of_papers(message):
                super()._hear_words(message)

    def _hear_of_papers(self, message: Message) -> bool:
        """Take what is said of who it is; False: it is of something else, or not due."""
        match message["T"]:
            case "expiring":
                self._told_end = True
                self.counts["told of its end"] += 1
            case "success" if message["msg"] == "authenticated":
                self._note_refresh()
            case "error" if message["code"] == _ALREADY and self._posed is not None:
                self._posed = None
            case "error" if message["code"] == _AUTH_FAILED and self._is_over:
                self.counts["ended: not valid any more"] += 1
            case "bye" if message["reason"] in {"expired", "revoked"} and self._is_over:
                self.counts[f"ended: {message['reason']}"] += 1
                return bool(message["reconnect"] == (message["reason"] == "expired"))
            case "bye" if message["reason"] == "not_granted" and self.account.kind is Kind.CHANGING:
                self.counts["ended: nothing left"] += 1
            case _:
                return False
        return True

    def _begin_epoch(self, position: str) -> None:
        """Begin anew where a server begins that knows nothing of the one before."""
        self.counts["epochs begun"] += 1
        keys, intervals_ms = self.ledger.selected
        self._begin_ledger()
        epoch, _, number = position.rpartition("-")
        self.ledger.epoch, self.ledger.position = epoch, int(number)
        self._sight.enter(self._scene.times[epoch])
        self.ledger.connect(keys, intervals_ms, returns=True)
        self._past.clear()

    def _has_all(self, last: int) -> bool:
        return self.ledger.epoch == self._scene.epoch and super()._has_all(last)

    def _acknowledge(self, message: Message) -> None:
        if self.account.kind is not Kind.CHANGING:
            super()._acknowledge(message)
            return
        self.counts["told of other grants"] += 1
        self._note_subscription(message)
        keys = self._market.resolve(self._channels)
        self.ledger.revoke(keys, keys, self._intervals(keys, self._conflate))
        if not keys:
            raise TurnedAway  # it would wait for what never comes

    # Changing its mind, and its papers.

    def _change(self, socket: Socket) -> None:
        chance = self._chance
        if self._told_end and self._next_paper is None and chance.random() < 0.4:
            self._next_paper = self.account.paper(chance)
            socket.say(auth_message(self._next_paper.bearer))
        elif self._posed is None and chance.random() < 0.03:
            self._pose(socket)
        elif self.account.kind is not Kind.CHANGING:
            super()._change(socket)

    def _pose(self, socket: Socket) -> None:
        """Say that it is somebody else, whose papers are good."""
        other = self._chance.choice(self._others)
        paper = other.paper(self._chance)
        if other is self.account or paper.version > self._scene.keys.version:
            return  # itself, or one of whom the server may not know
        self._posed = paper
        self.counts["says it is somebody else"] += 1
        socket.say(auth_message(paper.bearer))

    def _note_refresh(self) -> None:
        if self._next_paper is not None:
            self._paper, self._next_paper, self._told_end = self._next_paper, None, False
            self.counts["refreshed"] += 1

    def _note_end(self, end: Ended) -> None:
        if isinstance(end, TurnedAway):
            self.counts["turned away"] += 1
            return
        code = end.args[0] if end.args else None
        if code == _POLICY and self._is_over:
            self.counts["closed: papers are over"] += 1
            return
        super()._note_end(end)
