"""The chaos without sockets: an audience on a stage, and a clock set by hand.

A step is some milliseconds of the market and what each actor does in them, so that a second of
chaos takes a fraction of one, every interleaving can be had, frames are as short as may be, and a
seed repeats itself to the byte.
"""

import random
from collections import deque
from collections.abc import Sequence
from typing import Any

import orjson

from feed.broadcast.fragments import TURN_TICKS
from feed.broadcast.frame_sizes import FrameSizes
from feed.broadcast.payload_key import PayloadKey
from feed.market.ticks import SECOND_NS
from feed.wire.codec import CODECS
from feed.wire.compression import Compression
from feed.wire.control import Subscribe, Unsubscribe
from feed.wire.dialect import DIALECTS
from feed.wire.framing import Framing, SseFraming, StreamFraming, WebSocketFraming
from feed.wire.grant import Grant
from feed.wire.grants import Grants
from feed.wire.selection import Selection
from feed.wire.subscribed import NOTHING_SUBSCRIBED
from feed.wire.websocket_frame import Opcode
from tests.chaos.conflated import Wrong
from tests.chaos.listener import Listener
from tests.chaos.market import Market
from tests.chaos.outcome import Outcome
from tests.chaos.times import Times
from tests.chaos.wishes import subscription
from tests.fakes.frame_reader import Piece
from tests.fakes.messages import Message
from tests.fakes.stage import HIGH_WATER_BYTES, Member, Stage

MS = 1_000_000
RATE = 500  # ticks a second; so the rings hold more than the longest interval
LONGEST_STEP_MS = 100
KEEPALIVE_NS, MARK_INTERVAL_NS = SECOND_NS, SECOND_NS
RINGS = (2_048, 4_096, 16_384)
MESSAGE_BYTES = (700, 2_000, 32_000)
TURNS_TICKS = (1, 100, TURN_TICKS)
STEPS_NS = (0, -3_600 * SECOND_NS, -10 * SECOND_NS, 3_600 * SECOND_NS)  # of the wall clock
CHANGES_A_STEP, CUTS_A_STEP, FILLS_A_STEP = 0.15, 0.02, 0.08
LAST_STEPS = 2_000  # after the market has closed
REVOKED_A_STEP = 0.03
# Symbols are S00 to S39; what is granted shrinks from one to the next.
NARROWER = tuple(
    [Grants.of(map(Grant.parse, each.split())) for each in grants]
    for grants in (
        ("*=S0*,S1*,S2*", "*=S0*,S1*", "*=S0*"),
        ("trades,quotes=*", "trades=* quotes=S1*", "trades=S*"),
        ("*=*1,*2,*3,*5,*7", "*=S*3,S*5"),
    )
)


class Actor(Listener):
    """A reader on the stage."""

    def __init__(self, number: int, seed: int, market: Market, times: Times, stage: Stage) -> None:
        super().__init__(number, seed, market, times)
        self._stage = stage
        self._member: Member | None = None
        self._subscribed = NOTHING_SUBSCRIBED
        self._compression: Compression | None = None
        self._coming: deque[Piece | Message] = deque()  # written, and not heard yet
        self._narrower: deque[Grants] = deque()  # grants of this connection, that shrink

    def act(self, last: int | None) -> bool:
        """Do something, or nothing; tell whether all up to the last tick was told.

        Raises:
            Wrong: something came that was not due, or did not come.
        """
        chance = self._chance
        if self._member is None:
            if last is not None or chance.random() < 0.1:
                self._connect(closed=last is not None)
            return False
        member = self._member
        if last is not None:
            member.socket.held_bytes = 0
        elif chance.random() < FILLS_A_STEP:
            member.socket.held_bytes = 0 if member.socket.held_bytes else HIGH_WATER_BYTES + 1
        if not member.socket.held_bytes and chance.random() < 0.6:
            self._catch_up(member, chance.choice([1, 1, 1, 3, None]))
        if self._member is not None and chance.random() < 0.9:
            self._listen(member, chance.choice([1, 3, None, None]))
        if last is not None:
            return not self._coming and self._has_all(last)
        if self._member is None or chance.random() < CUTS_A_STEP:
            self.counts["cut"] += 1
            self.leave()
        else:
            self._want_otherwise(member)
        return False

    def _want_otherwise(self, member: Member) -> None:
        """Change what it subscribed to, or what it is granted, or neither."""
        is_socket = isinstance(member.subscriber.lane.framing, WebSocketFraming)
        if is_socket and self._chance.random() < CHANGES_A_STEP:
            self._change(self)
        if self._chance.random() < REVOKED_A_STEP:
            self._revoke(member)

    def _revoke(self, member: Member) -> None:
        """Be granted less, whatever waits, and be told of it."""
        stage = self._stage
        if self._waiting or not self._narrower or not self._subscribed.selection.symbols:
            return
        grants = self._narrower.popleft()
        self._subscribed = self._subscribed.under(grants)
        self.counts["revoked"] += 1
        self.story.append(f"is granted {grants.words()}")
        lane = member.subscriber.lane
        key = PayloadKey(self._subscribed.selection, lane.codec, lane.payload.key.marks)
        self._coming += member.take()  # what its socket holds already
        audience = stage.audience
        if key == lane.payload.key:
            audience.withdraw(member.subscriber, grants)
        else:
            audience.move(member.subscriber, key, stage.now_ns, lane.compression, grants=grants)
        self._waiting.append(("is granted", {"grants": grants}))
        self._coming.append(dict(self._subscribed.message()))

    def say(self, message: object) -> None:
        """Send a control message, as `_change` does: it is acted on at once."""
        assert isinstance(message, dict)
        self._subscribe(message)

    def _connect(self, *, closed: bool) -> None:
        wish, after = self._begin(closed=closed)
        name, _, codec = wish.transport.partition("-")
        self._compression = Compression() if wish.offer else None
        way = CODECS[codec], _framing(name, codec)
        self._member = self._stage.open(Selection(), way, compression=self._compression)
        self._subscribed = NOTHING_SUBSCRIBED
        self._narrower = deque(self._chance.choice(NARROWER))
        self.ledger.connect(frozenset(), {}, returns=wish.start == "return")
        self._note_subscription(self._subscribe(subscription(wish, after)))
        self._expect(wish)
        self._coming.popleft()  # the acknowledgement, which other transports do without

    def _subscribe(self, message: dict[str, Any]) -> Message:
        """Change the subscription as a conversation does; return the acknowledgement."""
        member, stage = self._member, self._stage
        assert member is not None
        control = DIALECTS["json"].hear(orjson.dumps(message).decode())
        assert isinstance(control, Subscribe | Unsubscribe)
        lane = member.subscriber.lane
        compression, part, had = lane.compression, None, self._subscribed.selection
        if isinstance(control, Subscribe):
            self._subscribed, added = self._subscribed.more(control)
            part = added.selection
            if control.compress is not None:
                compression = self._compression if control.compress else None
        else:
            self._subscribed = self._subscribed.less(control)
        key = PayloadKey(self._subscribed.selection, lane.codec, not lane.framing.named_events)
        stage.audience.move(member.subscriber, key, stage.now_ns, compression)
        acknowledgement: Message = dict(self._subscribed.message())
        self._coming += [*member.take(), acknowledgement]
        if part is not None:
            assert isinstance(control, Subscribe)
            snapshot = bool(control.snapshot)
            stage.begin(
                member,
                part,
                after=control.after,
                snapshot=snapshot,
                on_lag=control.on_lag,
                had=had,
            )
        return acknowledgement

    def _catch_up(self, member: Member, most_frames: int | None) -> None:
        """Give it what it is due; held before, or behind."""
        self._stage.catch_up(member, most_frames)
        if member.ended is not None:
            self.counts[f"ended {member.ended.name}"] += 1
            self._listen(member, None)
            self._member = None

    def _listen(self, member: Member, most: int | None) -> None:
        """Hear what has come, or some of it."""
        self._coming += member.take()
        count = len(self._coming) if most is None else min(most, len(self._coming))
        for _ in range(count):
            heard = self._coming.popleft()
            if isinstance(heard, Piece):
                self._hear(heard.objects, heard.position)
            else:
                self._hear([heard], None)

    def leave(self) -> None:
        """Be cut off; what was not heard is lost."""
        if self._member is not None:
            self._stage.leave(self._member)
        self._member = None
        self._coming.clear()


def _framing(transport: str, codec: str) -> Framing:
    if transport == "websocket":
        return WebSocketFraming(Opcode.TEXT if CODECS[codec].is_text else Opcode.BINARY)
    if transport == "sse":
        return SseFraming(base64=not CODECS[codec].is_text, chunked=True)
    return StreamFraming(CODECS[codec].delimiter, chunked=True)


def rehearse(
    seed: int,
    steps: int,
    actors: int,
    kind: type[Actor] = Actor,
    lags_ticks: Sequence[int | None] = (),
) -> Outcome:
    """Let actors loose on a stage, and return what was found.

    Args:
        seed: of everything.
        steps: how many the market lasts, of up to 100 ms.
        actors: how many.
        kind: of them.
        lags_ticks: how many ticks they may be behind, one of these; (): as many as the ring holds.
    """
    chance, outcome = random.Random(seed), Outcome()
    market, times = Market(seed), Times()
    stage = Stage(
        chance.choice(RINGS),
        sizes=FrameSizes(chance.choice(MESSAGE_BYTES)),
        turn_ticks=chance.choice(TURNS_TICKS),
        lag_max_ticks=chance.choice(lags_ticks) if lags_ticks else None,
    )
    cast = [kind(number, seed, market, times, stage) for number in range(actors)]
    on_stage, newest = list(cast), 0
    for _ in range(steps):
        ms = chance.randint(1, LONGEST_STEP_MS)
        stage.now_ns += ms * MS
        if chance.random() < 0.01:
            stage.wall_ahead_ns = chance.choice(STEPS_NS)
        upto = newest + RATE * ms // 1_000
        made_us = stage.now_ns // 1_000
        stage.publish_ticks(
            [market.tick(number, made_us) for number in range(newest + 1, upto + 1)]
        )
        newest = upto
        _play(stage, on_stage, None, outcome)
    for _ in range(LAST_STEPS):
        stage.now_ns += LONGEST_STEP_MS * MS
        _play(stage, on_stage, newest, outcome)
    for actor in on_stage:
        untold = actor.ledger.conflated.untold(newest)[:3]
        words = f"at {actor.ledger.at} of {newest} at the end; never told: {untold}"
        outcome.find(actor, Wrong(words))
    outcome.count(cast, newest)
    return outcome


def _play(stage: Stage, on_stage: list[Actor], last: int | None, outcome: Outcome) -> None:
    """Play one step; whoever is done, or found something, goes."""
    stage.cut()
    stage.idle(KEEPALIVE_NS, MARK_INTERVAL_NS)
    for actor in list(on_stage):
        try:
            done = actor.act(last)
        except Exception as error:  # noqa: BLE001 - whatever stops a reader is a finding
            outcome.find(actor, error)
            done = True
        if done:
            on_stage.remove(actor)
            actor.leave()
