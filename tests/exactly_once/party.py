"""All of it: producers, cutters, a server that is killed, subscribers, and what was found."""

import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from feed.client.backoff import Backoff
from feed.client.events import Batch, Gap
from feed.client.publishing.limits import Limits
from feed.client.publishing.messages import Greeting
from feed.client.publishing.outbox import Outbox
from feed.client.publishing.publisher import Publisher
from feed.client.stream import Stream
from feed.client.subscription import Subscription
from feed.market.submissions import Trade
from feed.market.ticks import Channel
from feed.wire.codec_name import CodecName
from feed.wire.transport import TransportName
from tests.exactly_once.account import Account
from tests.exactly_once.cutter import Cutter
from tests.exactly_once.house import House

BACKOFF_SHARE = 0.05  # of the waits that clients have: there are many cuts
STALLED_S = 120.0  # without a trade to anybody: nothing more comes
CALL_TICKS = 400  # in one call of a producer, at most
RING = 1 << 18
_WAYS: tuple[tuple[TransportName, CodecName], ...] = (
    ("websocket", "msgpack"),
    ("stream", "json"),
    ("sse", "json"),
    ("websocket", "protobuf"),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        seed: of all that is left to chance.
        ticks: of all producers together.
        producers, subscribers: how many.
        rate: ticks a second of all producers together, at most; 0: as fast as they can.
        kill_s: between kills, on average; 0: none.
        most_kills: in all.
        up_bytes, down_bytes: between cuts of a connection, on average, by direction.
        wrong: what is sent again is numbered again, which has to be found.
    """

    seed: int
    ticks: int = 1_000_000
    producers: int = 4
    subscribers: int = 4
    rate: float = 0.0
    kill_s: float = 8.0
    most_kills: int = 1_000
    up_bytes: int = 500_000
    down_bytes: int = 2_000_000
    wrong: bool = False


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        findings: in words.
        counts: of what was done and checked.
    """

    findings: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


class _WrongOutbox(Outbox):
    """An outbox that numbers again what it sends again."""

    __slots__ = ()

    def connect(self, greeting: Greeting) -> None:
        held = list(self._held.values())
        self._held.clear()
        self._next = (greeting.last or 0) + 1
        for batch in held:
            batch.sequence = self._next
            self._held[self._next] = batch
            self._next += 1
        super().connect(greeting)


async def play(plan: Plan) -> Outcome:
    """Let them publish until each has published its share, and return what was found."""
    outcome, chance = Outcome(), random.Random(plan.seed)
    share = plan.ticks // plan.producers
    symbols = [f"P{number}" for number in range(plan.producers)]
    accounts = [
        Account(
            f"subscriber {number} ({'/'.join(_WAYS[number % len(_WAYS)])})",
            dict.fromkeys(symbols, share),
        )
        for number in range(plan.subscribers)
    ]
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        log = stack.enter_context((folder / "log").open("wb"))
        house = await stack.enter_async_context(House(folder / "state", log, ring=RING))
        up = await stack.enter_async_context(
            # Acknowledgements are few bytes.
            Cutter(
                house.port, seed=plan.seed, up_bytes=plan.up_bytes, down_bytes=plan.up_bytes // 50
            )
        )
        down = await stack.enter_async_context(
            Cutter(house.port, seed=plan.seed + 1, up_bytes=1 << 40, down_bytes=plan.down_bytes)
        )
        reading = [
            asyncio.create_task(_subscribe(down.port, number, account, plan.seed))
            for number, account in enumerate(accounts)
        ]
        killing = asyncio.create_task(_be_killed(house, plan, chance))
        publishing = [
            asyncio.create_task(_publish(up.port, symbol, share, plan, outcome))
            for symbol in symbols
        ]
        try:
            await _until_over(publishing, reading, accounts, killing, outcome)
        finally:
            killing.cancel()
            for task in (*publishing, *reading):
                task.cancel()
            await asyncio.gather(*publishing, *reading, killing, return_exceptions=True)
        for account in accounts:
            account.end()
            outcome.findings += account.findings
            outcome.counts["told"] += account.ticks
        outcome.counts["published"] = share * plan.producers
        outcome.counts["kills"] = house.kills
        outcome.counts["cuts of producers"] = up.cuts
        outcome.counts["cuts of subscribers"] = down.cuts
        log.flush()
        outcome.findings += _complaints(folder / "log")
    return outcome


async def _until_over(
    publishing: list["asyncio.Task[None]"],
    reading: list["asyncio.Task[None]"],
    accounts: list[Account],
    killing: "asyncio.Task[None]",
    outcome: Outcome,
) -> None:
    """Wait until all was published and told, or something ends that should not, or all stands."""
    tasks = {*publishing, *reading}
    told, since_s = -1, time.monotonic()
    while tasks:
        done, tasks = await asyncio.wait({*tasks, killing}, timeout=1.0)
        tasks.discard(killing)
        for task in done:
            if error := task.exception():
                outcome.findings.append(f"{type(error).__name__}: {error}")
                return
        now_told = sum(account.ticks for account in accounts)
        if now_told != told:
            told, since_s = now_told, time.monotonic()
        elif time.monotonic() - since_s > STALLED_S:
            outcome.findings.append(f"nothing came to anybody for {STALLED_S:g} s")
            return


async def _be_killed(house: House, plan: Plan, chance: random.Random) -> None:
    if plan.kill_s:
        await house.be_killed(plan.kill_s, plan.most_kills, chance)
    await asyncio.Event().wait()


async def _publish(port: int, symbol: str, count: int, plan: Plan, outcome: Outcome) -> None:
    chance = random.Random(f"{plan.seed} {symbol}")
    out = Publisher(
        f"http://127.0.0.1:{port}",
        producer=f"trial-{symbol}",
        limits=Limits(buffer_ticks=20_000, full_timeout_s=STALLED_S, close_timeout_s=STALLED_S),
        backoff=Backoff(lambda least, most: chance.uniform(least, most) * BACKOFF_SHARE),
    )
    if plan.wrong:
        out._outbox.__class__ = _WrongOutbox
    began_s, number = time.monotonic(), 1
    async with out:
        while number <= count:
            upto = min(count, number + chance.randrange(CALL_TICKS))
            await out.publish(
                Trade(symbol=symbol, price=each % 1_000 / 4, size=each % 7, trade_id=each)
                for each in range(number, upto + 1)
            )
            number = upto + 1
            if plan.rate:
                due_s = began_s + number * plan.producers / plan.rate
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        await out.flush()
    counters = out.counters
    outcome.counts["batches"] += counters.batches - counters.batches_again
    outcome.counts["batches sent again"] += counters.batches_again
    outcome.counts["of those, applied before"] += counters.duplicates
    outcome.counts["connections of producers"] += counters.connects


async def _subscribe(port: int, number: int, account: Account, seed: int) -> None:
    chance = random.Random(seed * 1_009 + number)
    transport, codec = _WAYS[number % len(_WAYS)]
    stream = Stream(
        f"http://127.0.0.1:{port}",
        Subscription.of({Channel.TRADES: "*"}),
        transport=transport,
        codec=codec,
        after="0",
        backoff=Backoff(lambda least, most: chance.uniform(least, most) * BACKOFF_SHARE),
    )
    async with stream:
        async for event in stream.events():
            if isinstance(event, Batch):
                for tick in event:
                    if tick["T"] == "t" and not event.snapshot:
                        account.hear(tick["S"], tick["i"])
                if account.is_complete:
                    return
            elif isinstance(event, Gap):
                account.find(str(event))


def _complaints(log: Path) -> Iterator[str]:
    """Yield what the server has said that it should not have to."""
    said = log.read_text(errors="replace")
    if "Traceback" in said or '"level": "error"' in said:
        yield f"the server said:\n{said[-4_000:]}"
